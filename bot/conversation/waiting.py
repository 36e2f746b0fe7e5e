"""Whose turn it is: for each person the oldest waiting event, oldest first.

The statements are built once, and name the status in the very words of the partial index
``ix_webhook_event_waiting``: with a bound value neither SQLite nor a prepared statement of
PostgreSQL would use it. What it costs depends on what waits, not on what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlmodel import Session, col
from sqlmodel.sql.sqltypes import UTCDateTime

from models import Account, Contact, Conversation, WebhookEvent

# Looking for what waits costs more the more waits: so it is looked up for many at once.
LOOKED_UP_AT_ONCE = 50
_WAITING: ColumnElement[str] = literal_column("'waiting'")


@dataclass(frozen=True, slots=True)
class Head:
    """A person's oldest waiting event, as it was when it was looked up."""

    event_id: int
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claimed:
    """One event in our hands, for as long as the transaction lasts."""

    event: WebhookEvent
    contact: Contact
    account: Account
    # held here, since a session forgets what nobody holds, and would ask for it again
    conversation: Conversation | None


def look_up(session: Session, now: datetime) -> Sequence[Head]:
    """The oldest waiting event of each person, as far as it is due; nobody is kept out."""
    rows = session.execute(_heads(), {"now": now, "most": LOOKED_UP_AT_ONCE})
    return [Head(event_id, payload) for event_id, payload in rows]


def claim(session: Session, event_id: int, now: datetime) -> Claimed | None:
    """This event with its person, locked until the end of the transaction.

    None when somebody else has it in hand, or it is not due any more. Event and person are
    both locked: by the person other workers are kept from the events behind this one, by
    the event we see that it is still waiting.
    """
    found = session.execute(_claim(), {"event": event_id, "now": now}).first()
    if found is None:
        return None
    return Claimed(*found)


@cache
def _heads() -> Select[tuple[int, dict[str, Any]]]:
    oldest = (
        select(func.min(col(WebhookEvent.id)).label("id"))
        .where(col(WebhookEvent.status) == _WAITING)
        .where(col(WebhookEvent.contact_id).is_not(None))
        .group_by(col(WebhookEvent.contact_id))
        .subquery()
    )
    return (
        select(_id(), col(WebhookEvent.payload))
        .join(oldest, oldest.c.id == col(WebhookEvent.id))
        .where(col(WebhookEvent.due_at) <= _now())
        .order_by(col(WebhookEvent.id))
        .limit(bindparam("most"))
    )


@cache
def _claim() -> Select[WebhookEvent, Contact, Account, Conversation]:
    """With the conversation, which then need not be asked for."""
    return (
        select(WebhookEvent, Contact, Account, Conversation)
        .join(Contact, col(Contact.id) == col(WebhookEvent.contact_id))
        .join(Account, col(Account.oa_id) == col(Contact.oa_id))
        .outerjoin(Conversation, col(Conversation.contact_id) == col(Contact.id))
        .where(
            col(WebhookEvent.id) == bindparam("event"),
            col(WebhookEvent.status) == _WAITING,
            col(WebhookEvent.due_at) <= _now(),
        )
        .with_for_update(of=(WebhookEvent, Contact), skip_locked=True)
    )


def _now() -> Any:
    return bindparam("now", type_=UTCDateTime())


def _id() -> InstrumentedAttribute[int]:
    return col(WebhookEvent.id)  # type: ignore[return-value]
