"""Zalo's limit of calls, kept before Zalo has to refuse.

4,000 calls per minute and app (https://developers.zalo.me, 2026-09), over all accounts; the
answers say how many are left. Tokens are taken when rows are claimed, so no thread ever
waits for one while it holds a row.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

CALLS_PER_MINUTE = 4_000
# Room for what is not counted here: looking up history, refreshing, other processes.
SHARE_FOR_MESSAGES = 0.9
# One second's worth at once: replies in a burst need no waiting, a campaign is smooth.
BURST_SECONDS = 1.0
FEW_CALLS_LEFT = 40  # in flight at this moment, at most, over our processes
MINUTE_SECONDS = 60.0


class Pace:
    """A token bucket for all threads of this process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._per_second = CALLS_PER_MINUTE * SHARE_FOR_MESSAGES / 60
        self._capacity = self._per_second * BURST_SECONDS
        self._tokens = self._capacity
        self._filled_at = now()

    def take_up_to(self, wanted: int) -> int:
        """How many of ``wanted`` calls may begin now."""
        with self._lock:
            self._fill()
            taken = max(0, min(wanted, int(self._tokens)))
            self._tokens -= taken
            return taken

    def give_back(self, unused: int) -> None:
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + unused)

    def note_calls_left(self, left: int | None) -> None:
        """What Zalo's header said; with few calls left, wait for the next minute."""
        if left is None or left > FEW_CALLS_LEFT:
            return
        with self._lock:
            self._tokens = 0.0
            self._filled_at = self._now() + MINUTE_SECONDS

    def seconds_until_free(self) -> float:
        """How long until the next call may begin."""
        with self._lock:
            self._fill()
            missing = max(0.0, 1.0 - self._tokens) / self._per_second
            return missing + max(0.0, self._filled_at - self._now())

    def _fill(self) -> None:
        now = self._now()
        if now > self._filled_at:
            gained = (now - self._filled_at) * self._per_second
            self._tokens = min(self._capacity, self._tokens + gained)
            self._filled_at = now
