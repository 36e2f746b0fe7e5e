"""Hours of messages: a million moments and kinds against rules written independently.

``python -m bench.hours [CASES]``. Wanted: no violation.
"""

from __future__ import annotations

import random
import sys
import time
from zoneinfo import ZoneInfo

from bot.calendar import Calendar
from bot.outreach.hours import Kind, may_leave, next_opening
from tests.outreach import oracle

CASES = 1_000_000
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def run(cases: int = CASES, seed: int = 1) -> str:
    started = time.monotonic()
    found = violations(cases, seed)
    seconds = time.monotonic() - started
    return "\n".join(
        [
            "## Hours",
            "",
            "| cases | violations | wanted | seconds |",
            "| --- | --- | --- | --- |",
            f"| {cases} | {found} | 0 | {seconds:.0f} |",
        ]
    )


def violations(cases: int, seed: int) -> int:
    """Moments at which the program says another thing than the rules, or names an opening
    at which nothing may leave."""
    rng, calendar, kinds = random.Random(seed), Calendar(), list(Kind)
    wrong = 0
    for _ in range(cases):
        at, kind = oracle.moment(rng), rng.choice(kinds)
        allowed = may_leave(kind, at, calendar, ZONE)
        opening = next_opening(kind, at, calendar, ZONE)
        is_right = (
            allowed == oracle.hours_allow(kind, at)
            and (opening == at) == allowed
            and oracle.hours_allow(kind, opening)
        )
        wrong += not is_right
    return wrong


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else CASES))
