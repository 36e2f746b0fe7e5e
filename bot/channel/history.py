"""Did a message arrive whose call never got an answer? The conversation knows.

The text is looked for among the account's own messages since the first doubtful call. Two
equal texts to one person are told apart by counting: of the equal ones in the history, as
many belong to other rows as are known to have been sent; only one more proves this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.channel.inbound import text_digest
from bot.channel.outbox import CLOCK_SKEW, digest_of
from bot.channel.zalo.answers import HistoryItem
from bot.channel.zalo.client import HISTORY_PAGE, ZaloClient
from bot.channel.zalo.errors import Action, ZaloError
from models import MessageStatus, OutboxMessage

# 50 messages back: more in one chat since a lost answer means a loop, not a conversation.
MAX_PAGES = 5
_SENT = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.SEEN)


@dataclass(frozen=True, slots=True)
class KnownSend:
    """Another row with the same text that was surely sent."""

    message_id: str | None
    sent_at: datetime


def read_since(
    client: ZaloClient, token: str, user_id: str, since: datetime
) -> list[HistoryItem]:
    """The account's own messages to this person since then, oldest first.

    ``ZaloError(RETRY)`` when the history does not reach back that far.
    """
    found: list[HistoryItem] = []
    for page in range(MAX_PAGES):
        items = client.conversation(token, user_id, offset=page * HISTORY_PAGE)
        found += [item for item in items if item.sent_at >= since and item.from_oa]
        is_last = len(items) < HISTORY_PAGE
        if is_last or any(item.sent_at < since for item in items):
            return sorted(found, key=lambda item: item.sent_at)
    raise ZaloError(Action.RETRY, None, "history does not reach back far enough")


def known_sends(
    session: Session, contact_id: int, message_id: int, text: str
) -> list[KnownSend]:
    """Equal texts to this person in other rows."""
    digest = text_digest(text)
    rows = session.exec(
        select(OutboxMessage).where(
            col(OutboxMessage.contact_id) == contact_id,
            col(OutboxMessage.id) != message_id,
            col(OutboxMessage.status).in_(_SENT),
        )
    )
    return [
        KnownSend(row.zalo_message_id, row.sent_at)
        for row in rows
        if row.sent_at and digest_of(row) == digest
    ]


def find_unaccounted(
    items: Sequence[HistoryItem], text: str, since: datetime, known: Sequence[KnownSend]
) -> HistoryItem | None:
    """The message in the history that no other row accounts for."""
    digest = text_digest(text)
    equal = [
        item
        for item in items
        if item.sent_at >= since and text_digest(item.text) == digest
    ]
    ids = {item.message_id for item in equal}
    others = [send for send in known if send.message_id in ids or send.sent_at >= since]
    if len(equal) <= len(others):
        return None
    taken = {send.message_id for send in others}
    free = [item for item in equal if item.message_id not in taken]
    return free[0] if free else equal[-1]


def start_of_search(begun_at: datetime) -> datetime:
    return begun_at - CLOCK_SKEW
