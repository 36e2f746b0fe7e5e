"""What Zalo's event names mean to us, and which way each event points.

Names, variants and their confidence: Zalo OA webhook documentation and captures up to
2026-09. A name that is in no table is ``UNKNOWN`` and never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bot.channel.values import id_of, object_at


class Direction(StrEnum):
    FROM_PERSON = "from_person"
    FROM_ACCOUNT = "from_account"
    STATUS = "status"
    MANAGEMENT = "management"


class EventKind(StrEnum):
    """What an event means to us, whatever Zalo calls its variants."""

    MESSAGE = "message"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    CHATNOW = "chatnow"
    SUBMIT_INFO = "submit_info"
    WITHDRAW = "withdraw"
    REACTION = "reaction"
    RECEIVED = "received"
    SEEN = "seen"
    OWN_ECHO = "own_echo"  # our own API send comes back
    ADMIN_MESSAGE = "admin_message"  # an official typed in Zalo's console
    ANONYMOUS = "anonymous"
    GROUP = "group"
    TAG = "tag"
    PROFILE = "profile"
    TEMPLATE = "template"  # ZNS/ZBS, phone templates
    CONSENT = "consent"  # calls and the consent to them
    WIDGET = "widget"
    EXTENSION = "extension"
    UNKNOWN = "unknown"


_SEND_KINDS = (
    "text",
    "image",
    "gif",
    "link",
    "audio",
    "video",
    "sticker",
    "location",
    "file",
    "business_card",
)
_KINDS: dict[str, EventKind] = {
    **{f"user_send_{kind}": EventKind.MESSAGE for kind in _SEND_KINDS},
    "follow": EventKind.FOLLOW,
    "unfollow": EventKind.UNFOLLOW,
    "user_click_chatnow": EventKind.CHATNOW,
    "user_submit_info": EventKind.SUBMIT_INFO,
    "user_withdraw": EventKind.WITHDRAW,
    "user_reacted_message": EventKind.REACTION,
    "oa_reacted_message": EventKind.REACTION,
    "user_received_message": EventKind.RECEIVED,
    "user_seen_message": EventKind.SEEN,
    "update_user_info": EventKind.PROFILE,
    "extension_purchased": EventKind.EXTENSION,
    "widget_interaction_accepted": EventKind.WIDGET,
    "widget_failed_to_sync_user_external_id": EventKind.WIDGET,
    **dict.fromkeys(
        ("add_user_to_tag", "remove_user_from_tag", "remove_tag"), EventKind.TAG
    ),
    **dict.fromkeys(
        ("oa_send_consent", "user_reply_consent", "oa_call_user", "user_call_oa"),
        EventKind.CONSENT,
    ),
    **dict.fromkeys(
        (
            "create_group",
            "delete_group",
            "update_group_info",
            "user_join_group",
            "user_out_group",
            "user_leave_group",
            "user_request_join_group",
            "accept_request_join_group",
            "reject_request_join_group",
            "react_request_join_group_accept",
            "react_request_join_group_reject",
            "add_group_admin",
            "remove_group_admin",
        ),
        EventKind.GROUP,
    ),
    **dict.fromkeys(
        (
            "user_feedback",
            "user_click_response_button",
            "change_template_status",
            "change_template_quality",
            "change_template_quota",
            "change_oa_daily_quota",
            "change_oa_template_tags",
            "event_journey_acknowledged",
            "event_journey_time_out",
        ),
        EventKind.TEMPLATE,
    ),
}
# Zalo adds variants of these without notice; the first prefix that fits decides.
_KIND_PREFIXES = (
    ("user_send_group_", EventKind.GROUP),
    ("oa_send_group_", EventKind.GROUP),
    ("anonymous_send_", EventKind.ANONYMOUS),
    ("oa_send_anonymous_", EventKind.ANONYMOUS),
    ("oa_send_", EventKind.OWN_ECHO),
)
# What somebody says in a group can be a proof; all else of groups is nobody's business.
GROUP_MESSAGES = tuple(
    f"user_send_group_{kind}"
    for kind in ("text", "link", "image", "audio", "video", "file")
)
_MANAGEMENT = (
    EventKind.TAG,
    EventKind.PROFILE,
    EventKind.WIDGET,
    EventKind.EXTENSION,
)
# What people do by themselves, unlike receipts of what we sent.
FROM_PEOPLE = (
    *(f"user_send_{kind}" for kind in _SEND_KINDS),
    "follow",
    "user_click_chatnow",
)
# How an account's own message comes back, by what it holds.
ECHOES = tuple(
    f"oa_send_{kind}"
    for kind in ("text", "image", "gif", "list", "file", "sticker", "template")
)
# "Writing, following, clicking the chat button" open the 48-hour window.
INTERACTIONS = (EventKind.MESSAGE, EventKind.FOLLOW, EventKind.CHATNOW)


def kind_of(
    name: str, payload: Mapping[str, Any], message: Mapping[str, Any]
) -> EventKind:
    kind = _KINDS.get(name)
    if kind is EventKind.RECEIVED and _is_template_receipt(message):
        return EventKind.TEMPLATE
    if kind is None:
        starts = (found for prefix, found in _KIND_PREFIXES if name.startswith(prefix))
        kind = next(starts, EventKind.UNKNOWN)
    if kind is EventKind.OWN_ECHO and id_of(
        object_at(payload, "sender").get("admin_id")
    ):
        return EventKind.ADMIN_MESSAGE
    return kind


def _is_template_receipt(message: Mapping[str, Any]) -> bool:
    """The same event name serves chat and phone templates; only the latter has these."""
    return "delivery_time" in message or "tracking_id" in message


def direction_of(name: str, kind: EventKind) -> Direction:
    if name in ("user_received_message", "user_seen_message"):
        return Direction.STATUS
    is_group_affair = kind is EventKind.GROUP and "_send_" not in name
    if kind in _MANAGEMENT or is_group_affair:
        return Direction.MANAGEMENT
    if name.startswith("oa_"):
        return Direction.FROM_ACCOUNT
    if name.startswith(("user_", "anonymous_")) or name in ("follow", "unfollow"):
        return Direction.FROM_PERSON
    return Direction.MANAGEMENT
