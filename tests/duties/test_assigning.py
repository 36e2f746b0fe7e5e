"""Duties are given and taken back by date; the past stays as it was."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from bot.duties.assigning import (
    NotAssignableError,
    assign,
    assignment_on,
    unassign,
)
from bot.duties.periods import parse_period
from bot.duties.plans import obligations
from bot.people import audit
from models import Assignment, AuditEntry, Origin
from tests.duties.office import PLAN, add_duty, add_plan, add_unit, at

NOW = at("2026-11-20")
MONDAY, SUNDAY = date(2026, 11, 16), date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _office(session: Session) -> None:
    """A duty that nobody owns yet ("chưa giao")."""
    add_plan(session)
    add_unit(session, valid_to=date(2026, 12, 20))
    add_duty(session)


def give(
    session: Session,
    since_on: date = MONDAY,
    *,
    duty_id: str = "II-2.3",
    unit_code: str = "xa_a",
) -> Assignment:
    return assign(
        session,
        PLAN,
        duty_id,
        unit_code,
        by=audit.OPERATOR,
        since_on=since_on,
        now=NOW,
    )


def owing(session: Session, week: str) -> list[str]:
    return [one.unit_code for one in obligations(session, parse_period(week))]


def test_an_assigned_duty_is_owed_from_its_day_on(session: Session) -> None:
    given = give(session)
    assert (owing(session, "2026-W46"), owing(session, "2026-W47")) == ([], ["xa_a"])
    assert (given.origin, given.valid_to) == (Origin.LOCAL, date(2026, 12, 31))
    assert session.exec(select(AuditEntry.action)).all() == ["duty.assign"]


def test_taken_back_it_is_still_owed_for_the_time_before(session: Session) -> None:
    given = give(session)
    unassign(session, given, by=audit.OPERATOR, until_on=SUNDAY, now=NOW)
    assert (owing(session, "2026-W47"), owing(session, "2026-W48")) == (["xa_a"], [])
    assert assignment_on(session, PLAN, "II-2.3", "xa_a", MONDAY) == given
    assert assignment_on(session, PLAN, "II-2.3", "xa_a", date(2026, 11, 23)) is None


def test_given_again_later_it_keeps_both_times(session: Session) -> None:
    first = give(session)
    unassign(session, first, by=audit.OPERATOR, until_on=SUNDAY, now=NOW)
    second = give(session, date(2026, 11, 30))
    assert second.id == f"{first.id}@2026-11-30"
    weeks = ("2026-W47", "2026-W48", "2026-W49")
    assert [owing(session, week) for week in weeks] == [["xa_a"], [], ["xa_a"]]


@pytest.mark.parametrize(
    ("since_on", "duty_id", "unit_code", "reason"),
    [
        (MONDAY, "II-9", "xa_a", "no duty"),
        (MONDAY, "II-2.3", "xa_x", "no unit"),
        (date(2026, 12, 28), "II-2.3", "xa_a", "no unit in force"),
        (date(2027, 1, 1), "II-2.3", "xa_a", "outside plan"),
    ],
)
def test_what_cannot_be_assigned_is_refused_with_the_reason(
    session: Session, since_on: date, duty_id: str, unit_code: str, reason: str
) -> None:
    with pytest.raises(NotAssignableError, match=reason):
        give(session, since_on, duty_id=duty_id, unit_code=unit_code)


def test_a_duty_is_owned_once_at_a_time(session: Session) -> None:
    give(session)
    with pytest.raises(NotAssignableError, match="already"):
        give(session, SUNDAY)


def test_it_cannot_end_before_it_began(session: Session) -> None:
    given = give(session)
    with pytest.raises(NotAssignableError, match="begins on"):
        unassign(session, given, by=audit.OPERATOR, until_on=date(2026, 11, 1), now=NOW)
