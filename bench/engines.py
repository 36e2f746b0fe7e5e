"""Our own claims beside Huey: the same rows, endpoint, database and number of threads.

Each side takes 5,000 rows that stand in the outbox, makes one call per row and writes down
what became of it. Huey hands out tasks of 20 ids, twice:

* *same promises*: a task marks its rows ``sending``, then delivers and records each row
  with our own code; only who hands out the work is another;
* *bare*: a task calls Zalo with ``requests`` and marks its 20 rows sent in one UPDATE: the
  speed without order, attempts, windows, and once in effect.

``python -m bench.engines [--messages 5000] [--redis redis://127.0.0.1:6379/9]``
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests
from sqlmodel import col, func, select, update

from bench.fake_endpoint import ROOT, Fake
from bench.sender import KEY, MINE, UNLIMITED, office, workers, write_campaign
from bot.channel.accounts import Accounts
from bot.channel.claiming import load_claimed
from bot.channel.delivery import Delivery
from bot.channel.outcomes import begin_attempts, record_outcome
from bot.channel.pace import Pace
from bot.channel.seal import Sealer
from bot.channel.sender import LEASE
from bot.channel.uploads import Uploads
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.db import Database
from bot.files import Files
from bot.settings import Settings
from models import MessageStatus, OutboxMessage

MESSAGES = 5_000
LATENCY_MS = 5  # a fast endpoint: the engine is measured, not the waiting
THREADS = 22  # what one campaign gets of a sender
CHUNK = 20
MOST_SECONDS = 300
SAME, BARE = "same promises", "bare"


def run(messages: int = MESSAGES, redis_url: str = "") -> str:
    """Messages a second, and Huey's share of ours."""
    lines = [
        "## Engines",
        "",
        f"| {messages} messages, {LATENCY_MS} ms a call | messages/s | of our own claims |",
        "| --- | --- | --- |",
    ]
    for engine in ("sqlite", "postgresql"):
        ours = rate_of(engine, messages)
        lines.append(f"| own claims, {engine} | {ours:.0f} | 1.00 |")
        for carrier in (engine, "redis") if redis_url else (engine,):
            for kind in (SAME, BARE):
                theirs = rate_of(engine, messages, carrier, kind, redis_url)
                lines.append(
                    f"| Huey through {carrier}, rows in {engine}, {kind} "
                    f"| {theirs:.0f} | {theirs / ours:.2f} |"
                )
    return "\n".join(lines)


def rate_of(
    engine: str, messages: int, carrier: str = "", kind: str = "", redis_url: str = ""
) -> float:
    """Messages a second; without a carrier through our own sender."""
    with ExitStack() as stack:
        database, fake = stack.enter_context(office(engine, LATENCY_MS))
        write_campaign(database, MINE, messages)
        if carrier:
            consumer = _Consumer(database, fake, carrier, kind, redis_url)
            stack.enter_context(consumer)
        else:
            stack.enter_context(workers(database, fake, 1, UNLIMITED))
        _until_all_sent(database)
        times = [at for at, _ in fake.came()]
    assert len(times) == messages
    edge = messages // 10  # starting up is not what is compared
    return (len(times) - 2 * edge) / (times[-edge - 1] - times[edge])


class _Consumer:
    """Huey's consumer in a process of its own, fed by this one."""

    def __init__(
        self, database: Database, fake: Fake, carrier: str, kind: str, redis_url: str
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        url = database.url.render_as_string(hide_password=False)
        place = {
            "sqlite": str(Path(self._folder.name) / "huey.db"),
            "postgresql": url.replace("+psycopg", ""),
            "redis": redis_url,
        }[carrier]
        self._arguments = [carrier, place, kind, url, fake.url]
        self._database = database

    def __enter__(self) -> None:
        huey, deliver = _huey(*self._arguments)
        huey.flush()
        with self._database.reading() as session:
            ids = list(session.exec(select(OutboxMessage.id)))
        for start in range(0, len(ids), CHUNK):
            deliver(ids[start : start + CHUNK])
        command = [sys.executable, "-m", "bench.engines", "--as-consumer"]
        self._process = subprocess.Popen([*command, *self._arguments], cwd=ROOT)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._folder.cleanup()


def _huey(carrier: str, place: str, kind: str, database_url: str, zalo: str) -> Any:
    """The instance, and its one task."""
    from huey import PostgresHuey, RedisHuey, SqliteHuey

    huey: Any = {
        "sqlite": lambda: SqliteHuey("bench", filename=place, fsync=True),
        "postgresql": lambda: PostgresHuey("bench", dsn=place),
        "redis": lambda: RedisHuey("bench", url=place),
    }[carrier]()
    make = _with_same_promises if kind == SAME else _bare
    return huey, huey.task()(make(Database(database_url), zalo))


def _with_same_promises(database: Database, zalo: str) -> Callable[[list[int]], None]:
    clock, client = Clock(), ZaloClient(zalo, zalo)
    accounts = Accounts(database, clock, client, Sealer(KEY), Settings())
    uploads = Uploads(database, clock, client, Files(Path(tempfile.gettempdir())))
    pace = Pace(database, clock, UNLIMITED)
    delivery = Delivery(client, accounts, clock, random.Random(), pace, uploads)

    def deliver(ids: list[int]) -> None:
        now = clock.now()
        with database.writing() as session:
            session.exec(
                update(OutboxMessage)
                .where(col(OutboxMessage.id).in_(ids))
                .values(status=MessageStatus.SENDING, lease_until=now + LEASE)
            )
            messages = load_claimed(session, ids, now)
            begin_attempts(session, messages, now)
        for message in messages:
            outcome = delivery.deliver(message)
            with database.writing() as session:
                record_outcome(session, message, outcome, clock.now())

    return deliver


def _bare(database: Database, zalo: str) -> Callable[[list[int]], None]:
    local = threading.local()

    def deliver(ids: list[int]) -> None:
        if not hasattr(local, "http"):
            local.http = requests.Session()
        for _ in ids:
            body = {"recipient": {"user_id": "u"}, "message": {"text": "tin"}}
            local.http.post(f"{zalo}/v3.0/oa/message/cs", json=body, timeout=10)
        with database.writing() as session:
            session.exec(
                update(OutboxMessage)
                .where(col(OutboxMessage.id).in_(ids))
                .values(status=MessageStatus.SENT)
            )

    return deliver


def _until_all_sent(database: Database) -> None:
    query = select(func.count()).where(OutboxMessage.status != MessageStatus.SENT)
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        with database.reading() as session:
            if not session.exec(query).one():
                return
        time.sleep(0.2)
    raise TimeoutError("not all messages were sent")


def _consume(arguments: list[str]) -> None:
    huey, _ = _huey(*arguments)
    consumer = huey.create_consumer(
        workers=THREADS, worker_type="thread", periodic=False, initial_delay=0.01
    )
    consumer.run()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-consumer"]:
        _consume(sys.argv[2:])
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--messages", type=int, default=MESSAGES)
        parser.add_argument("--redis", default="")
        asked = parser.parse_args()
        print(run(asked.messages, asked.redis))
