"""An event reaches stable storage exactly once, holding no more than is needed.

``arrival_of`` makes an event storable: parsed, masked, with no more than is needed. That
is what the spool writes when the database is away, and what ``store_event`` writes into it.
Guarantees of ``store_event``, all in the caller's one transaction:

* ``event_key`` is unique: a redelivery changes nothing, not even the contact;
* nothing is kept of an account that is not ours (Zalo's console test ping among them);
* ID numbers, one-time codes and card numbers are masked before the row is written; of the
  raw body only its SHA-256 stays;
* receipts and everything the account itself sent keep ids only (an echo also keeps the
  SHA-256 of its text, so that a send of unknown outcome can be matched with it);
* what nobody handles is kept as IGNORED with a reason and the payload's *shape*: keys and
  types, no values;
* the contact is as new as its newest event: deliveries come unordered, sometimes hours
  late, and an old one never takes back what a newer one said.

SQLAlchemy Core, because the ORM costs nearly twice the CPU in this path and because only
an upsert is free of the race between looking and inserting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from bot.channel.inbound import (
    CLOCK_SKEW,
    EventKind,
    InboundEvent,
    timestamp_text,
)
from bot.channel.masking import mask_payload
from bot.channel.values import id_of, storable, tidy
from models import Account, Contact, EventStatus, WebhookEvent

SHAPE_DEPTH = 6  # real events nest 5 deep
SHAPE_KEYS = 40  # the richest known object has 8

_WHOLE = (
    EventKind.MESSAGE,
    EventKind.FOLLOW,
    EventKind.UNFOLLOW,
    EventKind.CHATNOW,
    EventKind.SUBMIT_INFO,
    EventKind.WITHDRAW,
    EventKind.REACTION,
)
_IDS_ONLY = (
    EventKind.RECEIVED,
    EventKind.SEEN,
    EventKind.OWN_ECHO,
    EventKind.ADMIN_MESSAGE,
)
_HANDLED = (*_WHOLE, *_IDS_ONLY)
_FOLLOWING = (EventKind.FOLLOW.value, EventKind.UNFOLLOW.value)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z_0-9.-]{0,63}")


class Outcome(StrEnum):
    STORED = "stored"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    UNKNOWN_ACCOUNT = "unknown_account"
    SPOOLED = "spooled"  # on disk, stored as soon as the database is back


@dataclass(frozen=True)
class Stored:
    """What became of an event; ``event_id`` is None when no row was written."""

    outcome: Outcome
    event_id: int | None = None
    reason: str | None = None

    @property
    def is_new(self) -> bool:
        return self.event_id is not None


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it may be stored."""

    event_key: str
    event_name: str
    kind: str
    oa_id: str | None
    user_id: str | None
    user_id_by_app: str | None
    is_interaction: bool
    occurred_at: datetime
    received_at: datetime
    payload: dict[str, Any]
    body_sha256: str
    ignored_because: str | None


def arrival_of(
    event: InboundEvent, payload: Mapping[str, Any], body_sha256: str, now: datetime
) -> Arrival:
    """What may be kept of an event; see the module's guarantees."""
    return Arrival(
        event_key=event.event_key,
        event_name=event.name,
        kind=event.kind.value,
        oa_id=event.oa_id,
        user_id=event.user_id,
        user_id_by_app=event.user_id_by_app,
        is_interaction=event.is_interaction,
        occurred_at=event.occurred_at,
        received_at=now,
        payload=payload_to_store(event, payload),
        body_sha256=body_sha256,
        ignored_because=ignored_because(event),
    )


def store_event(session: Session, arrival: Arrival) -> Stored:
    """Write the event and what it says about its person; see the module's guarantees."""
    connection = session.connection()
    if arrival.oa_id is None or not _is_ours(connection, arrival.oa_id):
        return Stored(Outcome.UNKNOWN_ACCOUNT)
    event_id = _insert_event(connection, arrival)
    if event_id is None:
        return Stored(Outcome.DUPLICATE)
    if arrival.ignored_because is not None:
        return Stored(Outcome.IGNORED, event_id, arrival.ignored_because)
    contact_id = _remember_contact(connection, arrival)
    events = _table(WebhookEvent)
    connection.execute(
        update(events).where(events.c.id == event_id).values(contact_id=contact_id)
    )
    return Stored(Outcome.STORED, event_id)


def ignored_because(event: InboundEvent) -> str | None:
    """Why nobody handles this event; None when the worker does."""
    if event.kind not in _HANDLED:
        return event.kind.value
    return None if event.user_id else "no_person"


