"""The webhook from outside: signed bytes in, rows and a status out, never a 5xx."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import col, select

from bot.channel.bell import PipeBell
from bot.channel.reception import Reception
from bot.channel.signature import sign
from bot.channel.spool import Spool
from bot.channel.webhook import MAX_BODY_BYTES, create_webhook
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings, SettingsError
from models import Account, Contact, EventStatus, WebhookEvent

SAMPLES = Path(__file__).resolve().parent.parent / "zalo_samples"
INDEX = json.loads((SAMPLES / "index.json").read_text(encoding="utf-8"))["files"]
EVENT_FILES = sorted(name for name, about in INDEX.items() if about["kind"] == "event")
APP = "1928374650192837465"
OA = "4071625384950617283"
OA_SECRET = "oa-secret-of-the-tests"


class Hook:
    """The client's side: signs as Zalo does, and looks into the database."""

    def __init__(
        self, client: FlaskClient, database: Database, bell: PipeBell, spool: Path
    ) -> None:
        self.spool = spool
        self.client = client
        self.database = database
        self.bell = bell

    def send(self, raw: bytes, header: str | None) -> tuple[int, str]:
        headers = {} if header is None else {"X-ZEvent-Signature": header}
        answer = self.client.post("/zalo/webhook", data=raw, headers=headers)
        body = answer.get_json(silent=True) or {}
        return answer.status_code, body.get("status", "")

    def post(self, payload: Any) -> tuple[int, str]:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.send(raw, "mac=" + sign(APP, raw, timestamp_in(raw), OA_SECRET))

    def events(self) -> list[WebhookEvent]:
        with self.database.reading() as session:
            return list(
                session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id)))
            )

    def contacts(self) -> list[Contact]:
        with self.database.reading() as session:
            return list(session.exec(select(Contact).order_by(col(Contact.id))))

    def rang(self) -> bool:
        return self.bell.wait(0)

    def forget_events(self) -> None:
        with self.database.writing() as session:
            session.connection().execute(text("DELETE FROM webhook_event"))


