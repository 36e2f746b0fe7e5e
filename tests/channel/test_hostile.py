"""Two thousand hostile bodies through the whole program; ``bench.hostile`` has the rest."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from bench.hostile import besiege
from bench.hostile_bodies import HostileBodies
from bench.stage import settings_for
from models import EventStatus

BODIES = 2_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("siege")


def test_hostile_bodies_crash_nothing_pass_nothing_and_block_nothing(
    folder: Path,
) -> None:
    url = f"sqlite:///{folder / 'bot.db'}"
    settings = settings_for(folder, url, "http://127.0.0.1:9", 8000)
    verdict = besiege(settings, BODIES, seed=20_261_124)
    assert verdict.is_clean, verdict
    assert sum(verdict.statuses.values()) == BODIES
    assert set(verdict.statuses) <= {200, 400, 401, 413}
    assert verdict.signed >= 0.8 * BODIES
    assert verdict.ends[EventStatus.DONE] >= 0.2 * BODIES, "few reached a handler"


def test_the_same_seed_gives_the_same_bodies_and_another_one_others() -> None:
    one, same, other = (HostileBodies(seed) for seed in (1, 1, 2))
    first = [one.next() for _ in range(50)]
    assert first == [same.next() for _ in range(50)]
    assert first != [other.next() for _ in range(50)]


def test_most_bodies_are_still_json_and_many_still_name_an_event() -> None:
    bodies = HostileBodies(7)
    named = 0
    for raw in islice(iter(bodies.next, None), 500):
        try:
            named += isinstance(json.loads(raw).get("event_name"), str)
        except (ValueError, AttributeError, RecursionError):
            continue
    assert named > 300
