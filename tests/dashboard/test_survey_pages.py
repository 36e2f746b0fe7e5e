"""Surveys on the page: from a template to results, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models import (
    AuditEntry,
    Campaign,
    Contact,
    OutboxMessage,
    Role,
    Survey,
    SurveySheet,
    SurveyState,
)
from tests.dashboard.conftest import FOREIGN, HOME, PROVINCE, Browser, House

SURVEY, CONTEST = "hai_long_dich_vu_cong", "thi_tim_hieu_chuyen_doi_so"


def fields(page: str) -> dict[str, str]:
    """What a browser would send back of the form as it stands."""
    from lxml import html

    form = html.fromstring(page).xpath("//form[.//*[@name='title']]")[0]
    return {name: value or "" for name, value in form.fields.items() if value}


def made(browser: Browser, key: str, **values: str) -> int:
    form = fields(browser.text(f"/dashboard/surveys/new?template={key}"))
    answer = browser.post("/dashboard/surveys/new", form | values)
    assert answer.status_code == 302, answer.text
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def act(browser: Browser, number: int, verb: str) -> Any:
    return browser.post(f"/dashboard/surveys/{number}/act", {"verb": verb})


def answered(session: Session, number: int, answers: list[dict[str, Any]]) -> None:
    now = session.get_one(Survey, number).created_at
    for place, given in enumerate(answers):
        contact = Contact(oa_id="oa", user_id=f"p{place}", created_at=now)
        session.add(contact)
        session.flush()
        session.add(
            SurveySheet(
                survey_id=number, contact_id=contact.id, started_at=now,
                finished_at=now + timedelta(minutes=place),
                answers=given.pop("answers", {}), **given,
            )
        )  # fmt: skip


def test_a_template_becomes_an_open_survey_with_results(house: House) -> None:
    leader = house.browser(Role.LEADER)
    assert "Chưa có khảo sát" in leader.text("/dashboard/surveys")
    number = made(leader, SURVEY)
    with house.database.reading() as session:
        survey = session.get_one(Survey, number)
        assert (survey.state, survey.unit_code) == (SurveyState.DRAFT, HOME)
        assert len(survey.questions) == 6
    act(leader, number, "open")
    assert "đang mở" in leader.text(f"/dashboard/surveys/{number}")
    assert "Chưa đủ 5 người" in leader.text(f"/dashboard/surveys/{number}")
    with house.database.writing() as session:
        given = [{"answers": {"q1": [0], "q2": 4}} for _ in range(6)]
        answered(session, number, [*given, {"answers": {"q1": [1], "q2": 4}}])
    page = leader.text(f"/dashboard/surveys/{number}")
    assert "trung bình 4,0/5" in page
    assert "ẩn" in page
    sheet = leader.get(f"/dashboard/surveys/{number}/results.csv")
    assert "dưới 5, không công bố" in sheet.text
    assert "p1" not in sheet.text
    act(leader, number, "close")
    assert "đã kết thúc" in leader.text("/dashboard/surveys")
    with house.database.reading() as session:
        actions = session.exec(
            select(AuditEntry.action).order_by(col(AuditEntry.id))
        ).all()
        assert [a for a in actions if a.startswith("survey.")] == [
            "survey.created",
            "survey.opened",
            "survey.closed",
        ]


def test_questions_stay_once_somebody_has_answered(house: House) -> None:
    leader = house.browser(Role.LEADER)
    number = made(leader, SURVEY)
    act(leader, number, "open")
    with house.database.writing() as session:
        answered(session, number, [{"answers": {"q1": [0]}}])
    form = fields(leader.text(f"/dashboard/surveys/{number}/edit"))
    answer = leader.post(f"/dashboard/surveys/{number}/edit", form | {"title": "Khác"})
    assert answer.status_code == 302
    changed = form | {"text_1": "Câu hỏi khác hẳn?"}
    answer = leader.post(f"/dashboard/surveys/{number}/edit", changed)
    assert "không sửa câu hỏi được nữa" in answer.text
    with house.database.reading() as session:
        survey = session.get_one(Survey, number)
        assert survey.title == "Khác"
        assert survey.questions[0]["text"] != "Câu hỏi khác hẳn?"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"title": ""}, "Tên còn trống"),
        ({"options_1": "Chỉ một mục"}, "từ 2 tới 8 mục"),
        ({"options_1": "A\nB"}, "đáp án đúng"),
        ({"kind_1": "text"}, "chấm điểm được"),
        ({"rules": ""}, "cần có thể lệ"),
        (
            {"opens_at": "2026-12-02T08:00", "closes_at": "2026-12-01T08:00"},
            "sau ngày mở",
        ),
    ],
)
def test_what_is_wrong_with_a_contest_is_said_and_nothing_lost(
    house: House, values: dict[str, str], said: str
) -> None:
    leader = house.browser(Role.LEADER)
    form = fields(leader.text(f"/dashboard/surveys/new?template={CONTEST}"))
    answer = leader.post("/dashboard/surveys/new", form | values)
    assert answer.status_code == 200
    assert said in answer.text
    assert "Ngày Chuyển đổi số quốc gia" in answer.text
    assert house.reading(lambda session: session.exec(select(Survey)).all()) == []


def test_nobody_asks_for_a_unit_that_is_not_his(house: House) -> None:
    leader = house.browser(Role.LEADER)
    form = fields(leader.text(f"/dashboard/surveys/new?template={SURVEY}"))
    refused = leader.post("/dashboard/surveys/new", form | {"unit": FOREIGN})
    assert refused.status_code == 403
    number = made(leader, SURVEY)
    moved = fields(leader.text(f"/dashboard/surveys/{number}/edit"))
    refused = leader.post(
        f"/dashboard/surveys/{number}/edit", moved | {"unit": FOREIGN}
    )
    assert refused.status_code == 403


def test_a_contest_is_ranked_and_its_winner_is_written_to_once(house: House) -> None:
    leader = house.browser(Role.LEADER)
    number = made(leader, CONTEST)
    act(leader, number, "open")
    with house.database.writing() as session:
        answered(
            session,
            number,
            [{"name": "Trần Văn Ba", "score": 5}, {"name": "Lê Thị Tám", "score": 8}],
        )
    page = leader.text(f"/dashboard/surveys/{number}")
    assert page.index("Lê Thị Tám") < page.index("Trần Văn Ba")
    assert "L. T. T***" in page
    key = page.split('name="key" value="')[1].split('"')[0]
    form = {"rank": "1", "text": "Mời chị tới xã nhận giải.", "key": key}
    for _ in range(2):
        leader.post(f"/dashboard/surveys/{number}/write", form)
    refused = leader.post(
        f"/dashboard/surveys/{number}/write", form | {"rank": "9", "key": "zz"}
    )
    assert refused.status_code == 400
    sent = house.reading(lambda session: session.exec(select(OutboxMessage)).all())
    assert [one.content["text"] for one in sent] == ["Mời chị tới xã nhận giải."]


def test_an_invitation_is_a_campaign_draft(house: House) -> None:
    boss = house.browser(Role.ADMINISTRATOR, PROVINCE)
    number = made(boss, SURVEY, unit=HOME)
    act(boss, number, "open")
    answer = act(boss, number, "invite")
    assert "/dashboard/campaigns/" in answer.headers["Location"]
    (campaign,) = house.reading(lambda session: session.exec(select(Campaign)).all())
    assert "Nhắn KHẢO SÁT" in campaign.text
    assert campaign.audience["communes"] == [HOME]
    leader = house.browser(Role.LEADER)
    assert act(leader, number, "invite").status_code == 403


def test_a_draft_is_copied_and_dropped(house: House) -> None:
    leader = house.browser(Role.LEADER)
    number = made(leader, SURVEY)
    act(leader, number, "copy")
    act(leader, number, "drop")
    left = house.reading(lambda session: session.exec(select(Survey)).all())
    assert [one.id for one in left] == [number + 1]
    assert act(leader, number + 1, "explode").status_code == 400


def test_one_that_is_over_is_not_opened(house: House) -> None:
    leader = house.browser(Role.LEADER)
    number = made(leader, SURVEY, closes_at="2020-01-01T08:00")
    act(leader, number, "open")
    assert "ngày đóng đã qua" in leader.text(f"/dashboard/surveys/{number}")