def timestamp_in(raw: bytes) -> str:
    """What Zalo put into the body, as text."""
    try:
        value = json.loads(raw)["timestamp"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return str(value) if isinstance(value, int | str) else ""


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
    return found


def message(
    text: Any = "xin chào", msg_id: str = "m-1", **fields: Any
) -> dict[str, Any]:
    body = sample("user_send_text.json") | fields
    return body | {"message": {"text": text, "msg_id": msg_id}}


@pytest.fixture
def hook(
    settings: Settings, database: Database, clock: Clock, tmp_path: Path
) -> Iterator[Hook]:
    with database.writing() as session:
        session.add(Account(oa_id=OA, created_at=clock.now()))
    bell = PipeBell(tmp_path)
    bell.wait(0)  # a worker listens
    reception = Reception(database, Spool(tmp_path), bell)
    app = Flask("webhook-test")
    app.register_blueprint(create_webhook(settings, reception, clock))
    yield Hook(app.test_client(), database, bell, tmp_path / "spool")
    reception.close()
    bell.close()


# --- what is stored -----------------------------------------------------------------------


def test_a_message_is_stored_and_the_worker_is_woken(hook: Hook) -> None:
    raw = (SAMPLES / "user_send_text.json").read_bytes()
    assert hook.post(raw) == (200, "stored")
    [event] = hook.events()
    [contact] = hook.contacts()
    assert event.status == EventStatus.WAITING
    assert event.contact_id == contact.id
    assert event.payload["message"]["text"] == "Đường trước cổng trường bị ngập"
    assert event.body_sha256 == hashlib.sha256(raw).hexdigest()
    assert event.due_at == event.received_at
    assert contact.user_id == "7263549817263549810"
    assert contact.user_id_by_app == "5518273645091827364"
    assert contact.last_interaction_at == datetime(
        2026, 9, 21, 14, 13, 21, 137000, tzinfo=UTC
    )
    assert hook.rang()


@pytest.mark.parametrize("name", EVENT_FILES)
def test_every_sample_gets_200_and_the_second_time_nothing_happens(
    hook: Hook, name: str
) -> None:
    status, outcome = hook.post((SAMPLES / name).read_bytes())
    assert status == 200
    assert outcome in {"stored", "ignored", "unknown_account"}
    rows, people = hook.events(), hook.contacts()
    assert len(rows) == (outcome != "unknown_account")
    assert hook.rang() == (outcome == "stored")
    if outcome != "unknown_account":
        assert hook.post((SAMPLES / name).read_bytes()) == (200, "duplicate")
    assert (hook.events(), hook.contacts()) == (rows, people)
    assert not hook.rang()


def test_a_redelivery_printed_differently_is_still_a_duplicate(hook: Hook) -> None:
    assert hook.post(message()) == (200, "stored")
    assert hook.post(json.dumps(message(), indent=2).encode()) == (200, "duplicate")


def test_test_ping_of_the_console_creates_nothing(hook: Hook) -> None:
    raw = (SAMPLES / "console_test_ping.json").read_bytes()
    assert hook.post(raw) == (200, "unknown_account")
    assert (hook.events(), hook.contacts()) == ([], [])
    assert not hook.rang()


def test_unknown_event_is_kept_as_its_shape(hook: Hook) -> None:
    body = message("bí mật") | {"event_name": "user_send_hologram", "0912345678": [1]}
    assert hook.post(body) == (200, "ignored")
    [event] = hook.events()
    assert (event.status, event.reason) == ("ignored", "unknown")
    assert event.payload["shape"]["message"] == {"text": "str", "msg_id": "str"}
    assert event.payload["shape"]["?"] == ["int"]
    assert "bí mật" not in json.dumps(event.payload, ensure_ascii=False)
    assert "0912345678" not in json.dumps(event.payload)
    assert not hook.contacts()
    assert not hook.rang()


def test_a_message_of_nobody_is_ignored(hook: Hook) -> None:
    assert hook.post(message(sender={})) == (200, "ignored")
    assert hook.events()[0].reason == "no_person"


def test_id_numbers_never_reach_the_disk(hook: Hook, database: Database) -> None:
    assert hook.post(message("cccd 038090001234, mã otp 482913"))[0] == 200
    assert hook.post(message(38090001234 * 10, "m-2"))[0] == 200
    first, second = hook.events()
    assert first.payload["message"]["text"] == "cccd [***], mã otp [***]"
    assert first.payload["masked_kinds"] == ["id_number", "one_time_code"]
    assert second.payload["message"]["text"] == "[***]"
    file = Path(str(database.url.database))
    stored = file.read_bytes() + file.with_name(file.name + "-wal").read_bytes()
    assert b"038090001234" not in stored
    assert b"482913" not in stored
    assert b"380900012340" not in stored


def test_a_sender_cannot_pretend_that_something_was_masked(hook: Hook) -> None:
    hook.post(message(masked_kinds=["id_number"]))
    assert "masked_kinds" not in hook.events()[0].payload


@pytest.mark.parametrize(
    "odd",
    [
        "nửa cặp \ud83d",
        "rỗng \u0000",
        "\U0001f600" * 1000,
        10**400,
        -1,
        1e308,
        True,
        None,
        ["x"],
        {"a": "b"},
    ],
)
def test_odd_text_is_stored_in_a_storable_form(hook: Hook, odd: Any) -> None:
    assert hook.post(message(odd)) == (200, "stored")
    [event] = hook.events()
    stored = json.dumps(event.payload, ensure_ascii=False).encode()
    assert b"\x00" not in stored
    assert b"\\u0000" not in stored


# --- what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [None, "", "mac=", "mac=" + "0" * 64, "mac=\xe9\xff"]
)
def test_bad_signature_is_401(hook: Hook, header: str | None) -> None:
    raw = json.dumps(message()).encode()
    assert hook.send(raw, header) == (401, "bad_signature")
    assert not hook.events()


def test_signature_of_other_bytes_is_401(hook: Hook) -> None:
    raw = json.dumps(message()).encode()
    mac = sign(APP, raw, timestamp_in(raw), OA_SECRET)
    assert hook.send(raw + b" ", mac) == (401, "bad_signature")
    assert hook.send(raw, mac) == (200, "stored")


