"""Which rows may leave now: the one place that decides order.

One statement claims rows: lanes in their order, at most one row of a person at a time, and
the parts of a message, like the answers to one person, leave in the order they were added.
A row that waits for its hour holds nobody up; one that is being tried again does. Two
workers never get the same row (PostgreSQL: SKIP LOCKED, SQLite: BEGIN IMMEDIATE).

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import BindParameter, ColumnElement, Integer, bindparam
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, and_, col, exists, or_, select, update
from sqlmodel.sql.sqltypes import UTCDateTime

from bot.channel.outbox import Outgoing, from_json, is_open
from models import (
    LANE_RANK,
    Account,
    ApiGeneration,
    Contact,
    Lane,
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


def claim(
    session: Session, now: datetime, limit: int, lease: timedelta
) -> list[ClaimedMessage]:
    """Take up to ``limit`` due rows for sending, in the order they should leave."""
    given = {"at": now, "most": limit, "until": now + lease}
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
            is_open(row),
            col(row.status) == MessageStatus.SENDING,
            col(row.lease_until) <= now,
            col(row.id).not_in(busy),
        )
        .order_by(col(row.lane_rank), col(row.id))
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


def has_work(session: Session, now: datetime) -> bool:
    """A cheap look before the write lock is taken."""
    due = and_(
        col(OutboxMessage.status) == MessageStatus.WAITING,
        col(OutboxMessage.due_at) <= now,
    )
    lost = and_(
        col(OutboxMessage.status) == MessageStatus.SENDING,
        col(OutboxMessage.lease_until) <= now,
    )
    found = select(OutboxMessage.id).where(is_open(OutboxMessage), or_(due, lost))
    return session.exec(found.limit(1)).first() is not None


def next_due_at(session: Session, now: datetime, horizon: datetime) -> datetime | None:
    """When the next row falls due after ``now``, if that is before ``horizon``."""
    return session.exec(
        select(col(OutboxMessage.due_at))
        .where(
            is_open(OutboxMessage),
            col(OutboxMessage.lane_rank).in_(list(LANE_RANK.values())),
            col(OutboxMessage.due_at) > now,
            col(OutboxMessage.due_at) < horizon,
        )
        .order_by(col(OutboxMessage.due_at))
        .limit(1)
    ).first()


def load_claimed(
    session: Session, ids: Sequence[int], now: datetime
) -> list[ClaimedMessage]:
    """The rows with their person and account, in the order they should leave."""
    rows = session.exec(
        select(OutboxMessage, Contact, Account)
        .join(Contact, col(Contact.id) == OutboxMessage.contact_id)
        .join(Account, col(Account.oa_id) == OutboxMessage.oa_id, isouter=True)
        .where(col(OutboxMessage.id).in_(ids))
        .order_by(
            col(OutboxMessage.lane_rank),
            col(OutboxMessage.due_at),
            col(OutboxMessage.id),
        )
        .execution_options(populate_existing=True)
    ).all()
    return [_claimed(row, contact, account, now) for row, contact, account in rows]


@cache
def _claim_statement() -> ReturningUpdate[int | None]:
    """Built once: building it takes longer than running it."""
    at: BindParameter[datetime] = bindparam("at", type_=UTCDateTime())
    row = aliased(OutboxMessage, name="due_row")
    due = (
        select(row.id)
        .where(
            is_open(row),
            col(row.status) == MessageStatus.WAITING,
            col(row.due_at) <= at,
            ~_account_is_paused(row, at),
            ~_something_goes_before(row, at),
        )
        .order_by(col(row.lane_rank), col(row.due_at), col(row.id))
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


def _account_is_paused(
    row: type[OutboxMessage], at: BindParameter[datetime]
) -> ColumnElement[bool]:
    return (
        exists()
        .where(col(Account.oa_id) == col(row.oa_id))
        .where(col(Account.paused_until) > at)
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
    has_begun = or_(col(other.due_at) <= at, col(other.attempts) > 0)
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
    row: OutboxMessage, contact: Contact, account: Account | None, now: datetime
) -> ClaimedMessage:
    assert row.id is not None
    return ClaimedMessage(
        id=row.id,
        oa_id=row.oa_id,
        contact_id=row.contact_id,
        user_id=contact.user_id,
        lane=Lane(row.lane),
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
    )
