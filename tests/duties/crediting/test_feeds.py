"""RSS, Atom and sitemaps as offices serve them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.duties.crediting.feeds import NotAFeed, as_read, read_feed
from bot.duties.crediting.items import Item, plain, speaks_of, text_digest
from bot.duties.fetching import Fetched
from bot.duties.proofs.pages import read_page
from bot.duties.proofs.phrases import PageWords
from tests.duties.office import ZONE

URL = "https://xa-a.example.vn/rss"
RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Xã A</title><item>
<title>Tin &lt;b&gt;chuyển đổi số&lt;/b&gt;</title><link>/tin/1?utm_source=rss</link>
<guid isPermaLink="false">bai-1</guid><pubDate>{day}</pubDate>
<description>&lt;p&gt;Mở đầu&lt;/p&gt;</description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry>
<title>Tin</title><id>tag:xa-a,2026:1</id><link href="https://xa-a.example.vn/tin/2"/>
<updated>2026-11-18T20:00:00Z</updated>{more}</entry></feed>"""
MAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://xa-a.example.vn/tin/1</loc><lastmod>2026-11-18</lastmod></url>
<url><loc>https://xa-a.example.vn/gioi-thieu</loc></url>
<url><loc>https://xa-a.example.vn/tin/2</loc><news:news><news:title>Tin hai</news:title>
<news:publication_date>2026-11-17T23:30:00+07:00</news:publication_date></news:news></url>
</urlset>"""


def items(text: str) -> list[Item]:
    found = read_feed(text.encode(), URL, {}, f"feed:{URL}", ZONE)
    return [entry.item for entry in found.entries]


def test_an_item_of_a_feed_has_words_link_and_name() -> None:
    (item,) = items(RSS.format(day="Wed, 18 Nov 2026 09:00:00 +0700"))
    assert (item.title, item.text) == ("Tin chuyển đổi số", "Mở đầu")
    assert item.url == "https://xa-a.example.vn/tin/1?utm_source=rss"
    assert item.canonical_url == "https://xa-a.example.vn/tin/1"
    assert item.source_key == "feed:xa-a.example.vn:bai-1"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Wed, 18 Nov 2026 09:00:00 +0700", date(2026, 11, 18)),
        ("Wed, 18 Nov 2026 18:00:00 GMT", date(2026, 11, 19)),
        ("Wed, 18 Nov 2026 23:00:00", date(2026, 11, 18)),
        ("18/11/2026 23:00", date(2026, 11, 18)),
        ("05/11/2026", date(2026, 11, 5)),
        ("hôm qua", None),
        ("", None),
    ],
)
def test_days_are_local_ones(written: str, day: date | None) -> None:
    assert [item.published_on for item in items(RSS.format(day=written))] == [day]


def test_the_day_of_a_change_is_no_day_of_publishing() -> None:
    (item,) = items(ATOM.format(more=""))
    assert (item.published_on, item.appeared_on) == (None, date(2026, 11, 19))
    (item,) = items(ATOM.format(more="<published>2026-11-10T01:00:00Z</published>"))
    assert item.published_on == date(2026, 11, 10)


def test_a_sitemap_names_what_changed_and_news_tell_themselves() -> None:
    found = read_feed(MAP.encode(), URL, {}, "feed:x", ZONE).entries
    assert [(one.item.url, one.needs_page) for one in found] == [
        ("https://xa-a.example.vn/tin/1", True),
        ("https://xa-a.example.vn/tin/2", False),
    ]
    assert found[0].item.published_on is None
    assert found[1].item.published_on == date(2026, 11, 17)
    page = Fetched(
        "https://xa-a.example.vn/tin/1",
        "text/html",
        b'<title>X</title><meta property="og:title" content="Tin m&#7897;t">'
        b'<meta property="article:published_time" content="2026-11-17T18:00:00Z">',
        "no-such-charset",
    )
    words = PageWords.load(Path("content/pages.toml"))
    told = as_read(found[0].item, read_page(page, words, ZONE))
    assert (told.title, told.published_on) == ("Tin một", date(2026, 11, 18))


def test_an_index_names_its_newest_sitemaps_first() -> None:
    index = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
    <sitemap><loc>https://a.vn/1.xml</loc><lastmod>2026-01-01</lastmod></sitemap>
    <sitemap><loc>/2.xml</loc><lastmod>2026-11-01</lastmod></sitemap></sitemapindex>"""
    found = read_feed(index.encode(), URL, {}, "feed:x", ZONE)
    assert found.further == ("https://xa-a.example.vn/2.xml", "https://a.vn/1.xml")


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>login</body></html>",
        b"",
        b"/etc/hostname",
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset>&a;</urlset>',
        b"<urlset><url>",
    ],
)
def test_what_is_no_feed_is_refused(content: bytes) -> None:
    with pytest.raises(NotAFeed):
        read_feed(content, URL, {}, "feed:x", ZONE)


# --- the same words, the subject ----------------------------------------------------------------


def test_the_same_words_are_known_under_another_title() -> None:
    words = " ".join(f"từ {number}" for number in range(40))
    assert text_digest("Tin một", words) == text_digest("TIN HAI", words.upper())
    assert text_digest("Tin một", "ngắn") != text_digest("Tin hai", "ngắn")
    assert text_digest("Tin một", "ngắn") == text_digest("Tin  một ", "Ngắn.")


def test_a_passing_mention_is_no_subject() -> None:
    keywords = ["chuyển đổi số"]
    long = "Giải bóng đá của xã khai mạc sáng nay. " * 20
    assert speaks_of(keywords, "Ngày hội Chuyển Đổi Số", "")
    assert speaks_of(keywords, "Tin", "Ra mắt tổ chuyen doi so cộng đồng")
    assert not speaks_of(keywords, "Bóng đá", long + "Chuyên mục chuyển đổi số")
    assert speaks_of(keywords, "Tin", long + "chuyển đổi số, lại chuyển đổi số")
    assert not speaks_of([], "Chuyển đổi số", "")
    assert plain("<p>A&amp;B</p>") == "A&B"
