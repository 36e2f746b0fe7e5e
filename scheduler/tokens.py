"""Tokens are refreshed ahead of time, also on days when nobody writes."""

from __future__ import annotations

from datetime import datetime

from scheduler.clockwork import Result, Workshop


def refresh_ahead(workshop: Workshop, now: datetime) -> Result:
    """Refresh every account whose access token ends soon."""
    return workshop.accounts.refresh_ahead()
