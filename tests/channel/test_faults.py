"""Answers cut after delivery, senders side by side: nothing twice, nothing lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.channel import outbox
from bot.channel.accounts import Accounts
from bot.channel.inbound import text_digest
from bot.channel.pace import Pace
from bot.channel.seal import Sealer
from bot.channel.tokens import ensure_first_account
from bot.channel.zalo.client import ZaloClient
from bot.db import Database
from bot.files import Files
from bot.settings import Settings
from models import Lane
from tests.channel.conftest import OA_ID, MovableClock, Post
from tests.channel.fake_zalo import FakeZalo
from tests.channel.sender_process import SECRET

ROOT = Path(__file__).resolve().parents[2]
MESSAGES, PEOPLE = 400, 40
CUT_SHARE = 0.05
LOOK_UPS = (16, 31, 31, 61, 121, 241)  # seconds after which a lost row is looked for


@pytest.fixture
def client(zalo: FakeZalo) -> Iterator[ZaloClient]:
    """As patient as in service: what is counted is what is cut, not what is slow."""
    client = ZaloClient(zalo.url, zalo.url)
    yield client
    client.close()


@pytest.fixture
def post(post: Post) -> Post:
    """Without Zalo's limit of calls, which is not what is tested here."""
    post.sender.close()
    unlimited = Pace(post.database, post.clock, per_minute=100_000)
    post.sender = post.new_sender(pace=unlimited)
    return post


def unreliable(*faults: str) -> Callable[[], str | None]:
    """For five messages in a hundred: the answer is cut, after the delivery."""
    rng = random.Random(11)

    def draw() -> str | None:
        is_cut = rng.random() < CUT_SHARE
        return rng.choice(faults or ("cut_after",)) if is_cut else None

    return draw


def write_all(post: Post, lane: Lane) -> None:
    people = [post.person(f"p{number}") for number in range(PEOPLE)]
    for number in range(MESSAGES):
        # every second text of a person is the one before it: told apart by count
        text = f"tin {number // PEOPLE // 2}"
        post.write(people[number % PEOPLE], text, key=f"tin:{number}", lane=lane)


def send_all(post: Post) -> None:
    post.sender.run_once()
    for seconds in LOOK_UPS * 8:
        if not {"waiting", "sending"} & set(post.statuses()):
            return
        post.clock.forward(seconds=seconds)
        post.sender.run_once()


def arrived(post: Post) -> Counter[tuple[str, str]]:
    return Counter((item["user_id"], item["text"]) for item in post.zalo.delivered)


def wanted(post: Post) -> Counter[tuple[str, str]]:
    return Counter(
        (f"p{number % PEOPLE}", f"tin {number // PEOPLE // 2}")
        for number in range(MESSAGES)
    )


def echo_everything(post: Post) -> None:
    """Zalo's echo of each delivered message comes in before anything is looked for."""
    with post.database.writing() as session:
        for item in post.zalo.delivered:
            digest = text_digest(item["text"])
            outbox.note_echo(
                session, OA_ID, item["user_id"], item["message_id"], digest,
                post.clock.now(),
            )  # fmt: skip


@pytest.mark.parametrize("lane", [Lane.REPLY, Lane.CAMPAIGN])
def test_with_history_nothing_is_lost_and_nothing_sent_twice(
    post: Post, lane: Lane
) -> None:
    post.zalo.cuts = unreliable("cut_after", "cut_after", "cut")
    write_all(post, lane)
    send_all(post)
    assert arrived(post) == wanted(post)
    assert set(post.statuses()) == {"sent"}
    looked_up = [row for row in post.rows() if row.reason == "confirmed_by_history"]
    assert len(looked_up) >= MESSAGES * CUT_SHARE / 2


def test_with_echo_alone_nothing_is_lost_and_nothing_sent_twice(post: Post) -> None:
    post.zalo.cuts = unreliable()
    post.zalo.standing = {"conversation": 503}
    write_all(post, Lane.CAMPAIGN)
    for _ in range(MESSAGES):
        post.sender.run_once()
        echo_everything(post)
        if set(post.statuses()) == {"sent"}:
            break
    assert arrived(post) == wanted(post)
    confirmed = [row for row in post.rows() if row.reason == "confirmed_by_echo"]
    assert len(confirmed) >= MESSAGES * CUT_SHARE / 2


@pytest.mark.parametrize("lane", [Lane.REPLY, Lane.CAMPAIGN])
def test_with_neither_the_rule_of_the_lane_holds_exactly(
    post: Post, lane: Lane
) -> None:
    """Answers are repeated, a campaign is given up; no row does both or neither."""
    cuts = unreliable()
    lost = []

    def note() -> str | None:
        fault = cuts()
        lost.extend([fault] if fault else [])
        return fault

    post.zalo.cuts = note
    post.zalo.standing = {"conversation": 503}
    write_all(post, lane)
    send_all(post)
    rows = post.rows()
    assert arrived(post).total() >= MESSAGES
    if lane == Lane.REPLY:
        assert {row.status for row in rows} == {"sent"}
        assert arrived(post).total() == MESSAGES + len(lost)
    else:
        dead = [row for row in rows if row.status == "dead"]
        assert {row.reason for row in dead} == {"outcome_unknown"}
        assert len(dead) == len(lost)
        assert arrived(post) == wanted(post)


def test_four_senders_in_two_processes_serve_two_accounts_once(
    tmp_path: Path, settings: Settings, server_url: str
) -> None:
    clock = MovableClock()
    zalo = FakeZalo(now=clock.now)
    database = Database(server_url)
    post = _post(database, clock, zalo, settings, tmp_path)
    post.connect("2")
    for number in range(60):
        for oa_id in (OA_ID, "2"):
            person = post.person(f"{oa_id}-{number}", oa_id=oa_id)
            post.write(person, "một", "hai", lane=Lane.CAMPAIGN)
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.channel.sender_process",
                server_url,
                zalo.url,
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert set(post.statuses()) == {"sent"}
    post.sender.close()
    database.close()
    zalo.close()
    for oa_id in (OA_ID, "2"):
        for number in range(60):
            assert zalo.texts(f"{oa_id}-{number}") == ["một", "hai"]
    ports = {call.port for call in zalo.calls}
    assert len(ports) > 2  # more than one thread had its part


def _post(
    database: Database,
    clock: MovableClock,
    zalo: FakeZalo,
    settings: Settings,
    folder: Path,
) -> Post:
    sealer = Sealer(SECRET)
    client = ZaloClient(zalo.url, zalo.url)
    tokens = {"zalo_access_token": "access-0", "zalo_refresh_token": "refresh-0"}
    given = Settings.model_validate(
        settings.model_dump() | tokens | {"zalo_oa_id": OA_ID}
    )
    with database.writing() as session:
        ensure_first_account(session, given, sealer, clock.now())
    accounts = Accounts(database, clock, client, sealer, given)
    return Post(database, clock, zalo, accounts, client, Files(folder))
