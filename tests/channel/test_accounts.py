"""Tokens: sealed, refreshed once, stored before they are used."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.channel.accounts import REFRESH_LEASE, TokenDead
from bot.channel.seal import Sealer, SealError
from bot.channel.tokens import ensure_first_account
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, ZaloError
from bot.db import Database
from bot.settings import Settings
from models import Account, AccountKind, ApiGeneration
from tests.channel.conftest import OA_ID, MovableClock, Post
from tests.channel.fake_zalo import V3, FakeZalo

OAUTH = "/v4/oa/access_token"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def soon(post: Post) -> Post:
    """An account whose access token ends within two hours."""
    post.change_account(access_expires_at=post.clock.now() + timedelta(minutes=90))
    return post


def refreshes(zalo: FakeZalo) -> int:
    return zalo.paths().count(OAUTH)


# --- at rest --------------------------------------------------------------------------------


def test_tokens_are_not_readable_in_the_database(soon: Post) -> None:
    soon.accounts.valid_token(OA_ID)
    path = Path(str(soon.database.url.database))
    files = [path, path.with_name(path.name + "-wal")]
    stored = b"".join(file.read_bytes() for file in files if file.exists())
    assert OA_ID.encode() in stored
    for secret in (b"access-1", b"refresh-1", b"access-0", b"refresh-0"):
        assert secret not in stored


def test_sealed_text_opens_only_with_its_secret() -> None:
    sealed = Sealer("a" * 40).seal("tôi là khóa")
    assert Sealer("a" * 40).open(sealed) == "tôi là khóa"
    assert Sealer("a" * 40).seal("tôi là khóa") != sealed
    with pytest.raises(SealError, match="SECRET_KEY"):
        Sealer("b" * 40).open(sealed)
    with pytest.raises(SealError, match="SECRET_KEY"):
        Sealer("a" * 40).open("không phải")
    with pytest.raises(SealError, match="empty"):
        Sealer("")


# --- the first account ------------------------------------------------------------------------


def test_tokens_of_the_environment_are_used_until_zalo_refuses(post: Post) -> None:
    assert post.accounts.valid_token(OA_ID) == "access-0"
    assert post.zalo.calls == []


def test_tokens_of_the_environment_never_overwrite_newer_ones(
    soon: Post, channel_settings: Settings, sealer: Sealer
) -> None:
    assert soon.accounts.valid_token(OA_ID) == "access-1"
    with soon.database.writing() as session:
        ensure_first_account(session, channel_settings, sealer, soon.clock.now())
    assert soon.accounts.valid_token(OA_ID) == "access-1"


def test_tokens_of_the_environment_do_not_come_back_after_the_newer_ones_died(
    soon: Post, channel_settings: Settings, sealer: Sealer
) -> None:
    """A restart with an old .env must not hide that an administrator has to consent."""
    assert soon.accounts.valid_token(OA_ID) == "access-1"
    before = soon.account()
    soon.change_account(token_problem="reconsent:-14014")
    with soon.database.writing() as session:
        ensure_first_account(session, channel_settings, sealer, soon.clock.now())
    after = soon.account()
    assert after.token_problem == "reconsent:-14014"
    assert after.access_token_sealed == before.access_token_sealed
    assert after.refresh_token_sealed == before.refresh_token_sealed
    assert after.access_expires_at == before.access_expires_at


def test_tokens_of_the_environment_are_renewed_before_a_day_has_passed(
    post: Post,
) -> None:
    """Their age is unknown: they end after 25 hours at the latest."""
    post.accounts.learn(OA_ID)
    post.clock.forward(hours=22)
    post.accounts.refresh_ahead()
    assert refreshes(post.zalo) == 0
    post.clock.forward(hours=1, minutes=1)
    post.accounts.refresh_ahead()
    assert refreshes(post.zalo) == 1
    assert post.account().refresh_expires_at is not None


def test_without_an_account_id_there_is_no_first_account(
    database: Database, settings: Settings, sealer: Sealer, clock: MovableClock
) -> None:
    with database.writing() as session:
        assert ensure_first_account(session, settings, sealer, clock.now()) is None
        assert session.exec(select(Account)).all() == []


def test_account_without_tokens_says_so(post: Post) -> None:
    post.change_account(access_token_sealed=None, refresh_token_sealed=None)
    with pytest.raises(TokenDead, match="no_token"):
        post.accounts.valid_token(OA_ID)
    assert post.account().token_problem == "no_token"
    with pytest.raises(TokenDead, match="not connected"):
        post.accounts.valid_token("1")


# --- refreshing -----------------------------------------------------------------------------------


def test_token_is_refreshed_when_less_than_two_hours_are_left(post: Post) -> None:
    now = post.clock.now()
    post.change_account(access_expires_at=now + timedelta(hours=2, minutes=1))
    assert post.accounts.valid_token(OA_ID) == "access-0"
    post.clock.forward(minutes=2)
    assert post.accounts.valid_token(OA_ID) == "access-1"
    account = post.account()
    assert account.access_expires_at is not None
    assert account.access_expires_at - now > timedelta(hours=24)
    assert account.refresh_lease_until is None


def test_32_threads_refresh_once(soon: Post) -> None:
    with ThreadPoolExecutor(32) as pool:
        tokens = set(pool.map(lambda _: soon.accounts.valid_token(OA_ID), range(64)))
    assert tokens == {"access-1"}
    assert refreshes(soon.zalo) == 1


def test_32_threads_refused_at_once_refresh_once(post: Post) -> None:
    def ask(_: int) -> str:
        return post.accounts.valid_token(OA_ID, refused="access-0")

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(64))) == {"access-1"}
    assert refreshes(post.zalo) == 1


OTHER_PROCESS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from bot.channel.accounts import Accounts
from bot.channel.seal import Sealer
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings
url, zalo, oa_id = sys.argv[1:]
settings = Settings(secret_key="k" * 48, zalo_app_id="1", zalo_app_secret="s")
client = ZaloClient(zalo, zalo)
sealer = Sealer(settings.secret("secret_key"))
accounts = Accounts(Database(url), Clock(), client, sealer, settings)
sys.stdin.readline()
with ThreadPoolExecutor(8) as pool:
    print(set(pool.map(lambda _: accounts.valid_token(oa_id), range(16))))
"""


