"""The bodies of Zalo's webhook events, in the key order of the captured ones.

Pure functions from records to dictionaries. ``timestamp`` is milliseconds as text.
"""

from __future__ import annotations

import json

from simulator.records import JsonDict, Message, Relation

# How an account's own message is echoed; a form for contact data echoes as a list.
ECHO_NAMES = {
    "text": "oa_send_text",
    "image": "oa_send_image",
    "gif": "oa_send_gif",
    "sticker": "oa_send_sticker",
    "file": "oa_send_file",
    "list": "oa_send_list",
    "request_user_info": "oa_send_list",
    "template": "oa_send_template",
}


def person_to_oa(
    app_id: str, relation: Relation, event_name: str, message: JsonDict, at: int
) -> JsonDict:
    """A person acts towards the account: sender = user, recipient = OA."""
    return {
        "app_id": app_id,
        "sender": {"id": relation.user_id},
        "user_id_by_app": relation.user_id_by_app,
        "recipient": {"id": relation.oa_id},
        "event_name": event_name,
        "message": message,
        "timestamp": str(at),
    }


def oa_to_person(
    app_id: str,
    relation: Relation,
    event_name: str,
    message: JsonDict,
    at: int,
    admin_id: str | None = None,
) -> JsonDict:
    """The account acts, or a message of it was received or seen: sender = OA.

    ``admin_id`` is there only when an official typed in the OA console.
    """
    sender = {"id": relation.oa_id}
    if admin_id:
        sender["admin_id"] = admin_id
    return {
        "app_id": app_id,
        "sender": sender,
        "user_id_by_app": relation.user_id_by_app,
        "recipient": {"id": relation.user_id},
        "event_name": event_name,
        "message": message,
        "timestamp": str(at),
    }


def follow_event(
    app_id: str, relation: Relation, event_name: str, source: str, at: int
) -> JsonDict:
    """``follow`` and ``unfollow``: ids at ``follower.id`` and ``oa_id``."""
    body: JsonDict = {
        "oa_id": relation.oa_id,
        "follower": {"id": relation.user_id},
        "user_id_by_app": relation.user_id_by_app,
        "event_name": event_name,
    }
    if source:
        body["source"] = source
    return body | {"app_id": app_id, "timestamp": str(at)}


def root_event(
    app_id: str, oa_id: str, event_name: str, fields: JsonDict, at: int
) -> JsonDict:
    """Events whose ids lie at the root: ``oa_id`` and what ``fields`` add."""
    body = {"app_id": app_id, "oa_id": oa_id}
    return body | fields | {"event_name": event_name, "timestamp": str(at)}


def info_event(app_id: str, relation: Relation, info: JsonDict, at: int) -> JsonDict:
    """``user_submit_info`` after a form for contact data."""
    return {
        "sender": {"id": relation.user_id},
        "recipient": {"id": relation.oa_id},
        "event_name": "user_submit_info",
        "app_id": app_id,
        "info": info,
        "timestamp": str(at),
    }


def addressed_event(
    app_id: str,
    sender: JsonDict,
    recipient_id: str,
    event_name: str,
    message: JsonDict,
    at: int,
    oa_id: str | None = None,
) -> JsonDict:
    """Messages of groups (with ``oa_id``) and of anonymous visitors (without)."""
    body: JsonDict = {"app_id": app_id}
    if oa_id:
        body["oa_id"] = oa_id
    return body | {
        "sender": sender,
        "recipient": {"id": recipient_id},
        "event_name": event_name,
        "message": message,
        "timestamp": str(at),
    }


def phone_event(app_id: str, oa_id: str, phone: str, message: JsonDict) -> JsonDict:
    """A template reached a phone (``X-ZEvent-Server: ZNS``)."""
    return {
        "sender": {"id": oa_id},
        "recipient": {"id": phone},
        "event_name": "user_received_message",
        "message": message,
        "app_id": app_id,
        "timestamp": message["delivery_time"],
    }


def wire_message(message: Message) -> JsonDict:
    """The ``message`` object of an event for this bubble."""
    wire: JsonDict = {}
    if message.quote_id:
        wire["quote_msg_id"] = message.quote_id
    if message.kind in ("list", "request_user_info"):
        wire["attachments"] = [_link_of(element) for element in message.elements]
    elif message.attachments:
        wire["attachments"] = [wire_attachment(item) for item in message.attachments]
    if message.text or message.kind in ("text", "location"):
        wire["text"] = message.text
    return wire | {"msg_id": message.message_id}


def _link_of(element: JsonDict) -> JsonDict:
    action = element.get("default_action") or {}
    payload = {
        "thumbnail": element.get("image_url", ""),
        "description": element.get("subtitle") or element.get("title", ""),
        "url": action.get("url", ""),
    }
    return {"payload": payload, "type": "link"}


_FIELDS = {
    "image": ("thumbnail", "url"),
    "gif": ("thumbnail", "url"),
    "link": ("thumbnail", "description", "url"),
    "audio": ("url",),
    "video": ("thumbnail", "description", "url"),
    "sticker": ("id", "url"),
    "file": ("size", "name", "checksum", "type", "url"),
    "template": ("zinstant_id", "text", "link_url", "checksum"),
}


def wire_attachment(item: JsonDict) -> JsonDict:
    """One attachment as Zalo words it; numbers are text."""
    kind = item["kind"]
    if kind == "location":
        place = {k: str(item[k]) for k in ("latitude", "longitude")}
        return {"payload": {"coordinates": place}, "type": "location"}
    if kind == "business_card":
        return {"payload": _card(item), "type": "link"}
    payload = {name: str(item.get(name, "")) for name in _FIELDS[kind]}
    return {"payload": payload, "type": kind}


def _card(item: JsonDict) -> JsonDict:
    card = {"phone": item.get("phone", ""), "qrCodeUrl": item.get("qr_url", "")}
    return {
        "thumbnail": item.get("thumbnail", ""),
        "description": json.dumps(card),
        "url": item.get("url", ""),
    }


def as_text(value: JsonDict) -> str:
    """A nested object that Zalo hands over as JSON text."""
    return json.dumps(value)
