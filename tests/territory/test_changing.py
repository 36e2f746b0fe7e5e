"""Units merged, split, renamed: everything moves along, and nothing earned is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.db import Database
from bot.people import audit, joining, officials, units
from bot.territory.changing import change_map, preview_map
from bot.territory.files import Kind, read_map_file
from bot.territory.reasons import MapFileError
from models import (
    Account,
    Assignment,
    AuditEntry,
    Contact,
    Invitation,
    Membership,
    Official,
    OneStopDesk,
    PeriodVersion,
    Proof,
    Role,
    UnitChannel,
)
from tests.conftest import CONTENT
from tests.test_backup import all_rows

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
NOW = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
TODAY = date(2026, 12, 2)
FIRST, LAST = date(2026, 12, 1), date(2026, 11, 30)
LONG_CANG, RACH_KIEN, NEW = "xa_long_cang", "xa_rach_kien", "xa_rach_cang"
BEFORE = date(2026, 6, 1)
PLAN = "trial"  # beside the shipped plans


@pytest.fixture
def session(filled: Database) -> Iterator[Session]:
    with filled.writing() as opened:
        yield opened


def official(session: Session, unit: str, role: Role, name: str = "") -> Official:
    made = joining.enrol(session, name, NOW, phone=f"84900{len(name):06}")
    made.joined_at = NOW
    joining.appoint(session, made, unit, role, BEFORE)
    return made


def assignment(session: Session, unit: str, duty: str = "II-2.2", **more: Any) -> None:
    session.add(
        Assignment(
            id=f"{PLAN}:{duty}:{unit}", plan_id=PLAN, duty_id=duty, unit_code=unit,
            **{"valid_from": date(2026, 1, 1), "valid_to": date(2026, 12, 31)} | more,
        )
    )  # fmt: skip
    session.flush()


def proof(session: Session, unit: str) -> None:
    session.add(
        Proof(
            plan_id="2026", duty_id="II-2.2", unit_code=unit, period="2026-W48",
            received_at=NOW,
        )
    )  # fmt: skip


def account(session: Session, oa_id: str, unit: str) -> None:
    session.add(Account(oa_id=oa_id, unit_code=unit, created_at=NOW))


def channel(session: Session, unit: str, address: str) -> None:
    session.add(UnitChannel(id=f"{unit}:web", unit_code=unit, address=address))


def written(folder: Path, text: str) -> Path:
    file = folder / "change.toml"
    file.write_text(text, encoding="utf-8")
    return file


def example(kind: Kind) -> Path:
    return EXAMPLES / f"units-{kind}.toml"


def change(session: Session, kind: Kind, file: Path | None = None) -> list[str]:
    plan = read_map_file(file or example(kind), kind)
    return change_map(session, plan, NOW, TODAY)


def roles(session: Session, on_day: date) -> set[tuple[str, str, str]]:
    found = session.execute(
        select(col(Official.name), col(Membership.unit_code), col(Membership.role))
        .join(Membership, col(Membership.official_id) == col(Official.id))
        .where(officials.serves_on(on_day))
    )
    return {(name, unit, role) for name, unit, role in found}


# --- merging ------------------------------------------------------------------------------------


def test_a_merger_ends_the_old_units_and_begins_the_new(session: Session) -> None:
    change(session, Kind.MERGE)
    old, new = units.by_code(session, LONG_CANG), units.by_code(session, NEW)
    assert old is not None
    assert new is not None
    assert (old.valid_to, new.valid_from, new.valid_to) == (LAST, FIRST, None)
    assert new.parent_code == "tay_ninh"
    assert [one.code for one in units.successors(session, LONG_CANG)] == [NEW]
    assert {one.code for one in units.predecessors(session, NEW)} == {
        LONG_CANG,
        RACH_KIEN,
    }
    before = {one.code for one in units.communes_on(session, LAST)}
    after = {one.code for one in units.communes_on(session, FIRST)}
    assert before - after == {LONG_CANG, RACH_KIEN}
    assert after - before == {NEW}


def test_officials_keep_their_roles_and_the_past_keeps_its_officials(
    session: Session,
) -> None:
    official(session, LONG_CANG, Role.OFFICIAL, "Lan")
    official(session, RACH_KIEN, Role.LEADER, "Dũng")
    both = official(session, LONG_CANG, Role.OFFICIAL, "Mai Hoa")
    joining.appoint(session, both, RACH_KIEN, Role.LEADER, BEFORE)
    before = roles(session, LAST)
    change(session, Kind.MERGE)
    assert roles(session, LAST) == before
    assert roles(session, FIRST) == {
        ("Lan", NEW, "official"),
        ("Dũng", NEW, "leader"),
        ("Mai Hoa", NEW, "leader"),
    }


def test_who_came_between_the_first_day_and_the_command_moves_too(
    session: Session,
) -> None:
    late = joining.enrol(session, "Lan", NOW)
    joining.appoint(session, late, LONG_CANG, Role.OFFICIAL, TODAY)
    change(session, Kind.MERGE)
    assert roles(session, TODAY) == {("Lan", NEW, "official")}


def test_accounts_channels_codes_and_citizens_move_along(session: Session) -> None:
    account(session, "oa-1", LONG_CANG)
    account(session, "oa-2", "xa_can_duoc")
    channel(session, RACH_KIEN, "rachkien.example.vn")
    session.flush()
    session.add(Contact(oa_id="oa-1", user_id="u", unit_code=RACH_KIEN, created_at=NOW))
    code = joining.invite(session, LONG_CANG, Role.LEADER, audit.OPERATOR, NOW)
    change(session, Kind.MERGE)
    session.expire_all()
    found = {one.oa_id: one.unit_code for one in session.exec(select(Account))}
    assert found == {"oa-1": NEW, "oa-2": "xa_can_duoc"}
    channels = session.execute(
        select(
            col(UnitChannel.unit_code),
            col(UnitChannel.address),
            col(UnitChannel.valid_from),
            col(UnitChannel.valid_to),
        ).where(col(UnitChannel.address) == "rachkien.example.vn")
    ).all()
    assert set(map(tuple, channels)) == {
        (RACH_KIEN, "rachkien.example.vn", None, LAST),
        (NEW, "rachkien.example.vn", FIRST, None),
    }
    assert session.exec(select(Contact)).one().unit_code == NEW
    assert session.exec(select(Invitation)).one().unit_code == NEW
    newcomer = Contact(oa_id="oa-1", user_id="u2", created_at=NOW)
    session.add(newcomer)
    session.flush()
    joined = joining.join(session, newcomer, code, NOW, TODAY)
    assert isinstance(joined, joining.Joined)
    assert joined.unit.code == NEW


def test_duties_go_on_once_for_the_new_unit(session: Session) -> None:
    for unit in (LONG_CANG, RACH_KIEN):
        assignment(session, unit)
    assignment(session, RACH_KIEN, "II-3.3b", valid_from=date(2026, 12, 15))
    change(session, Kind.MERGE)
    found = session.execute(
        select(
            col(Assignment.duty_id),
            col(Assignment.valid_from),
            col(Assignment.valid_to),
        ).where(col(Assignment.unit_code) == NEW, col(Assignment.plan_id) == PLAN)
    ).all()
    assert set(map(tuple, found)) == {
        ("II-2.2", FIRST, date(2026, 12, 31)),
        ("II-3.3b", date(2026, 12, 15), date(2026, 12, 31)),
    }
    ended = session.get_one(Assignment, f"{PLAN}:II-2.2:{LONG_CANG}")
    assert ended.valid_to == LAST


def test_without_the_word_duties_end_and_it_is_said(
    session: Session, tmp_path: Path
) -> None:
    assignment(session, LONG_CANG)
    text = example(Kind.MERGE).read_text(encoding="utf-8")
    file = written(tmp_path, text.replace("continue_assignments = true", ""))
    lines = change(session, Kind.MERGE, file)
    assert any(line.startswith("! the new units owe nothing yet") for line in lines)
    assert (
        session.exec(select(Assignment).where(Assignment.unit_code == NEW)).all() == []
    )


def test_credits_stay_where_they_were_earned(session: Session) -> None:
    for unit in (LONG_CANG, LONG_CANG, RACH_KIEN):
        proof(session, unit)
    lines = change(session, Kind.MERGE)
    assert f"= 2 proofs stay with {LONG_CANG}, which earned them" in lines
    earned = session.scalars(select(col(Proof.unit_code))).all()
    assert sorted(earned) == [LONG_CANG, LONG_CANG, RACH_KIEN]


def test_loading_the_packs_again_takes_nothing_back(session: Session) -> None:
    change(session, Kind.MERGE)
    owed = select(col(Assignment.id)).where(col(Assignment.unit_code) == NEW)
    before = session.scalars(owed).all()
    assert before
    load_content(session, read_packs(CONTENT))
    assert session.scalars(owed).all() == before
    old = units.by_code(session, LONG_CANG)
    assert old is not None
    assert old.valid_to == LAST
    assert [one.code for one in units.successors(session, LONG_CANG)] == [NEW]


def test_one_audit_entry_tells_it(session: Session) -> None:
    official(session, LONG_CANG, Role.OFFICIAL, "Lan")
    change(session, Kind.MERGE)
    (entry,) = session.exec(select(AuditEntry)).all()
    assert (entry.actor, entry.action, entry.subject) == (
        "operator",
        "units.merged",
        f"unit:{NEW}",
    )
    assert entry.detail == {
        "from": [LONG_CANG, RACH_KIEN],
        "into": [NEW],
        "effective_on": "2026-12-01",
    }


def test_a_unit_that_exists_takes_another_in(session: Session, tmp_path: Path) -> None:
    lan = official(session, LONG_CANG, Role.OFFICIAL, "Lan")
    joining.appoint(session, lan, RACH_KIEN, Role.LEADER, BEFORE)
    file = written(
        tmp_path,
        f'effective_on = 2026-12-01\nfrom = "{LONG_CANG}"\n[into]\ncode = "{RACH_KIEN}"\n',
    )
    change(session, Kind.MERGE, file)
    assert roles(session, FIRST) == {("Lan", RACH_KIEN, "leader")}
    assert [one.code for one in units.successors(session, LONG_CANG)] == [RACH_KIEN]


# --- splitting, renaming --------------------------------------------------------------------------


def test_a_split_gives_each_part_what_the_file_says(
    session: Session, tmp_path: Path
) -> None:
    official(session, "xa_can_duoc", Role.OFFICIAL, "Lan")
    south = official(session, "xa_can_duoc", Role.LEADER, "Minh Anh")
    account(session, "oa-1", "xa_can_duoc")
    account(session, "oa-2", "xa_can_duoc")
    channel(session, "xa_can_duoc", "nam.example.vn")
    assignment(session, "xa_can_duoc")
    text = (
        example(Kind.SPLIT)
        .read_text(encoding="utf-8")
        .replace("officials = []", f'officials = ["{south.phone}"]')
        .replace("accounts = []", 'accounts = ["oa-2"]')
        .replace("channels = []", 'channels = ["nam.example.vn"]')
    )
    change(session, Kind.SPLIT, written(tmp_path, text))
    assert roles(session, FIRST) == {
        ("Lan", "xa_can_duoc_bac", "official"),
        ("Minh Anh", "xa_can_duoc_nam", "leader"),
    }
    found = {one.oa_id: one.unit_code for one in session.exec(select(Account))}
    assert found == {"oa-1": "xa_can_duoc_bac", "oa-2": "xa_can_duoc_nam"}
    owing = session.scalars(
        select(col(Assignment.unit_code)).where(col(Assignment.valid_from) == FIRST)
    ).all()
    assert set(owing) == {"xa_can_duoc_bac", "xa_can_duoc_nam"}
    moved = session.exec(
        select(UnitChannel).where(UnitChannel.unit_code == "xa_can_duoc_nam")
    ).one()
    assert moved.address == "nam.example.vn"


def test_after_a_split_citizens_are_asked_again(session: Session) -> None:
    account(session, "oa", "xa_can_duoc")
    session.flush()
    session.add(
        Contact(oa_id="oa", user_id="u", unit_code="xa_can_duoc", created_at=NOW)
    )
    change(session, Kind.SPLIT)
    assert session.exec(select(Contact)).one().unit_code == "xa_can_duoc"


def test_a_rename_keeps_the_desk_and_can_be_taken_back(
    session: Session, tmp_path: Path
) -> None:
    session.get_one(OneStopDesk, "xa_long_huu").phone = "(số của xã)"
    official(session, "xa_long_huu", Role.LEADER, "Lan")
    change(session, Kind.RENAME)
    desk = units.desk_of(session, "xa_long_huu_moi")
    assert desk is not None
    assert desk.phone == "(số của xã)"
    back = written(
        tmp_path,
        'effective_on = 2026-12-02\nfrom = "xa_long_huu_moi"\n[into]\n'
        'code = "xa_long_huu_2"\nname = "Xã Long Hựu"\n',
    )
    change(session, Kind.RENAME, back)
    assert roles(session, TODAY) == {("Lan", "xa_long_huu_2", "leader")}
    assert roles(session, FIRST) == {("Lan", "xa_long_huu_moi", "leader")}
    assert roles(session, LAST) == {("Lan", "xa_long_huu", "leader")}
    assert units.heirs(session, "xa_long_huu", TODAY)[-1] == "xa_long_huu_2"


def test_units_below_stand_below_the_successor(
    session: Session, tmp_path: Path
) -> None:
    supervisor = official(session, "tay_ninh", Role.SUPERVISOR, "Sáu")
    file = written(
        tmp_path,
        'effective_on = 2026-12-01\nfrom = "tay_ninh"\n[into]\n'
        'code = "tinh_moi"\nname = "Tỉnh Mới"\n',
    )
    change(session, Kind.RENAME, file)
    assert "xa_can_duoc" in {u.code for u in units.below(session, "tinh_moi", TODAY)}
    assert officials.may(session, supervisor, Role.SUPERVISOR, "xa_can_duoc", TODAY)
    assert list(officials.supervisors_of(session, "xa_can_duoc", LAST)) == [supervisor]


# --- looking first, refusing ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_a_dry_run_says_the_same_and_changes_nothing(
    filled: Database, kind: Kind
) -> None:
    with filled.writing() as session:
        for unit in ("xa_can_duoc", LONG_CANG, "xa_long_huu"):
            official(session, unit, Role.LEADER, unit)
            assignment(session, unit)
            account(session, f"oa-{unit}", unit)
    before = all_rows(filled)
    plan = read_map_file(example(kind), kind)
    with filled.writing() as session:
        shown = preview_map(session, plan, NOW)
    assert all_rows(filled) == before
    with filled.writing() as session:
        assert change_map(session, plan, NOW, TODAY) == shown
    assert all_rows(filled) != before


def test_a_change_still_to_come_is_only_shown(session: Session) -> None:
    plan = read_map_file(example(Kind.MERGE), Kind.MERGE)
    with pytest.raises(MapFileError, match="effective_on: 2026-12-01 is still to come"):
        change_map(session, plan, NOW, LAST)
    assert preview_map(session, plan, NOW)


@pytest.mark.parametrize(
    ("period", "possible"),
    [("2026-W48", True), ("2026-W49", False), ("2026-11", True), ("2026-12", False)],
)
def test_a_day_in_a_closed_period_is_refused(
    session: Session, period: str, possible: bool
) -> None:
    session.add(
        PeriodVersion(
            plan_id="2026", period=period, version=1, closed_at=NOW,
            closed_by="program", content="{}", sha256="",
        )
    )  # fmt: skip
    if possible:
        assert change(session, Kind.MERGE)
        return
    with pytest.raises(MapFileError, match=f"effective_on.*closed period {period}"):
        change(session, Kind.MERGE)


MERGE = (
    'effective_on = 2026-12-01\nfrom = ["xa_long_cang", "xa_rach_kien"]\n'
    '[into]\ncode = "xa_moi"\nname = "Xã Mới"\n'
)


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        ("merge", "2026-12-01", '"mai"', "effective_on: must be a date"),
        ("merge", "effective_on", "efective_on", "did you mean effective_on?"),
        ("merge", "xa_rach_kien", "xa_rach_kin", "from: .*did you mean xa_rach_kien"),
        ("merge", "xa_rach_kien", "old_tan_an", "from: old_tan_an ends on 2025-06-30"),
        ("merge", ', "xa_rach_kien"', "", "from: a merge needs two"),
        ("merge", '"xa_moi"', '"xa_can_duoc"', "into.code: xa_can_duoc is Xã Cần Đước"),
        ("merge", '"xa_moi"', '"Xã Mới"', "into.code: .*small letters"),
        ("merge", '"xa_moi"', '"xa_long_cang"', "into.code: .*old unit too"),
        ("merge", 'name = "Xã Mới"', "", "into.code: no unit 'xa_moi'"),
        ("merge", 'name = "Xã Mới"', "name = 3", "into.name: must be a text"),
        ("merge", "2026-12-01", "2025-07-01", "effective_on: .*begins only"),
        (
            "merge",
            'name = "Xã Mới"',
            'name = "A"\nlevel = "x"',
            "into.level: .*commune",
        ),
        ("merge", 'name = "Xã Mới"', 'name = "A"\naccounts = ["x"]', "into.accounts"),
        ("merge", 'name = "Xã Mới"', 'name = "A"\nparent_code = "x"', "parent_code"),
        ("split", "", "", "from: a split has one old unit"),
        ("rename", "", "", "from: a rename has one old unit"),
        ("split", ', "xa_rach_kien"', "", "into: a split needs two"),
        ("merge", "[into]", "into", r"change.toml: .*line 3"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(
    session: Session, tmp_path: Path, kind: str, old: str, new: str, said: str
) -> None:
    file = written(tmp_path, MERGE.replace(old, new, 1) if old else MERGE)
    with pytest.raises(MapFileError, match=said) as refused:
        change(session, Kind(kind), file)
    assert str(refused.value).startswith(str(file))
    assert len(str(refused.value).splitlines()) == 1
