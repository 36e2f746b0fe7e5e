"""Which rows may leave now, and in which order.

A queue is one lane of one account. ``claim`` takes rows of one queue in one statement: at
most one row of a person at a time, and the parts of a message, like the answers to one
person, leave in the order they were added. A row that waits for its hour holds nobody up;
one that is being tried again does. Two workers never get the same row (PostgreSQL: SKIP
LOCKED, SQLite: BEGIN IMMEDIATE). What a look or a claim costs does not depend on how many
rows wait: each partial index begins with the queue. Which queue comes next decides
``fairness``.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    String,
    bindparam,
    literal_column,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, and_, col, exists, func, or_, select, update
from sqlmodel.sql.sqltypes import UTCDateTime

from bot.channel.by_phone import phone_of
from bot.channel.outbox import is_open
from bot.channel.outgoing import Outgoing, from_json
from models import (
    LANE_RANK,
    Account,
    ApiGeneration,
    Contact,
    Lane,
    MessageKind,
    MessageStatus,
    OutboxMessage,
)


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A row taken for sending, with all that sending needs: no session stays open."""

    id: int
    oa_id: str
    contact_id: int
    user_id: str
    lane: Lane
    kind: MessageKind
    topic: str
    dedupe_key: str
    campaign_id: int | None
    message: Outgoing
    attempts: int
    claimed_at: datetime
    lease_until: datetime
    useful_until: datetime | None
    last_interaction_at: datetime | None
    is_follower: bool | None
    unreachable_reason: str | None
    api_generation: ApiGeneration
    takes_buttons: bool
    is_group: bool = False  # then ``user_id`` is the group's
    phone: str | None = None  # of what goes by phone


@dataclass(frozen=True, slots=True)
class Queue:
    """One lane of one account in which something is due."""

    oa_id: str
    lane: Lane
    calls_per_minute: int | None  # of the account, if below the app's own


def due_queues(session: Session, now: datetime) -> list[Queue]:
    """The queues with something due, but for paused accounts; lanes in their order."""
    rows = session.exec(_queues_statement(), params={"at": now}).all()
    return [
        Queue(oa_id, lane, calls_per_minute)
        for position, lane in enumerate(LANE_RANK)
        for oa_id, calls_per_minute, *first_due_at in rows
        if (due_at := first_due_at[position]) is not None and due_at <= now
    ]


def claim(
    session: Session, queue: Queue, now: datetime, limit: int, lease: timedelta
) -> list[ClaimedMessage]:
    """Take up to ``limit`` due rows of this queue for sending, in their order."""
    given = {
        "at": now,
        "most": limit,
        "until": now + lease,
        "account": queue.oa_id,
        "rank": LANE_RANK[queue.lane],
    }
    ids = session.exec(_claim_statement(), params=given).all()
    return load_claimed(session, [id_ for (id_,) in ids], now)


def claim_unknown(
    session: Session, now: datetime, limit: int, lease: timedelta, busy: Sequence[int]
) -> list[ClaimedMessage]:
    """Take rows whose sender never reported back; ``busy`` ones are in our own hands."""
    row = aliased(OutboxMessage, name="lost_row")
    lost = (
        select(row.id)
        .where(
            has_status(row, MessageStatus.SENDING),
            col(row.lease_until) <= now,
            col(row.id).not_in(busy),
        )
        .order_by(col(row.lease_until))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("lost")
    )
    ids = session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.id).in_(select(lost.c.id)))
        .values(lease_until=now + lease)
        .returning(col(OutboxMessage.id))
        .execution_options(synchronize_session=False)
    ).all()
    return load_claimed(session, [id_ for (id_,) in ids], now)


def has_unknown(session: Session, now: datetime) -> bool:
    """A cheap look before the write lock is taken."""
    return session.exec(_unknown_statement(), params={"at": now}).first() is not None


def next_due_at(session: Session, now: datetime, horizon: datetime) -> datetime | None:
    """When the next row falls due after ``now``, if that is before ``horizon``."""
    given = {"at": now, "horizon": horizon}
    rows = session.exec(_next_due_statement(), params=given).all()
    return min((at for row in rows for at in row if at is not None), default=None)


def has_status(row: type[OutboxMessage], status: MessageStatus) -> ColumnElement[bool]:
    """In the very words of the partial indexes, or SQLite does not use them."""
    words: ColumnElement[str] = literal_column(f"'{status}'")
    return col(row.status) == words


def load_claimed(
    session: Session, ids: Sequence[int], now: datetime
) -> list[ClaimedMessage]:
    """The rows with their person and account, in the order they should leave."""
    rows = session.exec(_claimed_statement(), params={"ids": ids}).all()
    return [
        _claimed(row, contact, account, now, phone_of(session, row.content))
        for row, contact, account in rows
    ]


# Each statement is built once: building it takes longer than running it.


@cache
def _unknown_statement() -> Any:
    return (
        select(OutboxMessage.id)
        .where(
            has_status(OutboxMessage, MessageStatus.SENDING),
            col(OutboxMessage.lease_until) <= bindparam("at", type_=UTCDateTime()),
        )
        .limit(1)
    )


