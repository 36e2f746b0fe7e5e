"""Campaigns: is what was shown what is sent, and does a million fit into little memory?

* *shown and sent*: a dry run over people of all kinds, then the campaign through a real
  worker process and HTTP, while some of them opt out and some write: who was to get it, who
  got it, and the digests of both lists;
* *a million*: the list and the messages of a campaign of a million people, made by a
  process that is killed again and again; its memory above that of an idle one, the time
  from the start to the first message at the fake Zalo, and whether everybody is on the list
  and in the outbox exactly once.

``python -m bench.campaigns [--people 20000] [--crowd 1000000] [--engine sqlite|postgresql]``.
"""

from __future__ import annotations

import argparse
import logging
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import bindparam, text
from sqlmodel import Session, col, func, select
from sqlmodel.sql.sqltypes import UTCDateTime

from bench.fake_endpoint import ROOT, Fake, fake_endpoint
from bench.stage import migrated_database
from bot.calendar import Calendar
from bot.channel import money
from bot.channel.pace import Pace
from bot.channel.seal import Sealer
from bot.channel.upsert import insert_if_new
from bot.clock import Clock
from bot.db import Database
from bot.outreach import consent
from bot.outreach.campaigns import approving, editing, lists, results, running
from bot.outreach.campaigns.driving import Driving
from bot.outreach.campaigns.editing import Wish
from bot.outreach.campaigns.terms import Terms
from bot.outreach.hours import Kind, next_opening
from bot.settings import Settings
from models import (
    Account,
    CampaignRecipient,
    CampaignRun,
    CampaignState,
    ConsentRecord,
    Contact,
    Lane,
    Membership,
    Official,
    OutboxMessage,
    Role,
)

KEY = "k" * 48
OA, UNIT = "1001", "xa"
PRICE = 55
ENGINES = ("sqlite", "postgresql")
AT_ONCE = 2_000
CROWD_AT_ONCE = 20_000
LATENCY_MS = 5
UNLIMITED = 10**7
CHANGING_SHARE = 0.002  # of the people: opt out, or write, while it runs
KILLS = 3
UNTIL_KILL_SECONDS = (2.0, 6.0)
LAST_WITHIN_SECONDS = 1800.0
TERMS = Terms(Settings().zone, PRICE, "Không muốn nhận tin này nữa, nhắn: HỦY")
# Per mille of the people, and what is known of them.
KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    "free": (500, {"hours_ago": 2}),
    "paid": (100, {"hours_ago": 60}),
    "parked": (150, {"hours_ago": 24 * 9}),
    "never": (50, {"hours_ago": None}),
    "not_wanted": (120, {"hours_ago": 2, "wants": False}),
    "blocked": (40, {"hours_ago": 2, "unreachable_reason": "blocked"}),
    "gone": (40, {"hours_ago": 2, "is_follower": False}),
}


@dataclass(frozen=True)
class Stage:
    """A migrated database at nine in the morning, an account, two officials."""

    database: Database
    clock: Clock
    clock_file: Path
    fake: Fake

    @property
    def url(self) -> str:
        return self.database.url.render_as_string(hide_password=False)


