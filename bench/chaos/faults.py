"""What goes wrong beside the kills, one after the other, each for a few seconds."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bench.chaos.engines import Engine
from bench.chaos.troupe import Troupe
from bench.chaos.zalo import SEND_PATH, FakeZalo

BETWEEN_FAULTS = (1.0, 4.0)  # seconds
AWAY_SECONDS = 4.0  # longer than the web role waits for the database
FULL_SECONDS = 3.0
HANG_SECONDS = 12.0  # longer than the client waits for Zalo
# A backwards step and a clock that is wrong; Zalo's clock and ours are compared with 10 s.
SKEW = timedelta(seconds=5)
ASLEEP = timedelta(minutes=2)  # longer than any lease


@dataclass(frozen=True)
class Stage:
    """What a fault may touch."""

    zalo: FakeZalo
    engine: Engine
    troupe: Troupe


Fault = Callable[[Stage], None]


def zalo_answers_500(stage: Stage) -> None:
    stage.zalo.spoil("http_500", 20, SEND_PATH)


def zalo_hangs(stage: Stage) -> None:
    stage.zalo.spoil("hang", 3, SEND_PATH, seconds=HANG_SECONDS)
    stage.zalo.spoil("hang_after_delivery", 3, SEND_PATH, seconds=HANG_SECONDS)


def zalo_cuts_the_line(stage: Stage) -> None:
    stage.zalo.spoil("cut_after_delivery", 15, SEND_PATH)
    stage.zalo.spoil("cut", 5, SEND_PATH)


def zalo_throttles(stage: Stage) -> None:
    stage.zalo.spoil("rate_limit", 10)


def token_dies(stage: Stage) -> None:
    stage.zalo.kill_access_tokens()


def database_goes_away(stage: Stage) -> None:
    stage.engine.go_away(AWAY_SECONDS)


def disk_is_full(stage: Stage) -> None:
    """Neither database nor spool may grow."""
    stage.troupe.take_disk(away=True)
    try:
        stage.engine.go_away(FULL_SECONDS)
    finally:
        stage.troupe.take_disk(away=False)


def machine_was_asleep(stage: Stage) -> None:
    stage.zalo.pass_time(ASLEEP)


def clock_is_wrong(stage: Stage) -> None:
    stage.zalo.skew(SKEW)
    time.sleep(FULL_SECONDS)
    stage.zalo.skew(-SKEW)
    time.sleep(FULL_SECONDS)
    stage.zalo.skew(timedelta())


ALL: tuple[Fault, ...] = (
    zalo_answers_500,
    zalo_hangs,
    zalo_cuts_the_line,
    zalo_throttles,
    token_dies,
    database_goes_away,
    disk_is_full,
    machine_was_asleep,
    clock_is_wrong,
)


class Weather(threading.Thread):
    """Every fault in turn, as given first, then in an order of its own for each seed."""

    def __init__(
        self, stage: Stage, faults: Sequence[Fault], rng: random.Random
    ) -> None:
        super().__init__(name="weather")
        self._stage = stage
        self._faults = list(faults)
        self._rng = rng
        self._ending = threading.Event()
        self.happened: Counter[str] = Counter()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self._ending.is_set():
                for fault in self._faults:
                    if self._ending.wait(self._rng.uniform(*BETWEEN_FAULTS)):
                        return
                    fault(self._stage)
                    self.happened[fault.__name__] += 1
                self._rng.shuffle(self._faults)
        except Exception as error:
            self.error = error

    def end(self) -> None:
        """Wait for the fault in hand; a broken fault is a broken run."""
        self._ending.set()
        self.join()
        if self.error is not None:
            raise self.error
