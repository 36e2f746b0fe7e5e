"""Closing a period: its table is frozen as version 1, and never changes again.

What changes later (a late proof is accepted, an accepted one refused, an appeal, a link
that died) makes version n+1, with a reason. A version is canonical JSON with its SHA-256: the
same version gives the same bytes for ever, whatever becomes of names and maps. There is no
way to open a period again.

A supervisor closes a period once it is over; the program closes it by itself ten days after
its end, and never before the last report would still be on time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from bot.duties.deadlines import last_report_on, zone_of
from bot.duties.periods import Period, periods_between
from bot.duties.plans import duties_of, falls_in, plan_of
from bot.duties.table.table import frozen, live_table
from bot.people import audit
from models import Cadence, PeriodVersion, Proof

# Time to decide what waits, before the report of the month goes on.
CLOSES_AFTER = timedelta(days=10)
_DAY = timedelta(days=1)


class NotOverError(ValueError):
    """A period that is still running cannot be closed."""


def close(session: Session, period: Period, by: str, now: datetime) -> PeriodVersion:
    """Freeze version 1; of a closed period its newest version, unchanged.

    ``by`` is a pseudonym or ``audit.PROGRAM``.
    """
    newest = newest_version(session, period)
    if newest is not None:
        return newest
    if now.astimezone(zone_of(now)).date() <= period.last:
        raise NotOverError(f"{period} ends on {period.last}")
    made = _freeze(session, period, 1, by, "", now)
    return made or close(session, period, by, now)


def revise(
    session: Session, period: Period, reason: str, by: str, now: datetime
) -> PeriodVersion | None:
    """Version n+1 with what has changed since; None where nothing has, or where the
    period is not closed and so needs no reason."""
    newest = newest_version(session, period)
    if newest is None or frozen(live_table(session, period, now)) == newest.content:
        return None
    if not reason.strip():
        raise ValueError("a new version of a closed period needs a reason")
    made = _freeze(session, period, newest.version + 1, by, reason.strip(), now)
    return made or revise(session, period, reason, by, now)


def is_closed(session: Session, period: Period) -> bool:
    return newest_version(session, period) is not None


def newest_version(session: Session, period: Period) -> PeriodVersion | None:
    plan = plan_of(session, period)
    if plan is None:
        return None
    return session.scalars(
        select(PeriodVersion)
        .where(
            col(PeriodVersion.plan_id) == plan.id,
            col(PeriodVersion.period) == period.key,
        )
        .order_by(col(PeriodVersion.version).desc())
        .limit(1)
    ).first()


def due_to_close(session: Session, now: datetime) -> list[Period]:
    """What the program closes today, oldest first.

    Nothing from before the first report ever: an office that begins in November has not
    missed the weeks since January.
    """
    today = now.astimezone(zone_of(now)).date()
    began = _first_report_on(session, now)
    if began is None:
        return []
    closed = set(session.scalars(select(col(PeriodVersion.period))))
    found = [
        period
        for period in _periods(began, today - CLOSES_AFTER - _DAY)
        if period.key not in closed and _may_close(session, period, today)
    ]
    return sorted(found, key=lambda period: (period.last, period.key))


def _periods(began: date, until: date) -> Iterator[Period]:
    """All that end within these days."""
    for cadence in (
        Cadence.WEEKLY,
        Cadence.MONTHLY,
        Cadence.QUARTERLY,
        Cadence.YEARLY,
    ):
        for period in periods_between(began, until, cadence):
            if period.last <= until:
                yield period


def _may_close(session: Session, period: Period, today: date) -> bool:
    """There is a plan with duties of this cadence, and no report would be on time."""
    plan = plan_of(session, period)
    duties = duties_of(session, plan.id) if plan else []
    last_days = [
        last_report_on(duty, period) for duty in duties if falls_in(duty, period)
    ]
    return bool(last_days) and max(last_days) < today


def _first_report_on(session: Session, now: datetime) -> date | None:
    first = session.scalar(select(func.min(col(Proof.received_at))))
    return first.astimezone(zone_of(now)).date() if first else None


def _freeze(
    session: Session,
    period: Period,
    version: int,
    by: str,
    reason: str,
    now: datetime,
) -> PeriodVersion | None:
    """None if somebody else made this version meanwhile."""
    table = live_table(session, period, now)
    content = frozen(table)
    made = PeriodVersion(
        plan_id=table.plan_id,
        period=period.key,
        version=version,
        closed_at=now,
        closed_by=by,
        reason=reason,
        content=content,
        sha256=sha256(content.encode()).hexdigest(),
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return None
    action = "period.close" if version == 1 else "period.revise"
    subject = f"period:{table.plan_id}:{period.key}"
    detail = {"version": version, "sha256": made.sha256}
    audit.record(session, by, action, subject, detail, now)
    return made
