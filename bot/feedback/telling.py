"""The citizen hears what became of his feedback, inside Zalo's windows; later he may ask."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.conversation.announcing import announce
from bot.conversation.state import load_context, save_context
from bot.conversation.texts import Texts
from bot.conversation.turn import Command, Option, Reply
from bot.feedback.tickets import number_of
from bot.people import units
from models import (
    Contact,
    Feedback,
    FeedbackEntry,
    FeedbackStep,
    Lane,
    MessageKind,
)

# Zalo passes nothing on to who has been silent for longer; it waits that long for him.
USEFUL_FOR = timedelta(days=30)


def tell(
    session: Session,
    texts: Texts,
    feedback: Feedback,
    entry: FeedbackEntry,
    now: datetime,
) -> int:
    """About one step of an official; messages written, 0 where nobody is left to hear."""
    contact = session.get(Contact, feedback.contact_id or 0)
    if contact is None:
        return 0
    params = {
        "number": number_of(feedback),
        "unit": units.name_of(session, feedback.unit_code),
        "text": entry.text,
    }
    options = (
        () if entry.step == FeedbackStep.TRANSFERRED else _options(texts, feedback)
    )
    reply = Reply(f"feedback.told_{entry.step}", params, options, inline=True)
    _offer(session, contact, reply, now)
    return announce(
        session,
        texts,
        contact,
        f"feedback:{feedback.id}:{entry.id}",
        [reply],
        lane=Lane.REPLY,
        kind=MessageKind.HANDOVER,
        now=now,
        useful_until=now + USEFUL_FOR,
    )


def _options(texts: Texts, feedback: Feedback) -> tuple[Option, ...]:
    """To rate it and to say that it is not settled."""
    rating = Option(
        texts.label("feedback.rate"), Command("feedback_rate", str(feedback.id))
    )
    again = Option(
        texts.label("feedback.reopen"), Command("feedback_reopen", str(feedback.id))
    )
    return (rating, again) if feedback.rating is None else (again,)


def _offer(session: Session, contact: Contact, reply: Reply, now: datetime) -> None:
    """Its numbers mean something from now on, unless he is in the middle of a dialog."""
    number = contact.id or 0
    if reply.options and load_context(session, number, now).progress is None:
        save_context(session, number, [reply], now)
