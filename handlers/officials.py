"""Joining by invitation code, and what an official may ask about himself."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.conversation.dialogs import Done, Draft, Outcome, StepFunction
from bot.conversation.turn import Reply, Turn
from bot.people import audit, joining, officials, units
from bot.people.invitation_codes import find_code
from bot.people.joining import Refusal
from bot.search.fold import fold
from handlers import menu
from models import Official, Role

LONGEST_NAME = 60
_NAME = re.compile(r"[^\W\d_]+(?:[ .'-]+[^\W\d_]+){0,7}")
_SAYS_NAME = re.compile(
    r"(?:ten toi la|toi ten la|toi ten|ten em la|em ten la|em ten) "
)


# --- joining ----------------------------------------------------------------------------------


def brings_code(turn: Turn) -> bool:
    return find_code(turn.text) is not None


def join(turn: Turn) -> list[Reply]:
    """An invitation code was typed or forwarded: in, or told kindly why not."""
    code = find_code(turn.text) or ""
    outcome = joining.join(turn.session, turn.contact, code, turn.now, turn.today)
    if isinstance(outcome, Refusal):
        left = joining.WRONG_CODES_ALLOWED - turn.contact.wrong_codes
        said = Reply(f"officials.refused_{outcome}", {"tries_left": left}, remark=True)
        return menu.with_notice(turn, [said])
    params = {
        "name": outcome.official.name,
        "unit": outcome.unit,
        "role": role_label(turn, outcome.role),
        **_abilities(turn, outcome.official),
    }
    return menu.with_notice(turn, [Reply("officials.welcome", params)])


def show_help(turn: Turn) -> list[Reply]:
    """What the bot does for officials, on one screen."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return [Reply("officials.help", _abilities(turn, official))]


def _abilities(turn: Turn, official: Official) -> dict[str, bool]:
    def anywhere(role: Role) -> bool:
        return officials.may(turn.session, official, role, None, turn.today)

    return {
        "leads": anywhere(Role.LEADER),
        "supervises": anywhere(Role.SUPERVISOR),
    }


# --- himself ------------------------------------------------------------------------------------


def who_am_i(turn: Turn) -> list[Reply]:
    """Units and roles; name and telephone as they stand here."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        code = turn.contact.unit_code
        unit = units.by_code(turn.session, code) if code else None
        said = Reply("officials.citizen", {"unit": unit}, remark=True)
        return menu.with_notice(turn, [said])
    served = [
        {
            "unit": units.by_code(turn.session, one.unit_code),
            "role": role_label(turn, one.role),
            "since": one.since_on,
        }
        for one in officials.memberships(turn.session, official.id or 0, turn.today)
    ]
    params = {"official": official, "served": served}
    return [Reply("officials.himself", params, remark=True)]


def says_name(turn: Turn) -> bool:
    """ "tôi tên là …" from an official; from anybody else it is a question like others."""
    return (
        _SAYS_NAME.match(fold(turn.text)) is not None
        and officials.official_of(turn.session, turn.contact) is not None
    )


def set_name(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    introduced = _SAYS_NAME.match(fold(turn.text))
    name = name_in(turn.text[introduced.end() :]) if introduced else None
    if official is None or name is None:
        return [Reply("officials.no_name", remark=True)]
    official.name = name
    turn.session.add(official)
    who = official.pseudonym
    audit.record(turn.session, who, "official.renamed", f"official:{who}", {}, turn.now)
    return [Reply("officials.named", {"name": name}, remark=True)]


def name_in(text: str) -> str | None:
    """A person's name, tidied; None when it cannot be one."""
    name = " ".join(text.split()).strip(" .,!")
    if not 2 <= len(name) <= LONGEST_NAME or _NAME.fullmatch(name) is None:
        return None
    return name


# --- what the dialogs of officials share ----------------------------------------------------------


def only_officials(turn: Turn) -> list[Reply]:
    """A citizen typed a word of the officials'."""
    return menu.with_notice(turn, [Reply("officials.only_officials", remark=True)])


def for_officials(
    step: Callable[[Turn, Draft, Official], Outcome],
) -> StepFunction:
    """A step that knows who takes it; somebody who has left meanwhile is told so."""

    def run(turn: Turn, draft: Draft) -> Outcome:
        official = officials.official_of(turn.session, turn.contact)
        if official is None:
            return Done(only_officials(turn))
        return step(turn, draft, official)

    return run


def role_label(turn: Turn, role: Role) -> str:
    return turn.label(f"role.{role}")
