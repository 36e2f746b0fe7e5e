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
    ColumnElement,
    Connection,
    Executable,
    Select,
    Update,
    bindparam,
    case,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import SQLModel

from bot.channel.inbound import CLOCK_SKEW, EventKind
from bot.db import table_of
from models import Account, Contact, EventStatus, WebhookEvent

if TYPE_CHECKING:
    from bot.channel.intake import Arrival

_TOLD = ("user_id_by_app", "last_interaction_at")  # by any event, of its person
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
    contacts = table_of(Contact)
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
    """The new row, tied to its person if known, who is renewed; None when it is already
    there, or when the account is not ours."""
    reason = arrival.ignored_because
    statements, told = _statements(connection), _told_by(arrival)
    renewal = {f"new_{name}": value for name, value in told.items()}
    found = connection.execute(
        statements.event,
        _defaults(WebhookEvent)
        | {
            "event_key": arrival.event_key,
            "account": arrival.oa_id,
            "event_name": arrival.event_name,
            "payload": arrival.payload,
            "body_sha256": arrival.body_sha256,
            "occurred_at": arrival.occurred_at,
            "received_at": arrival.received_at,
            "status": EventStatus.WAITING if reason is None else EventStatus.IGNORED,
            "reason": reason,
            "due_at": arrival.received_at,
            "of_user": arrival.user_id if reason is None else None,
            **renewal,
        },
    ).first()
    if found is None:
        return None
    event = NewEvent(*found)
    if statements.renewal is not None and event.contact_id is not None:
        connection.execute(statements.renewal, {"contact": event.contact_id, **renewal})
    return event


def remember_contact(connection: Connection, arrival: Arrival, event: NewEvent) -> None:
    """The person of a new event: made and tied to it unless known, follower or not."""
    contact_id = event.contact_id
    if contact_id is None:
        contact_id = _make_contact(connection, arrival)
        connection.execute(
            _statements(connection).tie, {"event": event.id, "contact": contact_id}
        )
    if arrival.kind in _FOLLOWING:
        _remember_following(connection, arrival, contact_id)


def note_delivery(connection: Connection, arrival: Arrival, no_body: str) -> None:
    """A row that was read in the history, without a body, gets that of its webhook."""
    events = table_of(WebhookEvent)
    connection.execute(
        update(events)
        .where(events.c.event_key == arrival.event_key, events.c.body_sha256 == no_body)
        .values(body_sha256=arrival.body_sha256, received_at=arrival.received_at)
    )


def _make_contact(connection: Connection, arrival: Arrival) -> int:
    """Two of its events may come at once: the second renews what the first has made."""
    made: int = connection.execute(
        _statements(connection).contact,
        _defaults(Contact)
        | _told_by(arrival)
        | {
            "oa_id": arrival.oa_id,
            "user_id": arrival.user_id,
            "created_at": arrival.received_at,
        },
    ).scalar_one()
    return made


def _told_by(arrival: Arrival) -> dict[str, Any]:
    """What an event tells of its person, known or not: the columns of ``_TOLD``."""
    interacted_at = arrival.occurred_at if arrival.is_interaction else None
    return dict(zip(_TOLD, (arrival.user_id_by_app, interacted_at), strict=True))


def _remember_following(
    connection: Connection, arrival: Arrival, contact_id: int
) -> None:
    """Follow and unfollow, unless a newer one of the two has already come.

    An event that occurred later was received later too, so the index on ``received_at``
    leaves only the rows since then to look at: none for an event that is on time.
    """
    events, contacts = table_of(WebhookEvent), table_of(Contact)
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
    renewal: Executable | None  # None: the event's does it
    tie: Executable


def _statements(connection: Connection) -> _Statements:
    return _built(connection.dialect.name == "sqlite")


@cache
def _built(is_sqlite: bool) -> _Statements:
    accounts, contacts = table_of(Account), table_of(Contact)
    events = table_of(WebhookEvent)
    insert = sqlite.insert if is_sqlite else postgresql.insert
    event = (
        insert(events)
        .from_select(*_event_of_ours())
        .on_conflict_do_nothing(index_elements=["event_key"])
        .returning(events.c.id, events.c.contact_id)
    )
    told = {
        name: bindparam(f"new_{name}", type_=contacts.c[name].type) for name in _TOLD
    }
    renewal = update(contacts).values(_renewed(told))
    new_contact = insert(contacts)
    return _Statements(
        account=select(accounts.c.oa_id).where(accounts.c.oa_id == bindparam("oa")),
        event=event if is_sqlite else _with_renewal(event, renewal),
        contact=new_contact.on_conflict_do_update(
            index_elements=["oa_id", "user_id"],
            set_=_renewed(new_contact.excluded),
        ).returning(contacts.c.id),
        renewal=renewal.where(contacts.c.id == bindparam("contact"))
        if is_sqlite
        else None,
        tie=update(events)
        .where(events.c.id == bindparam("event"))
        .values(contact_id=bindparam("contact")),
    )


def _with_renewal(event: ReturningInsert[int, int], renewal: Update) -> Executable:
    """Both in one statement: the way to the server and back costs more than either."""
    stored = event.cte("stored")
    renewed = renewal.where(table_of(Contact).c.id == stored.c.contact_id).cte(
        "renewed"
    )
    return select(stored.c.id, stored.c.contact_id).add_cte(renewed)


def _renewed(new: Any) -> dict[str, ColumnElement[Any]]:
    """The newest of what was known of a person and what an event tells."""
    old = table_of(Contact).c
    at, was_at = new["last_interaction_at"], old.last_interaction_at
    return {
        "user_id_by_app": func.coalesce(new["user_id_by_app"], old.user_id_by_app),
        "last_interaction_at": case(
            (was_at.is_(None) | (at > was_at), at), else_=was_at
        ),
    }


def _event_of_ours() -> tuple[list[str], Select[*tuple[Any, ...]]]:
    """The columns of an event and a row for them, which only an account of ours has."""
    accounts, contacts = table_of(Account), table_of(Contact)
    events = table_of(WebhookEvent)
    known_contact = select(contacts.c.id).where(
        contacts.c.oa_id == bindparam("account"),
        contacts.c.user_id == bindparam("of_user"),
    )
    unsaid = {"id", "processed_at", "oa_id", "contact_id"}  # later, or looked up here
    given = [column for column in events.c if column.name not in unsaid]
    values = [bindparam(column.name, type_=column.type) for column in given]
    # "account": a value named like a column of contacts would be written there too
    row = select(*values, accounts.c.oa_id, known_contact.scalar_subquery()).where(
        accounts.c.oa_id == bindparam("account")
    )
    return [*(column.name for column in given), "oa_id", "contact_id"], row


@cache
def _defaults(model: type[SQLModel]) -> dict[str, Any]:
    """What a row has that nobody has said anything about, but for NULLs; never changed,
    only added to."""
    values = {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    return {name: value for name, value in values.items() if value is not None}