def test_two_processes_refresh_once(soon: Post) -> None:
    """Zalo answers slowly enough for both to have asked, if both did."""
    soon.zalo.before_answer = lambda path: time.sleep(0.4)
    command = [sys.executable, "-c", OTHER_PROCESS]
    arguments = [str(soon.database.url), soon.zalo.url, OA_ID]
    processes = [
        subprocess.Popen(
            [*command, *arguments], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {
        process.communicate(timeout=60)[0].splitlines()[-1] for process in processes
    }
    assert answers == {"{'access-1'}"}
    assert refreshes(soon.zalo) == 1


def test_new_pair_is_stored_before_it_is_used(
    soon: Post, sealer: Sealer, channel_settings: Settings
) -> None:
    soon.write(soon.person(), "chào")
    stored_at_first_use = []

    def look(path: str) -> None:
        if path == V3:
            sealed = soon.account().access_token_sealed or ""
            stored_at_first_use.append(sealer.open(sealed))

    soon.zalo.before_answer = look
    soon.sender.run_once()
    assert stored_at_first_use == ["access-1"]
    assert soon.zalo.calls[-1].headers["access_token"] == "access-1"


@pytest.mark.parametrize("fault", ["cut", "hang_after", "broken", 503])
def test_lost_answer_that_changed_nothing_is_asked_again(
    soon: Post, fault: object
) -> None:
    soon.zalo.fail(OAUTH, fault)  # type: ignore[arg-type]
    if fault == "cut" or fault == 503:
        assert soon.accounts.valid_token(OA_ID) == "access-1"
    else:  # Zalo did it, and the new pair is lost: the old token is all there is
        assert soon.accounts.valid_token(OA_ID) == "access-0"
        assert soon.account().token_problem == "reconsent:-14014"
    assert refreshes(soon.zalo) == 2
    assert [c.body["refresh_token"] for c in soon.zalo.calls] == ["refresh-0"] * 2


def test_dead_refresh_token_is_an_alarm_and_no_second_question(
    soon: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    soon.zalo.refresh_token = "another"
    for _ in range(3):
        assert soon.accounts.valid_token(OA_ID) == "access-0"  # works until it ends
    assert refreshes(soon.zalo) == 1
    assert "token_problem" in capsys.readouterr().out
    soon.clock.forward(minutes=91)
    with pytest.raises(TokenDead, match="-14014"):
        soon.accounts.valid_token(OA_ID)
    assert refreshes(soon.zalo) == 1


def test_wrong_app_secret_is_tried_again_after_a_pause(soon: Post) -> None:
    soon.zalo.fail(OAUTH, {"error": -14004, "error_name": "Invalid secret key"})
    assert soon.accounts.valid_token(OA_ID) == "access-0"
    assert soon.account().token_problem == "refused:-14004"
    assert soon.accounts.valid_token(OA_ID) == "access-0"
    assert refreshes(soon.zalo) == 1
    soon.clock.forward(minutes=11)
    assert soon.accounts.valid_token(OA_ID) == "access-1"
    assert soon.account().token_problem is None


def test_zalo_that_does_not_answer_is_no_dead_token(soon: Post) -> None:
    soon.zalo.standing = {OAUTH: 503}
    with pytest.raises(ZaloError) as failed:
        soon.accounts.valid_token(OA_ID)
    assert failed.value.action == Action.RETRY
    assert soon.account().token_problem is None
    soon.zalo.standing = {}
    assert soon.accounts.valid_token(OA_ID) == "access-1"


def test_lease_of_a_dead_process_ends(soon: Post) -> None:
    lease_until = soon.clock.now() + timedelta(seconds=1)
    soon.change_account(refresh_lease_until=lease_until)
    assert timedelta(seconds=26) < REFRESH_LEASE  # two tries of 13 s each
    assert soon.accounts.valid_token(OA_ID) == "access-1"


def test_no_session_is_open_while_zalo_is_asked(soon: Post) -> None:
    """SQLite's one write lock is free during the call."""
    wrote = []

    def write(path: str) -> None:
        with soon.database.writing() as session:
            session.get_one(Account, OA_ID).name = "viết được"
        wrote.append(path)

    soon.zalo.before_answer = write
    soon.write(soon.person(), "chào")
    soon.sender.run_once()
    assert wrote == [OAUTH, V3]


# --- learning -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "known", "buttons"),
    [
        ("business", AccountKind.BUSINESS, True),
        ("government", AccountKind.GOVERNMENT, False),
    ],
)
def test_kind_of_account_is_learned_ahead(
    post: Post, kind: str, known: AccountKind, buttons: bool
) -> None:
    post.zalo.kind = kind
    assert post.accounts.refresh_ahead() == {"accounts": 1, "failed": 0}
    account = post.account()
    assert (account.kind, account.takes_buttons) == (known, buttons)
    assert account.name == "UBND Phường Mẫu"
    assert post.accounts.refresh_ahead() == {"accounts": 1, "failed": 0}
    assert len(post.zalo.calls) == 1


def test_learning_again_keeps_what_sending_taught(post: Post) -> None:
    post.accounts.learn(OA_ID)
    post.change_account(takes_buttons=False, api_generation=ApiGeneration.V3)
    post.accounts.learn(OA_ID)
    account = post.account()
    assert (account.takes_buttons, account.api_generation) == (False, ApiGeneration.V3)


def test_one_sick_account_does_not_hide_the_others(post: Post) -> None:
    with post.database.writing() as session:
        session.add(Account(oa_id="1", created_at=post.clock.now()))
    assert post.accounts.refresh_ahead() == {"accounts": 2, "failed": 1}
    assert post.account().kind == AccountKind.BUSINESS


def test_settings_give_the_hosts(channel_settings: Settings, zalo: FakeZalo) -> None:
    client = ZaloClient.from_settings(channel_settings)
    assert client.account_info("access-0").name == "UBND Phường Mẫu"
    client.close()
    assert zalo.paths() == ["/v2.0/oa/getoa"]
