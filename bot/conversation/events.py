"""The loop from stored events to replies.

Guarantees:

* one person's events are handled one at a time, in the order they were stored; the
  person's row is leased while it lasts; other people's events run beside it;
* the handler's own rows, the replies in the outbox and the event's end are one commit: a
  crash before it leaves the event waiting, a crash after it leaves nothing to do;
* a failing event is tried again with growing pauses and delays nobody but its own person;
  after the last attempt it is dead, keeps its payload, and the person gets an apology.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.catalogue.catalogue import Catalogue
from bot.channel import outbox
from bot.channel.inbound import InboundEvent, parse_event
from bot.clock import Clock
from bot.conversation.rendering import render_reply
from bot.conversation.state import load_context, save_context
from bot.conversation.texts import Texts
from bot.conversation.turn import Command, Context, Reply, Route, Turn
from bot.conversation.understanding import Words, understand
from bot.db import Database
from bot.people.privacy import forget_words_of_refuser
from models import Account, Contact, EventStatus, Lane, WebhookEvent

log = structlog.get_logger(__name__)

# Long enough for the slowest handler, short enough that a crashed worker's person waits
# less than a minute.
PERSON_LEASE = timedelta(seconds=45)
MAX_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=5)
# An answer to a question of last week would only confuse; Zalo closes its window at 7 days.
REPLY_USEFUL_FOR = timedelta(days=7)
APOLOGY = Reply("errors.apology", remark=True)


@dataclass(frozen=True, slots=True)
class Lease:
    """One person in our hands; renewed with every event, so that many take no harm."""

    contact_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Conversations:
    """All that handling an event needs; built once in ``app.py``."""

    database: Database
    clock: Clock
    catalogue: Catalogue
    texts: Texts
    words: Words
    routes: Sequence[Route]
    zone: ZoneInfo

    def run_once(self) -> bool:
        """Handle the waiting events of one person; True when there was work."""
        lease = self._lease_person()
        if lease is None:
            return False
        while lease is not None:
            lease = self._handle_next(lease)
        return True

    def _lease_person(self) -> Lease | None:
        now = self.clock.now()
        with self.database.reading() as session:  # an idle worker takes no write lock
            if _next_person(session, now) is None:
                return None
        with self.database.writing() as session:
            contact_id = _next_person(session, now)
            if contact_id is None:
                return None
            lease_until = now + PERSON_LEASE
            session.execute(
                update(Contact)
                .where(col(Contact.id) == contact_id)
                .values(lease_until=lease_until)
            )
            return Lease(contact_id, lease_until)

    def _handle_next(self, lease: Lease) -> Lease | None:
        """Handle this person's oldest event; None when there is none left for now."""
        started = time.perf_counter()
        with self.database.reading() as session:
            row = _oldest_waiting(session, lease.contact_id)
        if row is None or row.due_at > self.clock.now():
            self._release(lease)
            return None
        try:
            reason, replies, renewed = self._handle(row, lease)
        except LeaseLostError:  # we were too slow; the event is in other hands
            log.warning("lease_lost", event_id=row.id)
            return None
        except Exception as error:
            log.exception("event_failed", event_id=row.id, name=row.event_name)
            self._postpone(row, error)
            return lease
        took = round((time.perf_counter() - started) * 1000, 1)
        log.info("event_done", event_id=row.id, name=row.event_name,
                 route=reason, replies=replies, ms=took)  # fmt: skip
        return renewed

    def _handle(self, row: WebhookEvent, lease: Lease) -> tuple[str, int, Lease]:
        event = parse_event(row.payload, received_at=row.received_at)
        if event.text:
            self.catalogue.warm(event.text)  # searched before the write lock is taken
        with self.database.writing() as session:
            contact = session.get_one(Contact, row.contact_id)
            if contact.lease_until != lease.until:
                raise LeaseLostError(f"contact {contact.id}")
            now = self.clock.now()
            contact.lease_until = now + PERSON_LEASE
            if event.is_interaction:
                outbox.release_parked(session, row.contact_id or 0, now)
            route, replies = self._answer(session, event, contact, now)
            self._enqueue(session, f"event:{row.id}", contact, replies, now)
            _finish(session, row, EventStatus.DONE, route, now)
            forget_words_of_refuser(session, contact, row)
            return route, len(replies), Lease(lease.contact_id, contact.lease_until)

    def _answer(
        self, session: Session, event: InboundEvent, contact: Contact, now: datetime
    ) -> tuple[str, list[Reply]]:
        turn = self._turn(session, event, contact, now)
        route = self.route_of(turn)
        replies = route.run(turn)
        save_context(session, _id(contact), replies, now)
        return route.name, replies

    def route_of(self, turn: Turn) -> Route:
        """The first route that accepts; the last one accepts everything."""
        return next(route for route in self.routes if route.when(turn))

    def _turn(
        self, session: Session, event: InboundEvent, contact: Contact, now: datetime
    ) -> Turn:
        context = load_context(session, _id(contact), now)
        if event.quote_msg_id:
            context = _about_quoted(session, contact, event.quote_msg_id, context)
        text = event.text or ""
        return Turn(
            event=event,
            contact=contact,
            account=session.get_one(Account, contact.oa_id),
            session=session,
            catalogue=self.catalogue,
            label=self.texts.label,
            now=now,
            zone=self.zone,
            text=text,
            command=understand(text, context, self.words) if text else None,
            context=context,
        )

    def _enqueue(
        self,
        session: Session,
        key: str,
        contact: Contact,
        replies: Sequence[Reply],
        now: datetime,
    ) -> None:
        account = session.get_one(Account, contact.oa_id)
        outbox.enqueue(
            session,
            contact=contact,
            key=key,
            messages=[render_reply(self.texts, reply, account) for reply in replies],
            lane=Lane.REPLY,
            now=now,
            useful_until=now + REPLY_USEFUL_FOR,
        )

    def _postpone(self, row: WebhookEvent, error: Exception) -> None:
        now = self.clock.now()
        attempts = row.attempts + 1
        with self.database.writing() as session:
            stored = session.get_one(WebhookEvent, row.id)
            stored.attempts = attempts
            stored.reason = type(error).__name__
            if attempts < MAX_ATTEMPTS:
                stored.due_at = now + FIRST_PAUSE * 2 ** (attempts - 1)
                return
            _finish(session, stored, EventStatus.DEAD, type(error).__name__, now)
            contact = session.get_one(Contact, stored.contact_id)
            self._enqueue(session, f"apology:{stored.id}", contact, [APOLOGY], now)

    def _release(self, lease: Lease) -> None:
        with self.database.writing() as session:
            session.execute(
                update(Contact)
                .where(col(Contact.id) == lease.contact_id)
                .where(col(Contact.lease_until) == lease.until)
                .values(lease_until=None)
            )


