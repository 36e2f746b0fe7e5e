"""May this message leave now? Decided right before it is sent, on what is known then.

Zalo counts from the person's last interaction (writing, following, pressing): 48 hours are
free, up to 7 days cost money per message, later nothing passes (rules of 2026-01-01).

* Replies: sent in the paid window too. They answer what the person wrote, so they are late
  only after an outage of our own, and silence would cost more than the few đồng. Zalo
  itself refuses (-320, -321) where the account has no money, and the reply is parked.
* Everything else is parked outside the free window: paid sends are off.
* A person of whom no interaction is known: a reply is tried, as Zalo allows a welcome;
  everything else is parked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from bot.channel.claiming import ClaimedMessage
from bot.channel.outbox import Reason
from models import Lane, MessageStatus

FREE_FOR = timedelta(hours=48)
OPEN_FOR = timedelta(days=7)


class Window(StrEnum):
    FREE = "free"
    PAID = "paid"
    CLOSED = "closed"


def window_of(last_interaction_at: datetime, now: datetime) -> Window:
    """Both borders still belong to the better window."""
    age = now - last_interaction_at
    if age <= FREE_FOR:
        return Window.FREE
    return Window.PAID if age <= OPEN_FOR else Window.CLOSED


def objection(
    message: ClaimedMessage, now: datetime
) -> tuple[MessageStatus, Reason] | None:
    """Why this message must not be sent now; None when it may."""
    if message.useful_until is not None and message.useful_until <= now:
        return MessageStatus.EXPIRED, Reason.NOT_USEFUL_ANY_MORE
    is_reply = message.lane == Lane.REPLY
    if message.unreachable_reason:
        return MessageStatus.UNREACHABLE, _as_reason(message.unreachable_reason)
    if message.is_follower is False and not is_reply:
        return MessageStatus.UNREACHABLE, Reason.NOT_FOLLOWING
    if message.last_interaction_at is None:
        return None if is_reply else (MessageStatus.PARKED, Reason.WINDOW_CLOSED)
    window = window_of(message.last_interaction_at, now)
    if window == Window.CLOSED:
        return MessageStatus.PARKED, Reason.WINDOW_CLOSED
    if window == Window.PAID and not is_reply:
        return MessageStatus.PARKED, Reason.PAID_WINDOW
    return None


def _as_reason(stored: str) -> Reason:
    return Reason(stored) if stored in list(Reason) else Reason.RECIPIENT_LOST
