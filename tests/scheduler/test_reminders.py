"""The ladder of reminders: who is reminded of what and when, and how it stops by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bench.chaos.clock import JumpingClock
from bench.reminders import simulated
from bot.calendar import Calendar
from bot.channel.claiming import Queue, claim
from bot.channel.reasons import Reason
from bot.channel.window import Objection
from bot.db import Database
from bot.duties import exemptions
from bot.duties.reminding import load_ladder
from bot.errors import OperatorError
from bot.files import Files
from bot.outreach.ladder import Times
from bot.outreach.phone_templates import PhoneTemplate, load_templates
from bot.people import absences
from models import (
    Absence,
    Account,
    Cadence,
    Contact,
    Exemption,
    Lane,
    Membership,
    MessageStatus,
    Official,
    OutboxMessage,
    PaidBudget,
    PlanDuty,
    Reminder,
    ReminderState,
    Role,
)
from scheduler.clockwork import Workshop
from scheduler.digests import has_digest, parts_due, send_digests
from scheduler.reminders import plan_reminders, release_reminders, still_owed, to_call
from scheduler.reminding import Item
from tests.duties.office import (
    WEEK,
    ZONE,
    add_assignment,
    add_duty,
    add_official,
    add_plan,
    add_proof,
    add_unit,
    at,
)

CONTENT = Path(__file__).resolve().parent.parent.parent / "content"
OA = "1"
WEDNESDAY, FRIDAY, MONDAY = "2026-11-18", "2026-11-20", "2026-11-23"


class Office:
    """Xã A with clerk Lan, leader Hòa and a supervisor above; one weekly duty."""

    def __init__(self, workshop: Workshop, clock: JumpingClock) -> None:
        self.workshop, self.clock = workshop, clock
        with workshop.database.writing() as session:
            add_plan(session)
            add_unit(session, "tinh", "Tỉnh T")
            add_unit(session, parent_code="tinh")
            self.duty = add_duty(session)
            # the week before is nobody's matter
            add_assignment(session, self.duty, valid_from=date(2026, 11, 16))
            session.add(Account(oa_id=OA, created_at=at("2026-01-01")))
            self.lan = self.person(session, "Lan", "xa_a", Role.OFFICIAL)
            self.hoa = self.person(session, "Hòa", "xa_a", Role.LEADER)
            self.chief = self.person(session, "Minh", "tinh", Role.SUPERVISOR)

    def person(self, session: Session, name: str, unit: str, role: Role) -> int:
        official = add_official(session, name)
        official.phone = "0912345678"
        known = official.id or 0
        session.add(
            Membership(
                official_id=known, unit_code=unit, role=role, since_on=date(2026, 1, 1)
            )
        )
        session.add(
            Contact(
                oa_id=OA, user_id=name, created_at=at("2026-01-01"), official_id=known,
                last_interaction_at=at("2026-11-17", 15),
            )
        )  # fmt: skip
        session.flush()
        return known

    def wrote(self, official: int, when: datetime | None) -> None:
        with self.workshop.database.writing() as session:
            [contact] = session.exec(
                select(Contact).where(Contact.official_id == official)
            )
            contact.last_interaction_at = when
            session.add(contact)

    def everybody_wrote(self, when: datetime) -> None:
        for official in (self.lan, self.hoa, self.chief):
            self.wrote(official, when)

    def at(self, day: str, hour: int, minute: int = 0) -> datetime:
        self.clock.at = at(day, hour) + timedelta(minutes=minute)
        return self.clock.at

    def plans(self, day: str, hour: int = 6, minute: int = 30) -> list[Reminder]:
        plan_reminders(self.workshop, self.at(day, hour, minute))
        return self.rows(day)

    def releases(self, day: str, hour: int, minute: int = 0) -> dict[str, int]:
        return release_reminders(self.workshop, self.at(day, hour, minute))

    def rows(self, day: str) -> list[Reminder]:
        with self.workshop.database.reading() as session:
            return list(
                session.exec(
                    select(Reminder)
                    .where(Reminder.day_on == date.fromisoformat(day))
                    .order_by(col(Reminder.id))
                )
            )

    def messages(self) -> list[OutboxMessage]:
        with self.workshop.database.reading() as session:
            return list(
                session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id)))
            )

    def objects(self, now: datetime) -> Objection | None:
        """The sender claims the reminder and asks whether it is still owed."""
        with self.workshop.database.writing() as session:
            queue = Queue(OA, Lane.REMINDER, None)
            later = now + timedelta(minutes=31)
            [message] = claim(session, queue, later, 9, timedelta(minutes=1))
            found = still_owed(ZONE)(session, message, now)
            row = session.get_one(OutboxMessage, message.id)
            row.status = found.status if found else MessageStatus.SENT
            session.add(row)
            return found


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def office(workshop: Workshop, clock: JumpingClock, tmp_path: Path) -> Office:
    ladder = load_ladder(CONTENT / "ladder.toml")
    return Office(replace(workshop, ladder=ladder, files=Files(tmp_path)), clock)


def steps(row: Reminder) -> list[str]:
    """What is due, without what comes early because of a window."""
    items = map(Item.from_json, row.items)
    return [item.step for item in items if not item.is_early]


# --- when a step falls -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "days", "moment"),
    [
        (date(2026, 11, 22), -4, at(WEDNESDAY, 9)),
        (date(2026, 11, 22), 0, at(FRIDAY, 9)),  # due on Sunday: the Friday before
        (date(2026, 11, 23), 1, at("2026-11-25", 9)),  # the 24th is a holiday
        (date(2026, 2, 18), 0, at("2026-02-13", 9)),  # Tết
        (date(2026, 2, 13), 1, at("2026-02-23", 9)),  # never late before offices open
    ],
)
def test_a_step_falls_on_a_working_day(
    anchor: date, days: int, moment: datetime
) -> None:
    times = Times(Calendar(), ZONE)
    assert times.step_at(anchor, days, at("2026-01-01", 9).time()) == moment


def test_the_shipped_ladder_can_be_read_and_a_wrong_one_is_named(
    tmp_path: Path,
) -> None:
    ids = [step.id for step in load_ladder(CONTENT / "ladder.toml")]
    assert ids == ["mid_period", "due_day", "last_call", "leader", "supervisor"]
    bad = tmp_path / "ladder.toml"
    bad.write_text(
        '[[steps]]\nid = "x"\nto = "mayor"\nanchor = "due"\ndays = 0\nat = "08:00"'
    )
    with pytest.raises(OperatorError, match="number 1"):
        load_ladder(bad)


# --- the ladder ----------------------------------------------------------------------------------


def test_the_ladder_climbs_from_the_clerk_to_the_supervisor(office: Office) -> None:
    climbed = []
    day = date(2026, 11, 16)
    while day <= date(2026, 11, 27):
        office.everybody_wrote(at(str(day), 5))
        for row in office.plans(str(day)):
            for item in map(Item.from_json, row.items):
                if item.at.period == WEEK and not item.is_early:
                    climbed.append((str(day), row.official_id, item.step))
        office.releases(str(day), 15)
        day += timedelta(days=1)
    assert climbed == [
        ("2026-11-18", office.lan, "mid_period"),
        ("2026-11-20", office.lan, "due_day"),
        ("2026-11-23", office.lan, "last_call"),
        ("2026-11-25", office.hoa, "leader"),  # the 24th is a holiday
        ("2026-11-26", office.chief, "supervisor"),
    ]


def test_who_has_done_it_is_never_reminded(office: Office) -> None:
    with office.workshop.database.writing() as session:
        add_proof(session, office.duty)
    assert office.plans(WEDNESDAY) == []


def test_the_message_says_what_is_lacking_and_until_when(office: Office) -> None:
    office.plans(WEDNESDAY)
    assert office.releases(WEDNESDAY, 8, 59) == {}
    assert office.releases(WEDNESDAY, 9) == {"queued": 1}
    [message] = office.messages()
    text = message.content["text"]
    for part in (
        "Xã A",
        "Việc II-2.3",
        "Loa, đài",
        "tuần 16/11–22/11",
        "còn 1/1",
        "23/11/2026",
    ):
        assert part in text
    assert message.kind == "duty_reminder"
    assert message.due_at < at(WEDNESDAY, 9) + timedelta(minutes=30)
    assert office.plans(WEDNESDAY, 10)[0].state == ReminderState.QUEUED
    assert len(office.rows(WEDNESDAY)) == 1


def test_all_duties_of_a_day_are_in_one_message(office: Office) -> None:
    with office.workshop.database.writing() as session:
        second = add_duty(session, "II-3.4", short_title="Màn hình", position=2)
        add_assignment(session, second, valid_from=date(2026, 11, 16))
    [row] = office.plans(WEDNESDAY)
    assert len(row.items) == 2
    office.releases(WEDNESDAY, 9)
    [message] = office.messages()
    assert message.content["text"].count("•") == 2


def test_a_credit_before_the_release_stops_it(office: Office) -> None:
    office.plans(WEDNESDAY)
    with office.workshop.database.writing() as session:
        add_proof(session, office.duty, received_at=at(WEDNESDAY, 8))
    assert office.releases(WEDNESDAY, 9) == {"dropped": 1}
    assert office.rows(WEDNESDAY)[0].reason == Reason.NO_LONGER_OWED
    assert office.messages() == []


def test_a_credit_calls_back_what_is_queued(office: Office) -> None:
    office.plans(WEDNESDAY)
    office.releases(WEDNESDAY, 9)
    with office.workshop.database.writing() as session:
        add_proof(session, office.duty, received_at=at(WEDNESDAY, 9))
    found = office.objects(at(WEDNESDAY, 9))
    assert found == Objection(MessageStatus.CANCELLED, Reason.NO_LONGER_OWED)
    assert office.releases(WEDNESDAY, 9, 1) == {"dropped": 1}
    assert [message.status for message in office.messages()] == ["cancelled"]


def test_what_is_left_of_a_message_is_written_anew(office: Office) -> None:
    with office.workshop.database.writing() as session:
        second = add_duty(session, "II-3.4", short_title="Màn hình", position=2)
        add_assignment(session, second, valid_from=date(2026, 11, 16))
    office.plans(WEDNESDAY)
    office.releases(WEDNESDAY, 9)
    with office.workshop.database.writing() as session:
        add_proof(session, office.duty, received_at=at(WEDNESDAY, 9))
    assert office.objects(at(WEDNESDAY, 9)) is not None
    assert office.releases(WEDNESDAY, 9, 1) == {"queued": 1}
    first, again = office.messages()
    assert first.status == "cancelled"
    assert "Màn hình" in again.content["text"]
    assert "Việc II-2.3" not in again.content["text"]
    assert office.objects(at(WEDNESDAY, 9) + timedelta(minutes=1)) is None


def test_a_request_for_exemption_mutes_and_a_refusal_ends_that(office: Office) -> None:
    with office.workshop.database.writing() as session:
        lan = session.get_one(Official, office.lan)
        asked = exemptions.ask(
            session, plan_id="2026", duty_id=office.duty.duty_id, unit_code="xa_a",
            period=WEEK, reason="mất điện", official=lan, now=at("2026-11-17"),
        )  # fmt: skip
        number = asked.id
    [row] = office.plans(WEDNESDAY)
    assert (row.state, row.reason) == (ReminderState.DROPPED, "muted")
    with office.workshop.database.writing() as session:
        exemption = session.get_one(Exemption, number)
        chief = session.get_one(Official, office.chief)
        exemptions.refuse(session, exemption, chief, "có máy phát", at("2026-11-19"))
    office.everybody_wrote(at("2026-11-19"))
    [row] = office.plans(FRIDAY)
    assert (row.state, steps(row)) == (ReminderState.PLANNED, ["due_day"])


# --- windows, absence, nobody ----------------------------------------------------------------------


def test_it_leaves_before_the_window_closes_and_is_not_said_twice(
    office: Office,
) -> None:
    """Written on Wednesday at 7: the window closes on Friday at 7, before Friday's step."""
    office.wrote(office.lan, at(WEDNESDAY, 7))
    office.plans(WEDNESDAY, 7)
    office.releases(WEDNESDAY, 9)
    [row] = office.plans("2026-11-19")
    assert [item["step"] for item in row.items] == ["due_day"]
    assert row.planned_at == at("2026-11-19", 17) + timedelta(minutes=29)
    office.releases("2026-11-19", 17, 29)
    assert office.plans(FRIDAY) == []
    office.wrote(office.lan, at(FRIDAY, 7))  # the window is open after all
    assert steps(office.plans(FRIDAY, 7)[0]) == ["due_day"]


