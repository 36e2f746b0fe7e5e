"""A webhook body becomes an ``InboundEvent``: pure, tolerant, no database, no clock.

Promise: ``parse_event`` accepts anything JSON can spell. It raises ``BadEvent`` only when
there is no event name or no timestamp, and nothing else ever; whatever has an odd type is
read as absent. Ids are strings (Zalo's exceed 2^53): integers are taken, floats have lost
digits and are refused. Half surrogate pairs and NULs, which databases cannot hold, become
U+FFFD in texts and void an id.

Source: Zalo OA webhook events as documented and captured up to 2026-09; one sample body
per event lies in ``tests/zalo_samples``.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channel.event_kinds import (
    INTERACTIONS,
    Direction,
    EventKind,
    direction_of,
    kind_of,
)
from bot.channel.values import (
    MAX_ENTRIES,
    id_of,
    ids_of,
    number_of,
    object_at,
    scalar_of,
    size_of,
    storable,
    text_of,
    tidy,
    url_of,
)

__all__ = [
    "Attachment",
    "BadEvent",
    "Direction",
    "EventKind",
    "InboundEvent",
    "parse_event",
    "text_digest",
    "timestamp_text",
]

MAX_NAME_CHARS = 80  # the longest known event name has 39
MAX_KEY_CHARS = 200  # unique index; what is longer is hashed
EARLIEST = datetime(2017, 1, 1, tzinfo=UTC)  # Official Accounts had no webhook before
CLOCK_SKEW = timedelta(minutes=5)  # Zalo's clock may run a little ahead of ours


class BadEvent(Exception):
    """Not an event: the reason is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Attachment:
    """One entry of ``message.attachments``; fields its kind does not have are None."""

    kind: str
    url: str | None = None
    thumbnail: str | None = None
    name: str | None = None
    description: str | None = None
    file_type: str | None = None
    size_bytes: int | None = None
    checksum: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    sticker_id: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class InboundEvent:
    """One event, whichever of Zalo's envelopes it came in."""

    name: str
    kind: EventKind
    direction: Direction
    event_key: str
    occurred_at: datetime
    oa_id: str | None = None
    user_id: str | None = None
    user_id_by_app: str | None = None
    anonymous_id: str | None = None
    conversation_id: str | None = None
    group_id: str | None = None
    admin_id: str | None = None
    msg_id: str | None = None
    msg_ids: tuple[str, ...] = ()
    quote_msg_id: str | None = None
    text: str = ""
    text_sha256: str | None = None
    attachments: tuple[Attachment, ...] = ()
    react_icon: str | None = None
    is_interaction: bool = False
    template: dict[str, str] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    masked_kinds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_TEMPLATE_FIELDS = (
    "tracking_id",
    "delivery_time",
    "submit_time",
    "rate",
    "note",
    "button_type",
    "data",
)
_EXTRA_FIELDS = (
    "source",
    "info",
    "tag",
    "tags",
    "data",
    "quota",
    "quality",
    "status",
    "reason",
    "request_type",
    "user_consent",
)


def parse_event(
    payload: Mapping[str, Any], received_at: datetime | None = None
) -> InboundEvent:
    """The event in this body, or ``BadEvent`` when it has no name or no timestamp.

    A timestamp before ``EARLIEST`` (seconds in place of milliseconds, negative), after
    ``received_at`` or beyond any calendar becomes ``received_at``, with a note.
    """
    name = (text_of(payload.get("event_name")) or "").strip()[:MAX_NAME_CHARS]
    if not name:
        raise BadEvent("no_event_name")
    timestamp = text_of(timestamp_text(payload))
    if not timestamp:
        raise BadEvent("no_timestamp")
    message = object_at(payload, "message")
    kind = kind_of(name, payload, message)
    direction = direction_of(name, kind)
    who = _who(kind, direction, payload)
    occurred_at, notes = _occurred_at(timestamp, received_at)
    text = unicodedata.normalize("NFC", text_of(message.get("text")) or "")
    msg_id = id_of(message.get("msg_id")) or id_of(payload.get("msg_id"))
    msg_ids = ids_of(message.get("msg_ids"))
    react_icon = text_of(message.get("react_icon"))
    return InboundEvent(
        name=name,
        kind=kind,
        direction=direction,
        event_key=_event_key(
            name, kind, timestamp, who, msg_id, msg_ids, react_icon, payload
        ),
        occurred_at=occurred_at,
        **who,
        msg_id=msg_id,
        msg_ids=msg_ids,
        quote_msg_id=id_of(message.get("quote_msg_id")),
        text=text,
        text_sha256=text_digest(text) if text else id_of(message.get("text_sha256")),
        attachments=_attachments(name, message),
        react_icon=react_icon,
        is_interaction=kind in INTERACTIONS,
        template=_template(payload, message) if kind is EventKind.TEMPLATE else {},
        extras=_extras(payload),
        masked_kinds=ids_of(payload.get("masked_kinds")),
        notes=notes,
    )


