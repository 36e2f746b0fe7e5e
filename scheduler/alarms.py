"""Administrators hear of what is wrong."""

from __future__ import annotations

from datetime import datetime

from bot.watching.telling import Telling
from scheduler.clockwork import Result, Workshop


def tell(workshop: Workshop, now: datetime) -> Result:
    """Alarms that began, go on or ended, by each way that was set up."""
    telling = Telling(
        workshop.database, workshop.texts.render, workshop.zone, workshop.alarm_ways
    )
    return telling.run(now)