def test_an_early_one_leaves_in_the_last_opening(office: Office) -> None:
    office.wrote(office.lan, at("2026-11-16", 7))
    assert office.plans("2026-11-17")[0].planned_at == (
        at("2026-11-17", 17) + timedelta(minutes=29)
    )


def test_into_a_closed_window_nothing_is_sent_and_somebody_is_to_call(
    office: Office,
) -> None:
    office.wrote(office.lan, at("2026-11-14", 8))
    office.plans(WEDNESDAY)
    assert office.releases(WEDNESDAY, 9) == {"unreachable": 1}
    assert office.messages() == []
    with office.workshop.database.reading() as session:
        [call] = to_call(session, at(WEDNESDAY, 10))
    assert (call["official"], call["phone"]) == ("Lan", "0912345678")
    assert call["reason"] == Reason.PAID_WINDOW


def test_a_budget_for_reminders_opens_the_paid_window(office: Office) -> None:
    office.wrote(office.lan, at("2026-11-14", 8))
    with office.workshop.database.writing() as session:
        session.add(
            PaidBudget(
                oa_id=OA, lane=Lane.REMINDER, monthly_vnd=1000, changed_at=at(WEDNESDAY)
            )
        )
    office.plans(WEDNESDAY)
    assert office.releases(WEDNESDAY, 9) == {"queued": 1}


