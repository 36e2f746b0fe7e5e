"""Stories of citizens on a clock: reminders they set for themselves, topics they follow."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from bot.outreach import consent, own_reminders
from bot.outreach.own_reminders import MOST_OPEN
from models import Contact, MessageKind, MessageStatus, OutboxMessage, OwnReminder
from scheduler.housekeeping import prune
from scheduler.own_reminders import remind
from tests.chat import Chat, Town
from tests.jobs import workshop_of


class Clockmaker:
    """Moves the time, and runs the job as the clock does."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.workshop = workshop_of(town)
        self.phone = town.chat_of("ba-tam")

    @property
    def now(self) -> datetime:
        return self.workshop.clock.now().astimezone(self.workshop.zone)

    def moves_to(self, at: datetime) -> dict[str, int]:
        seconds = (at - self.now).total_seconds() + 1
        self.phone.post_control("/clock", {"move_seconds": max(1, seconds)})
        done = remind(self.workshop, self.workshop.clock.now())
        self.phone.drain()
        return done

    def reminders(self) -> list[OwnReminder]:
        with self.town.database.reading() as session:
            return list(session.exec(select(OwnReminder)))

    def message(self) -> OutboxMessage:
        with self.town.database.reading() as session:
            return session.exec(
                select(OutboxMessage).where(
                    col(OutboxMessage.kind) == MessageKind.OWN_REMINDER
                )
            ).one()


@pytest.fixture
def clock(town: Town) -> Clockmaker:
    """It begins at nine in the morning."""
    maker = Clockmaker(town)
    morning = maker.now.replace(hour=9, minute=0, second=0) + timedelta(days=1)
    maker.moves_to(morning)
    maker.phone.says("chào")
    return maker


def test_somebody_is_reminded_when_he_wanted_to_be(
    clock: Clockmaker, chat: Chat
) -> None:
    (answer,) = chat.says("nhắc tôi 8h sáng mai đi lấy kết quả")
    tomorrow = clock.now + timedelta(days=1)
    assert f"08:00 {weekday(tomorrow)} {tomorrow:%d/%m/%Y}" in answer
    assert "đi lấy kết quả" in answer
    assert "48 giờ" not in answer
    eight = tomorrow.replace(hour=8, minute=0, second=0)
    assert clock.moves_to(eight - timedelta(minutes=2)) == {"written": 0}
    assert clock.moves_to(eight) == {"written": 1}
    assert "anh/chị hẹn em nhắc lúc 08:00" in chat.last_from_bot()["text"]
    assert clock.moves_to(eight + timedelta(minutes=5)) == {"written": 0}
    assert clock.reminders()[0].what == ""  # nobody needs it any more


def weekday(day: datetime) -> str:
    names = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
    return names[day.weekday()]


def test_without_accents_and_by_weekday(clock: Clockmaker, chat: Chat) -> None:
    in_three = clock.now + timedelta(days=3)
    name = "chủ nhật" if in_three.weekday() == 6 else f"thu {in_three.weekday() + 2}"
    (answer,) = chat.says(f"nhac toi nop ho so {name}")
    assert f"07:30 {weekday(in_three)} {in_three:%d/%m/%Y}" in answer
    assert "nop ho so" in answer
    assert "Nếu quá 48 giờ" in answer


def test_a_reminder_beyond_the_window_waits_and_comes_first_when_he_writes(
    clock: Clockmaker, chat: Chat
) -> None:
    (answer,) = chat.says("nhắc tôi 10 ngày nữa đóng tiền điện")
    assert "Nếu quá 48 giờ" in answer
    clock.moves_to(clock.now + timedelta(days=11))
    assert clock.message().status == MessageStatus.PARKED
    texts = chat.says("chào")
    assert "đóng tiền điện" in texts[0]
    assert "Anh/chị cần hỏi việc gì" in texts[1]


def test_a_late_worker_still_reminds_once(clock: Clockmaker, chat: Chat) -> None:
    chat.says("nhắc tôi 30 phút nữa tắt bếp")
    assert clock.moves_to(clock.now + timedelta(hours=5)) == {"written": 1}
    assert "tắt bếp" in chat.last_from_bot()["text"]
    assert clock.moves_to(clock.now + timedelta(minutes=1)) == {"written": 0}


def test_at_night_too_because_he_chose_it(clock: Clockmaker, chat: Chat) -> None:
    chat.says("nhắc tôi 23h tối nay uống thuốc")
    late = clock.now.replace(hour=23, minute=0, second=0)
    assert clock.moves_to(late) == {"written": 1}
    assert "uống thuốc" in chat.last_from_bot()["text"]


def test_what_is_unclear_is_asked_back(clock: Clockmaker, chat: Chat) -> None:
    (asked,) = chat.says("nhắc tôi nộp hồ sơ")
    assert "nhắc “nộp hồ sơ” lúc nào" in asked
    assert "lúc nào ạ" in chat.says("khi nào rảnh")[0]
    (halves,) = chat.says("3h mai")
    assert "1. 03:00" in halves
    assert "2. 15:00" in halves
    assert "nhắn số" in chat.says("chắc vậy")[0]
    (done,) = chat.says("2")
    assert "15:00" in done
    assert "nộp hồ sơ" in done

    (asked,) = chat.says("nhắc tôi sáng mai")
    assert "em nhắc anh/chị việc gì" in asked
    assert "mua gạo" in chat.says("mua gạo")[0]
    assert "âm lịch" in chat.says("nhắc tôi mùng 5 tết chúc thọ")[0]
    assert "đã dừng" in chat.says("thôi")[0]
    assert "chỉ nhắc một lần" in chat.says("nhắc tôi mỗi sáng uống thuốc")[0]
    chat.says("thôi")
    assert len(clock.reminders()) == 2


