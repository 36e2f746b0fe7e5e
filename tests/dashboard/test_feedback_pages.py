"""What people reported, on the page: found, taken, passed on, answered, counted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.clock import Clock
from bot.duties.periods import period_of
from bot.feedback import counting, tickets
from bot.feedback.pictures import files_of
from bot.people import audit
from models import (
    AuditEntry,
    Cadence,
    Feedback,
    FeedbackState,
    Official,
    Role,
)
from tests.chat import Chat, Town
from tests.dashboard.conftest import HOME, PROVINCE, Browser, House

CAN_DUOC = "xa_can_duoc"
LAMP = "Đèn đường ấp 3 tắt từ tuần trước"


@pytest.fixture
def desk(town: Town) -> House:
    clock = Clock(town.settings.data_dir / "demo-clock")
    town.front.testing = True
    return House(town.front, town.database, town.settings, clock)


@pytest.fixture
def reported(chat: Chat) -> Chat:
    chat.says(f"phản ánh: {LAMP}")
    chat.says("1")
    chat.says("1")
    return chat


def one(town: Town) -> Feedback:
    with town.database.reading() as session:
        return session.exec(select(Feedback)).one()


def said(chat: Chat) -> list[str]:
    chat.drain()
    return [bubble["text"] for bubble in chat.bubbles() if bubble["from"] == "oa"]


def lan(desk: House, unit: str = CAN_DUOC) -> Browser:
    return desk.let_in(desk.official(Role.OFFICIAL, unit, f"Lan {unit}"))


def test_a_report_is_taken_and_answered_once(
    desk: House, reported: Chat, town: Town
) -> None:
    browser = lan(desk)
    listed = browser.text("/dashboard/feedback")
    assert LAMP in listed
    assert "Chưa ai nhận" in listed
    browser.post("/dashboard/feedback/1/take")
    assert LAMP in browser.text("/dashboard/feedback?shown=mine")
    assert LAMP not in browser.text("/dashboard/feedback?shown=new")
    form = {"text": "Tổ điện thay bóng chiều nay."}
    for _ in range(2):  # pressed twice
        browser.post("/dashboard/feedback/1/answer", form)
    assert sum("thay bóng chiều nay" in text for text in said(reported)) == 1
    assert LAMP in browser.text("/dashboard/feedback?shown=ended")
    assert "Không có phản ánh nào đang chờ" in browser.text("/dashboard/feedback")
    reported.says("1")
    reported.says("5")
    assert "bà con chấm 5/5" in browser.text("/dashboard/feedback/1")
    with town.database.reading() as session:
        found = session.exec(
            select(AuditEntry.action).order_by(col(AuditEntry.id))
        ).all()
        assert [a for a in found if a.startswith("feedback.")] == [
            "feedback.taken",
            "feedback.answered",
        ]
        assert audit.verify(session) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "viết câu trả lời"),
        ("Số căn cước 079123456789 đúng rồi", "số giấy tờ"),
        ("x" * 1501, "dài quá"),
    ],
)
def test_a_flawed_answer_is_not_sent_and_not_lost(
    desk: House, reported: Chat, town: Town, text: str, what: str
) -> None:
    browser = lan(desk)
    browser.text("/dashboard/feedback/1")
    answer = browser.post("/dashboard/feedback/1/answer", {"text": text})
    assert answer.status_code == 200
    assert what in answer.text
    assert text in answer.text
    assert one(town).state == FeedbackState.RECEIVED


def test_closing_takes_a_reason_of_the_list(
    desk: House, reported: Chat, town: Town
) -> None:
    browser = lan(desk)
    page = browser.text("/dashboard/feedback/1")
    reason = page.split("<option>")[1].split("</option>")[0]
    form = {"text": "", "text_chosen": reason}
    browser.post("/dashboard/feedback/1/close", form)
    assert one(town).state == FeedbackState.CLOSED
    assert any(reason in text for text in said(reported))


def test_it_is_given_to_a_colleague_and_passed_on_to_a_neighbour(
    desk: House, reported: Chat, town: Town
) -> None:
    browser = lan(desk)
    hoa = desk.official(Role.OFFICIAL, CAN_DUOC, "Hoa")
    stranger = desk.official(Role.OFFICIAL, HOME, "Ba")
    browser.text("/dashboard/feedback/1")
    refused = browser.post("/dashboard/feedback/1/take", {"official": stranger.id})
    assert refused.status_code == 400
    browser.post("/dashboard/feedback/1/take", {"official": hoa.id})
    assert one(town).taken_by_id == hoa.id
    form = {"unit": HOME, "note": "Đoạn này thuộc xã bạn"}
    browser.post("/dashboard/feedback/1/transfer", form)
    found = one(town)
    assert (found.unit_code, found.state, found.taken_by_id) == (
        HOME,
        FeedbackState.RECEIVED,
        None,
    )
    assert browser.get("/dashboard/feedback/1").status_code == 403
    there = lan(desk, HOME)
    assert "Đoạn này thuộc xã bạn" in there.text("/dashboard/feedback/1")
    assert any("đã được chuyển tới UBND xã Tân Lân" in text for text in said(reported))


def test_filters_find_and_hide(desk: House, reported: Chat) -> None:
    browser = desk.browser(Role.SUPERVISOR, PROVINCE)
    assert LAMP in browser.text("/dashboard/feedback?area=light")
    assert LAMP not in browser.text("/dashboard/feedback?area=road")
    assert LAMP in browser.text(f"/dashboard/feedback?unit={CAN_DUOC}")
    assert LAMP not in browser.text(f"/dashboard/feedback?unit={HOME}")
    assert LAMP in browser.text("/dashboard/feedback?shown=nonsense&page=-3")


def test_a_picture_is_shown_to_its_unit_only(
    desk: House, reported: Chat, town: Town
) -> None:
    browser = lan(desk)
    assert browser.get("/dashboard/feedback/1/picture").status_code == 404
    digest = files_of(town.settings.data_dir).keep(b"\xff\xd8\xffpicture")
    with town.database.writing() as session:
        session.exec(select(Feedback)).one().picture_sha256 = digest
    shown = browser.get("/dashboard/feedback/1/picture")
    assert shown.mimetype == "image/jpeg"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    stranger = lan(desk, HOME)
    assert stranger.get("/dashboard/feedback/1/picture").status_code == 403


def test_the_number_beside_the_navigation_counts_what_waits(
    desk: House, reported: Chat
) -> None:
    browser = lan(desk)
    reported.says("gặp cán bộ")
    assert ">2<span" in browser.text("/dashboard/waiting")
    browser.post("/dashboard/feedback/1/take")
    assert ">1<span" in browser.text("/dashboard/waiting")
    assert browser.text("/dashboard/conversations").count("(1)") == 1
    assert lan(desk, HOME).get("/dashboard/waiting").text.strip() == ""


def test_a_month_is_counted_by_area(town: Town) -> None:
    now = town.worker.conversations.clock.now().astimezone(town.settings.zone)
    period = period_of(now.date(), Cadence.MONTHLY)

    def add(session: Session, area: str, **values: Any) -> None:
        session.add(
            Feedback(
                oa_id="oa", unit_code=CAN_DUOC, area=area, text="x", created_at=now,
                waiting_since=now, **values,
            )
        )  # fmt: skip

    with town.database.writing() as session:
        for rating in (5, 2):
            add(
                session, "road", state=FeedbackState.ANSWERED, ended_at=now,
                rating=rating,
            )  # fmt: skip
        add(session, "road")
        add(session, "waste", state=FeedbackState.WITHDRAWN)
        add(session, "light", state=FeedbackState.CLOSED, ended_at=now)
    with town.database.reading() as session:
        month = counting.month_of(session, [CAN_DUOC], period, town.settings.zone)
        none = counting.month_of(session, [HOME], period, town.settings.zone)
    assert [(one.area, one.counted.filed) for one in month.areas] == [
        ("road", 3),
        ("light", 1),
    ]
    road = month.areas[0].counted
    assert (road.settled, road.waiting, road.rating, road.ratings) == (2, 1, 3.5, 2)
    assert month.whole.filed == 4
    assert none.whole.filed == 0
    assert none.whole.median_days is None


def test_states_do_not_go_backwards(desk: House, reported: Chat, town: Town) -> None:
    now, number = desk.now, desk.official(Role.OFFICIAL, CAN_DUOC, "Lan").id
    with town.database.writing() as session:
        row = session.exec(select(Feedback)).one()
        him = session.get_one(Official, number)
        tickets.answer(session, row, him, "Đã thay bóng", now)
        for work in (
            lambda: tickets.take(session, row, him, him, now),
            lambda: tickets.give_back(session, row, him, now),
            lambda: tickets.transfer(session, row, him, HOME, "", now),
            lambda: tickets.answer(session, row, him, "Lần nữa", now),
            lambda: tickets.withdraw(session, row, now),
            lambda: tickets.rate(session, row, 6, now),
        ):
            with pytest.raises(tickets.NotPossibleError):
                work()