# --- by phone, where the chat is closed --------------------------------------------------------------

TEMPLATE = PhoneTemplate(
    OA, "400123", frozenset({"last_call", "leader", "supervisor"}), 120,
    {"ten": "official", "don_vi": "unit", "so_viec": "count", "han": "until"},
)  # fmt: skip
LAST_CALL = MONDAY  # the last day on which a report is on time


@pytest.fixture
def with_template(office: Office) -> Office:
    office.workshop = replace(office.workshop, phone_templates=(TEMPLATE,))
    for person in (office.lan, office.hoa, office.chief):
        office.wrote(person, at("2026-11-10", 8))  # closed
    return office


def allows(office: Office, vnd: int) -> None:
    with office.workshop.database.writing() as session:
        session.add(
            PaidBudget(
                oa_id=OA, lane=Lane.REMINDER, monthly_vnd=vnd, changed_at=at(WEDNESDAY)
            )
        )


def test_the_last_steps_go_by_phone_where_the_window_is_closed(
    with_template: Office,
) -> None:
    office = with_template
    allows(office, 1000)
    office.plans(LAST_CALL)
    assert office.releases(LAST_CALL, 14) == {"queued": 1}
    [message] = office.messages()
    found = message.content["by_phone"]
    assert (found["template_id"], found["vnd"]) == ("400123", 120)
    assert found["data"] == {
        "ten": "Lan", "don_vi": "Xã A", "so_viec": "1", "han": "23/11/2026",
    }  # fmt: skip
    assert "0912345678" not in str(message.content)