class LeaseLostError(RuntimeError):
    """Another worker took this person over; nothing of ours may be written."""


def _about_quoted(
    session: Session, contact: Contact, message_id: str, context: Context
) -> Context:
    """Who quotes an older answer of ours asks about that one."""
    quoted = outbox.find_sent(session, contact.oa_id, message_id)
    about = Command.parse(quoted.content.get("about") or "") if quoted else None
    if about is None or about == context.focus:
        return context
    return Context(focus=about)  # the options on the screen are those of another answer


def _next_person(session: Session, now: datetime) -> int | None:
    """The person whose oldest waiting event is due and whom nobody serves right now."""
    earlier = aliased(WebhookEvent)
    statement = (
        select(col(Contact.id))
        .join(WebhookEvent, col(WebhookEvent.contact_id) == col(Contact.id))
        .where(
            col(WebhookEvent.status) == EventStatus.WAITING,
            col(WebhookEvent.due_at) <= now,
            (col(Contact.lease_until).is_(None)) | (col(Contact.lease_until) <= now),
            ~exists().where(
                col(earlier.contact_id) == col(WebhookEvent.contact_id),
                col(earlier.status) == EventStatus.WAITING,
                col(earlier.id) < col(WebhookEvent.id),
            ),
        )
        .order_by(col(WebhookEvent.id))
        .limit(1)
        .with_for_update(of=Contact, skip_locked=True)
    )
    return session.execute(statement).scalar_one_or_none()


def _oldest_waiting(session: Session, contact_id: int) -> WebhookEvent | None:
    return session.execute(
        select(WebhookEvent)
        .where(
            col(WebhookEvent.contact_id) == contact_id,
            col(WebhookEvent.status) == EventStatus.WAITING,
        )
        .order_by(col(WebhookEvent.id))
        .limit(1)
    ).scalar_one_or_none()


def _finish(
    session: Session, row: WebhookEvent, status: EventStatus, reason: str, now: datetime
) -> None:
    session.execute(
        update(WebhookEvent)
        .where(col(WebhookEvent.id) == row.id)
        .values(status=status, reason=reason, processed_at=now)
    )


def _id(contact: Contact) -> int:
    if contact.id is None:
        raise ValueError("contact is not stored yet")
    return contact.id
