"""Where the proofs of some units can go now: what they owe, reached or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.duties.deadlines import last_report_on
from bot.duties.periods import Period, period_of
from bot.duties.plans import Obligation, obligations
from bot.duties.proofs.guessing import Candidate
from bot.duties.table.cells import Cell, cells_of, channels_of
from bot.duties.table.tallies import ALIVE
from models import Cadence, Proof, UnitChannel

_CADENCES = (Cadence.WEEKLY, Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.YEARLY)


def candidates(
    session: Session,
    unit_codes: Sequence[str],
    now: datetime,
    named: Iterable[Period | date] = (),
) -> list[Candidate]:
    """Of each cadence the running period, the one before, and those that are named."""
    if not unit_codes:
        return []
    owed = {
        period: obligations(session, period, unit_codes)
        for period in _periods(now, named)
    }
    cells = {
        (cell.unit_code, cell.duty_id, cell.channel, cell.period): cell
        for cell in cells_of(session, owed, now, unit_codes)
    }
    reported = _reported(session, owed, unit_codes)
    return [
        _candidate(one, channel, period, cells, reported)
        for period, ones in owed.items()
        for one in ones
        for channel in channels_of(one.duty)
    ]


def owners_of_host(session: Session, host: str, day: date) -> frozenset[str]:
    """The units that this host, or the domain it lies under, is registered for."""
    labels = host.lower().split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    rows = session.scalars(
        select(col(UnitChannel.unit_code)).where(
            col(UnitChannel.address).in_(domains),
            or_(
                col(UnitChannel.valid_from).is_(None),
                col(UnitChannel.valid_from) <= day,
            ),
            or_(col(UnitChannel.valid_to).is_(None), col(UnitChannel.valid_to) >= day),
        )
    )
    return frozenset(rows)


def _periods(now: datetime, named: Iterable[Period | date]) -> list[Period]:
    today = now.date()
    found: dict[str, Period] = {}
    for cadence in _CADENCES:
        running = period_of(today, cadence)
        for period in (running, running.previous):
            found[period.key] = period
        for day in named:
            if isinstance(day, date):
                period = period_of(day, cadence)
                found[period.key] = period
    for when in named:
        if isinstance(when, Period):
            found[when.key] = when
    return list(found.values())


def _reported(
    session: Session, periods: Iterable[Period], unit_codes: Sequence[str]
) -> set[tuple[str, str, str]]:
    """Units, duties and periods that anything was shown of."""
    rows = session.execute(
        select(col(Proof.unit_code), col(Proof.duty_id), col(Proof.period))
        .where(
            col(Proof.unit_code).in_(unit_codes),
            col(Proof.period).in_([one.key for one in periods]),
            col(Proof.state).in_(ALIVE),
        )
        .distinct()
    )
    return {(unit, duty, period) for unit, duty, period in rows}


def _candidate(
    one: Obligation,
    channel: str,
    period: Period,
    cells: Mapping[tuple[str, str, str, str], Cell],
    reported: set[tuple[str, str, str]],
) -> Candidate:
    duty = one.duty
    cell = cells.get((one.unit_code, duty.duty_id, channel, period.key))
    has_report = (one.unit_code, duty.duty_id, period.key) in reported
    return Candidate(
        plan_id=duty.plan_id,
        unit_code=one.unit_code,
        unit_name=one.unit_name,
        duty_id=duty.duty_id,
        title=duty.short_title,
        channel=channel,
        channels=tuple(duty.channels),
        period=period,
        evidence=tuple(duty.evidence),
        needs_link=duty.needs_link,
        on_time_until=last_report_on(duty, period),
        state=cell.state if cell else None,
        lacking=cell.lacking if cell else 0,
        has_report=has_report,
        position=duty.position,
    )
