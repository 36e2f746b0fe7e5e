"""How many events the webhook takes, and how many of them the worker answers beside it.

``python -m bench.intake [--engine sqlite|postgresql] [--seconds N] [--rows N …]``. Real web and
worker processes on one machine with the load generator, which is a process of its own;
SQLite with ``synchronous=FULL``, PostgreSQL as it is installed. Side by side, in turns:

* *ours* with the worker stopped, and the *prototype* (``bench.rivals``) with as many rows;
* *ours answering*: events on a schedule, the worker answers all of them to a Zalo that
  says yes at once. Sent messages cannot pass Zalo's own limit of 4,000 calls a minute;
* *plain*: a bot that calls a Zalo of 150 ms before it acknowledges.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from bench.load import Plan, Result, generate
from bench.old_rows import fill_up
from bench.stage import (
    OA,
    Process,
    environment_of,
    fill,
    free_port,
    know_account,
    server_database,
    settings_for,
    wait_for,
)
from bench.yes_zalo import messages_taken, yes_zalo
from bot import demo
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings
from models import EventStatus, WebhookEvent

SECONDS = 60.0
ROWS = (10_000, 1_000_000)
TURNS = 4  # ours and the prototype by turns: the machine's moods hit both
OFFERED = 120.0  # events a second beside the worker: half as much again as wanted
PLAIN_ZALO_MS = 150
WANTED_INTAKE, WANTED_BESIDE, WANTED_P99_MS = 250, 80, 150
WANTED_OF_PROTOTYPE, WANTED_GROWTH = 0.7, 1.3


@dataclass(frozen=True)
class Beside:
    """A stretch with the worker at work."""

    load: Result
    answered: int  # events done while it lasted
    sent: int
    left: int  # events still waiting at its end

    @property
    def answered_per_second(self) -> float:
        return self.answered / self.load.seconds

    @property
    def sent_per_second(self) -> float:
        return self.sent / self.load.seconds


@dataclass(frozen=True)
class Sized:
    """All of one engine at one size."""

    rows: int
    ours: Result
    prototype: Result
    beside: Beside


class House:
    """One engine: our database and the prototype's, our web and the prototype's."""

    def __init__(self, ours: Settings, prototype: Settings, zalo: str) -> None:
        self.ours, self.prototype, self._zalo = ours, prototype, zalo
        self.database = Database(ours.database_url)
        self._rival = Database(prototype.database_url)
        self._rows = 0
        self._runs = 0
        for database, settings in ((self.database, ours), (self._rival, prototype)):
            fill(database, settings)
            _connect(database, settings)

    def close(self) -> None:
        self.database.close()
        self._rival.close()

    def grow_to(self, rows: int) -> None:
        for database in (self.database, self._rival):
            fill_up(database, self._rows, rows)
        self._rows = rows

    def measure(self, seconds: float) -> Sized:
        with (
            _started(["app.py", "web"], self.ours),
            _rival("create_prototype", self.prototype),
        ):
            ours, prototype = self._by_turns(seconds)
            self._forget_waiting()
            beside = self._with_worker(seconds)
            self._forget_waiting()
        return Sized(self._rows, ours, prototype, beside)

    def _by_turns(self, seconds: float) -> tuple[Result, Result]:
        ours, prototype = [], []
        for _ in range(TURNS):
            ours.append(self._load(self.ours, seconds / TURNS))
            prototype.append(self._load(self.prototype, seconds / TURNS))
        return _sum(ours), _sum(prototype)

    def _with_worker(self, seconds: float) -> Beside:
        with _started(["app.py", "worker"], self.ours):
            self._until_answered()
            sent_before, started_at = messages_taken(self._zalo), Clock().now()
            load = self._load(self.ours, seconds, OFFERED)
            sent = messages_taken(self._zalo) - sent_before
            with self.database.reading() as session:
                here = col(WebhookEvent.received_at) >= started_at
                answered = _count(session, here, EventStatus.DONE)
                left = _count(session, here, EventStatus.WAITING)
        return Beside(load, answered, sent, left)

    def _until_answered(self) -> None:
        """One event through the worker: its index is built."""
        self._load(self.ours, 0.5, 2)
        while True:
            with self.database.reading() as session:
                if _count(session, col(WebhookEvent.id) > 0, EventStatus.WAITING) == 0:
                    return

    def _load(
        self, settings: Settings, seconds: float, rate: float | None = None
    ) -> Result:
        self._runs += 1
        plan = Plan(settings.port, seconds, f"{self._rows}-{self._runs}", rate)
        return generate(plan)

    def _forget_waiting(self) -> None:
        with self.database.writing() as session:
            session.connection().execute(
                text(
                    "UPDATE webhook_event SET status = 'done' WHERE status = 'waiting'"
                )
            )


def _count(session: Session, where: object, status: EventStatus) -> int:
    found = select(func.count()).select_from(WebhookEvent)
    return session.exec(
        found.where(where, col(WebhookEvent.status) == status)  # type: ignore[arg-type]
    ).one()


def _connect(database: Database, settings: Settings) -> None:
    """A government account whose token needs no refresh."""
    with database.writing() as session:
        now = Clock().now()
        demo.connect(session, settings, OA, "UBND xã", ("access", "refresh"), now)
    know_account(database)


@contextmanager
def _started(arguments: Sequence[str], settings: Settings) -> Iterator[None]:
    with (settings.data_dir / "bench.log").open("ab") as log:
        process = Process(arguments, environment_of(settings), log)
        try:
            if "worker" not in arguments:
                wait_for(f"{settings.base_url}/healthz")
            yield
        finally:
            process.stop()


@contextmanager
def _rival(name: str, settings: Settings) -> Iterator[None]:
    with _started(["-m", "bench.rivals", name], settings):
        yield


def _sum(parts: Sequence[Result]) -> Result:
    """Several stretches as one; the tail is the worst of theirs."""
    statuses = {key for part in parts for key in part.statuses}
    return Result(
        sent=sum(part.sent for part in parts),
        seconds=sum(part.seconds for part in parts),
        statuses={
            key: sum(part.statuses.get(key, 0) for part in parts) for key in statuses
        },
        p50=sorted(part.p50 for part in parts)[len(parts) // 2],
        p99=max(part.p99 for part in parts),
        worst=max(part.worst for part in parts),
    )


# --- runs and tables ------------------------------------------------------------------------


def measure_engine(engine: str, seconds: float, rows: Sequence[int]) -> list[Sized]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        zalo = stack.enter_context(yes_zalo())
        ours = _settings(stack, engine, folder / "ours", zalo)
        bare = _settings(stack, engine, folder / "bare", zalo)
        house = House(ours, bare, zalo)
        stack.callback(house.close)
        sizes = []
        for wanted in rows:
            house.grow_to(wanted)
            sizes.append(house.measure(seconds))
        return sizes


def measure_plain(seconds: float) -> Result:
    """The plain bot needs no database."""
    with tempfile.TemporaryDirectory() as folder, yes_zalo(PLAIN_ZALO_MS) as zalo:
        settings = settings_for(Path(folder), "sqlite://", zalo, free_port())
        with _rival("create_plain_bot", settings):
            return generate(Plan(settings.port, seconds, "plain"))


def _settings(stack: ExitStack, engine: str, folder: Path, zalo: str) -> Settings:
    folder.mkdir()
    url = f"sqlite:///{folder / 'bot.db'}"
    if engine == "postgresql":
        url = stack.enter_context(server_database())
    return settings_for(folder, url, zalo, free_port())


def table(engine: str, sizes: Sequence[Sized], plain: Result) -> str:
    smallest = sizes[0]
    lines = [
        f"## Intake, {engine}",
        "",
        "| old rows | figure | measured | wanted |",
        "| --- | --- | --- | --- |",
    ]
    for size in sizes:
        lines += [f"| {size.rows:,} | {row} |" for row in _rows(size, plain)]
        if size is not smallest:
            lines += [f"| {size.rows:,} | {row} |" for row in _growth(smallest, size)]
    return "\n".join(lines)


def _rows(size: Sized, plain: Result) -> Iterator[str]:
    ours, bare, beside = size.ours, size.prototype, size.beside
    yield f"ours, worker stopped | {_load_text(ours)} | ≥ {WANTED_INTAKE}/s"
    yield f"prototype | {_load_text(bare)} | –"
    ratio = ours.per_second / bare.per_second
    yield f"ours / prototype | {ratio:.2f} | ≥ {WANTED_OF_PROTOTYPE}"
    yield f"plain bot | {_load_text(plain)} | –"
    yield f"ours / plain bot | {ours.per_second / plain.per_second:.1f} | –"
    yield (
        f"ours beside the worker | {_load_text(beside.load)} "
        f"| ≥ {WANTED_BESIDE}/s, p99 ≤ {WANTED_P99_MS} ms"
    )
    yield (
        f"answered of {OFFERED:.0f}/s | {beside.answered_per_second:.0f}/s, "
        f"{beside.left} left | as Zalo's limit lets answers leave"
    )
    yield f"messages sent | {beside.sent_per_second:.0f}/s | Zalo allows 66/s"


def _growth(small: Sized, large: Sized) -> Iterator[str]:
    taking = small.ours.per_second / large.ours.per_second
    yield f"growth of ms/event taken | {taking:.2f} | ≤ {WANTED_GROWTH}"
    answering = small.beside.answered_per_second / large.beside.answered_per_second
    yield f"growth of ms/event answered | {answering:.2f} | ≤ {WANTED_GROWTH}"


def _load_text(load: Result) -> str:
    failed = "" if load.all_taken else f", **{load.statuses}**"
    return (
        f"{load.per_second:.0f}/s, p50 {load.p50:.0f} ms, p99 {load.p99:.0f} ms{failed}"
    )


def run(arguments: Sequence[str] = ()) -> str:
    """Both engines, unless one is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.intake")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    options = parser.parse_args(arguments)
    engines = [options.engine] if options.engine else ["sqlite", "postgresql"]
    plain = measure_plain(min(options.seconds, 10))
    return "\n\n".join(
        table(engine, measure_engine(engine, options.seconds, options.rows), plain)
        for engine in engines
    )


if __name__ == "__main__":
    import sys

    print(run(sys.argv[1:]))
