"""An event reaches stable storage exactly once, holding no more than is needed.

``arrival_of`` makes an event storable: parsed, masked, with no more than is needed. That
is what the spool writes when the database is away, and what ``store_event`` writes into it.
Guarantees of ``store_event``, all in the caller's one transaction:

* ``event_key`` is unique: a redelivery changes nothing, not even the contact; of a message
  that was found in the history before, it leaves the mark that the webhook brought it too;
* nothing is kept of an account that is not ours (Zalo's console test ping among them);
* ID numbers, one-time codes and card numbers are masked before the row is written; of the
  raw body only its SHA-256 stays;
* receipts and everything the account itself sent keep ids only (an echo also keeps the
  SHA-256 of its text, so that a send of unknown outcome can be matched with it);
* what nobody handles is kept as IGNORED with a reason and the payload's *shape*: keys and
  types, no values; so is what anybody but an official says in a group;
* the contact is as new as its newest event: deliveries come unordered, sometimes hours
  late, and an old one never takes back what a newer one said.

The statements stand in ``storing``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from bot.channel import by_phone, groups, storing, tagging
from bot.channel.event_kinds import GROUP_MESSAGES
from bot.channel.inbound import EventKind, InboundEvent, timestamp_text
from bot.channel.masking import mask_payload
from bot.channel.values import id_of, storable, tidy

NO_BODY = ""  # of what came from the history: the ``body_sha256`` it has
SHAPE_DEPTH = 6  # real events nest 5 deep
SHAPE_KEYS = 40  # the richest known object has 8

_WHOLE = (
    EventKind.MESSAGE,
    EventKind.FOLLOW,
    EventKind.UNFOLLOW,
    EventKind.CHATNOW,
    EventKind.SUBMIT_INFO,
    EventKind.WITHDRAW,
    EventKind.REACTION,
)
_IDS_ONLY = (
    EventKind.RECEIVED,
    EventKind.SEEN,
    EventKind.OWN_ECHO,
    EventKind.ADMIN_MESSAGE,
)
_HANDLED = (*_WHOLE, *_IDS_ONLY)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z_0-9.-]{0,63}")


class Outcome(StrEnum):
    STORED = "stored"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    UNKNOWN_ACCOUNT = "unknown_account"
    SPOOLED = "spooled"  # on disk, stored as soon as the database is back


@dataclass(frozen=True)
class Stored:
    """What became of an event; ``event_id`` is None when no row was written."""

    outcome: Outcome
    event_id: int | None = None
    reason: str | None = None

    @property
    def is_new(self) -> bool:
        return self.event_id is not None


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it may be stored."""

    event_key: str
    event_name: str
    kind: str
    oa_id: str | None
    user_id: str | None
    user_id_by_app: str | None
    is_interaction: bool
    occurred_at: datetime
    received_at: datetime
    payload: dict[str, Any]
    body_sha256: str
    ignored_because: str | None
    tag: str = ""  # given or taken away in Zalo's console, and whom it is about
    tagged: Sequence[str] = ()
    group_id: str = ""
    left_group: bool = False  # the account is not in it any more
    tracking_id: str = ""  # of a receipt of what went by phone


def arrival_of(
    event: InboundEvent, payload: Mapping[str, Any], body_sha256: str, now: datetime
) -> Arrival:
    """What may be kept of an event; see the module's guarantees."""
    tag, tagged = tagging.tag_in(event)
    return Arrival(
        event_key=event.event_key,
        event_name=event.name,
        kind=event.kind.value,
        oa_id=event.oa_id,
        user_id=event.user_id,
        user_id_by_app=event.user_id_by_app,
        is_interaction=event.is_interaction,
        occurred_at=event.occurred_at,
        received_at=now,
        payload=payload_to_store(event, payload),
        body_sha256=body_sha256,
        ignored_because=ignored_because(event),
        tag=tag,
        tagged=tagged,
        group_id=event.group_id or "" if event.kind is EventKind.GROUP else "",
        left_group=groups.left_by_account(event),
        tracking_id=by_phone.tracked_in(event),
    )


def store_event(connection: Connection, arrival: Arrival) -> Stored:
    """Write the event and what it says about its person; see the module's guarantees."""
    if arrival.kind == EventKind.GROUP and not storing.is_official(connection, arrival):
        arrival = _without_words(arrival)
    event = storing.insert_event(connection, arrival)
    if event is None:
        return Stored(_why_not(connection, arrival))
    tagging.remember(connection, arrival)
    groups.remember(connection, arrival)
    by_phone.note_receipt(connection, arrival)
    if arrival.ignored_because is not None:
        return Stored(Outcome.IGNORED, event.id, arrival.ignored_because)
    storing.remember_contact(connection, arrival, event)
    return Stored(Outcome.STORED, event.id)


def _why_not(connection: Connection, arrival: Arrival) -> Outcome:
    """Why nothing was inserted; what came from the history notes that Zalo has now
    delivered it too."""
    if arrival.oa_id is None or not storing.is_ours(connection, arrival.oa_id):
        return Outcome.UNKNOWN_ACCOUNT
    if arrival.body_sha256 != NO_BODY:
        storing.note_delivery(connection, arrival, NO_BODY)
    return Outcome.DUPLICATE


def ignored_because(event: InboundEvent) -> str | None:
    """Why nobody handles this event; None when the worker does."""
    if event.kind not in _HANDLED and event.name not in GROUP_MESSAGES:
        return event.kind.value
    return None if event.user_id else "no_person"


def payload_to_store(event: InboundEvent, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the payload that may be kept; a handled one parses to the same ids.

    Where numbers were masked, ``masked_kinds`` lists what they were.
    """
    if ignored_because(event) is not None:
        return {"shape": shape_of(payload)}
    if event.kind in _IDS_ONLY:
        return _ids_only(event, payload)
    masked, kinds = mask_payload(tidy(dict(payload)))
    masked.pop("masked_kinds", None)
    return masked | ({"masked_kinds": sorted(kinds)} if kinds else {})


def shape_of(value: Any, depth: int = SHAPE_DEPTH) -> Any:
    """Keys and types, no values: enough to write the missing route."""
    if isinstance(value, Mapping) and depth > 0:
        items = list(value.items())[:SHAPE_KEYS]
        # a key that is no identifier may be somebody's name or number
        return {
            key if _PLAIN_KEY.fullmatch(key) else "?": shape_of(item, depth - 1)
            for key, item in items
        }
    if isinstance(value, list) and depth > 0:
        return [shape_of(item, depth - 1) for item in value[:1]]
    return type(value).__name__


def _ids_only(event: InboundEvent, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope of an event whose sender is the account, without any words."""
    return _present(
        {
            "event_name": event.name,
            "timestamp": storable(timestamp_text(payload)),
            "app_id": id_of(payload.get("app_id")),
            "oa_id": event.oa_id,
            "user_id": event.user_id,
            "user_id_by_app": event.user_id_by_app,
            "sender": _present({"id": event.oa_id, "admin_id": event.admin_id}),
            "recipient": _present({"id": event.user_id}),
            "message": _present(
                {
                    "msg_id": event.msg_id,
                    "msg_ids": list(event.msg_ids),
                    "text_sha256": event.text_sha256,
                }
            ),
        }
    )


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value}


def _without_words(arrival: Arrival) -> Arrival:
    return replace(
        arrival,
        payload={"shape": shape_of(arrival.payload)},
        ignored_because=arrival.kind,
    )
