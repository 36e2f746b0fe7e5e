"""Closing what has been over for ten days and nobody has closed."""

from __future__ import annotations

from datetime import datetime

from bot.duties.closing import close, due_to_close
from bot.people import audit
from scheduler.clockwork import Result, Workshop


def close_periods(workshop: Workshop, now: datetime) -> Result:
    """Each period in a transaction of its own."""
    local = now.astimezone(workshop.zone)
    with workshop.database.reading() as session:
        periods = due_to_close(session, local)
    for period in periods:
        with workshop.database.writing() as session:
            close(session, period, audit.PROGRAM, local)
    return {"closed": len(periods)}
