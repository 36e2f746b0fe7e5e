"""The file that says what a campaign is: one TOML, complete in itself.

``docs/examples/campaign.toml`` shows every key. Whatever is wrong is one line that names
the file and the key, and nothing is kept. Names of units and people are looked up later,
in ``editing``: a file does not know them.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.channel.window import Window
from bot.channel.zalo.messages import TEXT_LIMIT, nfc
from bot.errors import OperatorError
from bot.outreach.campaigns.audience import People
from bot.outreach.campaigns.flaws import SENTENCES, Shape, flaw_of, message_text
from models import CampaignKind, Repeat, WhenClosed

TITLE_LIMIT = 150  # an officials' list stays one line a campaign
MOST_USEFUL_HOURS = 24 * 30
MOST_SPREAD_MINUTES = 12 * 60  # a day's open hours
_TOPIC = re.compile(r"[a-z][a-z0-9_]{1,39}")
_ARTICLE = re.compile(r"[A-Za-z0-9]{6,64}")
# Documented codes of a broadcast's targets (https://developers.zalo.me, read through
# mirrors, 2026-09), first and last.
TARGETS = {
    "ages": (0, 7),
    "gender": (0, 2),
    "locations": (0, 2),
    "cities": (0, 63),
    "platform": (1, 3),
}


class CampaignFileError(OperatorError):
    """The file cannot be followed; nothing was kept."""


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """What the file says. ``communes`` are codes or names, ``owner`` an id or a name;
    ``picture`` and ``document`` are paths beside the file."""

    place: str  # the file, for messages
    title: str
    kind: CampaignKind = CampaignKind.MESSAGE
    text: str = ""
    link: str = ""
    picture: Path | None = None
    document: Path | None = None
    article_id: str = ""
    owner: str = ""
    topic: str = ""
    is_emergency: bool = False
    when_closed: WhenClosed = WhenClosed.PARK
    useful_hours: int = 72
    spread_minutes: int = 0
    starts_at: datetime | None = None
    repeat: Repeat = Repeat.NEVER
    repeat_until: datetime | None = None
    accounts: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    people: People = People.ALL
    followers: bool | None = None
    known_days_min: int | None = None
    known_days_max: int | None = None
    windows: tuple[Window, ...] = ()
    targets: dict[str, list[int]] = field(default_factory=dict)

    def error(self, key: str, reason: str) -> CampaignFileError:
        return CampaignFileError(f"{self.place}: {key}: {reason}")


_KEYS = (
    "title", "kind", "text", "link", "picture", "file", "article_id", "owner", "topic",
    "emergency", "when_closed", "useful_hours", "spread_minutes", "starts_at", "repeat",
    "repeat_until", "audience", "targets",
)  # fmt: skip
_AUDIENCE_KEYS = (
    "accounts", "communes", "languages", "tags", "people", "followers",
    "known_days_min", "known_days_max", "windows",
)  # fmt: skip


def read_campaign_file(path: Path, zone: ZoneInfo) -> CampaignFile:
    """``CampaignFileError`` with file and line or key for whatever is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CampaignFileError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CampaignFileError(f"{path}: {error}") from error
    return campaign_from(raw, str(path), path.parent, zone)


def campaign_from(
    raw: Mapping[str, Any],
    place: str,
    folder: Path,
    zone: ZoneInfo,
    others: Sequence[str] = (),
) -> CampaignFile:
    """The campaign in these tables; ``others`` are keys that somebody else reads."""
    read = _Reader(raw, place)
    read.only((*_KEYS, *others))
    audience = read.table("audience")
    audience.only(_AUDIENCE_KEYS)
    article_id = read.matching("article_id", _ARTICLE)
    usual = CampaignKind.BROADCAST if article_id else CampaignKind.MESSAGE
    return _checked(
        CampaignFile(
            place=place,
            title=read.text("title", TITLE_LIMIT),
            kind=read.one_of("kind", CampaignKind, usual),
            text=read.text("text", TEXT_LIMIT),
            link=read.link("link"),
            picture=read.file_at("picture", folder),
            document=read.file_at("file", folder),
            article_id=article_id,
            owner=read.text_or_number("owner"),
            topic=read.matching("topic", _TOPIC),
            is_emergency=read.flag("emergency") or False,
            when_closed=read.one_of("when_closed", WhenClosed, WhenClosed.PARK),
            useful_hours=read.number("useful_hours", 1, MOST_USEFUL_HOURS) or 72,
            spread_minutes=read.number("spread_minutes", 0, MOST_SPREAD_MINUTES) or 0,
            starts_at=read.instant("starts_at", zone),
            repeat=read.one_of("repeat", Repeat, Repeat.NEVER),
            repeat_until=read.instant("repeat_until", zone, end_of_day=True),
            accounts=audience.texts("accounts"),
            communes=audience.texts("communes"),
            languages=audience.texts("languages"),
            tags=audience.texts("tags"),
            people=audience.one_of("people", People, People.ALL),
            followers=audience.flag("followers"),
            known_days_min=audience.number("known_days_min", 0, 36_500),
            known_days_max=audience.number("known_days_max", 0, 36_500),
            windows=audience.several_of("windows", Window),
            targets=read.targets(),
        )
    )


