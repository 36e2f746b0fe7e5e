"""Alarms about the program itself: what waits outside the database, what gave up, which of
the clock's jobs began and did not end. Functions never commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, col, select

from bot.channel.spool import Spool
from bot.watching.alarms import end_alarm, open_alarms, raise_alarm
from bot.watching.kinds import AlarmKind
from models import JobRun, JobState, OutboxMessage, WebhookEvent

# A database that restarts is no news.
SPOOL_WAITS_FOR = timedelta(minutes=2)
# The longest job deletes a day's old rows; a quarter of an hour is a hang.
JOB_HANGS_AFTER = timedelta(minutes=15)
HANGS_LOOKED_FOR = timedelta(days=1)


def watch_spool(session: Session, spool: Spool, now: datetime) -> bool:
    """Whether events wait outside the database for longer than a restart takes."""
    waits_since = spool.waits_since()
    is_so = waits_since is not None and now - waits_since >= SPOOL_WAITS_FOR
    return _tell(session, AlarmKind.SPOOL_WAITING, "", now, is_so=is_so)


def watch_dead_letters(session: Session, now: datetime) -> bool:
    """Whether anything gave up on which nobody has decided yet."""
    # in the words of the partial indexes
    dead: ColumnElement[str] = literal_column("'dead'")
    event = select(col(WebhookEvent.id)).where(col(WebhookEvent.status) == dead)
    message = select(col(OutboxMessage.id)).where(col(OutboxMessage.status) == dead)
    is_so = any(session.exec(one.limit(1)).first() for one in (event, message))
    return _tell(session, AlarmKind.DEAD_LETTERS, "", now, is_so=is_so)


def watch_jobs(
    session: Session,
    names: Sequence[str],
    now: datetime,
    limits: Mapping[str, timedelta] | None = None,
) -> int:
    """How many jobs began and have not ended for too long; some have ``limits`` of their
    own."""
    known_limits = limits or {}
    hanging = {
        name
        for name in names
        if _hangs(session, name, now, known_limits.get(name, JOB_HANGS_AFTER))
    }
    known = {
        alarm.subject
        for alarm in open_alarms(session)
        if alarm.kind == AlarmKind.JOB_HANGS
    }
    for name in hanging | known:
        _tell(session, AlarmKind.JOB_HANGS, name, now, is_so=name in hanging)
    return len(hanging)


def last_run(session: Session, name: str) -> JobRun | None:
    """Periods of one job sort like the times they stand for; skipped ones did not run."""
    return session.exec(
        select(JobRun)
        .where(col(JobRun.job) == name, col(JobRun.state) != JobState.SKIPPED)
        .order_by(col(JobRun.period).desc())
        .limit(1)
    ).first()


def _hangs(session: Session, name: str, now: datetime, limit: timedelta) -> bool:
    run = last_run(session, name)
    if run is None or run.finished_at is not None:
        return False
    return limit <= now - run.started_at <= HANGS_LOOKED_FOR


def _tell(
    session: Session, kind: AlarmKind, subject: str, now: datetime, *, is_so: bool
) -> bool:
    if is_so:
        raise_alarm(session, kind, subject, {}, now)
    else:
        end_alarm(session, kind, subject, now)
    return is_so
