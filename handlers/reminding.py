"""nhắc tôi …: a reminder that a person sets for himself; "nhắc của tôi" lists and cancels.

```mermaid
stateDiagram-v2
    [*] --> when: no time, or an unclear one
    [*] --> half: "3 giờ", night or afternoon
    [*] --> what: only a time
    [*] --> [*]: both clear
    when --> when: still not
    when --> what
    half --> what
    when --> [*]
    half --> [*]
    what --> [*]
```
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

from bot.conversation.dialogs import (
    ANSWER,
    Dialog,
    Done,
    Draft,
    Go,
    Outcome,
    Stay,
    answer_of,
)
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach import own_reminders
from bot.outreach.moments import Doubt, Unclear, read_moment
from bot.search.fold import fold
from handlers import menu
from handlers.proofs.things import is_message
from models import OwnReminder

LONGEST_LABEL = 60  # characters of what, in a list
_POLITE = (
    r"(?:(?:em|ad|bot|ban|nho|lam on|lam phien|oi|da|hay|vui long|co the|dum|giup) )*"
)
_FOR = r"(?: (?:giup|dum|gium|ho|cho|nho|lai|viec))*"
_WHOM = r"(?: (?:toi|tui|minh|em|anh chi|anh|chi|co|chu|bac|con|ong|ba|ba con|cau|mo))?"
_ASKS = re.compile(
    rf"{_POLITE}(?:dat (?:lich )?)?nhac(?: nho)?{_FOR}(?P<whom>{_WHOM}){_FOR}"
    r"(?: (?:la|rang|ve))?(?= |$)"
)


class Step(StrEnum):
    WHEN = "when"
    HALF = "half"
    WHAT = "what"


def asks(turn: Turn) -> bool:
    """ "nhắc tôi …"; without whom only if a time is said: "nhắc nợ là gì" is a question."""
    if not is_message(turn) or turn.command is not None:
        return False
    found = _ASKS.match(_folded(turn.text))
    if found is None:
        return False
    if found["whom"]:
        return True
    read = read_moment(_without_opening(turn.text), turn.local_now)
    return not (isinstance(read, Unclear) and read.doubt == Doubt.NO_TIME)


def begin(turn: Turn) -> list[Reply]:
    outcome = _understand(turn, _without_opening(turn.text), "")
    return menu.with_notice(turn, REMINDING.start(turn, outcome))


def ask_when(turn: Turn) -> list[Reply]:
    """ "đặt nhắc" alone."""
    return REMINDING.start(turn, Go(Step.WHAT, {}, [Reply("reminding.what_first")]))


def _folded(text: str) -> str:
    return " ".join(fold(word).strip(",.;:!?") for word in text.split())


def _without_opening(text: str) -> str:
    """What follows "nhắc tôi", in the person's own spelling."""
    found = _ASKS.match(_folded(text))
    words = text.split()
    return " ".join(words[len(found.group().split()) if found else 0 :]).strip(" :,.-")


# --- from words to a reminder -----------------------------------------------------------------------


def _understand(turn: Turn, text: str, what: str) -> Go | Done:
    """``what`` was said before; else it is what is left beside the time."""
    read = read_moment(text, turn.local_now)
    what = what or read.rest
    if isinstance(read, Unclear):
        return _ask_back(turn, read, what)
    return _ask_what_or_set(turn, read.at, what)


def _ask_back(turn: Turn, read: Unclear, what: str) -> Go:
    if read.doubt == Doubt.HALF:
        choices = [f"{one:%Y-%m-%dT%H:%M}" for one in read.choices]
        draft = {"what": what, "choices": choices}
        return Go(Step.HALF, draft, [_half_question(turn, choices)])
    asked = Reply("reminding.when", {"doubt": read.doubt.value, "what": what})
    return Go(Step.WHEN, {"what": what}, [asked])


def _half_question(turn: Turn, choices: list[str], *, missed: bool = False) -> Reply:
    options = tuple(
        Option(
            turn.label("reminding.moment", at=datetime.fromisoformat(one)),
            Command(ANSWER, one),
        )
        for one in choices
    )
    return Reply("reminding.which_half", {"missed": missed}, options)


