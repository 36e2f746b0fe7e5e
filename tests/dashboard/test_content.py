"""Content on the dashboard: seen as citizens see it, changed with its history, undone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, select, update

from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.people import audit
from models import AuditEntry, ContentRevision, OneStopDesk, Procedure, Role
from tests.dashboard.conftest import FOREIGN, HOME, PROVINCE, Browser, House

BIRTH = "1.001193"
PAGE = f"/dashboard/content/procedures/{BIRTH}"
DESK = f"/dashboard/content/desk/{HOME}"


def birth(session: Session) -> Procedure:
    return session.get_one(Procedure, BIRTH)


def edit(browser: Browser, **fields: Any) -> Any:
    browser.text(PAGE)
    return browser.post(PAGE, fields)


def revisions(house: House) -> Any:
    return house.reading(lambda s: list(s.exec(select(ContentRevision)).all()))


def test_a_change_is_kept_with_its_history_and_undone(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    old = house.reading(birth)
    edit(browser, note="Mang theo giấy chứng sinh", checked_on="05/11/2026")
    new = house.reading(birth)
    assert new.note == "Mang theo giấy chứng sinh"
    assert new.checked_on == date(2026, 11, 5)
    assert new.papers == old.papers
    (one,) = revisions(house)
    assert one.before == {"note": old.note, "checked_on": str(old.checked_on)}
    assert "Mang theo giấy chứng sinh" in browser.text(PAGE)
    browser.post(f"/dashboard/content/undo/{one.id}")
    back = house.reading(birth)
    assert (back.note, back.checked_on) == (old.note, old.checked_on)
    browser.post(f"/dashboard/content/undo/{one.id}")  # not twice
    assert [str(r.cause) for r in revisions(house)] == ["edit", "undo"]
    with house.database.reading() as session:
        found = session.exec(select(AuditEntry.action)).all()
        assert audit.verify(session) is None
    assert [a for a in found if a.startswith("content.")] == [
        "content.edit",
        "content.undo",
    ]


def test_an_undo_does_not_wipe_out_what_came_later(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    edit(browser, note="một")
    edit(browser, note="hai")
    browser.post(f"/dashboard/content/undo/{revisions(house)[0].id}")
    assert "đã được sửa tiếp" in browser.text(PAGE)
    assert house.reading(birth).note == "hai"


def test_what_cannot_be_read_changes_nothing_and_stays_in_the_form(
    house: House,
) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    for fields in ({"checked_on": "hôm qua"}, {"name": ""}, {"status": "tốt"}):
        answer = edit(browser, note="giữ lại chữ này", **fields)
        assert answer.status_code == 200, fields
        assert "giữ lại chữ này" in answer.text
        assert "is-invalid" in answer.text
    assert revisions(house) == []
    edit(browser, note=house.reading(birth).note)
    assert revisions(house) == []  # the same is no change


def test_a_leader_fills_in_his_own_desk_and_no_other(house: House) -> None:
    leader = house.browser(Role.LEADER, HOME)
    leader.text(DESK)
    leader.post(DESK, {"hours": "7:30-11:30", "checked_on": "05/11/2026"})
    desk = house.reading(lambda s: s.get(OneStopDesk, HOME))
    assert desk.hours == "7:30-11:30"
    foreign = f"/dashboard/content/desk/{FOREIGN}"
    assert leader.post(foreign, {"hours": "x"}).status_code == 403
    assert leader.post(PAGE, {"note": "x"}).status_code == 403


def test_stale_records_come_first_to_who_asks_for_them(house: House) -> None:
    browser = house.browser(Role.OFFICIAL)
    whole = browser.text("/dashboard/content/procedures")
    assert BIRTH in whole
    assert "Thủ tục" in browser.text("/dashboard/content/procedures?stale=1")
    assert browser.get("/dashboard/content/songs").status_code == 404


def test_the_search_shows_what_a_citizen_gets(house: House) -> None:
    page = house.browser(Role.OFFICIAL).text("/dashboard/content?q=lam+khai+sinh")
    assert "Bà con nhận được" in page
    assert f"/dashboard/content/procedures/{BIRTH}" in page


STALE = "/dashboard/content/procedures?stale=1"
CHECKED = "/dashboard/content/procedures/checked"


def stale(house: House, browser: Browser) -> int:
    return int(browser.text(STALE).split('class="soft">')[1].split(" mục cần")[0])


def test_several_are_marked_as_checked_at_once_and_taken_back(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    with house.database.writing() as session:
        long_ago = house.now.date() - timedelta(days=100)
        session.execute(update(Procedure).values(checked_on=long_ago))
    before, old = stale(house, browser), house.reading(birth)
    browser.post(CHECKED, {"key": [BIRTH, "1.004746", "no such"]})
    assert house.reading(birth).checked_on == house.now.date()
    page = browser.text(STALE)
    assert "Đã ghi là kiểm lại hôm nay" in page
    assert stale(house, browser) == before - 2
    batch = page.split("/undo-batch/")[1].split('"')[0]
    browser.post(f"/dashboard/content/undo-batch/{batch}")
    assert stale(house, browser) == before
    assert house.reading(birth) == old
    browser.post(CHECKED, {})
    assert "chưa chọn mục nào" in browser.text(STALE)


def test_what_was_only_checked_goes_on_following_its_pack(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    browser.text(PAGE)
    browser.post(CHECKED, {"key": BIRTH})
    packs = read_packs(house.settings.content_dir)
    with house.database.writing() as session:
        assert load_content(session, packs).conflicts == []
    assert house.reading(birth).checked_on == house.now.date()  # the later day stays
    (row,) = [row for row in packs.procedures if row["code"] == BIRTH]
    row["note"] = "điều mới của bản phát hành"
    with house.database.writing() as session:
        assert load_content(session, packs).conflicts == []
    assert house.reading(birth).note == "điều mới của bản phát hành"


def test_an_edit_is_looked_at_before_it_is_saved(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    old = house.reading(birth)
    browser.text(PAGE)
    fields = {"note": "Mang theo bản chính", "question": "lam khai sinh"}
    page = browser.post("/dashboard/content/preview/procedures/" + BIRTH, fields).text
    assert "• Lưu ý: Mang theo bản chính" in page
    assert "lưu rồi ước chừng đứng thứ <strong>1</strong>" in page
    assert page.count('class="bubble"') > 5  # the answer and its details
    assert 'value="lam khai sinh"' in page
    assert house.reading(birth) == old
    fields = {"fee_direct": "8.000", "question": "lam khai sinh"}
    page = browser.post("/dashboard/content/preview/procedures/" + BIRTH, fields).text
    assert "không đổi thứ tự tìm" in page
    fields = {
        "aliases": "xin tờ giấy hồng",
        "question": "xin to giay hong",
    }
    page = browser.post("/dashboard/content/preview/procedures/" + BIRTH, fields).text
    assert "bây giờ đứng <strong>ngoài mười mục đầu" in page, place(page)
    assert "ước chừng đứng thứ <strong>1</strong>" in page, place(page)
    assert revisions(house) == []
    for kind, key in (("documents", "I-1"), ("topics", "dossier_status")):
        page = browser.text(f"/dashboard/content/{kind}/{key}")
        answer = browser.post(f"/dashboard/content/preview/{kind}/{key}", {})
        assert 'class="bubble"' in answer.text, kind
        assert "đây là bản đang dùng" in answer.text
    bad = browser.post("/dashboard/content/preview/procedures/" + BIRTH,
                       {"checked_on": "hôm qua"})  # fmt: skip
    assert "không phải ngày" in bad.text


def place(page: str) -> str:
    return page.split('id="look"')[1].split("</p>")[0]
