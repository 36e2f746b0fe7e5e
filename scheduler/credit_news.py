"""Once a day a unit's officials hear what was credited to it, in one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot import calendar
from bot.conversation.announcing import announce
from bot.conversation.turn import Reply
from bot.duties.crediting import news
from bot.outreach.hours import Kind, next_opening
from bot.people import officials, units
from models import Lane
from scheduler.clockwork import Result, Workshop

# What is posted on a day is told on that day, while there is still time to object.
TOLD_FROM_HOUR = 16
USEFUL_FOR = timedelta(days=3)
# A message of a phone's screen; the others are in "không phải".
MOST_NAMED = 6


def tell_credits(workshop: Workshop, now: datetime) -> Result:
    """Nothing on days off: the next working day tells it."""
    local = now.astimezone(workshop.zone)
    counts: Counter[str] = Counter()
    if not calendar.in_force().is_working_day(local.date()):
        return counts
    with workshop.database.writing() as session:
        for unit_code, credits in news.untold(session, local).items():
            told = _tell(workshop, session, unit_code, credits, local)
            counts["messages"] += told
            if told:
                counts["credits"] += len(credits)
                news.note_told(session, credits, local)
    return dict(counts)


def _tell(
    workshop: Workshop,
    session: Session,
    unit_code: str,
    credits: Sequence[news.Credit],
    now: datetime,
) -> int:
    params = {
        "unit": units.name_of(session, unit_code),
        "count": len(credits),
        "credits": [_words(workshop, one) for one in credits[:MOST_NAMED]],
        "more": max(0, len(credits) - MOST_NAMED),
        "example": credits[0].number,
    }
    due_at = next_opening(Kind.DUTY_REMINDER, now, calendar.in_force(), workshop.zone)
    told = 0
    for official in news.whom_to_tell(session, unit_code, now):
        contact = officials.reachable_contact(session, official.id or 0, now)
        if contact is not None:
            told += announce(
                session,
                workshop.texts,
                contact,
                f"credits:{unit_code}:{now:%Y-%m-%d}:{official.id}",
                [Reply("credits.news", params)],
                lane=Lane.REMINDER,
                kind=Kind.RECEIPT,  # no reminder: the day's one may come beside it
                now=now,
                due_at=due_at,
                useful_until=due_at + USEFUL_FOR,
            )
    return told


def _words(workshop: Workshop, credit: news.Credit) -> dict[str, object]:
    channel = workshop.texts.render(f"credit_channels.{credit.channel}", {})
    return {
        "number": credit.number,
        "title": credit.title,
        "duty": credit.duty,
        "channel": channel,
        "period": credit.period,
    }