def run(
    people: int = 20_000, crowd: int = 1_000_000, engines: tuple[str, ...] = ENGINES
) -> str:
    """Both, as one table."""
    lines = [
        "## Campaigns", "",
        "| figure | engine | measured | wanted |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    for engine in engines:
        with stage(engine) as made:
            lines += shown_and_sent(made, engine, people)
        with stage(engine) as made:
            lines += a_million(made, engine, crowd)
    return "\n".join(lines)


# --- shown and sent -----------------------------------------------------------------------------


def shown_and_sent(made: Stage, engine: str, people: int) -> list[str]:
    """Kinds drawn at random, money for half of the paid ones."""
    rng, database, now = random.Random(1), made.database, made.clock.now()
    drawn = rng.choices(list(KINDS), [share for share, _ in KINDS.values()], k=people)
    for first in range(0, people, AT_ONCE):
        _write_people(database, first, drawn[first : first + AT_ONCE], now)
    with database.writing() as session:
        allowed = drawn.count("paid") // 2 * PRICE
        money.set_budget(session, OA, Lane.CAMPAIGN, allowed, now)
    number = _draft(made)
    with database.writing() as session:
        lists.begin(session, editing.find(session, number), TERMS, made.clock.now())
    _list_alone(made, number)
    shown = _run(database, number)
    to_leave = shown.counts.get("free", 0) + shown.counts.get("paid", 0)
    started = time.time()
    with worker(made):
        _approve_and_start(made, number)
        changing = rng.sample(range(1, people + 1), round(people * CHANGING_SHARE))
        for person in changing:
            _changes(made, person, rng)
        _wait_for_end(database, number)
    took = time.time() - started
    came = [user_id for _, user_id in made.fake.came()]
    with database.reading() as session:
        campaign = editing.find(session, number)
        progress = results.progress(session, campaign)
        changed = sum(1 for _ in lists.changes(session, shown))
    assert progress is not None
    difference = abs(len(set(came)) - to_leave) / max(1, to_leave)
    same = "same" if progress.sent_sha256 == shown.list_sha256 else "other"
    return [
        f"| {people} people: were to get it / got it | {engine} "
        f"| {to_leave} / {len(set(came))} | – |",
        f"| difference ({len(changing)} changed their minds meanwhile) | {engine} "
        f"| {difference:.2%} | ≤ 1 % |",
        f"| got it twice | {engine} | {len(came) - len(set(came))} | 0 |",
        f"| dealt with otherwise than shown, each listed | {engine} | {changed} | – |",
        f"| digest shown {shown.list_sha256[:12]}, sent {progress.sent_sha256[:12]} "
        f"| {engine} | {same} | same, but for those |",
        f"| messages a second | {engine} | {len(came) / took:.0f} | – |",
    ]


def _write_people(
    database: Database, first: int, kinds: list[str], now: datetime
) -> None:
    people, wishes = [], []
    for number, kind in enumerate(kinds, first + 1):
        known = dict(KINDS[kind][1])
        hours, wants = known.pop("hours_ago"), known.pop("wants", True)
        last = None if hours is None else now - timedelta(hours=hours)
        # every fiftieth writes to us as the same person a second time
        app = f"app-{number - 1 if number % 50 == 0 else number}"
        person = _contact(number, now) | {"last_interaction_at": last}
        person |= {"user_id_by_app": app, "is_follower": True} | known
        people.append({"unreachable_reason": None} | person)
        if wants:
            wishes.append(_wish(number, now))
    with database.writing() as session:
        insert_if_new(session, Contact, people)
        insert_if_new(session, ConsentRecord, wishes)


def _contact(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "oa_id": OA,
        "user_id": f"u{number}",
        "created_at": now,
        "privacy_choice": "unasked",
    }


def _wish(number: int, now: datetime) -> dict[str, Any]:
    return {
        "contact_id": number,
        "purpose": consent.purpose_of(""),
        "choice": consent.GRANTED,
        "text_version": "v1",
        "recorded_at": now,
    }


def _changes(made: Stage, person: int, rng: random.Random) -> None:
    """He says no, or writes."""
    now = made.clock.now()
    with made.database.writing() as session:
        contact = session.get_one(Contact, person)
        if rng.random() < 0.5:
            consent.opt_out(session, contact, "", "v1", now)
        else:
            contact.last_interaction_at = now
            session.add(contact)


# --- a million ------------------------------------------------------------------------------------


def a_million(made: Stage, engine: str, crowd: int) -> list[str]:
    """The list, then the messages, by processes that die; the sender in one of its own."""
    _write_crowd(made, crowd)
    number = _draft(made)
    with made.database.writing() as session:
        campaign = editing.find(session, number)
        approving.ask(session, campaign, TERMS, "owner", made.clock.now())
    begun = time.time()
    listing = _until_done(made, "list", KILLS)
    listed_in = time.time() - begun
    shown = _run(made.database, number)
    with worker(made, drives=False):
        begun = time.time()
        _approve_and_start(made, number)
        first = _first_message(made.fake) - begun
        feeding = _until_done(made, "feed", KILLS)
    with made.database.reading() as session:
        listed = session.exec(
            select(func.count(col(CampaignRecipient.contact_id)))
        ).one()
        rows, people = session.exec(
            select(
                func.count(col(OutboxMessage.id)),
                func.count(func.distinct(OutboxMessage.contact_id)),
            )
        ).one()
    fed = _run(made.database, number)
    is_exact = (
        rows == people == listed == crowd and fed.sent_sha256 == shown.list_sha256
    )
    return [
        f"| {crowd} people: list made | {engine} | {listed_in:.0f} s | – |",
        f"| memory above idle, listing / writing messages | {engine} "
        f"| {listing:.0f} / {feeding:.0f} MB | ≤ 300 MB |",
        f"| start to first message | {engine} | {first:.1f} s | ≤ 10 s |",
        f"| after {2 * KILLS} kill -9: on the list / written / people | {engine} "
        f"| {listed} / {rows} / {people} | all {crowd}, once |",
        f"| digests after the kills | {engine} "
        f"| {'equal' if is_exact else 'DIFFERENT'} | equal |",
    ]


def _write_crowd(made: Stage, crowd: int) -> None:
    """In the database itself: a statement makes many rows."""
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT CAST(:first AS BIGINT) UNION ALL "
        "SELECT i + 1 FROM n WHERE i < :last) "
    )
    contacts = text(
        numbers + "INSERT INTO contact (id, oa_id, user_id, created_at, "
        "last_interaction_at, privacy_choice, wrong_codes, is_follower) "
        f"SELECT i, '{OA}', 'u' || CAST(i AS TEXT), :at, :at, 'unasked', 0, true FROM n"
    ).bindparams(bindparam("at", type_=UTCDateTime()))
    wishes = text(
        numbers + "INSERT INTO consent_record (contact_id, purpose, choice, "
        f"text_version, recorded_at) SELECT i, '{consent.purpose_of('')}', "
        f"'{consent.GRANTED}', 'v1', :at FROM n"
    ).bindparams(bindparam("at", type_=UTCDateTime()))
    at = made.clock.now()
    for first in range(1, crowd + 1, CROWD_AT_ONCE):
        last = min(first + CROWD_AT_ONCE - 1, crowd)
        with made.database.writing() as session:
            for statement in (contacts, wishes):
                session.execute(statement, {"first": first, "last": last, "at": at})


