"""The movable clock of the fake Zalo.

The base clock is never touched: an offset is added to it. Everything Zalo counts in
hours, days or months (windows, tokens, quotas, repeats of webhooks) reads this clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

# Vietnam has had no daylight saving time since 1975: a fixed offset is exact and needs
# no time-zone database.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock:
    """A base clock plus an offset; tells listeners the new *total* offset."""

    def __init__(
        self,
        now: Callable[[], datetime] | None,
        on_moved: Callable[[timedelta], None] | None,
    ) -> None:
        self._base = now or (lambda: datetime.now(UTC))
        self._listeners = [on_moved] if on_moved else []
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """The simulated instant, in Vietnamese time."""
        return (self._base() + self.offset).astimezone(VIETNAM)

    def now_ms(self) -> int:
        """The simulated instant in milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    def listen(self, on_moved: Callable[[timedelta], None]) -> None:
        """Call ``on_moved`` with the total offset after every move."""
        self._listeners.append(on_moved)

    def move(self, by: timedelta) -> None:
        """Move the clock forwards or backwards."""
        self.set_offset(self.offset + by)

    def set(self, instant: datetime) -> None:
        """Let it be ``instant`` (aware) now."""
        self.set_offset(instant - self._base())

    def set_offset(self, offset: timedelta) -> None:
        """Put the distance to the base clock; zero is the real time."""
        self.offset = offset
        for on_moved in self._listeners:
            on_moved(offset)


def at_text(at_ms: int) -> str:
    """Milliseconds as ISO 8601 with the Vietnamese offset."""
    return local(at_ms).isoformat(timespec="milliseconds")


def date_text(at_ms: int) -> str:
    """Milliseconds as Zalo prints dates in profiles and quotas: DD/MM/YYYY."""
    return local(at_ms).strftime("%d/%m/%Y")


def local(at_ms: int) -> datetime:
    """Milliseconds as a Vietnamese instant."""
    return datetime.fromtimestamp(at_ms / 1000, VIETNAM)


def is_night(at_ms: int) -> bool:
    """22:00-05:59 in Vietnam: no broadcast, no promotion (Zalo error -234)."""
    hour = local(at_ms).hour
    return hour >= 22 or hour < 6
