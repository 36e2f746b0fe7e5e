"""Whose turn is it, and how many threads may he take? Decided on what is at work now.

* Lanes in their order; within a lane the account with the fewest messages under way, then
  the one that has waited longest for its turn.
* An account gets at most three quarters of what the others leave free, so that one whose
  calls hang never holds all threads, and the next one neither.
* Reminders and campaigns get at most three quarters of what their account may have, and
  never the last ``REPLY_THREADS`` of the process: an answer finds a free thread at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.channel.claiming import Queue
from models import LANE_RANK, Lane

# At 150 ms a call 22 threads, what one campaign gets, send 146 messages a second: more than
# twice Zalo's own 66, so a worker holds the pace also when calls become slower.
THREADS = 40
REPLY_THREADS = 8
LARGEST_SHARE = 0.75
# Claimed together, rows share a look and two commits; only lanes that can wait for it.
BATCH = 4


class Fairness:
    """Remembers whose turn it was; one for each sender."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._turns: Counter[str] = Counter()
        self._turn = 0

    def in_order(
        self, queues: Sequence[Queue], at_work: Iterable[tuple[str, Lane]]
    ) -> list[Queue]:
        """The queues in the order of their turns."""
        busy = Counter(oa_id for oa_id, _ in at_work)
        return sorted(
            queues,
            key=lambda queue: (
                LANE_RANK[queue.lane],
                busy[queue.oa_id],
                self._turns[queue.oa_id],
            ),
        )

    def room(
        self, queue: Queue, at_work: Iterable[tuple[str, Lane]], rivals: int
    ) -> int:
        """How many messages of this queue may begin now, beside ``rivals`` of its lane."""
        under_way = list(at_work)
        free = self._threads - len(under_way)
        own = [lane for oa_id, lane in under_way if oa_id == queue.oa_id]
        most = max(1, int((free + len(own)) * LARGEST_SHARE))
        room = min(free, most - len(own), -(-free // max(1, rivals)))
        if queue.lane != Lane.REPLY:
            patient = sum(lane != Lane.REPLY for _, lane in under_way)
            own_patient = sum(lane != Lane.REPLY for lane in own)
            room = min(
                room,
                self._threads - REPLY_THREADS - patient,
                int(most * LARGEST_SHARE) - own_patient,
            )
            if room < BATCH <= own_patient:
                return 0
        return max(0, room)

    def had_its_turn(self, queue: Queue) -> None:
        self._turn += 1
        self._turns[queue.oa_id] = self._turn
