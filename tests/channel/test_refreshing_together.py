"""A refresh token works once: many callers, many days, killed processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.catching_up import CatchingUp
from bot.channel.seal import Sealer
from bot.channel.spool import Spool
from bot.channel.tokens import ensure_first_account, store_tokens
from bot.channel.zalo.answers import TokenPair
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import ZaloError
from bot.conversation.texts import Texts
from bot.db import Database
from bot.settings import Settings
from bot.watching.alarms import open_alarms
from bot.watching.tokens import note_token_news, watch_consents
from models import Account
from scheduler import JOBS
from scheduler.clockwork import Workshop, tick
from tests.channel.conftest import OA_ID, MovableClock, Post
from tests.channel.fake_zalo import ACCESS_LIFE, FakeZalo

OAUTH = "/v4/oa/access_token"
ROOT = Path(__file__).resolve().parents[2]
PROCESSES, THREADS = 4, 250

CALLERS = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from bot.channel.accounts import Accounts
from bot.channel.seal import Sealer
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings
from bot.watching.tokens import note_token_news
url, zalo, oa_id, threads = sys.argv[1:]
settings = Settings(secret_key="k" * 48, zalo_app_id="1", zalo_app_secret="s")
client = ZaloClient(zalo, zalo)
sealer = Sealer(settings.secret("secret_key"))
database = Database(url, patience=60)  # a crowd on a small machine
accounts = Accounts(database, Clock(), client, sealer, settings, note_token_news)
together = threading.Barrier(int(threads))

def call(_):
    together.wait()
    return accounts.valid_token(oa_id)

print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(int(threads)) as pool:
    tokens = list(pool.map(call, range(int(threads))))
print(len(tokens), *set(tokens))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, database: Database) -> Iterator[str]:
    if request.param == "sqlite":
        yield database.url.render_as_string(hide_password=False)
        return
    yield request.getfixturevalue("server_url")


def started(url: str, zalo: FakeZalo, threads: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CALLERS, url, zalo.url, OA_ID, str(threads)],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def awaited(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def connect(database: Database, settings: Settings, clock: MovableClock) -> None:
    """The account of the settings, its access token just expired."""
    sealer = Sealer(settings.secret("secret_key"))
    with database.writing() as session:
        account = ensure_first_account(session, settings, sealer, clock.now())
        assert account is not None
        account.access_expires_at = clock.now() - timedelta(seconds=1)


def refreshes(zalo: FakeZalo) -> int:
    return zalo.paths().count(OAUTH)


def test_a_thousand_callers_in_four_processes_refresh_once(
    url: str, zalo: FakeZalo, channel_settings: Settings, clock: MovableClock
) -> None:
    """Zalo answers slowly enough for all to be there."""
    database = Database(url)
    connect(database, channel_settings, clock)
    zalo.before_answer = lambda path: time.sleep(0.3)
    processes = [started(url, zalo, THREADS) for _ in range(PROCESSES)]
    for process in processes:
        awaited(process)
    for process in processes:
        go(process)
    answers = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [answer[-2:] for answer in answers] == [[str(THREADS), "access-1"]] * 4
    assert refreshes(zalo) == 1
    database.close()


def test_a_process_killed_between_zalos_answer_and_our_commit_is_an_alarm_at_once(
    database: Database,
    zalo: FakeZalo,
    channel_settings: Settings,
    clock: MovableClock,
    client: ZaloClient,
    sealer: Sealer,
) -> None:
    """Zalo has turned the pair, nobody has it: only a new consent helps, and that is said
    by the next one who asks, as soon as the lease of the dead has ended."""
    connect(database, channel_settings, clock)
    url = database.url.render_as_string(hide_password=False)
    process = started(url, zalo, 1)
    awaited(process)

    def kill(path: str) -> None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    zalo.before_answer = kill
    go(process)
    process.communicate(timeout=60)
    assert zalo.generation == 1
    zalo.before_answer = lambda path: None
    clock.forward(seconds=46)
    watched = Accounts(
        database, clock, client, sealer, channel_settings, note_token_news
    )
    with pytest.raises(TokenDead, match="-14014"):
        watched.valid_token(OA_ID)
    with database.reading() as session:
        [alarm] = open_alarms(session)
    assert (alarm.kind, alarm.subject) == ("token_dead", OA_ID)
    assert alarm.detail == {"code": "-14014"}
    assert refreshes(zalo) == 2


def test_thirty_days_pass_without_one_call_on_a_dead_token(
    post: Post, channel_settings: Settings
) -> None:
    """Every hour the clock ticks, every two hours a message leaves; Zalo refuses dead
    tokens and counts them. One day its token endpoint is away when it is needed."""
    texts = Texts.load(channel_settings.content_dir / "texts")
    zone = channel_settings.zone
    workshop = Workshop(
        post.database,
        post.clock,
        zone,
        post.accounts,
        texts,
        catching_up=CatchingUp(
            post.database, post.clock, post.client, post.accounts, lambda: True
        ),
        spool=Spool(channel_settings.data_dir),
        job_names=(),
    )
    jobs = [job for job in JOBS if job.name == "tokens.refresh_ahead"]
    post.zalo.access_ends_at = post.clock.now() + ACCESS_LIFE
    person = post.person(last_interaction_at=None)  # no window ends while we test
    hours, tenth_refresh = 30 * 24, 10 * 23
    for hour in range(1, hours + 1):
        post.clock.forward(hours=1)
        post.zalo.standing = {OAUTH: 503} if hour == tenth_refresh else {}
        assert tick(jobs, workshop) == ["tokens.refresh_ahead"]
        if hour % 2 == 0:
            post.write(person, f"tin {hour}")
            post.sender.run_once()
    assert len(post.zalo.delivered) == hours // 2
    assert post.zalo.refused_tokens == 0
    assert post.zalo.generation in (31, 32)  # every 23 hours, at the next tick
    assert refreshes(post.zalo) > post.zalo.generation  # one was in vain


def test_without_the_ahead_job_every_message_still_leaves(post: Post) -> None:
    post.zalo.access_ends_at = post.clock.now() + ACCESS_LIFE
    person = post.person(last_interaction_at=None)  # no window ends while we test
    for day in range(30):
        post.clock.forward(hours=24)
        post.write(person, f"tin {day}")
        post.sender.run_once()
    assert len(post.zalo.delivered) == 30
    assert post.zalo.refused_tokens == 0


def test_a_consent_that_nobody_renews_is_warned_of_two_weeks_ahead(post: Post) -> None:
    def open_kinds() -> list[str]:
        with post.database.writing() as session:
            watch_consents(session, post.clock.now(), ZoneInfo("Asia/Ho_Chi_Minh"))
        with post.database.reading() as session:
            return [alarm.kind for alarm in open_alarms(session)]

    post.change_account(refresh_expires_at=post.clock.now() + timedelta(days=90))
    post.clock.forward(days=75)
    assert open_kinds() == []
    post.clock.forward(days=2)
    assert open_kinds() == ["consent_ends_soon"]
    assert open_kinds() == ["consent_ends_soon"]
    post.change_account(refresh_expires_at=post.clock.now() + timedelta(days=90))
    assert open_kinds() == []


def test_a_refused_refresh_is_an_alarm_until_one_works(
    soon: Post, watched: Accounts
) -> None:
    soon.zalo.fail(OAUTH, {"error": -14004, "error_name": "Invalid secret key"})
    assert watched.valid_token(OA_ID) == "access-0"
    assert alarms(soon) == [("token_refused", {"code": "-14004"})]
    soon.clock.forward(minutes=11)
    assert watched.valid_token(OA_ID) == "access-1"
    assert alarms(soon) == []


def test_a_lost_answer_that_changed_nothing_is_no_alarm(
    soon: Post, watched: Accounts
) -> None:
    soon.zalo.fail(OAUTH, "cut")
    assert watched.valid_token(OA_ID) == "access-1"
    assert alarms(soon) == []


def test_a_lost_answer_that_cost_the_pair_is_an_alarm_while_the_old_token_lives(
    soon: Post, watched: Accounts
) -> None:
    soon.zalo.fail(OAUTH, "cut_after")
    assert watched.valid_token(OA_ID) == "access-0"
    assert alarms(soon) == [("token_dead", {"code": "-14014"})]


def test_a_pair_that_a_person_consented_to_meanwhile_is_not_overwritten(
    soon: Post, watched: Accounts, sealer: Sealer
) -> None:
    """He comes back with a new pair while Zalo still answers our refresh."""
    consented = TokenPair("access-new", "refresh-new", ACCESS_LIFE)

    def consent(path: str) -> None:
        with soon.database.writing() as session:
            store_tokens(session, OA_ID, consented, sealer, soon.clock.now())

    soon.zalo.before_answer = consent
    assert watched.valid_token(OA_ID) == "access-new"
    assert sealer.open(soon.account().refresh_token_sealed or "") == "refresh-new"
    soon.change_account(access_expires_at=soon.clock.now())
    soon.zalo.refresh_token = "another"
    soon.zalo.before_answer = lambda path: consent(path)
    assert watched.valid_token(OA_ID) == "access-new"
    assert alarms(soon) == []
    assert soon.account().token_problem is None


def test_a_slow_refresh_ends_only_its_own_lease(soon: Post, watched: Accounts) -> None:
    others = soon.clock.now() + timedelta(seconds=40)

    def take_over(path: str) -> None:
        soon.change_account(refresh_lease_until=others)

    soon.zalo.before_answer = take_over
    soon.zalo.standing = {OAUTH: 503}
    with pytest.raises(ZaloError):
        watched.valid_token(OA_ID)
    assert soon.account().refresh_lease_until == others


def test_a_slow_account_holds_up_no_other(soon: Post, watched: Accounts) -> None:
    """Its refresh waits for Zalo; a call of another account is answered meanwhile."""
    with soon.database.writing() as session:
        session.add(Account(oa_id="1", created_at=soon.clock.now()))
    seen: list[str] = []

    def ask_for_the_other(path: str) -> None:
        with ThreadPoolExecutor(1) as pool, pytest.raises(TokenDead, match="no_token"):
            pool.submit(watched.valid_token, "1").result(timeout=20)
        seen.append(path)

    soon.zalo.before_answer = ask_for_the_other
    assert watched.valid_token(OA_ID) == "access-1"
    assert seen == [OAUTH]


def alarms(post: Post) -> list[tuple[str, dict[str, object]]]:
    with post.database.reading() as session:
        return [(alarm.kind, alarm.detail) for alarm in open_alarms(session)]


@pytest.fixture
def soon(post: Post) -> Post:
    """An account whose access token ends within two hours."""
    post.change_account(access_expires_at=post.clock.now() + timedelta(minutes=90))
    return post


@pytest.fixture
def watched(
    post: Post, client: ZaloClient, sealer: Sealer, channel_settings: Settings
) -> Accounts:
    """Accounts as the program builds them: what Zalo refuses is an alarm."""
    return Accounts(
        post.database, post.clock, client, sealer, channel_settings, note_token_news
    )
