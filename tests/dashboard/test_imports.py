"""Sheets on the dashboard: the difference first, then all of it, then back."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook
from sqlmodel import Session, select

from bot.editing.imports import forget_expired
from bot.people import audit
from models import (
    AdminUnit,
    AuditEntry,
    ContentImport,
    ContentRevision,
    Document,
    OneStopDesk,
    Procedure,
    Role,
    UnitLevel,
)
from tests.dashboard.conftest import HOME, PROVINCE, Browser, House

BIRTH = "1.001193"
START = "/dashboard/content/import"


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser(Role.ADMINISTRATOR, PROVINCE)


def csv(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def upload(
    browser: Browser, kind: str, content: bytes, name: str = "bang.csv"
) -> tuple[str, Any]:
    """The address of the difference, and its page."""
    browser.text(START)
    answer = browser.post(START, {"kind": kind, "file": (BytesIO(content), name)})
    assert answer.status_code == 302, answer.text[:500]
    address = str(answer.headers["Location"])
    return address, browser.get(address)


def take(browser: Browser, address: str, page: Any) -> Any:
    seen = page.text.split('name="seen" value="')[1].split('"')[0]
    return browser.post(f"{address}/apply", {"seen": seen})


def rows(house: House, model: Any) -> list[Any]:
    found: list[Any] = house.reading(lambda s: list(s.exec(select(model)).all()))
    return found


def birth(session: Session) -> Procedure:
    return session.get_one(Procedure, BIRTH)


def undo_last(house: House, browser: Browser) -> str:
    browser.text(START)
    last = rows(house, ContentImport)[-1]
    browser.post(f"{START}/{last.id}/undo")
    return browser.text(START)


def test_a_sheet_is_looked_at_taken_and_taken_back(
    house: House, browser: Browser
) -> None:
    old = house.reading(birth)
    sheet = csv(
        "Mã thủ tục,Tên thủ tục,Ghi chú,Ngày kiểm tra",
        f"{BIRTH},{old.name},Mang theo giấy chứng sinh,05/11/2026",
        "9.000001,Việc riêng của xã,,05/11/2026",
    )
    address, page = upload(browser, "services", sheet)
    assert "Mang theo giấy chứng sinh" in page.text
    assert "Việc riêng của xã" in page.text
    assert house.reading(birth).note == old.note  # nothing yet
    take(browser, address, page)
    new = house.reading(birth)
    assert (new.note, new.papers) == ("Mang theo giấy chứng sinh", old.papers)
    kinds = [str(one.cause) for one in rows(house, ContentRevision)]
    assert kinds == ["import", "import"]
    assert "Mang theo" in browser.text(f"/dashboard/content/procedures/{BIRTH}")
    assert "Đã hoàn tác cả lần nhập" in undo_last(house, browser)
    assert house.reading(birth) == old
    assert house.reading(lambda s: s.get(Procedure, "9.000001")) is None
    assert rows(house, ContentImport)[0].sealed == ""
    with house.database.reading() as session:
        actions = session.exec(select(AuditEntry.action)).all()
        assert audit.verify(session) is None
    assert [a for a in actions if a.startswith("content.")] == [
        "content.import",
        "content.undo",
    ]


def test_bad_lines_are_named_in_our_words_and_nothing_can_be_taken(
    house: House, browser: Browser
) -> None:
    sheet = csv("Mã thủ tục,Ngày kiểm tra,Trạng thái", "1.1193,hôm qua,tốt")
    address, page = upload(browser, "services", sheet)
    for words in ("Dòng 2", "Ngày kiểm tra", "không phải ngày", "mã thủ tục như"):
        assert words in page.text
    assert "expected" not in page.text
    assert 'name="seen"' not in page.text
    browser.post(f"{address}/apply", {"seen": "x"})
    assert rows(house, ContentRevision) == []


def test_another_difference_than_the_one_seen_is_shown_first(
    house: House, browser: Browser
) -> None:
    sheet = csv("Mã thủ tục,Ghi chú", f"{BIRTH},một")
    address, page = upload(browser, "services", sheet)
    with house.database.writing() as session:
        birth(session).note = "sửa ở nơi khác"
    answer = take(browser, address, page)
    assert answer.headers["Location"].endswith(address)
    again = browser.get(address)
    assert "sửa ở nơi khác" in again.text
    take(browser, address, again)
    assert house.reading(birth).note == "một"


def test_an_import_is_not_undone_over_a_later_change(
    house: House, browser: Browser
) -> None:
    sheet = csv("Mã thủ tục,Ghi chú", f"{BIRTH},một", "1.004746,hai")
    take(browser, *upload(browser, "services", sheet))
    with house.database.writing() as session:
        birth(session).note = "sửa sau"
    page = undo_last(house, browser)
    assert "hoàn tác sẽ xóa mất" in page
    assert BIRTH in page
    other = house.reading(lambda s: s.get(Procedure, "1.004746"))
    assert (house.reading(birth).note, other.note) == ("sửa sau", "hai")


def test_documents_and_units_with_their_desks_come_too(
    house: House, browser: Browser
) -> None:
    sheet = csv("Số ký hiệu,Ghi chú hiệu lực", "749/QĐ-TTg,đã xem lại")
    take(browser, *upload(browser, "documents", sheet))
    notes = house.reading(
        lambda s: s.exec(
            select(Document.state_note).where(Document.symbol == "749/QĐ-TTg")
        ).first()
    )
    assert notes == "đã xem lại"
    sheet = csv("Mã đơn vị,Giờ làm việc", f"{HOME},7:30-11:30")
    take(browser, *upload(browser, "units", sheet))
    assert house.reading(lambda s: s.get(OneStopDesk, HOME)).hours == "7:30-11:30"
    undo_last(house, browser)
    desk = house.reading(lambda s: s.get(OneStopDesk, HOME))
    assert desk is None or desk.hours == ""


def test_a_new_unit_stays_while_something_stands_on_it(
    house: House, browser: Browser
) -> None:
    sheet = csv(
        "Mã đơn vị,Tên đơn vị,Loại đơn vị,Cấp,Mã đơn vị cấp trên",
        f"xa_moi,xã Mới,xã,{UnitLevel.COMMUNE},{PROVINCE}",
    )
    take(browser, *upload(browser, "units", sheet))
    assert house.reading(lambda s: s.get(AdminUnit, "xa_moi")).name == "xã Mới"
    house.official(Role.OFFICIAL, "xa_moi")
    assert "nay đã có nơi dùng" in undo_last(house, browser)
    assert house.reading(lambda s: s.get(AdminUnit, "xa_moi")) is not None


@pytest.mark.parametrize("kind", ["services", "documents", "units", "channels"])
def test_the_sheet_given_out_comes_back_without_a_change(
    browser: Browser, kind: str
) -> None:
    browser.text(START)
    sheet = browser.get(f"{START}/sheet/{kind}.xlsx").data
    _, page = upload(browser, kind, sheet, "bang.xlsx")
    assert "không có gì để ghi" in page.text, page.text[-3000:]


def test_the_map_is_changed_by_administrators_only(house: House) -> None:
    supervisor = house.browser(Role.SUPERVISOR, PROVINCE)
    assert "bộ phận một cửa" not in supervisor.text(START)
    sheet = {"kind": "units", "file": (BytesIO(b"x"), "a.csv")}
    assert supervisor.post(START, sheet).status_code == 403
    assert supervisor.get(f"{START}/sheet/units.xlsx").status_code == 403


def test_a_sheet_is_for_who_uploaded_it_and_not_for_long(
    house: House, browser: Browser
) -> None:
    address, page = upload(
        browser, "services", csv("Mã thủ tục,Ghi chú", f"{BIRTH},một")
    )
    other = house.browser(Role.SUPERVISOR, PROVINCE)
    assert other.get(address).status_code == 404
    (row,) = rows(house, ContentImport)
    assert "khai" not in row.sealed
    assert BIRTH not in row.sealed
    with house.database.writing() as session:
        session.get_one(ContentImport, row.id).expires_at = house.now
    assert take(browser, address, page).headers["Location"].endswith("/import")
    assert "không còn giữ" in browser.text(START)
    with house.database.writing() as session:
        assert forget_expired(session, house.now + timedelta(seconds=1)) == 1
    assert rows(house, ContentImport) == []
    assert rows(house, ContentRevision) == []


# --- files that mean no good ------------------------------------------------------------------


def bomb() -> bytes:
    """A hundred kilobytes that unpack to a hundred megabytes."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b" " * 100_000_000)
    return packed.getvalue()