@pytest.mark.parametrize(
    ("day", "hour", "vnd"),
    [(WEDNESDAY, 9, 1000), (LAST_CALL, 14, 0), (LAST_CALL, 14, 119)],
)
def test_without_a_template_for_the_step_or_money_a_call_is_left(
    with_template: Office, day: str, hour: int, vnd: int
) -> None:
    office = with_template
    allows(office, vnd)
    office.plans(day)
    assert office.releases(day, hour) == {"unreachable": 1}
    assert office.messages() == []
    with office.workshop.database.reading() as session:
        [call] = to_call(session, at(day, hour))
    assert (call["phone"], call["reason"]) == ("0912345678", Reason.WINDOW_CLOSED)


def test_what_zalo_did_not_bring_by_phone_is_for_a_call(with_template: Office) -> None:
    office = with_template
    allows(office, 1000)
    office.plans(LAST_CALL)
    office.releases(LAST_CALL, 14)
    with office.workshop.database.writing() as session:
        [row] = session.exec(select(OutboxMessage))
        row.status, row.reason = MessageStatus.UNREACHABLE, Reason.PHONE_REFUSED
        session.add(row)
    office.plans(LAST_CALL, 15)
    with office.workshop.database.reading() as session:
        [call] = to_call(session, at(LAST_CALL, 15))
    assert (call["official"], call["reason"]) == ("Lan", Reason.PHONE_REFUSED)


