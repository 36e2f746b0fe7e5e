"""Reads ``content/campaigns``: a mistake names file, line and key, and nothing is used."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from bot.errors import OperatorError
from bot.outreach.articles.drafts import LONGEST_BODY, SHORTEST_BODY
from bot.outreach.articles.words import Words
from bot.outreach.campaigns.files import (
    CampaignFile,
    CampaignFileError,
    campaign_from,
)
from bot.outreach.drawing.spec import LONGEST_TITLE, Layout, Palette, Spec, SpecError

log = structlog.get_logger(__name__)

FOLDER = "campaigns"
TABLES = ("when", "article", "infographic", "facts")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_TABLE = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_TOML_LINE = re.compile(r"at line (\d+)")
_KEYS = {
    "when": {"months", "day", "lead_days", "valid_from", "valid_to", "why"},
    "article": {"title", "body"},
    "infographic": {"title", "points", "layout", "palette"},
    "facts": {"sources", "checked_on"},
}
_ANY_UNIT = "Xã"  # whose name the picture gets later


class YearlyError(OperatorError):
    """A file of the calendar is wrong; the message names file, line and key."""


@dataclass(frozen=True, slots=True)
class When:
    """``day`` within each of ``months``, None: the whole month. It is due ``lead_days``
    before. ``valid_*`` are for what holds only for a time; ``why`` is read by officials."""

    months: tuple[int, ...]
    day: int | None
    lead_days: int
    valid_from: date | None
    valid_to: date | None
    why: str


@dataclass(frozen=True, slots=True)
class YearlyDraft:
    """``words`` are its article, ready to be made a draft of an account;
    ``picture_title`` is shorter, for the picture of a campaign."""

    key: str
    campaign: CampaignFile
    when: When
    words: Words
    picture_title: str
    sources: tuple[str, ...]
    checked_on: date


def read_yearly(content_dir: Path, zone: ZoneInfo) -> tuple[YearlyDraft, ...]:
    """All drafts, by their keys. Read again when a file has changed. ``YearlyError``."""
    return tuple(_read(file, at, zone) for file, at in _files(content_dir))


def usable_yearly(content_dir: Path, zone: ZoneInfo) -> tuple[YearlyDraft, ...]:
    """For conversations: what can be read, whatever is wrong with the rest."""
    found = []
    for file, at in _files(content_dir):
        try:
            found.append(_read(file, at, zone))
        except YearlyError as error:
            log.error("yearly_draft_broken", problem=str(error))
    return tuple(found)


def _files(content_dir: Path) -> Iterator[tuple[Path, int]]:
    for file in sorted((content_dir / FOLDER).glob("*.toml")):
        yield file, file.stat().st_mtime_ns


@lru_cache(maxsize=200)
def _read(file: Path, changed_at: int, zone: ZoneInfo) -> YearlyDraft:
    """``changed_at`` makes a changed file another one to the cache."""
    try:
        text = file.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        raise YearlyError(f"{file}:{found[1] if found else 1}: {error}") from error
    except UnicodeDecodeError as error:
        raise YearlyError(f"{file}:1: is not UTF-8") from error
    page = _Page(file, text, raw)
    campaign = page.campaign(zone)
    for name in TABLES:
        page.check_keys(name)
    return YearlyDraft(
        key=file.stem,
        campaign=campaign,
        when=_when(page),
        words=_words(page, campaign.link, file.stem),
        picture_title=page.text("infographic", "title", LONGEST_TITLE),
        sources=page.texts("facts", "sources", least=1),
        checked_on=page.day("facts", "checked_on", needed=True) or date.min,
    )


def _when(page: _Page) -> When:
    months = page.value("when", "months", list)
    if not months or not all(
        type(one) is int and 1 <= one <= 12 for one in months or []
    ):
        raise page.error("when", "months", "must be a list of months like [10]")
    day = page.number("when", "day", 1, 28)
    found = When(
        months=tuple(sorted(set(months))),
        day=day,
        lead_days=page.number("when", "lead_days", 0, 60) or 0,
        valid_from=page.day("when", "valid_from"),
        valid_to=page.day("when", "valid_to"),
        why=page.text("when", "why", 300),
    )
    if found.valid_from and found.valid_to and found.valid_to < found.valid_from:
        raise page.error("when", "valid_to", "is before valid_from")
    return found


def _words(page: _Page, link: str, key: str) -> Words:
    layout = page.one_of("infographic", "layout", Layout)
    palette = page.one_of("infographic", "palette", Palette)
    points = page.texts("infographic", "points", least=1)
    title = page.text("infographic", "title", LONGEST_TITLE)
    body = page.text("article", "body", LONGEST_BODY)
    if len(body) < SHORTEST_BODY:
        raise page.error("article", "body", f"needs {SHORTEST_BODY} characters")
    try:
        Spec(title, points, _ANY_UNIT, date.min, link).checked()
    except SpecError as error:
        table = "" if error.field == "link" else "infographic"
        raise page.error(table, error.field, error.limit) from error
    return Words(
        title=page.text("article", "title", LONGEST_TITLE),
        body=body,
        points=points,
        link=link,
        layout=Layout(layout),
        palette=Palette(palette),
        calendar_key=key,
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """One file, and where in it each key stands."""

    file: Path
    source: str
    raw: Mapping[str, Any]

    def campaign(self, zone: ZoneInfo) -> CampaignFile:
        place = str(self.file)
        try:
            found = campaign_from(self.raw, place, self.file.parent, zone, TABLES)
        except CampaignFileError as error:
            where, _, reason = str(error).removeprefix(f"{place}: ").partition(": ")
            table, _, key = where.rpartition(".")
            raise self.error(table, key, reason) from error
        if not found.topic:
            raise self.error("", "topic", "is missing: people follow topics")
        if not found.link:
            raise self.error("", "link", "is missing: the official page")
        return found

    def check_keys(self, table: str) -> None:
        if not isinstance(self.raw.get(table), dict):
            raise self.error(table, "", f"the table [{table}] is missing")
        for key in self.raw[table]:
            if key not in _KEYS[table]:
                raise self.error(table, key, "is not known")

    def value(self, table: str, key: str, kind: type) -> Any:
        found = self.raw[table].get(key)
        if found is not None and type(found) is not kind:
            raise self.error(table, key, f"must be of the kind {kind.__name__}")
        return found

    def text(self, table: str, key: str, most: int) -> str:
        found: str = (self.value(table, key, str) or "").strip()
        if not 1 <= len(found) <= most:
            raise self.error(table, key, f"must have 1 to {most} characters")
        return found

    def texts(self, table: str, key: str, least: int) -> tuple[str, ...]:
        found = self.value(table, key, list) or []
        if len(found) < least or not all(isinstance(one, str) and one for one in found):
            raise self.error(table, key, "must be a list of texts")
        return tuple(found)

    def day(self, table: str, key: str, *, needed: bool = False) -> date | None:
        found: date | None = self.value(table, key, date)
        if found is None and needed:
            raise self.error(table, key, "must be a day like 2026-11-29")
        return found

    def number(self, table: str, key: str, least: int, most: int) -> int | None:
        found: int | None = self.value(table, key, int)
        if found is not None and not least <= found <= most:
            raise self.error(table, key, f"must be {least} to {most}")
        return found

    def one_of(self, table: str, key: str, kinds: type[Layout] | type[Palette]) -> str:
        found = self.text(table, key, 20)
        if found not in list(kinds):
            raise self.error(table, key, f"must be one of {', '.join(kinds)}")
        return found

    def error(self, table: str, key: str, reason: str) -> YearlyError:
        where = ".".join(part for part in (table, key) if part)
        return YearlyError(f"{self.file}:{self._line(table, key)}: {where}: {reason}")

    def _line(self, table: str, key: str) -> int:
        """Of the key; of what is missing, where its table begins."""
        current, best = "", 1
        for number, line in enumerate(self.source.splitlines(), 1):
            if header := _TABLE.fullmatch(line.partition("#")[0].rstrip()):
                current = header[1]
                best = number if current == table else best
            elif current == table and (found := _KEY.match(line)) and found[1] == key:
                return number
        return best
