"""What gave up: an operator sees it, tries it again, or lays it to rest."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from bot.dead_letters import dead_letters, discard, find, retry
from bot.errors import OperatorError
from models import EventStatus, MessageStatus, OutboxMessage, WebhookEvent
from tests.chat import Chat, Town


@pytest.fixture
def dead_event(chat: Chat, town: Town) -> str:
    """A question that no handler could take."""
    broken = town.with_broken_handlers("ba-tam")
    broken.says("đăng ký khai sinh")
    for _ in range(4):
        broken.post_control("/clock", {"move_seconds": 60})
        broken.drain()
    town.worker.conversations = chat.conversations
    with town.database.reading() as session:
        [letter] = list(dead_letters(session))
    return letter.key


def test_a_dead_event_is_listed_with_what_was_asked(
    dead_event: str, town: Town
) -> None:
    with town.database.reading() as session:
        letter = find(session, dead_event.lower())
    assert letter.content["message"]["text"] == "đăng ký khai sinh"
    assert letter.attempts == 5
    assert letter.line().split("\t")[-1] == "RuntimeError"
    assert "khai sinh" not in letter.line()


def test_tried_again_it_is_answered(dead_event: str, chat: Chat, town: Town) -> None:
    with town.database.writing() as session:
        retry(session, dead_event, chat.conversations.clock.now())
    chat.drain()
    assert "1.001193" in chat.last_from_bot()["text"]
    with town.database.reading() as session:
        assert list(dead_letters(session)) == []


def test_discarded_it_keeps_no_words(dead_event: str, town: Town) -> None:
    with town.database.writing() as session:
        discard(session, dead_event)
    with town.database.reading() as session:
        row = session.get_one(WebhookEvent, int(dead_event[1:]))
        assert row.status == EventStatus.IGNORED
        assert "khai sinh" not in str(row.payload)
        with pytest.raises(OperatorError, match="no such dead letter"):
            find(session, dead_event)


def test_a_dead_message_leaves_after_all(chat: Chat, town: Town) -> None:
    chat.says("chào")
    with town.database.writing() as session:
        row = session.exec(
            select(OutboxMessage).order_by(col(OutboxMessage.id))
        ).first()
        assert row is not None
        row.status, row.reason = MessageStatus.DEAD, "outcome_unknown"
        session.add(row)
        key = f"M{row.id}"
    before = len(chat.bubbles())
    with town.database.writing() as session:
        retry(session, key, chat.conversations.clock.now())
    chat.drain()
    assert len(chat.bubbles()) == before + 1


@pytest.mark.parametrize("key", ["", "E", "X1", "E1x", "M999999", "-1"])
def test_a_wrong_key_is_said_in_one_line(town: Town, key: str) -> None:
    with town.database.reading() as session, pytest.raises(OperatorError) as said:
        find(session, key)
    assert "\n" not in str(said.value)
