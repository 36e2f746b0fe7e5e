"""The shipped calendar: whole, checked, within its limits; and what a mistake in it says."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.catalogue.packs import read_packs
from bot.channel.zalo.articles import LONGEST_TITLE as LONGEST_AT_ZALO
from bot.conversation.texts import Texts
from bot.outreach.articles.pictures import PATH
from bot.outreach.drawing.infographic import lay_out
from bot.outreach.yearly.due import due_in, next_of
from bot.outreach.yearly.files import (
    FOLDER,
    YearlyDraft,
    YearlyError,
    read_yearly,
    usable_yearly,
)
from bot.outreach.yearly.making import spec_for

CONTENT = Path(__file__).resolve().parents[2] / "content"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DRAFTS = read_yearly(CONTENT, ZONE)
BY_KEY = {draft.key: draft for draft in DRAFTS}
_SYMBOL = re.compile(r"\d+/(?:20\d\d/)?(?:QĐ|NĐ|KH|TT|UBND|QH|CT|NQ)[\w-]*")
# Said by the domain's sources, and listed nowhere in the catalogue's documents.
NOT_IN_CATALOGUE = {
    "623/TTg-KSTT", "118/2025/NĐ-CP", "224/2026/NĐ-CP", "356/2025/NĐ-CP", "91/2025/QH15",
    "117/2026/TT-BTC", "72/2025/QH15", "1682/NQ-UBTVQH15",
}  # fmt: skip


def test_the_calendar_covers_the_year() -> None:
    assert len(DRAFTS) >= 12
    for month in range(1, 13):
        assert due_in(DRAFTS, 2026, month), month
    wanted = {
        "ngay_chuyen_doi_so", "thang_dich_vu_cong", "vneid", "an_toan_mang", "i_speed",
        "ten_mien_vn", "phan_anh_1022",
    }  # fmt: skip
    assert wanted <= set(BY_KEY)


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.key)
def test_each_draft_is_warm_and_fits(draft: YearlyDraft) -> None:
    text = f"{draft.campaign.text}\n\n{draft.campaign.link}"
    assert "bà con" in text or "ông bà" in text
    assert len(text) <= 1000  # a phone's screen or two; Zalo takes 2000
    assert len(draft.words.title) <= LONGEST_AT_ZALO
    assert draft.campaign.link == "https://dichvucong.gov.vn"  # the one sourced address
    assert draft.when.why
    assert draft.checked_on >= date(2026, 11, 23)
    # so that the article is credited to duty 2.2 by itself
    assert "chuyển đổi số" in f"{draft.words.title} {draft.words.body}".lower()


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.key)
def test_no_fact_comes_from_nowhere(draft: YearlyDraft) -> None:
    """Every act that is named stands in the catalogue; no telephone number, no amount."""
    known = {row["symbol"] for row in read_packs(CONTENT).documents} | NOT_IN_CATALOGUE
    words = "\n".join(
        (draft.campaign.text, draft.words.body, *draft.words.points, *draft.sources)
    )
    named = set(_SYMBOL.findall(words))
    assert {one for one in named if not any(one in it for it in known)} == set()
    assert re.findall(r"\d[\d.]*\s*(?:đồng|VNĐ|đ\b|%)", words) == []
    assert re.findall(r"\b0\d{8,10}\b|\b1[89]00\d{4,6}\b", words) == []


def test_what_ended_is_said_to_have_ended() -> None:
    for key, words in {
        "ten_mien_vn": "đã hết",
        "phan_anh_1022": "chưa có nguồn",
        "cong_cu_da_dong": "đã đóng",
        "i_speed": "chưa tìm thấy nguồn",
    }.items():
        assert words in BY_KEY[key].campaign.text, key
        assert words in BY_KEY[key].words.body, key


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.key)
def test_each_picture_can_be_drawn(draft: YearlyDraft) -> None:
    texts = Texts.load(CONTENT / "texts")
    spec = spec_for(draft, "Ủy ban nhân dân xã Cần Đước", date(2026, 11, 29)).checked()
    paper, height = lay_out(spec, texts.label)
    assert height <= 2200  # longer ones are too small on a phone
    shown = " ".join(line.text for line in paper.placed)
    assert draft.picture_title in shown
    assert texts.label(f"followed_topics.{draft.campaign.topic}")
    assert texts.label(f"followed_words.{draft.campaign.topic}")


def test_the_tenth_of_october_is_prepared_ahead() -> None:
    due = {one.draft.key: one for one in due_in(DRAFTS, 2026, 10)}
    day = due["ngay_chuyen_doi_so"]
    assert (day.first, day.prepare_on) == (date(2026, 10, 10), date(2026, 10, 1))
    assert next_of(day.draft, date(2026, 10, 11)) is not None
    following = next_of(day.draft, date(2026, 10, 11))
    assert following is not None
    assert following.first == date(2027, 10, 10)


def test_the_waiver_of_fees_ends_with_its_circular() -> None:
    waiver = BY_KEY["mien_le_phi_truc_tuyen"]
    keys = {one.draft.key for one in due_in(DRAFTS, 2027, 2)}
    assert waiver.key in keys
    for year, month in ((2027, 9), (2028, 1), (2026, 2)):
        found = due_in(DRAFTS, year, month)
        assert waiver.key not in {one.draft.key for one in found}
    assert next_of(waiver, date(2027, 3, 1)) is None


# --- mistakes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("months = [10]", "months = [13]", r"vneid.toml:\d+: when.months: must be"),
        ("day = 10", "day = 31", r":\d+: when.day: must be 1 to 28"),
        ('layout = "cards"', 'layout = "poster"', r":\d+: infographic.layout: must be"),
        ('topic = "chuyen_doi_so"', 'topic = "Số hóa"', r":2: topic: "),
        ("[facts]", "[fact]", r":1: fact: is not known"),
        ("sources = [", "sources = []\nmore = [", r":\d+: facts.more: is not known"),
        ("checked_on = 2026-11-23", "", r":\d+: facts.checked_on: must be a day"),
        ('link = "https://dichvucong.gov.vn"', "", r":1: link: is missing"),
        ("lead_days = 9", "lead_days = 90", r":\d+: when.lead_days: must be 0 to 60"),
        ("[when]", "[when", r"vneid.toml:\d+: "),
    ],
)
def test_a_mistake_names_file_line_and_key(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / FOLDER).mkdir()
    right = (CONTENT / FOLDER / "ngay_chuyen_doi_so.toml").read_text(encoding="utf-8")
    assert old in right
    file = tmp_path / FOLDER / "vneid.toml"
    file.write_text(right.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(YearlyError, match=says) as error:
        read_yearly(tmp_path, ZONE)
    named = re.search(r"toml:(\d+)", str(error.value))
    assert named is not None
    lines = file.read_text(encoding="utf-8").splitlines()
    assert 1 <= int(named[1]) <= len(lines)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    assert read_yearly(tmp_path, ZONE) == ()
    right = (CONTENT / FOLDER / "vneid.toml").read_text(encoding="utf-8")
    (folder / "vneid.toml").write_text(right, encoding="utf-8")
    assert [one.key for one in read_yearly(tmp_path, ZONE)] == ["vneid"]


def test_a_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    right = (CONTENT / FOLDER / "vneid.toml").read_text(encoding="utf-8")
    (folder / "vneid.toml").write_text(right, encoding="utf-8")
    (folder / "broken.toml").write_text("title = ", encoding="utf-8")
    assert [one.key for one in usable_yearly(tmp_path, ZONE)] == ["vneid"]
    with pytest.raises(YearlyError, match=r"broken.toml:1: "):
        read_yearly(tmp_path, ZONE)


def test_addresses_of_pictures_are_fixed() -> None:
    assert PATH == "/pictures/"  # known to Zalo from articles that are published
