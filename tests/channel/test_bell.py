"""One bell, three carriers: each wakes the worker at once, and none is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.channel.bell import PipeBell, Ringer, open_bell
from bot.channel.bell_postgres import PostgresBell
from bot.channel.bell_redis import RedisBell
from bot.db import Database
from bot.settings import Settings
from tests.postgres import postgres, url_of

AnyBell = PipeBell | PostgresBell | RedisBell
NewBell = Callable[[], AnyBell]
ROOT = Path(__file__).resolve().parents[2]
REDIS = ("127.0.0.1", 6379)
LONG = 30.0  # seconds; a bell that is heard ends it at once


class SlowBell(PipeBell):
    """Held up in its first ring until it is let go."""

    def __init__(self) -> None:
        self.begun, self.held_up = threading.Event(), threading.Event()
        self.rings, self.is_closed = 0, False

    def ring(self) -> None:
        self.rings += 1
        self.begun.set()
        self.held_up.wait(LONG)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def redis_url() -> str:
    """A Redis on this machine; its absence is said loudly, and is an error under CI."""
    try:
        socket.create_connection(REDIS, timeout=1).close()
    except OSError:
        how = "Redis is missing on 127.0.0.1:6379: apt-get install redis-server"
        if os.environ.get("CI"):
            pytest.fail(how)
        pytest.skip(how)
    return "redis://{}:{}/9".format(*REDIS)


@pytest.fixture(params=["pipe", "postgresql", "redis"])
def new_bell(
    request: pytest.FixtureRequest, settings: Settings, database: Database
) -> Iterator[NewBell]:
    """The bell as each process of one installation opens it."""
    opened: list[AnyBell] = []
    used = database
    if request.param == "postgresql":
        used = Database(request.getfixturevalue("server_url"))
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        settings = settings.model_copy(update={"broker_url": url})

    def new() -> AnyBell:
        opened.append(open_bell(settings, used))
        return opened[-1]

    yield new
    for bell in opened:
        bell.close()
    used.close()


def waiting(bell: AnyBell, heard: list[bool]) -> threading.Thread:
    thread = threading.Thread(target=lambda: heard.append(bell.wait(LONG)))
    thread.start()
    return thread


def test_settings_pick_the_carrier(settings: Settings, database: Database) -> None:
    on_server = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")
    with_redis = settings.model_copy(update={"broker_url": "redis://127.0.0.1:9/0"})
    assert isinstance(open_bell(settings, database), PipeBell)
    assert isinstance(open_bell(settings, on_server), PostgresBell)
    assert isinstance(open_bell(with_redis, database), RedisBell)
    assert isinstance(open_bell(with_redis, on_server), RedisBell)
    on_server.close()


@pytest.mark.parametrize("url", ["amqp://broker", "localhost:6379"])
def test_unknown_broker_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="redis://"):
        Settings(broker_url=url)


def test_ring_ends_the_wait_at_once(new_bell: NewBell) -> None:
    web, worker = new_bell(), new_bell()
    worker.wait(0.01)  # listens from now on
    heard: list[bool] = []
    thread = waiting(worker, heard)
    web.ring()
    thread.join()
    assert heard == [True]  # not the end of its patience, that would be False


def test_rings_while_busy_are_heard_later_as_one(new_bell: NewBell) -> None:
    web, worker = new_bell(), new_bell()
    worker.wait(0.01)
    for _ in range(50):
        web.ring()
    assert worker.wait(LONG)
    late = 0  # what was still on its way counts as one more, or two
    while worker.wait(0.2):
        late += 1
    assert late < 5


def test_who_rings_for_many_rings_once_for_those_who_ask_meanwhile() -> None:
    bell = SlowBell()
    ringer = Ringer(bell)
    ringer.ring()
    bell.begun.wait(LONG)
    for _ in range(100):  # nobody waits for the bell, which is held up
        ringer.ring()
    bell.held_up.set()
    ringer.close()
    assert (bell.rings, bell.is_closed) == (2, True)


def test_nothing_is_rung_at_the_end_when_nobody_asked() -> None:
    bell = SlowBell()
    Ringer(bell).close()
    assert (bell.rings, bell.is_closed) == (0, True)


@pytest.mark.parametrize("new_bell", ["postgresql", "redis"], indirect=True)
def test_every_machine_hears_it(new_bell: NewBell) -> None:
    web, workers = new_bell(), [new_bell(), new_bell()]
    for worker in workers:
        worker.wait(0.01)
    web.ring()
    assert [worker.wait(LONG) for worker in workers] == [True, True]


@pytest.mark.parametrize(
    "bell",
    [
        lambda: PostgresBell(Database("postgresql+psycopg://n@127.0.0.1:9/n").url),
        lambda: RedisBell("redis://127.0.0.1:9/0"),
    ],
)
def test_bell_that_is_away_costs_the_poll_and_nothing_else(bell: NewBell) -> None:
    away = bell()
    for _ in range(200):
        away.ring()
    started = time.monotonic()
    assert not away.wait(0.2)
    assert time.monotonic() - started >= 0.2  # no busy loop
    away.close()


def test_bell_of_a_restarted_server_is_heard_again(tmp_path: Path) -> None:
    with postgres() as server:
        web, worker = (PostgresBell(Database(url_of(server)).url) for _ in range(2))
        worker.wait(0.01)
        web.ring()
        assert worker.wait(LONG)
        server.stop()
        assert not worker.wait(0.05)
        web.ring()
        server.start()
        deadline = time.monotonic() + LONG
        heard = False
        while not heard and time.monotonic() < deadline:
            worker.wait(0.01)
            web.ring()
            heard = worker.wait(0.2)
        assert heard
        for bell in (web, worker):
            bell.close()


@pytest.mark.parametrize("carrier", ["postgresql", "redis"])
def test_another_process_wakes_this_one(
    carrier: str, server_url: str, request: pytest.FixtureRequest
) -> None:
    """The web half on one machine, the worker half here."""
    broker = request.getfixturevalue("redis_url") if carrier == "redis" else ""
    ringing = textwrap.dedent(
        """
        import sys
        from bot.channel.bell import open_bell
        from bot.db import Database
        from bot.settings import load_settings

        settings = load_settings()
        open_bell(settings, Database(settings.database_url)).ring()
        """
    )
    given = {"DATABASE_URL": server_url, "BROKER_URL": broker}
    worker = open_bell(
        Settings(database_url=server_url, broker_url=broker), Database(server_url)
    )
    worker.wait(0.01)
    heard: list[bool] = []
    thread = waiting(worker, heard)
    subprocess.run(
        [sys.executable, "-c", ringing], cwd=ROOT, env=os.environ | given, check=True
    )
    thread.join(LONG)
    worker.close()
    assert heard == [True]


def test_workers_that_hear_the_same_ring_all_live_on(tmp_path: Path) -> None:
    bells = [PipeBell(tmp_path) for _ in range(6)]
    for bell in bells:
        bell.wait(0)  # all listen
    rung, failures = PipeBell(tmp_path), []
    together = threading.Barrier(len(bells) + 1)

    def listen(bell: PipeBell) -> None:
        try:
            for _ in range(200):
                together.wait()
                bell.wait(0.02)
        except Exception as error:
            failures.append(error)
            together.abort()

    threads = [threading.Thread(target=listen, args=[bell]) for bell in bells]
    for thread in threads:
        thread.start()
    for _ in range(200):
        try:
            together.wait()
        except threading.BrokenBarrierError:
            break
        rung.ring()
    for thread in threads:
        thread.join()
    for bell in (*bells, rung):
        bell.close()
    assert [type(one) for one in failures if isinstance(one, BlockingIOError)] == []
    assert failures == []
