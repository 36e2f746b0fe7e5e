"""A word of the organisers to somebody in the order of a contest, through the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.conversation.announcing import speak
from bot.surveys.editing import record
from bot.surveys.ranking import Place
from models import Contact, Official, Survey

USEFUL_FOR = timedelta(days=30)  # it waits for who does not write for a while


def write(
    session: Session,
    survey: Survey,
    place: Place,
    official: Official,
    text: str,
    key: str,
    now: datetime,
) -> bool:
    """``key`` is the form's own, so that it is sent once. False: nobody is left to hear, or
    it was sent before."""
    contact = session.get(Contact, place.contact_id or 0)
    if contact is None:
        return False
    key = f"survey:{survey.id}:{key}"
    is_new = speak(session, contact, text, key=key, now=now, useful_for=USEFUL_FOR)
    if is_new:
        record(session, survey, official, "wrote_to_winner", now)
    return is_new
