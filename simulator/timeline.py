"""What happens later: side effects in real seconds, repeats on the simulated clock.

Pacing (the echo of a message, its "received") follows real time, so that a clock frozen
by a test does not stop it; repeats of webhooks and slow jobs of Zalo follow the movable
clock, so that a test reaches them at once. Threads sleep until the next due job: an
idle timeline costs nothing.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

from simulator.clock import Clock

logger = logging.getLogger(__name__)

Job = Callable[[], None]

# A frozen or coarse clock may sit just before a due instant: never spin on it.
SHORTEST_WAIT_SECONDS = 0.001
CLOSE_SECONDS = 5.0  # longer than the webhook time-out, so that a close is clean


class Timeline:
    """Two queues of jobs, worked off by daemon threads started on first use."""

    def __init__(self, clock: Clock, threads: int) -> None:
        self._clock = clock
        self._wanted_threads = threads
        self._condition = threading.Condition()
        self._soon: list[tuple[float, int, Job]] = []
        self._later: list[tuple[int, int, Job]] = []
        self._numbers = itertools.count()
        self._running = 0
        self._closed = False
        self._threads: list[threading.Thread] = []
        clock.listen(lambda _offset: self._wake())

    def after(self, seconds: float, job: Job) -> None:
        """Run ``job`` after so many real seconds."""
        with self._condition:
            due = time.monotonic() + seconds
            heapq.heappush(self._soon, (due, next(self._numbers), job))
            self._start()
            self._condition.notify()

    def at(self, at_ms: int, job: Job) -> None:
        """Run ``job`` when the simulated clock shows ``at_ms``."""
        with self._condition:
            heapq.heappush(self._later, (at_ms, next(self._numbers), job))
            self._start()
            self._condition.notify()

    def waiting(self) -> tuple[int, int]:
        """Jobs waiting for real time (or running) and for the simulated clock."""
        with self._condition:
            return len(self._soon) + self._running, len(self._later)

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is due now; False if that took longer than ``seconds``."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while self._soon or self._running or self._is_later_due():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._condition.wait(left)
            return True

    def clear(self) -> None:
        """Forget every waiting job."""
        with self._condition:
            self._soon.clear()
            self._later.clear()
            self._condition.notify_all()

    def close(self) -> None:
        """Stop the threads; waiting jobs are lost."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join(CLOSE_SECONDS)

    def _wake(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _start(self) -> None:
        if self._threads or self._closed:
            return
        for number in range(self._wanted_threads):
            name = f"fake-zalo-{number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _is_later_due(self) -> bool:
        return bool(self._later) and self._later[0][0] <= self._clock.now_ms()

    def _pop_due(self) -> Job | None:
        if self._soon and self._soon[0][0] <= time.monotonic():
            return heapq.heappop(self._soon)[2]
        if self._is_later_due():
            return heapq.heappop(self._later)[2]
        return None

    def _seconds_to_next(self) -> float | None:
        waits = []
        if self._soon:
            waits.append(self._soon[0][0] - time.monotonic())
        if self._later:
            waits.append((self._later[0][0] - self._clock.now_ms()) / 1000)
        return max(min(waits), SHORTEST_WAIT_SECONDS) if waits else None

    def _next(self) -> Job | None:
        with self._condition:
            while not self._closed:
                job = self._pop_due()
                if job:
                    self._running += 1
                    return job
                self._condition.wait(self._seconds_to_next())
            return None

    def _work(self) -> None:
        while job := self._next():
            try:
                job()
            except Exception:
                logger.exception("a planned job of the fake Zalo failed")
            finally:
                with self._condition:
                    self._running -= 1
                    self._condition.notify_all()