def test_header_without_prefix_is_accepted(hook: Hook) -> None:
    raw = json.dumps(message()).encode()
    assert hook.send(raw, sign(APP, raw, timestamp_in(raw), OA_SECRET))[0] == 200


def test_a_key_that_stands_twice_shows_one_value_to_all(hook: Hook) -> None:
    """The last timestamp is signed and stored; one signed with the first is refused."""
    inner = json.dumps(message()).encode()[1:]
    raw = b'{"timestamp": "1790000009999", ' + inner
    first = sign(APP, raw, "1790000009999", OA_SECRET)
    last = sign(APP, raw, "1790000001137", OA_SECRET)
    assert hook.send(raw, first) == (401, "bad_signature")
    assert hook.send(raw, last) == (200, "stored")
    assert hook.events()[0].payload["timestamp"] == "1790000001137"


def test_another_app_is_401_even_when_signed(hook: Hook) -> None:
    assert hook.post(message(app_id="1")) == (401, "foreign_app")
    body = message()
    del body["app_id"]
    assert hook.post(body) == (401, "foreign_app")
    assert hook.post(message(app_id=int(APP))) == (200, "stored")


@pytest.mark.parametrize("timestamp", [1790000001137, "1790000001137"])
def test_timestamp_may_be_number_or_text(hook: Hook, timestamp: int | str) -> None:
    assert hook.post(message(timestamp=timestamp)) == (200, "stored")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_json"),
        (b"xin chao", "not_json"),
        (b"{", "not_json"),
        (b"{}{}", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": 1e999}', "not_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        ("{}".encode("utf-16"), "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "not_json"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "too_deep"),
        (b"[]", "not_an_object"),
        (b"1", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"x"', "not_an_object"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_json_object_is_400(hook: Hook, raw: bytes, reason: str) -> None:
    assert hook.post(raw) == (400, reason)
    assert not hook.events()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"event_name": None}, "no_event_name"),
        ({"event_name": ["follow"]}, "no_event_name"),
        ({"timestamp": None}, "no_timestamp"),
        ({"timestamp": 1.5}, "no_timestamp"),
        ({"timestamp": ""}, "no_timestamp"),
    ],
)
def test_signed_but_no_event_is_400(
    hook: Hook, fields: dict[str, Any], reason: str
) -> None:
    assert hook.post(message(**fields)) == (400, reason)


def test_too_large_is_413_by_its_announced_length(hook: Hook) -> None:
    assert hook.send(b" " * (MAX_BODY_BYTES + 1), "x") == (413, "too_large")
    announced = hook.client.post(
        "/zalo/webhook",
        input_stream=BytesIO(),
        environ_overrides={"CONTENT_LENGTH": str(10**12)},
    )
    assert announced.status_code == 413


def test_too_large_is_413_while_reading(hook: Hook) -> None:
    answer = hook.client.post(
        "/zalo/webhook",
        input_stream=BytesIO(b" " * (MAX_BODY_BYTES + 1)),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code == 413


def test_a_body_cut_short_is_400(hook: Hook) -> None:
    answer = hook.client.post(
        "/zalo/webhook", input_stream=BytesIO(b"{"), headers={"Content-Length": "50"}
    )
    assert answer.status_code == 400


def test_the_largest_allowed_body_is_read(hook: Hook) -> None:
    body = json.dumps(message()).encode()
    assert hook.post(body + b" " * (MAX_BODY_BYTES - len(body))) == (200, "stored")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_are_405(hook: Hook, method: str) -> None:
    assert getattr(hook.client, method)("/zalo/webhook").status_code == 405


def test_any_content_type_is_read(hook: Hook) -> None:
    raw = json.dumps(message()).encode()
    headers = {"X-ZEvent-Signature": sign(APP, raw, timestamp_in(raw), OA_SECRET)}
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "x"):
        answer = hook.client.post(
            "/zalo/webhook", data=raw, headers=headers, content_type=kind
        )
        assert answer.status_code == 200, kind


# --- trouble on our side --------------------------------------------------------------------


def test_503_when_neither_database_nor_disk_will_have_it(hook: Hook) -> None:
    with hook.database.writing() as session:
        session.connection().execute(text("DROP TABLE webhook_event"))
    shutil.rmtree(hook.spool)
    hook.spool.touch()  # a file where the folder should be
    assert hook.post(message()) == (503, "not_stored")
    assert not hook.rang()


