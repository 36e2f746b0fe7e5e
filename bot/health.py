"""Is this installation able to serve people right now?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from models import Account, EventStatus, WebhookEvent, WorkerBeat

# The worker beats every 10 s; three missed ones mean that it is gone.
WORKER_SILENT_AFTER = timedelta(seconds=35)
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
    events: Check
    tokens: Check

    @property
    def is_ready(self) -> bool:
        return all(check.ok for check in self._checks())

    def to_json(self) -> dict[str, object]:
        return {"ready": self.is_ready} | asdict(self)

    def _checks(self) -> tuple[Check, ...]:
        return self.database, self.spool, self.worker, self.events, self.tokens


def readiness(database: Database, spool: Spool, clock: Clock) -> Readiness:
    now = clock.now()
    line = _spool(spool)
    try:
        with database.reading() as session:
            return Readiness(
                database=Check(True, database.url.get_backend_name()),
                spool=line,
                worker=_worker(session, now),
                events=_events(session, now),
                tokens=_tokens(session, now),
            )
    except SQLAlchemyError as error:
        unknown = Check(False, "unknown")
        lost = Check(False, type(error).__name__)
        return Readiness(lost, line, unknown, unknown, unknown)


def _spool(spool: Spool) -> Check:
    waiting, refused = spool.waiting(), spool.refused()
    detail = f"{waiting} waiting, {refused} refused"
    return Check(waiting == 0 and refused == 0, detail)


def _worker(session: Session, now: datetime) -> Check:
    beat = session.scalar(select(func.max(col(WorkerBeat.beat_at))))
    if beat is None:
        return Check(False, "no worker has ever started")
    silent = abs(now - beat)
    return Check(silent < WORKER_SILENT_AFTER, f"last beat {beat.isoformat()}")


def _events(session: Session, now: datetime) -> Check:
    oldest = session.scalar(
        select(func.min(col(WebhookEvent.received_at))).where(
            col(WebhookEvent.status) == EventStatus.WAITING
        )
    )
    if oldest is None:
        return Check(True, "none waiting")
    waited = now - oldest
    return Check(
        waited < OLDEST_EVENT_LIMIT, f"oldest waits {round(waited.total_seconds())} s"
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
