"""``/readyz``: what it looks at, and how it says it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlmodel import select

import app
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.durations import spoken
from bot.settings import Settings
from models import Account, EventStatus, WebhookEvent, WorkerBeat
from tests.channel.test_spool import arrival
from tests.chat import Town


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(milliseconds=400), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=3, seconds=20), "3 min 20 s"),
        (timedelta(hours=5), "5 h"),
        (timedelta(hours=23, minutes=59, seconds=59), "23 h 59 min"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=1, seconds=5), "1 d"),
        (timedelta(days=2, hours=3, minutes=30), "2 d 3 h"),
        (timedelta(days=400), "400 d"),
        (-timedelta(days=1, hours=2), "1 d 2 h"),
    ],
)
def test_durations_are_right_beyond_a_day(duration: timedelta, words: str) -> None:
    assert spoken(duration) == words


@pytest.fixture
def web(settings: Settings, database: Database, clock: Clock) -> Iterator[FlaskClient]:
    now = clock.now()
    with database.writing() as session:
        session.add(Account(oa_id="1", created_at=now, refresh_token_sealed="x"))
        session.add(WorkerBeat(worker="w", started_at=now, beat_at=now, ticked_at=now))
    made = app.create_app(settings)
    yield made.test_client()
    made.extensions["database"].close()


def ready(web: FlaskClient) -> tuple[int, dict[str, Any]]:
    answer = web.get("/readyz")
    return answer.status_code, answer.get_json()


def not_ok(found: dict[str, Any]) -> list[str]:
    return [
        name for name, check in found.items() if name != "ready" and not check["ok"]
    ]


def test_a_healthy_installation_is_ready(web: FlaskClient) -> None:
    status, found = ready(web)
    assert status == 200
    assert found["ready"] is True
    assert set(found) == {
        "ready", "database", "spool", "worker", "scheduler", "events", "tokens",
        "alarms",
    }  # fmt: skip


def test_a_clock_that_stands_still_behind_a_living_worker_is_seen(
    web: FlaskClient, database: Database
) -> None:
    with database.writing() as session:
        for beat in session.exec(select(WorkerBeat)):
            assert beat.ticked_at
            beat.ticked_at -= timedelta(days=1, hours=2)
    status, found = ready(web)
    assert status == 503
    assert not_ok(found) == ["scheduler"]
    assert found["scheduler"]["detail"] == "last tick 1 d 2 h ago"


def test_an_event_that_waits_and_a_spool_that_waits_are_seen(
    web: FlaskClient, database: Database, clock: Clock, tmp_path: Path
) -> None:
    waits_since = clock.now() - timedelta(minutes=5)
    with database.writing() as session:
        for number, state in enumerate(EventStatus):
            session.add(
                WebhookEvent(
                    event_key=f"k{number}",
                    oa_id="1",
                    event_name="user_send_text",
                    body_sha256="x",
                    occurred_at=waits_since,
                    received_at=waits_since - timedelta(days=number),
                    due_at=waits_since,
                    status=state,
                )
            )
    Spool(tmp_path).append(arrival(0))
    status, found = ready(web)
    assert status == 503
    assert not_ok(found) == ["events", "spool"]
    assert found["events"]["detail"] == "oldest waits for 5 min"


def test_the_beat_tells_when_the_clock_came_through_its_jobs(town: Town) -> None:
    worker, stop = town.worker, threading.Event()
    ticked = threading.Event()
    begin = worker.begin_jobs

    def tick_and_say() -> object:
        ticked.set()
        return begin()

    worker.begin_jobs = tick_and_say
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    assert ticked.wait(30)
    stop.set()
    running.join()
    with town.database.reading() as session:
        [beat] = session.exec(select(WorkerBeat))
    assert beat.ticked_at is not None
