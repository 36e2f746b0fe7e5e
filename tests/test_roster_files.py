"""An office's list of officials: shown first, taken whole, a code for each who is new."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook
from sqlmodel import Session, col, select

from bot.catalogue.records import PacksRefused
from bot.db import Database
from bot.errors import OperatorError
from bot.people import joining, officials, roster
from bot.people.joining import Joined, Refusal
from bot.roster_files import (
    Code,
    RosterPlan,
    apply_roster,
    make_codes,
    plan_roster,
    write_codes,
)
from models import Account, Contact, Official, Role
from tests.conftest import CONTENT

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HEADER = ["Họ và tên", "Số điện thoại", "Đơn vị", "Vai trò"]
LAN = ["Nguyễn Thị Lan", "0900 000 104", "Xã Cần Đước", "Cán bộ"]
DUNG = ["Trần Văn Dũng", "", "xa_can_duoc", "Lãnh đạo"]


@pytest.fixture
def session(filled: Database) -> Iterator[Session]:
    with filled.writing() as opened:
        opened.add(Account(oa_id="oa", created_at=NOW))
        yield opened


def table(folder: Path, *rows: Sequence[object], name: str = "officials.csv") -> Path:
    file = folder / name
    if file.suffix == ".xlsx":
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in (HEADER, *rows):
            sheet.append(row)
        book.save(file)
        return file
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([HEADER, *rows])
    return file


def plan(session: Session, file: Path) -> RosterPlan:
    return plan_roster(session, file, CONTENT, TODAY)


def take(session: Session, file: Path) -> list[Code]:
    people = apply_roster(session, plan(session, file), NOW, TODAY)
    return make_codes(session, people, NOW)


def join(session: Session, code: str) -> Joined | Refusal:
    number = len(session.exec(select(Contact)).all())
    contact = Contact(oa_id="oa", user_id=f"u{number}", created_at=NOW)
    session.add(contact)
    session.flush()
    return joining.join(session, contact, code, NOW, TODAY)


@pytest.mark.parametrize("name", ["officials.csv", "officials.xlsx"])
def test_a_list_makes_a_roster_and_codes_that_let_people_in(
    session: Session, tmp_path: Path, name: str
) -> None:
    lan, dung = take(session, table(tmp_path, LAN, DUNG, name=name))
    people = roster.people_of(session, "xa_can_duoc", TODAY)
    assert [(p.official.name, p.official.phone, p.role) for p in people] == [
        ("Trần Văn Dũng", None, Role.LEADER),
        ("Nguyễn Thị Lan", "84900000104", Role.OFFICIAL),
    ]
    joined = join(session, lan.code)
    assert isinstance(joined, Joined)
    assert joined.official.name == "Nguyễn Thị Lan"
    assert list(officials.leaders_of(session, "xa_can_duoc", TODAY)) == []
    assert isinstance(join(session, dung.code), Joined)
    assert len(officials.leaders_of(session, "xa_can_duoc", TODAY)) == 1


def test_looking_at_a_list_changes_nothing(session: Session, tmp_path: Path) -> None:
    lines = list(plan(session, table(tmp_path, LAN, DUNG)).lines())
    assert lines[0].endswith(
        "2 added, 0 changed, 0 unchanged, 0 not in the file, 0 bad"
    )
    assert lines[1] == "+ Nguyễn Thị Lan: official of xa_can_duoc Xã Cần Đước"
    assert session.exec(select(Official)).all() == []


def test_the_same_list_again_changes_nothing(session: Session, tmp_path: Path) -> None:
    file = table(tmp_path, LAN, DUNG)
    take(session, file)
    again = list(plan(session, file).lines())
    assert "0 added, 0 changed, 2 unchanged" in again[0]
    assert len(again) == 1


def test_new_codes_end_the_old_ones_and_who_is_in_needs_none(
    session: Session, tmp_path: Path
) -> None:
    file = table(tmp_path, LAN, DUNG)
    first = take(session, file)
    assert isinstance(join(session, first[1].code), Joined)
    (second,) = take(session, file)
    assert join(session, first[0].code) is Refusal.REVOKED
    assert isinstance(join(session, second.code), Joined)
    assert take(session, file) == []


def test_changes_are_named_field_by_field_and_made(
    session: Session, tmp_path: Path
) -> None:
    take(session, table(tmp_path, LAN, DUNG))
    moved = table(
        tmp_path,
        ["Nguyễn Thị Lan Anh", "84900000104", "Xã Cần Đước", "Lãnh đạo đơn vị"],
        ["Nguyễn Thị Lan Anh", "+84 900 000 104", "Xã Tân Lân", ""],
    )
    lines = list(plan(session, moved).lines())
    assert (
        "~ Nguyễn Thị Lan Anh: name was 'Nguyễn Thị Lan'; "
        "official -> leader of xa_can_duoc"
    ) in lines
    assert any("new in xa_tan_lan as official" in line for line in lines)
    assert "- Trần Văn Dũng: leader of xa_can_duoc (kept)" in lines
    take(session, moved)
    names = session.scalars(select(col(Official.name)).order_by(Official.name)).all()
    assert names == ["Nguyễn Thị Lan Anh", "Trần Văn Dũng"]
    (lan,) = [one.official for one in roster.people_of(session, "xa_tan_lan", TODAY)]
    held = officials.memberships(session, lan.id or 0, TODAY)
    assert {(one.unit_code, one.role) for one in held} == {
        ("xa_can_duoc", "leader"),
        ("xa_tan_lan", "official"),
    }


def test_two_people_of_one_name_are_told_apart_by_their_numbers(
    session: Session, tmp_path: Path
) -> None:
    other = ["Nguyễn Thị Lan", "0900000199", "Xã Cần Đước", ""]
    codes = take(session, table(tmp_path, LAN, other))
    assert len({one.code for one in codes}) == 2
    again = list(plan(session, table(tmp_path, LAN, other)).lines())
    assert "2 unchanged" in again[0]


def test_a_person_in_two_units_gets_one_code(session: Session, tmp_path: Path) -> None:
    elsewhere = [*LAN[:2], "Xã Tân Lân", "Lãnh đạo"]
    (code,) = take(session, table(tmp_path, LAN, elsewhere))
    joined = join(session, code.code)
    assert isinstance(joined, Joined)
    assert len(officials.units_of(session, joined.official.id or 0, TODAY)) == 2


@pytest.mark.parametrize(
    ("row", "place", "said"),
    [
        (["", "", "Xã Cần Đước", ""], "3: name", "is required"),
        (["Lan", "0901", "Xã Cần Đước", ""], "3: phone", "0912345678"),
        (["Lan", "", "", ""], "3: unit", "is required"),
        (["Lan", "", "xa_can_doc", ""], "3: unit", "did you mean xa_can_duoc"),
        (["Lan", "", "old_tan_an", ""], "3: unit", "not in force, now xa_can_duoc"),
        (["Lan", "", "Xã Cần Đước", "Sếp"], "3: role", "lãnh đạo"),
        (LAN, "3: name", "stands for this unit in line 2 already"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_taken(
    session: Session, tmp_path: Path, row: list[object], place: str, said: str
) -> None:
    file = table(tmp_path, LAN, row)
    made = plan(session, file)
    (problem,) = made.problems
    assert str(problem).startswith(f"{file}:{place}: ")
    assert said in str(problem)
    with pytest.raises(PacksRefused):
        apply_roster(session, made, NOW, TODAY)
    assert session.exec(select(Official)).all() == []


def test_a_missing_column_is_named(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "officials.csv"
    file.write_text("Họ và tên,Chức vụ\nLan,x\n", encoding="utf-8")
    (problem,) = plan(session, file).problems
    assert "unit: is not among the columns" in str(problem)
    assert "Đơn vị" in str(problem)


def test_a_number_that_a_spreadsheet_shortened_is_whole_again(
    session: Session, tmp_path: Path
) -> None:
    row: list[object] = ["Lan", 900000104, "Xã Cần Đước", "Cán bộ"]
    take(session, table(tmp_path, row, name="officials.xlsx"))
    assert session.exec(select(Official)).one().phone == "84900000104"


def test_codes_are_written_for_the_owner_only_and_never_over_a_file(
    session: Session, tmp_path: Path
) -> None:
    codes = take(session, table(tmp_path, LAN))
    file = tmp_path / "codes.csv"
    write_codes(file, codes, ZONE)
    assert file.stat().st_mode & 0o777 == 0o600
    header, line = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    until = (NOW + timedelta(days=14)).astimezone(ZONE)
    assert dict(zip(header, line, strict=True)) == {
        "name": "Nguyễn Thị Lan",
        "phone": "84900000104",
        "unit": "Xã Cần Đước",
        "role": "official",
        "code": codes[0].code,
        "until": f"{until:%Y-%m-%d %H:%M}",
    }
    with pytest.raises(OperatorError, match="cannot be written"):
        write_codes(file, codes, ZONE)