def _checked(file: CampaignFile) -> CampaignFile:
    """What the keys say together."""
    if file.picture and file.document:
        raise file.error("file", "a message carries a picture or a file, not both")
    shape = Shape(
        title=file.title,
        kind=file.kind,
        message=message_text(file.text, file.link),
        has_asset=file.picture is not None or file.document is not None,
        article_id=file.article_id,
        has_targets=bool(file.targets),
        is_emergency=file.is_emergency,
        starts_at=file.starts_at,
        repeat=file.repeat,
        repeat_until=file.repeat_until,
        known_days_min=file.known_days_min,
        known_days_max=file.known_days_max,
    )
    flaw = flaw_of(shape)
    if flaw is not None:
        raise file.error(*SENTENCES[flaw])
    return file


_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One table of the file; ``prefix`` is where it stands."""

    raw: Mapping[str, Any]
    file: str
    prefix: str = ""

    def refuse(self, key: str, reason: str) -> CampaignFileError:
        return CampaignFileError(f"{self.file}: {self.prefix}{key}: {reason}")

    def only(self, known: Sequence[str]) -> None:
        for key in self.raw:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f", did you mean {near[0]}?" if near else ""
                raise self.refuse(key, f"is not known{hint}")

    def table(self, key: str) -> _Reader:
        value = self.raw.get(key, {})
        if not isinstance(value, dict):
            raise self.refuse(key, f"must be a table [{key}]")
        return _Reader(value, self.file, f"{key}.")

    def text(self, key: str, most: int = 200) -> str:
        value = self.raw.get(key, "")
        if not isinstance(value, str):
            raise self.refuse(key, "must be a text in quotes")
        text = nfc(value).strip()
        if len(text) > most:
            raise self.refuse(key, f"{len(text)} characters, allowed are {most}")
        return text

    def text_or_number(self, key: str) -> str:
        value = self.raw.get(key, "")
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if is_number else self.text(key)

    def matching(self, key: str, pattern: re.Pattern[str]) -> str:
        text = self.text_or_number(key)
        if text and not pattern.fullmatch(text):
            raise self.refuse(key, f"{text!r} must look like {pattern.pattern}")
        return text

    def link(self, key: str) -> str:
        text = self.text(key, 500)
        parts = urlsplit(text) if text else None
        if parts and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise self.refuse(key, "must be a whole address, https://…")
        return text

    def flag(self, key: str) -> bool | None:
        value = self.raw.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.refuse(key, "must be true or false")
        return value

    def number(self, key: str, least: int, most: int) -> int | None:
        value = self.raw.get(key)
        if value is None:
            return None
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:
            raise self.refuse(key, f"must be a whole number from {least} to {most}")
        return int(value)

    def instant(
        self, key: str, zone: ZoneInfo, *, end_of_day: bool = False
    ) -> datetime | None:
        """A time without a zone is local; a bare day is its begin, or its end."""
        value = self.raw.get(key)
        if value is None:
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time.max if end_of_day else time())
        if not isinstance(value, datetime):
            raise self.refuse(key, "must be a time like 2026-10-10T08:00:00, unquoted")
        return value if value.tzinfo else value.replace(tzinfo=zone)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.refuse(key, 'must be a list of texts like ["a", "b"]')
        return tuple(dict.fromkeys(nfc(one).strip() for one in value))

    def one_of(self, key: str, choices: type[_Choice], usual: _Choice) -> _Choice:
        value = self.raw.get(key, usual)
        return self._choice(key, value, choices)

    def several_of(self, key: str, choices: type[_Choice]) -> tuple[_Choice, ...]:
        return tuple(self._choice(key, one, choices) for one in self.texts(key))

    def _choice(self, key: str, value: object, choices: type[_Choice]) -> _Choice:
        if value not in list(choices):
            names = ", ".join(choices)
            raise self.refuse(key, f"{value!r} must be one of {names}")
        return choices(str(value))

    def file_at(self, key: str, folder: Path) -> Path | None:
        name = self.text(key, 255)
        if not name:
            return None
        path = folder / name
        if not path.is_file():
            raise self.refuse(key, f"there is no file {path}")
        return path

    def targets(self) -> dict[str, list[int]]:
        table = self.table("targets")
        table.only(tuple(TARGETS))
        found = {}
        for name in table.raw:
            low, high = TARGETS[name]
            codes = table.raw[name]
            is_fine = isinstance(codes, list) and all(
                isinstance(code, int) and low <= code <= high for code in codes
            )
            if not is_fine:
                raise table.refuse(
                    name, f"must be a list of codes from {low} to {high}"
                )
            found[name] = list(codes)
        return found
