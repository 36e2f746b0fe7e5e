"""When to read what: every half hour each account and feed, later where that fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zlib import crc32

from sqlalchemy import or_, select, update
from sqlmodel import Session, col

from models import Account, Channel, FeedState, FoundItem, UnitChannel

AGAIN_AFTER = timedelta(minutes=30)
# So that a hundred feeds do not stay in step; always earlier, so that a cycle holds.
SPREAD_SECONDS = 300
LONGEST_PAUSE = timedelta(hours=6)
ALARM_AFTER = timedelta(days=1)
# What a channel published in its last days is read for as long as a period looks back.
READ_ON_FOR = timedelta(days=31)
OA, FEED = "oa:", "feed:"


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read: ``oa:<id>`` or ``feed:<address>``."""

    key: str
    read_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None

    @property
    def is_account(self) -> bool:
        return self.key.startswith(OA)

    @property
    def address(self) -> str:
        return self.key.partition(":")[2]


def due(session: Session, now: datetime, today: date) -> list[Source]:
    """What is to be read now, the longest overdue first; new ones before all."""
    keys = _accounts(session) | _feeds(session, today)
    states = {row.key: row for row in session.scalars(select(FeedState))}
    waiting = [
        (state.next_read_at.timestamp() if state else 0.0, key)
        for key in keys
        if (state := states.get(key)) is None or state.next_read_at <= now
    ]
    return [_source(key, states.get(key)) for _, key in sorted(waiting)]


def credit_of(session: Session, oa_id: str, article_id: str) -> FoundItem | None:
    """What the reading made of an account's own article; None until it was read."""
    key = f"{OA}{oa_id}:{article_id}"
    return session.scalars(
        select(FoundItem).where(col(FoundItem.source_key) == key)
    ).first()


def credit_said(found: FoundItem) -> str:
    """Key of the text that says what became of an article."""
    return f"article_credit.{found.outcome}"


def claim(session: Session, key: str, now: datetime) -> bool:
    """True for the one worker that reads it now."""
    until = now + AGAIN_AFTER
    if session.get(FeedState, key) is None:
        session.add(FeedState(key=key, next_read_at=until))
        session.flush()
        return True
    taken = session.execute(
        update(FeedState)
        .where(col(FeedState.key) == key, col(FeedState.next_read_at) <= now)
        .values(next_read_at=until)
        .returning(col(FeedState.key))
    )
    return taken.first() is not None


def hurry(session: Session, oa_id: str, now: datetime) -> None:
    """Something of this account is known to be new: it is read at the next tick."""
    session.execute(
        update(FeedState)
        .where(col(FeedState.key) == f"{OA}{oa_id}", col(FeedState.next_read_at) > now)
        .values(next_read_at=now)
    )


def note_read(
    session: Session,
    key: str,
    now: datetime,
    etag: str | None = None,
    last_modified: str | None = None,
) -> None:
    early = timedelta(seconds=crc32(key.encode()) % SPREAD_SECONDS)
    state = session.get_one(FeedState, key)
    state.etag, state.last_modified = etag, last_modified
    state.read_at, state.next_read_at = now, now + AGAIN_AFTER - early
    state.failures, state.failing_since, state.problem = 0, None, ""
    session.add(state)


def note_failed(session: Session, key: str, problem: str, now: datetime) -> bool:
    """True when it has failed for so long that somebody should look."""
    state = session.get_one(FeedState, key)
    state.failures += 1
    state.failing_since = state.failing_since or now
    state.problem = problem
    doublings = min(state.failures - 1, 8)  # beyond, the pause is the longest anyway
    state.next_read_at = now + min(AGAIN_AFTER * 2**doublings, LONGEST_PAUSE)
    session.add(state)
    return now - state.failing_since >= ALARM_AFTER


def _accounts(session: Session) -> set[str]:
    """All that are connected."""
    connected = select(col(Account.oa_id)).where(
        or_(
            col(Account.access_token_sealed).is_not(None),
            col(Account.refresh_token_sealed).is_not(None),
        )
    )
    return {f"{OA}{oa_id}" for oa_id in session.scalars(connected)}


def _feeds(session: Session, today: date) -> set[str]:
    registered = select(col(UnitChannel.feed_url)).where(
        col(UnitChannel.channel) == Channel.WEBSITE,
        col(UnitChannel.feed_url) != "",
        or_(
            col(UnitChannel.valid_to).is_(None),
            col(UnitChannel.valid_to) >= today - READ_ON_FOR,
        ),
    )
    return {f"{FEED}{url}" for url in session.scalars(registered)}


def _source(key: str, state: FeedState | None) -> Source:
    if state is None:
        return Source(key)
    return Source(key, state.read_at, state.etag, state.last_modified)
