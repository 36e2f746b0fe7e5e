"""What people were told and chose about their data, and what follows from it.

Sources: Law 91/2025/QH15 Art. 9 (consent explicit, per purpose, provable), Decree
356/2025/NĐ-CP. The notice's version is the digest of its text: a changed notice is shown
again once, and the old choice stays on record.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col

from models import (
    ConsentRecord,
    Contact,
    Conversation,
    EventStatus,
    MessageStatus,
    OutboxMessage,
    PrivacyChoice,
    WebhookEvent,
)

_CANCELLABLE = (MessageStatus.WAITING, MessageStatus.PARKED)
ANSWERING = "answering"  # keeping questions for the weekly review
CAMPAIGNS = "campaigns"  # being sent news that was not asked for


def record_choice(
    session: Session,
    contact: Contact,
    choice: PrivacyChoice,
    version: str,
    now: datetime,
) -> None:
    """Write the choice down: on the person for today, in the log for ever."""
    contact.privacy_choice = choice
    contact.privacy_version = version
    contact.privacy_at = now
    session.add(contact)
    record_consent(session, contact, ANSWERING, choice, version, now)


def record_consent(
    session: Session,
    contact: Contact,
    purpose: str,
    choice: str,
    version: str,
    now: datetime,
) -> None:
    session.add(
        ConsentRecord(
            contact_id=contact.id or 0, purpose=purpose, choice=choice,
            text_version=version, recorded_at=now,
        )
    )  # fmt: skip


def may_keep_questions(contact: Contact) -> bool:
    """Unanswered questions are kept without a name, and not at all for who refused."""
    return contact.privacy_choice != PrivacyChoice.REFUSED


def forget_words_of_refuser(
    session: Session, contact: Contact, event: WebhookEvent
) -> None:
    """Who refused is answered, and only that an event came is kept."""
    if contact.privacy_choice == PrivacyChoice.REFUSED:
        session.execute(
            update(WebhookEvent)
            .where(col(WebhookEvent.id) == event.id)
            .values(payload={"event_name": event.event_name})
        )


def forget_event(session: Session, event_key: str) -> None:
    """Only that it came is kept: talk in a group that was not meant for us."""
    session.execute(
        update(WebhookEvent)
        .where(col(WebhookEvent.event_key) == event_key)
        .values(payload={})
    )


def erase(session: Session, contact: Contact) -> None:
    """Drop what this person said and was told; rows stay as counts without content.

    What he wrote since and nobody has read yet is no past: it is answered.
    """
    session.execute(
        update(WebhookEvent)
        .where(
            col(WebhookEvent.contact_id) == contact.id,
            col(WebhookEvent.status) != EventStatus.WAITING,
        )
        .values(payload={})
    )
    sent = col(OutboxMessage.contact_id) == contact.id
    session.execute(
        update(OutboxMessage)
        .where(sent, col(OutboxMessage.status).in_(_CANCELLABLE))
        .values(status=MessageStatus.CANCELLED, reason="person_erased")
    )
    session.execute(
        update(OutboxMessage)
        .where(sent, col(OutboxMessage.status) != MessageStatus.SENDING)
        .values(content={})
    )
    session.execute(
        delete(Conversation).where(col(Conversation.contact_id) == contact.id)
    )
    contact.unit_code = None
    contact.greeted_at = None
    contact.privacy_choice = PrivacyChoice.UNASKED
    session.add(contact)
