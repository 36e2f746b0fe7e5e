"""Cells judged by the database: how many of a unit's are reached, for the heat map.

What a cell is and when it is reached is said in ``cells`` and ``tallies``; here the same is
said in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import and_, func, literal, select
from sqlmodel import Session, col

from bot.duties.deadlines import zone_of
from bot.duties.periods import Period
from bot.duties.plans import among
from bot.duties.table.cells import CellState, channels_of, judge, percentages
from bot.duties.table.tallies import (
    Tally,
    count_if,
    counting,
    counts,
    scope_of,
    tallies,
)
from models import Counting, PlanDuty, Proof

# Few enough that the garbage collector, which counts living objects, does not notice.
ROWS_AT_ONCE = 250


class Sum(NamedTuple):
    """Cells of one unit and duty: reached, nearly reached, with any report at all."""

    unit_code: str
    duty_id: str
    on_time: int
    late: int
    waiting: int
    reported: int


def sums_of(
    session: Session,
    period: Period,
    duties: Sequence[PlanDuty],
    now: datetime,
    unit_codes: Sequence[str] | None,
) -> Iterable[Sum]:
    """One for each unit and duty with any report in this period."""
    return chain.from_iterable(
        (_of_ratio if duty.counting == Counting.RATIO else _of_items)(
            session, duty, period, now, unit_codes
        )
        for duty in duties
    )


def _of_items(
    session: Session,
    duty: PlanDuty,
    period: Period,
    now: datetime,
    unit_codes: Sequence[str] | None,
) -> Iterator[Any]:
    """Rows like ``Sum``. One duty at a time: its proofs lie side by side in the index, in
    the order of its cells, and need no sorting."""
    scope = scope_of(duty, period, zone_of(now))
    channels = channels_of(duty)
    shares_quota = channels == ("",)
    cell = (
        select(col(Proof.unit_code), *counts(scope))
        .where(
            col(Proof.period) == scope.period,
            col(Proof.duty_id) == scope.duty_id,
            among(col(Proof.channel), None if shares_quota else channels),
            *counting(unit_codes),
        )
        .group_by(col(Proof.unit_code), *(() if shares_quota else (Proof.channel,)))
        .subquery()
        .c
    )
    quota = duty.quota or 0
    on_time = cell.timely >= quota
    met = cell.counted >= quota
    waiting = and_(~met, cell.counted + cell.waiting >= quota)
    # past the ORM, which would make an object of each row
    found = session.connection().execute(
        select(
            cell.unit_code,
            literal(duty.duty_id),
            count_if(on_time),
            count_if(and_(met, ~on_time)),
            count_if(waiting),
            func.count(),
        ).group_by(cell.unit_code)
    )
    for rows in found.partitions(ROWS_AT_ONCE):
        yield from rows


def _of_ratio(
    session: Session,
    duty: PlanDuty,
    period: Period,
    now: datetime,
    unit_codes: Sequence[str] | None,
) -> Iterator[Sum]:
    whole: dict[str, Tally] = {}
    scope = scope_of(duty, period, zone_of(now))
    for key, tally in tallies(session, [scope], unit_codes).items():
        whole[key.unit_code] = whole.get(key.unit_code, Tally()) + tally
    for code, tally in whole.items():
        found = percentages(tally)
        state = judge(duty.quota or 0, found, is_exempt=False, is_past_due=True)
        yield Sum(
            code,
            duty.duty_id,
            on_time=state == CellState.ON_TIME,
            late=state == CellState.LATE,
            waiting=state == CellState.WAITING_REVIEW,
            reported=tally.reports > 0,
        )
