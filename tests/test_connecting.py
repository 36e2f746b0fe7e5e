"""Connecting an account end to end: link, permission page, consent, callback, first answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from pydantic import SecretStr
from sqlmodel import select

from bot.clock import Clock
from bot.connecting import Connecting, challenge_of
from bot.errors import OperatorError
from bot.watching.alarms import open_alarms, raise_alarm
from bot.watching.kinds import AlarmKind
from building import parts
from models import Account, AccountKind, ConsentRequest
from tests.chat import Town

ROOT = Path(__file__).resolve().parent.parent
VERIFIER = "A-fixed_verifier-of-the-console-43-letters-x"


@pytest.fixture
def fresh(town: Town) -> Town:
    """Nothing is connected yet."""
    with town.database.writing() as session:
        for account in session.exec(select(Account)):
            session.delete(account)
    return town


def connecting_of(town: Town, **settings: object) -> Connecting:
    clock = Clock(town.settings.data_dir / "demo-clock")
    given = town.settings.model_copy(update=settings)
    return parts.connecting_of(town.database, clock, given)


def form_of(link: str) -> dict[str, str]:
    """The hidden fields of the permission page."""
    page = requests.get(link, timeout=10)
    assert page.status_code == 200
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))


def consent(link: str, oa_id: str, decision: str = "allow") -> str:
    """What the administrator's browser is told to open next."""
    form = form_of(link) | {"oa_id": oa_id, "decision": decision}
    address = link.split("?")[0]
    answer = requests.post(address, data=form, timeout=10, allow_redirects=False)
    assert answer.status_code == 302
    return answer.headers["Location"]


def opened(callback: str) -> requests.Response:
    return requests.get(callback, timeout=20)


def heading(page: requests.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
    assert found
    return found.group(1)


def account(town: Town, oa_id: str) -> Account | None:
    with town.database.reading() as session:
        return session.get(Account, oa_id)


def exchanges(town: Town) -> int:
    calls = town.simulator.state.calls
    return sum("authorization_code" in row["body"] for row in calls)


# --- the whole way ------------------------------------------------------------------------


def test_an_account_is_connected_and_its_people_are_answered(fresh: Town) -> None:
    page = opened(consent(connecting_of(fresh).link(), fresh.government))
    assert page.status_code == 200
    assert heading(page) == "Đã kết nối: UBND xã Cần Đước (mô phỏng)"
    assert "trả lời thay mặt Xã Cần Đước" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    stored = account(fresh, fresh.government)
    assert stored is not None
    assert stored.kind == AccountKind.GOVERNMENT
    assert stored.unit_code == "xa_can_duoc"
    assert stored.access_expires_at is not None
    assert stored.access_expires_at - stored.created_at > timedelta(hours=24)
    assert any(
        "khai sinh" in text for text in fresh.chat_of("ba-tam").says("khai sinh")
    )


def test_any_number_of_accounts_of_one_app_are_connected(fresh: Town) -> None:
    connecting = connecting_of(fresh)
    links = {oa_id: connecting.link() for oa_id in (fresh.government, fresh.business)}
    for oa_id, link in links.items():
        assert opened(consent(link, oa_id)).status_code == 200
    with fresh.database.reading() as session:
        kinds = {one.oa_id: one.kind for one in session.exec(select(Account))}
    assert kinds == {fresh.government: "government", fresh.business: "business"}


def test_connecting_anew_ends_the_alarms_and_the_pause_of_the_account(
    town: Town,
) -> None:
    now = Clock().now()
    with town.database.writing() as session:
        for kind in (AlarmKind.TOKEN_DEAD, AlarmKind.CONSENT_ENDS_SOON):
            raise_alarm(session, kind, town.government, {}, now)
        raise_alarm(session, AlarmKind.TOKEN_DEAD, town.business, {}, now)
        sick = session.get_one(Account, town.government)
        sick.token_problem = "reconsent:-14014"
        sick.paused_until = now + timedelta(hours=1)
        sick.unit_code = "xa_tan_lan"
    opened(consent(connecting_of(town).link(), town.government))
    with town.database.reading() as session:
        assert [alarm.subject for alarm in open_alarms(session)] == [town.business]
    well = account(town, town.government)
    assert well is not None
    assert (well.token_problem, well.paused_until) == (None, None)
    assert well.unit_code == "xa_tan_lan"  # what somebody set stays


def test_a_unit_can_be_named_with_the_link(fresh: Town) -> None:
    link = connecting_of(fresh).link("xa_rach_kien")
    opened(consent(link, fresh.government))
    stored = account(fresh, fresh.government)
    assert stored is not None
    assert stored.unit_code == "xa_rach_kien"
    with pytest.raises(OperatorError, match="no unit in force"):
        connecting_of(fresh).link("xa_phuoc_tuy_khong_co")


# --- the link -----------------------------------------------------------------------------


def test_the_link_is_what_zalo_documents(fresh: Town) -> None:
    connecting = connecting_of(fresh)
    address = urlsplit(connecting.link())
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert address.path.endswith("/v4/oa/permission")
    assert set(asked) == {"app_id", "redirect_uri", "code_challenge", "state"}
    assert asked["redirect_uri"] == f"{fresh.address}/zalo/oauth/callback"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked["code_challenge"])
    with fresh.database.reading() as session:
        [row] = session.exec(select(ConsentRequest))
    verifier = connecting.sealer.open(row.verifier_sealed)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", verifier)
    assert challenge_of(verifier) == asked["code_challenge"]
    kept = json.dumps(row.model_dump(mode="json"))
    assert verifier not in kept
    assert asked["state"] not in kept


