"""Groups that an account is in: known from what happens in them, never from what is said.

A group is kept as a contact of its own (``is_group``), so that what is sent there goes the
way of every message. What leaves an account's group for good, or comes back, is written
down when its event comes in; nobody handles these events. Which unit's digests go to a
group an administrator says, in the group or on the dashboard (``tie``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from bot.channel.inbound import InboundEvent
from bot.channel.values import ids_of
from bot.channel.zalo.answers import GroupInfo
from bot.db import table_of
from models import AccountGroup, Contact, OutboxMessage, PrivacyChoice

if TYPE_CHECKING:
    from bot.channel.intake import Arrival

LONGEST_NAME = 100
_OVER = "delete_group"
_OUT = ("user_out_group", "user_leave_group")


def left_by_account(event: InboundEvent) -> bool:
    """The group is gone, or the account was put out of it."""
    if event.name == _OVER:
        return True
    return event.name in _OUT and event.oa_id in ids_of(event.extras.get("users"))


def remember(connection: Connection, arrival: Arrival) -> None:
    """The account is in this group, or is so no more."""
    if not arrival.group_id or arrival.oa_id is None:
        return
    _keep(
        connection, arrival.oa_id, arrival.group_id, arrival.received_at,
        left_at=arrival.occurred_at if arrival.left_group else None,
    )  # fmt: skip


def note_listed(
    session: Session, oa_id: str, listed: Iterable[GroupInfo], now: datetime
) -> None:
    """What Zalo lists, with the names it has."""
    for one in listed:
        contact_id = _keep(session.connection(), oa_id, one.group_id, now, left_at=None)
        group = session.get_one(AccountGroup, contact_id, populate_existing=True)
        group.name = one.name[:LONGEST_NAME] or group.name
        session.add(group)


def of_account(session: Session, oa_id: str) -> Sequence[AccountGroup]:
    """All that the account is in, and those it left that were a unit's."""
    rows = session.scalars(
        select(AccountGroup)
        .where(col(AccountGroup.oa_id) == oa_id)
        .order_by(col(AccountGroup.name), col(AccountGroup.contact_id))
    ).all()
    return [one for one in rows if one.left_at is None or one.unit_code]


def find(session: Session, oa_id: str, group_id: str) -> AccountGroup | None:
    return session.scalars(
        select(AccountGroup).where(
            col(AccountGroup.oa_id) == oa_id, col(AccountGroup.group_id) == group_id
        )
    ).first()


def tied(session: Session) -> Sequence[AccountGroup]:
    """Groups to which a unit's digests go."""
    return session.scalars(
        select(AccountGroup)
        .join(Contact, col(Contact.id) == col(AccountGroup.contact_id))
        .where(
            col(AccountGroup.unit_code).is_not(None),
            col(AccountGroup.left_at).is_(None),
            col(Contact.unreachable_reason).is_(None),
        )
        .order_by(col(AccountGroup.contact_id))
    ).all()


def tie(
    session: Session,
    group: AccountGroup,
    unit_code: str | None,
    official_id: int | None,
    now: datetime,
) -> None:
    """This unit's digests go there from now on; None: nobody's. What Zalo refused before
    is tried again."""
    group.unit_code = unit_code
    group.tied_by_id, group.tied_at = official_id, now
    contact = session.get_one(Contact, group.contact_id)
    contact.unreachable_reason = None
    session.add_all((group, contact))


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the newest message to a group."""

    status: str
    reason: str | None
    at: datetime


def last_delivery(session: Session, group: AccountGroup) -> Delivered | None:
    row = session.scalars(
        select(OutboxMessage)
        .where(col(OutboxMessage.contact_id) == group.contact_id)
        .order_by(col(OutboxMessage.id).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Delivered(row.status, row.reason, row.sent_at or row.created_at)


def _keep(
    connection: Connection,
    oa_id: str,
    group_id: str,
    now: datetime,
    *,
    left_at: datetime | None,
) -> int:
    """The group's contact and row, made or renewed; the contact's number."""
    contacts, groups = table_of(Contact), table_of(AccountGroup)
    is_sqlite = connection.dialect.name == "sqlite"
    insert: Any = sqlite.insert if is_sqlite else postgresql.insert
    whose = (contacts.c.oa_id == oa_id) & (contacts.c.user_id == group_id)
    connection.execute(
        insert(contacts)
        .values(
            oa_id=oa_id, user_id=group_id, created_at=now, is_group=True,
            privacy_choice=PrivacyChoice.UNASKED, wrong_codes=0,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    contact_id: int = connection.execute(
        select(contacts.c.id).where(whose)
    ).scalar_one()
    row = insert(groups).values(
        contact_id=contact_id, oa_id=oa_id, group_id=group_id, name="", seen_at=now,
        left_at=left_at,
    )  # fmt: skip
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["contact_id"], set_={"seen_at": now, "left_at": left_at}
        )
    )
    if left_at is None:  # it is there again
        connection.execute(
            update(contacts)
            .where(whose, contacts.c.unreachable_reason.is_not(None))
            .values(unreachable_reason=None)
        )
    return contact_id
