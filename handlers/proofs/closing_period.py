"""chốt tuần 47, chốt tháng 10: a supervisor freezes the table of a period that is over.

```mermaid
stateDiagram-v2
    [*] --> which: no period named
    [*] --> sure: named, over, not closed yet
    which --> which: not clear
    which --> sure
    sure --> sure: not clear
    sure --> [*]: yes or no
```

The table is one for all units, so who closes it looks after all that owe something in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Reply, Turn
from bot.duties import closing
from bot.duties.closing import NotOverError
from bot.duties.periods import Period, parse_period, period_of
from bot.duties.plans import duties_of, falls_in, plan_of
from bot.duties.proofs import hints
from bot.duties.table.table import NoPlanError, Table, live_table
from bot.people import officials
from bot.search.fold import fold
from handlers.choosing import Choice, narrow, offer
from handlers.officials import for_officials, only_officials
from handlers.proofs.places import period_label
from models import Cadence, Official, Role

YES, NO = "yes", "no"
OFFERED_BACK = 2  # of each kind: the last one, and the one before if that was forgotten
_CADENCES = (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY)
_CLOSES = re.compile(
    r"(?:chot|khoa|chot so|khoa so)(?: (?:so lieu|bao cao|bang|ky))? (?:tuan|thang|quy) .{1,40}"
)


class Step(StrEnum):
    WHICH = "which"
    SURE = "sure"


def names_period(turn: Turn) -> bool:
    """Only an official's: of a citizen it is a sentence like others."""
    is_said = _CLOSES.fullmatch(" ".join(fold(turn.text).split())) is not None
    return is_said and officials.official_of(turn.session, turn.contact) is not None


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    if not officials.may(turn.session, official, Role.SUPERVISOR, None, turn.today):
        return [Reply("closing.not_allowed", remark=True)]
    said = hints.read(turn.text, turn.today).when
    named = [one for one in said if isinstance(one, Period)]
    if named:
        return CLOSING.start(turn, _ask_sure(turn, official, named[0]))
    return CLOSING.start(turn, _ask_which(turn))


# --- which ----------------------------------------------------------------------------------


def _ask_which(turn: Turn) -> Go | Done:
    choices = list(_open_periods(turn))
    if not choices:
        return Done([Reply("closing.none_open", remark=True)])
    return Go(Step.WHICH, {}, [offer("closing.which", choices)])


def _open_periods(turn: Turn) -> Iterator[Choice]:
    """What is over and not closed, of each kind the latest ones."""
    for cadence in _CADENCES:
        period = period_of(turn.today, cadence)
        for _ in range(OFFERED_BACK):
            period = period.previous
            if _is_owed(turn, period) and not closing.is_closed(turn.session, period):
                yield Choice(period.key, period_label(turn, period))


def _is_owed(turn: Turn, period: Period) -> bool:
    plan = plan_of(turn.session, period)
    duties = duties_of(turn.session, plan.id) if plan else []
    return any(falls_in(duty, period) for duty in duties)


def _which(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    choices = list(_open_periods(turn))
    match narrow(turn, choices):
        case [one]:
            return _ask_sure(turn, official, parse_period(one.value))
        case _:
            return Stay([offer("closing.which", choices, missed=True)])


# --- sure -----------------------------------------------------------------------------------


def _ask_sure(
    turn: Turn, official: Official, period: Period, *, missed: bool = False
) -> Go | Done:
    params: dict[str, Any] = {"period": period_label(turn, period), "missed": missed}
    newest = closing.newest_version(turn.session, period)
    if newest is not None:
        at = newest.closed_at.astimezone(turn.zone)
        params |= {"version": newest.version, "at": at}
        return Done([Reply("closing.already", params, remark=True)])
    if turn.today <= period.last:
        params["last"] = period.last
        return Done([Reply("closing.not_over", params, remark=True)])
    try:
        table = live_table(turn.session, period, turn.local_now)
    except NoPlanError:
        return Done([Reply("closing.no_plan", params, remark=True)])
    if not _looks_after_all(turn, official, table):
        return Done([Reply("closing.not_all_units", params, remark=True)])
    params |= {"units": len(table.units), "totals": table.totals}
    options = (
        turn.option("closing.yes", ANSWER, YES),
        turn.option("closing.no", ANSWER, NO),
    )
    asked = Reply("closing.sure", params, options)
    return Go(Step.SURE, {"period": period.key}, [asked])


def _looks_after_all(turn: Turn, official: Official, table: Table) -> bool:
    return all(
        officials.may(turn.session, official, Role.SUPERVISOR, unit.code, turn.today)
        for unit in table.units
    )


def _sure(turn: Turn, draft: Draft, official: Official) -> Stay | Done:
    period = parse_period(draft["period"])
    answer = answer_of(turn)
    if answer == NO:
        return Done([Reply("closing.stays_open", remark=True)])
    # asked again before it is done: he may have lost a unit, or somebody was quicker
    again = _ask_sure(turn, official, period, missed=answer != YES)
    if isinstance(again, Done) or answer != YES:
        return again if isinstance(again, Done) else Stay(again.replies)
    by, now = official.pseudonym, turn.local_now
    try:
        made = closing.close(turn.session, period, by, now)
    except NotOverError:  # the clock was set back between the two messages
        return Done([Reply("closing.stays_open", remark=True)])
    params = {"period": period_label(turn, period), "version": made.version}
    return Done([Reply("closing.closed", params, remark=True)])


CLOSING = Dialog(
    "closing",
    {Step.WHICH: for_officials(_which), Step.SURE: for_officials(_sure)},
)
