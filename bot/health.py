"""Is this installation able to serve people right now?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.durations import spoken
from bot.watching.alarms import open_alarms
from bot.watching.kinds import SEVERE
from models import Account, WebhookEvent, WorkerBeat

# The worker beats every 10 s; three missed ones mean that it is gone.
WORKER_SILENT_AFTER = timedelta(seconds=35)
# The clock ticks every 5 s, and its longest job (catching up while Zalo hangs) ends within
# a minute.
CLOCK_SILENT_AFTER = timedelta(minutes=2)
# A citizen waits at most this long before somebody should look.
OLDEST_EVENT_LIMIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Check:
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Each check with what was seen; ready when all are ok."""

    database: Check
    spool: Check
    worker: Check
    scheduler: Check
    events: Check
    tokens: Check
    alarms: Check

    @property
    def is_ready(self) -> bool:
        return all(check.ok for check in self._checks())

    def to_json(self) -> dict[str, object]:
        return {"ready": self.is_ready} | asdict(self)

    def _checks(self) -> tuple[Check, ...]:
        return (
            self.database, self.spool, self.worker, self.scheduler, self.events,
            self.tokens, self.alarms,
        )  # fmt: skip


def readiness(database: Database, spool: Spool, clock: Clock) -> Readiness:
    now = clock.now()
    line = _spool(spool)
    try:
        with database.reading() as session:
            return Readiness(
                database=Check(True, database.url.get_backend_name()),
                spool=line,
                worker=_worker(session, now),
                scheduler=_scheduler(session, now),
                events=_events(session, now),
                tokens=_tokens(session, now),
                alarms=_alarms(session),
            )
    except SQLAlchemyError as error:
        unknown = Check(False, "unknown")
        lost = Check(False, type(error).__name__)
        return Readiness(lost, line, *[unknown] * 5)


def _spool(spool: Spool) -> Check:
    waiting, refused = spool.waiting(), spool.refused()
    detail = f"{waiting} waiting, {refused} refused"
    return Check(waiting == 0 and refused == 0, detail)


def _worker(session: Session, now: datetime) -> Check:
    beat = session.scalar(select(func.max(col(WorkerBeat.beat_at))))
    if beat is None:
        return Check(False, "no worker has ever started")
    silent = abs(now - beat)
    return Check(silent < WORKER_SILENT_AFTER, f"last beat {spoken(silent)} ago")


def _scheduler(session: Session, now: datetime) -> Check:
    """A worker may be alive while its clock stands still behind a job that hangs."""
    ticked_at = session.scalar(select(func.max(col(WorkerBeat.ticked_at))))
    if ticked_at is None:
        return Check(False, "the clock has never ticked")
    silent = abs(now - ticked_at)
    return Check(silent < CLOCK_SILENT_AFTER, f"last tick {spoken(silent)} ago")


def _events(session: Session, now: datetime) -> Check:
    oldest = oldest_waiting(session)
    if oldest is None:
        return Check(True, "none waiting")
    waited = now - oldest
    return Check(waited < OLDEST_EVENT_LIMIT, f"oldest waits for {spoken(waited)}")


def oldest_waiting(session: Session) -> datetime | None:
    """When the event that waits for longest came in."""
    # in the words of the partial index, or SQLite reads the whole table
    waiting: ColumnElement[str] = literal_column("'waiting'")
    return session.scalar(
        select(func.min(col(WebhookEvent.received_at))).where(
            col(WebhookEvent.status) == waiting
        )
    )


def _tokens(session: Session, now: datetime) -> Check:
    accounts = session.scalars(select(Account)).all()
    if not accounts:
        return Check(False, "no account connected")
    sick = [
        account.oa_id
        for account in accounts
        if account.token_problem
        or account.refresh_token_sealed is None
        or (account.refresh_expires_at and account.refresh_expires_at <= now)
    ]
    if sick:
        return Check(False, f"accounts without a working token: {', '.join(sick)}")
    return Check(True, f"{len(accounts)} accounts")


def _alarms(session: Session) -> Check:
    """All that are open; only the severe ones mean that people are not served."""
    found = open_alarms(session)
    if not found:
        return Check(True, "none open")
    lines = [f"{alarm.kind} {alarm.subject}".strip() for alarm in found]
    return Check(
        not any(alarm.kind in SEVERE for alarm in found), f"open: {', '.join(lines)}"
    )
