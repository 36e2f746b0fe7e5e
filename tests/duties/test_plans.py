"""Who owes what, when units and plans come and go within a period."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session

from bot.duties.periods import parse_period
from bot.duties.plans import obligations, plan_of
from bot.duties.table.cells import week_table
from bot.duties.table.table import live_table
from models import Cadence, PlanDuty
from tests.duties.office import (
    add_assignment,
    add_duty,
    add_plan,
    add_proof,
    add_unit,
    at,
)

# Thursday of week 27; the merger takes effect on Wednesday 1 July 2026.
LAST_OLD_DAY, FIRST_NEW_DAY = date(2026, 6, 30), date(2026, 7, 1)
MERGER_WEEK = "2026-W27"
NOW = at("2026-08-01")


def merged(session: Session) -> PlanDuty:
    """Two units become one in mid-week; each owns the weekly duty while it lives."""
    add_plan(session)
    duty = add_duty(session)
    for code in ("cu_a", "cu_b"):
        add_unit(session, code, f"Xã {code}", valid_to=LAST_OLD_DAY)
        add_assignment(session, duty, code)
    add_unit(session, "moi", "Xã Mới", valid_from=FIRST_NEW_DAY)
    add_assignment(session, duty, "moi", valid_from=FIRST_NEW_DAY)
    return duty


def owing(session: Session, period: str) -> list[str]:
    return [one.unit_code for one in obligations(session, parse_period(period))]


def test_the_week_of_a_merger_is_owed_by_whom_it_leaves(session: Session) -> None:
    merged(session)
    assert owing(session, "2026-W26") == ["cu_a", "cu_b"]
    assert owing(session, MERGER_WEEK) == ["moi"]


def test_what_old_units_showed_in_that_week_stays_theirs(session: Session) -> None:
    duty = merged(session)
    day = {"period": MERGER_WEEK, "published_on": date(2026, 6, 29)}
    add_proof(session, duty, "cu_a", received_at=at("2026-06-29"), **day)
    table = live_table(session, parse_period(MERGER_WEEK), NOW)
    assert [(c.unit_code, c.credited) for c in table.cells] == [("moi", 0)]
    (row,) = table.progress
    assert (row.unit_code, row.accepted, row.is_owed) == ("cu_a", 1, False)
    assert [unit.name for unit in table.units] == ["Xã cu_a", "Xã Mới"]


def test_an_assignment_that_ended_in_the_week_owes_it_no_longer(
    session: Session,
) -> None:
    add_plan(session)
    add_unit(session)
    duty = add_duty(session)
    add_assignment(session, duty, valid_to=date(2026, 7, 4))  # a Saturday
    assert owing(session, "2026-W26") == ["xa_a"]
    assert owing(session, MERGER_WEEK) == []


def test_a_plan_that_ends_in_the_year_asks_for_nothing_and_forgets_nothing(
    session: Session,
) -> None:
    add_plan(session, valid_to=LAST_OLD_DAY)
    add_unit(session, valid_to=LAST_OLD_DAY)
    duty = add_duty(session, cadence=Cadence.YEARLY, channels=[])
    add_assignment(session, duty)
    add_proof(session, duty, period="2026", published_on=date(2026, 3, 1))
    period = parse_period("2026")
    assert week_table(session, period, NOW) == []
    (row,) = live_table(session, period, NOW).progress
    assert (row.unit_code, row.accepted, row.is_owed) == ("xa_a", 1, True)


def test_the_week_of_new_year_belongs_to_the_plan_of_its_sunday(
    session: Session,
) -> None:
    add_plan(session)
    add_plan(
        session, id="2027", valid_from=date(2027, 1, 1), valid_to=date(2027, 12, 31)
    )
    for week, plan_id in (("2026-W52", "2026"), ("2026-W53", "2027")):
        plan = plan_of(session, parse_period(week))
        assert plan is not None
        assert plan.id == plan_id


def test_what_is_done_once_falls_due_with_its_year(session: Session) -> None:
    add_plan(session)
    add_unit(session)
    add_assignment(session, add_duty(session, cadence=Cadence.ONCE))
    assert owing(session, "2026") == ["xa_a"]
    assert owing(session, MERGER_WEEK) == []
