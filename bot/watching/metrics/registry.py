"""All metrics of a web process, put together once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import structlog
from flask import Flask
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.exc import SQLAlchemyError

from bot.channel.reception import Reception
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.watching.metrics import machine, rows
from bot.watching.metrics.accounts import accounts, alarms
from bot.watching.metrics.counting import Taken, count_answers
from bot.watching.metrics.families import gauge
from bot.watching.metrics.jobs import catalogue, jobs, workers

log = structlog.get_logger(__name__)


class Rows:
    """One short read transaction a scrape; a database that is away is a metric too."""

    def __init__(
        self, database: Database, clock: Clock, job_names: Sequence[str]
    ) -> None:
        self._database = database
        self._clock = clock
        self._job_names = job_names
        self._slow = machine.Slow()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        started = time.perf_counter()
        try:
            found = list(self._read())
        except SQLAlchemyError as error:
            log.warning("metrics_without_database", error=type(error).__name__)
            found = []
        yield gauge("database_up", "1 when the database answered.", float(bool(found)))
        yield from found
        took = time.perf_counter() - started
        yield gauge("scrape_seconds", "How long reading the rows took.", took)

    def _read(self) -> Iterator[GaugeMetricFamily]:
        now = self._clock.now()
        with self._database.reading() as session:
            yield from rows.events(session, now)
            yield from rows.messages(session, now)
            yield from rows.calls(session, now)
            yield from rows.questions(session, now)
            yield from accounts(session, now)
            yield from alarms(session, now)
            yield from jobs(session, self._job_names, now)
            yield from workers(session, now)
            yield from catalogue(session, now)
            yield from self._slow.collect(session)


class Machine:
    """Disk, spool and program."""

    def __init__(self, database: Database, spool: Spool, folder: Path) -> None:
        self._database, self._spool, self._folder = database, spool, folder

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield from machine.build(self._database)
        yield from machine.spool(self._spool)
        yield from machine.disk(self._folder)


def create_registry(
    app: Flask,
    database: Database,
    reception: Reception,
    spool: Spool,
    clock: Clock,
    data_dir: Path,
    job_names: Sequence[str],
) -> CollectorRegistry:
    """Begin to count in this application; what a scrape reads."""
    registry = CollectorRegistry(auto_describe=False)
    count_answers(app, registry)
    registry.register(Taken(reception))
    registry.register(Rows(database, clock, job_names))
    registry.register(Machine(database, spool, data_dir))
    ProcessCollector(namespace="bot", registry=registry)
    return registry
