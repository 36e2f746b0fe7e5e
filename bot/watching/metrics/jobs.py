"""Workers, the clock and its jobs, and the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from bot.health import WORKER_SILENT_AFTER
from bot.watching.metrics.families import age, gauge, gauges
from bot.watching.ourselves import last_run
from models import CatalogueVersion, JobRun, WorkerBeat

LABELS = ("job",)
LAST_DAY = timedelta(days=1)


def jobs(
    session: Session, names: Sequence[str], now: datetime
) -> Iterator[GaugeMetricFamily]:
    runs = {(name,): run for name in names if (run := last_run(session, name))}
    yield gauges(
        "job_last_run_age_seconds", "Since the job last began.", LABELS,
        {key: (now - run.started_at).total_seconds() for key, run in runs.items()},
    )  # fmt: skip
    yield gauges(
        "job_last_run_seconds", "How long its last run took, or has taken so far.",
        LABELS,
        {key: ((run.finished_at or now) - run.started_at).total_seconds()
         for key, run in runs.items()},
    )  # fmt: skip
    yield gauges(
        "job_last_run_failed", "1 when its last run failed.", LABELS,
        {key: float(run.error is not None) for key, run in runs.items()},
    )  # fmt: skip
    yield gauges(
        "job_failures_last_day", "Runs that failed in the last 24 hours.", LABELS,
        {(name,): _failures(session, name, now) for name in names},
    )  # fmt: skip


def workers(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    beats = (col(WorkerBeat.beat_at), col(WorkerBeat.ticked_at))
    beat_at, ticked_at = session.execute(select(*map(func.max, beats))).one()
    alive = session.scalar(
        select(func.count()).where(col(WorkerBeat.beat_at) > now - WORKER_SILENT_AFTER)
    )
    yield gauge("workers_alive", "Workers that beat a moment ago.", alive or 0)
    yield gauge(
        "worker_beat_age_seconds", "Since any worker last beat.", age(now, beat_at)
    )
    yield gauge(
        "scheduler_tick_age_seconds", "Since the clock last went through its jobs.",
        age(now, ticked_at),
    )  # fmt: skip


def catalogue(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    found = session.get(CatalogueVersion, 1)
    yield gauge(
        "catalogue_version", "Counts the changes of the catalogue.",
        found.version if found else 0,
    )  # fmt: skip
    yield gauge(
        "catalogue_age_seconds", "Since the catalogue last changed.",
        age(now, found.changed_at if found else None),
    )  # fmt: skip


def _failures(session: Session, name: str, now: datetime) -> int:
    found = (
        select(func.count())
        .select_from(JobRun)
        .where(
            col(JobRun.job) == name,
            col(JobRun.started_at) > now - LAST_DAY,
            text("error IS NOT NULL"),  # in the words of the partial index
        )
    )
    return session.scalar(found) or 0
