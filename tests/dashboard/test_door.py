"""In by a link that works once, out by a button, by time, by losing the role."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
import time_machine
from sqlmodel import col, select

from bot.people import joining, logins
from building.demo import seat_demo_officials
from models import AuditEntry, DashboardSession, LoginLink, Official, Role
from tests.chat import Chat, Town
from tests.dashboard.conftest import HOME, House


def test_a_link_lets_in_once(house: House) -> None:
    link = house.link(house.official(Role.SUPERVISOR))
    first, second = house.stranger(), house.stranger()
    first.get(link), second.get(link)
    entered = first.post(link)
    assert entered.status_code == 302
    assert entered.headers["Location"] == "/dashboard/"
    assert "supervisor xa_tan_lan" in first.text("/dashboard/")
    refused = second.post(link)
    assert refused.status_code == 403
    assert "đã dùng rồi" in refused.text
    assert second.get("/dashboard/").headers["Location"] == "/dashboard/login"


def test_looking_at_a_link_uses_nothing_up(house: House) -> None:
    link = house.link(house.official(Role.OFFICIAL))
    for _ in range(3):  # previews
        assert house.stranger().get(link).status_code == 200
    browser = house.stranger()
    browser.get(link)
    assert browser.post(link).status_code == 302


def test_a_link_ends_after_five_minutes_and_with_the_next_one(house: House) -> None:
    person = house.official(Role.OFFICIAL)
    old, new = house.link(person), house.link(person)
    browser = house.stranger()
    browser.get(old)
    assert browser.post(old).status_code == 403
    with time_machine.travel(house.now + timedelta(minutes=5, seconds=1), tick=False):
        assert "quá 5 phút" in browser.post(new).text


def test_a_made_up_link_is_refused(house: House) -> None:
    browser = house.stranger()
    browser.get("/dashboard/login/nonsense")
    assert "Không nhận ra" in browser.post("/dashboard/login/nonsense").text


def test_guessing_is_stopped(house: House) -> None:
    browser = house.stranger()
    browser.get("/dashboard/login")
    answers = [browser.get(f"/dashboard/login/{n}").status_code for n in range(40)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_only_digests_are_stored(house: House) -> None:
    link = house.link(house.official(Role.OFFICIAL))
    browser = house.stranger()
    browser.get(link)
    browser.post(link)
    token = link.rpartition("/")[2]
    stored = house.reading(
        lambda s: (
            [row.token_sha256 for row in s.exec(select(LoginLink))]
            + [row.key_sha256 for row in s.exec(select(DashboardSession))]
        )
    )
    assert len(stored) == 2
    assert token not in stored
    assert all(len(one) == 64 for one in stored)


def test_the_cookie_is_new_after_entering(house: House) -> None:
    link = house.link(house.official(Role.OFFICIAL))
    browser = house.stranger()
    before = _cookie(browser.get(link))
    after = _cookie(browser.post(link))
    assert after["dashboard"].value != before["dashboard"].value
    assert after["dashboard"]["httponly"]
    assert after["dashboard"]["samesite"] == "Lax"
    assert after["dashboard"]["path"] == "/dashboard"


def _cookie(answer: object) -> SimpleCookie:
    return SimpleCookie(answer.headers["Set-Cookie"])  # type: ignore[attr-defined]


def test_going_out_ends_the_session_for_every_copy_of_the_cookie(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR)
    stolen = house.stranger()
    cookie = browser.client.get_cookie("dashboard", path="/dashboard")
    assert cookie is not None
    stolen.client.set_cookie("dashboard", cookie.value, path="/dashboard")
    assert stolen.get("/dashboard/").status_code == 200
    assert browser.post("/dashboard/logout").status_code == 302
    assert stolen.get("/dashboard/").status_code == 302


@pytest.mark.parametrize(
    ("gap", "rounds"), [(timedelta(minutes=61), 1), (timedelta(minutes=50), 10)]
)
def test_a_session_ends_when_nobody_looks_and_after_a_working_day(
    house: House, gap: timedelta, rounds: int
) -> None:
    browser, now = house.browser(Role.OFFICIAL), house.now
    answers = []
    for number in range(1, rounds + 1):
        with time_machine.travel(now + number * gap, tick=False):
            answers.append(browser.get("/dashboard/").status_code)
    assert answers == ([302] if rounds == 1 else [200] * 9 + [302])


def test_a_session_ends_with_the_role(house: House) -> None:
    person = house.official(Role.SUPERVISOR)
    browser = house.let_in(person)
    with house.database.writing() as session:
        him = session.get_one(Official, person.id)
        joining.leave(session, him, HOME, "operator", house.now, house.now.date())
    assert browser.get("/dashboard/").status_code == 302
    assert house.reading(lambda s: s.exec(select(DashboardSession)).all()) == []
    link = "/dashboard/login/x"
    assert browser.get(link).status_code == 200


def test_who_came_and_went_is_in_the_audit_log(house: House) -> None:
    person = house.official(Role.OFFICIAL)
    house.let_in(person).post("/dashboard/logout")
    actions = house.reading(
        lambda s: s.exec(
            select(AuditEntry.action)
            .where(col(AuditEntry.subject) == f"official:{person.pseudonym}")
            .order_by(col(AuditEntry.id))
        ).all()
    )
    assert actions[-3:] == ["login.link_made", "login.entered", "login.left"]


def test_nobody_gets_a_link_before_he_has_joined(house: House) -> None:
    with house.database.writing() as session:
        person = joining.enrol(session, "Hoa", house.now)
        with pytest.raises(ValueError, match="has not joined"):
            logins.make_link(session, person, "operator", house.now)


def test_an_official_asks_in_the_chat(town: Town) -> None:
    _seat(town)
    (said,) = town.chat_of("ong-sau").says("bang dieu khien")
    link = next(line for line in said.splitlines() if line.startswith("http"))
    page = town.chat_of("ong-sau").http.get(link, timeout=10)
    assert page.status_code == 200
    assert "Vào bảng điều khiển" in page.text


def test_a_citizen_gets_no_link(chat: Chat) -> None:
    said = " ".join(chat.says("bảng điều khiển"))
    assert "/dashboard/login" not in said
    assert "mã mời" in said


def _seat(town: Town) -> None:
    seat_demo_officials(town.database, town.settings, town.simulator)
