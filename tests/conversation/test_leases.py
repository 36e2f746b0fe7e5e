"""Two workers and one person: never both at once, whatever the clock does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, select

from bot.conversation.events import PERSON_LEASE, Conversations
from models import EventStatus, WebhookEvent
from tests.chat import Chat, Town


def _arrive(chat: Chat, *texts: str) -> None:
    """Messages reach the database; nobody has handled them yet."""
    for text in texts:
        chat.post_control(f"/chats/{chat.oa_id}/{chat.person}/say", {"text": text})
    chat.post_control("/settle", {"seconds": 5})


def _events(town: Town) -> list[WebhookEvent]:
    with town.database.reading() as session:
        said = col(WebhookEvent.event_name) == "user_send_text"
        rows = select(WebhookEvent).where(said).order_by(col(WebhookEvent.id))
        return list(session.scalars(rows))


def _move_clock(chat: Chat, by: timedelta) -> None:
    chat.post_control("/clock", {"move_seconds": by.total_seconds()})


def test_a_worker_that_was_too_slow_writes_nothing_and_counts_no_failure(
    chat: Chat, town: Town
) -> None:
    slow: Conversations = town.worker.conversations
    fast = replace(slow)
    _arrive(chat, "đăng ký khai sinh")
    lost = slow._lease_person()
    assert lost is not None
    assert fast._lease_person() is None
    _move_clock(chat, PERSON_LEASE + timedelta(seconds=1))
    taken = fast._lease_person()
    assert taken is not None
    assert slow._handle_next(lost) is None
    assert [(row.status, row.attempts) for row in _events(town)][-1] == (
        EventStatus.WAITING,
        0,
    )
    assert fast._handle_next(taken) is not None
    assert _events(town)[-1].status == EventStatus.DONE


def test_the_lease_is_renewed_with_every_event(chat: Chat, town: Town) -> None:
    worker: Conversations = town.worker.conversations
    _arrive(chat, "đăng ký khai sinh", "lệ phí", "giấy tờ")
    lease = worker._lease_person()
    for _ in range(3):
        assert lease is not None
        _move_clock(chat, PERSON_LEASE - timedelta(seconds=5))
        assert replace(worker)._lease_person() is None, "somebody else got him"
        lease = worker._handle_next(lease)
    assert lease is not None
    assert worker._handle_next(lease) is None  # nothing left: the person is free
    assert {row.status for row in _events(town)} == {EventStatus.DONE}
