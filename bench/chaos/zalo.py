"""The fake Zalo of a storm: it outlives everything, and its ledger is complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from bench.stage import KEYS, OA, free_port, user_id, user_id_by_app
from bot.clock import Clock
from simulator import SimulatorConfig, create_simulator, simulator_of
from simulator.cast import seed
from simulator.core import Simulator
from simulator.records import Message
from simulator.serving import served

LATENCY_MS = 80  # many calls are under way when a worker dies
NO_LIMIT = (
    1_000_000  # calls a minute: being throttled is one of the faults, not the rule
)
SEND_PATH = "/oa/message"
HISTORY_PATH = "/oa/conversation"
UNSUPPORTED = -233


class FakeZalo:
    """The simulator, served, with the levers a storm needs."""

    def __init__(self, simulator: Simulator, address: str, clock: Clock) -> None:
        self.simulator = simulator
        self.address = address
        self._clock = clock

    def spoil(self, kind: str, times: int | None, path: str = "", **how: Any) -> None:
        with self.simulator.state.lock:
            self.simulator.faults.add(kind, times=times, path=path, **how)

    def kill_access_tokens(self) -> None:
        """As if the tokens had ended early: every call is refused until a refresh."""
        with self.simulator.state.lock:
            for pair in self.simulator.state.tokens.values():
                pair.access_dead = True

    def note_wrote(self, person: int) -> None:
        """Zalo has seen the message too: its window is open."""
        with self.simulator.state.lock:
            relation = self.simulator.state.relations[user_id(person)]
            relation.last_interaction = self.simulator.clock.now_ms()

    def pass_time(self, by: timedelta) -> None:
        """For Zalo and the program alike, at once: a machine that was asleep."""
        with self.simulator.state.lock:
            self.simulator.clock.move(by)

    def skew(self, by: timedelta) -> None:
        """The program's clock alone is wrong by so much."""
        self._clock.move(self.simulator.clock.offset + by)

    @property
    def ledger(self) -> list[Message]:
        with self.simulator.state.lock:
            return list(self.simulator.state.ledger)


@contextmanager
def fake_zalo(
    web_port: int, people: int, clock: Clock, *, proofs: bool
) -> Iterator[FakeZalo]:
    """``proofs``: whether echoes are sent and the history may be read."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    simulated = create_simulator(
        SimulatorConfig(
            app_id=KEYS["ZALO_APP_ID"],
            app_secret=KEYS["ZALO_APP_SECRET"],
            oa_secret_key=KEYS["ZALO_OA_SECRET_KEY"],
            webhook_url=f"http://127.0.0.1:{web_port}/zalo/webhook",
            public_url=address,
            echo_seconds=0.05 if proofs else None,
            received_seconds=0.2 if proofs else None,
            seen_seconds=None,
        ),
        on_clock_moved=clock.move,
    )
    simulator = simulator_of(simulated)
    seed(simulator, {"accounts": [_account()], "people": list(_cast(people))})
    simulator.state.app.rate_limit_per_minute = NO_LIMIT
    zalo = FakeZalo(simulator, address, clock)
    zalo.spoil("latency", None, ms=LATENCY_MS)
    if not proofs:
        zalo.spoil("error", None, HISTORY_PATH, code=UNSUPPORTED)
    with served(simulated, port):
        try:
            yield zalo
        finally:
            simulator.close()


def _account() -> dict[str, Any]:
    return {"oa_id": OA, "name": "UBND xã", "kind": "government", "alias": "xa"}


def _cast(people: int) -> Iterator[dict[str, Any]]:
    for number in range(people):
        known = {"user_id": user_id(number), "follows": True, "interacted_hours_ago": 1}
        yield {
            "key": f"dan-{number}",
            "display_name": f"Người {number}",
            "user_id_by_app": user_id_by_app(number),
            "accounts": {OA: known},
        }
