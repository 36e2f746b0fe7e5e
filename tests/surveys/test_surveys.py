"""What counts as an answer, what fits together, what is hidden, who comes first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.clock import Clock
from bot.db import Database
from bot.surveys import answering, ranking, results
from bot.surveys.questions import (
    Answer,
    Question,
    QuestionKind,
    flaw_of,
    read_answer,
    score_of,
)
from bot.surveys.templates import read_templates
from models import Contact, Survey, SurveyKind, SurveySheet, SurveyState

CONTENT = Path(__file__).resolve().parent.parent.parent / "content"
ONE = Question("a", QuestionKind.ONE, "Một?", ("Có", "Không", "Chưa rõ"), (0,))
SEVERAL = Question("b", QuestionKind.SEVERAL, "Nhiều?", ("Một", "Hai", "Ba"), (0, 2))
NUMBER = Question("c", QuestionKind.NUMBER, "Mấy điểm?")
TEXT = Question("d", QuestionKind.TEXT, "Gì nữa?")


@pytest.mark.parametrize(
    ("question", "chosen", "text", "answer"),
    [
        (ONE, "2", "2", [1]),
        (ONE, None, "chua ro", [2]),
        (ONE, None, "4", None),
        (ONE, None, "1, 2", None),
        (ONE, None, "có lẽ", None),
        (SEVERAL, None, "1, 3", [0, 2]),
        (SEVERAL, None, "3 va 1", [0, 2]),
        (SEVERAL, None, "1 1", [0]),
        (SEVERAL, None, "1, 9", None),
        (NUMBER, None, "5", 5),
        (NUMBER, None, "0", None),
        (NUMBER, None, "5 điểm rưỡi", None),
        (TEXT, None, "Đèn sáng hơn", "Đèn sáng hơn"),
        (TEXT, None, " ", None),
    ],
)
def test_answers_are_read_as_people_write_them(
    question: Question, chosen: str | None, text: str, answer: Answer | None
) -> None:
    assert read_answer(question, chosen, text) == answer


def test_a_point_needs_all_right_options_and_no_other() -> None:
    asked = (ONE, SEVERAL)
    assert score_of(asked, {"a": [0], "b": [0, 2]}) == 2
    assert score_of(asked, {"a": [0], "b": [0]}) == 1
    assert score_of(asked, {"a": [1], "b": [0, 1, 2]}) == 0
    assert score_of(asked, {"a": None}) == 0


@pytest.mark.parametrize(
    ("question", "flaw"),
    [
        (Question("a", QuestionKind.ONE, "x", ("Có",)), "few_options"),
        (Question("a", QuestionKind.ONE, "x", ("Có", "có")), "same_options"),
        (Question("a", QuestionKind.ONE, "", ("Có", "Không")), "question_text"),
        (Question("a", QuestionKind.ONE, "x", ("Có", "Không")), "no_right"),
        (Question("a", QuestionKind.ONE, "x", ("A", "B"), (0, 1)), "no_right"),
        (Question("a", QuestionKind.ONE, "x", ("A", "B"), (5,)), "no_right"),
        (TEXT, "not_countable"),
        (ONE, ""),
    ],
)
def test_flaws_of_a_contest_are_named(question: Question, flaw: str) -> None:
    assert flaw_of([question], is_contest=True) == flaw


def test_what_is_shipped_is_whole() -> None:
    found = read_templates(CONTENT)
    kinds = [one.kind for one in found]
    assert kinds.count(SurveyKind.SURVEY) == 2
    assert kinds.count(SurveyKind.CONTEST) == 1
    assert all(one.why and one.intro for one in found)
    assert all(one.rules for one in found if one.kind == SurveyKind.CONTEST)


# --- sums -------------------------------------------------------------------------------------


def survey_with(
    session: Session, answers: list[dict[str, object]], **values: object
) -> Survey:
    now = Clock().now()
    survey = Survey(
        unit_code="xa_can_duoc", title="Phiếu", state=SurveyState.OPEN,
        created_at=now, changed_at=now,
        questions=[one.to_json() for one in (ONE, NUMBER, TEXT)],
    )  # fmt: skip
    for name, value in values.items():
        setattr(survey, name, value)
    session.add(survey)
    session.flush()
    for number, given in enumerate(answers):
        contact = Contact(oa_id="oa", user_id=f"u{number}", created_at=now)
        session.add(contact)
        session.flush()
        sheet = SurveySheet(
            survey_id=survey.id or 0, contact_id=contact.id, started_at=now,
            finished_at=now + timedelta(seconds=number),
            answers={k: v for k, v in given.items() if k in "abcd"},
            **{k: v for k, v in given.items() if k not in "abcd"},  # type: ignore[arg-type]
        )  # fmt: skip
        session.add(sheet)
    session.flush()
    return survey


def test_fewer_than_five_are_not_shown(database: Database) -> None:
    with database.writing() as session:
        given: list[dict[str, object]] = [{"a": [0]}] * 4
        survey = survey_with(session, given)
        found = results.results_of(session, survey)
        assert found.is_too_small
        assert found.answered[0].is_hidden


def test_a_small_count_is_hidden_and_cannot_be_worked_out(database: Database) -> None:
    with database.writing() as session:
        given: list[dict[str, object]] = [{"a": [0]} for _ in range(9)]
        given += [{"a": [1]} for _ in range(6)]
        survey = survey_with(session, [*given, {"a": [2], "c": 5}])
        found = results.results_of(session, survey)
    first = found.answered[0]
    assert first.people == 16
    assert [row.count for row in first.rows] == [9, None, None]
    assert found.answered[1].is_hidden  # one answer only
    sheet = results.to_csv(found, lambda key: "<5")
    assert "Chưa rõ,<5" in sheet
    assert ",1\r\n" not in sheet


def test_texts_have_no_order_and_stand_in_no_sheet(database: Database) -> None:
    words = ["Sáng hơn", "Ấm hơn", "Bớt chờ", "Dễ hơn", "Gần hơn"]
    with database.writing() as session:
        survey = survey_with(session, [{"d": one} for one in words])
        found = results.results_of(session, survey)
    assert sorted(found.answered[2].texts) == list(found.answered[2].texts)
    sheet = results.to_csv(found, lambda key: "-")
    assert not any(one in sheet for one in words)


# --- who comes first --------------------------------------------------------------------------


def test_ties_go_to_the_nearer_guess_then_to_who_was_first(database: Database) -> None:
    people: list[dict[str, object]] = [
        {"name": "Một", "score": 2, "guess": 90},
        {"name": "Hai", "score": 3, "guess": -1},
        {"name": "Ba", "score": 3, "guess": 7},
        {"name": "Bốn", "score": 3, "guess": 4},
        {"name": "Năm", "score": 3, "guess": 6},
    ]
    with database.writing() as session:
        survey = survey_with(
            session, people, kind=SurveyKind.CONTEST, guesses_count=True
        )
        found = ranking.ranking_of(session, survey)
    assert [one.name for one in found] == ["Bốn", "Năm", "Ba", "Hai", "Một"]
    assert [one.rank for one in found] == [1, 2, 3, 4, 5]
    assert [one.off for one in found] == [1, 1, 2, None, 85]


def test_the_best_of_several_tries_counts_once(database: Database) -> None:
    with database.writing() as session:
        survey = survey_with(
            session, [{"name": "Lan", "score": 1}], kind=SurveyKind.CONTEST, tries=2
        )
        first = session.get_one(SurveySheet, 1)
        session.add(
            SurveySheet(
                survey_id=survey.id or 0, contact_id=first.contact_id, attempt=2,
                started_at=first.started_at, finished_at=first.finished_at, score=3,
                name="Lan",
            )
        )  # fmt: skip
        session.flush()
        found = ranking.ranking_of(session, survey)
    assert [(one.name, one.score) for one in found] == [("Lan", 3)]


def test_names_are_masked_in_public() -> None:
    assert ranking.masked("Nguyễn Thị Lan") == "N. T. L***"
    assert ranking.masked("Tám") == "T***"
    assert ranking.masked("") == ""


def test_people_are_forgotten_ninety_days_after_the_end(database: Database) -> None:
    end = Clock().now()
    with database.writing() as session:
        survey = survey_with(
            session, [{"a": [0], "d": "lời riêng", "name": "Lan"}], closes_at=end
        )
        number = survey.id
        assert answering.forget_old(session, end + timedelta(days=89)) == 0
        assert answering.forget_old(session, end + timedelta(days=91)) == 1
    with database.reading() as session:
        sheet = session.get_one(SurveySheet, 1)
        assert (sheet.contact_id, sheet.name, sheet.survey_id) == (None, "", number)
        assert sheet.answers == {"a": [0], "d": None}
