"""The bot's texts on the dashboard: own wordings, their limits, their history."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from bot.conversation.text_samples import Samples
from bot.conversation.texts import Texts
from bot.conversation.wording_rules import flaws
from bot.editing.wordings import upgrade_news
from models import ContentRevision, OwnWording, Role
from tests.conftest import CONTENT
from tests.dashboard.conftest import HOME, PROVINCE, Browser, House

BOTH = "search.both"
MINE = "Dạ, có {{ count }} việc, bà con nhắn số ạ:"
PLACE = "/dashboard/content/texts/of"


@pytest.fixture
def browser(house: House) -> Browser:
    return house.browser(Role.SUPERVISOR, PROVINCE)


def save(browser: Browser, wording: str, key: str = BOTH, **more: str) -> str:
    browser.text(f"{PLACE}/{key}")
    answer = browser.post(
        f"{PLACE}/{key}", {"wording": wording, "act": "save", **more},
        follow_redirects=True,
    )  # fmt: skip
    found: str = answer.text
    return found


def own(house: House) -> dict[str, str]:
    rows = house.reading(lambda s: list(s.exec(select(OwnWording)).all()))
    return {row.key: row.wording for row in rows}


def said(house: House, key: str = BOTH, **params: Any) -> str:
    """By a process that has just looked."""
    texts = Texts.load(CONTENT / "texts")
    house.reading(texts.look)
    return texts.render(key, params)


def test_an_own_wording_is_said_by_every_process_and_taken_back(
    house: House, browser: Browser
) -> None:
    other = Texts.load(CONTENT / "texts")  # a process that runs already
    house.reading(other.look)
    shipped = other.render(BOTH, {"count": 2})
    assert "Đã lưu" in save(browser, MINE)
    other.look_again()
    house.reading(other.look)
    assert other.render(BOTH, {"count": 2}) == "Dạ, có 2 việc, bà con nhắn số ạ:"
    (one,) = house.reading(lambda s: list(s.exec(select(ContentRevision)).all()))
    browser.post(f"/dashboard/content/texts/undo/{one.id}")
    assert own(house) == {}
    assert said(house, count=2) == shipped
    browser.post(f"/dashboard/content/texts/undo/{one.id}")  # not twice
    assert own(house) == {}
    save(browser, MINE)
    browser.post(f"{PLACE}/{BOTH}/shipped")
    assert said(house, count=2) == shipped


def test_the_bots_own_answer_follows_in_the_preview(
    house: House, browser: Browser
) -> None:
    key = "menu.thanks"
    save(browser, "Dạ, xã Tân Lân cảm ơn bà con.", key)
    page = browser.text("/dashboard/content?q=cam+on")
    assert "xã Tân Lân cảm ơn bà con" in page


REFUSED = {
    "": "Chưa có chữ nào",
    "Có {{ counts }} việc": "tên “counts”",
    "Có {{ count } việc": "dấu ngoặc",
    "{{ count }} {{ ''.__class__.__mro__ }}": "mà lời phát hành không có",
    "{{ count * 1000000000 }}": "mà lời phát hành không có",
    "{{ count.__init__ }}": "count.__init__",
    "{{ count }}{% for a in count %}x{% endfor %}": "mà lời phát hành không có",
    "{{ count }}{% include 'procedures._head' %}": "mà lời phát hành không có",
    "{{ count|pprint }}": "mà lời phát hành không có",
    "{{ count }}" + "x" * 2100: "Dài quá",
    "{{ count }} \u200b việc": "ký tự ẩn",
}


@pytest.mark.parametrize("wording", REFUSED)
def test_what_brings_something_new_is_refused_with_a_reason(
    house: House, browser: Browser, wording: str
) -> None:
    page = save(browser, wording)
    assert REFUSED[wording] in page.replace("&#39;", "'")
    assert own(house) == {}


def test_to_leave_out_a_blank_needs_a_second_word(
    house: House, browser: Browser
) -> None:
    assert "bớt thông tin" in save(browser, "Bà con nhắn số ạ:")
    assert own(house) == {}
    save(browser, "Bà con nhắn số ạ:", leave_out="1")
    assert own(house) == {BOTH: "Bà con nhắn số ạ:"}


def test_the_shipped_wording_written_again_is_none_of_ones_own(
    house: House, browser: Browser
) -> None:
    save(browser, Texts.load(CONTENT / "texts").sources[BOTH])
    assert own(house) == {}


def test_a_label_stays_one_short_line(house: House, browser: Browser) -> None:
    key = "procedures.option_fee"
    assert "trong một dòng" in save(browser, "Lệ phí\nbao nhiêu", key)
    assert "Dài quá 100" in save(browser, "Lệ phí " * 20, key)
    assert own(house) == {}


def test_an_upgrade_under_an_own_wording_is_told(
    house: House, browser: Browser
) -> None:
    save(browser, MINE)
    with house.database.writing() as session:
        session.get_one(OwnWording, BOTH).shipped = "Anh/chị hỏi {{ count }} việc (cũ):"
        session.add(
            OwnWording(
                key="search.gone", wording="Không còn", shipped="", changed_by="x",
                changed_at=house.now,
            )
        )  # fmt: skip
    sources = Texts.load(CONTENT / "texts").sources
    news = house.reading(lambda s: list(upgrade_news(s, sources)))
    assert [line.partition(":")[0] for line in news] == [
        f"text {BOTH}",
        "text search.gone",
    ]
    page = browser.text("/dashboard/content/texts")
    assert "đã đổi lời gốc của 1 lời riêng" in page
    assert "không còn chỗ dùng" in page
    assert "Giữ lời của mình" in browser.text(f"{PLACE}/{BOTH}")
    browser.post(f"{PLACE}/{BOTH}/keep")
    assert own(house)[BOTH] == MINE
    browser.post("/dashboard/content/texts/drop/search.gone")
    page = browser.text("/dashboard/content/texts")
    assert "đã đổi lời gốc" not in page
    assert "không còn chỗ dùng" not in page


def test_a_wording_that_no_longer_fits_costs_no_answer(house: House) -> None:
    with house.database.writing() as session:
        session.add(
            OwnWording(
                key=BOTH, wording="Có {{ gone }} việc", shipped="", changed_by="x",
                changed_at=house.now,
            )
        )  # fmt: skip
        session.add(
            ContentRevision(
                record_table="texts", record_key=BOTH, batch="b", changed_by="x",
                changed_at=house.now,
            )
        )  # fmt: skip
    assert "2 việc" in said(house, count=2)


def test_a_wording_that_fails_on_a_value_costs_no_answer() -> None:
    texts = Texts.load(CONTENT / "texts")
    shipped = texts.render("documents.answer", document())
    # without its condition: no document need have a day
    texts.take_up({"documents.answer": "{{ d.title }} ngày {{ d.issued_on|day }}"})
    assert texts.render("documents.answer", document()) == shipped


def document() -> dict[str, Any]:
    names = ("title", "symbol", "kind", "issuer", "state_note", "raw")
    empty = dict.fromkeys(names, "x") | {"issued_on": None, "checked_on": None}
    return {"d": {**empty, "row": 1, "refers_to": [], "oddities": []}, "level": "x"}


def test_a_part_that_others_include_changes_them(
    house: House, browser: Browser
) -> None:
    texts = Texts.load(CONTENT / "texts")
    texts.take_up({"reminding.weekday": "một ngày trong tuần"})
    assert "một ngày trong tuần" in texts.render("reminding.moment", {"at": house.now})


def test_closed_tables_keep_their_words(house: House, browser: Browser) -> None:
    browser.text(f"{PLACE}/report.title")
    answer = browser.post(f"{PLACE}/report.title", {"wording": "BẢNG", "act": "save"})
    assert answer.status_code == 403
    assert own(house) == {}


def test_everybody_reads_the_texts_and_few_change_them(house: House) -> None:
    official = house.browser(Role.OFFICIAL, HOME)
    assert "Lời của trợ lý" in official.text("/dashboard/content/texts")
    assert "Về lời phát hành" not in official.text(f"{PLACE}/{BOTH}")
    assert official.post(f"{PLACE}/{BOTH}", {"wording": "x"}).status_code == 403


def test_texts_are_found_by_their_words(browser: Browser) -> None:
    assert BOTH in browser.text("/dashboard/content/texts?q=nhan+so+de+xem+tung")
    assert "Không có lời nào" in browser.text("/dashboard/content/texts?q=xyzxyz")


def test_every_text_has_a_preview() -> None:
    texts = Texts.load(CONTENT / "texts")
    samples = Samples.load(CONTENT)
    bare = []
    for key, source in texts.sources.items():
        assert flaws(source, source.strip()) == [], key
        if not samples.shown(texts.sources, key, source)[0] and source.strip():
            bare.append(key)
    assert bare == []
