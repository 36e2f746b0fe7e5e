"""Campaigns on the dashboard: from the form to the approval of a second person."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, select

from bot.people import audit
from models import Account, AuditEntry, Campaign, Contact, Role
from tests.dashboard.conftest import FOREIGN, HOME, Browser, House

FORM: dict[str, Any] = {
    "title": "An toàn mạng",
    "text": "Bà con đừng đọc mã OTP cho ai.",
    "people": "all",
    "commune": HOME,
}


def peopled(house: House) -> None:
    with house.database.writing() as session:
        session.add(
            Account(oa_id="oa-1", name="OA", unit_code=HOME, created_at=house.now)
        )
        session.add(
            Contact(
                oa_id="oa-1", user_id="u-1", created_at=house.now, unit_code=HOME,
                last_interaction_at=house.now,
            )
        )  # fmt: skip


def only(session: Session) -> Campaign:
    return session.exec(select(Campaign)).one()


def state(house: House) -> str:
    return str(house.reading(only).state)


def act(browser: Browser, verb: str, revision: int = 1) -> str:
    browser.post("/dashboard/campaigns/1/act", {"verb": verb, "revision": revision})
    return browser.text("/dashboard/campaigns/1")


def test_from_the_form_to_the_end_with_two_people(house: House) -> None:
    peopled(house)
    writer = house.browser(Role.ADMINISTRATOR)
    second = house.browser(Role.SUPERVISOR)
    writer.text("/dashboard/campaigns/new")
    writer.post("/dashboard/campaigns/save", FORM)
    assert "Bà con đừng đọc mã OTP" in writer.text("/dashboard/campaigns/1")
    writer.post("/dashboard/campaigns/1/dry-run")
    assert "người" in writer.text("/dashboard/campaigns/1")
    assert state(house) == "draft"
    act(writer, "ask")
    assert "không tự duyệt" in act(writer, "approve")
    assert state(house) == "waiting_approval"
    act(second, "approve")
    assert state(house) == "approved"
    assert "Tiến độ" in act(second, "start")
    act(second, "pause")
    assert state(house) == "paused"
    act(second, "resume")
    act(second, "cancel")
    assert state(house) == "cancelled"
    answer = second.get("/dashboard/campaigns/1/not-reached.csv")
    assert answer.mimetype == "text/csv"
    with house.database.reading() as session:
        found = session.exec(select(AuditEntry.action)).all()
        assert audit.verify(session) is None
    assert [one.partition(".")[2] for one in found if one.startswith("campaign.")] == [
        "created", "asked", "approved", "started", "paused", "resumed", "cancelled",
    ]  # fmt: skip


def test_a_change_after_the_approval_was_asked_must_be_looked_at(house: House) -> None:
    peopled(house)
    writer = house.browser(Role.ADMINISTRATOR)
    second = house.browser(Role.SUPERVISOR)
    writer.text("/dashboard/campaigns/new")
    writer.post("/dashboard/campaigns/save", FORM)
    writer.post("/dashboard/campaigns/1/dry-run")
    act(writer, "ask")
    writer.post("/dashboard/campaigns/save", FORM | {"campaign_id": 1, "text": "Khác"})
    assert "vừa được sửa" in act(second, "approve")
    assert state(house) == "draft"


def test_what_does_not_fit_together_is_said_and_kept_in_the_form(house: House) -> None:
    writer = house.browser(Role.ADMINISTRATOR)
    writer.text("/dashboard/campaigns/new")
    answer = writer.post("/dashboard/campaigns/save", FORM | {"text": ""})
    assert answer.status_code == 200
    assert "chưa có nội dung" in answer.text
    assert 'value="An toàn mạng"' in answer.text
    assert house.reading(lambda session: session.exec(select(Campaign)).all()) == []


def test_nobody_writes_to_or_sees_people_of_another_commune(house: House) -> None:
    writer = house.browser(Role.ADMINISTRATOR)
    writer.text("/dashboard/campaigns/new")
    answer = writer.post("/dashboard/campaigns/save", FORM | {"commune": FOREIGN})
    assert answer.status_code == 403
    assert house.reading(lambda session: session.exec(select(Campaign)).all()) == []
    other = house.browser(Role.ADMINISTRATOR, FOREIGN)
    writer.text("/dashboard/campaigns/new")
    writer.post("/dashboard/campaigns/save", FORM)
    assert other.get("/dashboard/campaigns/1").status_code == 403
    assert other.get("/dashboard/campaigns/1/not-reached.csv").status_code == 403
    assert "An toàn mạng" not in other.text("/dashboard/campaigns")


def test_one_click_makes_a_draft_of_the_calendar(house: House) -> None:
    writer = house.browser(Role.ADMINISTRATOR)
    page = writer.text("/dashboard/campaigns/calendar")
    key = page.split('name="key" value="')[1].split('"')[0]
    writer.post("/dashboard/campaigns/calendar", {"key": key, "unit": HOME})
    made = house.reading(only)
    assert made.state == "draft"
    assert made.asset
    assert writer.get("/dashboard/campaigns/1/picture").mimetype == "image/png"
    writer.post("/dashboard/campaigns/calendar", {"key": key, "unit": FOREIGN})
    assert house.reading(only)  # still one


def test_the_audience_is_counted_while_composing_by_the_query_of_the_dry_run(
    house: House,
) -> None:
    peopled(house)
    with house.database.writing() as session:  # only connected accounts count
        session.get_one(Account, "oa-1").refresh_token_sealed = "x"
    writer = house.browser(Role.ADMINISTRATOR)
    assert "Nhóm này có 1 người" in writer.text("/dashboard/campaigns/new")
    whole = writer.post("/dashboard/campaigns/count", FORM)
    assert "Nhóm này có 1 người" in whole.text
    assert FORM["text"] in whole.text  # nothing typed is lost
    elsewhere = FORM | {"commune": FOREIGN}
    part = writer.post("/dashboard/campaigns/count", elsewhere, headers={"X-Part": "1"})
    assert "Chưa có ai" in part.text
    assert "<form" not in part.text
    assert house.reading(lambda session: session.exec(select(Campaign)).all()) == []