def _ask_what_or_set(turn: Turn, at: datetime, what: str) -> Go | Done:
    if not what:
        asked = Reply("reminding.what", {"at": at})
        return Go(Step.WHAT, {"at": at.isoformat()}, [asked])
    return Done(_set(turn, at, what))


def _set(turn: Turn, at: datetime, what: str) -> list[Reply]:
    reminder = own_reminders.add(turn.session, turn.contact, what, at, turn.now)
    if reminder is None:
        most = own_reminders.MOST_OPEN
        return [Reply("reminding.too_many", {"most": most}, remark=True)]
    params = {
        "what": reminder.what,
        "at": at,
        "leaves_free": own_reminders.leaves_free(turn.contact, at),
    }
    options = (
        Option(turn.label("reminding.cancel"), _command("cancel_reminder", reminder)),
        Option(turn.label("reminding.mine"), Command("my_reminders")),
    )
    return [Reply("reminding.done", params, options, inline=True)]


def _command(name: str, reminder: OwnReminder) -> Command:
    return Command(name, str(reminder.id))


# --- the steps --------------------------------------------------------------------------------------


def _when(turn: Turn, draft: Draft) -> Outcome:
    return _understand(turn, turn.text, draft["what"])


def _half(turn: Turn, draft: Draft) -> Outcome:
    answer = answer_of(turn)
    if answer in draft["choices"]:
        at = datetime.fromisoformat(answer or "").replace(tzinfo=turn.zone)
        return _ask_what_or_set(turn, at, draft["what"])
    read = read_moment(turn.text, turn.local_now)
    if not isinstance(read, Unclear):
        return _ask_what_or_set(turn, read.at, draft["what"])
    return Stay([_half_question(turn, draft["choices"], missed=True)])


def _what(turn: Turn, draft: Draft) -> Outcome:
    what = " ".join(turn.text.split())
    if not what or answer_of(turn) is not None:
        return Stay([Reply("reminding.what_first")])
    if "at" not in draft:
        return _understand(turn, _without_opening(what), "")
    at = datetime.fromisoformat(draft["at"])
    if at <= turn.now:  # it took too long
        return _ask_back(turn, Unclear(Doubt.PAST, ""), what)
    return Done(_set(turn, at, what))


REMINDING = Dialog("reminding", {Step.WHEN: _when, Step.HALF: _half, Step.WHAT: _what})


# --- what is set ------------------------------------------------------------------------------------


def mine(turn: Turn) -> list[Reply]:
    waiting = own_reminders.open_of(turn.session, turn.contact)
    options = tuple(
        Option(_line(turn, one), _command("cancel_reminder", one)) for one in waiting
    )
    return [Reply("reminding.list", {"count": len(waiting)}, options)]


def _line(turn: Turn, one: OwnReminder) -> str:
    what = (
        one.what if len(one.what) <= LONGEST_LABEL else f"{one.what[:LONGEST_LABEL]}…"
    )
    return turn.label("reminding.line", at=one.at.astimezone(turn.zone), what=what)


def cancel(turn: Turn) -> list[Reply]:
    """By the number of a list, or by the button of the receipt; can be undone."""
    found = own_reminders.cancel(turn.session, turn.contact, _named(turn), turn.now)
    if found is None:
        return [Reply("reminding.gone", remark=True)]
    undo = Option(turn.label("reminding.undo"), _command("restore_reminder", found))
    mine_ = Option(turn.label("reminding.mine"), Command("my_reminders"))
    params = {"what": found.what, "at": found.at.astimezone(turn.zone)}
    return [Reply("reminding.cancelled", params, (undo, mine_), inline=True)]


def restore(turn: Turn) -> list[Reply]:
    found = own_reminders.restore(turn.session, turn.contact, _named(turn), turn.now)
    if found is None:
        return [Reply("reminding.gone", remark=True)]
    return _set(turn, found.at.astimezone(turn.zone), found.what)


def _named(turn: Turn) -> int:
    argument = turn.command.argument if turn.command else ""
    return int(argument) if argument.isdecimal() and len(argument) < 10 else 0
