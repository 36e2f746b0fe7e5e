"""The report in all its forms says what the cells say."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlmodel import Session

from bot.conversation.texts import Texts
from bot.duties import exemptions
from bot.duties.closing import close
from bot.duties.periods import parse_period
from bot.duties.table.cells import CellState
from bot.duties.table.reporting import report_json, report_lines
from bot.duties.table.sheets import report_xlsx
from bot.duties.table.table import Table, table_of
from bot.duties.table.wording import period_name
from bot.people import audit
from models import Cadence, Channel, EvidenceKind, PlanDuty, ProofState
from tests.duties.office import (
    PLAN,
    WEEK,
    ZONE,
    add_assignment,
    add_duty,
    add_official,
    add_plan,
    add_proof,
    add_unit,
    at,
    report,
)

CONTENT = Path(__file__).resolve().parents[2] / "content"
PERIOD = parse_period(WEEK)
NOW = at("2026-11-25")


@pytest.fixture(scope="module")
def words() -> Texts:
    return Texts.load(CONTENT / "texts")


@pytest.fixture
def posts(session: Session) -> PlanDuty:
    """Three units, one duty with two channels and one without a quota."""
    add_plan(session, title="Kế hoạch tuyên truyền 2026")
    posts = add_duty(
        session,
        "II-2.2",
        short_title="Tin trên trang web và Zalo OA",
        channels=[Channel.WEBSITE, Channel.ZALO_OA],
    )
    followed = add_duty(session, "II-6", short_title="Tổ công nghệ số", quota=None)
    for code, name in (("xa_c", "Xã Long Cang"), ("xa_d", "Xã Long Định"), ("xa_h", "Xã Long Hòa")):  # fmt: skip
        add_unit(session, code, name)
        add_assignment(session, posts, code)
        add_assignment(session, followed, code)
    add_proof(session, posts, "xa_c", title="=HYPERLINK(1)")
    add_proof(session, posts, "xa_c")  # one more than the quota
    add_proof(
        session, posts, "xa_d", channel=Channel.ZALO_OA, received_at=at("2026-11-25")
    )
    add_proof(
        session, posts, "xa_d", state=ProofState.REJECTED, reason="Bài của năm trước"
    )
    report(session, posts, 0, unit_code="xa_h")
    report(session, followed, 12, unit_code="xa_h", channel="")
    return posts


def table(session: Session) -> Table:
    return table_of(session, PERIOD, NOW)


# --- JSON -------------------------------------------------------------------------------


def test_json_has_what_other_programs_were_promised(
    session: Session, posts: PlanDuty
) -> None:
    said = report_json(table(session), ZONE)
    assert (said["period"], said["version"]) == (WEEK, None)
    cells = {(c["unit"], c["channel"]): c for c in said["cells"]}
    assert len(cells) == 6
    first = cells["xa_c", "website"]
    assert {key: first[key] for key in ("duty", "quota", "credited", "state")} == {
        "duty": "II-2.2",
        "quota": 1,
        "credited": 1,
        "state": "on_time",
    }
    assert first["extra"] == 1
    proof = first["proofs"][0]
    assert set(proof) == {"id", "kind", "url", "state", "reason", "received_at"}
    assert isinstance(proof["id"], str)
    assert proof["received_at"] == "2026-11-19T09:00:00+07:00"
    assert cells["xa_d", "zalo_oa"]["state"] == "late"
    refused = cells["xa_d", "website"]
    assert (refused["state"], refused["proofs"][0]["state"]) == ("missing", "rejected")
    zero = cells["xa_h", "website"]
    assert (zero["state"], zero["reported_zero"]) == ("missing", True)
    assert cells["xa_h", "zalo_oa"]["reported_zero"] is False


def test_json_names_who_is_exempt_and_the_progress_of_what_has_no_quota(
    session: Session, posts: PlanDuty
) -> None:
    hoa = add_official(session, "Hoa")
    asked = exemptions.ask(
        session,
        plan_id=PLAN,
        duty_id="II-2.2",
        unit_code="xa_h",
        period=WEEK,
        reason="trang web đang chuyển máy chủ",
        official=hoa,
        now=NOW,
    )
    exemptions.grant(session, asked, hoa, NOW)
    said = report_json(table(session), ZONE)
    exempt = [cell for cell in said["cells"] if cell["state"] == "exempt"]
    assert {(c["unit"], c["exempt_by"], c["exempt_reason"]) for c in exempt} == {
        ("xa_h", hoa.pseudonym, "trang web đang chuyển máy chủ")
    }
    followed = {row["unit"]: row["done"] for row in said["progress"]}
    assert followed == {"xa_c": None, "xa_d": None, "xa_h": 12}


# --- the terminal -------------------------------------------------------------------------


def test_text_is_a_table_with_signs_and_says_who_is_silent(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    lines = list(report_lines(table(session), words, NOW))
    assert lines[0] == "Tuần 47 năm 2026 (từ 16/11/2026 đến 22/11/2026)"
    assert lines[1] == "Kế hoạch tuyên truyền 2026"
    assert lines[2].startswith("Bản đang cập nhật, chưa khóa. Lập lúc 09:00")
    rows = [line.split() for line in lines[5:8]]
    assert rows[0] == ["Xã", "Long", "Cang", "✓", "1/1", "(+1)", "✗", "0/1", "1/2"]
    assert rows[1] == ["Xã", "Long", "Định", "✗", "0/1", "±", "1/1", "0/2"]
    silent = lines[lines.index("Chưa báo cáo (số là số của cột):") + 1 :]
    assert silent == ["  Xã Long Cang: 2", "  Xã Long Định: 1", "  Xã Long Hòa: 2"]


def test_an_assumed_plan_says_so_and_an_empty_period_too(
    session: Session, words: Texts
) -> None:
    add_plan(session, is_assumed=True)
    lines = list(report_lines(table(session), words, NOW))
    assert "Giả định" in lines[1]
    assert lines[-1] == "Kỳ này không có nhiệm vụ nào có định mức."
    assert report_xlsx(table(session), words, NOW)


# --- XLSX ---------------------------------------------------------------------------------


def book_of(session: Session, words: Texts) -> Workbook:
    return load_workbook(BytesIO(report_xlsx(table(session), words, NOW)))


def values(book: Workbook, name: str) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def test_xlsx_has_its_sheets_ready_to_print(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    book = book_of(session, words)
    assert book.sheetnames == ["Tổng hợp", "Minh chứng", "Chưa báo cáo", "Theo dõi"]
    for sheet in book.worksheets:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.paperSize == 9
        assert sheet.page_setup.fitToHeight == 0  # as many pages as it takes
        assert sheet.print_title_rows
        assert sheet["A1"].font.name == "Times New Roman"
    assert book["Tổng hợp"].print_title_rows == "$5:$6"


def test_xlsx_shows_signs_colours_and_sums(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    rows = values(book_of(session, words), "Tổng hợp")
    assert rows[6][:4] == [1, "Xã Long Cang", "✓ 1/1 (+1)", "✗ 0/1"]
    assert rows[7][:4] == [2, "Xã Long Định", "✗ 0/1", "± 1/1"]
    assert rows[8][2] == "✗ 0/1 · báo cáo 0"
    assert rows[6][4:10] == [2, 1, 0, 1, 0, 0]
    assert rows[9][4] == "=SUM(E7:E9)"
    book = book_of(session, words)
    fills = {book["Tổng hợp"][place].fill.fgColor.rgb for place in ("C7", "D7", "D8")}
    assert len(fills) == 3


def test_xlsx_lists_every_proof_as_text_with_its_link(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    book = book_of(session, words)
    sheet = book["Minh chứng"]
    rows = values(book, "Minh chứng")[5:]
    assert len(rows) == 6
    assert rows[0][5] == "=HYPERLINK(1)"
    assert sheet["F6"].data_type == "s"  # text, not a formula
    link = sheet["H6"].hyperlink
    assert link is not None
    assert link.target.startswith("https://xa-a.example.vn/")
    states = [row[10] for row in rows]
    assert states[:3] == ["được tính"] * 3
    assert states[3] == "bị từ chối: Bài của năm trước"


def test_xlsx_says_why_a_proof_does_not_count_and_which_no_person_accepted(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    add_proof(session, posts, "xa_h", decided_by="rule")
    add_proof(session, posts, "xa_h", decided_by="rule", reason="disappeared")
    add_proof(session, posts, "xa_h", state=ProofState.FAILED, reason="own_host_no")
    rows = values(book_of(session, words), "Minh chứng")[-3:]
    assert [row[10] for row in rows] == [
        "được tính ⚙ theo quy tắc",
        "được tính ⚙ theo quy tắc: đã tính, nay trang không còn mở được",
        "chưa tính được: không phải trang của đơn vị",
    ]


def test_xlsx_lists_who_is_silent(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    rows = values(book_of(session, words), "Chưa báo cáo")[5:]
    assert [(row[1], row[3]) for row in rows] == [
        ("Xã Long Cang", "Zalo OA"),
        ("Xã Long Định", "Trang web"),
        ("Xã Long Hòa", "Zalo OA"),
    ]


def test_a_month_shows_its_weeks(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    monthly = add_duty(
        session, "II-3.3b", cadence=Cadence.MONTHLY, channels=[Channel.WEBSITE]
    )
    add_assignment(session, monthly, "xa_c")
    found = table_of(session, parse_period("2026-11"), NOW)
    assert [week.period for week in found.weeks if week.unit_code == "xa_c"] == [
        "2026-W44",
        "2026-W45",
        "2026-W46",
        "2026-W47",
        "2026-W48",
    ]
    book = load_workbook(BytesIO(report_xlsx(found, words, NOW)))
    rows = values(book, "Các tuần")
    assert rows[4][2:8] == ["T.44", "T.45", "T.46", "T.47", "T.48", "Cộng"]
    assert rows[5][1:7] == ["Xã Long Cang", "0/2", "0/2", "0/2", "1/2", "0/0"]
    assert len(rows) == 8  # all three, though two owe nothing by the month


def test_a_closed_version_gives_the_same_bytes_whenever_it_is_asked_for(
    session: Session, posts: PlanDuty, words: Texts
) -> None:
    close(session, PERIOD, audit.PROGRAM, NOW)
    later = NOW + timedelta(days=400)
    first = table_of(session, PERIOD, NOW)
    add_proof(session, posts, "xa_h")
    again = table_of(session, PERIOD, later)
    assert report_xlsx(first, words, NOW) == report_xlsx(again, words, later)
    assert report_json(first, ZONE) == report_json(again, ZONE)
    lines = list(report_lines(again, words, later))
    assert lines == list(report_lines(first, words, NOW))
    assert lines[2] == "Bản 1, khóa ngày 25/11/2026."


def test_every_state_and_kind_has_its_words(words: Texts) -> None:
    for state in CellState:
        assert words.render(f"report.state_{state}")
        assert words.render(f"report.sign_{state}")
    for proof_state in ProofState:
        assert words.render(f"report.proof_{proof_state}")
    for kind in EvidenceKind:
        assert words.render(f"report.kind_{kind}")
    for channel in Channel:
        assert words.render(f"report.channel_{channel}")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("2026-W05", "Tuần 5 năm 2026 (từ 26/01/2026 đến 01/02/2026)"),
        ("2026-11", "Tháng 11 năm 2026"),
        ("2026-Q4", "Quý 4 năm 2026"),
        ("2026", "Năm 2026"),
    ],
)
def test_periods_have_their_names(words: Texts, key: str, name: str) -> None:
    assert period_name(words, parse_period(key)) == name
