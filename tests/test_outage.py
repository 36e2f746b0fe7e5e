"""Half an hour without database, while five thousand people's messages come in."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlmodel import col, select

import app
from bench.load import event_bytes, mac_of
from bench.stage import OA, settings_for, user_id
from bot.catalogue.catalogue import Catalogue
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.settings import Settings
from building.parts import conversations_of
from models import Account, Contact, EventStatus, OutboxMessage, WebhookEvent
from tests.channel.test_spool import wait_until

EVENTS, PEOPLE, CALLERS = 5_000, 50, 4
ROUNDS = EVENTS // PEOPLE
OUTAGE = timedelta(minutes=30)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def ours(filled: Database, clock: Clock) -> Database:
    with filled.writing() as session:
        session.add(Account(oa_id=OA, name="UBND", created_at=clock.now()))
    return filled


@pytest.fixture
def given(ours: Database, tmp_path: Path) -> Settings:
    return settings_for(tmp_path, str(ours.url), "http://127.0.0.1:9", 8000)


@pytest.fixture
def front(given: Settings, clock: Clock) -> Iterator[Flask]:
    made = app.create_app(given, clock)
    yield made
    made.extensions["reception"].close()
    made.extensions["database"].close()


def rename(database: Database, old: str, new: str) -> None:
    with database.writing() as session:
        session.connection().execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def post_round(front: Flask, number: int, statuses: Counter[int]) -> None:
    """One message of each person, by a few callers at once."""

    def call(people: Sequence[int]) -> None:
        client = front.test_client()
        for person in people:
            body = event_bytes(person, f"{number:03}-{person}", "menu")
            headers = {"X-ZEvent-Signature": f"mac={mac_of(body)}"}
            answer = client.post("/zalo/webhook", data=body, headers=headers)
            statuses[answer.status_code] += 1

    callers = [
        threading.Thread(target=call, args=[range(share, PEOPLE, CALLERS)])
        for share in range(CALLERS)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


def test_half_an_hour_without_database_answers_all_and_loses_nothing(
    front: Flask,
    ours: Database,
    given: Settings,
    clock: Clock,
    catalogue: Catalogue,
    tmp_path: Path,
) -> None:
    statuses: Counter[int] = Counter()
    rename(ours, "webhook_event", "away")
    began = clock.now()
    for number in range(ROUNDS):
        clock.move(OUTAGE * number / (ROUNDS - 1))
        post_round(front, number, statuses)
    assert clock.now() - began >= OUTAGE
    assert statuses == {200: EVENTS}
    assert Spool(tmp_path).waiting() == EVENTS
    rename(ours, "away", "webhook_event")
    wait_until(lambda: not Spool(tmp_path).is_waiting())
    conversations = conversations_of(ours, clock, given, catalogue)
    while conversations.run_once():
        pass
    assert_all_answered_in_order(ours)


def assert_all_answered_in_order(database: Database) -> None:
    with database.reading() as session:
        events = session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id))).all()
        rows = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))).all()
        users = {one.id: one.user_id for one in session.exec(select(Contact))}
    assert Counter(event.status for event in events) == {EventStatus.DONE: EVENTS}
    asked: dict[int | None, list[str]] = defaultdict(list)
    for event in events:
        asked[event.contact_id].append(event.payload["message"]["msg_id"])
    assert {users[contact] for contact in asked} == set(map(user_id, range(PEOPLE)))
    for contact, said in asked.items():
        person = int(users[contact][-5:])
        assert said == [f"{number:03}-{person}" for number in range(ROUNDS)]
    answered: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        answered[row.contact_id].append(int(row.dedupe_key.split(":")[1]))
    for contact, keys in answered.items():
        mine = [event.id for event in events if event.contact_id == contact]
        assert list(dict.fromkeys(keys)) == mine