def test_the_example_of_the_standard_gives_its_challenge() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_challenge_stored_in_the_console_needs_its_verifier(fresh: Town) -> None:
    fresh.simulator.state.app.stored_challenge = challenge_of(VERIFIER)
    page = opened(consent(connecting_of(fresh).link(), fresh.government))
    assert page.status_code == 400
    assert "ZALO_CODE_VERIFIER" in page.text
    connecting = connecting_of(fresh, zalo_code_verifier=SecretStr(VERIFIER))
    fresh.simulator.state.app.stored_challenge = challenge_of(VERIFIER)
    assert opened(consent(connecting.link(), fresh.government)).status_code == 200


# --- refusals -----------------------------------------------------------------------------


def test_a_callback_that_comes_again_says_that_it_is_done(fresh: Town) -> None:
    callback = consent(connecting_of(fresh).link(), fresh.government)
    opened(callback)
    again = opened(callback)
    assert again.status_code == 200
    assert heading(again).startswith("Đã kết nối rồi: UBND xã Cần Đước")
    assert exchanges(fresh) == 1


def test_two_callbacks_at_once_exchange_the_code_once(fresh: Town) -> None:
    callback = consent(connecting_of(fresh).link(), fresh.government)
    with ThreadPoolExecutor(6) as pool:
        pages = list(pool.map(opened, [callback] * 6))
    assert exchanges(fresh) == 1
    assert {page.status_code for page in pages} <= {200, 400}
    assert any(heading(page).startswith("Đã kết nối:") for page in pages)
    assert account(fresh, fresh.government) is not None


@pytest.mark.parametrize("minutes", [29, 31])
def test_a_link_lives_half_an_hour(fresh: Town, minutes: int) -> None:
    link = connecting_of(fresh).link()
    chat = fresh.chat_of("ba-tam")
    chat.post_control("/clock", {"move_seconds": minutes * 60})
    page = opened(consent(link, fresh.government))
    assert page.status_code == (200 if minutes < 30 else 400)
    if minutes > 30:
        assert "30 phút" in page.text
        assert account(fresh, fresh.government) is None


def changed(callback: str, **query: str) -> str:
    address = urlsplit(callback)
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    return address._replace(query=urlencode(asked | query)).geturl()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"state": "x"}, "không nhận ra đường dẫn"),
        ({"state": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")}, "không nhận ra"),
        ({"code": ""}, "chưa gửi mã"),
        ({"oa_id": "<b>"}, "chưa gửi mã"),
        ({"code": "wrong"}, "10 phút"),
        ({"oa_id": "3918274650918273645"}, "một OA khác"),
    ],
)  # fmt: skip
def test_what_does_not_fit_connects_nothing_and_says_why(
    fresh: Town, query: dict[str, str], words: str
) -> None:
    callback = consent(connecting_of(fresh).link(), fresh.government)
    page = opened(changed(callback, **query))
    assert page.status_code == 400
    assert words in page.text
    assert heading(page) == "Chưa kết nối được OA"
    with fresh.database.reading() as session:
        assert session.exec(select(Account)).all() == []


def test_a_visit_without_a_code_leaves_the_link_usable(fresh: Town) -> None:
    link = connecting_of(fresh).link()
    refused = consent(link, fresh.government, decision="deny")
    assert "error_code=-14012" in refused
    state = parse_qs(urlsplit(link).query)["state"][0]
    opened(f"{fresh.address}/zalo/oauth/callback?state={state}")
    assert opened(consent(link, fresh.government)).status_code == 200


def _deactivate(town: Town) -> None:
    town.simulator.state.app.active = False


def _new_secret(town: Town) -> None:
    town.simulator.config = replace(town.simulator.config, app_secret="another")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [(_deactivate, "-14002", "kích hoạt"), (_new_secret, "-14004", "ZALO_APP_SECRET")],
)
def test_zalos_refusal_is_shown_with_what_to_do(
    fresh: Town, spoil: Callable[[Town], None], code: str, words: str
) -> None:
    callback = consent(connecting_of(fresh).link(), fresh.government)
    spoil(fresh)
    page = opened(callback)
    assert page.status_code == 400
    assert code in page.text
    assert words in page.text
    assert "oa connect" in page.text
    again = opened(callback)
    assert "mỗi đường dẫn chỉ dùng một lần" in again.text


