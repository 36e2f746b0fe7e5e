"""Being a polite guest of other people's servers: ``robots.txt`` and a pause between visits."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego

REMEMBERED_FOR_SECONDS = 24 * 3600.0  # RFC 9309, 2.4: no longer than a day
FAILURE_REMEMBERED_FOR_SECONDS = 600.0
MAX_HOSTS = 5000

# The body of a robots.txt, "" when there is none; None when the server failed to say.
Look = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: Protego | None  # None: the server failed to say, so nothing is allowed
    until: float


class Robots:
    """What each host allows our user agent (RFC 9309), remembered for a day."""

    def __init__(self, user_agent: str) -> None:
        self._user_agent = user_agent
        self._known: OrderedDict[str, _Rules] = OrderedDict()
        self._lock = threading.Lock()

    def allows(self, url: str, look: Look) -> bool:
        """Whether this link may be fetched; ``look`` reads a robots.txt if need be.

        A server that fails to say (5xx) allows nothing for ten minutes (RFC 9309, 2.3.1.4).
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}".lower()
        rules = self._remembered(origin)
        if rules is None:
            rules = self._asked(origin, look)
        if rules.rules is None:
            return False
        return bool(rules.rules.can_fetch(url, self._user_agent))

    def _remembered(self, origin: str) -> _Rules | None:
        with self._lock:
            found = self._known.get(origin)
        return found if found and found.until > time.monotonic() else None

    def _asked(self, origin: str, look: Look) -> _Rules:
        body = look(f"{origin}/robots.txt")
        life = (
            FAILURE_REMEMBERED_FOR_SECONDS if body is None else REMEMBERED_FOR_SECONDS
        )
        parsed = None if body is None else Protego.parse(body)
        rules = _Rules(parsed, time.monotonic() + life)
        with self._lock:
            self._known[origin] = rules
            while len(self._known) > MAX_HOSTS:
                self._known.popitem(last=False)
        return rules


class Pace:
    """One host is visited at most once in ``seconds``; waits until it is our turn."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, host: str) -> float:
        """Take the next turn at this host; the seconds waited."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._free_at.get(host, now))
            self._free_at[host] = turn + self._seconds
            if len(self._free_at) > MAX_HOSTS:
                self._free_at = {h: t for h, t in self._free_at.items() if t > now}
        time.sleep(turn - now)
        return turn - now
