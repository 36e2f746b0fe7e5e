"""Some weeks of the simulated quarter; the whole of it is ``python -m bench credits``."""

from __future__ import annotations

from bench.credits import simulated


def test_three_weeks_of_posts_are_credited_once_and_to_the_right_units() -> None:
    found = simulated(weeks=3)
    assert found.wanted > 40
    assert min(found.kinds[kind] for kind in ("renamed", "hidden", "republished")) > 0
    assert found.share >= 0.95
    assert (found.wrong_unit, found.twice, found.not_wanted) == (0, 0, 0)
