"""Whatever happens, a log holds one JSON object a line and nothing of a person."""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot import logs
from bot.catalogue.catalogue import Catalogue
from bot.channel.zalo.errors import ZaloError
from bot.conversation.turn import Reply, Route, Turn
from bot.db import Database
from tests.chat import Chat, Town, lend_index

ROOT = Path(__file__).resolve().parent.parent
NAME, PHONE, ID_NUMBER = "Nguyễn Thị Bí Mật", "0912345678", "038090001234"
ADDRESS, OTP, TOKEN = (
    "hẻm 12 đường Kín Đáo",
    "774411",
    "tok-" + secrets.token_urlsafe(24),
)
PRIVATE = (
    NAME,
    "Bí Mật",
    PHONE,
    "912345678",
    ID_NUMBER,
    ADDRESS,
    "Kín Đáo",
    OTP,
    TOKEN,
)
WORDS = f"tôi là {NAME}, {ADDRESS}, số {PHONE}, căn cước {ID_NUMBER}, mã OTP là {OTP}, {TOKEN}"


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """All that was logged since, of all levels: each line must be a JSON object."""
    file = tmp_path / "logs" / "all.log"
    root = logging.getLogger()
    before = list(root.handlers), root.level, warnings.showwarning
    hooks = sys.excepthook, threading.excepthook
    stream = logs.set_up(file, logging.DEBUG, is_final=False)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]

    yield read
    root.handlers, _, warnings.showwarning = before
    root.setLevel(before[1])
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()
    stream.close()


def leaked(logged: str, *more: str) -> list[str]:
    shown = logged + json.dumps(logged, ensure_ascii=True)
    escaped = [json.dumps(word)[1:-1] for word in (*PRIVATE, *more)]
    return [word for word in (*PRIVATE, *more, *escaped) if word in shown]


def as_text(found: list[dict[str, Any]]) -> str:
    return json.dumps(found, ensure_ascii=False)


# --- how a line is made ---------------------------------------------------------------------------