def test_listed_cancelled_and_taken_back(clock: Clockmaker, chat: Chat) -> None:
    assert "chưa đặt lời nhắc" in chat.says("nhắc của tôi")[0]
    chat.says("nhắc tôi 10h sáng mai gọi xã")
    chat.says("nhắc tôi 7h sáng mai uống thuốc")
    (listed,) = chat.says("nhac cua toi")
    assert re.search(r"1\. 07:00 .*uống thuốc\n2\. 10:00 .*gọi xã", listed)
    assert "đã hủy" in chat.says("1")[0]
    assert "07:00" in chat.says("đặt lại")[0]
    chat.says("nhắc của tôi")
    chat.says("2")
    ten = (clock.now + timedelta(days=1)).replace(hour=10, minute=0)
    assert clock.moves_to(ten) == {"written": 1}  # the other one
    assert "không còn nữa" in chat.says("#cancel_reminder:2")[0]
    assert "không còn nữa" in chat.says("#cancel_reminder:999")[0]


def test_nobody_touches_another_ones_reminder(clock: Clockmaker, town: Town) -> None:
    clock.phone.says("nhắc tôi 8h sáng mai gọi xã")
    other = town.chat_of("anh-minh")
    other.says("chào")
    assert "không còn nữa" in other.says("#cancel_reminder:1")[0]
    assert "chưa đặt" in other.says("nhắc của tôi")[0]
    assert clock.reminders()[0].done_at is None


def test_a_cancelled_message_that_waits_is_called_back(
    clock: Clockmaker, chat: Chat
) -> None:
    chat.says("nhắc tôi 10 ngày nữa đóng tiền điện")
    clock.moves_to(clock.now + timedelta(days=11))
    with clock.town.database.writing() as session:
        row = session.exec(select(OwnReminder)).one()
        contact = session.get_one(Contact, row.contact_id)
        assert own_reminders.cancel(session, contact, row.id or 0, clock.now)
    assert clock.message().status == MessageStatus.CANCELLED
    assert "đóng tiền điện" not in " ".join(chat.says("chào"))


def test_there_are_not_more_than_a_list_holds(clock: Clockmaker, chat: Chat) -> None:
    for number in range(MOST_OPEN):
        chat.says(f"nhắc tôi {number + 1} ngày nữa việc {number}")
    assert f"đã đặt {MOST_OPEN} lời nhắc" in chat.says("nhắc tôi mai việc nữa")[0]
    chat.says("nhắc tôi 1 ngày nữa việc 0")  # the same again is no new one
    assert len(clock.reminders()) == MOST_OPEN


def test_erasing_ones_data_erases_reminders(clock: Clockmaker, chat: Chat) -> None:
    chat.says("nhắc tôi 8h sáng mai gọi bác sĩ Hai")
    chat.says("xóa dữ liệu")
    assert [one.what for one in clock.reminders()] == [""]
    tomorrow = clock.now + timedelta(days=1)
    assert clock.moves_to(tomorrow) == {"written": 0}
    clock.phone.post_control("/clock", {"move_seconds": 8 * 24 * 3600})
    prune(clock.workshop, clock.workshop.clock.now())
    assert clock.reminders() == []


@pytest.mark.parametrize(
    "question",
    [
        "nhắc nợ là gì",
        "nhắc nhở kỷ luật cán bộ",
        "đăng ký khai sinh sáng mai được không",
    ],
)
def test_questions_stay_questions(clock: Clockmaker, chat: Chat, question: str) -> None:
    chat.says(question)
    assert clock.reminders() == []


# --- topics ------------------------------------------------------------------------------------------


def wanted(clock: Clockmaker) -> list[str]:
    with clock.town.database.reading() as session:
        return consent.topics_wanted(session, 1)


def test_a_topic_is_followed_by_its_name_and_left_again(
    clock: Clockmaker, chat: Chat
) -> None:
    assert (
        "“Miễn, giảm phí và lệ phí”" in chat.says("nhắc tôi khi có đợt miễn lệ phí")[0]
    )
    assert wanted(clock) == ["le_phi"]
    (listed,) = chat.says("theo dõi")
    assert "Miễn, giảm phí và lệ phí (đang theo dõi)" in listed
    number = re.search(r"(\d+)\. VNeID", listed)
    assert number is not None
    chat.says(number[1])
    assert wanted(clock) == ["le_phi", "vneid"]
    assert "không nhắn tin về “VNeID" in chat.says("ngừng theo dõi vneid")[0]
    assert "không nhắn tin về “Miễn, giảm" in chat.says("thoi theo doi")[0]
    assert wanted(clock) == []
    assert "“Miễn, giảm" in chat.says("theo dõi lại")[0]
    assert wanted(clock) == ["le_phi"]
    chat.says("HUY")
    assert wanted(clock) == []


def test_following_ones_dossier_is_a_question(clock: Clockmaker, chat: Chat) -> None:
    for words in ("theo dõi hồ sơ đã nộp", "theo dõi hồ sơ trực tuyến tới đâu"):
        assert "theo dõi chủ đề" not in chat.says(words)[0]
    assert wanted(clock) == []
    assert "“VNeID" in chat.says("theo doi VNeID.")[0]


def test_without_a_topic_all_are_offered(clock: Clockmaker, chat: Chat) -> None:
    for words in ("nhắc tôi khi có tin mới", "báo cho tôi khi có gì hay", "chủ đề"):
        (listed,) = chat.says(words)
        assert "An toàn trên mạng" in listed
        assert "nhiều nhất một tin mỗi ngày" in listed
    assert wanted(clock) == []
