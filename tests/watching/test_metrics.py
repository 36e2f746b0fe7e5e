"""What ``/metrics`` says, to whom, and how little it costs."""

from __future__ import annotations

import platform
import re
import shutil
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import event, insert, text
from sqlmodel import Session

import app
from bot import VERSION
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings, SettingsError, load_settings
from bot.watching.alarms import raise_alarm
from bot.watching.kinds import AlarmKind
from bot.watching.metrics.registry import Rows
from models import (
    Account,
    Contact,
    EventStatus,
    JobRun,
    Lane,
    MessageStatus,
    OutboxMessage,
    SendAttempt,
    UnansweredQuestion,
    WebhookEvent,
    WorkerBeat,
)
from scheduler import JOBS
from tests.channel.test_spool import arrival
from tests.chat import Town

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-the-office-1"
Samples = dict[tuple[str, ...], float]


@pytest.fixture
def web(settings: Settings, database: Database) -> Iterator[FlaskClient]:
    yield from _web(settings)


def _web(settings: Settings) -> Iterator[FlaskClient]:
    made = app.create_app(settings)
    yield made.test_client()
    made.extensions["reception"].close()
    made.extensions["database"].close()


def read(web: FlaskClient) -> Samples:
    """By name and the values of its labels, in the order of their names."""
    answer = web.get("/metrics")
    assert answer.status_code == 200
    return {
        (
            sample.name,
            *(sample.labels[name] for name in sorted(sample.labels)),
        ): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


# --- what is said -------------------------------------------------------------------------------


def test_an_empty_installation_has_all_families_with_help(web: FlaskClient) -> None:
    families = list(text_string_to_metric_families(web.get("/metrics").text))
    assert len(families) >= 40
    for family in families:
        assert family.name.startswith("bot_"), family.name
        assert family.documentation.strip(), family.name
    found = read(web)
    assert found["bot_database_up",] == 1
    assert found["bot_build_info", "sqlite", platform.python_version(), VERSION] == 1
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["version"] == VERSION


def test_rows_are_counted_as_they_are(
    web: FlaskClient, database: Database, clock: Clock
) -> None:
    now = clock.now()
    with database.writing() as session:
        fill_a_little(session, now)
    found = read(web)
    assert found["bot_events_waiting",] == 1
    assert 299 < found["bot_event_oldest_waiting_seconds",] < 310
    assert found["bot_events_last_hour", "done"] == 2
    assert found["bot_events_last_hour", "waiting"] == 1
    assert found["bot_events_from_history_last_hour",] == 1
    assert found["bot_event_handling_seconds", "1.0"] == 4
    assert found["bot_dead_letters", "event"] == 1
    assert found["bot_dead_letters", "message"] == 1
    assert found["bot_outbox_unsent", "campaign", "waiting"] == 1
    assert found["bot_outbox_unsent", "reply", "dead"] == 1
    assert 59 < found["bot_outbox_oldest_due_seconds", "campaign"] < 70
    assert found["bot_outbox_oldest_due_seconds", "reply"] == 0
    assert found["bot_outbox_last_hour", "reply", "sent"] == 1
    assert found["bot_reconciled_last_hour", "confirmed_by_history"] == 1
    assert found["bot_reconciled_last_hour", "confirmed_by_echo"] == 0
    assert found["bot_zalo_answers_last_hour", "-230", "park"] == 1
    assert found["bot_zalo_answers_last_hour", "none", "unknown"] == 1
    assert found["bot_send_seconds", "1.0"] == 0.25
    assert 3599 < found["bot_token_age_seconds", "5"] < 3610
    assert 86_390 < found["bot_token_expires_seconds", "5"] <= 86_400
    assert found["bot_refresh_token_expires_seconds", "5"] > 86_400 * 80
    assert found["bot_token_problem", "5"] == 0
    assert found["bot_account_paused", "5"] == 1
    assert found["bot_alarms_open", "silence"] == 1
    assert found["bot_alarms_open", "token_dead"] == 0
    assert found["bot_job_last_run_failed", "housekeeping.prune"] == 1
    assert found["bot_job_failures_last_day", "housekeeping.prune"] == 1
    assert 9.9 < found["bot_job_last_run_seconds", "housekeeping.prune"] < 10.1
    assert 3599 < found["bot_job_last_run_age_seconds", "housekeeping.prune"] < 3610
    assert found["bot_workers_alive",] == 1
    assert found["bot_worker_beat_age_seconds",] < 10
    assert 19 < found["bot_scheduler_tick_age_seconds",] < 30
    assert found["bot_questions_unanswered",] == 1
    assert found["bot_contacts",] == 1
    assert found["bot_database_bytes",] > 100_000
    assert found["bot_disk_free_bytes",] > 0


def test_the_spool_is_counted_from_disk(web: FlaskClient, tmp_path: Path) -> None:
    assert read(web)["bot_spool_lines", "waiting"] == 0
    Spool(tmp_path).append(arrival(0))
    found = read(web)
    assert found["bot_spool_lines", "waiting"] == 1
    assert found["bot_spool_bytes",] > 100


def test_answers_and_events_of_this_process_are_counted(town: Town) -> None:
    chat = town.chat_of("ba-tam")
    chat.says("khai sinh")
    web = town.front.test_client()
    assert web.post("/zalo/webhook", data=b"{").status_code == 400
    assert web.get("/wp-admin/0901234567").status_code == 404
    found = read(web)
    assert found["bot_http_answers_total", "400", "/zalo/webhook"] == 1
    assert found["bot_http_answers_total", "404", "none"] == 1
    accepted = found["bot_http_answers_total", "200", "/zalo/webhook"]
    assert accepted == found["bot_webhook_events_total", "stored"] >= 3
    assert found["bot_webhook_ack_seconds_count",] == accepted + 1
    assert found["bot_webhook_events_total", "spooled"] == 0
    assert found["bot_event_handling_seconds", "0.5"] < 5
    assert found["bot_zalo_answers_last_hour", "0", "ok"] >= 1
    assert found["bot_catalogue_version",] >= 1


def test_a_database_that_is_away_is_said_not_thrown(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    for web in _web(settings):
        (tmp_path / "bot.db").rename(tmp_path / "away.db")
        (tmp_path / "bot.db").write_bytes(b"not a database" * 100)
        web.application.extensions["database"].close()
        found = read(web)
        assert found["bot_database_up",] == 0
        assert ("bot_events_waiting",) not in found
        assert found["bot_spool_lines", "waiting"] == 0


def test_no_label_holds_anything_of_a_person(town: Town) -> None:
    chat = town.chat_of("ba-tam")
    for said in ("tôi là Nguyễn Thị Tám 0901234567", "căn cước 038090001234"):
        chat.says(said)
    shown = town.front.test_client().get("/metrics").text
    with town.database.reading() as session:
        person = session.exec(text("SELECT user_id FROM contact")).scalars()  # type: ignore[call-overload]
        secrets = [*person, "0901234567", "038090001234", "Nguyễn", "Tám"]
    assert len(secrets) > 4
    assert [secret for secret in secrets if secret in shown] == []
    labels = set(re.findall(r'(\w+)="', shown))
    assert labels <= {
        "oa_id", "kind", "status", "lane", "code", "outcome", "job", "state", "route",
        "quantile", "le", "by", "version", "python", "database",
    }  # fmt: skip


# --- to whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 200),
        ("::ffff:192.168.1.9", {}, 200),
        ("203.113.131.1", {}, 404),
        ("::ffff:203.113.131.1", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "203.113.131.1"}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"X-Real-IP": "203.113.131.1"}, 404),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
    ],
)
def test_only_near_machines_may_read_without_a_token(
    web: FlaskClient, address: str, headers: dict[str, str], status: int
) -> None:
    answer = web.get(
        "/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (TOKEN, 404),
        (f"Bearer {TOKEN}x", 404),
        ("Bearer ", 404),
        ("Bearer ơ", 404),
        (None, 404),
    ],
)
def test_with_a_token_only_who_shows_it_may_read(
    settings: Settings, database: Database, header: str | None, status: int
) -> None:
    guarded = settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    headers = {"Authorization": header.encode().decode("latin-1")} if header else {}
    for web in _web(guarded):
        far = {"REMOTE_ADDR": "203.113.131.1"}
        answer = web.get("/metrics", headers=headers, environ_overrides=far)
        assert answer.status_code == status
        near = web.get("/metrics", headers=headers)
        assert near.status_code == status