@cache
def _next_due_statement() -> Any:
    between = (
        col(OutboxMessage.due_at) > bindparam("at", type_=UTCDateTime()),
        col(OutboxMessage.due_at) < bindparam("horizon", type_=UTCDateTime()),
    )
    soonest = [_soonest(rank, *between) for rank in LANE_RANK.values()]
    return select(*soonest).select_from(Account)


@cache
def _claimed_statement() -> Any:
    return (
        select(OutboxMessage, Contact, Account)
        .join(Contact, col(Contact.id) == OutboxMessage.contact_id)
        .join(Account, col(Account.oa_id) == OutboxMessage.oa_id, isouter=True)
        .where(col(OutboxMessage.id).in_(bindparam("ids", expanding=True)))
        .order_by(
            col(OutboxMessage.lane_rank),
            col(OutboxMessage.due_at),
            col(OutboxMessage.id),
        )
        .execution_options(populate_existing=True)
    )


@cache
def _queues_statement() -> Any:
    """One probe of the index for each account and lane."""
    at: BindParameter[datetime] = bindparam("at", type_=UTCDateTime())
    first_due_at = [_soonest(rank) for rank in LANE_RANK.values()]
    return (
        select(Account.oa_id, Account.calls_per_minute, *first_due_at)
        .where(
            or_(col(Account.paused_until).is_(None), col(Account.paused_until) <= at)
        )
        .order_by(col(Account.oa_id))
    )


def _soonest(rank: int, *more: ColumnElement[bool]) -> Any:
    """MIN over the index: one probe on either engine, where EXISTS may scan the table."""
    return (
        select(func.min(col(OutboxMessage.due_at)))
        .where(
            has_status(OutboxMessage, MessageStatus.WAITING),
            col(OutboxMessage.oa_id) == col(Account.oa_id),
            col(OutboxMessage.lane_rank) == rank,
            *more,
        )
        .correlate(Account)
        .scalar_subquery()
    )


@cache
def _claim_statement() -> ReturningUpdate[int | None]:
    at: BindParameter[datetime] = bindparam("at", type_=UTCDateTime())
    row = aliased(OutboxMessage, name="due_row")
    due = (
        select(row.id)
        .where(
            has_status(row, MessageStatus.WAITING),
            col(row.oa_id) == bindparam("account", type_=String()),
            col(row.lane_rank) == bindparam("rank", type_=Integer()),
            col(row.due_at) <= at,
            ~_something_goes_before(row, at),
        )
        .order_by(col(row.due_at), col(row.id))
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)  # SQLite: BEGIN IMMEDIATE does the same
        .cte("due")
    )
    return (
        update(OutboxMessage)
        .where(col(OutboxMessage.id).in_(select(due.c.id)))
        .values(
            status=MessageStatus.SENDING,
            lease_until=bindparam("until", type_=UTCDateTime()),
            attempts=OutboxMessage.attempts + 1,
        )
        .returning(col(OutboxMessage.id))
        .execution_options(synchronize_session=False)  # read again right after
    )


def _something_goes_before(
    row: type[OutboxMessage], at: BindParameter[datetime]
) -> ColumnElement[bool]:
    """Another message of this person is under way, or has its turn first."""
    other = aliased(OutboxMessage, name="other_row")
    is_earlier = or_(
        col(other.lane_rank) < col(row.lane_rank),
        and_(col(other.lane_rank) == col(row.lane_rank), col(other.id) < col(row.id)),
    )
    has_begun = or_(
        col(other.due_at) <= at,
        col(other.attempts) > 0,
        # meant to leave at once: only our clock, set back since, says that it is early
        col(other.due_at) <= col(other.created_at),
    )
    return exists().where(
        is_open(other),
        col(other.contact_id) == col(row.contact_id),
        col(other.id) != col(row.id),
        or_(
            col(other.status) == MessageStatus.SENDING,
            and_(is_earlier, has_begun),
        ),
    )


def _claimed(
    row: OutboxMessage,
    contact: Contact,
    account: Account | None,
    now: datetime,
    phone: str | None,
) -> ClaimedMessage:
    assert row.id is not None
    return ClaimedMessage(
        id=row.id,
        oa_id=row.oa_id,
        contact_id=row.contact_id,
        user_id=contact.user_id,
        lane=Lane(row.lane),
        kind=MessageKind(row.kind),
        topic=row.topic,
        dedupe_key=row.dedupe_key,
        campaign_id=row.campaign_id,
        message=from_json(row.content),
        attempts=row.attempts,
        claimed_at=now,
        lease_until=row.lease_until or now,
        useful_until=row.useful_until,
        last_interaction_at=contact.last_interaction_at,
        is_follower=contact.is_follower,
        unreachable_reason=contact.unreachable_reason,
        api_generation=ApiGeneration(
            account.api_generation if account else ApiGeneration.AUTO
        ),
        takes_buttons=account.takes_buttons if account else False,
        is_group=contact.is_group,
        phone=phone,
    )
