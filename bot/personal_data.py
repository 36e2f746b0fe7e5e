"""A person's data over all tables: handed over, or erased.

``PARTS`` names every column that leads to a contact or an official, and what becomes of
its rows when the person is forgotten; a test compares it with the tables, so that a new
one cannot be left out. What stays is without a key to the person: counts of events and
messages, the consent log, the proofs of his unit, and the audit chain, in which only his
pseudonym stands. Who writes again afterwards is somebody new.

Not reached from here: Zalo itself, backups made before, and events that wait in the spool
while the database is away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, String, delete, literal, or_, select, update
from sqlmodel import Session, SQLModel, col

from bot.channel.outbox import Reason
from bot.db import table_of
from bot.errors import OperatorError
from bot.feedback import forgetting
from bot.people import audit
from bot.people.officials import contacts_of, person_behind
from models import (
    Absence,
    AccountGroup,
    ArticleVersion,
    Campaign,
    CampaignRecipient,
    ConsentRecord,
    Contact,
    ContactTag,
    Conversation,
    DashboardSession,
    EventStatus,
    Exemption,
    Feedback,
    FeedbackEntry,
    Handover,
    Invitation,
    LoginLink,
    Membership,
    MessageStatus,
    OaArticle,
    Official,
    OutboxMessage,
    OwnReminder,
    Proof,
    Reminder,
    Survey,
    SurveySheet,
    WebhookEvent,
)


class Owner(StrEnum):
    CONTACT = "contact"
    OFFICIAL = "official"


class Fate(StrEnum):
    DELETE = "delete"
    UNLINK = "unlink"  # the row stays, without leading to the person
    BLANK = "blank"  # the row stays as a count; ``blank`` is emptied
    KEEP = "keep"  # holds nothing by itself, and the contact's key is gone


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table that belong to a person by one column."""

    model: type[SQLModel]
    column: str
    owner: Owner
    fate: Fate
    blank: dict[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return str(self.model.__tablename__)

    @property
    def key(self) -> Column[Any]:
        return SQLModel.metadata.tables[self.table].c[self.column]


_FORGOTTEN = "forgotten:"
PARTS = (
    Part(Conversation, "contact_id", Owner.CONTACT, Fate.DELETE),
    Part(ConsentRecord, "contact_id", Owner.CONTACT, Fate.KEEP),
    Part(
        WebhookEvent,
        "contact_id",
        Owner.CONTACT,
        Fate.BLANK,
        # Zalo's key of an event may hold the person's id
        {"payload": {}, "body_sha256": "", "event_key": _FORGOTTEN},
    ),
    Part(
        OutboxMessage,
        "contact_id",
        Owner.CONTACT,
        Fate.BLANK,
        {"content": {}, "zalo_message_id": None},
    ),
    Part(Handover, "contact_id", Owner.CONTACT, Fate.DELETE),
    Part(Handover, "taken_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Handover, "done_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Feedback, "contact_id", Owner.CONTACT, Fate.BLANK, forgetting.BLANK),
    Part(Feedback, "taken_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(
        FeedbackEntry,
        "contact_id",
        Owner.CONTACT,
        Fate.BLANK,
        {"text": "", "contact_id": None},
    ),
    Part(FeedbackEntry, "official_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(SurveySheet, "contact_id", Owner.CONTACT, Fate.DELETE),
    Part(Survey, "owner_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Proof, "contact_id", Owner.CONTACT, Fate.UNLINK),
    Part(Proof, "sent_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Proof, "review_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(OaArticle, "owner_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(OaArticle, "approved_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(ArticleVersion, "owner_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(ArticleVersion, "approved_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(AccountGroup, "contact_id", Owner.CONTACT, Fate.DELETE),
    Part(AccountGroup, "tied_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(OwnReminder, "contact_id", Owner.CONTACT, Fate.DELETE),
    Part(Exemption, "asked_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Exemption, "decided_by_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Invitation, "official_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Membership, "official_id", Owner.OFFICIAL, Fate.DELETE),
    Part(LoginLink, "official_id", Owner.OFFICIAL, Fate.DELETE),
    Part(DashboardSession, "official_id", Owner.OFFICIAL, Fate.DELETE),
    Part(Reminder, "official_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Absence, "official_id", Owner.OFFICIAL, Fate.DELETE),
    Part(Absence, "substitute_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Contact, "official_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(ContactTag, "contact_id", Owner.CONTACT, Fate.DELETE),
    Part(CampaignRecipient, "contact_id", Owner.CONTACT, Fate.KEEP),
    Part(Campaign, "owner_id", Owner.OFFICIAL, Fate.UNLINK),
    Part(Campaign, "approved_by_id", Owner.OFFICIAL, Fate.UNLINK),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that is one person here: his contacts, and the official he may be."""

    contacts: Sequence[Contact]
    official: Official | None

    def ids(self, owner: Owner) -> list[int]:
        if owner == Owner.OFFICIAL:
            return [self.official.id or 0] if self.official else []
        return [contact.id or 0 for contact in self.contacts]


def find_person(session: Session, key: str) -> Person:
    """By contact id, Zalo user id, id by app, or pseudonym of an official."""
    official = session.scalars(
        select(Official).where(col(Official.pseudonym) == key)
    ).one_or_none()
    contact = _contact(session, key) if official is None else None
    if contact is not None:
        official = person_behind(session, contact)
    if official is not None:
        return Person(contacts_of(session, official.id or 0), official)
    if contact is None:
        raise OperatorError(f"--user {key}: nobody here has this id")
    return Person(_same_person(session, contact), None)


def _contact(session: Session, key: str) -> Contact | None:
    zalo = or_(col(Contact.user_id) == key, col(Contact.user_id_by_app) == key)
    found = session.scalars(select(Contact).where(zalo)).first()
    if found is None and key.isdecimal() and len(key) < 12:  # Zalo's ids are longer
        found = session.get(Contact, int(key))
    return found


def _same_person(session: Session, contact: Contact) -> Sequence[Contact]:
    if contact.user_id_by_app is None:
        return [contact]
    same = col(Contact.user_id_by_app) == contact.user_id_by_app
    return session.scalars(select(Contact).where(same).order_by(col(Contact.id))).all()


# --- handed over ----------------------------------------------------------------------------


def export(session: Session, person: Person) -> dict[str, Any]:
    """All rows that are his, table by table, as JSON takes them."""
    tables: dict[str, list[dict[str, Any]]] = {
        "contact": list(_rows(session, Contact, "id", person.ids(Owner.CONTACT))),
        "official": list(_rows(session, Official, "id", person.ids(Owner.OFFICIAL))),
    }
    for part in PARTS:
        if part.model is Contact:
            continue
        rows = tables.setdefault(part.table, [])
        for row in _rows(session, part.model, part.column, person.ids(part.owner)):
            if row not in rows:  # a proof may be his by both its columns
                rows.append(row)
    return tables


def _rows(
    session: Session, model: type[SQLModel], column: str, ids: list[int]
) -> Iterator[dict[str, Any]]:
    table = table_of(model)
    found = session.execute(
        select(table).where(table.c[column].in_(ids)).order_by(*table.primary_key)
    )
    for row in found.mappings():
        yield {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


# --- erased ---------------------------------------------------------------------------------


def forget(session: Session, person: Person, now: datetime) -> list[str]:
    """Erase the person; lines say what became of what. Refused while a message leaves."""
    ids = person.ids(Owner.CONTACT)
    _refuse_while_sending(session, ids)
    _stop_what_waits(session, ids, now)
    lines = [line for part in PARTS if (line := _forget_part(session, part, person))]
    for contact in person.contacts:
        _forget_contact(session, contact)
    if person.official is not None:
        session.delete(person.official)
        lines.append("official: deleted")
    session.flush()
    session.expire_all()
    subject = (
        f"official:{person.official.pseudonym}"
        if person.official
        else f"contact:{ids[0]}"
    )
    detail = {"contacts": ids}
    audit.record(session, audit.OPERATOR, "person.forgotten", subject, detail, now)
    return [*lines, f"contact: {len(ids)} without a key to the person"]


def _refuse_while_sending(session: Session, ids: list[int]) -> None:
    leaving = session.scalars(
        select(col(OutboxMessage.id)).where(
            col(OutboxMessage.contact_id).in_(ids),
            col(OutboxMessage.status) == MessageStatus.SENDING,
        )
    ).all()
    if leaving:
        raise OperatorError(
            f"{len(leaving)} messages are just leaving: try again in a minute"
        )


def _stop_what_waits(session: Session, ids: list[int], now: datetime) -> None:
    forgetting.withdraw_all(session, ids, now)
    session.execute(
        update(WebhookEvent)
        .where(
            col(WebhookEvent.contact_id).in_(ids),
            col(WebhookEvent.status).in_((EventStatus.WAITING, EventStatus.DEAD)),
        )
        .values(status=EventStatus.IGNORED, reason=Reason.PERSON_ERASED)
    )
    waiting = (MessageStatus.WAITING, MessageStatus.PARKED, MessageStatus.DEAD)
    session.execute(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.contact_id).in_(ids),
            col(OutboxMessage.status).in_(waiting),
        )
        .values(status=MessageStatus.CANCELLED, reason=Reason.PERSON_ERASED)
    )


def _forget_part(session: Session, part: Part, person: Person) -> str:
    mine = part.key.in_(person.ids(part.owner))
    table = SQLModel.metadata.tables[part.table]
    match part.fate:
        case Fate.KEEP:
            return ""
        case Fate.DELETE:
            count = len(
                session.execute(delete(table).where(mine).returning(part.key)).all()
            )
            done = "deleted"
        case Fate.UNLINK:
            unlinked = update(table).where(mine).values({part.column: None})
            count = len(session.execute(unlinked.returning(part.key)).all())
            done = "no longer lead to the person"
        case Fate.BLANK:
            values = {name: _blank(part, name) for name in part.blank}
            emptied = update(table).where(mine).values(values)
            count = len(session.execute(emptied.returning(part.key)).all())
            done = "emptied"
    return f"{part.table}.{part.column}: {count} {done}" if count else ""


def _blank(part: Part, name: str) -> Any:
    """What is unique stays so, by the number of its row."""
    value = part.blank[name]
    if value != _FORGOTTEN:
        return value
    table = SQLModel.metadata.tables[part.table]
    return literal(_FORGOTTEN).concat(table.c.id.cast(String))


def _forget_contact(session: Session, contact: Contact) -> None:
    """A new row in everything but its number."""
    fresh = Contact(
        oa_id=contact.oa_id,
        user_id=f"{_FORGOTTEN}{contact.id}",
        created_at=contact.created_at,
    )
    for name, value in fresh.model_dump(exclude={"id"}).items():
        setattr(contact, name, value)
    session.add(contact)
