"""Surveys and contests as people go through them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.surveys import editing
from bot.surveys.templates import template_named
from models import Contact, Survey, SurveySheet, SurveyState
from tests.chat import Chat, Town

SURVEY, CONTEST = "hai_long_dich_vu_cong", "thi_tim_hieu_chuyen_doi_so"


def opened(town: Town, key: str, unit: str = "xa_can_duoc", **values: Any) -> int:
    """One of the shipped ones, open for a week."""
    now = town.worker.conversations.clock.now()
    template = template_named(town.settings.content_dir, key)
    assert template is not None
    with town.database.writing() as session:
        survey = Survey(
            kind=template.kind, unit_code=unit, title=template.title,
            intro=template.intro, thanks=template.thanks, rules=template.rules,
            questions=[one.to_json() for one in template.questions],
            tries=template.tries, guesses_count=template.guesses_count,
            state=SurveyState.OPEN, closes_at=now + timedelta(days=7),
            created_at=now, changed_at=now,
        )  # fmt: skip
        for name, value in values.items():
            setattr(survey, name, value)
        session.add(survey)
        session.flush()
        return survey.id or 0


def sheets(town: Town) -> list[SurveySheet]:
    with town.database.reading() as session:
        found = session.exec(select(SurveySheet).order_by(col(SurveySheet.id)))
        return list(found.all())


def test_nothing_is_open(chat: Chat) -> None:
    assert "chưa có khảo sát" in chat.says("khảo sát")[-1]
    assert "chưa có cuộc thi" in chat.says("cuộc thi")[-1]


def test_a_survey_is_answered_once(chat: Chat, town: Town) -> None:
    opened(town, SURVEY)
    begun = chat.says("khao sat")
    assert "không ghi tên" in begun[-2]
    assert "Câu 1/6" in begun[-1]
    assert "Câu 2/6" in chat.says("1")[-1]
    assert "chưa hiểu" in chat.says("9")[-1]
    assert "Câu 3/6" in chat.says("4")[-1]
    assert "Câu 4/6" in chat.says("1, 3")[-1]
    assert "Câu 5/6" in chat.says("bỏ qua")[-1]
    assert "Câu 6/6" in chat.says("co")[-1]
    said = chat.says("Mở thêm lớp, gọi tôi số 079123456789")
    assert "che số giấy tờ" in said[0]
    assert "Cảm ơn anh/chị" in said[-1]
    (one,) = sheets(town)
    assert one.finished_at is not None
    assert one.answers["q3"] == [0, 2]
    assert one.answers["q4"] is None
    assert "079123456789" not in one.answers["q6"]
    assert "đã trả lời" in chat.says("khảo sát")[-1]
    assert len(sheets(town)) == 1


def test_who_stops_goes_on_later(chat: Chat, town: Town) -> None:
    opened(town, SURVEY)
    chat.says("khảo sát")
    chat.says("1")
    assert "giữ lại các câu" in chat.says("thôi")[-1]
    assert chat.says("khai sinh")[-1]  # free for other things
    again = chat.says("khảo sát")
    assert "làm tiếp từ câu 2" in again[-2]
    assert "Câu 2/6" in again[-1]
    assert len(sheets(town)) == 1


def test_only_what_his_commune_or_its_province_asks(chat: Chat, town: Town) -> None:
    opened(town, SURVEY, unit="xa_tan_lan")
    assert "chưa có khảo sát" in chat.says("khảo sát")[-1]
    opened(town, SURVEY, unit="tay_ninh")
    assert "Câu 1/6" in chat.says("khảo sát")[-1]


def test_closed_or_not_begun_is_not_asked(chat: Chat, town: Town) -> None:
    number = opened(town, SURVEY)
    now = town.worker.conversations.clock.now()
    chat.says("khảo sát")
    with town.database.writing() as session:
        session.get_one(Survey, number).state = SurveyState.CLOSED
    assert "hết hạn" in chat.says("1")[-1]
    opened(town, SURVEY, opens_at=now + timedelta(days=1))
    assert "chưa có khảo sát" in chat.says("khảo sát")[-1]


def test_several_are_offered_to_choose_from(chat: Chat, town: Town) -> None:
    opened(town, SURVEY)
    opened(town, "nhu_cau_ho_tro")
    assert "1. Bà con" in chat.says("khảo sát")[-1]
    assert "Câu 1/5" in chat.says("2")[-1]


def through_the_contest(chat: Chat, guess: str = "3", name: str = "Lê Thị Tám") -> str:
    chat.says("cuộc thi")
    chat.says("1")
    for answer in ("3", "2", "1", "1", "2", "1, 3", "2", "1"):
        said = chat.says(answer)
    assert "bao nhiêu người" in said[-1]
    assert "ghi tên gì" in chat.says(guess)[-1]
    return chat.says(name)[-1]


def test_a_contest_is_won(chat: Chat, town: Town) -> None:
    number = opened(town, CONTEST)
    begun = chat.says("cuộc thi")[-1]
    assert "mỗi người dự thi một lần" in begun
    assert "Thể lệ" in chat.says("2")[-1]
    assert "đúng 8/8 câu" in through_the_contest(chat)
    assert sheets(town)[0].score == 8
    chat.says("cuộc thi")
    assert "đã dự thi" in chat.says("1")[-1]
    assert "sau khi kết thúc" in chat.says("kết quả thi")[-1]
    with town.database.writing() as session:
        session.get_one(Survey, number).state = SurveyState.CLOSED
    shown = chat.says("kết quả thi")[-1]
    assert "1. L. T. T***: 8 điểm" in shown
    assert "Anh/chị hạng 1" in shown
    assert "Lê Thị Tám" not in shown


def test_tries_are_counted_and_the_name_is_asked_once(chat: Chat, town: Town) -> None:
    opened(town, CONTEST, tries=2, guesses_count=False, questions=[
        {"key": "q1", "kind": "one", "text": "Ngày nào?", "options": ["1/7", "10/10"],
         "right": [1]},
    ])  # fmt: skip
    chat.says("cuộc thi")
    chat.says("1")
    assert "ghi tên gì" in chat.says("1")[-1]
    said = chat.says("bỏ qua")[-1]
    assert "đúng 0/1" in said
    assert "còn 1 lần" in said
    chat.says("1")  # once more
    chat.says("2")
    chat.says("Tám")
    assert [one.score for one in sheets(town)] == [0, 1]
    chat.says("cuộc thi")
    assert "1/1 câu đúng" in chat.says("1")[-1]


def test_who_has_his_data_erased_is_in_no_sheet(chat: Chat, town: Town) -> None:
    opened(town, SURVEY)
    chat.says("khảo sát")
    chat.says("1")
    chat.says("xóa dữ liệu")
    assert sheets(town) == []


def test_the_same_person_at_another_account_answers_once(town: Town) -> None:
    opened(town, SURVEY, unit="tay_ninh")
    first = town.chat_of("ba-tam")
    first.says("khảo sát")
    first.says("1")
    second = town.chat_of("ba-tam", town.business)
    second.follows()
    with town.database.reading() as session:
        apps = {
            one.user_id_by_app
            for one in session.exec(select(Contact)).all()
            if one.user_id_by_app
        }
    if len(apps) == 1:
        assert "làm tiếp từ câu 2" in second.says("khảo sát")[-2]
    assert len(sheets(town)) == 1


def test_questions_do_not_change_under_who_answers(chat: Chat, town: Town) -> None:
    number = opened(town, SURVEY)
    chat.says("khảo sát")
    with town.database.reading() as session:
        assert editing.has_answers(session, session.get_one(Survey, number))


@pytest.mark.parametrize(
    "question", ["thi bằng lái xe máy", "khảo sát địa chất xin phép ở đâu"]
)
def test_other_questions_are_left_to_the_search(
    chat: Chat, town: Town, question: str
) -> None:
    opened(town, SURVEY)
    opened(town, CONTEST)
    said = "".join(chat.says(question))
    assert "Câu 1/" not in said
    assert sheets(town) == []
