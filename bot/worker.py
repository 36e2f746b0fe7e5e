"""The worker's process: handles events, sends messages, ticks the clock's jobs.

Each loop does one unit of work at a time; SIGTERM sets a flag and every loop ends after
the unit in hand. Whatever is left stays in the database for the next worker.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
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
TICK_SECONDS = 5
BEAT_SECONDS = 10
AFTER_FAILURE_SECONDS = 2.0


class Worker:
    """Three loops over one database until ``stop``."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        conversations: Conversations,
        sender: Sender,
        bell: Bell,
        tick: Callable[[], object],
    ) -> None:
        self._database = database
        self._clock = clock
        self.conversations = conversations
        self.sender = sender
        self._bell = bell
        self.tick = tick
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = clock.now()
        self._new_messages = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, then finish what is in hand."""
        self.conversations.catalogue.find("")  # the index, before the first question
        sending = threading.Thread(
            target=self.sender.run, args=(stop, self._new_messages), name="sender"
        )
        clockwork = self._start_clockwork()
        sending.start()
        log.info("worker_started", worker=self._name)
        try:
            while not stop.is_set():
                self._handle_events(stop)
        finally:
            stop.set()
            self._new_messages.set()
            clockwork.shutdown(wait=True)
            sending.join()
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
                self._new_messages.set()
            self._bell.wait(LOOK_FOR_WORK_SECONDS)
        except SQLAlchemyError as error:
            log.error("database_unavailable", error=type(error).__name__)
            stop.wait(AFTER_FAILURE_SECONDS)

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
            self.tick, "interval", seconds=TICK_SECONDS, next_run_time=first
        )
        clockwork.start()
        return clockwork

    def _beat(self) -> None:
        with self._database.writing() as session:
            session.merge(
                WorkerBeat(
                    worker=self._name,
                    started_at=self._started_at,
                    beat_at=self._clock.now(),
                )
            )
