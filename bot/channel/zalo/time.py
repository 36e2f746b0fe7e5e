"""What time it is at Zalo: the only clock that its signatures and tokens obey."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

PATIENCE_SECONDS = 5


def time_at(url: str) -> datetime | None:
    """By the ``Date`` of the host's answer; None without one.

    ``ConnectionError`` when nobody answers.
    """
    try:
        answer = requests.head(url, timeout=PATIENCE_SECONDS)
    except requests.RequestException as error:
        raise ConnectionError(type(error).__name__) from error
    told = answer.headers.get("Date")
    return parsedate_to_datetime(told).astimezone(UTC) if told else None
