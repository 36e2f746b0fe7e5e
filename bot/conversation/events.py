"""The loop from stored events to replies.

Guarantees:

* one person's events are handled one at a time, in the order they were stored; event and
  person are locked while it lasts; other people's events run beside it;
* claim, the handler's own rows, the replies in the outbox and the event's end are one
  commit: a crash before it leaves the event waiting and the person free, a crash after it
  leaves nothing to do;
* a failing event is tried again with growing pauses and delays nobody but its own person;
  after the last attempt it is dead, keeps its payload, and the person gets an apology.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session

from bot.catalogue.catalogue import Catalogue
from bot.channel import outbox
from bot.channel.inbound import InboundEvent, parse_event
from bot.clock import Clock
from bot.conversation import waiting
from bot.conversation.announcing import announce
from bot.conversation.state import load_context, save_context
from bot.conversation.texts import Texts
from bot.conversation.turn import Command, Context, Reply, Route, Turn
from bot.conversation.understanding import Words, understand
from bot.conversation.waiting import Claimed, Head
from bot.db import Database
from bot.people.privacy import forget_words_of_refuser
from models import Contact, EventStatus, Lane, WebhookEvent

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=5)
# An answer to a question of last week would only confuse; Zalo closes its window at 7 days.
REPLY_USEFUL_FOR = timedelta(days=7)
APOLOGY = Reply("errors.apology", remark=True)


@dataclass(frozen=True, slots=True)
class _Done:
    """For the log."""

    event_name: str
    route: str
    replies: int


@dataclass(frozen=True, slots=True)
class Conversations:
    """All that handling an event needs; built once in ``building``."""

    database: Database
    clock: Clock
    catalogue: Catalogue
    texts: Texts
    words: Words
    routes: Sequence[Route]
    zone: ZoneInfo
    base_url: str = ""
    heads: deque[Head] = field(default_factory=deque, init=False)

    def run_once(self) -> bool:
        """Handle one waiting event; True when there was one."""
        while True:
            is_fresh = not self.heads
            if is_fresh:
                self._look_up()
            while self.heads:
                if self._handle_head(self.heads.popleft()):
                    return True
            if is_fresh:  # nothing waits, or all of it is in other hands
                return False

    def _look_up(self) -> None:
        with self.database.reading() as session:  # an idle worker takes no write lock
            self.texts.look(session)
            self.heads.extend(waiting.look_up(session, self.clock.now()))

    def _handle_head(self, head: Head) -> bool:
        """False when somebody else has done it, or is at it."""
        started = time.perf_counter()
        try:
            done = self._handle(head)
        except Exception as error:
            log.exception("event_failed", event_id=head.event_id)
            self._postpone(head, error)
            return True
        if done is None:
            return False
        took = round((time.perf_counter() - started) * 1000, 1)
        log.info("event_done", event_id=head.event_id, name=done.event_name,
                 route=done.route, replies=done.replies, ms=took)  # fmt: skip
        return True

    def _handle(self, head: Head) -> _Done | None:
        if self.database.is_sqlite:
            self._search_ahead(head)
        with self.database.writing() as session:
            now = self.clock.now()
            claimed = waiting.claim(session, head.event_id, now)
            if claimed is None:
                return None
            row, contact = claimed.event, claimed.contact
            event = parse_event(row.payload, received_at=row.received_at)
            if event.is_interaction:
                outbox.release_parked(session, _id(contact), now)
            turn = self._turn(session, event, claimed, now)
            route = self.route_of(turn)
            # before the handler: what it does to finished events is meant for this one too
            _finish(row, EventStatus.DONE, route.name, now)
            replies = route.run(turn)
            save_context(session, _id(contact), replies, now)
            self._enqueue(session, f"event:{row.id}", claimed, replies, now)
            forget_words_of_refuser(session, contact, row)
            return _Done(row.event_name, route.name, len(replies))

    def _search_ahead(self, head: Head) -> None:
        """SQLite has one write lock for everybody: the search is done before it is taken."""
        event = parse_event(head.payload)
        if event.text:
            self.catalogue.warm(event.text)

    def route_of(self, turn: Turn) -> Route:
        """The first route that accepts; the last one accepts everything."""
        return next(route for route in self.routes if route.when(turn))

    def _turn(
        self, session: Session, event: InboundEvent, claimed: Claimed, now: datetime
    ) -> Turn:
        contact = claimed.contact
        context = load_context(session, _id(contact), now)
        if event.quote_msg_id:
            context = _about_quoted(session, contact, event.quote_msg_id, context)
        text = event.text or ""
        return Turn(
            event=event,
            contact=contact,
            account=claimed.account,
            session=session,
            catalogue=self.catalogue,
            label=self.texts.label,
            now=now,
            zone=self.zone,
            text=text,
            command=understand(text, context, self.words) if text else None,
            context=context,
            base_url=self.base_url,
        )

    def _enqueue(
        self,
        session: Session,
        key: str,
        claimed: Claimed,
        replies: Sequence[Reply],
        now: datetime,
    ) -> None:
        """What is said to the person himself, and to others because of it."""
        for to, said in _by_recipient(replies).items():
            announce(
                session,
                self.texts,
                claimed.contact if to is None else session.get_one(Contact, to),
                key if to is None else f"{key}:to:{to}",
                said,
                lane=Lane.REPLY,
                now=now,
                useful_until=now + REPLY_USEFUL_FOR,
            )

    def _postpone(self, head: Head, error: Exception) -> None:
        with self.database.writing() as session:
            now = self.clock.now()
            claimed = waiting.claim(session, head.event_id, now)
            if claimed is None:
                return
            row = claimed.event
            row.attempts += 1
            row.reason = type(error).__name__
            if row.attempts < MAX_ATTEMPTS:
                row.due_at = now + FIRST_PAUSE * 2 ** (row.attempts - 1)
                return
            _finish(row, EventStatus.DEAD, type(error).__name__, now)
            self._enqueue(session, f"apology:{row.id}", claimed, [APOLOGY], now)


def _by_recipient(replies: Sequence[Reply]) -> dict[int | None, list[Reply]]:
    found: dict[int | None, list[Reply]] = {}
    for reply in replies:
        found.setdefault(reply.to, []).append(reply)
    return found


def _about_quoted(
    session: Session, contact: Contact, message_id: str, context: Context
) -> Context:
    """Who quotes an older answer of ours asks about that one."""
    quoted = outbox.find_sent(session, contact.oa_id, message_id)
    about = Command.parse(quoted.content.get("about") or "") if quoted else None
    if about is None or about == context.focus:
        return context
    # the options on the screen are those of another answer
    return Context(focus=about, progress=context.progress)


def _finish(row: WebhookEvent, status: EventStatus, reason: str, now: datetime) -> None:
    row.status = status
    row.reason = reason
    row.processed_at = now


def _id(contact: Contact) -> int:
    if contact.id is None:
        raise ValueError("contact is not stored yet")
    return contact.id
