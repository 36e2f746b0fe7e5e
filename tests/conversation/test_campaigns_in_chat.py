"""Stories of campaigns in the chat: composed by one, approved by another, read by many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlmodel import select

from bot.calendar import Calendar
from bot.outreach import consent
from bot.outreach.hours import Kind, next_opening
from handlers.campaigns.composing import time_in
from models import ArticleState, Campaign, CampaignState, Contact, OaArticle, Role
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC, Office
from tests.duties.office import ZONE

WORDS = "Tối thứ Sáu xã tập huấn dùng VNeID tại nhà văn hóa, mời bà con tới dự."


def open_day(hour: int, minute: int = 0) -> str:
    """That hour of the next day but one that is no holiday: tokens live three months."""
    soon = datetime.now(ZONE) + timedelta(days=1)
    at = next_opening(Kind.CAMPAIGN, soon.replace(hour=9), Calendar(), ZONE)
    return at.replace(hour=hour, minute=minute, second=0, microsecond=0).isoformat()


class Square:
    """An administrator, a supervisor, and Bà Tám who wants news."""

    def __init__(self, town: Town) -> None:
        self.town, office = town, Office(town)
        town.chat_of("chi-lan").post_control("/clock", {"set": open_day(9)})
        self.lan = office.phone_of(
            "chi-lan", (CAN_DUOC, Role.ADMINISTRATOR), name="Nguyễn Thị Lan"
        )
        self.dung = office.phone_of(
            "anh-dung", (CAN_DUOC, Role.SUPERVISOR), name="Trần Văn Dũng"
        )
        self.tam = town.chat_of("ba-tam")
        self.tam.says("chào")
        self.opts_in("ba-tam")

    def opts_in(self, person: str) -> None:
        user_id = next(
            known.user_id
            for known in self.town.simulator.state.relations.values()
            if (known.person, known.oa_id) == (person, self.town.government)
        )
        now = self.town.worker.conversations.clock.now()
        with self.town.database.writing() as session:
            contact = session.exec(
                select(Contact).where(Contact.user_id == user_id)
            ).one()
            consent.opt_in(session, contact, "", "v1", now)

    def passes(self, chat: Chat, seconds: int = 61) -> None:
        """The worker's threads and the clock's jobs, for a while."""
        chat.post_control("/clock", {"move_seconds": seconds})
        worker = self.town.worker
        while worker.crews["campaign_pictures"]() or worker.crews["campaigns"]():
            pass
        worker.tick()
        chat.drain()

    def campaign(self) -> Campaign:
        with self.town.database.reading() as session:
            return session.exec(select(Campaign)).one()

    def composed(self) -> None:
        """Lan writes one for all citizens, at once, and asks for approval."""
        self.lan.says("soạn chiến dịch")
        self.lan.says(WORDS)
        self.lan.says("không cần ảnh")
        self.lan.says("1")
        self.lan.says("1")
        (asked,) = self.lan.says("1")
        assert "Trần Văn Dũng" in asked


@pytest.fixture
def square(town: Town) -> Square:
    return Square(town)


def last(chat: Chat) -> str:
    text: str = chat.last_from_bot()["text"]
    return text


def test_a_campaign_from_the_first_word_to_the_last_phone(square: Square) -> None:
    (overview,) = square.lan.says("chiến dịch")
    assert "Chưa có chiến dịch nào" in overview
    (asked,) = square.lan.says("1")
    assert "nội dung" in asked
    (picture,) = square.lan.says(WORDS)
    assert "ảnh" in picture
    (audience,) = square.lan.says("1")
    assert "Toàn bộ bà con (1)" in audience
    (when,) = square.lan.says("1")
    assert "Ngay khi được duyệt" in when
    preview, summary = square.lan.says("1")
    assert preview.startswith(WORDS)
    assert "nhắn: HỦY" in preview
    assert "1 người nhận ngay, không tốn phí" in summary
    square.lan.says("1")
    assert square.campaign().state == CampaignState.WAITING_APPROVAL

    square.passes(square.dung)
    assert "đang chờ một người thứ hai duyệt" in last(square.dung)
    preview, detail = square.dung.says("1")
    assert preview.startswith(WORDS)
    assert "Danh sách 1 người" in detail
    square.dung.says("1")
    assert square.campaign().state == CampaignState.RUNNING
    square.passes(square.tam, 5)
    assert last(square.tam).startswith(WORDS)
    assert "đã được duyệt" in last(square.lan)

    (overview,) = square.lan.says("chiến dịch")
    assert "đã xong" in overview
    detail = square.lan.says("1")[-1]
    assert "Đã gửi 1" in detail


def test_the_writer_cannot_approve_and_citizens_see_nothing(square: Square) -> None:
    square.composed()
    (answer,) = square.lan.says("duyệt chiến dịch 1")
    assert "người soạn không tự duyệt được" in answer
    (answer,) = square.tam.says("chiến dịch")
    assert "dành cho cán bộ" in answer
    square.passes(square.tam)
    assert not last(square.tam).startswith(WORDS)


def test_what_was_sent_back_can_be_changed_and_asked_again(square: Square) -> None:
    square.composed()
    square.dung.says("từ chối chiến dịch 1")
    assert square.campaign().state == CampaignState.DRAFT
    square.lan.drain()
    assert "chưa được duyệt" in last(square.lan)
    square.lan.says("chiến dịch")
    square.lan.says("1")
    square.lan.says("2")  # look again and change
    square.lan.says("2")  # the words
    preview, _ = square.lan.says("Lớp tập huấn dời sang tối thứ Bảy, bà con nhớ giúp.")
    assert "thứ Bảy" in preview
    square.lan.says("1")
    square.dung.says("duyệt chiến dịch 1")
    square.passes(square.tam, 5)
    assert "thứ Bảy" in last(square.tam)


def test_a_running_campaign_is_paused_and_cancelled_by_number(square: Square) -> None:
    square.lan.post_control("/clock", {"set": open_day(20, 45)})
    square.composed()
    square.dung.says("duyệt chiến dịch 1")
    square.dung.says("chiến dịch")
    square.dung.says("1")
    paused = square.dung.says("1")[-1]
    assert "tạm dừng" in paused
    resumed = square.dung.says("1")[-1]
    assert "đang gửi" in resumed
    (sure,) = square.dung.says("2")
    assert "Hủy hẳn" in sure
    square.dung.says("1")
    assert square.campaign().state == CampaignState.CANCELLED
    square.passes(square.tam, 12 * 3600)
    assert not last(square.tam).startswith(WORDS)


def test_a_picture_of_the_phone_goes_along_made_smaller(square: Square) -> None:
    big = BytesIO()
    noise = Image.effect_noise((2600, 1900), 90).convert("RGB")
    noise.save(big, "JPEG", quality=95)
    assert len(big.getvalue()) > 1024 * 1024
    square.lan.says("soạn chiến dịch")
    square.lan.says(WORDS)
    square.lan.uploads("anh.jpg", big.getvalue())
    square.lan.says("1")
    square.lan.says("1")
    square.passes(square.lan, 5)
    square.lan.says("1")
    square.dung.says("duyệt chiến dịch 1")
    square.passes(square.tam, 5)
    assert square.tam.last_from_bot()["text"].startswith(WORDS)
    assert square.tam.last_from_bot()["kind"] == "image"


def test_a_file_goes_along_behind_the_words(square: Square) -> None:
    square.lan.says("soạn chiến dịch")
    square.lan.says(WORDS)
    (refused,) = square.lan.uploads("bang-tinh.xlsx", b"PK\x03\x04 no document")
    assert "pdf, doc, docx" in refused
    square.lan.uploads("huong-dan.pdf", b"%PDF-1.4\n" + b"x" * 400)
    square.lan.says("1")
    square.lan.says("1")
    square.passes(square.lan, 5)
    square.lan.says("1")
    square.dung.says("duyệt chiến dịch 1")
    square.passes(square.tam, 5)
    assert square.tam.last_from_bot()["kind"] == "file"
    asset = square.campaign().asset or {}
    assert asset["name"] == "huong-dan.pdf"


def test_an_article_of_the_account_goes_along_as_its_address(square: Square) -> None:
    link = "https://oa.zalo.me/bai/1"
    with square.town.database.writing() as session:
        for title, address, is_hidden in (
            ("Nộp hồ sơ trên điện thoại", link, False),
            ("Bài đang ẩn", "https://oa.zalo.me/bai/2", True),
        ):
            session.add(
                OaArticle(
                    oa_id=square.town.government, unit_code=CAN_DUOC, title=title,
                    description="x", body="x", points=[], link="https://x.vn",
                    layout="cards", palette="blue", state=ArticleState.PUBLISHED,
                    article_id=address, article_link=address, is_hidden=is_hidden,
                    created_at=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )  # fmt: skip
    square.lan.says("soạn chiến dịch")
    (asked,) = square.lan.says(WORDS)
    assert "2. Kèm một bài" in asked
    (which,) = square.lan.says("2")
    assert "Nộp hồ sơ trên điện thoại" in which
    assert "Bài đang ẩn" not in which
    square.lan.says("1")
    square.lan.says("1")
    preview = square.lan.says("1")[0]
    assert link in preview


def test_a_dialog_left_half_way_keeps_the_draft(square: Square) -> None:
    square.lan.says("soạn chiến dịch")
    square.lan.says(WORDS)
    square.lan.says("thôi")
    (overview,) = square.lan.says("chiến dịch")
    assert "nháp" in overview


def test_who_only_supervises_does_not_compose(square: Square) -> None:
    (answer,) = square.dung.says("soạn chiến dịch")
    assert "việc của quản trị" in answer


NOW = datetime(2026, 11, 29, 14, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("8h30 15/12", datetime(2026, 12, 15, 8, 30, tzinfo=ZONE)),
        ("15/12/2026 lúc 9 giờ", datetime(2026, 12, 15, 9, 0, tzinfo=ZONE)),
        ("9 giờ mai", datetime(2026, 11, 30, 9, 0, tzinfo=ZONE)),
        ("15h", datetime(2026, 11, 29, 15, 0, tzinfo=ZONE)),
        ("ngày 3/2", datetime(2027, 2, 3, 8, 0, tzinfo=ZONE)),
        ("31/2", None),
        ("lúc nào cũng được", None),
    ],
)
def test_times_as_people_type_them(typed: str, meant: datetime | None) -> None:
    assert time_in(typed, NOW) == meant