def far_cell() -> bytes:
    book = Workbook()
    book.active["A1"] = "Mã thủ tục"  # type: ignore[index]
    book.active["A1048576"] = BIRTH  # type: ignore[index]
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def entities() -> bytes:
    """An XLSX whose sheet grows by entities."""
    saved = BytesIO(far_cell())
    grown = BytesIO()
    lines = ["<!DOCTYPE s [<!ENTITY a0 'aaaaaaaaaa'>"]
    lines += [f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)]
    head = "".join([*lines, "]>"])
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(grown, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = f"{head}<worksheet><sheetData>&a11;</sheetData></worksheet>".encode()
            new.writestr(name, content)
    return grown.getvalue()


BAD_FILES = {
    "bomb": (bomb, "bung ra"),
    "far cell": (far_cell, "dài quá"),
    "entities": (entities, "không phải tệp Excel"),
    "no zip": (lambda: b"not a zip", "không phải tệp Excel"),
    "empty": (lambda: b"", "không phải tệp Excel"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_means_no_good_is_refused_with_a_reason(
    house: House, browser: Browser, name: str
) -> None:
    make, words = BAD_FILES[name]
    _, page = upload(browser, "services", make(), "bang.xlsx")
    assert page.status_code == 422
    assert words in page.text
    assert rows(house, ContentRevision) == []


MULTIPART = "multipart/form-data; boundary=edge"


def form_with(token: str, content: bytes) -> bytes:
    """Written by hand: the test client leaves large files open."""
    fields = {"csrf_token": token, "kind": "services"}
    lines = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.csv"'
    return "".join([*lines, head, "\r\n\r\n"]).encode() + content + b"\r\n--edge--\r\n"


def test_a_file_beyond_the_bound_is_not_even_kept(
    house: House, browser: Browser
) -> None:
    browser.text(START)
    for size in (5_000_000, 9_000_000):
        answer = browser.client.post(
            START, data=form_with(browser.token, b"x" * size), content_type=MULTIPART
        )
        assert answer.status_code == 413, size
    browser.text(START)
    assert browser.post(START, {"kind": "services"}).status_code == 302
    assert rows(house, ContentImport) == []
