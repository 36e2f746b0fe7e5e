"""Tokens are refreshed ahead of time, also on days when nobody writes."""

from __future__ import annotations

from datetime import datetime

from bot.watching.tokens import watch_consents
from scheduler.clockwork import Result, Workshop


def refresh_ahead(workshop: Workshop, now: datetime) -> Result:
    """Refresh every account whose access token ends soon, and warn of consents that do."""
    counts = workshop.accounts.refresh_ahead()
    with workshop.database.writing() as session:
        ending = watch_consents(session, now, workshop.zone)
    return counts | {"consents_ending": ending}
