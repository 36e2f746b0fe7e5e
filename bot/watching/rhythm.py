"""How long an account's people usually do not write: what is longer is a silence.

Time is counted while people are awake only, so a night is no silence, and a gap from
evening to morning is short. Gaps are told apart by when they begin: one that begins on a
Friday afternoon may well last until Monday, one of a Tuesday may not. Pure: no database,
no clock.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

WAKES_AT, SLEEPS_AT = 6, 22  # local hours
AWAKE_A_DAY = timedelta(hours=SLEEPS_AT - WAKES_AT)
LEAST = timedelta(hours=2)  # a shorter silence is no news anywhere
QUANTILE = 0.99
# In an even flow a gap is longer than twice its 99th percentile once in 10,000; what few
# gaps teach is less exact: a dozen messages a day give two false alarms a year.
MARGIN = 2.0
FEWEST_GAPS = 50  # of one part of the week; those with fewer are judged together
OTHERS = "others"
_DAYS = ("workday",) * 4 + ("friday", "saturday", "sunday")


def usual_gaps(moments: Sequence[datetime], zone: ZoneInfo) -> dict[str, float]:
    """By part of the week (and for all ``others``) the longest usual gap in seconds awake;
    empty when too little is known. ``moments`` are when people wrote, oldest first."""
    gaps: dict[str, list[float]] = defaultdict(list)
    for earlier, later in pairwise(moments):
        gap = awake_between(earlier, later, zone).total_seconds()
        gaps[part_of_week(earlier, zone)].append(gap)
    judged = {part: all_ for part, all_ in gaps.items() if len(all_) >= FEWEST_GAPS}
    thin = [gap for part in gaps.keys() - judged.keys() for gap in gaps[part]]
    if len(thin) < FEWEST_GAPS:
        thin = [gap for all_ in gaps.values() for gap in all_]
    if len(thin) >= FEWEST_GAPS:
        judged[OTHERS] = thin
    return {
        part: max(LEAST.total_seconds(), MARGIN * _quantile(all_))
        for part, all_ in judged.items()
    }


def longest_usual_gap(
    usual: Mapping[str, float], since: datetime, zone: ZoneInfo
) -> timedelta | None:
    """Awake, for a gap that began at ``since``; None when nothing is known."""
    seconds = usual.get(part_of_week(since, zone), usual.get(OTHERS))
    return None if seconds is None else timedelta(seconds=seconds)


def part_of_week(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    day = _DAYS[local.weekday()]
    if local.hour < 12:
        return f"{day}_morning"
    return f"{day}_afternoon" if local.hour < 18 else f"{day}_evening"


def is_awake(moment: datetime, zone: ZoneInfo) -> bool:
    return WAKES_AT <= moment.astimezone(zone).hour < SLEEPS_AT


def awake_between(earlier: datetime, later: datetime, zone: ZoneInfo) -> timedelta:
    return max(timedelta(), _awake_until(later, zone) - _awake_until(earlier, zone))


def _awake_until(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Time awake since the first of all days."""
    local = moment.astimezone(zone)
    of_day = timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second
    ) - timedelta(hours=WAKES_AT)
    today = min(max(of_day, timedelta()), AWAKE_A_DAY)
    return local.toordinal() * AWAKE_A_DAY + today


def _quantile(values: Sequence[float]) -> float:
    """The nearest one of the values, from above."""
    return sorted(values)[math.ceil(len(values) * QUANTILE) - 1]
