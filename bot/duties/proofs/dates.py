"""The day on which a page says it was published.

Two ways, the surer one first: what the page declares for machines (JSON-LD, meta,
microdata), then the short line at its headline that people read ("Thứ Ba, 24/11/2026 |
08:30 GMT+7"). dateparser reads the dates; here it is decided *which* line is the date of
the page, since offices' pages also print today's date, dates of documents and of licences.
A page whose date is not clear has none: a wrong one would cost a clerk the week.

htmldate was measured on the same pages (``bench/proofs.py``) and takes one of those other
dates too often.
"""

from __future__ import annotations

import json
import re
from calendar import month_name
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import dateparser
from dateparser.search import search_dates
from lxml.html import HtmlElement

from bot.duties.proofs.blocks import Block
from bot.duties.proofs.phrases import PageWords

_SETTINGS: dict[str, Any] = {
    "DATE_ORDER": "DMY",
    "REQUIRE_PARTS": ["day", "month", "year"],
    "PARSERS": ["absolute-time"],  # "5 giờ trước" depends on when the page was made
}
_LANGUAGES = ["vi", "en"]
_META = (
    *("article:published_time", "og:published_time", "og:article:published_time"),
    *("datepublished", "pubdate", "publishdate", "publish-date", "publish_date"),
    *("date", "dc.date", "dc.date.issued", "dcterms.created", "dcterms.date"),
    *("citation_publication_date", "sailthru.date", "parsely-pub-date"),
)
_HINT = re.compile(
    r"date|time|ngay|publish|posted|created|clock|calendar|post-?meta|info", re.I
)
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_MONTH = re.compile(
    r"\bTh\.?\s?(1[0-2]|0?[1-9])\b"
)  # "24 Th11 2026", as WordPress has it
LONGEST_LINE = 120  # characters; what is longer is prose
LONG_PARAGRAPH = 150  # the article itself has begun
_LINES_AFTER_HEADLINE = 15
_LINES_BEFORE_HEADLINE = 4


@dataclass(frozen=True, slots=True)
class _Line:
    """A short line with a date, and how far it stands from the headline."""

    day: date
    distance: int
    is_labelled: bool
    is_changed: bool
    is_hinted: bool

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        """Smaller is likelier; one that stands above the headline is the last choice."""
        return (
            self.is_changed,
            not self.is_labelled,
            not self.is_hinted or self.distance < 0,
            self.distance if self.distance >= 0 else 100 - self.distance,
        )


def published_on(
    tree: HtmlElement,
    blocks: Sequence[Block],
    headline: int | None,
    words: PageWords,
    zone: ZoneInfo,
) -> date | None:
    """The local day, or None where it is not clear. ``headline`` is its block's place."""
    for text in _declared(tree):
        if found := _instant(text):
            return found.astimezone(zone).date() if found.tzinfo else found.date()
    lines = sorted(_lines(blocks, headline, words), key=lambda line: line.rank)
    return lines[0].day if lines else _only_day(blocks, words)


def read_date(text: str) -> date | None:
    """The first whole date in a short text."""
    if not _YEAR.search(text):
        return None
    text = _MONTH.sub(lambda found: f" {month_name[int(found[1])]} ", text)
    found = dateparser.parse(text, languages=_LANGUAGES, settings=_SETTINGS)
    if found is None:
        several = search_dates(text, languages=_LANGUAGES, settings=_SETTINGS) or []
        found = next((when for said, when in several if _YEAR.search(said)), None)
    return found.date() if found else None


def _lines(
    blocks: Sequence[Block], headline: int | None, words: PageWords
) -> Iterator[_Line]:
    start = headline if headline is not None else 0
    for place, block in enumerate(blocks):
        distance = place - start
        if len(block.text) > LONGEST_LINE or not _YEAR.search(block.text):
            continue
        if block.is_furniture or words.not_a_date_of_page.found_in(block.text):
            continue
        is_labelled = bool(words.date_label.found_in(block.text))
        is_near = (
            headline is not None
            and -_LINES_BEFORE_HEADLINE <= distance <= _LINES_AFTER_HEADLINE
            and not any(
                len(other.text) >= LONG_PARAGRAPH
                for other in blocks[start + 1 : max(place, start + 1)]
            )
        )
        is_hinted = bool(_HINT.search(block.marks))
        if not (is_near or is_labelled) or (headline is None and not is_hinted):
            continue
        if day := read_date(block.text):
            is_changed = bool(words.date_of_change.found_in(block.text))
            yield _Line(day, distance, is_labelled, is_changed, is_hinted)


def _only_day(blocks: Sequence[Block], words: PageWords) -> date | None:
    """The one day on a page without a headline, if the line says what day it is: portals
    print "Cập nhật lúc: 14h30, ngày 18-11-2026" and put their own name into the title."""
    lines = [
        block.text
        for block in blocks
        if len(block.text) <= LONGEST_LINE
        and not block.is_furniture
        and not words.not_a_date_of_page.found_in(block.text)
    ]
    days = {text: day for text in lines if (day := read_date(text))}
    if len(set(days.values())) != 1:
        return None
    labels = (words.date_label, words.date_of_change)
    is_named = any(label.found_in(text) for text in days for label in labels)
    return next(iter(days.values())) if is_named else None


def _declared(tree: HtmlElement) -> Iterator[str]:
    """What the page tells machines, surest first."""
    for script in tree.xpath("//script[contains(@type, 'ld+json')]"):
        yield from _in_json(script.text_content())
    for meta in tree.xpath("//meta[@content]"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        if name in _META:
            yield meta.get("content")
    for element in tree.xpath("//*[@itemprop='datePublished']"):
        yield (
            element.get("content") or element.get("datetime") or element.text_content()
        )
    for element in tree.xpath("//time[@pubdate and @datetime]"):
        yield element.get("datetime")
    times = tree.xpath("//article//time[@datetime]") or tree.xpath("//time[@datetime]")
    if len({one.get("datetime")[:10] for one in times}) == 1:
        yield times[0].get("datetime")


def _in_json(text: str) -> Iterator[str]:
    try:
        waiting = [json.loads(text, strict=False)]
    except (ValueError, RecursionError):
        return
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            if isinstance(said := one.get("datePublished"), str):
                yield said
            waiting += [
                value for value in one.values() if isinstance(value, dict | list)
            ]


def _instant(text: str) -> datetime | None:
    text = text.strip()[:LONGEST_LINE]
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        found: datetime | None = dateparser.parse(
            text, languages=_LANGUAGES, settings=_SETTINGS
        )
        return found
