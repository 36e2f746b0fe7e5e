"""Processes die and all goes wrong: nothing is lost, nothing comes twice.

Small storms; ``python -m bench.chaos`` makes the big ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.chaos import faults
from bench.chaos.cut_lines import send_with_cut_lines
from bench.chaos.engines import engine_of
from bench.chaos.judge import Verdict
from bench.chaos.storm import Plan, storm
from bot.catalogue.catalogue import Catalogue
from tests.chat import lend_index

EVENTS, KILLS = 1_500, 15
# Each of the others holds everything up for the better part of a minute.
QUICK = (
    faults.zalo_cuts_the_line,
    faults.database_goes_away,
    faults.disk_is_full,
    faults.clock_is_wrong,
    faults.token_dies,
    faults.machine_was_asleep,
    faults.zalo_answers_500,
)


@pytest.mark.longest
@pytest.mark.timeout(900)
# A server that is killed in mid-answer leaves its client's socket to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("engine", "run"), [("sqlite", 1), ("postgresql", 2)])
def test_killed_processes_lose_nothing_and_repeat_nothing(
    engine: str, run: int, catalogue: Catalogue, tmp_path: Path
) -> None:
    lend_index(catalogue, tmp_path)  # who is killed need not build it
    plan = Plan(events=EVENTS, kills=KILLS, run=run, faults=QUICK)
    with engine_of(engine, tmp_path) as found:
        verdict = storm(tmp_path, found, plan)
    assert verdict.complaints(proofs=True) == {}
    assert sum(verdict.kills.values()) == KILLS
    assert sum(verdict.faults.values()) >= 3
    # follow and unfollow have no id of their own: a repeated one may be the same event
    assert EVENTS * 0.98 <= verdict.events <= EVENTS
    assert verdict.messages >= verdict.events * 0.9


def test_messages_whose_answers_are_lost_arrive_once() -> None:
    result = send_with_cut_lines(200)
    assert (result.lost, result.twice) == (0, 0)
    assert result.cut > 2
    assert result.looked_up > 0


def test_without_any_proof_replies_may_repeat_and_campaigns_never() -> None:
    verdict = Verdict(events=1, replies_twice=3, given_up=2)
    assert verdict.complaints(proofs=True) == {"replies_twice": 3, "given_up": 2}
    assert verdict.complaints(proofs=False) == {}
    worse = Verdict(events=1, campaigns_twice=1)
    assert worse.complaints(proofs=False) == {"campaigns_twice": 1}
