"""The sender under load, with real worker processes in front of a fast fake endpoint.

* *rate*: messages a second of one process at 150 ms a call, without Zalo's limit;
* *pace*: the share of 4,000 calls a minute that two processes use, and the refusals (-32);
* *fairness*: how long an answer waits while 50,000 rows of a campaign leave, of the same
  account and of another one, and the same without a campaign.

``python -m bench.sender [--pace-minutes 5] [--campaign-minutes 3] [--engine sqlite|postgresql]``.
PostgreSQL is the one of the tests, brought by a wheel.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from sqlmodel import func, select

from bench.fake_endpoint import ROOT, Fake, fake_endpoint
from bench.stage import migrated_database
from bot.channel.bell import Bell, open_bell
from bot.channel.outbox import Outgoing, enqueue
from bot.channel.pace import CALLS_PER_MINUTE
from bot.channel.seal import Sealer
from bot.channel.upsert import insert_if_new
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings
from models import Account, Contact, Lane, MessageStatus, OutboxMessage

KEY = "k" * 48
LATENCY_MS = 150
RATE_MESSAGES = 1_500
CAMPAIGN_ROWS = 50_000
UNLIMITED = 10**7
MINE, OTHER = "1001", "1002"
REPLY_EVERY_SECONDS = 0.5
NO_CAMPAIGN_SECONDS = 30
STARTED_WITHIN_SECONDS = 4
ENGINES = ("sqlite", "postgresql")


def run(
    pace_minutes: float = 5,
    campaign_minutes: float = 3,
    engines: tuple[str, ...] = ENGINES,
) -> str:
    """All three on each engine, as one table."""
    lines = [
        "## Sender",
        "",
        "| figure | engine | measured | wanted |",
        "| --- | --- | --- | --- |",
    ]
    for engine in engines:
        rate = messages_a_second(engine)
        share, refused = share_of_the_limit(engine, pace_minutes)
        lines += [
            f"| messages/s of one process, {LATENCY_MS} ms a call | {engine} | {rate:.0f} | ≥ 120 |",
            f"| share of {CALLS_PER_MINUTE}/min over {pace_minutes:g} min, two processes "
            f"| {engine} | {share:.1%} | ≥ 95 % |",
            f"| refused with -32 meanwhile | {engine} | {refused} | 0 |",
        ]
        quiet = reply_waits(engine, 0, NO_CAMPAIGN_SECONDS)
        busy = reply_waits(engine, CAMPAIGN_ROWS, campaign_minutes * 60)
        for name, waits in (("without", quiet), (f"with {CAMPAIGN_ROWS}", busy)):
            for account in (MINE, OTHER):
                whose = "own" if account == MINE else "another"
                p50, p95 = _percentiles(waits[account])
                lines.append(
                    f"| answer's wait for its call {name} campaign rows, {whose} account, "
                    f"p50 / p95 | {engine} | {p50:.0f} / {p95:.0f} ms | – |"
                )
        lines += _rises(engine, quiet, busy)
    return "\n".join(lines)


def _rises(
    engine: str, quiet: dict[str, list[float]], busy: dict[str, list[float]]
) -> Iterator[str]:
    """What the campaign adds until Zalo has the answer: the wait and the call."""
    for account, whose, wanted in (
        (MINE, "own", "≤ 2,000 ms"),
        (OTHER, "another", "≤ 20 % more"),
    ):
        before, after = (
            _percentiles(waits[account])[1] + LATENCY_MS for waits in (quiet, busy)
        )
        yield (
            f"| until Zalo has it, {whose} account, p95 without → with the campaign "
            f"| {engine} | {before:.0f} → {after:.0f} ms ({after / before - 1:+.0%}) | {wanted} |"
        )


def messages_a_second(engine: str) -> float:
    with office(engine, LATENCY_MS) as (database, fake):
        write_campaign(database, MINE, RATE_MESSAGES // 2)
        write_campaign(database, OTHER, RATE_MESSAGES // 2)
        with workers(database, fake, 1, UNLIMITED):
            _until_sent(database)
        times = [at for at, _ in fake.came()]
    # what comes first and last runs up and down
    edge = len(times) // 10
    return (len(times) - 2 * edge) / (times[-edge - 1] - times[edge])


def share_of_the_limit(engine: str, minutes: float) -> tuple[float, int]:
    """Measured over whole minutes after the first ten seconds."""
    rows = int(CALLS_PER_MINUTE * (minutes + 1))
    with office(engine, LATENCY_MS, CALLS_PER_MINUTE) as (database, fake):
        write_campaign(database, MINE, rows // 2)
        write_campaign(database, OTHER, rows // 2)
        with workers(database, fake, 2, CALLS_PER_MINUTE):
            begin = _wait_for_messages(fake, 100) + 10
            time.sleep(max(0.0, begin + minutes * 60 - time.time()))
            came = [at for at, _ in fake.came() if begin <= at < begin + minutes * 60]
            refused = fake.refused()
    return len(came) / (CALLS_PER_MINUTE * minutes), refused


def reply_waits(engine: str, rows: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds from the commit of an answer to its arrival, by account."""
    with office(engine, LATENCY_MS) as (database, fake):
        write_campaign(database, MINE, rows)
        with workers(database, fake, 1, CALLS_PER_MINUTE):
            if rows:
                _wait_for_messages(fake, 100)
            else:
                time.sleep(STARTED_WITHIN_SECONDS)
            written = _write_replies(database, seconds)
            _until_sent(database, Lane.REPLY)
            arrived = {user_id: at for at, user_id in fake.came()}
    return {
        oa_id: [
            (arrived[user_id] - at) * 1000
            for user_id, at in written.items()
            if user_id.startswith(f"{oa_id}-")
        ]
        for oa_id in (MINE, OTHER)
    }


