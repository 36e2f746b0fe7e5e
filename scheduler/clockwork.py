"""Running jobs once per period, whoever ticks first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from bot.channel.accounts import Accounts
from bot.clock import Clock
from bot.db import Database
from models import JobRun

log = structlog.get_logger(__name__)

Result = dict[str, int]
Period = Callable[[datetime], str | None]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What jobs may use."""

    database: Database
    clock: Clock
    zone: ZoneInfo
    accounts: Accounts


@dataclass(frozen=True, slots=True)
class Job:
    """``period`` names the occurrence that is due at a local time (None: none today);
    ``run`` does it and counts what it did. Running twice must add nothing."""

    name: str
    period: Period
    run: Callable[[Workshop, datetime], Result]


def every_minutes(minutes: int) -> Period:
    """One occurrence per slot of the local day."""

    def period(local: datetime) -> str:
        slot = (local.hour * 60 + local.minute) // minutes * minutes
        return f"{local:%Y-%m-%d}T{slot // 60:02}:{slot % 60:02}"

    return period


def daily(hour: int) -> Period:
    """One occurrence a day, from this local hour on (caught up later the same day)."""

    def period(local: datetime) -> str | None:
        return f"{local:%Y-%m-%d}" if local.hour >= hour else None

    return period


def tick(jobs: Iterable[Job], workshop: Workshop) -> list[str]:
    """Run what is due and not yet done; returns the names of the jobs that ran."""
    now = workshop.clock.now()
    return [job.name for job in jobs if _run_if_due(job, workshop, now)]


def _run_if_due(job: Job, workshop: Workshop, now: datetime) -> bool:
    period = job.period(now.astimezone(workshop.zone))
    if period is None or not _take(workshop, job.name, period, now):
        return False
    started = time.perf_counter()
    result: Result = {}
    failure = None
    try:
        result = job.run(workshop, now)
    except Exception as error:
        failure = type(error).__name__
        log.exception("job_failed", job=job.name, period=period)
    with workshop.database.writing() as session:
        _finish(session, job.name, period, workshop.clock.now(), result, failure)
    took = round((time.perf_counter() - started) * 1000)
    log.info("job_done", job=job.name, period=period, ms=took, **result)
    return True


def _take(workshop: Workshop, name: str, period: str, now: datetime) -> bool:
    """True for the one worker whose row this is."""
    with workshop.database.reading() as session:
        if session.get(JobRun, (name, period)) is not None:
            return False
    insert = sqlite.insert if workshop.database.is_sqlite else postgresql.insert
    statement = (
        insert(JobRun)
        .values(job=name, period=period, started_at=now, result={})
        .on_conflict_do_nothing()
        .returning(col(JobRun.period))
    )
    with workshop.database.writing() as session:
        return session.execute(statement).scalar_one_or_none() is not None


def _finish(
    session: Session,
    name: str,
    period: str,
    now: datetime,
    result: Result,
    failure: str | None,
) -> None:
    session.execute(
        update(JobRun)
        .where(col(JobRun.job) == name, col(JobRun.period) == period)
        .values(finished_at=now, result=result, error=failure)
    )
