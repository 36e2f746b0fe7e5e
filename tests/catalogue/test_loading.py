"""Loading is three-way: the pack leads, local work stays, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func
from sqlmodel import Session, col, select

from bot.catalogue.loading import LoadReport, TableReport, digest, load_content
from bot.catalogue.packs import Packs, read_packs
from bot.catalogue.schema import PROCEDURES
from bot.db import Database
from models import Document, Duty, OneStopDesk, Origin, Procedure, UnitSuccession

CONTENT = Path(__file__).resolve().parents[2] / "content"
BIRTH, EXTRACT = "1.001193", "2.000635"


@pytest.fixture(scope="module")
def shipped() -> Packs:
    return read_packs(CONTENT)


@pytest.fixture
def packs(shipped: Packs) -> Packs:
    """The shipped packs with few procedures, free to be changed by a test."""
    short = [row for row in shipped.procedures if row["code"] in (BIRTH, EXTRACT)]
    return deepcopy(replace(shipped, procedures=short))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as session:
        yield session


def _procedures(report: LoadReport) -> TableReport:
    return next(table for table in report.tables if table.table == "procedures")


def _birth(session: Session) -> Procedure:
    return session.exec(select(Procedure).where(Procedure.code == BIRTH)).one()


def _edit(session: Session, **values: Any) -> None:
    """What an official changes on a page."""
    procedure = _birth(session)
    for name, value in values.items():
        setattr(procedure, name, value)
    session.add(procedure)
    session.flush()


def _in_pack(packs: Packs, code: str = BIRTH) -> dict[str, Any]:
    return next(row for row in packs.procedures if row["code"] == code)


def test_all_content_arrives(session: Session, shipped: Packs) -> None:
    report = load_content(session, shipped)
    added = {table.table: table.added for table in report.tables}
    assert added.pop("topics") == len(shipped.topics)
    assert added == {
        "units": 27,
        "successions": 19,
        "desks": 6,
        "bodies": 15,
        "procedures": 4750,
        "documents": 62,
        "duties": 44,
        "plans": 2,
        "plan_duties": 88,
        "assignments": 691,
        "unit_channels": 0,
    }
    assert session.exec(select(func.count()).select_from(Procedure)).one() == 4750


def test_what_is_read_back_is_what_the_pack_says(
    session: Session, shipped: Packs
) -> None:
    load_content(session, shipped)
    for model, rows in (
        (Procedure, shipped.procedures),
        (Document, shipped.documents),
        (Duty, shipped.duties),
        (UnitSuccession, shipped.successions),
    ):
        stored = session.exec(select(model)).all()
        said = [{name: getattr(row, name) for name in rows[0]} for row in stored]
        assert sorted(said, key=str) == sorted(rows, key=str)


def test_order_of_the_pack_is_remembered(session: Session, shipped: Packs) -> None:
    load_content(session, shipped)
    order = select(Procedure.code).order_by(col(Procedure.position))
    assert session.exec(order).all() == [row["code"] for row in shipped.procedures]


def _statements(session: Session) -> list[str]:
    """What the database is asked from now on."""
    statements: list[str] = []
    event.listen(
        session.connection(),
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_rest: statements.append(statement),
    )
    return statements


def test_second_load_changes_nothing(session: Session, shipped: Packs) -> None:
    load_content(session, shipped)
    statements = _statements(session)
    report = load_content(session, shipped)
    assert (report.changed, report.conflicts) == (0, [])
    assert len(statements) == len(report.tables)  # one SELECT per table, no more
    assert all(statement.startswith("SELECT") for statement in statements)


def test_first_load_asks_two_things_per_table_however_long_it_is(
    session: Session, shipped: Packs
) -> None:
    statements = _statements(session)
    report = load_content(session, shipped)
    assert report.changed > 500
    assert len(statements) <= 2 * len(report.tables)  # what is there; then all at once


def test_untouched_row_follows_the_pack(session: Session, packs: Packs) -> None:
    load_content(session, packs)
    _in_pack(packs)["fee_online"] = "5.000"
    report = _procedures(load_content(session, packs))
    assert (report.updated, report.unchanged) == (1, 1)
    assert _birth(session).fee_online == "5.000"
    assert load_content(session, packs).changed == 0


def test_edited_row_stays_while_the_pack_is_the_same(
    session: Session, packs: Packs
) -> None:
    load_content(session, packs)
    _edit(session, fee_online="8.000")
    report = _procedures(load_content(session, packs))
    assert (report.kept, report.changed, report.conflicts) == (1, 0, [])
    assert _birth(session).fee_online == "8.000"


def test_edited_row_stays_and_is_a_conflict_when_the_pack_changes(
    session: Session, packs: Packs
) -> None:
    load_content(session, packs)
    _edit(session, fee_online="8.000")
    _in_pack(packs).update(papers="khác", fee_online="5.000")
    for _ in range(2):  # reported until somebody settles it
        report = _procedures(load_content(session, packs))
        (conflict,) = report.conflicts
        assert (conflict.key, set(conflict.fields)) == (BIRTH, {"fee_online", "papers"})
        assert (report.kept, report.changed) == (1, 0)
    assert _birth(session).fee_online == "8.000"


def test_conflict_ends_when_the_row_says_what_the_pack_says(
    session: Session, packs: Packs
) -> None:
    load_content(session, packs)
    _edit(session, fee_online="8.000")
    _in_pack(packs)["fee_online"] = "5.000"
    assert load_content(session, packs).conflicts
    _edit(session, fee_online="5.000")
    assert load_content(session, packs).conflicts == []
    _in_pack(packs)["fee_online"] = "6.000"  # and the row follows the pack again
    load_content(session, packs)
    assert _birth(session).fee_online == "6.000"


def test_local_row_is_never_touched(session: Session, packs: Packs) -> None:
    session.add(Procedure(code="9.000001", name="Việc của xã", origin=Origin.LOCAL))
    session.flush()
    report = _procedures(load_content(session, packs))
    assert (report.kept, report.removed) == (1, [])
    local = select(Procedure).where(Procedure.origin == Origin.LOCAL)
    assert session.exec(local).one().name == "Việc của xã"


def test_local_row_wins_over_a_pack_row_of_the_same_code(
    session: Session, packs: Packs
) -> None:
    session.add(Procedure(code=BIRTH, name="Tên của xã", origin=Origin.LOCAL))
    session.flush()
    report = _procedures(load_content(session, packs))
    assert [conflict.key for conflict in report.conflicts] == [BIRTH]
    assert _birth(session).name == "Tên của xã"


def test_untouched_row_goes_with_the_pack(session: Session, packs: Packs) -> None:
    load_content(session, packs)
    packs.procedures.remove(_in_pack(packs))
    report = _procedures(load_content(session, packs))
    assert report.removed == [BIRTH]
    assert session.exec(select(Procedure.code)).all() == [EXTRACT]


def test_edited_row_outlives_the_pack(session: Session, packs: Packs) -> None:
    load_content(session, packs)
    _edit(session, note="xã ghi thêm")
    packs.procedures.remove(_in_pack(packs))
    report = _procedures(load_content(session, packs))
    assert (report.removed, len(report.conflicts)) == ([], 1)
    assert _birth(session).note == "xã ghi thêm"


def test_new_row_in_front_moves_the_others_without_conflict(
    session: Session, packs: Packs
) -> None:
    load_content(session, packs)
    _edit(session, note="xã ghi thêm")
    packs.procedures.insert(0, _in_pack(packs) | {"code": "1.000001"})
    report = _procedures(load_content(session, packs))
    assert (report.added, report.moved, report.conflicts) == (1, 2, [])
    assert _birth(session).position > 1
    assert load_content(session, packs).changed == 0


def _fill_a_desk(session: Session) -> None:
    desk = session.exec(select(OneStopDesk)).first()
    assert desk is not None
    desk.phone = "0272 000 000"
    session.add(desk)


def _change_a_list(session: Session) -> None:
    document = session.exec(select(Document)).first()
    assert document is not None
    document.aliases = [*document.aliases, "cách gọi ở xã"]
    session.add(document)


def _change_a_quota(session: Session) -> None:
    duty = session.exec(select(Duty).where(Duty.id == "II-2.2")).one()
    assert duty.quota is not None
    duty.quota = duty.quota | {"count": 3}
    session.add(duty)


@pytest.mark.parametrize("edit", [_fill_a_desk, _change_a_list, _change_a_quota])
def test_local_edit_of_any_table_is_seen(
    session: Session, packs: Packs, edit: Callable[[Session], None]
) -> None:
    load_content(session, packs)
    edit(session)
    session.flush()
    report = load_content(session, packs)
    assert sum(table.kept for table in report.tables) == 1
    assert report.changed == 0


def test_column_of_a_later_release_is_not_taken_for_an_edit(packs: Packs) -> None:
    """What was stored before the column existed keeps its digest while it is empty."""
    columns = tuple(one for one in PROCEDURES.columns if one.name != "issuer")
    earlier = replace(PROCEDURES, columns=columns)
    row = _in_pack(packs) | {"issuer": ""}
    assert digest(earlier, row) == digest(PROCEDURES, row)
    assert digest(earlier, row) != digest(PROCEDURES, _in_pack(packs))


def test_local_row_stays_local_even_if_the_pack_says_the_same(
    session: Session, packs: Packs
) -> None:
    session.add(Procedure(**_in_pack(packs), origin=Origin.LOCAL))
    session.flush()
    report = _procedures(load_content(session, packs))
    assert (report.kept, report.updated, report.conflicts) == (1, 0, [])
    session.expire_all()
    assert _birth(session).origin == Origin.LOCAL


def test_report_can_be_printed(session: Session, packs: Packs) -> None:
    load_content(session, packs)
    _edit(session, fee_online="8.000")
    _in_pack(packs)["fee_online"] = "5.000"
    packs.procedures.remove(_in_pack(packs, EXTRACT))
    lines = list(load_content(session, packs).lines())
    assert (
        "procedures: 0 added, 0 updated, 0 moved, 1 removed, 0 unchanged, "
        "1 kept as edited here"
    ) in lines
    assert f"  removed {EXTRACT}: no longer in the pack" in lines
    assert f"  conflict {BIRTH}: edited here: fee_online" in lines