# --- what they share --------------------------------------------------------------------------


@contextmanager
def office(
    engine: str, latency_ms: int, per_minute: int | None = None
) -> Iterator[tuple[Database, Fake]]:
    """A migrated database with two accounts, and the endpoint."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(migrated_database(engine, folder))
        limit = {} if per_minute is None else {"per_minute": per_minute}
        fake = stack.enter_context(fake_endpoint(latency_ms, **limit))
        now, sealer = Clock().now(), Sealer(KEY)
        with database.writing() as session:
            for oa_id in (MINE, OTHER):
                session.add(
                    Account(
                        oa_id=oa_id,
                        created_at=now,
                        access_token_sealed=sealer.seal("access"),
                        access_expires_at=now + timedelta(days=1),
                    )
                )
        yield database, fake


@contextmanager
def workers(
    database: Database, fake: Fake, processes: int, per_minute: int
) -> Iterator[None]:
    """Sending halves of so many worker processes."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "bench.sender", "--as-worker", url, fake.url]
    started = [
        subprocess.Popen([*command, str(per_minute)], cwd=ROOT, env=os.environ)
        for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def write_campaign(database: Database, oa_id: str, rows: int) -> None:
    now = Clock().now()
    with database.writing() as session:
        first = (session.exec(select(func.max(Contact.id))).one() or 0) + 1
        for start in range(0, rows, 2_000):
            numbers = range(first + start, first + min(start + 2_000, rows))
            insert_if_new(session, Contact, [_person(oa_id, n, now) for n in numbers])
            insert_if_new(
                session, OutboxMessage, [_row(oa_id, n, now) for n in numbers]
            )


def _person(oa_id: str, number: int, now: object) -> dict[str, object]:
    return {
        "id": number,
        "oa_id": oa_id,
        "user_id": f"campaign-{number}",
        "created_at": now,
        "last_interaction_at": now,
        "privacy_choice": "unasked",
    }


def _row(oa_id: str, number: int, now: object) -> dict[str, object]:
    content: dict[str, object] = {
        "text": "tin",
        "buttons": [],
        "quote_message_id": None,
        "about": None,
    }
    return {
        "dedupe_key": f"bench:{number}",
        "oa_id": oa_id,
        "contact_id": number,
        "lane": Lane.CAMPAIGN,
        "lane_rank": 2,
        "content": content,
        "status": MessageStatus.WAITING,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
        "paid_vnd": 0,
    }


def _write_replies(database: Database, seconds: float) -> dict[str, float]:
    """One answer of each account every half second; when each was committed."""
    written: dict[str, float] = {}
    bell = _bell(database)
    until = time.time() + seconds
    first = 10**7  # ids above those of the campaign's people
    while time.time() < until:
        now = Clock().now()
        for oa_id in (MINE, OTHER):
            user_id = f"{oa_id}-{len(written)}"
            with database.writing() as session:
                person = _person(oa_id, first + len(written), now)
                contact = Contact.model_validate(person | {"user_id": user_id})
                session.add(contact)
                session.flush()
                enqueue(
                    session,
                    contact=contact,
                    key=f"answer:{user_id}",
                    messages=[Outgoing("trả lời")],
                    lane=Lane.REPLY,
                    now=now,
                )
            written[user_id] = time.time()
            bell.ring()
        time.sleep(REPLY_EVERY_SECONDS)
    bell.close()
    return written


def _bell(database: Database) -> Bell:
    """Beside the SQLite file, or PostgreSQL's own."""
    folder = Path(database.url.database or "").parent
    return open_bell(Settings(data_dir=folder), database)


def _until_sent(database: Database, lane: Lane | None = None) -> None:
    query = select(func.count()).where(OutboxMessage.status != MessageStatus.SENT)
    if lane is not None:
        query = query.where(OutboxMessage.lane == lane)
    while True:
        with database.reading() as session:
            if not session.exec(query).one():
                return
        time.sleep(0.2)


def _wait_for_messages(fake: Fake, count: int) -> float:
    """When so many had come."""
    while len(fake.came()) < count:
        time.sleep(0.1)
    return time.time()


def _percentiles(waits: list[float]) -> tuple[float, float]:
    return statistics.median(waits), statistics.quantiles(waits, n=20)[-1]


def _work(database_url: str, zalo_url: str, per_minute: int) -> None:
    """The sending half of a worker, rung by the bell as in production, until SIGTERM."""
    import logging
    import signal
    import threading

    import structlog

    from bot.channel.accounts import Accounts
    from bot.channel.pace import Pace
    from bot.channel.sender import Sender
    from bot.channel.zalo.client import ZaloClient
    from bot.files import Files

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR)
    )
    stop, wake = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database, clock = Database(database_url), Clock()
    client = ZaloClient(zalo_url, zalo_url)
    sender = Sender(
        database,
        clock,
        client,
        Accounts(database, clock, client, Sealer(KEY), Settings()),
        Files(Path(tempfile.gettempdir())),
        paid_message_vnd=55,
        pace=Pace(database, clock, per_minute),
    )
    sending = threading.Thread(target=sender.run, args=(stop, wake))
    sending.start()
    bell = _bell(database)
    while not stop.is_set():
        if bell.wait(0.5):
            wake.set()
    sending.join()
    bell.close()
    sender.close()
    database.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-worker"]:
        _work(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--pace-minutes", type=float, default=5)
        parser.add_argument("--campaign-minutes", type=float, default=3)
        parser.add_argument("--engine", choices=ENGINES)
        asked = parser.parse_args()
        chosen = (asked.engine,) if asked.engine else ENGINES
        print(run(asked.pace_minutes, asked.campaign_minutes, chosen))
