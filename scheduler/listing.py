"""The clock's jobs as an operator sees them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from bot.errors import OperatorError
from bot.watching.ourselves import last_run
from models import JobRun, JobState
from scheduler.clockwork import Job

SKIPS_SHOWN_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class JobLine:
    """Times are local; ``state`` is that of the last run, "hangs" past the job's limit."""

    name: str
    last_started_at: datetime | None
    seconds: float | None
    state: str
    result: dict[str, Any]
    error: str | None
    skipped_last_day: int
    next_at: datetime

    def to_json(self) -> dict[str, Any]:
        last = self.last_started_at
        return {
            "name": self.name,
            "last_started_at": last.isoformat() if last else None,
            "seconds": self.seconds,
            "state": self.state,
            "result": self.result,
            "error": self.error,
            "skipped_last_day": self.skipped_last_day,
            "next_at": self.next_at.isoformat(),
        }

    def line(self) -> str:
        last = self.last_started_at
        seconds = f"{self.seconds:.1f} s" if self.seconds is not None else "-"
        counts = " ".join(f"{name}={count}" for name, count in self.result.items())
        parts = [
            self.name,
            f"{last:%Y-%m-%d %H:%M}" if last else "never",
            seconds,
            self.state,
            self.error or counts or "-",
            f"{self.skipped_last_day} skipped",
            f"next {self.next_at:%Y-%m-%d %H:%M}",
        ]
        return "\t".join(parts)


def job_lines(
    session: Session, jobs: Iterable[Job], now: datetime, zone: ZoneInfo
) -> list[JobLine]:
    """In the order of the table."""
    return [_line(session, job, now, zone) for job in jobs]


def find_job(jobs: Sequence[Job], name: str) -> Job:
    """``OperatorError`` names the nearest ones."""
    for job in jobs:
        if job.name == name:
            return job
    names = [job.name for job in jobs]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or names
    raise OperatorError(f"no job {name!r}, did you mean {', '.join(near)}?")


def time_of(written: str, zone: ZoneInfo) -> datetime:
    """ISO 8601; without an offset it is local."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise OperatorError(f"--at {written!r} is not like 2026-11-30T08:00") from error
    return found if found.tzinfo else found.replace(tzinfo=zone)


def ran_line(row: JobRun, begun: datetime, zone: ZoneInfo) -> str:
    """What became of one occurrence; whether it was done before ``begun``."""
    name = f"{row.job} of {row.period}"
    if row.state == JobState.RUNNING:
        return (
            f"{name}: somebody is at it since {row.started_at.astimezone(zone):%H:%M}"
        )
    ended = row.finished_at
    if ended is not None and ended < begun:
        return f"{name}: already {row.state} at {ended.astimezone(zone):%Y-%m-%d %H:%M}, nothing to do"
    counts = " ".join(f"{name}={count}" for name, count in row.result.items())
    return f"{name}: {row.state}: {row.error or counts or 'nothing to do'}"


def _line(session: Session, job: Job, now: datetime, zone: ZoneInfo) -> JobLine:
    run, local = last_run(session, job.name), now.astimezone(zone)
    skipped = session.exec(
        select(func.count())
        .select_from(JobRun)
        .where(
            JobRun.job == job.name,
            JobRun.state == JobState.SKIPPED,
            col(JobRun.due_at) > now - SKIPS_SHOWN_FOR,
        )
    ).one()
    next_at = job.schedule.following(local).due_at
    if run is None:
        return JobLine(job.name, None, None, "never", {}, None, skipped, next_at)
    took = ((run.finished_at or now) - run.started_at).total_seconds()
    is_hanging = run.finished_at is None and now - run.started_at > job.limit
    return JobLine(
        name=job.name,
        last_started_at=run.started_at.astimezone(zone),
        seconds=round(took, 3),
        state="hangs" if is_hanging else str(run.state),
        result=run.result,
        error=run.error,
        skipped_last_day=skipped,
        next_at=next_at,
    )
