"""Exemptions are asked for, granted, refused and ended, each with a reason, each once."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from bot.duties import exemptions
from bot.duties.exemptions import NotOpenError
from bot.people import audit
from models import AuditEntry, Exemption, ExemptionState, Official
from tests.duties.office import PLAN, WEEK, add_official, at

NOW = at("2026-11-20")


@pytest.fixture
def lan(session: Session) -> Official:
    return add_official(session, "Lan")


@pytest.fixture
def hoa(session: Session) -> Official:
    return add_official(session, "Hoa")


def ask(
    session: Session, official: Official, reason: str = "loa đang sửa"
) -> Exemption:
    return exemptions.ask(
        session,
        plan_id=PLAN,
        duty_id="II-2.3",
        unit_code="xa_a",
        period=WEEK,
        reason=reason,
        official=official,
        now=NOW,
    )


def test_asking_granting_and_ending_are_written_down(
    session: Session, lan: Official, hoa: Official
) -> None:
    asked = ask(session, lan)
    assert exemptions.asked_for(session, ["xa_a"]) == [asked]
    exemptions.grant(session, asked, hoa, NOW)
    found = exemptions.granted(session, [WEEK])
    assert found["xa_a", "II-2.3", WEEK].decided_by == hoa.pseudonym
    exemptions.end(session, asked, hoa, "loa đã sửa xong", NOW)
    assert exemptions.granted(session, [WEEK]) == {}
    assert (asked.state, asked.reason) == (ExemptionState.ENDED, "loa đã sửa xong")
    entries = session.exec(select(AuditEntry)).all()
    assert [(one.action, one.actor) for one in entries] == [
        ("exemption.ask", lan.pseudonym),
        ("exemption.grant", hoa.pseudonym),
        ("exemption.end", hoa.pseudonym),
    ]
    assert "loa" not in str([one.detail for one in entries])
    assert audit.verify(session) is None


def test_refused_says_why_and_can_be_asked_again(
    session: Session, lan: Official, hoa: Official
) -> None:
    asked = ask(session, lan)
    exemptions.refuse(session, asked, hoa, "xã còn loa ở ấp 2", NOW)
    assert (asked.state, asked.reason) == (
        ExemptionState.REFUSED,
        "xã còn loa ở ấp 2",
    )
    assert exemptions.asked_for(session, ["xa_a"]) == []
    assert ask(session, lan).id != asked.id


def test_asking_twice_is_one_request(session: Session, lan: Official) -> None:
    assert ask(session, lan).id == ask(session, lan, "lý do khác").id


def test_the_second_of_two_supervisors_is_told(
    session: Session, lan: Official, hoa: Official
) -> None:
    asked = ask(session, lan)
    exemptions.grant(session, asked, hoa, NOW)
    with pytest.raises(NotOpenError):
        exemptions.refuse(session, asked, hoa, "không", NOW)
    with pytest.raises(NotOpenError):
        exemptions.grant(session, asked, hoa, NOW)
    assert asked.state == ExemptionState.GRANTED


def test_an_empty_reason_is_no_reason(session: Session, lan: Official) -> None:
    with pytest.raises(ValueError, match="reason"):
        ask(session, lan, "  ")


def test_other_units_requests_are_not_shown(session: Session, lan: Official) -> None:
    ask(session, lan)
    assert exemptions.asked_for(session, ["xa_b"]) == []
    assert exemptions.granted(session, [WEEK], []) == {}
