"""The clock: each occurrence of a job once among all workers, or skipped with its reason.

The row of ``job_run`` is the truth, no timer in memory is. Whoever inserts the row of an
occurrence does it; he renews its lease while he lives. What is wrong, and what becomes of it:

* the worker dies: its lease ends within a minute, another worker takes the occurrence over
  while it is still in its grace, else it is written down as failed, ``abandoned``;
* everybody was down: the newest occurrence is caught up within its grace, all others since
  the last one are written down as skipped, ``missed``;
* a job hangs: its row stays ``running`` past the job's limit, and ``watching`` raises the
  alarm; the other jobs run in threads of their own and go on;
* the clock jumps back: what was done is not done again; forward: as after a standstill.

A job that was taken over may still come to its end elsewhere: jobs are idempotent, and only
the one who holds the row writes its result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Update, and_, or_, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from bot.channel.accounts import Accounts
from bot.channel.catching_up import CatchingUp
from bot.channel.spool import Spool
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.conversation.texts import Texts
from bot.db import Database
from bot.duties.fetching import Fetcher
from bot.duties.proofs.phrases import PageWords
from bot.duties.reminding import Step
from bot.files import Files
from bot.outreach.phone_templates import PhoneTemplate
from bot.watching.bulletins import Way
from bot.watching.ourselves import JOB_HANGS_AFTER
from models import JobRun, JobState
from scheduler.schedules import Occurrence, Schedule

log = structlog.get_logger(__name__)

Result = dict[str, int]
LEASE = timedelta(minutes=1)  # twelve ticks
ABANDONED, MISSED = "abandoned", "missed"
# Rows of what was skipped are kept for as long as those of what was done several times a
# day (``housekeeping``); a longer standstill is told by its last week.
LOOKED_BACK = timedelta(days=7)
_ROWS_AT_ONCE = 500  # SQLite takes 32,766 values in one statement


@dataclass(frozen=True, slots=True)
class Workshop:
    """What jobs may use."""

    database: Database
    clock: Clock
    zone: ZoneInfo
    accounts: Accounts
    texts: Texts
    catching_up: CatchingUp
    spool: Spool
    job_names: Sequence[str]
    alarm_ways: Sequence[Way] = ()
    client: ZaloClient | None = None
    fetcher: Fetcher | None = None
    job_limits: Mapping[str, timedelta] = field(default_factory=dict)
    files: Files | None = None
    feedback_files: Files | None = None
    public_url: str = ""  # where Zalo fetches the pictures of articles from
    page_words: PageWords | None = None
    ladder: Sequence[Step] = ()  # of reminders
    phone_templates: Sequence[PhoneTemplate] = ()  # for who cannot be written to


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` does one occurrence and counts what it did; running twice must add nothing.
    ``limit``: past it the job hangs. ``grace``: for how long a missed one is worth doing."""

    name: str
    schedule: Schedule
    run: Callable[[Workshop, datetime], Result]
    limit: timedelta = JOB_HANGS_AFTER
    grace: timedelta | None = None

    @property
    def patience(self) -> timedelta:
        return self.grace if self.grace is not None else self.schedule.grace


@dataclass(frozen=True, slots=True)
class Taken:
    """An occurrence in our hands; ``attempt`` tells us from who takes it over."""

    job: Job
    occurrence: Occurrence
    attempt: int


class Clockwork:
    """The jobs of one worker. ``tick`` begins what is due in threads and returns at once."""

    def __init__(self, jobs: Sequence[Job], workshop: Workshop) -> None:
        self._jobs, self._workshop = jobs, workshop
        self._running: dict[str, tuple[Taken, threading.Thread]] = {}

    def tick(self) -> list[str]:
        """Begin what is due, prolong what goes on; names of the jobs that were begun."""
        now = self._workshop.clock.now()
        self._forget_finished()
        self._prolong(now)
        begun = []
        for job in _unsettled(self._jobs, self._workshop, now):
            if job.name in self._running:  # its next occurrence waits for this one
                continue
            taken = take_if_due(job, self._workshop, now, LEASE)
            if taken is not None:
                self._begin(taken, now)
                begun.append(job.name)
        return begun

    def close(self) -> None:
        """Let the jobs in hand come to their end."""
        for _, thread in self._running.values():
            thread.join()

    def _begin(self, taken: Taken, now: datetime) -> None:
        thread = threading.Thread(
            target=perform, args=(taken, self._workshop, now), name=taken.job.name
        )
        self._running[taken.job.name] = taken, thread
        thread.start()

    def _forget_finished(self) -> None:
        for name, (_, thread) in list(self._running.items()):
            if not thread.is_alive():
                del self._running[name]

    def _prolong(self, now: datetime) -> None:
        for taken, _ in self._running.values():
            with self._workshop.database.writing() as session:
                session.execute(_mine(taken).values(lease_until=now + LEASE))


