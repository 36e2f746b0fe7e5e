"""Who an official is, what he may do, how he comes and goes; on the shipped map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from bot.db import Database
from bot.people import audit, joining, officials, units
from bot.people.invitation_codes import digest, find_code, new_code
from bot.people.joining import Joined, Refusal
from models import (
    Account,
    AdminUnit,
    AuditEntry,
    Contact,
    Invitation,
    Membership,
    Official,
    Role,
    UnitSuccession,
)

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
PROVINCE, CAN_DUOC, TAN_LAN = "tay_ninh", "xa_can_duoc", "xa_tan_lan"


@dataclass
class Place:
    """A session and what these tests do over and over."""

    session: Session
    count: int = field(default=0)

    def contact(self, oa_id: str = "oa", **more: object) -> Contact:
        self.count += 1
        contact = Contact(oa_id=oa_id, user_id=f"u{self.count}", created_at=NOW, **more)  # type: ignore[arg-type]
        self.session.add(contact)
        self.session.flush()
        return contact

    def invite(self, unit: str, role: Role = Role.OFFICIAL, **more: object) -> str:
        return joining.invite(
            self.session,
            unit,
            role,
            audit.OPERATOR,
            NOW,
            **more,  # type: ignore[arg-type]
        )

    def join(
        self, contact: Contact, code: str, now: datetime = NOW
    ) -> Joined | Refusal:
        return joining.join(self.session, contact, code, now, TODAY)

    def official(self, unit: str, role: Role = Role.OFFICIAL) -> Official:
        joined = self.join(self.contact(), self.invite(unit, role))
        assert isinstance(joined, Joined)
        return joined.official

    def may(self, official: Official, role: Role, unit: str | None) -> bool:
        return officials.may(self.session, official, role, unit, TODAY)


@pytest.fixture
def place(filled: Database) -> Iterator[Place]:
    with filled.writing() as session:
        session.add(Account(oa_id="oa", created_at=NOW))
        session.add(Account(oa_id="oa2", created_at=NOW))
        yield Place(session)


# --- codes ------------------------------------------------------------------------------------


def test_codes_are_short_unlike_and_without_confusing_characters() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(len(code) == 9 and code[4] == "-" for code in codes)
    assert not set("".join(codes)) & set("01OISBZGAEIUYWD")


@pytest.mark.parametrize(
    "typed",
    [
        "CFHJ-2345",
        "cfhj-2345",
        "cfhj2345",
        "  Cfhj 2345 ",
        "CFHJ – 2345",
        "cfhj.2345",
        "mã mời CFHJ-2345",
        "ma moi: cfhj 2345.",
        "Mã: CFHJ-2345",
        "Mã mời của tôi là CFHJ-2345",
        "Mời anh/chị vào Xã Cần Đước. Nhắn mã mời CFHJ-2345 cho trang này trước 08/12/2026.",
        "CFHJ-234S",
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert find_code(typed) == "CFHJ-2345"


@pytest.mark.parametrize(
    "typed",
    [
        "khai sinh",
        "khai-sinh",
        "THPT THCS",
        "2345-6789",
        "0987 654 321",
        "mã mời là gì",
        "mã mời",
        "749/QĐ-TTg",
        "14119/KH-UBND",
        "1.001193",
        "hồ sơ H37-2345",
        "CCCD 2345",
        "2026-2027",
    ],
)
def test_what_is_no_code_is_not_taken_for_one(typed: str) -> None:
    assert find_code(typed) is None


@pytest.mark.parametrize("typed", ["CFHJ-2O45", "cfhj-1345", "Mã mời CFHJ-0345"])
def test_a_mistyped_code_is_known_as_one(typed: str) -> None:
    found = find_code(typed)
    assert found is not None
    assert digest(found) != digest("CFHJ-2345")


# --- joining ------------------------------------------------------------------------------------


def test_a_code_makes_an_official_once(place: Place) -> None:
    code = place.invite(CAN_DUOC, Role.LEADER)
    contact = place.contact()
    joined = place.join(contact, code)
    assert isinstance(joined, Joined)
    assert (joined.unit.code, joined.role) == (CAN_DUOC, Role.LEADER)
    assert officials.official_of(place.session, contact) is joined.official
    assert place.join(place.contact(), code) is Refusal.USED


def test_only_the_digest_of_a_code_is_stored(place: Place) -> None:
    code = place.invite(CAN_DUOC)
    (stored,) = place.session.execute(select(*Invitation.__table__.columns)).all()  # type: ignore[attr-defined]
    assert digest(code) in stored
    assert code not in str(stored)
    assert code.replace("-", "") not in str(stored)


def test_a_code_ends_after_14_days(place: Place) -> None:
    code = place.invite(CAN_DUOC)
    late = NOW + timedelta(days=14)
    assert place.join(place.contact(), code, late) is Refusal.EXPIRED
    in_time = late - timedelta(seconds=1)
    assert isinstance(place.join(place.contact(), code, in_time), Joined)


def test_a_code_for_a_unit_that_ended_lets_nobody_in(place: Place) -> None:
    assert place.join(place.contact(), place.invite("old_tan_an")) is Refusal.UNIT_ENDED


def test_wrong_guesses_are_stopped_for_an_hour(place: Place) -> None:
    contact = place.contact()
    code = place.invite(CAN_DUOC)
    for _ in range(joining.WRONG_CODES_ALLOWED):
        assert place.join(contact, "CFHJ-2222") is Refusal.UNKNOWN
    assert place.join(contact, code) is Refusal.TOO_MANY
    assert place.join(contact, code, NOW + timedelta(minutes=59)) is Refusal.TOO_MANY
    assert isinstance(place.join(contact, code, NOW + timedelta(hours=1)), Joined)


def test_wrong_guesses_of_one_do_not_stop_another(place: Place) -> None:
    contact = place.contact()
    for _ in range(joining.WRONG_CODES_ALLOWED):
        place.join(contact, "CFHJ-2222")
    assert isinstance(place.join(place.contact(), place.invite(CAN_DUOC)), Joined)


def test_the_same_role_again_is_no_news_and_the_code_stays_unused(
    place: Place,
) -> None:
    contact = place.contact()
    place.join(contact, place.invite(CAN_DUOC))
    code = place.invite(CAN_DUOC)
    assert place.join(contact, code) is Refusal.ALREADY
    assert isinstance(place.join(place.contact(), code), Joined)


def test_a_new_role_in_the_same_unit_takes_the_place_of_the_old(place: Place) -> None:
    contact = place.contact()
    place.join(contact, place.invite(CAN_DUOC))
    joined = place.join(contact, place.invite(CAN_DUOC, Role.LEADER))
    assert isinstance(joined, Joined)
    held = officials.memberships(place.session, joined.official.id or 0, TODAY)
    assert [one.role for one in held] == [Role.LEADER]


def test_one_person_serves_several_units(place: Place) -> None:
    contact = place.contact()
    place.join(contact, place.invite(CAN_DUOC))
    joined = place.join(contact, place.invite(TAN_LAN))
    assert isinstance(joined, Joined)
    served = officials.units_of(place.session, joined.official.id or 0, TODAY)
    assert [unit.code for unit in served] == [CAN_DUOC, TAN_LAN]


def test_one_person_on_two_accounts_is_one_official(place: Place) -> None:
    here = place.contact(user_id_by_app="app-1")
    there = place.contact("oa2", user_id_by_app="app-1")
    joined = place.join(here, place.invite(CAN_DUOC))
    assert isinstance(joined, Joined)
    assert officials.official_of(place.session, there) is joined.official
    again = place.join(there, place.invite(TAN_LAN))
    assert isinstance(again, Joined)
    assert again.official is joined.official
    found = officials.contacts_of(place.session, joined.official.id or 0)
    assert {contact.id for contact in found} == {here.id, there.id}


def test_a_code_for_somebody_of_the_roster_makes_him_that_person(place: Place) -> None:
    lan = joining.enrol(place.session, "Nguyễn Thị Lan", NOW, phone="84900000104")
    joining.appoint(place.session, lan, CAN_DUOC, Role.OFFICIAL, TODAY)
    contact = place.contact()
    assert not place.may(lan, Role.OFFICIAL, CAN_DUOC)
    joined = place.join(contact, place.invite(CAN_DUOC, official_id=lan.id))
    assert isinstance(joined, Joined)
    assert joined.official is lan
    assert place.may(lan, Role.OFFICIAL, CAN_DUOC)
    assert len(place.session.exec(select(Membership)).all()) == 1


def test_an_official_whom_the_roster_lists_again_stays_one_person(
    place: Place,
) -> None:
    contact = place.contact()
    place.join(contact, place.invite(CAN_DUOC))
    listed = joining.enrol(place.session, "Trần Văn Dũng", NOW)
    for unit in (CAN_DUOC, TAN_LAN):
        joining.appoint(place.session, listed, unit, Role.LEADER, TODAY)
    code = place.invite(CAN_DUOC, Role.LEADER, official_id=listed.id)
    joined = place.join(contact, code)
    assert isinstance(joined, Joined)
    (official,) = place.session.exec(select(Official)).all()
    assert official.name == "Trần Văn Dũng"
    held = officials.memberships(place.session, official.id or 0, TODAY)
    assert {(one.unit_code, one.role) for one in held} == {
        (CAN_DUOC, Role.LEADER),
        (TAN_LAN, Role.LEADER),
    }


# --- leaving ----------------------------------------------------------------------------------------


def test_leaving_is_at_once_and_coming_back_is_the_same_person(place: Place) -> None:
    contact = place.contact()
    joined = place.join(contact, place.invite(CAN_DUOC))
    assert isinstance(joined, Joined)
    official = joined.official
    joining.leave(place.session, official, None, official.pseudonym, NOW, TODAY)
    assert officials.official_of(place.session, contact) is None
    assert not place.may(official, Role.OFFICIAL, CAN_DUOC)
    again = place.join(contact, place.invite(CAN_DUOC))
    assert isinstance(again, Joined)
    assert again.official is official
    assert place.may(official, Role.OFFICIAL, CAN_DUOC)


def test_the_telephone_goes_with_the_last_unit(place: Place) -> None:
    lan = joining.enrol(place.session, "Nguyễn Thị Lan", NOW, phone="84900000104")
    contact = place.contact()
    place.join(contact, place.invite(CAN_DUOC, official_id=lan.id))
    place.join(contact, place.invite(TAN_LAN))
    joining.leave(place.session, lan, TAN_LAN, lan.pseudonym, NOW, TODAY)
    assert lan.phone == "84900000104"
    joining.leave(place.session, lan, CAN_DUOC, lan.pseudonym, NOW, TODAY)
    assert lan.phone is None


def test_leaving_one_unit_keeps_the_other(place: Place) -> None:
    contact = place.contact()
    place.join(contact, place.invite(CAN_DUOC))
    joined = place.join(contact, place.invite(TAN_LAN))
    assert isinstance(joined, Joined)
    joining.leave(place.session, joined.official, CAN_DUOC, "p1", NOW, TODAY)
    served = officials.units_of(place.session, joined.official.id or 0, TODAY)
    assert [unit.code for unit in served] == [TAN_LAN]
    assert joined.official.left_at is None


def test_who_left_takes_his_open_codes_with_him(place: Place) -> None:
    leader = place.official(CAN_DUOC, Role.LEADER)
    code = joining.invite(place.session, CAN_DUOC, Role.OFFICIAL, leader.pseudonym, NOW)
    others = place.invite(CAN_DUOC)
    joining.leave(place.session, leader, None, audit.OPERATOR, NOW, TODAY)
    assert place.join(place.contact(), code) is Refusal.REVOKED
    assert isinstance(place.join(place.contact(), others), Joined)


def test_every_step_is_audited_without_names(place: Place) -> None:
    lan = joining.enrol(place.session, "Nguyễn Thị Lan", NOW)
    place.join(place.contact(), place.invite(CAN_DUOC, official_id=lan.id))
    joining.leave(place.session, lan, None, audit.OPERATOR, NOW, TODAY)
    entries = place.session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
    assert [entry.action for entry in entries] == [
        "official.invited",
        "official.joined",
        "official.left",
    ]
    said = [(entry.actor, entry.subject, entry.detail) for entry in entries]
    assert "Lan" not in str(said)
    assert audit.verify(place.session) is None


# --- what one may do --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "at", "asked", "unit", "allowed"),
    [
        (Role.OFFICIAL, CAN_DUOC, Role.OFFICIAL, CAN_DUOC, True),
        (Role.OFFICIAL, CAN_DUOC, Role.LEADER, CAN_DUOC, False),
        (Role.OFFICIAL, CAN_DUOC, Role.OFFICIAL, TAN_LAN, False),
        (Role.LEADER, CAN_DUOC, Role.OFFICIAL, CAN_DUOC, True),
        (Role.LEADER, PROVINCE, Role.OFFICIAL, CAN_DUOC, False),
        (Role.SUPERVISOR, PROVINCE, Role.SUPERVISOR, CAN_DUOC, True),
        (Role.SUPERVISOR, PROVINCE, Role.LEADER, TAN_LAN, True),
        (Role.SUPERVISOR, CAN_DUOC, Role.SUPERVISOR, CAN_DUOC, True),
        (Role.SUPERVISOR, CAN_DUOC, Role.SUPERVISOR, TAN_LAN, False),
        (Role.SUPERVISOR, CAN_DUOC, Role.SUPERVISOR, PROVINCE, False),
        (Role.SUPERVISOR, PROVINCE, Role.ADMINISTRATOR, CAN_DUOC, False),
        (Role.ADMINISTRATOR, PROVINCE, Role.SUPERVISOR, TAN_LAN, True),
        (Role.ADMINISTRATOR, CAN_DUOC, Role.ADMINISTRATOR, TAN_LAN, False),
        (Role.ADMINISTRATOR, CAN_DUOC, Role.ADMINISTRATOR, None, True),
        (Role.SUPERVISOR, PROVINCE, Role.ADMINISTRATOR, None, False),
        # what an ended unit left behind is its heirs'
        (Role.OFFICIAL, CAN_DUOC, Role.OFFICIAL, "old_tan_an", True),
        (Role.OFFICIAL, TAN_LAN, Role.OFFICIAL, "old_tan_an", False),
        (Role.SUPERVISOR, PROVINCE, Role.SUPERVISOR, "old_tan_an", True),
        (Role.SUPERVISOR, PROVINCE, Role.SUPERVISOR, "nowhere", False),
    ],
)
def test_what_a_role_allows(
    place: Place, held: Role, at: str, asked: Role, unit: str | None, allowed: bool
) -> None:
    assert place.may(place.official(at, held), asked, unit) is allowed


@pytest.mark.parametrize(
    ("held", "invited", "allowed"),
    [
        (Role.OFFICIAL, Role.OFFICIAL, False),
        (Role.LEADER, Role.LEADER, True),
        (Role.LEADER, Role.SUPERVISOR, False),
        (Role.SUPERVISOR, Role.SUPERVISOR, True),
        (Role.SUPERVISOR, Role.ADMINISTRATOR, False),
        (Role.ADMINISTRATOR, Role.ADMINISTRATOR, True),
    ],
)
def test_nobody_invites_above_himself(
    place: Place, held: Role, invited: Role, allowed: bool
) -> None:
    by = place.official(CAN_DUOC, held)
    found = officials.may_invite(place.session, by, invited, CAN_DUOC, TODAY)
    assert found is allowed


def test_units_in_care_are_those_one_may_act_for(place: Place) -> None:
    supervisor = place.official(PROVINCE, Role.SUPERVISOR)
    leader = place.official(CAN_DUOC, Role.LEADER)
    in_care = officials.units_in_care
    codes = {u.code for u in in_care(place.session, supervisor, Role.LEADER, TODAY)}
    communes = {u.code for u in units.communes_on(place.session, TODAY)}
    assert codes == communes | {PROVINCE}
    assert all(place.may(supervisor, Role.LEADER, code) for code in codes)
    own = in_care(place.session, leader, Role.LEADER, TODAY)
    assert [unit.code for unit in own] == [CAN_DUOC]
    assert in_care(place.session, leader, Role.SUPERVISOR, TODAY) == []


def test_leaders_supervisors_and_administrators_are_found(place: Place) -> None:
    leader = place.official(CAN_DUOC, Role.LEADER)
    above = place.official(PROVINCE, Role.SUPERVISOR)
    here = place.official(CAN_DUOC, Role.SUPERVISOR)
    elsewhere = place.official(TAN_LAN, Role.SUPERVISOR)
    chief = place.official(PROVINCE, Role.ADMINISTRATOR)
    listed = joining.enrol(place.session, "Chưa vào", NOW)
    joining.appoint(place.session, listed, CAN_DUOC, Role.LEADER, TODAY)
    session = place.session
    assert list(officials.leaders_of(session, CAN_DUOC, TODAY)) == [leader]
    assert list(officials.supervisors_of(session, CAN_DUOC, TODAY)) == [above, here]
    assert elsewhere in officials.supervisors_of(session, TAN_LAN, TODAY)
    assert list(officials.administrators(session, TODAY)) == [chief]
    tomorrow = TODAY + timedelta(days=1)
    joining.leave(session, leader, None, audit.OPERATOR, NOW, TODAY)
    assert list(officials.leaders_of(session, CAN_DUOC, tomorrow)) == []
    yesterday = TODAY - timedelta(days=1)
    assert list(officials.supervisors_of(session, CAN_DUOC, yesterday)) == []


def test_units_that_follow_each_other_in_a_circle_end_the_search(place: Place) -> None:
    place.session.add(
        UnitSuccession(
            predecessor_code=CAN_DUOC, successor_code="old_tan_an", effective_on=TODAY
        )
    )
    ended = place.session.get_one(AdminUnit, CAN_DUOC)
    ended.valid_to = TODAY - timedelta(days=1)
    place.session.flush()
    assert units.heirs(place.session, CAN_DUOC, TODAY) == [CAN_DUOC, "old_tan_an"]


# --- where he is reached ------------------------------------------------------------------------------


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def test_the_account_used_last_is_the_way_to_reach_him(place: Place) -> None:
    old = place.contact(user_id_by_app="a", last_interaction_at=hours_ago(50))
    new = place.contact("oa2", user_id_by_app="a", last_interaction_at=hours_ago(2))
    joined = place.join(old, place.invite(CAN_DUOC))
    assert isinstance(joined, Joined)
    reach = officials.reachable_contact
    number = joined.official.id or 0
    assert reach(place.session, number, NOW) is new
    assert reach(place.session, number, NOW, avoid_oa="oa2") is old
    old.unreachable_reason = "blocked"
    assert reach(place.session, number, NOW, avoid_oa="oa2") is new
    new.is_follower = False
    assert reach(place.session, number, NOW) is None


def test_who_was_silent_for_a_week_is_not_reachable(place: Place) -> None:
    contact = place.contact(last_interaction_at=hours_ago(7 * 24))
    joined = place.join(contact, place.invite(CAN_DUOC))
    assert isinstance(joined, Joined)
    found = officials.reachable_contact(place.session, joined.official.id or 0, NOW)
    assert found is None