@pytest.mark.parametrize("kind", ["http_500", "cut"])
def test_zalo_that_does_not_answer_costs_only_a_reload(fresh: Town, kind: str) -> None:
    callback = consent(connecting_of(fresh).link(), fresh.government)
    chat = fresh.chat_of("ba-tam")
    chat.post_control("/faults", {"kind": kind, "times": 1, "path": "access_token"})
    page = opened(callback)
    assert page.status_code == 503
    assert "tải lại trang" in page.text
    assert opened(callback).status_code == 200
    assert account(fresh, fresh.government) is not None


def test_an_exchange_whose_answer_is_lost_asks_for_a_new_link(fresh: Town) -> None:
    callback = consent(connecting_of(fresh).link(), fresh.government)
    chat = fresh.chat_of("ba-tam")
    fault = {"kind": "cut_after_delivery", "times": 1, "path": "access_token"}
    chat.post_control("/faults", fault)
    assert opened(callback).status_code == 503
    page = opened(callback)
    assert page.status_code == 400
    assert "-14005" in page.text
    assert "oa connect" in page.text


def test_a_pair_is_kept_although_zalo_did_not_say_whose_it_is(fresh: Town) -> None:
    callback = consent(connecting_of(fresh).link(), fresh.government)
    chat = fresh.chat_of("ba-tam")
    chat.post_control("/faults", {"kind": "http_500", "times": 1, "path": "getoa"})
    page = opened(callback)
    assert page.status_code == 200
    assert heading(page) == f"Đã kết nối: OA {fresh.government}"
    stored = account(fresh, fresh.government)
    assert stored is not None
    assert stored.kind == AccountKind.UNKNOWN
    assert stored.refresh_token_sealed is not None


def test_nothing_secret_is_logged_or_shown(
    fresh: Town, capfd: pytest.CaptureFixture[str]
) -> None:
    connecting = connecting_of(fresh)
    link = connecting.link()
    with fresh.database.reading() as session:
        [row] = session.exec(select(ConsentRequest))
    verifier = connecting.sealer.open(row.verifier_sealed)
    callback = consent(link, fresh.government)
    first, again = opened(callback), opened(callback)
    query = parse_qs(urlsplit(callback).query)
    pairs = fresh.simulator.state.refresh_tokens
    secrets = {verifier, query["code"][0], query["state"][0], *pairs}
    secrets |= {pair.access_token for pair in pairs.values()}
    captured = capfd.readouterr()
    shown = first.text + again.text + captured.out + captured.err
    assert "account_connected" in shown
    assert [secret for secret in secrets if secret in shown] == []


# --- the commands -------------------------------------------------------------------------


def run(town: Town, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line beside the running demo."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(town.settings.data_dir),
        "DATABASE_URL": town.database.url.render_as_string(hide_password=False),
        "CONTENT_DIR": str(ROOT / "content"),
        "PORT": str(town.settings.port),
        "PYTHONIOENCODING": "utf-8",
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "oa", *arguments],
        cwd=town.settings.data_dir,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_oa_connect_prints_the_link_and_nothing_else(fresh: Town) -> None:
    ended = run(fresh, "connect")
    [link] = ended.stdout.splitlines()
    assert f"{fresh.address}/zalo/oauth/callback" in ended.stderr
    assert opened(consent(link, fresh.government)).status_code == 200
    wrong = run(fresh, "connect", "--unit", "nowhere")
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines() == [
        "error: --unit nowhere: no unit in force has this code"
    ]


def test_oa_list_shows_each_account_without_its_tokens(town: Town) -> None:
    listed = json.loads(run(town, "list", "--json").stdout)
    by_id = {one["id"]: one for one in listed}
    assert set(by_id) == {town.government, town.business}
    one = by_id[town.government]
    assert (one["name"], one["unit"]) == ("UBND xã Cần Đước (mô phỏng)", "xa_can_duoc")
    assert one["api_generation"] == "auto"
    assert 0 <= one["token_age_seconds"] < 600
    assert one["problem"] is None
    plain = run(town, "list").stdout
    assert len(plain.splitlines()) == 2
    assert "sealed" not in plain + str(listed)


def test_oa_check_asks_zalo_and_fails_when_one_account_does(town: Town) -> None:
    ended = run(town, "check")
    assert ended.returncode == 0, ended.stdout
    assert f"ok  {town.government}: UBND xã Cần Đước" in ended.stdout
    assert "quota cs" in ended.stdout
    chat = town.chat_of("ba-tam")
    for which in ("access", "refresh"):
        chat.post_control(f"/accounts/{town.business}/tokens/expire", {"which": which})
    ended = run(town, "check", "--json")
    assert ended.returncode == 1
    found = {one["id"]: one for one in json.loads(ended.stdout)}
    assert found[town.government]["ok"]
    assert "-14014" in found[town.business]["problem"]
    with town.database.reading() as session:
        alarms = [(alarm.kind, alarm.subject) for alarm in open_alarms(session)]
    assert alarms == [("token_dead", town.business)]


def test_without_any_account_the_check_fails(fresh: Town) -> None:
    ended = run(fresh, "check")
    assert (ended.returncode, ended.stdout) == (1, "")