def test_a_wrong_template_is_named(tmp_path: Path) -> None:
    shipped = CONTENT / "phone_templates.toml"
    assert load_templates(shipped, ["last_call"]) == ()
    good = (
        'oa_id = "1"\ntemplate_id = "4"\nsteps = ["last_call"]\nprice_vnd = 120\n'
        'values = { ten = "official" }\n'
    )
    file = tmp_path / "phone_templates.toml"
    file.write_text(f"[[templates]]\n{good}", encoding="utf-8")
    assert [one.template_id for one in load_templates(file, ["last_call"])] == ["4"]
    for wrong in (
        good.replace("last_call", "no_such"),
        good.replace("official", "salary"),
        good.replace("120", "0"),
        good.replace("template_id", "template"),
    ):
        file.write_text(f"[[templates]]\n{wrong}", encoding="utf-8")
        with pytest.raises(OperatorError, match="number 1"):
            load_templates(file, ["last_call"])


def test_the_substitute_is_reminded_while_somebody_is_away(office: Office) -> None:
    with office.workshop.database.writing() as session:
        mai = office.person(session, "Mai", "xa_a", Role.LEADER)
        lan = session.get_one(Official, office.lan)
        stand_in = session.get_one(Official, mai)
        absences.begin(
            session, lan, date(2026, 11, 17), date(2026, 11, 18), stand_in,
            at("2026-11-17"),
        )  # fmt: skip
    assert [row.official_id for row in office.plans(WEDNESDAY)] == [mai]
    office.everybody_wrote(at("2026-11-19"))
    assert [row.official_id for row in office.plans(FRIDAY)] == [office.lan]


def test_without_a_substitute_the_leader_is_reminded(office: Office) -> None:
    with office.workshop.database.writing() as session:
        session.add(
            Absence(
                official_id=office.lan, since_on=date(2026, 11, 1),
                until_on=date(2026, 12, 1), created_at=at("2026-11-01"),
            )
        )  # fmt: skip
    assert [row.official_id for row in office.plans(WEDNESDAY)] == [office.hoa]


def test_where_nobody_is_a_row_says_so(office: Office) -> None:
    with office.workshop.database.writing() as session:
        add_unit(session, "xa_b", "Xã B")
        add_assignment(
            session, session.merge(office.duty), "xa_b", valid_from=date(2026, 11, 16)
        )
    rows = office.plans(WEDNESDAY)
    nobody = [row for row in rows if row.official_id is None]
    assert [(row.unit_code, row.state, row.reason) for row in nobody] == [
        ("xa_b", ReminderState.UNREACHABLE, "nobody_there")
    ]
    assert len(office.plans(WEDNESDAY, 12)) == len(rows)  # said once


