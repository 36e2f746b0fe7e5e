"""The state of a cell, from what was sent, when, and what became of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from bot.duties import exemptions
from bot.duties.periods import parse_period
from bot.duties.table.cells import (
    Cell,
    CellState,
    cell_of,
    judge,
    open_cells,
    streak,
    unit_history,
    week_table,
)
from bot.duties.table.tallies import Tally
from models import (
    Cadence,
    Channel,
    Counting,
    EvidenceKind,
    Official,
    PlanDuty,
    Proof,
    ProofState,
    StoredFile,
)
from tests.duties.office import (
    WEEK,
    add_assignment,
    add_duty,
    add_official,
    add_plan,
    add_proof,
    add_unit,
    at,
    report,
)

DURING = at("2026-11-20")  # Friday of week 47
IN_GRACE = at("2026-11-23")  # Monday: over, a report is still on time
AFTER = at("2026-11-25")


@pytest.fixture
def duty(session: Session) -> PlanDuty:
    """One unit that owes one broadcast a week."""
    add_plan(session)
    add_unit(session)
    duty = add_duty(session)
    add_assignment(session, duty)
    return duty


def the_cell(session: Session, now: datetime, period: str = WEEK) -> Cell:
    (cell,) = week_table(session, parse_period(period), now)
    return cell


# --- states ---------------------------------------------------------------------------------


def test_nothing_sent_is_not_due_until_the_week_is_over(
    session: Session, duty: PlanDuty
) -> None:
    assert the_cell(session, at("2026-11-22", 23)).state == CellState.NOT_DUE
    assert the_cell(session, at("2026-11-23", 0)).state == CellState.MISSING


def test_posted_and_received_in_the_week_is_on_time(
    session: Session, duty: PlanDuty
) -> None:
    add_proof(session, duty)
    cell = the_cell(session, DURING)
    assert (cell.state, cell.credited, cell.quota) == (CellState.ON_TIME, 1, 1)


def test_received_on_the_last_day_of_grace_is_on_time(
    session: Session, duty: PlanDuty
) -> None:
    """Monday 23 November is followed by a public holiday, which changes nothing."""
    add_proof(session, duty, received_at=at("2026-11-23", 23))
    assert the_cell(session, AFTER).state == CellState.ON_TIME


def test_received_after_the_grace_is_late(session: Session, duty: PlanDuty) -> None:
    add_proof(session, duty, received_at=at("2026-11-24", 0))
    assert the_cell(session, AFTER).state == CellState.LATE


def test_posted_after_the_week_is_late_however_soon_it_was_sent(
    session: Session, duty: PlanDuty
) -> None:
    late: dict[str, Any] = {
        "published_on": date(2026, 11, 23),
        "received_at": at("2026-11-23"),
    }
    add_proof(session, duty, **late)
    assert the_cell(session, IN_GRACE).state == CellState.LATE


def test_a_picture_that_does_not_say_when_goes_by_its_arrival(
    session: Session, duty: PlanDuty
) -> None:
    add_proof(session, duty, kind=EvidenceKind.PICTURE, published_on=None)
    assert the_cell(session, AFTER).state == CellState.ON_TIME


@pytest.mark.parametrize("state", ["received", "ok", "doubtful"])
def test_what_waits_for_a_decision_is_not_credited_yet(
    session: Session, duty: PlanDuty, state: str
) -> None:
    add_proof(session, duty, state=state)
    cell = the_cell(session, AFTER)
    assert (cell.state, cell.credited) == (CellState.WAITING_REVIEW, 0)
    assert (cell.waiting, cell.lacking) == (1, 0)


@pytest.mark.parametrize("state", ["failed", "rejected", "withdrawn"])
def test_what_was_refused_counts_for_nothing(
    session: Session, duty: PlanDuty, state: str
) -> None:
    add_proof(session, duty, state=state)
    cell = the_cell(session, AFTER)
    assert (cell.state, cell.has_report) == (CellState.MISSING, False)


def test_exempt_says_who_and_why(session: Session, duty: PlanDuty) -> None:
    hoa = add_official(session, "Hoa")
    exemption = ask(session, duty, hoa)
    assert the_cell(session, AFTER).state == CellState.MISSING
    exemptions.grant(session, exemption, hoa, AFTER)
    cell = the_cell(session, AFTER)
    assert cell.state == CellState.EXEMPT
    assert (cell.exempt_by, cell.exempt_reason) == (hoa.pseudonym, "mất điện cả tuần")


def ask(session: Session, duty: PlanDuty, official: Official) -> Any:
    return exemptions.ask(
        session,
        plan_id=duty.plan_id,
        duty_id=duty.duty_id,
        unit_code="xa_a",
        period=WEEK,
        reason="mất điện cả tuần",
        official=official,
        now=DURING,
    )


def test_reported_zero_is_not_silence(session: Session, duty: PlanDuty) -> None:
    silent = the_cell(session, AFTER)
    report(session, duty, 0)
    cell = the_cell(session, AFTER)
    assert (silent.reported_zero, silent.has_report) == (False, False)
    assert (cell.reported_zero, cell.has_report) == (True, True)
    assert cell.state == CellState.MISSING


# --- counting -------------------------------------------------------------------------------


def test_more_than_the_quota_is_shown_apart(session: Session, duty: PlanDuty) -> None:
    for _ in range(3):
        add_proof(session, duty)
    cell = the_cell(session, AFTER)
    assert (cell.credited, cell.quota, cell.extra) == (1, 1, 2)


def test_one_link_sent_twice_counts_once(session: Session, duty: PlanDuty) -> None:
    duty.quota = 2
    for _ in range(2):
        add_proof(session, duty, canonical_url="https://xa-a.example.vn/tin")
    cell = the_cell(session, AFTER)
    assert (cell.credited, cell.state) == (1, CellState.MISSING)


def test_one_link_does_not_count_for_a_second_week(
    session: Session, duty: PlanDuty
) -> None:
    link = {"canonical_url": "https://xa-a.example.vn/tin"}
    first = add_proof(session, duty, period="2026-W46", **link)
    add_proof(session, duty, **link)
    assert the_cell(session, AFTER).credited == 0
    first.state = ProofState.REJECTED  # then the second is the first
    session.flush()
    assert the_cell(session, AFTER).credited == 1


def test_one_file_counts_once_in_a_duty_and_again_in_another(
    session: Session, duty: PlanDuty
) -> None:
    digest = "a" * 64
    session.add(
        StoredFile(
            sha256=digest, media_type="audio/mp4", size_bytes=1, created_at=DURING
        )
    )
    other = add_duty(session, "II-2.1b")
    add_assignment(session, other)
    sound: dict[str, Any] = {"canonical_url": None, "url": None, "file_sha256": digest}
    add_proof(session, duty, period="2026-W46", **sound)
    add_proof(session, duty, **sound)
    add_proof(session, other, **sound)
    cells = week_table(session, parse_period(WEEK), AFTER)
    assert {cell.duty_id: cell.credited for cell in cells} == {
        "II-2.3": 0,
        "II-2.1b": 1,
    }


def test_each_channel_has_a_cell_of_its_own(session: Session, duty: PlanDuty) -> None:
    duty.channels = [Channel.WEBSITE, Channel.ZALO_OA]
    add_proof(session, duty, channel=Channel.ZALO_OA)
    cells = week_table(session, parse_period(WEEK), AFTER)
    assert [(cell.channel, cell.state) for cell in cells] == [
        ("website", CellState.MISSING),
        ("zalo_oa", CellState.ON_TIME),
    ]


def test_channels_can_share_one_quota(session: Session, duty: PlanDuty) -> None:
    duty.channels = [Channel.WEBSITE, Channel.ZALO_OA]
    duty.counts_per_channel, duty.quota = False, 2
    add_proof(session, duty, channel=Channel.ZALO_OA)
    add_proof(session, duty, channel=Channel.WEBSITE)
    cell = the_cell(session, AFTER)
    assert (cell.channel, cell.credited) == ("", 2)
    assert cell_of(session, "xa_a", duty.duty_id, "website", WEEK, AFTER) == cell


def test_two_of_two_need_both_in_time(session: Session, duty: PlanDuty) -> None:
    duty.quota = 2
    add_proof(session, duty)
    add_proof(session, duty, received_at=at("2026-11-24"))
    assert the_cell(session, AFTER).state == CellState.LATE
    add_proof(session, duty)  # a third, in time: two of the three are
    assert the_cell(session, AFTER).state == CellState.ON_TIME


def test_a_duty_without_a_number_has_no_cell(session: Session, duty: PlanDuty) -> None:
    duty.quota = None
    assert week_table(session, parse_period(WEEK), AFTER) == []


# --- ratios -----------------------------------------------------------------------------


@pytest.fixture
def schools(session: Session, duty: PlanDuty) -> PlanDuty:
    duty.counting, duty.quota, duty.channels = Counting.RATIO, 100, []
    session.flush()
    return duty


@pytest.mark.parametrize(
    ("done", "total", "credited", "state"),
    [
        (45, 60, 75, CellState.MISSING),
        (999, 1000, 99, CellState.MISSING),
        (60, 60, 100, CellState.ON_TIME),
        (70, 60, 100, CellState.ON_TIME),  # S flags it; here it is never above 100
        (0, 0, 0, CellState.MISSING),
        (0, 60, 0, CellState.MISSING),
    ],
)
def test_a_ratio_is_met_by_all_of_them(
    session: Session,
    schools: PlanDuty,
    done: int,
    total: int,
    credited: int,
    state: CellState,
) -> None:
    report(session, schools, done, total)
    cell = the_cell(session, AFTER)
    assert (cell.credited, cell.state) == (credited, state)
    assert (cell.done, cell.total) == (done, total)


def test_the_newest_report_of_a_ratio_counts(
    session: Session, schools: PlanDuty
) -> None:
    report(session, schools, 60, 60)
    report(session, schools, 59, 60)  # corrected
    assert the_cell(session, AFTER).credited == 98


def test_a_ratio_that_waits_is_not_credited(
    session: Session, schools: PlanDuty
) -> None:
    report(session, schools, 45, 60)
    report(session, schools, 60, 60, state=ProofState.OK)
    cell = the_cell(session, AFTER)
    assert (cell.credited, cell.state) == (75, CellState.WAITING_REVIEW)


@given(st.integers(1, 100), *[st.integers(0, 300)] * 3)
def test_no_rate_is_above_one_and_every_cell_has_a_state(
    quota: int, timely: int, more: int, waiting: int
) -> None:
    tally = Tally(counted=timely + more, timely=timely, waiting=waiting)
    state = judge(quota, tally, is_exempt=False, is_past_due=True)
    assert (state == CellState.ON_TIME) == (timely >= quota)
    assert (state in ("on_time", "late")) == (timely + more >= quota)


# --- what chat and reminders ask -------------------------------------------------------


def test_open_cells_are_those_that_can_still_be_done(
    session: Session, duty: PlanDuty
) -> None:
    monthly = add_duty(
        session, "II-3.3b", cadence=Cadence.MONTHLY, channels=[Channel.WEBSITE]
    )
    add_assignment(session, monthly)
    add_proof(session, duty)
    found = [
        (cell.duty_id, cell.period) for cell in open_cells(session, "xa_a", DURING)
    ]
    assert found == [
        ("II-3.3b", "2026-10"),
        ("II-2.3", "2026-W46"),
        ("II-3.3b", "2026-11"),
    ]


def test_a_unit_that_owes_nothing_has_no_open_cells(
    session: Session, duty: PlanDuty
) -> None:
    add_unit(session, "xa_b", "Xã B")
    assert open_cells(session, "xa_b", DURING) == []
    assert cell_of(session, "xa_b", duty.duty_id, "radio", WEEK, DURING) is None


def test_a_streak_counts_weeks_done_on_time(session: Session, duty: PlanDuty) -> None:
    for week in ("2026-W43", "2026-W45", "2026-W46"):
        add_week(session, duty, week)
    history = unit_history(session, "xa_a", 6, DURING)
    assert [period.key for period, _ in history][-2:] == ["2026-W46", WEEK]
    assert streak(history) == 2  # this week is not over, week 44 is missing
    add_week(session, duty, WEEK)
    assert streak(unit_history(session, "xa_a", 6, DURING)) == 3


def add_week(session: Session, duty: PlanDuty, week: str) -> Proof:
    first = parse_period(week).first
    when = at(first.isoformat())
    return add_proof(session, duty, period=week, published_on=first, received_at=when)


def test_plain_utc_is_refused_because_weeks_would_begin_at_seven(
    session: Session, duty: PlanDuty
) -> None:
    with pytest.raises(TypeError):
        week_table(session, parse_period(WEEK), datetime(2026, 11, 20, tzinfo=UTC))


def test_a_post_of_sunday_night_belongs_to_the_local_week(
    session: Session, duty: PlanDuty
) -> None:
    """23:30 on Sunday is still Sunday, though in Greenwich it is not yet evening."""
    add_proof(session, duty, published_on=date(2026, 11, 22))
    assert the_cell(session, AFTER).state == CellState.ON_TIME