def _until_done(made: Stage, what: str, kills: int) -> float:
    """Megabytes above idle of the process that came to the end; others were killed."""
    rng = random.Random(what)
    for _ in range(kills):
        process = _driver(made, what)
        try:
            process.wait(rng.uniform(*UNTIL_KILL_SECONDS) + 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
    process = _driver(made, what)
    output, _ = process.communicate(timeout=LAST_WITHIN_SECONDS)
    idle, peak = (float(part) for part in output.split()[-2:])
    return peak - idle


def _driver(made: Stage, what: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.campaigns", "--as-driver", what]
    return subprocess.Popen(
        [*command, made.url, str(made.clock_file)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _drive(what: str, url: str, clock_file: str) -> None:
    """In a process: until the list is made, or everybody's message is written."""
    running.AHEAD = 10**9  # all at once: what the sender does is not measured here
    database, clock = Database(url), Clock.of(clock_file)
    driving = Driving(database, clock, TERMS)
    with database.reading() as session:
        session.exec(select(func.count(col(CampaignRun.run)))).one()
    print(_megabytes_now(), end=" ", flush=True)
    while not _is_done(database, what):
        if not driving.run_once():
            time.sleep(0.05)
    print(_megabytes(), flush=True)
    database.close()


def _is_done(database: Database, what: str) -> bool:
    with database.reading() as session:
        run = session.exec(
            select(CampaignRun).order_by(col(CampaignRun.run).desc())
        ).first()
        assert run is not None
        return (run.listed_at if what == "list" else run.fed_at) is not None


def _megabytes_now() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _megabytes() -> float:
    """The most this process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _first_message(fake: Fake) -> float:
    deadline = time.time() + 60
    while not (came := fake.came()):
        assert time.time() < deadline, "no message came"
        time.sleep(0.05)
    return came[0][0]


# --- what they share --------------------------------------------------------------------------------


@contextmanager
def stage(engine: str) -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(migrated_database(engine, folder))
        clock = Clock(folder / "clock")
        clock.move(_nine_in_the_morning() - clock.now())
        fake = stack.enter_context(fake_endpoint(LATENCY_MS))
        made = Stage(database, clock, folder / "clock", fake)
        with database.writing() as session:
            _furnish(session, clock.now())
        yield made


def _nine_in_the_morning() -> datetime:
    """Of the next day that is no holiday: a campaign has the day before it."""
    tomorrow = datetime.now(TERMS.zone) + timedelta(days=1)
    nine = tomorrow.replace(hour=9, minute=0, second=0, microsecond=0)
    return next_opening(Kind.CAMPAIGN, nine, Calendar(), TERMS.zone)


def _furnish(session: Session, now: datetime) -> None:
    session.add(
        Account(
            oa_id=OA,
            created_at=now,
            access_token_sealed=Sealer(KEY).seal("access"),
            access_expires_at=now + timedelta(days=1),
        )
    )
    for name in ("owner", "second"):
        official = Official(pseudonym=name, name=name, created_at=now, joined_at=now)
        session.add(official)
        session.flush()
        session.add(
            Membership(
                official_id=official.id or 0,
                unit_code=UNIT,
                role=Role.ADMINISTRATOR,
                since_on=now.date() - timedelta(days=2),
            )
        )


def _draft(made: Stage) -> int:
    with made.database.writing() as session:
        owner = session.exec(
            select(Official).where(Official.pseudonym == "owner")
        ).one()
        wish = Wish(title="Tập huấn", text="Tối thứ Sáu xã tập huấn dùng VNeID. " * 10)
        return editing.create(session, wish, owner, made.clock.now()).id or 0


def _list_alone(made: Stage, number: int) -> None:
    is_complete = False
    while not is_complete:
        with made.database.writing() as session:
            campaign = editing.find(session, number)
            run = lists.current(session, campaign)
            assert run is not None
            now = made.clock.now()
            is_complete = lists.make_chunk(session, campaign, run, TERMS, now)


def _approve_and_start(made: Stage, number: int) -> None:
    with made.database.writing() as session:
        campaign = running.lock(session, number)
        assert campaign is not None
        second = session.exec(
            select(Official).where(Official.pseudonym == "second")
        ).one()
        now = made.clock.now()
        today = now.astimezone(TERMS.zone).date()
        approving.approve(session, campaign, second, now, today)
        running.start(session, campaign, TERMS, "second", now)


def _run(database: Database, number: int) -> CampaignRun:
    with database.reading() as session:
        run = lists.current(session, editing.find(session, number))
        assert run is not None
        return run


def _wait_for_end(database: Database, number: int) -> None:
    deadline = time.time() + LAST_WITHIN_SECONDS
    while time.time() < deadline:
        with database.reading() as session:
            if editing.find(session, number).state == CampaignState.DONE:
                return
        time.sleep(0.5)
    raise TimeoutError("the campaign did not come to its end")


@contextmanager
def worker(made: Stage, *, drives: bool = True) -> Iterator[None]:
    """A worker's sender, and with it what drives campaigns, in a process."""
    command = [sys.executable, "-m", "bench.campaigns", "--as-worker", made.url]
    arguments = [made.fake.url, str(made.clock_file), "drives" if drives else "sends"]
    process = subprocess.Popen(
        [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()  # it is up
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def _work(url: str, zalo_url: str, clock_file: str, what: str) -> None:
    from bot.channel.accounts import Accounts
    from bot.channel.sender import Sender
    from bot.channel.zalo.client import ZaloClient
    from bot.files import Files
    from bot.outreach.choke import Choke

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    database, clock = Database(url), Clock.of(clock_file)
    client = ZaloClient(zalo_url, zalo_url)
    sender = Sender(
        database,
        clock,
        client,
        Accounts(database, clock, client, Sealer(KEY), Settings()),
        Files(Path(tempfile.gettempdir())),
        paid_message_vnd=PRICE,
        pace=Pace(database, clock, UNLIMITED),
        objects=Choke(Calendar(), TERMS.zone).objection,
    )
    sending = threading.Thread(target=sender.run, args=(stop, threading.Event()))
    sending.start()
    print("up", flush=True)
    driving = Driving(database, clock, TERMS)
    while not stop.is_set():
        if what != "drives" or not driving.run_once():
            stop.wait(0.5)
    sending.join()
    sender.close()
    database.close()


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR)
    )
    if sys.argv[1:2] == ["--as-worker"]:
        _work(*sys.argv[2:6])
    elif sys.argv[1:2] == ["--as-driver"]:
        _drive(*sys.argv[2:5])
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--people", type=int, default=20_000)
        parser.add_argument("--crowd", type=int, default=1_000_000)
        parser.add_argument("--engine", choices=ENGINES)
        asked = parser.parse_args()
        chosen = (asked.engine,) if asked.engine else ENGINES
        print(run(asked.people, asked.crowd, chosen))
