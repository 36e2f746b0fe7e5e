"""A worker with nothing to do looks rarely; whatever happens makes it look again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from bot.worker import LOOK_WHEN_QUIET_SECONDS, Worker
from tests.chat import Town


class Waits(threading.Event):
    """Waits without waiting, and says how often; ``then`` happens meanwhile."""

    def __init__(self, then: Callable[[int], object] = lambda count: None) -> None:
        super().__init__()
        self.count = 0
        self._then = then

    def wait(self, timeout: float | None = None) -> bool:
        self.count += 1
        self._then(self.count)
        return self.is_set()


@pytest.fixture
def worker(town: Town) -> Worker:
    return town.worker


def test_a_crew_goes_on_waiting_while_nothing_happens(worker: Worker) -> None:
    waits = Waits(lambda count: waits.set() if count == 4 else None)
    worker._wait_for_work(time.monotonic() + LOOK_WHEN_QUIET_SECONDS, waits)
    assert waits.count == 4


def test_a_crew_looks_again_after_a_while_in_any_case(worker: Worker) -> None:
    waits = Waits()
    worker._stirred_at = 0.0
    looked_at = time.monotonic() - LOOK_WHEN_QUIET_SECONDS
    worker._wait_for_work(looked_at, waits)
    assert waits.count == 1


def test_what_was_done_wakes_the_crews_and_the_sender(worker: Worker) -> None:
    waits = Waits(lambda count: worker._stir() if count == 2 else None)
    worker._wait_for_work(time.monotonic(), waits)
    assert waits.count == 2
    assert worker._new_messages.is_set()


def test_a_crew_that_worked_looks_again_at_once_and_a_failing_one_later(
    worker: Worker,
) -> None:
    stop = Waits(lambda count: stop.set() if count == 2 else None)
    looks: list[int] = []

    def work() -> bool:
        looks.append(stop.count)
        if len(looks) == 4:
            raise RuntimeError
        return len(looks) < 4

    worker._work_on(work, stop)
    assert looks == [0, 0, 0, 0, 1]
