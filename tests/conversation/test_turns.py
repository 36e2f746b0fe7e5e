"""Two workers and one person: never both at once, always in order, nobody forgotten."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session, col, select

from bot.conversation import waiting
from bot.conversation.events import Conversations
from models import Contact, EventStatus, OutboxMessage, WebhookEvent
from tests.chat import Chat, Town

QUESTIONS = ("đăng ký khai sinh", "lệ phí", "giấy tờ", "thời gian", "đăng ký tạm trú")


def arrive(chat: Chat, *texts: str) -> None:
    """Messages reach the database; nobody has handled them yet."""
    for text in texts:
        chat.post_control(f"/chats/{chat.oa_id}/{chat.person}/say", {"text": text})
    chat.post_control("/settle", {"seconds": 5})


def said(town: Town) -> list[WebhookEvent]:
    with town.database.reading() as session:
        texts = col(WebhookEvent.event_name) == "user_send_text"
        rows = select(WebhookEvent).where(texts).order_by(col(WebhookEvent.id))
        return list(session.scalars(rows))


def answered(session: Session) -> list[str]:
    """The events that have answers, in the order in which these were added."""
    rows = session.scalars(select(OutboxMessage).order_by(col(OutboxMessage.id)))
    return list(dict.fromkeys(row.dedupe_key.rpartition(":")[0] for row in rows))


def test_two_workers_that_saw_the_same_events_do_each_of_them_once(
    chat: Chat, town: Town
) -> None:
    arrive(chat, *QUESTIONS)
    arrive(town.chat_of("chi-lan"), *QUESTIONS)
    one: Conversations = town.worker.conversations
    other = replace(one)
    one._look_up()
    other._look_up()
    assert list(one.heads) == list(other.heads) != []
    while one.run_once() or other.run_once():
        pass
    rows = said(town)
    assert {(row.status, row.attempts) for row in rows} == {(EventStatus.DONE, 0)}
    with town.database.reading() as session:
        keys = answered(session)
    assert sorted(keys) == sorted(f"event:{row.id}" for row in rows)


def test_one_persons_events_are_answered_in_order_whoever_does_them(
    chat: Chat, town: Town
) -> None:
    arrive(chat, *QUESTIONS)
    workers = [replace(town.worker.conversations) for _ in range(3)]
    while any([worker.run_once() for worker in workers]):  # noqa: C419  all of them
        pass
    with town.database.reading() as session:
        keys = answered(session)
    assert keys == [f"event:{row.id}" for row in said(town)]


def test_a_worker_that_dies_in_the_middle_holds_nobody_up(
    chat: Chat, town: Town
) -> None:
    arrive(chat, "đăng ký khai sinh")
    [row] = said(town)
    now = town.worker.conversations.clock.now()
    with Session(town.database.engine) as dying:
        claimed = waiting.claim(dying, row.id or 0, now)
        assert claimed is not None
        claimed.contact.greeted_at = now
        dying.flush()
    chat.drain()
    assert said(town)[0].status == EventStatus.DONE
    assert "Xin chào" in chat.bubbles()[1]["text"], "what the dead one wrote has stayed"


def test_an_event_that_is_tried_again_holds_up_its_own_person_only(
    chat: Chat, town: Town
) -> None:
    broken = town.with_broken_handlers("ba-tam")
    arrive(broken, *QUESTIONS[:2])
    broken.drain()
    first, second = said(town)
    assert (first.attempts, second.attempts) == (1, 0)
    assert second.status == EventStatus.WAITING


def test_what_is_written_after_an_erasure_is_answered(chat: Chat, town: Town) -> None:
    arrive(chat, "menu")
    chat.drain()
    arrive(chat, "xóa dữ liệu", "đăng ký khai sinh")
    chat.drain()
    *erased, kept = said(town)
    assert [row.payload for row in erased] == [{}, {}]
    assert kept.payload["message"]["text"] == "đăng ký khai sinh"
    assert {row.status for row in said(town)} == {EventStatus.DONE}
    assert "1.001193" in chat.last_from_bot()["text"]


def test_many_waiting_people_are_looked_up_at_once(chat: Chat, town: Town) -> None:
    arrive(chat, "đăng ký khai sinh")
    with town.database.writing() as session:
        one = session.scalars(select(WebhookEvent)).one()
        for number in range(2 * waiting.LOOKED_UP_AT_ONCE):
            person = Contact(
                oa_id=chat.oa_id, user_id=f"many-{number}", created_at=one.due_at
            )
            session.add(person)
            session.flush()
            session.add(
                WebhookEvent(
                    contact_id=person.id, event_key=f"many-{number}", oa_id=one.oa_id,
                    event_name=one.event_name, payload=one.payload, body_sha256="",
                    occurred_at=one.due_at, received_at=one.due_at, due_at=one.due_at,
                )
            )  # fmt: skip
    with town.database.reading() as session:
        now = town.worker.conversations.clock.now()
        heads = waiting.look_up(session, now)
    assert len(heads) == waiting.LOOKED_UP_AT_ONCE
    assert [head.event_id for head in heads] == sorted(head.event_id for head in heads)