def test_an_exception_is_told_by_kind_and_place_without_its_message(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    try:
        try:
            int(PHONE + "x")
        except ValueError as error:
            raise KeyError(NAME) from error
    except KeyError:
        structlog.get_logger("x").exception("event_failed", event_id=7)
    [line] = lines()
    assert (line["event"], line["level"], line["event_id"]) == (
        "event_failed",
        "error",
        7,
    )
    assert [one["type"] for one in line["exception"]] == ["KeyError", "ValueError"]
    [place] = line["exception"][0]["at"]
    assert place.startswith("tests/test_logs.py:")
    assert place.endswith(
        "test_an_exception_is_told_by_kind_and_place_without_its_message"
    )
    assert leaked(as_text([line])) == []


def test_a_librarys_line_is_its_template_unless_we_know_the_library(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    logging.getLogger("urllib3.connectionpool").warning("Retrying %s", f"/x?q={PHONE}")
    logging.getLogger("apscheduler.scheduler").warning(
        'Run time of "%s" missed', "tick"
    )
    try:
        raise RuntimeError(NAME)
    except RuntimeError:
        logging.getLogger("app").exception("Exception on %s", f"/{PHONE}")
    retrying, missed, failed = lines()
    assert retrying["event"] == "Retrying %s"
    assert missed["event"] == 'Run time of "tick" missed'
    assert (failed["event"], failed["logger"]) == ("Exception on %s", "app")
    assert failed["exception"][0]["type"] == "RuntimeError"
    assert leaked(as_text(lines())) == []


def test_warnings_and_uncaught_exceptions_are_lines_too(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    def fail() -> None:
        raise RuntimeError(NAME)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = logs._log_warning
        warnings.warn(NAME, UserWarning, stacklevel=1)
    thread = threading.Thread(target=fail, name="worker-3")
    sys_hook, threading.excepthook = threading.excepthook, logs._log_uncaught_in_thread
    thread.start()
    thread.join()
    threading.excepthook = sys_hook
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    warned, in_thread, in_main = lines()
    assert (warned["event"], warned["kind"]) == ("python_warning", "UserWarning")
    assert (in_thread["event"], in_thread["thread"]) == ("uncaught", "worker-3")
    assert in_main["event"] == "uncaught"
    assert leaked(as_text(lines())) == []


@pytest.mark.parametrize("is_sqlite", [True, False])
def test_an_error_of_the_database_does_not_quote_the_row(is_sqlite: bool) -> None:
    url = "sqlite://" if is_sqlite else "postgresql+psycopg://nobody@127.0.0.1:9/x"
    engine = Database(url).engine
    assert engine.hide_parameters
    if is_sqlite:
        with engine.connect() as connection, pytest.raises(OperationalError) as caught:
            connection.execute(
                text("INSERT INTO nowhere VALUES (:name)"), {"name": NAME}
            )
        assert NAME not in str(caught.value)
    engine.dispose()


def test_of_zalos_own_words_only_common_ones_are_kept(town: Town, chat: Chat) -> None:
    said = f"phone {PHONE} of {NAME} is not valid, 'user_id' {TOKEN}!"
    fault = {"kind": "error", "code": -201, "message": said, "path": "listrecentchat"}
    chat.post_control("/faults", fault)
    accounts = town.worker.sender._delivery._accounts
    with pytest.raises(ZaloError) as caught:
        town.worker.sender._delivery._client.recent_chats(
            accounts.valid_token(chat.oa_id)
        )
    assert caught.value.reason == "phone * of * * * * is not valid, 'user_id' *"


# --- stories ---------------------------------------------------------------------------------------


def break_handlers(town: Town) -> None:
    """Who writes "hỏng …" meets handlers that fail with what he wrote in their errors."""

    def fail(turn: Turn) -> list[Reply]:
        if "int" in turn.text:
            int(turn.text)
        if "sql" in turn.text:
            sql = text("INSERT INTO contact (oa_id, user_id) VALUES (:a, :b)")
            turn.session.execute(sql, {"a": turn.text, "b": turn.text})
        raise KeyError(turn.text)

    def is_meant(turn: Turn) -> bool:
        return "hỏng" in turn.text

    conversations = town.worker.conversations
    routes = (Route("broken", is_meant, fail), *conversations.routes)
    town.worker.conversations = replace(conversations, routes=routes)


def be_everywhere(town: Town) -> None:
    """Talk, fail, be refused, give up, be lost, be caught up with."""
    break_handlers(town)
    chat, other = town.chat_of("ba-tam"), town.chat_of("anh-minh", town.business)
    for said in (
        "chào",
        "khai sinh",
        WORDS,
        f"{NAME} {PHONE} ở đâu",
        "2",
        "không hiểu",
    ):
        chat.says(said)
        other.says(said)
    chat.sends(location={"latitude": 10.6, "longitude": 106.5})
    for how in ("int", "sql", "key"):
        chat.does("say", {"text": f"hỏng {how} {WORDS}"})
        for _ in range(5):
            chat.post_control("/clock", {"move_seconds": 120})
            chat.drain()
    for kind, code in (("error", -201), ("error", -213), ("http_500", 0), ("cut", 0)):
        fault = {"kind": kind, "code": code, "times": 1, "path": "message"}
        chat.post_control("/faults", fault | {"message": f"{NAME} {PHONE} {TOKEN}"})
        other.says(WORDS)
        chat.post_control("/clock", {"move_seconds": 120})
        chat.drain()
    chat.post_control("/webhook", {"bad_signature": True})
    chat.says(WORDS)
    chat.post_control("/webhook", {"bad_signature": False, "enabled": False})
    chat.says(f"khai tử {WORDS}")
    for _ in range(3):
        chat.post_control("/clock", {"move_seconds": 700})
        town.worker.tick()
        chat.drain()
    with requests.Session() as http:
        webhook = f"{town.address}/zalo/webhook"
        http.post(webhook, data=WORDS.encode(), timeout=60)
        http.post(webhook, json={"event_name": WORDS, "timestamp": WORDS}, timeout=60)
        header = {"X-ZEvent-Signature": f"mac={TOKEN}"}
        http.post(webhook, json={"message": WORDS}, headers=header, timeout=60)
        asked = {"code": TOKEN, "state": TOKEN, "oa_id": chat.oa_id}
        http.get(f"{town.address}/zalo/oauth/callback", params=asked, timeout=60)
        http.get(f"{town.address}/{PHONE}", params={"q": NAME}, timeout=60)
        http.get(f"{town.address}/metrics", timeout=60)
        http.get(f"{town.address}/readyz", timeout=60)


def kept_secret(town: Town) -> list[str]:
    """Keys, tokens, and who the people of the cast are."""
    state = town.simulator.state
    names = ("secret_key", "zalo_app_secret", "zalo_oa_secret_key")
    return [
        *(town.settings.secret(name) for name in names),
        *state.tokens,
        *state.refresh_tokens,
        *(person.display_name for person in state.people.values()),
        *(person.phone for person in state.people.values() if person.phone),
    ]


def test_stories_leave_nothing_of_a_person_in_the_log(
    lines: Callable[[], list[dict[str, Any]]],
    town: Town,
    capfd: pytest.CaptureFixture[str],
) -> None:
    be_everywhere(town)
    logged = lines()
    happened = {line["event"] for line in logged}
    assert happened >= {
        "webhook_event", "webhook_refused", "event_done", "event_failed",
        "message_dealt_with", "webhook_missed_messages", "job_done",
    }  # fmt: skip
    failures = [line for line in logged if line["event"] == "event_failed"]
    kinds = {one["type"] for line in failures for one in line["exception"]}
    assert kinds >= {"ValueError", "KeyError", "sqlalchemy.exc.IntegrityError"}
    printed = "".join(capfd.readouterr())
    for line in [*map(json.dumps, logged), *printed.splitlines()]:
        assert leaked(line, *kept_secret(town)) == [], line


def test_commands_of_an_operator_leave_nothing_on_standard_error(
    town: Town, tmp_path: Path
) -> None:
    break_handlers(town)
    chat = town.chat_of("ba-tam")
    chat.does("say", {"text": f"hỏng {WORDS}"})
    for _ in range(5):
        chat.post_control("/clock", {"move_seconds": 120})
        chat.drain()
    told = []
    bad_file = tmp_path / "officials.csv"
    bad_file.write_text(f"name,phone\n{NAME},{PHONE}\n", encoding="utf-8")
    for command in (
        ("dead", "list"), ("dead", "show", "E1"), ("doctor",), ("oa", "list"),
        ("oa", "check"), ("ask", WORDS), ("dead", "retry", f"E{PHONE}"),
        ("import", "services", str(bad_file)),
    ):  # fmt: skip
        told.append(run_command(town, *command))
    assert any("no such dead letter" in error for error in told)
    assert leaked("".join(told).replace(f"E{PHONE}", ""), *kept_secret(town)) == []


def run_command(town: Town, *arguments: str) -> str:
    settings = town.settings
    ended = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *arguments],
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "CONTENT_DIR": str(settings.content_dir),
            "SECRET_KEY": settings.secret("secret_key"),
            "ZALO_APP_ID": settings.zalo_app_id or "",
            "ZALO_APP_SECRET": settings.secret("zalo_app_secret"),
            "ZALO_OA_SECRET_KEY": settings.secret("zalo_oa_secret_key"),
            "ZALO_OPENAPI_URL": settings.zalo_openapi_url,
            "ZALO_OAUTH_URL": settings.zalo_oauth_url,
            "PYTHONIOENCODING": "utf-8",
        },
        cwd=settings.data_dir,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.stderr


def test_the_processes_of_a_real_start_write_json_only(
    catalogue: Catalogue, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from bench.demo import running_demo

    lend_index(catalogue, tmp_path)
    capfd.readouterr()  # what the building of the index printed
    with running_demo(tmp_path) as demo:
        control = f"{demo.address}/simulator/control"
        headers = {"X-Requested-With": "simulator"}
        accounts = requests.get(f"{control}/accounts", timeout=60).json()["accounts"]
        place = f"{control}/chats/{accounts[0]['oa_id']}/ba-tam/say"
        for said in ("chào", WORDS):
            sent = requests.post(
                place, json={"text": said}, headers=headers, timeout=60
            )
            assert sent.ok
        webhook = f"{demo.address}/zalo/webhook"
        requests.post(webhook, data=WORDS.encode(), timeout=60)
        requests.post(f"{control}/settle", json={}, headers=headers, timeout=60)
        shown = requests.get(f"{demo.address}/metrics", timeout=60)
        assert shown.status_code == 200
    logged = (tmp_path / "demo.log").read_text("utf-8")
    events = [json.loads(line) for line in logged.splitlines()]
    assert {"webhook_event", "event_done", "worker_started", "worker_stopped"} <= {
        line["event"] for line in events
    }
    assert [line for line in events if line.get("logger") == "_granian"]
    printed = "".join(capfd.readouterr())
    assert leaked(logged + printed) == []
    for line in printed.splitlines():
        json.loads(line)