def payload_to_store(event: InboundEvent, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the payload that may be kept; a handled one parses to the same ids.

    Where numbers were masked, ``masked_kinds`` lists what they were.
    """
    if ignored_because(event) is not None:
        return {"shape": shape_of(payload)}
    if event.kind in _IDS_ONLY:
        return _ids_only(event, payload)
    masked, kinds = mask_payload(tidy(dict(payload)))
    masked.pop("masked_kinds", None)
    return masked | ({"masked_kinds": sorted(kinds)} if kinds else {})


def shape_of(value: Any, depth: int = SHAPE_DEPTH) -> Any:
    """Keys and types, no values: enough to write the missing route."""
    if isinstance(value, Mapping) and depth > 0:
        items = list(value.items())[:SHAPE_KEYS]
        # a key that is no identifier may be somebody's name or number
        return {
            key if _PLAIN_KEY.fullmatch(key) else "?": shape_of(item, depth - 1)
            for key, item in items
        }
    if isinstance(value, list) and depth > 0:
        return [shape_of(item, depth - 1) for item in value[:1]]
    return type(value).__name__


def _ids_only(event: InboundEvent, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope of an event whose sender is the account, without any words."""
    return _present(
        {
            "event_name": event.name,
            "timestamp": storable(timestamp_text(payload)),
            "app_id": id_of(payload.get("app_id")),
            "oa_id": event.oa_id,
            "user_id": event.user_id,
            "user_id_by_app": event.user_id_by_app,
            "sender": _present({"id": event.oa_id, "admin_id": event.admin_id}),
            "recipient": _present({"id": event.user_id}),
            "message": _present(
                {
                    "msg_id": event.msg_id,
                    "msg_ids": list(event.msg_ids),
                    "text_sha256": event.text_sha256,
                }
            ),
        }
    )


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value}


# --- statements -----------------------------------------------------------------------------


def _is_ours(connection: Connection, oa_id: str) -> bool:
    accounts = _table(Account)
    found = connection.execute(
        select(accounts.c.oa_id).where(accounts.c.oa_id == oa_id)
    )
    return found.first() is not None


def _insert_event(connection: Connection, arrival: Arrival) -> int | None:
    """The id of the new row, or None when this event is already there."""
    reason = arrival.ignored_because
    row = WebhookEvent(
        event_key=arrival.event_key,
        oa_id=arrival.oa_id or "",
        event_name=arrival.event_name,
        payload=arrival.payload,
        body_sha256=arrival.body_sha256,
        occurred_at=arrival.occurred_at,
        received_at=arrival.received_at,
        status=EventStatus.WAITING if reason is None else EventStatus.IGNORED,
        reason=reason,
        due_at=arrival.received_at,
    )
    statement = (
        _insert(connection, row)
        .on_conflict_do_nothing(index_elements=["event_key"])
        .returning(_table(WebhookEvent).c.id)
    )
    return connection.execute(statement).scalar_one_or_none()


def _remember_contact(connection: Connection, event: Arrival) -> int:
    contacts = _table(Contact)
    row = Contact(
        oa_id=event.oa_id or "",
        user_id=event.user_id or "",
        user_id_by_app=event.user_id_by_app,
        created_at=event.received_at,
        last_interaction_at=event.occurred_at if event.is_interaction else None,
    )
    insert = _insert(connection, row)
    new, old = insert.excluded.last_interaction_at, contacts.c.last_interaction_at
    statement = insert.on_conflict_do_update(
        index_elements=["oa_id", "user_id"],
        set_={
            "user_id_by_app": func.coalesce(
                insert.excluded.user_id_by_app, contacts.c.user_id_by_app
            ),
            "last_interaction_at": case((old.is_(None) | (new > old), new), else_=old),
        },
    ).returning(contacts.c.id)
    contact_id: int = connection.execute(statement).scalar_one()
    if event.kind in _FOLLOWING:
        _remember_following(connection, event, contact_id)
    return contact_id


def _remember_following(
    connection: Connection, event: Arrival, contact_id: int
) -> None:
    """Follow and unfollow, unless a newer one of the two has already come.

    An event that occurred later was received later too, so the index on ``received_at``
    leaves only the rows since then to look at: none for an event that is on time.
    """
    events, contacts = _table(WebhookEvent), _table(Contact)
    newer = connection.execute(
        select(events.c.id).where(
            events.c.received_at > event.occurred_at - CLOCK_SKEW,
            events.c.contact_id == contact_id,
            events.c.event_name.in_(_FOLLOWING),
            events.c.occurred_at > event.occurred_at,
        )
    )
    if newer.first() is None:
        connection.execute(
            update(contacts)
            .where(contacts.c.id == contact_id)
            .values(is_follower=event.kind == EventKind.FOLLOW)
        )


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _insert(connection: Connection, row: SQLModel) -> sqlite.Insert | postgresql.Insert:
    """An insert of the row's values and defaults, in the dialect that can upsert."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = row.model_dump(exclude={"id"})
    plain = {k: v.value if isinstance(v, StrEnum) else v for k, v in values.items()}
    insert: sqlite.Insert | postgresql.Insert = dialect.insert(_table(type(row)))
    return insert.values(**plain)
