"""Did a message arrive whose call never got an answer? The conversation knows.

The text is looked for among the account's own messages since the first doubtful call. Two
equal texts to one person are told apart by counting: of the equal ones in the history, as
many belong to other rows as are known to have been sent; only one more proves this one.

Of a picture or a file the history shows no content that could be compared. What can be
proved is its kind, its time, its caption where the history has one, and by the same
counting that there is one more than other rows account for. Two different pictures that
were lost at the same time are told apart by their number only, and a picture that an
official sent by hand in these seconds is taken for ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.channel.assets import AssetKind
from bot.channel.inbound import text_digest
from bot.channel.outbox import CLOCK_SKEW, Outgoing, digest_of
from bot.channel.zalo.answers import HistoryItem
from bot.channel.zalo.client import HISTORY_PAGE, ZaloClient
from bot.channel.zalo.errors import Action, ZaloError
from models import MessageStatus, OutboxMessage

# Our note of a message may be so much later than Zalo's: read from before the search, its
# entry shows that it accounts for none of those searched.
NOTED_WITHIN = timedelta(seconds=10)
# 200 messages back: ten seconds of a chat at twice the pace one sender can reach.
MAX_PAGES = 20
_HISTORY_KINDS = {
    AssetKind.IMAGE: "photo",
    AssetKind.GIF: "GIF",
    AssetKind.FILE: "file",
}
_SENT = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.SEEN)


@dataclass(frozen=True, slots=True)
class KnownSend:
    """Another row with the same text that was surely sent."""

    message_id: str | None
    sent_at: datetime


def read_since(
    client: ZaloClient,
    token: str,
    user_id: str,
    since: datetime,
    *,
    is_group: bool = False,
) -> list[HistoryItem]:
    """The account's own messages to this person, or group, since then, and as far as the
    pages go since ``NOTED_WITHIN`` before, oldest first.

    ``ZaloError(RETRY)`` when the history does not reach back to then.
    """
    begins = since - NOTED_WITHIN
    read = client.group_conversation if is_group else client.conversation
    found: list[HistoryItem] = []
    for page in range(MAX_PAGES):
        items = read(token, user_id, offset=page * HISTORY_PAGE)
        found += [item for item in items if item.sent_at >= begins and item.from_oa]
        is_last = len(items) < HISTORY_PAGE
        if is_last or any(item.sent_at < begins for item in items):
            break
    else:
        if not any(item.sent_at < since for item in items):
            raise ZaloError(
                Action.RETRY, None, "history does not reach back far enough"
            )
    return sorted(found, key=lambda item: item.sent_at)


def known_sends(
    session: Session, contact_id: int, message_id: int, message: Outgoing
) -> list[KnownSend]:
    """Other rows to this person that look the same in the history."""
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
        if row.sent_at and _looks_same(row, message)
    ]


def find_unaccounted(
    items: Sequence[HistoryItem],
    message: Outgoing,
    since: datetime,
    known: Sequence[KnownSend],
) -> HistoryItem | None:
    """The message in the history that no other row accounts for."""
    equal = [
        item for item in items if item.sent_at >= since and looks_like(item, message)
    ]
    ids, all_ids = ({item.message_id for item in found} for found in (equal, items))
    others = [
        send
        for send in known
        if send.message_id in ids
        or (send.message_id not in all_ids and send.sent_at >= since)
    ]
    if len(equal) <= len(others):
        return None
    taken = {send.message_id for send in others}
    free = [item for item in equal if item.message_id not in taken]
    return free[0] if free else equal[-1]


def looks_like(item: HistoryItem, message: Outgoing) -> bool:
    """Could this be the message? A file has no caption; not every picture shows its own."""
    asset = message.asset
    is_same_text = text_digest(item.text) == text_digest(message.text)
    if asset is None:
        return is_same_text
    if item.kind != _HISTORY_KINDS[asset.kind]:
        return False
    return asset.kind == AssetKind.FILE or not item.text or is_same_text


def _looks_same(row: OutboxMessage, message: Outgoing) -> bool:
    asset = row.content.get("asset")
    if message.asset is None:
        return asset is None and digest_of(row) == text_digest(message.text)
    return asset is not None and asset["kind"] == message.asset.kind


def start_of_search(begun_at: datetime) -> datetime:
    return begun_at - CLOCK_SKEW
