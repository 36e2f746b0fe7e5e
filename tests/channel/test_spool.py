"""Events while the database is away: on disk, in order, once."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

import app
from bot.channel.bell import PipeBell
from bot.channel.inbound import parse_event
from bot.channel.intake import Arrival, Outcome, arrival_of
from bot.channel.reception import NotTakenError, Reception
from bot.channel.signature import sign
from bot.channel.spool import Spool
from bot.db import Database
from bot.settings import Settings
from models import Account, WebhookEvent

SAMPLE = Path(__file__).parents[1] / "zalo_samples" / "user_send_text.json"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def arrival(
    number: int, person: str = "7263549817263549810", said: str = "chào"
) -> Arrival:
    body = json.loads(SAMPLE.read_text(encoding="utf-8"))
    body["sender"]["id"] = person
    body["message"] = {"text": f"{said} {number}", "msg_id": f"m-{number}"}
    now = NOW + timedelta(milliseconds=number)
    return arrival_of(parse_event(body, now), body, "0" * 64, now)


@pytest.fixture
def impatient(database: Database) -> Database:
    """The same database, as the web role opens it."""
    with database.writing() as session:
        session.add(Account(oa_id=arrival(0).oa_id or "", created_at=NOW))
    return Database(str(database.url), patience=0.2)


@pytest.fixture
def reception(impatient: Database, tmp_path: Path) -> Reception:
    return Reception(impatient, Spool(tmp_path), PipeBell(tmp_path))


def stored(database: Database) -> list[str]:
    with database.reading() as session:
        rows = session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id)))
        return [row.payload["message"]["msg_id"] for row in rows]


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


class Locked:
    """Another program holds the database's write lock."""

    def __init__(self, database: Database) -> None:
        self._engine = create_engine(database.url, isolation_level=None)

    def __enter__(self) -> None:
        self._connection = self._engine.connect()
        self._connection.exec_driver_sql("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.exec_driver_sql("ROLLBACK")
        self._engine.dispose()


def test_a_locked_database_delays_no_webhook_and_loses_nothing(
    reception: Reception, impatient: Database, tmp_path: Path
) -> None:
    me, refusals = threading.current_thread(), 0

    def count(_: object) -> None:
        nonlocal refusals
        refusals += threading.current_thread() is me  # the replay tries now and then

    event.listen(impatient.engine, "handle_error", count)
    with Locked(impatient):
        outcomes = [reception.take(arrival(number)).outcome for number in range(40)]
        assert refusals == 1  # Zalo is not patient enough for a second
        assert set(outcomes) == {Outcome.SPOOLED}
        assert stored(impatient) == []
    wait_until(lambda: not Spool(tmp_path).is_waiting())
    assert stored(impatient) == [f"m-{number}" for number in range(40)]


def test_what_comes_during_the_replay_queues_behind(
    reception: Reception, impatient: Database, tmp_path: Path
) -> None:
    with Locked(impatient):
        reception.take(arrival(0))
    assert reception.take(arrival(1)).outcome is Outcome.SPOOLED
    wait_until(lambda: not Spool(tmp_path).is_waiting())
    assert reception.take(arrival(2)).outcome is Outcome.STORED
    assert stored(impatient) == ["m-0", "m-1", "m-2"]


def test_a_restart_stores_what_the_last_process_left(
    impatient: Database, tmp_path: Path
) -> None:
    before = Spool(tmp_path)
    for number in range(3):
        before.append(arrival(number))
    Reception(impatient, Spool(tmp_path), PipeBell(tmp_path))
    wait_until(lambda: len(stored(impatient)) == 3)
    assert stored(impatient) == ["m-0", "m-1", "m-2"]


def test_replaying_again_after_a_crash_changes_nothing(
    impatient: Database, tmp_path: Path
) -> None:
    spool = Spool(tmp_path)
    reception = Reception(impatient, spool, PipeBell(tmp_path))
    for number in range(3):
        spool.append(arrival(number))
    saved = (tmp_path / "spool" / "events.jsonl").read_bytes()
    spool.replay(reception._store_again)
    (tmp_path / "spool" / "replaying.jsonl").write_bytes(saved)  # as if never forgotten
    assert spool.replay(reception._store_again) == 3
    assert stored(impatient) == ["m-0", "m-1", "m-2"]


def test_a_line_cut_short_by_a_crash_is_left_out_and_the_others_stay(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path)
    spool.append(arrival(0))
    with (tmp_path / "spool" / "events.jsonl").open("ab") as file:
        file.write(b'{"event_key": "half')
    taken: list[Arrival] = []
    assert spool.replay(taken.extend) == 1
    assert taken == [arrival(0)]


def test_a_line_the_database_refuses_is_set_aside_and_delays_nobody(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path)
    for number in range(5):
        spool.append(arrival(number))
    taken: list[Arrival] = []

    def store(arrivals: Sequence[Arrival]) -> None:
        if any(one.event_key == arrival(2).event_key for one in arrivals):
            raise ValueError("IntegrityError")
        taken.extend(arrivals)

    spool.replay(store)
    assert taken == [arrival(number) for number in (0, 1, 3, 4)]
    assert spool.refused() == 1
    assert not spool.is_waiting()


def test_a_database_that_goes_away_again_keeps_the_rest_waiting(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(arrival(0))

    def store(_: Sequence[Arrival]) -> None:
        raise OperationalError("", None, Exception())

    with pytest.raises(OperationalError):
        spool.replay(store)
    assert spool.waiting() == 1


def test_the_file_is_masked_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    Spool(tmp_path).append(arrival(0, said="số của tôi 038090001234"))
    file = tmp_path / "spool" / "events.jsonl"
    assert "038090001234" not in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_full_disk_takes_nothing_and_promises_nothing(
    impatient: Database, tmp_path: Path
) -> None:
    spool = Spool(tmp_path)
    reception = Reception(impatient, spool, PipeBell(tmp_path))
    spool.append(arrival(0))
    reception.close()
    before = (tmp_path / "spool" / "events.jsonl").read_bytes()
    limited = f"""
import resource, signal, sys
from pathlib import Path
sys.path[:0] = {[str(Path(__file__).parents[2]), str(Path(__file__).parent)]!r}
from test_spool import arrival
from bot.channel.spool import Spool
spool = Spool(Path({str(tmp_path)!r}))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 20}, {len(before) + 20}))
try:
    spool.append(arrival(1))
except OSError:
    print("refused")
"""
    run = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == "refused", run.stderr
    assert (tmp_path / "spool" / "events.jsonl").read_bytes() == before


def test_without_a_disk_the_event_is_not_taken(
    reception: Reception, impatient: Database, tmp_path: Path
) -> None:
    for file in (tmp_path / "spool").iterdir():
        file.unlink()
    (tmp_path / "spool").rmdir()
    with Locked(impatient), pytest.raises(NotTakenError):
        reception.take(arrival(0))


def test_a_web_role_that_starts_without_its_database_takes_events(
    settings: Settings, tmp_path: Path
) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:9/nothing"
    front = app.create_app(settings.model_copy(update={"database_url": away}))
    raw = SAMPLE.read_bytes()
    mac = sign(
        settings.zalo_app_id or "", raw, json.loads(raw)["timestamp"],
        settings.secret("zalo_oa_secret_key"),
    )  # fmt: skip
    headers = {"X-ZEvent-Signature": f"mac={mac}"}
    answer = front.test_client().post("/zalo/webhook", data=raw, headers=headers)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "spooled")
    assert Spool(tmp_path).waiting() == 1
    front.extensions["reception"].close()
    front.extensions["database"].close()


def test_two_processes_never_replay_at_once(tmp_path: Path) -> None:
    spool, other = Spool(tmp_path), Spool(tmp_path)
    spool.append(arrival(0))
    seen: list[int] = []

    def store(arrivals: Sequence[Arrival]) -> None:
        seen.append(other.replay(lambda _: pytest.fail("both replay")))

    assert spool.replay(store) == 1
    assert seen == [0]
    assert os.listdir(tmp_path / "spool")  # the lock files stay
