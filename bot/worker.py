"""The worker's process: handles events, sends messages, ticks the clock's jobs.

Each loop does one unit of work at a time; SIGTERM sets a flag and every loop ends after
the unit in hand. Whatever is left stays in the database for the next worker.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from bot.channel.bell import Bell
from bot.channel.sender import Sender
from bot.clock import Clock
from bot.conversation.events import Conversations
from bot.db import Database
from models import WorkerBeat

log = structlog.get_logger(__name__)

LOOK_FOR_WORK_SECONDS = 1.0  # the bell may be missed; the rows are the truth
# While nothing happens the crews look more rarely; what is done by commands and other
# machines' clocks without ringing waits this long at most.
LOOK_WHEN_QUIET_SECONDS = 5.0
TICK_SECONDS = 5
BEAT_SECONDS = 10
AFTER_FAILURE_SECONDS = 2.0


class Worker:
    """Loops over one database until ``stop``: events, messages, the clock's jobs, and each
    unit of work of ``crews`` in a thread of its own, so that none delays another. What one
    of them does stirs the others; while nothing stirs, crews look rarely."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        conversations: Conversations,
        sender: Sender,
        bell: Bell,
        tick: Callable[[], object],
        begin_jobs: Callable[[], object],
        end_jobs: Callable[[], None],
        crews: Mapping[str, Callable[[], bool]],
    ) -> None:
        self._database = database
        self._clock = clock
        self.conversations = conversations
        self.sender = sender
        self._bell = bell
        self.tick = tick  # does what is due and returns; the loop begins it in threads
        self.begin_jobs = begin_jobs
        self._end_jobs = end_jobs
        self._ticked_at: datetime | None = None
        self._beating = threading.Lock()  # both would make the row
        self.crews = crews
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = clock.now()
        self._new_messages = threading.Event()
        self._stirred_at = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, then finish what is in hand."""
        self.conversations.catalogue.find("")  # the index, before the first question
        sending = threading.Thread(
            target=self.sender.run, args=(stop, self._new_messages), name="sender"
        )
        crews = [
            threading.Thread(target=self._work_on, args=(work, stop), name=name)
            for name, work in self.crews.items()
        ]
        clockwork = self._start_clockwork()
        for thread in (sending, *crews):
            thread.start()
        log.info("worker_started", worker=self._name)
        try:
            while not stop.is_set():
                self._handle_events(stop)
        finally:
            stop.set()
            self._new_messages.set()
            clockwork.shutdown(wait=True)
            self._end_jobs()
            for thread in (sending, *crews):
                thread.join()
            self.close()
            log.info("worker_stopped", worker=self._name)

    def close(self) -> None:
        """Let go of threads and connections."""
        self.sender.close()
        self._bell.close()
        self._database.close()

    def _handle_events(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set() and self.conversations.run_once():
                self._stir()
            if self._bell.wait(LOOK_FOR_WORK_SECONDS):
                self._stir()  # it may have rung for messages, or for a crew
        except SQLAlchemyError as error:
            log.error("database_unavailable", error=type(error).__name__)
            stop.wait(AFTER_FAILURE_SECONDS)

    def _work_on(self, work: Callable[[], bool], stop: threading.Event) -> None:
        """One unit after the other; a failing one is logged, and others go on."""
        while not stop.is_set():
            looked_at = time.monotonic()
            try:
                if work():
                    self._stir()
                else:
                    self._wait_for_work(looked_at, stop)
            except Exception as error:
                log.exception("crew_failed", error=type(error).__name__)
                stop.wait(AFTER_FAILURE_SECONDS)

    def _stir(self) -> None:
        """What was just done may be work for others."""
        self._stirred_at = time.monotonic()
        self._new_messages.set()

    def _wait_for_work(self, looked_at: float, stop: threading.Event) -> None:
        """Until the next look: soon when anything happened since the last."""
        until = looked_at + LOOK_WHEN_QUIET_SECONDS
        while not stop.wait(LOOK_FOR_WORK_SECONDS):
            if self._stirred_at >= looked_at or time.monotonic() >= until:
                return

    def _start_clockwork(self) -> BackgroundScheduler:
        clockwork = BackgroundScheduler(
            timezone="UTC",  # jobs know the local zone; this one only ticks
            job_defaults={
                "coalesce": True,
                "misfire_grace_time": None,
                "max_instances": 1,
            },
        )
        first = datetime.now().astimezone()
        clockwork.add_job(
            self._beat, "interval", seconds=BEAT_SECONDS, next_run_time=first
        )
        clockwork.add_job(
            self._tick, "interval", seconds=TICK_SECONDS, next_run_time=first
        )
        clockwork.start()
        return clockwork

    def _tick(self) -> None:
        """Begin what is due; the beat tells that the clock went through all its jobs."""
        if self.begin_jobs():
            self._stir()
        is_first = self._ticked_at is None
        self._ticked_at = self._clock.now()
        if is_first:  # /readyz need not wait for the next beat
            self._beat()

    def _beat(self) -> None:
        with self._beating, self._database.writing() as session:
            session.merge(
                WorkerBeat(
                    worker=self._name,
                    started_at=self._started_at,
                    beat_at=self._clock.now(),
                    ticked_at=self._ticked_at,
                )
            )
