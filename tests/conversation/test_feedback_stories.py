"""From a broken lamp to an answer: what a citizen writes, and what becomes of it."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import col, select

from bot.conversation.turn import Context
from bot.feedback import forgetting, pictures, tickets
from bot.feedback.areas import read_lists
from bot.feedback.pictures import files_of
from models import (
    AuditEntry,
    ConsentRecord,
    Feedback,
    FeedbackEntry,
    FeedbackState,
    Official,
    Role,
)
from tests.chat import ROOT, Chat, Town
from tests.conversation.test_officials import CAN_DUOC, Office

LAMP = "Đèn đường ấp 3 tắt từ tuần trước, gần nhà ông Bảy"


def stored(town: Town) -> list[Feedback]:
    with town.database.reading() as session:
        return list(session.exec(select(Feedback).order_by(col(Feedback.id))).all())


def filed(chat: Chat, words: str = LAMP) -> str:
    """One feedback from the first word to the receipt."""
    chat.says("phản ánh")
    chat.says("2")
    chat.says(words)
    chat.says("1")
    return chat.says("1")[-1]


def answered(town: Town, official: Official, *, is_settled: bool = True) -> None:
    """As the page does it."""
    from bot.feedback.telling import tell

    bot = town.worker.conversations
    with town.database.writing() as session:
        one = session.exec(select(Feedback)).one()
        him = session.get_one(Official, official.id)
        now = bot.clock.now()
        entry = tickets.answer(
            session, one, him, "Tổ điện đã thay bóng.", now, is_settled=is_settled
        )
        tell(session, bot.texts, one, entry, now)


def lan_of(office: Office) -> Official:
    office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL), name="Nguyễn Thị Lan")
    with office.town.database.reading() as session:
        return session.exec(
            select(Official).where(Official.name == "Nguyễn Thị Lan")
        ).one()


def test_a_lamp_is_reported_answered_and_rated(
    office: Office, town: Town, chat: Chat
) -> None:
    begun = chat.says("phản ánh")
    assert "Đừng gửi số căn cước" in begun[-2]
    assert "2. Đèn đường, điện" in begun[-1]
    assert "việc gì, ở đâu" in chat.says("2")[-1]
    assert "ảnh" in chat.says(LAMP)[-1]
    shown = chat.says("1")[-1]
    assert "UBND xã Cần Đước" in shown
    assert LAMP in shown
    assert stored(town) == []  # nothing is kept before the yes
    assert "Mã của anh/chị: PA1" in chat.says("1")[-1]
    (one,) = stored(town)
    assert (one.unit_code, one.area, one.text) == (CAN_DUOC, "light", LAMP)
    assert "PA1 (chờ cán bộ nhận)" in chat.says("phản ánh của tôi")[-1]
    answered(town, lan_of(office))
    chat.drain()
    assert "Tổ điện đã thay bóng." in chat.last_from_bot()["text"]
    assert "5. Rất hài lòng" in chat.says("1")[-1]
    assert "4/5" in chat.says("4")[-1]
    assert stored(town)[0].rating == 4
    assert "đã chấm điểm rồi" in chat.says("#feedback_rate:1@5")[-1]
    assert stored(town)[0].rating == 4


def test_all_in_one_sentence_asks_only_what_is_missing(chat: Chat, town: Town) -> None:
    said = chat.says("phản ánh: đường hư nhiều ổ gà ở ấp 5 đi rất nguy hiểm")
    assert "ảnh" in said[-1]
    shown = chat.says("không có")[-1]
    assert "Đường, cầu, vỉa hè" in shown
    chat.says("2")  # other words
    shown = chat.says("Đường ấp 5 trước nhà văn hóa có ổ gà sâu")[-1]
    assert "nhà văn hóa" in shown
    assert "1. Đường, cầu" in chat.says("3")[-1]
    assert "Việc khác" in chat.says("8")[-1]
    chat.says("1")
    assert [one.area for one in stored(town)] == ["other"]


def test_the_answer_about_reporting_leads_to_the_dialog(chat: Chat, town: Town) -> None:
    said = chat.says("phan anh den duong hu o ap 3 gui o dau")[-1]
    assert "1. Gửi phản ánh tới xã" in said
    asked = chat.says("1")[-1]
    assert "ảnh" in asked  # area and words are known
    chat.says("1")
    chat.says("1")
    assert stored(town)[0].area == "light"


def test_numbers_of_papers_are_not_kept(chat: Chat, town: Town) -> None:
    chat.says("góp ý")
    chat.says("6")
    said = chat.says("Hồ sơ của tôi số căn cước 079123456789 bị trả về ba lần")
    assert "che số giấy tờ" in said[0]
    chat.says("1")
    chat.says("1")
    assert "079123456789" not in stored(town)[0].text
    assert "bị trả về ba lần" in stored(town)[0].text


def picture(place: bool = True) -> bytes:
    image = Image.new("RGB", (2000, 1500), "#557799")
    exif = Image.Exif()
    exif[0x010F] = "Camera of Minh"
    written = BytesIO()
    image.save(written, "JPEG", exif=exif if place else None)
    return written.getvalue()


def test_a_picture_and_a_place_come_along(chat: Chat, town: Town) -> None:
    chat.says("phản ánh")
    chat.says("4")
    chat.says("Bãi rác tự phát sau chợ, hôi thối mấy ngày nay")
    shown = chat.uploads("rac.jpg", picture())[-1]
    assert "Có ảnh kèm theo" in shown
    shown = chat.sends(location={"latitude": 10.51234567, "longitude": 106.6})[-1]
    assert "Có vị trí" in shown
    chat.says("1")
    (one,) = stored(town)
    assert one.latitude == pytest.approx(10.5123)
    assert town.worker.crews["feedback_pictures"]() is True
    (one,) = stored(town)
    assert one.picture_url is None
    kept = files_of(town.settings.data_dir).read(one.picture_sha256 or "")
    with Image.open(BytesIO(kept)) as found:
        assert max(found.size) == pictures.LONGEST_SIDE
        assert dict(found.getexif()) == {}


def test_withdrawn_words_are_gone(chat: Chat, town: Town) -> None:
    filed(chat)
    chat.says("phản ánh của tôi")
    chat.says("1")
    assert "đã rút phản ánh PA1" in chat.says("#feedback_withdraw:1")[-1]
    (one,) = stored(town)
    assert (one.state, one.text, one.contact_id) == (FeedbackState.WITHDRAWN, "", None)
    assert "chưa gửi phản ánh nào" in chat.says("phản ánh của tôi")[-1]


def test_what_is_not_settled_is_opened_again(
    office: Office, town: Town, chat: Chat
) -> None:
    filed(chat)
    answered(town, lan_of(office), is_settled=False)
    chat.drain()
    assert "còn gì chưa xong" in chat.says("2")[-1]
    assert "còn gì chưa xong" in chat.says("2")[-1]  # too short to help
    assert "đã mở lại" in chat.says("Đèn vẫn tắt, chưa ai tới")[-1]
    (one,) = stored(town)
    assert (one.state, one.reopened) == (FeedbackState.RECEIVED, 1)
    with town.database.reading() as session:
        steps = session.exec(
            select(FeedbackEntry.step).order_by(col(FeedbackEntry.id))
        ).all()
        assert list(steps) == ["filed", "closed", "reopened"]
        actions = session.exec(select(AuditEntry.action)).all()
        assert "feedback.closed" in actions


def test_after_a_month_it_is_not_opened_again(
    office: Office, town: Town, chat: Chat
) -> None:
    filed(chat)
    answered(town, lan_of(office))
    (one,) = stored(town)
    assert one.ended_at is not None
    assert tickets.may_reopen(one, one.ended_at + timedelta(days=29))
    assert not tickets.may_reopen(one, one.ended_at + timedelta(days=30))


def test_another_person_reaches_nothing_of_it(chat: Chat, town: Town) -> None:
    filed(chat)
    minh = town.chat_of("anh-minh")
    for command in ("item", "rate", "reopen", "withdraw"):
        said = minh.says(f"#feedback_{command}:1")[-1]
        assert LAMP not in said
    assert stored(town)[0].state == FeedbackState.RECEIVED


def test_five_a_day_are_enough(chat: Chat, town: Town) -> None:
    for number in range(5):
        filed(chat, f"{LAMP}, lần {number}")
    assert "hôm nay anh/chị đã gửi 5 phản ánh" in filed(chat)
    assert len(stored(town)) == 5


def test_stopping_keeps_nothing(chat: Chat, town: Town) -> None:
    chat.says("phản ánh")
    chat.says("2")
    chat.says(LAMP)
    assert "đã dừng" in chat.says("thôi")[-1]
    assert stored(town) == []
    with town.database.reading() as session:
        purposes = session.exec(select(ConsentRecord.purpose)).all()
        assert "feedback" not in purposes


def test_who_has_his_data_erased_leaves_a_count(chat: Chat, town: Town) -> None:
    filed(chat)
    chat.says("xóa dữ liệu")
    (one,) = stored(town)
    assert (one.text, one.contact_id, one.area) == ("", None, "light")


def test_words_go_ninety_days_after_the_end(
    office: Office, town: Town, chat: Chat
) -> None:
    filed(chat)
    answered(town, lan_of(office))
    end = stored(town)[0].ended_at
    assert end is not None
    for days, words in ((89, LAMP), (91, "")):
        with town.database.writing() as session:
            forgetting.forget_old(session, end + timedelta(days=days))
        assert stored(town)[0].text == words
    with town.database.reading() as session:
        assert set(session.exec(select(FeedbackEntry.text)).all()) == {""}
    with town.database.writing() as session:
        forgetting.forget_old(session, end + forgetting.ROWS_KEPT_FOR * 2)
    assert stored(town) == []


# --- emergencies, and what must not be taken for anything of this --------------------------------


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("cháy nhà rồi bà con ơi", "114"),
        ("chay nha roi", "114"),
        ("có người bất tỉnh ở chợ", "115"),
        ("tai nạn giao thông trước cổng xã", "113"),
        ("cứu với", "112"),
    ],
)
def test_a_cry_for_help_is_answered_with_numbers(
    chat: Chat, said: str, number: str
) -> None:
    assert f"☎ {number}" in "".join(chat.says(said))


def test_an_emergency_is_heard_in_a_dialog_and_while_an_official_answers(
    chat: Chat, town: Town
) -> None:
    chat.says("phản ánh")
    assert "☎ 114" in chat.says("cháy nhà")[-1]
    assert "việc gì, ở đâu" in chat.says("2")[-1]  # the dialog goes on
    chat.says("thôi")
    chat.says("gặp cán bộ")
    assert "☎ 115" in chat.says("có người ngừng thở")[-1]


def questions() -> list[str]:
    """Everything that people are known to ask about procedures."""
    with (ROOT / "content/utterances.csv").open(encoding="utf-8", newline="") as file:
        asked = [row for row in csv.reader(file) if row and row[0] != "reflect"]
    gold = [
        line.split("\t")[0]
        for name in ("tune.tsv", "test.tsv")
        for line in (Path(ROOT) / "tests/gold" / name)
        .read_text(encoding="utf-8")
        .splitlines()
    ]
    return [row[1] for row in asked] + gold


def test_no_known_question_is_taken_for_an_emergency_or_a_report(town: Town) -> None:
    from bot.conversation.understanding import understand
    from bot.search.fold import fold
    from handlers.feedback.reporting import _ASKS, _QUESTION

    lists = read_lists(town.settings.content_dir)
    words = town.worker.conversations.words
    taken = []
    for question in questions():
        folded = " ".join(fold(question).split())
        command = understand(question, Context(), words)
        is_report = _ASKS.match(folded) and not _QUESTION.search(folded)
        is_named = command is not None and "feedback" in command.name
        if lists.emergency_in(question) or is_report or is_named:
            taken.append(question)
    # a cry for help first, whatever procedure there is for it
    assert taken == ["cứu trẻ bị đánh gấp"]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("thủ tục tiếp công dân", "2.001909"),
        ("nộp đơn phản ánh ở xã ai xử lý", "2.001801"),
        ("khiếu nại lần đầu ở xã", "2.002409"),
        ("tôi muốn tố cáo cán bộ thì làm thế nào", "2.002396"),
    ],
)
def test_procedures_beside_it_are_still_found(
    chat: Chat, question: str, code: str
) -> None:
    assert code in chat.says(question)[-1]
