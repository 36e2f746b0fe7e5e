"""One fake Zalo and one webhook receiver for all conformance tests, cleaned for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator import SimulatorConfig, create_simulator, simulator_of
from simulator.serving import served
from tests.simulator.harness import APP_ID, APP_SECRET, OA_SECRET_KEY, Ears, Zalo


@pytest.fixture(scope="session")
def shared_zalo() -> Iterator[Zalo]:
    """Both servers, on free ports of loopback."""
    ears = Ears()
    with served(ears.app()) as hook_url:
        config = SimulatorConfig(
            APP_ID,
            APP_SECRET,
            OA_SECRET_KEY,
            f"{hook_url}/hook",
            "http://127.0.0.1:8000/simulator",
            # Real seconds: small, but in this order.
            echo_seconds=0.0,
            received_seconds=0.01,
            seen_seconds=0.02,
        )
        app = create_simulator(config)
        with served(app) as url:
            yield Zalo(url, simulator_of(app), ears)
        simulator_of(app).close()


@pytest.fixture
def zalo(shared_zalo: Zalo) -> Zalo:
    """The fake Zalo with the demo's cast, on a Tuesday morning."""
    shared_zalo.settle()
    shared_zalo.start_again()
    return shared_zalo
