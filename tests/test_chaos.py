"""Processes die in the middle of everything: nothing is lost, nothing comes twice."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.chaos import storm
from tests.postgres import postgres, url_of

EVENTS, KILLS = 1500, 15
ROLES = {"sqlite": ("web", "worker"), "postgresql": ("web", "worker", "worker-2")}


@pytest.mark.timeout(300)
# A server that is killed in mid-answer leaves its client's socket to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("engine", ROLES)
def test_killed_processes_lose_nothing_and_repeat_nothing(
    engine: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'bot.db'}"
        if engine == "postgresql":
            url = url_of(stack.enter_context(postgres()))
        verdict = storm(tmp_path, url, events=EVENTS, kills=KILLS, roles=ROLES[engine])
    assert sum(verdict.kills.values()) == KILLS
    assert verdict.events == EVENTS
    assert verdict.messages >= EVENTS
    assert verdict.is_clean, verdict
    assert verdict.looked_up > 0, "no worker died between Zalo's answer and ours"