def timestamp_text(payload: Mapping[str, Any]) -> str:
    """The timestamp as the signature covers it; "" when it is neither text nor integer.

    ``str(int)`` gives back the very digits of the body: JSON allows no leading zeros.
    """
    value = payload.get("timestamp")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def text_digest(text: str) -> str:
    """How an echo is matched with the message we sent, without keeping its text."""
    composed = storable(unicodedata.normalize("NFC", text)).strip()
    return hashlib.sha256(composed.encode()).hexdigest()


def _who(
    kind: EventKind, direction: Direction, payload: Mapping[str, Any]
) -> dict[str, str | None]:
    """Account, person, group and official, each from where this envelope keeps it."""
    sender, recipient = object_at(payload, "sender"), object_at(payload, "recipient")
    from_us = direction in (Direction.FROM_ACCOUNT, Direction.STATUS)
    account, person = (sender, recipient) if from_us else (recipient, sender)
    account_id = id_of(payload.get("oa_id")) or id_of(payload.get("oaId"))
    person_id = id_of(payload.get("user_id")) or id_of(
        object_at(payload, "follower").get("id")
    )
    if kind is not EventKind.GROUP:
        account_id = account_id or id_of(account.get("id"))
        person_id = person_id or id_of(person.get("id"))
    elif direction is Direction.FROM_PERSON:
        person_id = id_of(sender.get("id"))
    elif direction is Direction.FROM_ACCOUNT:
        account_id = account_id or id_of(sender.get("id"))
    is_anonymous = kind is EventKind.ANONYMOUS
    # the recipient of a phone template is a telephone number, not a user
    has_user = not is_anonymous and kind is not EventKind.TEMPLATE
    group_id = id_of(payload.get("group_id"))
    if kind is EventKind.GROUP and group_id is None:
        group_id = id_of(recipient.get("id"))
    return {
        "oa_id": account_id,
        "user_id": person_id if has_user else None,
        "user_id_by_app": id_of(payload.get("user_id_by_app")),
        "anonymous_id": person_id if is_anonymous else None,
        "conversation_id": id_of(object_at(payload, "message").get("conversation_id")),
        "group_id": group_id,
        "admin_id": id_of(sender.get("admin_id")),
    }


def _event_key(
    name: str,
    kind: EventKind,
    timestamp: str,
    who: Mapping[str, str | None],
    msg_id: str | None,
    msg_ids: tuple[str, ...],
    react_icon: str | None,
    payload: Mapping[str, Any],
) -> str:
    """Zalo delivers at least once: the same event always gets the same key.

    ``msg_id`` + name where there is one (a receipt has the id of the message it confirms,
    so the name keeps them apart; a person's message has one key whatever it holds, since
    the history names kinds otherwise); reactions repeat on one message, so time and icon
    count too; otherwise name + timestamp + everyone and everything it is about.
    """
    account = who["oa_id"] or ""
    if msg_id and kind is EventKind.MESSAGE:
        return message_key(account, msg_id)
    if msg_id and kind is not EventKind.REACTION:
        return _bounded_key([name, account, msg_id])
    tag = object_at(payload, "tag")
    subject = [
        who["user_id"] or who["anonymous_id"] or "",
        who["group_id"] or "",
        msg_id or "",
        react_icon or "",
        *msg_ids,
        *_members(payload.get("users")),
        text_of(tag.get("name")) or "",
        *ids_of(tag.get("user_ids")),
        id_of(payload.get("template_id")) or "",
        id_of(object_at(payload, "message").get("tracking_id")) or "",
        id_of(payload.get("phone")) or "",
    ]
    return _bounded_key([name, account, timestamp, *filter(None, subject)])


