"""May this message leave now? Decided right before it is sent, on what is known then.

Zalo counts from the person's last interaction (writing, following, pressing): 48 hours are
free, up to 7 days cost money per message, later nothing passes (rules of 2026-01-01).

* In the free window everything may leave.
* In the paid window nothing may, unless the account allows it for the lane and the month's
  budget has room (``money``); answers included. What may not leave is parked and goes when
  the person writes again.
* Hours, wishes and caps of a kind are not Zalo's, and not decided here: whoever builds the
  sender hands over the function that objects (``Objects``).
* A group has no window: while the account is in it everything may leave, free of charge.
* What goes by phone has none either, but a price of its own, whoever gets it.
* A person of whom no interaction is known: a reply is tried, as Zalo allows a welcome;
  everything else is parked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from bot.channel import money
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


@dataclass(frozen=True, slots=True)
class Objection:
    """What becomes of a message that must not leave now; ``due_at``: when it is asked
    again, for what goes on waiting."""

    status: MessageStatus
    reason: Reason
    due_at: datetime | None = None


Objects = Callable[[Session, ClaimedMessage, datetime], Objection | None]


def nobody_objects(
    session: Session, message: ClaimedMessage, now: datetime
) -> Objection | None:
    """Of a sender that sends whatever Zalo takes."""
    return None


def first_objection(*all_of_them: Objects) -> Objects:
    """Each is asked in turn, until one objects."""

    def objects(
        session: Session, message: ClaimedMessage, now: datetime
    ) -> Objection | None:
        for one in all_of_them:
            found = one(session, message, now)
            if found is not None:
                return found
        return None

    return objects


def refusal(
    session: Session,
    message: ClaimedMessage,
    vnd: int,
    now: datetime,
    objects: Objects = nobody_objects,
) -> Objection | None:
    """Why this message must not be sent now; None when it may.

    If it would cost ``vnd``, that much is set aside then, and not before all others agreed.
    """
    found = _of_zalo(message, now) or objects(session, message, now)
    if found is not None or not _costs_money(message, now):
        return found
    if message.message.by_phone is not None:
        vnd = message.message.by_phone.vnd
    reason = money.set_aside(session, message.id, message.oa_id, message.lane, vnd, now)
    if reason is None:
        return None
    is_by_phone = (
        message.message.by_phone is not None
    )  # nobody's writing brings it back
    status = MessageStatus.UNREACHABLE if is_by_phone else MessageStatus.PARKED
    return Objection(status, reason)


def _of_zalo(message: ClaimedMessage, now: datetime) -> Objection | None:
    if message.useful_until is not None and message.useful_until <= now:
        return Objection(MessageStatus.EXPIRED, Reason.NOT_USEFUL_ANY_MORE)
    if message.message.by_phone is not None:
        no_phone = Objection(MessageStatus.UNREACHABLE, Reason.NO_PHONE)
        return None if message.phone else no_phone
    is_reply = message.lane == Lane.REPLY
    if message.unreachable_reason:
        reason = _as_reason(message.unreachable_reason)
        return Objection(MessageStatus.UNREACHABLE, reason)
    if message.is_group:
        return None
    if message.is_follower is False and not is_reply:
        return Objection(MessageStatus.UNREACHABLE, Reason.NOT_FOLLOWING)
    closed = Objection(MessageStatus.PARKED, Reason.WINDOW_CLOSED)
    if message.last_interaction_at is None:
        return None if is_reply else closed
    is_closed = window_of(message.last_interaction_at, now) == Window.CLOSED
    return closed if is_closed else None


def _costs_money(message: ClaimedMessage, now: datetime) -> bool:
    """Zalo would charge for it now."""
    if message.message.by_phone is not None:
        return True
    last = message.last_interaction_at
    return last is not None and window_of(last, now) == Window.PAID


def _as_reason(stored: str) -> Reason:
    return Reason(stored) if stored in list(Reason) else Reason.RECIPIENT_LOST
