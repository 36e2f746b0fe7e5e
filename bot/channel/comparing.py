"""One account's recent chats at Zalo against the stored events: what is missing is stored.

The list of chats is gone through page by page, newest first. New messages move chats to its
front only, so a comparison that is broken off may go on at the same place later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from bot.channel.accounts import Accounts
from bot.channel.event_kinds import ECHOES
from bot.channel.inbound import echo_key, message_key
from bot.channel.intake import store_event
from bot.channel.past import arrival_from
from bot.channel.zalo.answers import HistoryItem
from bot.channel.zalo.client import HISTORY_PAGE, ZaloClient
from bot.db import Database
from models import OutboxMessage, WebhookEvent

log = structlog.get_logger(__name__)

PAGES_OF_PERSON = 10  # a hundred messages of one person: more is no conversation

Items = list[HistoryItem]


@dataclass(slots=True)
class Reader:
    """Zalo's history of one account. ``begin_call`` comes before each call and may raise."""

    oa_id: str
    client: ZaloClient
    accounts: Accounts
    begin_call: Callable[[], None]
    _token: str | None = None

    def recent_chats(self, offset: int) -> Items:
        return self._ask(lambda token: self.client.recent_chats(token, offset=offset))

    def conversation(self, user_id: str, offset: int) -> Items:
        return self._ask(
            lambda token: self.client.conversation(token, user_id, offset=offset)
        )

    def _ask(self, ask: Callable[[str], Items]) -> Items:
        def counted(token: str) -> Items:
            self.begin_call()
            found = ask(token)
            self._token = token
            return found

        return self.accounts.call(self.oa_id, counted, self._token)


@dataclass(slots=True)
class Comparison:
    """Of all that people wrote after ``since`` and up to ``until``."""

    database: Database
    reader: Reader
    now: datetime
    since: datetime
    until: datetime
    offset: int = 0  # how far down the list of chats it has come
    is_over: bool = False
    found: int = 0
    _passed_by: list[str] = field(default_factory=list)  # whose newest message is known

    def run(self) -> None:
        """To the end, unless the reader stops it: then ``offset`` says how far it came."""
        while not self.is_over:
            chats = self.reader.recent_chats(self.offset)
            fresh = [chat for chat in chats if chat.sent_at > self.since]
            known = self._known(fresh)
            for chat in fresh:
                if chat.message_id in known:
                    self._passed_by.append(chat.user_id)
                else:
                    self._read(chat.user_id)
            self.is_over = len(chats) < HISTORY_PAGE or not fresh
            self.offset += len(chats)
        if self.found:
            # who wrote again meanwhile has a known message in front of the lost ones
            for user_id in self._passed_by:
                self._read(user_id)

    def _read(self, user_id: str) -> None:
        """Store what this person wrote and nobody brought, in the order written."""
        lost: Items = []
        for page in range(PAGES_OF_PERSON):
            items = self.reader.conversation(user_id, page * HISTORY_PAGE)
            lost += [item for item in items if self._is_wanted(item)]
            is_last = len(items) < HISTORY_PAGE
            if is_last or all(item.sent_at <= self.since for item in items):
                break
        lost.reverse()  # the history begins with the newest
        lost.sort(key=lambda item: item.sent_at)
        oa_id = self.reader.oa_id
        arrivals = [arrival_from(item, oa_id, self.now) for item in lost]
        with self.database.writing_plainly() as connection:
            stored = [store_event(connection, arrival).is_new for arrival in arrivals]
        self.found += sum(stored)

    def _is_wanted(self, item: HistoryItem) -> bool:
        is_ours = self.since < item.sent_at <= self.until
        return is_ours and not item.from_oa and bool(item.message_id)

    def _known(self, chats: Sequence[HistoryItem]) -> set[str]:
        """The messages among these that came by the webhook or left by the sender."""
        oa_id = self.reader.oa_id
        with self.database.reading() as session:
            return _known_messages(session, oa_id, chats)


def _known_messages(
    session: Session, oa_id: str, items: Sequence[HistoryItem]
) -> set[str]:
    keys = {key: item.message_id for item in items for key in _keys(item, oa_id)}
    stored = session.exec(
        select(WebhookEvent.event_key).where(
            col(WebhookEvent.event_key).in_(list(keys))
        )
    )
    known = {keys[key] for key in stored}
    own = [item.message_id for item in items if item.from_oa and item.message_id]
    sent = session.exec(
        select(OutboxMessage.zalo_message_id).where(
            col(OutboxMessage.zalo_message_id).in_(own)
        )
    )
    return known | {message_id for message_id in sent if message_id}


def _keys(item: HistoryItem, oa_id: str) -> list[str]:
    if item.from_oa:
        return [echo_key(name, oa_id, item.message_id) for name in ECHOES]
    return [message_key(oa_id, item.message_id)]
