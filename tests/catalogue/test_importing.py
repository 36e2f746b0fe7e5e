"""An office's own files: what would change is shown first, bad lines stop everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlmodel import Session, col, select

from bot.catalogue.import_kinds import KINDS
from bot.catalogue.importing import (
    FieldChange,
    ImportPlan,
    ImportRefused,
    apply_import,
    plan_import,
)
from bot.catalogue.loading import load_content
from bot.catalogue.packs import PackReader, Packs, read_packs
from bot.catalogue.sheets import SheetUnreadable, read_sheet
from bot.db import Database
from models import (
    AdminUnit,
    Document,
    OneStopDesk,
    Origin,
    Procedure,
    UnitChannel,
)

CONTENT = Path(__file__).resolve().parents[2] / "content"
BIRTH = "1.001193"
BIRTH_NAME = "Thủ tục đăng ký khai sinh"


@pytest.fixture
def session(filled: Database) -> Iterator[Session]:
    with filled.writing() as session:
        yield session


@pytest.fixture(scope="module")
def packs() -> Packs:
    return read_packs(CONTENT)


Sheet = Callable[..., Path]


@pytest.fixture
def csv_file(tmp_path: Path) -> Sheet:
    def write(*lines: str, encoding: str = "utf-8") -> Path:
        file = tmp_path / "file.csv"
        file.write_text("\n".join(lines) + "\n", encoding=encoding)
        return file

    return write


@pytest.fixture
def xlsx_file(tmp_path: Path) -> Sheet:
    def write(*rows: list[Any]) -> Path:
        book = Workbook()
        for row in rows:
            book.active.append(row)  # type: ignore[union-attr]
        file = tmp_path / "file.xlsx"
        book.save(file)
        book.close()
        return file

    return write


def _plan(session: Session, kind: str, file: Path) -> ImportPlan:
    return plan_import(session, kind, file, CONTENT)


def _procedure(session: Session, code: str = BIRTH) -> Procedure:
    return session.exec(select(Procedure).where(Procedure.code == code)).one()


def _everything(session: Session) -> list[str]:
    """All rows an import could touch, as text."""
    rows: list[str] = []
    for model in (Procedure, Document, AdminUnit, OneStopDesk):
        rows += sorted(repr(row) for row in session.exec(select(model)))
    return rows


# --- formats --------------------------------------------------------------------------


FORMATS = {
    "comma": (",", "utf-8", ("code", "fee_online")),
    "comma with BOM": (",", "utf-8-sig", ("code", "fee_online")),
    "semicolon": (";", "utf-8-sig", ("code", "fee_online")),
    "tab": ("\t", "utf-8", ("code", "fee_online")),
    "Vietnamese": (";", "utf-8-sig", ("Mã thủ tục", "Lệ phí trực tuyến")),
    "other case": (",", "utf-8", ("MÃ THỦ TỤC", " lệ phí  trực tuyến ")),
}


@pytest.mark.parametrize("form", FORMATS)
def test_csv_is_read_in_every_usual_form(
    session: Session, csv_file: Sheet, form: str
) -> None:
    separator, encoding, header = FORMATS[form]
    lines = (separator.join(header), separator.join((BIRTH, "5.000")))
    plan = _plan(session, "services", csv_file(*lines, encoding=encoding))
    (change,) = plan.changed
    assert change.fields == (
        FieldChange("fee_online", "0 (Cổng ghi miễn phí)", "5.000"),
    )
    assert (plan.added, plan.problems, plan.ignored_columns) == ([], [], [])


def test_header_and_cells_in_decomposed_unicode_are_understood(
    session: Session, csv_file: Sheet
) -> None:
    header = "Ma\u0303 thu\u0309 tu\u0323c,Ghi chu\u0301"
    plan = _plan(session, "services", csv_file(header, f"{BIRTH},e\u0301"))
    assert plan.changed[0].values == {"note": "é"}


def test_xlsx_is_read_with_its_dates(session: Session, xlsx_file: Sheet) -> None:
    file = xlsx_file(
        ["Mã thủ tục", "Ngày kiểm tra", "Ghi chú"],
        [BIRTH, datetime(2026, 11, 20), "hai dòng\ntrong một ô"],  # noqa: DTZ001
        [None, None, None],
        ["2.000635", "21/11/2026", None],
    )
    plan = _plan(session, "services", file)
    assert plan.problems == []
    assert plan.changed[0].values == {
        "checked_on": date(2026, 11, 20),
        "note": "hai dòng trong một ô",
    }
    assert plan.changed[1].values["checked_on"] == date(2026, 11, 21)


def test_line_numbers_are_those_of_the_spreadsheet(
    session: Session, csv_file: Sheet
) -> None:
    file = csv_file("code,note", f'{BIRTH},"hai\ndòng"', "", "x,y")
    (problem,) = _plan(session, "services", file).problems
    assert problem.line == 5


def _not_utf8(folder: Path) -> Path:
    file = folder / "file.csv"
    file.write_bytes("code,note\n1.001193,Thủ tục\n".encode("utf-16"))
    return file


def _not_xlsx(folder: Path) -> Path:
    file = folder / "file.xlsx"
    file.write_text("code,note\n", encoding="utf-8")
    return file


def _unknown_suffix(folder: Path) -> Path:
    return folder / "file.pdf"


def _empty(folder: Path) -> Path:
    file = folder / "file.csv"
    file.write_text("\n\n", encoding="utf-8")
    return file


def _missing(folder: Path) -> Path:
    return folder / "missing.csv"


def _open_quote(folder: Path) -> Path:
    file = folder / "file.csv"
    file.write_text('code,note\n1.001193,"open\n', encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_not_utf8, "save it as 'CSV UTF-8'"),
        (_not_xlsx, "is not an XLSX file"),
        (_unknown_suffix, "expected a .csv or .xlsx file"),
        (_empty, "is empty"),
        (_missing, "cannot be read"),
        (_open_quote, "unexpected end of data"),
    ],
)
def test_unreadable_file_says_what_to_do(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    with pytest.raises(SheetUnreadable, match=reason):
        read_sheet(make(tmp_path))


# --- what a spreadsheet spoils --------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (1.00119, "made 1.00119 of it, zeros may be lost"),
        (1.001193, "zeros may be lost"),  # nobody can tell whether a zero is missing
        ("1.00119", "is not a procedure code like 1.001193"),
        (datetime(2026, 1, 1), "zeros may be lost"),  # noqa: DTZ001
        (True, "zeros may be lost"),
        ("#REF!", "spreadsheet error #REF!"),
        (None, "is required and is empty"),
    ],
)
def test_code_spoiled_by_a_spreadsheet_is_refused(
    session: Session, xlsx_file: Sheet, cell: object, reason: str
) -> None:
    file = xlsx_file(["code", "note"], [cell, "x"])
    (problem,) = _plan(session, "services", file).problems
    assert (problem.line, problem.field) == (2, "code")
    assert reason in problem.reason


def test_phone_turned_into_a_number_is_refused(
    session: Session, xlsx_file: Sheet
) -> None:
    file = xlsx_file(["Mã đơn vị", "Điện thoại"], ["xa_can_duoc", 2723881234])
    (problem,) = _plan(session, "units", file).problems
    assert (problem.line, problem.field) == (2, "phone")


# --- the plan -------------------------------------------------------------------------


def test_plan_changes_nothing(session: Session, csv_file: Sheet) -> None:
    before = _everything(session)
    file = csv_file("code,name,note", f"{BIRTH},Tên mới,x", "9.000001,Việc mới,")
    plan = _plan(session, "services", file)
    assert (len(plan.added), len(plan.changed)) == (1, 1)
    session.expire_all()
    assert _everything(session) == before


def test_differences_are_shown_field_by_field(
    session: Session, csv_file: Sheet
) -> None:
    file = csv_file(
        "STT,code,name,fee_online,aliases",
        f"1,{BIRTH},{BIRTH_NAME},5.000,gks",
        "2,9.000001,Việc mới,,",
        f"3,2.000635,{_procedure(session, '2.000635').name},8.000,",
    )
    plan = _plan(session, "services", file)
    lines = list(plan.lines())
    assert lines[0].endswith(
        "1 added, 2 changed, 0 unchanged, 194 not in the file, 0 bad"
    )
    assert lines[1:5] == [
        "ignored column: STT",
        "+ 9.000001 Việc mới",
        f"~ {BIRTH} {BIRTH_NAME}",
        "    fee_online: '0 (Cổng ghi miễn phí)' -> '5.000'",
    ]
    changed = {change.key: change.values for change in plan.changed}
    assert changed[BIRTH] == {"fee_online": "5.000", "aliases": "gks"}


def test_own_content_read_back_changes_nothing(session: Session, packs: Packs) -> None:
    plan = _plan(session, "services", CONTENT / "procedures.csv")
    assert (plan.added, plan.changed, plan.problems, plan.gone) == ([], [], [], [])
    assert plan.unchanged == 196


def test_gone_rows_are_of_the_same_scope_and_stay(
    session: Session, csv_file: Sheet
) -> None:
    names = ["Xã Cần Đước", "Xã Long Hựu", "Xã Tân Lân", "Xã Mỹ Lệ"]
    lines = [f"{name},8 giờ - 16 giờ" for name in names]
    plan = _plan(session, "units", csv_file("Tên đơn vị,Giờ làm việc", *lines))
    assert plan.gone == ["xa_rach_kien Xã Rạch Kiến", "xa_long_cang Xã Long Cang"]
    apply_import(session, plan)
    assert len(session.exec(select(AdminUnit)).all()) == 27


def test_index_rows_are_not_gone(session: Session, csv_file: Sheet) -> None:
    gone = _plan(session, "services", csv_file("code,note", f"{BIRTH},x")).gone
    assert len(gone) == 195


# --- applying -------------------------------------------------------------------------


def test_only_columns_of_the_file_change(session: Session, csv_file: Sheet) -> None:
    before = _procedure(session).model_copy()
    apply_import(
        session, _plan(session, "services", csv_file("code,note", f"{BIRTH},"))
    )
    after = _procedure(session)
    changed = {
        name
        for name in Procedure.model_fields
        if getattr(before, name) != getattr(after, name)
    }
    assert (changed, after.note) == ({"note"}, "")


def test_imported_rows_belong_to_the_office(
    session: Session, csv_file: Sheet, packs: Packs
) -> None:
    file = csv_file("code,name,note", f"{BIRTH},{BIRTH_NAME},x", "9.000001,Việc mới,y")
    apply_import(session, _plan(session, "services", file))
    new = _procedure(session, "9.000001")
    assert (new.origin, new.pack_digest, new.status) == (Origin.LOCAL, None, "active")
    report = load_content(session, packs)
    assert (report.changed, sum(table.kept for table in report.tables)) == (0, 2)
    assert _procedure(session).note == "x"


def test_new_rows_stand_behind_those_of_the_pack(
    session: Session, csv_file: Sheet
) -> None:
    file = csv_file("code,name", "9.000001,Một", "9.000002,Hai")
    apply_import(session, _plan(session, "services", file))
    order = select(Procedure.code).order_by(col(Procedure.position).desc())
    assert session.exec(order).fetchmany(2) == ["9.000002", "9.000001"]


def test_applying_twice_changes_nothing_more(session: Session, csv_file: Sheet) -> None:
    file = csv_file("code,name,note", f"{BIRTH},{BIRTH_NAME},x", "9.000001,Việc mới,y")
    apply_import(session, _plan(session, "services", file))
    plan = _plan(session, "services", file)
    assert (plan.added, plan.changed, plan.unchanged) == ([], [], 2)


def test_plan_is_refused_when_a_row_was_changed_meanwhile(
    session: Session, csv_file: Sheet
) -> None:
    plan = _plan(session, "services", csv_file("code,note", f"{BIRTH},x"))
    _procedure(session).note = "sửa trên trang"
    session.flush()
    with pytest.raises(ImportRefused, match=r"csv:2: 1.001193 was changed meanwhile"):
        apply_import(session, plan)
    session.expire_all()
    assert _procedure(session).note == "sửa trên trang"


def test_one_bad_line_stops_the_whole_file(session: Session, csv_file: Sheet) -> None:
    before = _everything(session)
    plan = _plan(
        session, "services", csv_file("code,group", f"{BIRTH},cu_tru", "2.000635,xe")
    )
    with pytest.raises(ImportRefused, match=r"file.csv:3: group: 'xe' is not one of"):
        apply_import(session, plan)
    session.expire_all()
    assert _everything(session) == before


# kind, lines of the file, line and field of the mistake, a part of the reason
BAD_LINES = [
    ("services", ("name", "x"), 1, "code", "not among the columns"),
    ("services", ("code,Mã TTHC", "1.000001,1.000001"), 1, "code", "stands twice"),
    ("services", ("code,note", "1.001193,a,b"), 2, "", "more cells than the header"),
    ("services", ("code", "1.001193", "1.001193"), 3, "code", "stands in line 2"),
    ("services", ("code,note", "9.000001,x"), 2, "name", "'9.000001' is new"),
    ("services", ("code,checked_on", "1.001193,32/1/2026"), 2, "checked_on", "a date"),
    ("services", ("code,status", "1.001193,replaced"), 2, "replaced_by", "only if"),
    (
        "services",
        ("code,status,replaced_by", "1.001193,replaced,9.999999"),
        2,
        "replaced_by",
        "'9.999999' is not a known procedure",
    ),
    ("services", ("code,note", "1.000005,x"), 2, "status", "national index only"),
    ("documents", ("symbol,title", "14119/KH-UBND,x"), 2, "symbol", "III-6, III-8"),
    ("documents", ("id,symbol", ","), 0, "", ""),
    (
        "documents",
        (
            "symbol,title,kind,issuer,topics,state_note",
            "1/KH-UBND,x,Kế hoạch,UBND xã,khac,x",
        ),
        2,
        "level",
        "is new",
    ),
    ("documents", ("id,topics", "I-1,chuyen_doi_so; x"), 2, "topics", "'x' is not"),
    ("units", ("name,phone", "Xã Lạ,1"), 2, "name", "no unit is named 'Xã Lạ'"),
    ("units", ("code,parent_code", "xa_my_le,x"), 2, "parent_code", "not a known"),
    (
        "units",
        ("code,valid_to", "xa_my_le,2025-01-01"),
        2,
        "valid_to",
        "is before valid_from",
    ),
    ("units", ("code,name", "Xa My Le,x"), 2, "code", "small letters"),
]


@pytest.mark.parametrize(("kind", "lines", "line", "field", "reason"), BAD_LINES)
def test_bad_line_is_named_with_its_reason(
    session: Session,
    csv_file: Sheet,
    kind: str,
    lines: tuple[str, ...],
    line: int,
    field: str,
    reason: str,
) -> None:
    problems = _plan(session, kind, csv_file(*lines)).problems
    if not line:
        assert problems == []  # an empty line is no line
        return
    assert [(problem.line, problem.field) for problem in problems] == [(line, field)]
    assert reason in problems[0].reason


# --- documents ------------------------------------------------------------------------


def test_document_is_found_by_symbol_and_date(
    session: Session, csv_file: Sheet
) -> None:
    file = csv_file(
        "Số, ký hiệu;Ngày ban hành;Cách gọi khác",
        "749/QĐ-TTg;;bảy bốn chín; 749",
        encoding="utf-8",
    )
    problems = _plan(session, "documents", file).problems
    assert "more cells" in problems[0].reason  # a list needs quotes where ; separates
    file = csv_file(
        "Số, ký hiệu;Ngày ban hành;Cách gọi khác",
        '14119/KH-UBND;23/10/2024;"tên miền xã; miền vn"',
    )
    (change,) = _plan(session, "documents", file).changed
    assert change.key == "III-8"
    assert change.values == {"aliases": ["tên miền xã", "miền vn"]}


def test_new_document_gets_its_symbol_as_id(session: Session, csv_file: Sheet) -> None:
    header = "symbol,issued_on,level,kind,issuer,title,topics,state_note"
    rest = "district,Kế hoạch,UBND xã,Kế hoạch của xã,chuyen_doi_so,Xã ban hành"
    file = csv_file(
        header, f"12/KH-UBND,2026-01-05,{rest}", f"14119/KH-UBND,2026-02-01,{rest}"
    )
    plan = _plan(session, "documents", file)
    assert plan.problems == []
    apply_import(session, plan)
    new = session.exec(select(Document).where(Document.origin == Origin.LOCAL)).all()
    assert {row.id for row in new} == {"12/KH-UBND", "14119/KH-UBND@2026-02-01"}
    assert {row.state for row in new} == {"unknown"}


# --- units and their desks ------------------------------------------------------------


def test_desk_is_filled_by_unit_name_or_code(
    session: Session, xlsx_file: Sheet
) -> None:
    file = xlsx_file(
        [
            "Mã đơn vị",
            "Tên đơn vị",
            "Địa chỉ bộ phận một cửa",
            "Giờ làm việc",
            "Điện thoại",
            "Ngày nghỉ",
        ],
        [
            "xa_can_duoc",
            None,
            "Khu 1",
            "7 giờ 30 - 17 giờ",
            "0272 388 1234",
            "Chủ nhật",
        ],
        [None, "Xã Mỹ Lệ", "Ấp 2", None, None, None],
    )
    plan = _plan(session, "units", file)
    assert plan.problems == []
    apply_import(session, plan)
    desks = {desk.unit_code: desk for desk in session.exec(select(OneStopDesk))}
    assert desks["xa_can_duoc"].phone == "0272 388 1234"
    assert desks["xa_can_duoc"].closing_days == "Chủ nhật"
    assert desks["xa_my_le"].address == "Ấp 2"  # the new commune, not the ended one
    assert "old_my_le" not in desks
    names = {unit.code: unit.name for unit in session.exec(select(AdminUnit))}
    assert names["xa_can_duoc"] == "Xã Cần Đước"  # an empty name empties nothing


def test_name_shared_by_ended_units_is_refused(
    session: Session, csv_file: Sheet
) -> None:
    for code in ("ended_1", "ended_2"):
        ended = AdminUnit(code=code, name="Xã Cũ", valid_to=date(2020, 1, 1))
        session.add(ended)
    session.flush()
    (problem,) = _plan(session, "units", csv_file("name,phone", "Xã Cũ,1")).problems
    assert "shared by ended_1, ended_2: use the code" in problem.reason


def test_new_unit_may_bring_its_desk(session: Session, csv_file: Sheet) -> None:
    file = csv_file(
        "code,name,kind,level,parent_code,valid_from,phone",
        "xa_moi,Xã Mới,xã,commune,tay_ninh,2027-01-01,0272 111 222",
    )
    plan = _plan(session, "units", file)
    assert (len(plan.added), plan.problems) == (1, [])
    apply_import(session, plan)
    unit = session.exec(select(AdminUnit).where(AdminUnit.code == "xa_moi")).one()
    assert (unit.origin, unit.valid_from) == (Origin.LOCAL, date(2027, 1, 1))
    desk = select(OneStopDesk).where(OneStopDesk.unit_code == "xa_moi")
    assert session.exec(desk).one().phone == "0272 111 222"


def test_unit_and_desk_change_in_one_line(session: Session, csv_file: Sheet) -> None:
    file = csv_file("code,note,phone", "xa_my_le,Ghi chú mới,0272 1")
    plan = _plan(session, "units", file)
    assert [change.fields[0].field for change in plan.changed] == ["note", "phone"]


# --- the labels -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_labels_fit_the_columns_and_are_not_shared(kind: str) -> None:
    labels = PackReader(CONTENT).read_labels(kind)
    assert set(labels) == set(KINDS[kind].targets())
    every = [label.casefold() for names in labels.values() for label in names]
    assert len(every) == len(set(every))


# --- channels -------------------------------------------------------------------------


def test_channels_of_units_are_imported(session: Session, csv_file: Sheet) -> None:
    file = csv_file(
        "Mã đơn vị,Kênh,Địa chỉ,RSS,Nguồn",
        "xa_my_le,website,myle.example.vn,https://myle.example.vn/rss,UBND xã",
        "xa_my_le,zalo_oa,4318657068771012646,,UBND xã",
        "xa_my_le,radio,,,",
    )
    apply_import(session, _plan(session, "channels", file))
    stored = session.exec(select(UnitChannel).order_by(col(UnitChannel.channel))).all()
    assert [(one.id, one.feed_url, one.origin) for one in stored] == [
        ("xa_my_le:radio:", "", Origin.LOCAL),
        (
            "xa_my_le:website:myle.example.vn",
            "https://myle.example.vn/rss",
            Origin.LOCAL,
        ),
        ("xa_my_le:zalo_oa:4318657068771012646", "", Origin.LOCAL),
    ]
    assert _plan(session, "channels", file).unchanged == 3


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("xa_x,website,a.vn", "unit_code", "'xa_x' is not a known unit"),
        ("xa_my_le,website,https://a.vn/", "address", "no https://"),
        ("xa_my_le,website,", "address", "is required"),
        ("xa_my_le,blog,a.vn", "channel", "is not one of"),
    ],
)
def test_a_bad_channel_is_named(
    session: Session, csv_file: Sheet, line: str, field: str, reason: str
) -> None:
    plan = _plan(session, "channels", csv_file("unit_code,channel,address", line))
    (problem,) = plan.problems
    assert (problem.line, problem.field) == (2, field)
    assert reason in problem.reason