def tick(jobs: Iterable[Job], workshop: Workshop) -> list[str]:
    """Do all that is due, one after the other; names of the jobs that ran."""
    now = workshop.clock.now()
    done = []
    for job in _unsettled(list(jobs), workshop, now):
        taken = take_if_due(job, workshop, now, job.limit)
        if taken is not None:
            perform(taken, workshop, now)
            done.append(job.name)
    return done


def run_occurrence(job: Job, workshop: Workshop, at: datetime) -> JobRun:
    """One occurrence now, as if it were ``at``; one that was done before stays as it is.

    Its row, after that."""
    occurrence = job.schedule.latest(at.astimezone(workshop.zone))
    now = workshop.clock.now()
    if _is_new(workshop, job, occurrence, now, job.limit):
        perform(Taken(job, occurrence, 1), workshop, at)
    else:
        again = _take_again(
            workshop, job, occurrence, now, job.limit, even_skipped=True
        )
        if again is not None:
            perform(again, workshop, at)
    with workshop.database.reading() as session:
        return session.get_one(JobRun, (job.name, occurrence.key))


# --- taking ---------------------------------------------------------------------------------


def _unsettled(jobs: Sequence[Job], workshop: Workshop, now: datetime) -> Sequence[Job]:
    """Those whose newest occurrence is not over: few, at nearly every tick, and one
    question tells which."""
    local = now.astimezone(workshop.zone)
    newest = {job.name: job.schedule.latest(local).key for job in jobs}
    with workshop.database.reading() as session:
        over = session.exec(
            select(JobRun.job).where(
                tuple_(col(JobRun.job), col(JobRun.period)).in_(newest.items()),
                JobRun.state != JobState.RUNNING,
            )
        ).all()
    return [job for job in jobs if job.name not in over]


def take_if_due(
    job: Job, workshop: Workshop, now: datetime, lease: timedelta
) -> Taken | None:
    """The occurrence that is due now, if nobody has done it and nobody is at it."""
    occurrence = job.schedule.latest(now.astimezone(workshop.zone))
    is_late = now - occurrence.due_at > job.patience
    with workshop.database.reading() as session:
        row = session.get(JobRun, (job.name, occurrence.key))
    if row is None:
        if is_late:
            _note_missed(workshop, job, occurrence, now)
            return None
        _close_gap(
            workshop, job, occurrence, now
        )  # before: who takes it may die at once
        is_ours = _is_new(workshop, job, occurrence, now, lease)
        return Taken(job, occurrence, 1) if is_ours else None
    if row.state != JobState.RUNNING or not _is_over(row, now):
        return None
    if is_late:
        _abandon(workshop, job, row, now)
        return None
    return _take_again(workshop, job, occurrence, now, lease)


def _is_over(row: JobRun, now: datetime) -> bool:
    return row.lease_until is not None and row.lease_until <= now


def _is_new(
    workshop: Workshop,
    job: Job,
    occurrence: Occurrence,
    now: datetime,
    lease: timedelta,
) -> bool:
    """True for the one worker whose row this is."""
    row = {
        "job": job.name, "period": occurrence.key, "due_at": occurrence.due_at,
        "started_at": now, "lease_until": now + lease, "result": {},
        "state": JobState.RUNNING, "attempts": 1,
    }  # fmt: skip
    return _insert(workshop, [row]) == 1


def _take_again(
    workshop: Workshop,
    job: Job,
    occurrence: Occurrence,
    now: datetime,
    lease: timedelta,
    *,
    even_skipped: bool = False,
) -> Taken | None:
    """What a dead worker left, or (by hand) what nobody did."""
    is_free = and_(
        col(JobRun.state) == JobState.RUNNING, col(JobRun.lease_until) <= now
    )
    if even_skipped:
        undone = col(JobRun.state).in_((JobState.SKIPPED, JobState.FAILED))
        is_free = or_(is_free, undone)
    with workshop.database.writing() as session:
        attempts = session.execute(
            update(JobRun)
            .where(
                col(JobRun.job) == job.name,
                col(JobRun.period) == occurrence.key,
                is_free,
            )
            .values(
                attempts=JobRun.attempts + 1, started_at=now,
                lease_until=now + lease, state=JobState.RUNNING, reason=None,
                error=None, finished_at=None,
            )
            .returning(col(JobRun.attempts))
            .execution_options(synchronize_session=False)
        ).scalar_one_or_none()  # fmt: skip
    if attempts is None:
        return None
    log.info("job_taken_over", job=job.name, period=occurrence.key)
    return Taken(job, occurrence, attempts)


# --- what nobody did -----------------------------------------------------------------------------


