"""A message of Zalo's history becomes an event, as if the webhook had brought it.

The history knows less: no ``user_id_by_app``, no name, size and checksum of a file, no id
of a sticker. What it does not say stays out, ``source`` is ``history``, and there is no
body of which a digest could be kept. A message that only newer phones can show
(``nosupport``) is kept without contents, and nobody handles it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.channel.inbound import parse_event
from bot.channel.intake import NO_BODY, Arrival, arrival_of, shape_of
from bot.channel.zalo.answers import HistoryItem

HISTORY = "history"
# Zalo's free window, and an answer to a question of three days ago only confuses.
ANSWERED_FOR = timedelta(hours=48)
TOO_OLD = "too_old"
_NAMES = {
    "text": "user_send_text",
    "voice": "user_send_audio",
    "photo": "user_send_image",
    "GIF": "user_send_gif",
    "link": "user_send_link",
    "links": "user_send_link",
    "sticker": "user_send_sticker",
    "location": "user_send_location",
    "file": "user_send_file",
    "video": "user_send_video",
}
_UNSUPPORTED = "user_send_nosupport"
_TYPES = {name: name.removeprefix("user_send_") for name in _NAMES.values()}


def arrival_from(item: HistoryItem, oa_id: str, now: datetime) -> Arrival:
    """The event of a person's message; one that came too late is only kept."""
    payload = payload_of(item, oa_id)
    arrival = arrival_of(parse_event(payload, now), payload, NO_BODY, now)
    if item.sent_at >= now - ANSWERED_FOR or arrival.ignored_because:
        return arrival
    return replace(
        arrival, ignored_because=TOO_OLD, payload={"shape": shape_of(payload)}
    )


def payload_of(item: HistoryItem, oa_id: str) -> dict[str, Any]:
    """In the shape of the webhook's bodies."""
    name = _NAMES.get(item.kind, _UNSUPPORTED)
    message: dict[str, Any] = {"msg_id": item.message_id}
    if item.text:
        message["text"] = item.text
    if attachments := _attachments(item, name):
        message["attachments"] = attachments
    return {
        "event_name": name,
        "sender": {"id": item.user_id},
        "recipient": {"id": oa_id},
        "message": message,
        "timestamp": str(round(item.sent_at.timestamp() * 1000)),
        "source": HISTORY,
    }


def _attachments(item: HistoryItem, name: str) -> list[dict[str, Any]]:
    if name in ("user_send_text", _UNSUPPORTED):
        return []
    if item.kind == "links":
        payloads = [dict(link) for link in item.links]
    elif item.kind == "location":
        payloads = [{"coordinates": _coordinates(item.location)}]
    else:
        told = {
            "url": item.url,
            "thumbnail": item.thumbnail,
            "description": item.description,
        }
        payloads = [{key: value for key, value in told.items() if value}]
    return [{"type": _TYPES[name], "payload": payload} for payload in payloads]


def _coordinates(text: str) -> dict[str, Any]:
    try:
        point = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return point if isinstance(point, dict) else {}
