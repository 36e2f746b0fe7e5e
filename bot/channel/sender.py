"""The sender: rows of the outbox become messages at Zalo, *once in effect*.

The guarantee, and how each part of it is kept:

* **Nothing twice.** A row is committed as ``sending``, with the begin of its attempt,
  before the call, and with its outcome right after it. A row that is found ``sending``
  past its lease (crash, kill -9, lost answer) has an unknown outcome: it is looked for in
  Zalo's echo and in the history of the conversation before it may be sent again.
* **Nothing lost.** What the history does not show is sent again. Every row ends in a final
  status with a reason, or waits for a moment that will come.
* **The last resort is bounded.** When the history cannot be read for a while, ``RESENT_BLINDLY``
  decides by lane: an answer or a reminder is sent again (a double one does little harm, a
  missing one does), a campaign is not (``dead``, ``outcome_unknown``).
* **In order.** One message of a person at a time, see ``claiming``.

* **Nobody is starved.** Whose turn it is decides ``fairness``, how fast all workers go
  together ``pace``, what may cost money ``money``.

No session is open during a call. A stop lets the calls in hand end and begins no new one.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

import structlog

from bot.channel.accounts import Accounts
from bot.channel.claiming import (
    ClaimedMessage,
    Queue,
    claim,
    claim_unknown,
    due_queues,
    has_unknown,
    next_due_at,
)
from bot.channel.delivery import Delivery
from bot.channel.fairness import BATCH, THREADS, Fairness
from bot.channel.outcomes import Outcome, begin_attempts, record_outcome
from bot.channel.pace import Pace
from bot.channel.reconciling import Reconciler
from bot.channel.together import Together
from bot.channel.uploads import Uploads
from bot.channel.window import Objects, nobody_objects, refusal
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.db import Database
from bot.files import Files
from models import Lane, MessageStatus

log = structlog.get_logger(__name__)

# A delivery makes at most five calls of at most 13 s, nearly always one of 0.1 s. A row
# whose sender died waits this long before it is looked for.
LEASE = timedelta(seconds=75)
# Look-ups are slow (up to five pages) and not urgent; answers need the threads.
LOOK_UP_THREADS = THREADS // 5
LONGEST_WAIT_SECONDS = 1.0  # other processes may add rows without waking us
SHORTEST_WAIT_SECONDS = 0.01
BUSY_WAIT_SECONDS = 0.05  # the next part of an answer waits no longer for the first
RESENT_BLINDLY = frozenset({Lane.REPLY, Lane.REMINDER})

Work = Callable[[ClaimedMessage], Outcome]


class Sender:
    """One per worker process; ``run`` is its loop, ``run_once`` one emptying of it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: ZaloClient,
        accounts: Accounts,
        files: Files,
        *,
        paid_message_vnd: int,
        rng: random.Random | None = None,
        pace: Pace | None = None,
        resent_blindly: frozenset[Lane] = RESENT_BLINDLY,
        objects: Objects = nobody_objects,
    ) -> None:
        self._database = database
        self._clock = clock
        self._paid_message_vnd = paid_message_vnd
        self._objects = objects
        self._pace = pace or Pace(database, clock)
        self._fairness = Fairness()
        uploads = Uploads(database, clock, client, files)
        self._delivery = Delivery(
            client, accounts, clock, rng or random.Random(), self._pace, uploads
        )
        reconciler = Reconciler(database, clock, client, accounts, resent_blindly)
        self._look_up: Work = reconciler.reconcile
        self._reports = Together(self._record)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sender")
        self._in_hand: dict[Future[None], tuple[ClaimedMessage, Work]] = {}
        self._held_back_until: datetime | None = None  # by the pace, in this round
        self._wake = threading.Event()

    def run_once(self) -> int:
        """Send all that is due, also what falls due by that; rows dealt with."""
        dealt_with = 0
        while True:
            begun = self._begin_due()
            dealt_with += begun
            if self._in_hand:
                wait(self._in_hand, return_when=FIRST_COMPLETED)
                self._drop_finished()
            elif not begun and not self._wait_for_pace():
                return dealt_with

    def run(self, stop: threading.Event, wake: threading.Event) -> None:
        """Work until ``stop``; set ``wake`` after a commit that may have added rows."""
        self._wake = wake
        while not stop.is_set():
            wake.clear()  # before looking: what is added from now on wakes us again
            self._drop_finished()
            try:
                begun = self._begin_due()
            except Exception:
                log.exception("sender_round_failed")  # a database gone for a moment
                begun = 0
            if not begun:
                wake.wait(self._waiting_seconds())
        wait(self._in_hand)
        self._drop_finished()

    def close(self) -> None:
        """Let the calls in hand end."""
        self._pool.shutdown(wait=True)

    def _begin_due(self) -> int:
        """Claim as much as threads, turns and pace allow, and begin it; rows dealt with."""
        self._held_back_until = None
        if len(self._in_hand) >= THREADS:
            return 0
        now = self._clock.now()
        with self._database.reading() as session:
            queues = due_queues(session, now)
            is_something_lost = has_unknown(session, now)
        dealt_with = self._begin_look_ups(now) if is_something_lost else 0
        rivals = Counter(queue.lane for queue in queues)
        has_answered = False
        for queue in self._fairness.in_order(queues, self._at_work()):
            if has_answered and queue.lane != Lane.REPLY:
                break  # another answer may be there by now: look before the patient ones
            room = self._fairness.room(queue, self._at_work(), rivals[queue.lane])
            rivals[queue.lane] -= 1
            if room:
                begun = self._begin_from(queue, room, now)
                has_answered = has_answered or bool(begun)
                dealt_with += begun
        return dealt_with

    def _begin_from(self, queue: Queue, room: int, now: datetime) -> int:
        grant = self._pace.take_up_to(
            room,
            for_replies=queue.lane == Lane.REPLY,
            account=queue.oa_id,
            account_limit=queue.calls_per_minute,
        )
        if not grant.calls:
            self._hold_back(grant.ask_again_at)
            return 0
        self._fairness.had_its_turn(queue)
        to_send, settled = self._claim(queue, grant.calls, now)
        self._pace.settle(queue.oa_id, grant.calls - len(to_send))
        for message in to_send:
            self._begin(message, self._delivery.deliver)
        return len(to_send) + settled

    def _claim(
        self, queue: Queue, most: int, now: datetime
    ) -> tuple[list[ClaimedMessage], int]:
        """Rows to send, and how many must not be sent at all."""
        to_send, refused = [], []
        with self._database.writing() as session:
            for message in claim(session, queue, now, most, LEASE):
                found = refusal(
                    session, message, self._paid_message_vnd, now, self._objects
                )
                if found is None:
                    to_send.append(message)
                    continue
                outcome = Outcome(
                    found.status, found.reason, found.due_at, is_blameless=True
                )
                status = record_outcome(session, message, outcome, now)
                refused.append((message, status, outcome))
            begin_attempts(session, to_send, now)
        for message, status, outcome in refused:
            _log_outcome(message, status, outcome, 0.0)
        return to_send, len(refused)

    def _begin_look_ups(self, now: datetime) -> int:
        looking = [work for _, work in self._in_hand.values() if work == self._look_up]
        room = min(THREADS - len(self._in_hand), LOOK_UP_THREADS - len(looking))
        if room <= 0:
            return 0
        grant = self._pace.take_up_to(room, for_replies=True)
        if not grant.calls:
            self._hold_back(grant.ask_again_at)
            return 0
        busy = [message.id for message, _ in list(self._in_hand.values())]
        with self._database.writing() as session:
            found = claim_unknown(session, now, grant.calls, LEASE, busy)
        self._pace.settle("", grant.calls - len(found))
        for message in found:
            self._begin(message, self._look_up)
        return len(found)

    def _at_work(self) -> list[tuple[str, Lane]]:
        return [
            (message.oa_id, message.lane) for message, _ in list(self._in_hand.values())
        ]

    def _hold_back(self, until: datetime | None) -> None:
        if until is not None:
            self._held_back_until = min(self._held_back_until or until, until)

    def _begin(self, message: ClaimedMessage, work: Work) -> None:
        future = self._pool.submit(self._deal_with, message, work)
        self._in_hand[future] = message, work
        future.add_done_callback(lambda _: self._one_ended())

    def _one_ended(self) -> None:
        """A look for more is worth it for a few at once, or for the last."""
        under_way = list(self._in_hand)
        ended = sum(future.done() for future in under_way)
        if ended >= BATCH or ended == len(under_way):
            self._wake.set()

    def _deal_with(self, message: ClaimedMessage, work: Work) -> None:
        """In a thread: the calls, then one short transaction."""
        started = time.monotonic()
        try:
            outcome = work(message)
            status = self._reports.store((message, outcome))
        except Exception:
            # the row stays "sending": after its lease it is looked for, never repeated
            log.exception("sender_failed", id=message.id)
            return
        took_ms = (time.monotonic() - started) * 1000
        _log_outcome(message, status, outcome, took_ms)

    def _record(
        self, reports: Sequence[tuple[ClaimedMessage, Outcome]]
    ) -> list[MessageStatus]:
        """In one transaction: calls that began together end together."""
        # in the same order everywhere, so that two workers do not wait for each other
        in_order = sorted(reports, key=lambda report: (report[0].oa_id, report[0].id))
        with self._database.writing() as session:
            now = self._clock.now()
            statuses = {
                message.id: record_outcome(session, message, outcome, now)
                for message, outcome in in_order
            }
        return [statuses[message.id] for message, _ in reports]

    def _wait_for_pace(self) -> bool:
        """True when due rows were held back by the pace, and now need not be."""
        seconds = self._seconds_held_back()
        if not 0 < seconds <= LONGEST_WAIT_SECONDS:
            return False
        time.sleep(seconds)
        return True

    def _seconds_held_back(self) -> float:
        until = self._held_back_until
        if until is None:
            return 0.0
        return max(SHORTEST_WAIT_SECONDS, (until - self._clock.now()).total_seconds())

    def _drop_finished(self) -> None:
        for future in list(self._in_hand):
            if future.done():
                self._in_hand.pop(future, None)

    def _waiting_seconds(self) -> float:
        """Until the next row falls due, a second at most."""
        if self._in_hand:
            return BUSY_WAIT_SECONDS
        now = self._clock.now()
        horizon = now + timedelta(seconds=LONGEST_WAIT_SECONDS)
        try:
            with self._database.reading() as session:
                due_at = next_due_at(session, now, horizon)
        except Exception:
            log.exception("sender_round_failed")
            return LONGEST_WAIT_SECONDS
        waits = [LONGEST_WAIT_SECONDS]
        if due_at is not None:
            waits.append((due_at - now).total_seconds())
        if held_back := self._seconds_held_back():
            waits.append(held_back)
        return max(SHORTEST_WAIT_SECONDS, min(waits))


def _log_outcome(
    message: ClaimedMessage, status: MessageStatus, outcome: Outcome, took_ms: float
) -> None:
    log.info(
        "message_dealt_with",
        id=message.id,
        oa_id=message.oa_id,
        lane=message.lane,
        status=status,
        reason=outcome.reason,
        codes=[call.code for call in outcome.calls],
        ms=round(took_ms, 1),
    )