def message_key(oa_id: str, msg_id: str) -> str:
    """The ``event_key`` of a person's message to this account."""
    return _bounded_key([EventKind.MESSAGE, oa_id, msg_id])


def echo_key(name: str, oa_id: str, msg_id: str) -> str:
    """The ``event_key`` of the echo ``name`` of a message that the account sent."""
    return _bounded_key([name, oa_id, msg_id])


def _bounded_key(parts: list[str]) -> str:
    key = "|".join(parts)
    is_plain = key.isprintable() and key.count("|") == len(parts) - 1
    if is_plain and len(key) <= MAX_KEY_CHARS:
        return key
    digest = hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()
    return f"sha256|{digest}"


def _occurred_at(
    timestamp: str, received_at: datetime | None
) -> tuple[datetime, tuple[str, ...]]:
    latest = received_at + CLOCK_SKEW if received_at else None
    try:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20):
            raise ValueError
        occurred_at = datetime.fromtimestamp(int(timestamp) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return received_at or EARLIEST, ("timestamp_unreadable",)
    if occurred_at < EARLIEST or (latest and occurred_at > latest):
        return received_at or EARLIEST, ("timestamp_out_of_range",)
    return occurred_at, ()


def _attachments(name: str, message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    entries = message.get("attachments")
    if not isinstance(entries, list):
        return ()
    is_card = name.endswith("business_card")
    return tuple(
        _attachment(entry, is_card)
        for entry in entries[:MAX_ENTRIES]
        if isinstance(entry, dict)
    )


def _attachment(entry: Mapping[str, Any], is_card: bool) -> Attachment:
    payload = object_at(entry, "payload")
    latitude, longitude = _coordinates(object_at(payload, "coordinates"))
    description = text_of(payload.get("description"))
    return Attachment(
        kind="business_card" if is_card else id_of(entry.get("type")) or "unknown",
        url=url_of(payload.get("url")) or url_of(payload.get("link_url")),
        thumbnail=url_of(payload.get("thumbnail")),
        name=text_of(payload.get("name")) or None,
        description=description or None,
        file_type=id_of(payload.get("type")),
        size_bytes=size_of(payload.get("size")),
        checksum=id_of(payload.get("checksum")),
        latitude=latitude,
        longitude=longitude,
        sticker_id=id_of(payload.get("id")),
        phone=_phone_on_card(description) if is_card else None,
    )


def _phone_on_card(description: str | None) -> str | None:
    """A contact card hides a JSON document in its description."""
    try:
        card = json.loads(description or "")
    except (ValueError, RecursionError):
        return None
    return id_of(card.get("phone")) if isinstance(card, dict) else None


def _coordinates(point: Mapping[str, Any]) -> tuple[float | None, float | None]:
    latitude, longitude = (
        number_of(point.get("latitude")),
        number_of(point.get("longitude")),
    )
    if latitude is None or longitude is None:
        return None, None
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None, None
    return latitude, longitude


def _template(payload: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, str]:
    found = {key: scalar_of(message.get(key)) for key in _TEMPLATE_FIELDS}
    found["template_id"] = scalar_of(payload.get("template_id"))
    return {key: value for key, value in found.items() if value}


def _extras(payload: Mapping[str, Any]) -> dict[str, Any]:
    extras = {key: tidy(payload[key]) for key in _EXTRA_FIELDS if key in payload}
    if members := _members(payload.get("users")):
        extras["users"] = list(members)
    return extras


def _members(users: Any) -> tuple[str, ...]:
    """Group members come as objects with an id, or as bare ids."""
    if not isinstance(users, list):
        return ()
    return ids_of(
        [user.get("id") if isinstance(user, dict) else user for user in users]
    )
