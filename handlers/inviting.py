"""mời: a leader makes an invitation code, and gets a text to pass on.

```mermaid
stateDiagram-v2
    [*] --> unit: looks after several units
    [*] --> role: one unit
    unit --> unit: not clear
    unit --> role
    role --> role: not clear
    role --> name
    name --> name: no name, or it reads like a question
    name --> same: the unit has one of this name
    name --> [*]: code
    same --> same: not clear
    same --> [*]: code
```
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import col

from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.people import joining, officials, roster, units
from bot.people.roster import Person
from bot.search.findings import Outcome
from handlers.choosing import (
    UNIT_STEP,
    Choice,
    UnitQuestion,
    narrow,
    offer,
    unit_choices,
)
from handlers.officials import for_officials, name_in, only_officials, role_label
from models import Account, Official, Role

SKIP = "skip"
SOMEBODY_ELSE = "new"
IT_IS_A_NAME = "name"


class Step(StrEnum):
    ROLE = "role"
    NAME = "name"
    SAME = "same"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return INVITING.start(turn, _WHICH_UNIT.begin(turn, official))


# --- unit and role --------------------------------------------------------------------------------


def _units(turn: Turn, official: Official) -> list[Choice]:
    return unit_choices(
        officials.units_in_care(turn.session, official, Role.LEADER, turn.today)
    )


def _ask_role(turn: Turn, official: Official, unit_code: str) -> Go:
    asked = _role_question(turn, official, unit_code)
    return Go(Step.ROLE, {"unit": unit_code}, [asked])


def _role_question(
    turn: Turn, official: Official, unit_code: str, *, missed: bool = False
) -> Reply:
    choices = _roles(turn, official, unit_code)
    unit = units.by_code(turn.session, unit_code)
    return offer("inviting.which_role", choices, missed=missed, unit=unit)


def _roles(turn: Turn, official: Official, unit_code: str) -> list[Choice]:
    return [
        Choice(role, role_label(turn, role))
        for role in Role
        if officials.may_invite(turn.session, official, role, unit_code, turn.today)
    ]


def _role(turn: Turn, draft: Draft, official: Official) -> Stay | Go:
    match narrow(turn, _roles(turn, official, draft["unit"])):
        case [one]:
            draft = {**draft, "role": one.value}
            return Go(Step.NAME, draft, [_name_question(turn)])
        case _:
            return Stay([_role_question(turn, official, draft["unit"], missed=True)])


# --- whom -----------------------------------------------------------------------------------------


def _name_question(turn: Turn, *, missed: bool = False) -> Reply:
    skip = turn.option("inviting.skip_name", ANSWER, SKIP)
    return Reply("inviting.name", {"missed": missed}, options=(skip,))


def _name(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    if answer_of(turn) == SKIP:
        return _finish(turn, draft, official, None)
    is_sure = answer_of(turn) == IT_IS_A_NAME
    name = draft.get("doubted") if is_sure else name_in(turn.text)
    if name is None:
        return Stay([_name_question(turn, missed=True)])
    same = roster.namesakes(turn.session, draft["unit"], name, turn.today)
    if not is_sure and not same and _reads_like_a_question(turn, name):
        yes = turn.option("inviting.it_is_a_name", ANSWER, IT_IS_A_NAME)
        skip = turn.option("inviting.skip_name", ANSWER, SKIP)
        doubt = Reply("inviting.doubt", {"name": name}, options=(yes, skip))
        return Go(Step.NAME, {**draft, "doubted": name}, [doubt])
    if same:
        draft = {**draft, "name": name}
        return Go(Step.SAME, draft, [_same_question(turn, draft, same)])
    return _finish(turn, draft, official, joining.enrol(turn.session, name, turn.now))


def _reads_like_a_question(turn: Turn, name: str) -> bool:
    """Nobody writes "Đăng Ký Khai Sinh"; in small letters it may be either."""
    looks_like_name = " " in name and name.istitle()
    return not looks_like_name and turn.catalogue.find(name).outcome == Outcome.ANSWERED


def _same_question(
    turn: Turn, draft: Draft, same: Sequence[Person], *, missed: bool = False
) -> Reply:
    known = [
        Option(
            f"{one.official.name} ({role_label(turn, one.role)})",
            Command(ANSWER, str(one.official.id)),
        )
        for one in same
    ]
    other = turn.option("inviting.somebody_else", ANSWER, SOMEBODY_ELSE)
    params = {"name": draft["name"], "missed": missed}
    return Reply("inviting.same_name", params, options=(*known, other))


def _same(turn: Turn, draft: Draft, official: Official) -> Stay | Done:
    answer = answer_of(turn)
    if answer == SOMEBODY_ELSE:
        new = joining.enrol(turn.session, draft["name"], turn.now)
        return _finish(turn, draft, official, new)
    same = roster.namesakes(turn.session, draft["unit"], draft["name"], turn.today)
    for one in same:
        if answer == str(one.official.id):
            return _finish(turn, draft, official, one.official)
    return Stay([_same_question(turn, draft, same, missed=True)])


# --- the code -------------------------------------------------------------------------------------


def _finish(turn: Turn, draft: Draft, by: Official, invited: Official | None) -> Done:
    """Make the code, if he may still invite; whoever is named stands on the roster."""
    unit_code, role = draft["unit"], Role(draft["role"])
    if not officials.may_invite(turn.session, by, role, unit_code, turn.today):
        return Done([Reply("inviting.not_allowed", remark=True)])
    if invited is not None:
        joining.revoke_invitations(turn.session, invited.id or 0, turn.now)
        if invited.joined_at is None:
            joining.appoint(turn.session, invited, unit_code, role, turn.today)
    invited_id = invited.id if invited else None
    code = joining.invite(
        turn.session, unit_code, role, by.pseudonym, turn.now, official_id=invited_id
    )
    until = turn.now + joining.INVITATION_VALID_FOR
    params = {
        "code": code,
        "unit": units.by_code(turn.session, unit_code),
        "role": role_label(turn, role),
        "name": invited.name if invited else "",
        "account": _account_of(turn, unit_code),
        "until": until.astimezone(turn.zone),
    }
    pass_on = Reply("inviting.pass_on", params, remark=True)
    return Done([pass_on, Reply("inviting.invitation", params)])


def _account_of(turn: Turn, unit_code: str) -> str:
    """The page of the unit itself, where it is connected here; else this one."""
    own = turn.session.scalars(
        select(col(Account.name)).where(
            col(Account.unit_code) == unit_code,
            col(Account.refresh_token_sealed).is_not(None),
        )
    ).first()
    return own or turn.account.name


_WHICH_UNIT = UnitQuestion(
    "inviting.which_unit", "inviting.not_allowed", _units, _ask_role
)
INVITING = Dialog(
    "inviting",
    {
        UNIT_STEP: _WHICH_UNIT.step,
        Step.ROLE: for_officials(_role),
        Step.NAME: for_officials(_name),
        Step.SAME: for_officials(_same),
    },
)