def test_a_day_on_which_everything_was_down_is_made_up_for(office: Office) -> None:
    office.everybody_wrote(at("2026-11-19", 7))
    [row] = office.plans("2026-11-19")
    assert steps(row) == ["mid_period"]


def test_nothing_is_planned_on_days_off(office: Office) -> None:
    assert office.plans("2026-11-21") == []


# --- digests ------------------------------------------------------------------------------------


def test_digests_come_on_the_first_working_day(office: Office) -> None:
    days = [date(2026, 2, 9), date(2026, 2, 16), date(2026, 2, 23), date(2026, 10, 1)]
    keys = [[period.key for period in parts_due(day)] for day in days]
    assert keys == [["2026-W06"], [], ["2026-W08"], ["2026-09", "2026-Q3"]]
    assert not has_digest(date(2026, 11, 18))


def test_the_digest_tells_leaders_and_supervisors_and_holds_the_reminder(
    office: Office,
) -> None:
    with office.workshop.database.writing() as session:
        add_unit(session, "xa_b", "Xã B", parent_code="tinh")
        duty = session.merge(office.duty)
        add_assignment(session, duty, "xa_b", valid_from=date(2026, 11, 16))
        add_proof(session, duty, "xa_b")
        office.person(session, "Sáu", "xa_b", Role.OFFICIAL)
        session.add(
            Membership(
                official_id=office.chief, unit_code="xa_a", role=Role.OFFICIAL,
                since_on=date(2026, 1, 1),
            )
        )  # fmt: skip
    office.everybody_wrote(at("2026-11-22", 18))
    office.plans(MONDAY)
    assert send_digests(office.workshop, office.at(MONDAY, 8)) == {"sent": 2}
    assert send_digests(office.workshop, office.at(MONDAY, 8, 1))["sent_before"] == 2
    texts = {
        row.contact_id: row.content for row in office.messages() if row.content["text"]
    }
    assert len(texts) == 2
    [whole] = [
        one["text"] for one in texts.values() if "Xã A: còn thiếu 1" in one["text"]
    ]
    assert "Tuần 47" in whole
    assert "ngày cuối nhận báo cáo" in whole  # what he does himself for Xã A
    assets = [row.content["asset"] for row in office.messages()]
    assert any(asset and asset["kind"] == "image" for asset in assets)
    # who had his digest is not reminded a second time
    assert office.releases(MONDAY, 14) == {"queued": 1}


# --- a whole province, for some days -------------------------------------------------------------------


def test_a_simulated_province_around_tet_has_no_violation() -> None:
    duties = (Cadence.WEEKLY, Cadence.WEEKLY, Cadence.MONTHLY)
    book = simulated(3, 17, date(2026, 2, 9), seed=4, duties=duties)
    assert book.violations == 0, book
    assert book.sent > 5
    assert book.last_words > 0
    assert sum(book.rows.values()) > 10


def test_months_and_weeks_share_a_message(database: Database, office: Office) -> None:
    with database.writing() as session:
        session.merge(office.duty)
        monthly = add_duty(
            session, "II-3.1b", cadence=Cadence.MONTHLY, quota=2, grace_days=3,
            short_title="Tin tháng", channels=["website"], position=3,
        )  # fmt: skip
        add_assignment(session, monthly, valid_from=date(2026, 11, 16))
        assert session.get(PlanDuty, ("2026", "II-3.1b")) is not None
    # due on 30 November: seven days before is Monday 23
    office.everybody_wrote(at("2026-11-22", 18))
    row = next(r for r in office.plans(MONDAY) if r.official_id == office.lan)
    assert sorted(steps(row)) == ["last_call", "mid_period"]
