"""People who asked for a person: from the chat to the page and back."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from bot import personal_data
from bot.clock import Clock
from bot.people import audit
from models import (
    AuditEntry,
    Handover,
    MessageKind,
    MessageStatus,
    OutboxMessage,
    Role,
)
from tests.chat import Chat, Town
from tests.dashboard.conftest import HOME, Browser, House

CAN_DUOC = "xa_can_duoc"


@pytest.fixture
def desk(town: Town) -> House:
    """The web role of the town, whose officials have phones too."""
    clock = Clock(town.settings.data_dir / "demo-clock")
    town.front.testing = True
    return House(town.front, town.database, town.settings, clock)


def lan(desk: House, role: Role = Role.OFFICIAL, name: str = "Lan") -> Browser:
    return desk.let_in(desk.official(role, CAN_DUOC, name))


def waiting(town: Town) -> list[Handover]:
    with town.database.reading() as session:
        return list(session.exec(select(Handover).order_by(col(Handover.id))).all())


def actions(session: Session) -> list[str]:
    found = session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))).all()
    return [one for one in found if one.startswith("talk.")]


def test_who_asks_for_a_person_is_answered_from_the_page(
    desk: House, chat: Chat, town: Town
) -> None:
    browser = lan(desk)
    chat.says("gặp cán bộ")
    chat.says("Hồ sơ của tôi bị trả lại, số 079123456789")
    (one,) = waiting(town)
    listed = browser.text("/dashboard/conversations")
    assert "Hồ sơ của tôi bị trả lại" in listed
    assert "079123456789" not in listed
    assert "Chưa ai nhận" in listed
    page = browser.text(f"/dashboard/conversations/{one.id}")
    key = page.split('name="key" value="')[1].split('"')[0]
    form = {"text": "Dạ, bác mang bản chính ra nhé.", "key": key}
    answer = browser.post(f"/dashboard/conversations/{one.id}/reply", form)
    assert answer.status_code == 302
    browser.post(f"/dashboard/conversations/{one.id}/reply", form)  # pressed twice
    chat.drain()
    said = [b["text"] for b in chat.bubbles() if b["from"] == "oa"]
    assert said.count("Dạ, bác mang bản chính ra nhé.") == 1
    assert chat.says("cảm ơn, khai sinh") == []  # the official has the word
    page = browser.text(f"/dashboard/conversations/{one.id}")
    assert "bác mang bản chính" in page
    assert "Anh/chị đang lo" in page
    browser.post(f"/dashboard/conversations/{one.id}/done")
    assert chat.says("khai sinh")  # the bot again
    with town.database.reading() as session:
        assert actions(session) == [
            "talk.taken",
            "talk.replied",
            "talk.done",
        ]
        assert audit.verify(session) is None
        sent = session.exec(
            select(OutboxMessage).where(OutboxMessage.kind == MessageKind.HANDOVER)
        ).one()
        assert MessageStatus(sent.status) in (
            MessageStatus.SENT,
            MessageStatus.DELIVERED,
            MessageStatus.SEEN,
        )


def test_asking_again_makes_no_second_row(chat: Chat, town: Town) -> None:
    chat.says("gặp cán bộ")
    chat.says("menu")
    chat.says("gặp cán bộ")
    assert len(waiting(town)) == 1


def test_two_officials_do_not_answer_over_each_other(
    desk: House, chat: Chat, town: Town
) -> None:
    first, second = lan(desk), lan(desk, name="Hoa")
    chat.says("gặp cán bộ")
    (one,) = waiting(town)
    first.post(f"/dashboard/conversations/{one.id}/take")
    second.post(
        f"/dashboard/conversations/{one.id}/reply", {"text": "Chào bác", "key": "a1"}
    )
    assert "đồng nghiệp khác" in second.text(f"/dashboard/conversations/{one.id}")
    chat.drain()
    assert "Chào bác" not in [bubble["text"] for bubble in chat.bubbles()]
    first.post(f"/dashboard/conversations/{one.id}/give-back")
    second.post(
        f"/dashboard/conversations/{one.id}/reply", {"text": "Chào bác", "key": "a2"}
    )
    chat.drain()
    assert "Chào bác" in [bubble["text"] for bubble in chat.bubbles()]


def test_done_by_mistake_is_opened_again(desk: House, chat: Chat, town: Town) -> None:
    browser = lan(desk)
    chat.says("gặp cán bộ")
    (one,) = waiting(town)
    browser.post(f"/dashboard/conversations/{one.id}/done")
    browser.post(f"/dashboard/conversations/{one.id}/reopen")
    assert waiting(town)[0].done_at is None
    browser.post(f"/dashboard/conversations/{one.id}/done")
    chat.says("gặp cán bộ")  # a new one
    browser.post(f"/dashboard/conversations/{one.id}/reopen")
    assert [row.done_at is None for row in waiting(town)] == [False, True]


def test_the_list_is_sent_only_when_it_changed(desk: House, chat: Chat) -> None:
    browser = lan(desk)
    first = browser.get("/dashboard/conversations/live")
    assert first.status_code == 200
    seen = first.headers["X-Digest"]
    again = browser.get(f"/dashboard/conversations/live?seen={seen}")
    assert again.status_code == 204
    chat.says("gặp cán bộ")
    assert browser.get(f"/dashboard/conversations/live?seen={seen}").status_code == 200


def test_another_commune_sees_nothing_of_it(
    desk: House, chat: Chat, town: Town
) -> None:
    chat.says("gặp cán bộ")
    (one,) = waiting(town)
    stranger = desk.browser(Role.ADMINISTRATOR, HOME)
    assert stranger.get(f"/dashboard/conversations/{one.id}").status_code == 403
    assert "Bà con số" not in stranger.text("/dashboard/conversations")


def test_somebody_forgotten_leaves_no_row(chat: Chat, town: Town) -> None:
    chat.says("gặp cán bộ")
    number = str(waiting(town)[0].contact_id)
    with town.database.writing() as session:
        person = personal_data.find_person(session, number)
        personal_data.forget(session, person, town.worker.conversations.clock.now())
    assert waiting(town) == []