def test_nothing_people_wrote_is_logged_not_even_on_failure(hook: Hook) -> None:
    with structlog.testing.capture_logs() as lines:
        hook.post(message("bí mật 038090001234"))
        hook.send(json.dumps(message("bí mật")).encode(), "mac=0")
        with hook.database.writing() as session:
            session.connection().execute(text("DROP TABLE webhook_event"))
        hook.post(message("bí mật", "m-2"))
    assert [line["event"] for line in lines] == [
        "webhook_event",
        "webhook_refused",
        "event_not_stored",
        "webhook_event",
    ]
    written = repr(lines)
    assert "bí mật" not in written
    assert "038090001234" not in written


def test_a_mixed_up_secret_is_named_in_the_log_only(hook: Hook) -> None:
    raw = json.dumps(message()).encode()
    header = sign(APP, raw, timestamp_in(raw), "app-secret-of-the-tests")
    with structlog.testing.capture_logs() as lines:
        assert hook.send(raw, header) == (401, "bad_signature")
    assert lines[0]["hint"] == "app_secret"
    assert "secret-of" not in repr(lines)


@pytest.mark.parametrize("name", ["zalo_app_id", "zalo_oa_secret_key"])
def test_a_missing_secret_refuses_the_start(
    settings: Settings, database: Database, clock: Clock, tmp_path: Path, name: str
) -> None:
    incomplete = settings.model_copy(update={name: None})
    with pytest.raises(SettingsError, match=name.upper()):
        create_webhook(incomplete, _reception(database, tmp_path), clock)


def test_app_secret_is_not_needed(
    settings: Settings, database: Database, clock: Clock, tmp_path: Path
) -> None:
    lean = settings.model_copy(update={"zalo_app_secret": None})
    assert isinstance(lean.zalo_oa_secret_key, SecretStr)
    made = create_webhook(lean, _reception(database, tmp_path), clock)
    assert made.name == "zalo_webhook"


def _reception(database: Database, folder: Path) -> Reception:
    return Reception(database, Spool(folder), PipeBell(folder))


# --- domain verification ----------------------------------------------------------------------


def test_domain_verification_shows_the_code(hook: Hook) -> None:
    answer = hook.client.get("/zalo_verifierAbC_d-0123456789.html")
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    meta = 'property="zalo-platform-site-verification" content="AbC_d-0123456789"'
    assert meta in answer.text


@pytest.mark.parametrize(
    "code",
    ["short", "x" * 129, "%22onload%3D%22alert(1)", "a.b.c.d.e.f.g", "\u0661" * 12],
)
def test_odd_verification_codes_are_not_found(hook: Hook, code: str) -> None:
    assert hook.client.get(f"/zalo_verifier{code}.html").status_code == 404


# --- anything at all --------------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, 10**400, -(10**20), 2**63, 1e308, -0.0]),
    st.text(max_size=20),
    st.sampled_from(["\ud800", "\x00", "9" * 300, "1e5", OA, APP, "follow", [], {}]),
    st.lists(st.integers() | st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    keys: Any = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from holders(value[key])


@st.composite
def mutated_bodies(draw: st.DrawFn) -> bytes:
    body = deepcopy(sample(draw(st.sampled_from(EVENT_FILES))))
    for _ in range(draw(st.integers(1, 3))):
        places = list(holders(body))
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.integers(0, 3)):
            holder[key] = draw(ODD)
        else:
            del holder[key]
    raw = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.binary(max_size=3)) + raw[place:]
    return raw


@pytest.fixture
def fuzzed(hook: Hook) -> Callable[[bytes], tuple[int, str]]:
    def send(raw: bytes) -> tuple[int, str]:
        answer = hook.post(raw)
        assert len(hook.events()) == (answer[1] in ("stored", "ignored"))
        hook.forget_events()
        return answer

    return send


@hypothesis_settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(raw=mutated_bodies())
def test_no_signed_body_whatever_gets_a_5xx(
    fuzzed: Callable[[bytes], tuple[int, str]], raw: bytes
) -> None:
    status, _ = fuzzed(raw)
    assert status in (200, 400, 401, 413)
