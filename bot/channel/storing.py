"""The statements that bring an event into the database: what they do stands in ``intake``.

SQLAlchemy Core, because the ORM costs nearly twice the CPU in this path and because only
an upsert is free of the race between looking and inserting. Built once per engine:
building a statement takes longer than running it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    Executable,
    Select,
    Table,
    bindparam,
    case,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from bot.channel.inbound import CLOCK_SKEW, EventKind
from models import Account, Contact, EventStatus, WebhookEvent

if TYPE_CHECKING:
    from bot.channel.intake import Arrival

_UNSAID = ("id", "contact_id")  # the database's own, and what a statement looks up
_FOLLOWING = (EventKind.FOLLOW.value, EventKind.UNFOLLOW.value)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A row just inserted; its person is None when nobody is known yet."""

    id: int
    contact_id: int | None


def is_ours(connection: Connection, oa_id: str) -> bool:
    found = connection.execute(_statements(connection).account, {"oa": oa_id})
    return found.first() is not None


def is_official(connection: Connection, arrival: Arrival) -> bool:
    """Whether who speaks is one here, or on another account of the same app."""
    contacts = _table(Contact)
    here = connection.execute(
        select(contacts.c.official_id, contacts.c.user_id_by_app).where(
            contacts.c.oa_id == arrival.oa_id, contacts.c.user_id == arrival.user_id
        )
    ).first()
    if here is None or here.official_id is not None or here.user_id_by_app is None:
        return here is not None and here.official_id is not None
    elsewhere = select(contacts.c.id).where(
        contacts.c.user_id_by_app == here.user_id_by_app,
        contacts.c.official_id.is_not(None),
    )
    return connection.execute(elsewhere).first() is not None


def insert_event(connection: Connection, arrival: Arrival) -> NewEvent | None:
    """The new row, tied to its person if known; None when it is already there, or when
    the account is not ours."""
    reason = arrival.ignored_because
    found = connection.execute(
        _statements(connection).event,
        _defaults(WebhookEvent)
        | {
            "event_key": arrival.event_key,
            "oa_id": arrival.oa_id,
            "event_name": arrival.event_name,
            "payload": arrival.payload,
            "body_sha256": arrival.body_sha256,
            "occurred_at": arrival.occurred_at,
            "received_at": arrival.received_at,
            "status": EventStatus.WAITING if reason is None else EventStatus.IGNORED,
            "reason": reason,
            "due_at": arrival.received_at,
            "of_user": arrival.user_id if reason is None else None,
        },
    ).first()
    return NewEvent(*found) if found else None


def remember_contact(connection: Connection, arrival: Arrival) -> int:
    """The person of this event, made or renewed."""
    is_newer = arrival.occurred_at if arrival.is_interaction else None
    contact_id: int = connection.execute(
        _statements(connection).contact,
        _defaults(Contact)
        | {
            "oa_id": arrival.oa_id,
            "user_id": arrival.user_id,
            "user_id_by_app": arrival.user_id_by_app,
            "created_at": arrival.received_at,
            "last_interaction_at": is_newer,
        },
    ).scalar_one()
    if arrival.kind in _FOLLOWING:
        _remember_following(connection, arrival, contact_id)
    return contact_id


def tie(connection: Connection, event_id: int, contact_id: int) -> None:
    """Say whose event it is, when the person came into being with it."""
    connection.execute(
        _statements(connection).tie, {"event": event_id, "contact": contact_id}
    )


def note_delivery(connection: Connection, arrival: Arrival, no_body: str) -> None:
    """A row that was read in the history, without a body, gets that of its webhook."""
    events = _table(WebhookEvent)
    connection.execute(
        update(events)
        .where(events.c.event_key == arrival.event_key, events.c.body_sha256 == no_body)
        .values(body_sha256=arrival.body_sha256, received_at=arrival.received_at)
    )


def _remember_following(
    connection: Connection, arrival: Arrival, contact_id: int
) -> None:
    """Follow and unfollow, unless a newer one of the two has already come.

    An event that occurred later was received later too, so the index on ``received_at``
    leaves only the rows since then to look at: none for an event that is on time.
    """
    events, contacts = _table(WebhookEvent), _table(Contact)
    newer = connection.execute(
        select(events.c.id).where(
            events.c.received_at > arrival.occurred_at - CLOCK_SKEW,
            events.c.contact_id == contact_id,
            events.c.event_name.in_(_FOLLOWING),
            events.c.occurred_at > arrival.occurred_at,
        )
    )
    if newer.first() is None:
        connection.execute(
            update(contacts)
            .where(contacts.c.id == contact_id)
            .values(is_follower=arrival.kind == EventKind.FOLLOW)
        )


@dataclass(frozen=True, slots=True)
class _Statements:
    account: Executable
    event: Executable
    contact: Executable
    tie: Executable


def _statements(connection: Connection) -> _Statements:
    return _built(connection.dialect.name == "sqlite")


@cache
def _built(is_sqlite: bool) -> _Statements:
    accounts, contacts = _table(Account), _table(Contact)
    events = _table(WebhookEvent)
    insert = sqlite.insert if is_sqlite else postgresql.insert
    new_contact = insert(contacts)
    new, old = (
        new_contact.excluded.last_interaction_at,
        contacts.c.last_interaction_at,
    )
    return _Statements(
        account=select(accounts.c.oa_id).where(accounts.c.oa_id == bindparam("oa")),
        event=insert(events)
        .from_select(*_event_of_ours())
        .on_conflict_do_nothing(index_elements=["event_key"])
        .returning(events.c.id, events.c.contact_id),
        contact=new_contact.on_conflict_do_update(
            index_elements=["oa_id", "user_id"],
            set_={
                "user_id_by_app": func.coalesce(
                    new_contact.excluded.user_id_by_app, contacts.c.user_id_by_app
                ),
                "last_interaction_at": case(
                    (old.is_(None) | (new > old), new), else_=old
                ),
            },
        ).returning(contacts.c.id),
        tie=update(events)
        .where(events.c.id == bindparam("event"))
        .values(contact_id=bindparam("contact")),
    )


def _event_of_ours() -> tuple[list[str], Select[*tuple[Any, ...]]]:
    """The columns of an event and a row for them, which only an account of ours has."""
    accounts, contacts = _table(Account), _table(Contact)
    events = _table(WebhookEvent)
    known_contact = select(contacts.c.id).where(
        contacts.c.oa_id == bindparam("oa_id"),
        contacts.c.user_id == bindparam("of_user"),
    )
    given = [column for column in events.c if column.name not in _UNSAID]
    values = [bindparam(column.name, type_=column.type) for column in given]
    row = select(*values, known_contact.scalar_subquery()).where(
        accounts.c.oa_id == bindparam("oa_id")
    )
    return [*(column.name for column in given), "contact_id"], row


@cache
def _defaults(model: type[SQLModel]) -> dict[str, Any]:
    """What a row has that nobody has said anything about; never changed, only added to."""
    fields = model.model_fields.items()
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in fields
        if not field.is_required() and name not in _UNSAID
    }


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]