def test_a_short_token_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="METRICS_TOKEN"):
        load_settings(metrics_token="short")


# --- at what cost -----------------------------------------------------------------------------


MANY = 20_000
BIG = ("webhook_event", "outbox_message", "send_attempt", "job_run")


@pytest.fixture(scope="module")
def big_file(empty_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many rows in each of the tables that grow."""
    file = tmp_path_factory.mktemp("big") / "big.db"
    shutil.copy(empty_file, file)
    database = Database(f"sqlite:///{file}")
    with database.writing() as session:
        fill_much(session, Clock().now())
    database.close()
    return file


def queries(database: Database) -> list[tuple[str, Any]]:
    """All that one scrape asks the database."""
    asked: list[tuple[str, Any]] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    list(Rows(database, Clock(), [job.name for job in JOBS]).collect())
    event.remove(database.engine, "before_cursor_execute", note)
    return [(sql, values) for sql, values in asked if sql.startswith("SELECT")]


@pytest.mark.parametrize("has_statistics", [False, True])
def test_no_query_reads_a_whole_table_of_sqlite(
    big_file: Path, has_statistics: bool
) -> None:
    database = Database(f"sqlite:///{big_file}")
    if has_statistics:
        with database.writing() as session:
            session.execute(text("ANALYZE"))
    asked = queries(database)
    assert len(asked) >= 15
    plans = []
    with database.reading() as session:
        for sql, values in asked:
            cursor = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {sql}", values
            )
            plans += [(str(row[-1]), sql) for row in cursor]
    database.close()
    assert any("ix_outbox_message_unsent" in plan for plan, _ in plans)
    assert [found for found in plans if _reads_all(found[0])] == []


def _reads_all(plan: str) -> bool:
    """A partial index holds only what is open: going through one is what it is for."""
    if not plan.startswith("SCAN") or not any(f"SCAN {table}" in plan for table in BIG):
        return False
    return not re.search(r"INDEX ix_\w+_(unsent|waiting|dead|failed)\b", plan)


def test_no_query_reads_a_whole_table_of_postgresql(server_url: str) -> None:
    database = Database(server_url)
    with database.writing() as session:
        fill_much(session, Clock().now())
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    found = []
    asked = queries(database)
    said = {family.name for family in Rows(database, Clock(), ["a"]).collect()}
    with database.reading() as session:
        for sql, values in asked:
            plan = session.connection().exec_driver_sql(f"EXPLAIN {sql}", values)
            text_of = "\n".join(row[0] for row in plan)
            found += [
                (table, sql) for table in BIG if f"Seq Scan on {table}" in text_of
            ]
    database.close()
    assert {"bot_events_waiting", "bot_database_bytes", "bot_contacts"} <= said
    assert len(asked) >= 15
    assert found == []


# --- rows --------------------------------------------------------------------------------------


def fill_a_little(session: Session, now: datetime) -> None:
    ago = timedelta
    session.add(
        Account(
            oa_id="5", created_at=now, refreshed_at=now - ago(hours=1),
            access_expires_at=now + ago(days=1), refresh_expires_at=now + ago(days=89),
            paused_until=now + ago(minutes=5),
        )
    )  # fmt: skip
    session.add(Contact(id=1, oa_id="5", user_id="77", created_at=now))
    session.flush()
    events = (
        (EventStatus.WAITING, ago(minutes=5), None, "x"),
        (EventStatus.DONE, ago(minutes=5), ago(seconds=4), "x"),
        (EventStatus.DONE, ago(minutes=5), ago(seconds=2), ""),
        (EventStatus.DEAD, ago(days=3), None, "x"),
    )
    for number, (status, age, took, digest) in enumerate(events):
        at = now - age
        session.add(
            WebhookEvent(
                event_key=f"k{number}", oa_id="5", contact_id=1,
                event_name="user_send_text", body_sha256=digest, occurred_at=at,
                received_at=at, due_at=at, status=status,
                processed_at=at + took if took else None,
            )
        )  # fmt: skip
    messages = (
        (Lane.CAMPAIGN, MessageStatus.WAITING, ago(minutes=1), None),
        (Lane.REPLY, MessageStatus.DEAD, ago(days=9), None),
        (Lane.REPLY, MessageStatus.SENT, ago(minutes=2), "confirmed_by_history"),
        (Lane.REPLY, MessageStatus.SEEN, ago(days=9), None),
    )
    for number, (lane, state, age, reason) in enumerate(messages):
        session.add(
            OutboxMessage(
                id=number + 1, dedupe_key=f"d{number}", oa_id="5", contact_id=1,
                lane=lane, status=state, due_at=now - age, created_at=now - age,
                reason=reason,
            )
        )  # fmt: skip
    session.flush()
    for code, outcome in ((-230, "park"), (None, "unknown"), (None, "started")):
        session.add(
            SendAttempt(
                message_id=3, started_at=now - ago(minutes=2), endpoint="/x",
                duration_ms=0 if outcome == "started" else 250,
                zalo_code=code, outcome=outcome,
            )
        )  # fmt: skip
    for resolved_at in (None, now):
        session.add(
            UnansweredQuestion(
                oa_id="5", text="?", outcome="not_found", asked_at=now,
                resolved_at=resolved_at,
            )
        )  # fmt: skip
    began_at = now - ago(hours=1)
    session.add(
        JobRun(
            job="housekeeping.prune", period="2026-11-24", started_at=began_at,
            finished_at=began_at + ago(seconds=10), error="RuntimeError",
        )
    )  # fmt: skip
    session.add(
        WorkerBeat(
            worker="a", started_at=now, beat_at=now, ticked_at=now - ago(seconds=20)
        )
    )
    session.add(WorkerBeat(worker="b", started_at=now, beat_at=now - ago(days=1)))
    raise_alarm(session, AlarmKind.SILENCE, "5", {}, now)


def fill_much(session: Session, now: datetime) -> None:
    """Nearly all of it over and old, as after a year."""
    session.add(Account(oa_id="5", created_at=now))
    session.add(Contact(id=1, oa_id="5", user_id="77", created_at=now))
    session.flush()
    ages = [number * timedelta(minutes=5) for number in range(MANY)]
    session.execute(
        insert(WebhookEvent),
        [
            {
                "event_key": f"k{n}", "oa_id": "5", "contact_id": 1, "attempts": 1,
                "event_name": "user_send_text", "payload": {}, "body_sha256": "x",
                "occurred_at": now - age, "received_at": now - age, "due_at": now - age,
                "status": "waiting" if n % 1_000 == 0 else "done",
            }
            for n, age in enumerate(ages)
        ],
    )  # fmt: skip
    session.execute(
        insert(OutboxMessage),
        [
            {
                "id": n + 1, "dedupe_key": f"d{n}", "oa_id": "5", "contact_id": 1,
                "lane": "reply", "lane_rank": 0, "content": {}, "attempts": 1,
                "due_at": now - age, "created_at": now - age, "paid_vnd": 0,
                "status": "parked" if n % 1_000 == 0 else "seen",
            }
            for n, age in enumerate(ages)
        ],
    )  # fmt: skip
    session.execute(
        insert(SendAttempt),
        [
            {
                "message_id": n + 1, "started_at": now - age, "duration_ms": 90,
                "endpoint": "/x", "zalo_code": 0, "outcome": "ok",
            }
            for n, age in enumerate(ages)
        ],
    )  # fmt: skip
    session.execute(
        insert(JobRun),
        [
            {
                "job": JOBS[n % len(JOBS)].name, "period": f"2026-{n:06}",
                "started_at": now - age, "result": {},
            }
            for n, age in enumerate(ages)
        ],
    )  # fmt: skip