def _note_missed(
    workshop: Workshop, job: Job, occurrence: Occurrence, now: datetime
) -> None:
    """The newest one is past its grace; of a job that never ran nothing was missed."""
    with workshop.database.reading() as session:
        before = _newest_before(session, job, occurrence)
    if before is not None:
        _close_gap(workshop, job, occurrence, now)
        _insert(workshop, [_skipped(job, occurrence, now)])


def _close_gap(
    workshop: Workshop, job: Job, occurrence: Occurrence, now: datetime
) -> None:
    """Write down what should have come between the last one and this one; and what was
    begun before and nobody ends any more."""
    with workshop.database.reading() as session:
        before = _newest_before(session, job, occurrence)
        left = session.exec(
            select(JobRun).where(
                JobRun.job == job.name,
                JobRun.state == JobState.RUNNING,
                col(JobRun.due_at) < occurrence.due_at,
                col(JobRun.lease_until) <= now,
            )
        ).all()
    for row in left:
        _abandon(workshop, job, row, now)
    if before is None:
        return
    since = max(before, occurrence.due_at - LOOKED_BACK)
    rows = []
    between = job.schedule.following(since.astimezone(workshop.zone))
    while between.due_at < occurrence.due_at:
        rows.append(_skipped(job, between, now))
        between = job.schedule.following(between.due_at)
    if rows:
        added = _insert(workshop, rows)
        if added:  # another worker may have noted them
            log.warning("jobs_skipped", job=job.name, count=added, reason=MISSED)


def _newest_before(
    session: Session, job: Job, occurrence: Occurrence
) -> datetime | None:
    return session.exec(
        select(JobRun.due_at)
        .where(JobRun.job == job.name, col(JobRun.due_at) < occurrence.due_at)
        .order_by(col(JobRun.due_at).desc())
        .limit(1)
    ).first()


def _skipped(job: Job, occurrence: Occurrence, now: datetime) -> dict[str, object]:
    return {
        "job": job.name, "period": occurrence.key, "due_at": occurrence.due_at,
        "started_at": now, "finished_at": now, "result": {}, "attempts": 0,
        "state": JobState.SKIPPED, "reason": MISSED,
    }  # fmt: skip


def _abandon(workshop: Workshop, job: Job, row: JobRun, now: datetime) -> None:
    with workshop.database.writing() as session:
        session.execute(
            update(JobRun)
            .where(
                col(JobRun.job) == job.name,
                col(JobRun.period) == row.period,
                col(JobRun.state) == JobState.RUNNING,
                col(JobRun.attempts) == row.attempts,
                col(JobRun.lease_until) <= now,
            )
            .values(
                state=JobState.FAILED, reason=ABANDONED, error=ABANDONED,
                finished_at=now,
            )
        )  # fmt: skip
    log.warning("job_abandoned", job=job.name, period=row.period)


def _insert(workshop: Workshop, rows: Sequence[Mapping[str, object]]) -> int:
    """Rows added; those another worker added stay as they are."""
    insert = sqlite.insert if workshop.database.is_sqlite else postgresql.insert
    statement = insert(JobRun).on_conflict_do_nothing()
    added = 0
    with workshop.database.writing() as session:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = list(rows[start : start + _ROWS_AT_ONCE])
            found = session.execute(
                statement.values(part).returning(col(JobRun.period))
            )
            added += len(found.all())
    return added


# --- doing --------------------------------------------------------------------------------------


def perform(taken: Taken, workshop: Workshop, now: datetime) -> None:
    """The job itself, and its result in its row if it is still ours."""
    job, period = taken.job, taken.occurrence.key
    started = time.perf_counter()
    result: Result = {}
    failure = None
    try:
        with workshop.database.reading() as session:
            workshop.texts.look(session)
        result = job.run(workshop, now)
    except Exception as error:
        failure = type(error).__name__
        log.exception("job_failed", job=job.name, period=period)
    state = JobState.FAILED if failure else JobState.DONE
    with workshop.database.writing() as session:
        written = session.execute(
            _mine(taken)
            .values(
                finished_at=workshop.clock.now(), result=result, error=failure,
                state=state, lease_until=None,
            )
            .returning(col(JobRun.period))
        ).first()  # fmt: skip
    took = round((time.perf_counter() - started) * 1000)
    if written is None:
        log.warning("job_was_taken_over", job=job.name, period=period, ms=took)
    log.info("job_done", job=job.name, period=period, ms=took, **result)


def _mine(taken: Taken) -> Update:
    return update(JobRun).where(
        col(JobRun.job) == taken.job.name,
        col(JobRun.period) == taken.occurrence.key,
        col(JobRun.state) == JobState.RUNNING,
        col(JobRun.attempts) == taken.attempt,
    )
