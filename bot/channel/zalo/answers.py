"""What Zalo's answers mean, read leniently: numbers come as text or numbers, fields come
and go, ids are text because they exceed 2^53."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channel.zalo.errors import Action, Call, ZaloError
from models import ApiGeneration

# Zalo documents 25 hours; when the field is unreadable a short life only means that the
# next refresh comes early.
UNREADABLE_TOKEN_LIFE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """Zalo took the message. ``sent_at`` is missing on the old endpoint."""

    message_id: str | None
    sent_at: datetime | None
    quota_type: str | None
    generation: ApiGeneration
    rate_limit: int | None
    rate_left: int | None
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str
    lives_for: timedelta

    def __repr__(self) -> str:
        return f"TokenPair(lives_for={self.lives_for})"  # never into a log


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """``oa_type``: 2 business, 4 government, None when Zalo said nothing readable."""

    oa_id: str
    name: str
    oa_type: int | None
    is_verified: bool
    package_name: str = ""
    package_ends_on: str = ""  # as Zalo prints it, DD/MM/YYYY


@dataclass(frozen=True, slots=True)
class MessageQuota:
    """What the package still pays for, of one kind of message."""

    product: str
    total: int
    left: int


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group the account is in."""

    group_id: str
    name: str


@dataclass(frozen=True, slots=True)
class UserProfile:
    user_id: str
    user_id_by_app: str | None
    display_name: str
    is_follower: bool | None


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One message of a conversation, as Zalo remembers it. ``kind`` is ``text``, ``photo``,
    ``voice``, ``link``, … or ``nosupport``; ``user_id`` the person's, whoever wrote."""

    message_id: str
    from_oa: bool
    sent_at: datetime
    kind: str
    text: str
    user_id: str = ""
    url: str = ""
    thumbnail: str = ""
    description: str = ""
    location: str = ""  # JSON text
    links: Sequence[Mapping[str, Any]] = ()


def as_object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise ZaloError(Action.RETRY, None, "answer without data")
    return data


def text_or_none(value: object) -> str | None:
    return str(value) if value else None


def instant(milliseconds: object) -> datetime | None:
    text = str(milliseconds)
    if not text.isdecimal() or len(text) > 14:  # beyond the year 5138: not a time
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)


def token_life(expires_in: object) -> timedelta:
    try:
        return timedelta(seconds=int(str(expires_in)))
    except (ValueError, OverflowError):
        return UNREADABLE_TOKEN_LIFE


def quota_from(item: Mapping[str, Any]) -> MessageQuota | None:
    total, left = str(item.get("total")), str(item.get("remain"))
    if not total.isdecimal() or not left.isdecimal():
        return None
    return MessageQuota(str(item.get("product_type") or ""), int(total), int(left))


def profile_from(raw: object) -> UserProfile:
    data = as_object(raw)
    follows = data.get("user_is_follower")
    return UserProfile(
        user_id=str(data.get("user_id") or ""),
        user_id_by_app=text_or_none(data.get("user_id_by_app")),
        display_name=str(data.get("display_name") or ""),
        is_follower=follows if isinstance(follows, bool) else None,
    )


def history_item_from(item: Mapping[str, Any]) -> HistoryItem | None:
    sent_at = instant(item.get("time"))
    if sent_at is None:
        return None
    from_oa = str(item.get("src")) == "0"
    links = item.get("links")
    return HistoryItem(
        message_id=str(item.get("message_id") or ""),
        from_oa=from_oa,
        sent_at=sent_at,
        kind=str(item.get("type") or ""),
        text=str(item.get("message") or ""),
        user_id=str(item.get("to_id" if from_oa else "from_id") or ""),
        url=str(item.get("url") or ""),
        thumbnail=str(item.get("thumb") or ""),
        description=str(item.get("description") or ""),
        location=str(item.get("location") or ""),
        links=[link for link in links if isinstance(link, dict)]
        if isinstance(links, list)
        else (),
    )
