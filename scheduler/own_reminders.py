"""Reminders people set for themselves become messages when their time has come."""

from __future__ import annotations

from datetime import datetime

from bot.conversation.announcing import announce
from bot.conversation.turn import Reply
from bot.outreach import own_reminders
from models import Contact, Lane, MessageKind
from scheduler.clockwork import Result, Workshop

AT_ONCE = 100  # short transactions: nobody's answer waits for them
# Half past seven is a popular time; what is left over comes with the next tick.
MOST_A_TICK = 5000


def remind(workshop: Workshop, now: datetime) -> Result:
    """In the lane of answers, so that of what was parked it leaves before the answer to
    whatever brought the person back."""
    written = 0
    while written < MOST_A_TICK:
        some = _write_some(workshop, now)
        written += some
        if some < AT_ONCE:
            break
    return {"written": written}


def _write_some(workshop: Workshop, now: datetime) -> int:
    with workshop.database.writing() as session:
        waiting = own_reminders.due(session, now, AT_ONCE)
        for one in waiting:
            params = {"what": one.what, "at": one.at.astimezone(workshop.zone)}
            announce(
                session,
                workshop.texts,
                session.get_one(Contact, one.contact_id),
                own_reminders.key_of(one),
                [Reply("reminding.due", params)],
                lane=Lane.REPLY,
                kind=MessageKind.OWN_REMINDER,
                now=now,
                useful_until=one.at + own_reminders.USEFUL_FOR,
            )
            own_reminders.note_written(session, one, now)
        return len(waiting)
