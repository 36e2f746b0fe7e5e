"""Officials hear within a minute that people wait for them, while their office is open."""

from __future__ import annotations

from datetime import datetime

from bot import calendar
from bot.feedback.desk import Desk
from bot.outreach.hours import may_leave
from models import MessageKind
from scheduler.clockwork import Result, Workshop


def tell_desks(workshop: Workshop, now: datetime) -> Result:
    """What came in the night is told in the morning, with the numbers of then."""
    open_days = calendar.in_force()
    if not may_leave(MessageKind.DESK_NOTICE, now, open_days, workshop.zone):
        return {"told": 0}
    desk = Desk(workshop.texts, workshop.zone, workshop.public_url)
    with workshop.database.writing() as session:
        return desk.tell(session, now)
