"""Closed periods keep their bytes; what changes later is a new version with a reason."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from bot.db import Database
from bot.duties.closing import (
    NotOverError,
    close,
    due_to_close,
    is_closed,
    revise,
)
from bot.duties.periods import parse_period
from bot.duties.table.cells import CellState
from bot.duties.table.table import (
    NoPlanError,
    SpoiltVersionError,
    frozen,
    table_of,
    thawed,
)
from bot.people import audit
from models import (
    AdminUnit,
    AuditEntry,
    Cadence,
    PeriodVersion,
    PlanDuty,
    ProofState,
)
from scheduler.clockwork import Workshop
from scheduler.periods import close_periods
from tests.duties.office import (
    PLAN,
    WEEK,
    add_assignment,
    add_duty,
    add_plan,
    add_proof,
    add_unit,
    at,
    report,
)

PERIOD = parse_period(WEEK)
AFTER = at("2026-11-25")
HOA = "p0123456789ab"


@pytest.fixture
def duty(session: Session) -> PlanDuty:
    add_plan(session)
    add_unit(session)
    duty = add_duty(session)
    add_assignment(session, duty)
    return duty


def test_a_running_week_cannot_be_closed(session: Session, duty: PlanDuty) -> None:
    with pytest.raises(NotOverError):
        close(session, PERIOD, HOA, at("2026-11-22", 23))
    assert not is_closed(session, PERIOD)


def test_closing_freezes_the_table_and_is_written_down(
    session: Session, duty: PlanDuty
) -> None:
    add_proof(session, duty)
    made = close(session, PERIOD, HOA, AFTER)
    assert (made.version, made.closed_by, len(made.sha256)) == (1, HOA, 64)
    assert table_of(session, PERIOD, AFTER).version == 1
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.actor) == ("period.close", HOA)
    assert entry.detail == {"version": 1, "sha256": made.sha256}
    assert close(session, PERIOD, HOA, AFTER).version == 1  # once is enough
    assert audit.verify(session) is None


def test_a_frozen_table_reads_back_as_it_was(session: Session, duty: PlanDuty) -> None:
    add_proof(session, duty)
    report(session, duty, 0)
    live = table_of(session, PERIOD, AFTER)
    made = close(session, PERIOD, HOA, AFTER)
    back = thawed(made)
    assert (back.cells, back.proofs, back.units) == (
        live.cells,
        live.proofs,
        live.units,
    )
    assert frozen(back) == made.content == frozen(live)


def test_what_comes_later_does_not_touch_a_closed_period(
    session: Session, duty: PlanDuty
) -> None:
    close(session, PERIOD, HOA, AFTER)
    add_proof(session, duty)
    unit = session.get_one(AdminUnit, "xa_a")
    unit.name, unit.valid_to = "Tên khác", date(2026, 11, 1)
    session.flush()
    table = table_of(session, PERIOD, at("2027-01-01"))
    assert [cell.state for cell in table.cells] == [CellState.MISSING]
    assert [unit.name for unit in table.units] == ["Xã A"]


def test_a_late_proof_makes_a_second_version_with_its_reason(
    session: Session, duty: PlanDuty
) -> None:
    first = close(session, PERIOD, HOA, AFTER).content
    proof = add_proof(session, duty, received_at=AFTER, state=ProofState.OK)
    proof.state = ProofState.ACCEPTED
    session.flush()
    made = revise(session, PERIOD, "loa hỏng, gửi bù", HOA, AFTER)
    assert made is not None
    assert (made.version, made.reason) == (2, "loa hỏng, gửi bù")
    newest = table_of(session, PERIOD, AFTER)
    assert (newest.version, newest.cells[0].state) == (2, CellState.LATE)
    old = table_of(session, PERIOD, AFTER, version=1)
    assert (old.cells[0].state, frozen(old)) == (CellState.MISSING, first)


def test_nothing_new_makes_no_version_and_a_reason_is_needed(
    session: Session, duty: PlanDuty
) -> None:
    assert revise(session, PERIOD, "chưa khóa", HOA, AFTER) is None
    close(session, PERIOD, HOA, AFTER)
    assert revise(session, PERIOD, "không có gì", HOA, AFTER) is None
    add_proof(session, duty)
    with pytest.raises(ValueError, match="reason"):
        revise(session, PERIOD, "  ", HOA, AFTER)


def test_a_version_that_was_tampered_with_is_refused(
    session: Session, duty: PlanDuty
) -> None:
    made = close(session, PERIOD, HOA, AFTER)
    made.content = made.content.replace("missing", "on_time")
    session.flush()
    with pytest.raises(SpoiltVersionError):
        table_of(session, PERIOD, AFTER)


def test_a_version_that_does_not_exist_and_a_period_without_plan_are_named(
    session: Session, duty: PlanDuty
) -> None:
    with pytest.raises(NoPlanError, match="no version 3"):
        table_of(session, PERIOD, AFTER, version=3)
    with pytest.raises(NoPlanError, match="no plan"):
        table_of(session, parse_period("2030-W01"), AFTER)


# --- by itself ------------------------------------------------------------------------------


def test_the_program_closes_ten_days_after_the_end(
    session: Session, duty: PlanDuty
) -> None:
    add_proof(session, duty)
    assert due_to_close(session, at("2026-12-02")) == []
    assert due_to_close(session, at("2026-12-03")) == [PERIOD]


def test_weeks_before_the_first_report_are_left_alone(
    session: Session, duty: PlanDuty
) -> None:
    assert due_to_close(session, at("2026-12-30")) == []
    add_proof(session, duty)
    closing = due_to_close(session, at("2026-12-30"))
    assert [period.key for period in closing] == [
        WEEK,
        "2026-W48",
        "2026-W49",
        "2026-W50",
    ]


def test_only_cadences_with_duties_are_closed_and_once(
    session: Session, duty: PlanDuty
) -> None:
    add_duty(session, "II-3.3b", cadence=Cadence.MONTHLY)
    add_proof(session, duty)
    now = at("2026-12-14")
    keys = [period.key for period in due_to_close(session, now)]
    assert keys == [WEEK, "2026-W48", "2026-11"]
    for period in due_to_close(session, now):
        close(session, period, audit.PROGRAM, now)
    assert due_to_close(session, now) == []


def test_the_grace_of_a_long_holiday_is_waited_for(
    session: Session, duty: PlanDuty
) -> None:
    """The week before Tết 2026 ends on 15 February; a report is on time until the 23rd."""
    duty.grace_days = 5
    add_proof(session, duty, period="2026-W07", received_at=at("2026-02-10"))
    week = parse_period("2026-W07")
    assert week in due_to_close(session, at("2026-02-26"))
    duty.grace_days = 12  # Friday 27 February
    session.flush()
    assert week not in due_to_close(session, at("2026-02-27"))
    assert week in due_to_close(session, at("2026-02-28"))


def test_the_clock_closes_what_is_due(workshop: Workshop, database: Database) -> None:
    with database.writing() as session:
        add_plan(session)
        add_unit(session)
        add_assignment(session, duty := add_duty(session))
        add_proof(session, duty)
    assert close_periods(workshop, at("2026-12-04")) == {"closed": 1}
    assert close_periods(workshop, at("2026-12-04")) == {"closed": 0}
    with database.reading() as session:
        stored = session.exec(select(PeriodVersion)).one()
    found = (stored.plan_id, stored.period, stored.closed_by)
    assert found == (PLAN, WEEK, audit.PROGRAM)
