"""What the words around a proof say: which period, which channel, which numbers.

Pure, and tolerant of every way to type: words are folded first. What is not understood is
no hint, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from bot.duties.periods import BadPeriodError, Period, parse_period, period_of
from bot.search.fold import fold
from models import Cadence, Channel

_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
# People leave out "https://": taken for a link only with an ending that addresses here have.
_BARE_LINK = re.compile(
    r"(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:vn|com|net|org|me|info|tv)(?:/[^\s<>\"]*)?(?![\w.-])",
    re.IGNORECASE,
)
_AFTER_LINK = ".,;:!?)]}'\u2019\u201d"
_DUTY_NUMBER = re.compile(
    r"(?<![\d.])(?:(?:ii|iii)[-. ]?)?(\d\.\d(?:\.\d)?[a-c]?)(?![\d.])"
)
_CHANNEL_WORDS = (
    (Channel.RADIO, r"loa|phat thanh|truyen thanh|radio|file am thanh|dai xa"),
    (Channel.SCREEN, r"man hinh|bang dien tu|led|bang chu chay"),
    (Channel.ZALO_OA, r"zalo|oa|zoa"),
    (Channel.WEBSITE, r"trang web|website|web|trang thong tin|trang tin|cong thong tin|trang ttdt"),
    (Channel.OTHER, r"facebook|fb|fanpage|tiktok|youtube"),
)  # fmt: skip
_CHANNELS = tuple(
    (channel, re.compile(rf"\b(?:{words})\b")) for channel, words in _CHANNEL_WORDS
)
# By host: what is none of these is somebody's website.
_ZALO_HOSTS = ("zalo.me", "zapps.vn", "zalo.cloud", "zaloapp.com", "zdn.vn")
_SOCIAL_HOSTS = (
    "facebook.com", "fb.com", "fb.watch", "tiktok.com", "youtube.com", "youtu.be",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Numbers:
    """ "45/60"; of "báo cáo 0" only ``done`` is known."""

    done: int
    total: int | None = None

    @property
    def is_possible(self) -> bool:
        return self.total is None or 0 <= self.done <= self.total

    def to_json(self) -> dict[str, int]:
        return {"done": self.done} | ({"total": self.total} if self.total else {})


@dataclass(frozen=True, slots=True)
class Hints:
    """``when`` are periods named, or days that lie in the period meant; ``words`` is the
    folded text without its links."""

    when: tuple[Period | date, ...] = ()
    channel: Channel | None = None
    duty_numbers: tuple[str, ...] = ()
    words: str = ""


def read(text: str, today: date) -> Hints:
    """All that the text says about where a proof belongs."""
    words = without_links(text)
    return Hints(
        when=tuple(_when(words, today)),
        channel=channel_in(words),
        duty_numbers=tuple(dict.fromkeys(_DUTY_NUMBER.findall(words))),
        words=words,
    )


# --- links --------------------------------------------------------------------------------


def links_in(text: str) -> list[str]:
    """Each address once, in order, with its scheme."""
    found: list[tuple[int, str]] = []
    for match in _LINK.finditer(text):
        found.append((match.start(), _trimmed(match.group())))
    rest = _LINK.sub(lambda match: " " * len(match.group()), text)
    for match in _BARE_LINK.finditer(rest):
        found.append((match.start(), f"https://{_trimmed(match.group())}"))
    return list(dict.fromkeys(link for _, link in sorted(found)))


def without_links(text: str) -> str:
    """The folded words, blanks tidied."""
    return " ".join(fold(_BARE_LINK.sub(" ", _LINK.sub(" ", text))).split())


def channel_of_host(host: str) -> Channel:
    host = host.lower().rstrip(".")
    if _is_under(host, _ZALO_HOSTS):
        return Channel.ZALO_OA
    return Channel.OTHER if _is_under(host, _SOCIAL_HOSTS) else Channel.WEBSITE


def channel_in(words: str) -> Channel | None:
    """The channel that folded words name, if it is one."""
    return next(
        (channel for channel, words_of in _CHANNELS if words_of.search(words)), None
    )


def _is_under(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _trimmed(link: str) -> str:
    while link and link[-1] in _AFTER_LINK:
        if link[-1] == ")" and link.count("(") >= link.count(")"):
            break  # a bracket of the address itself
        link = link[:-1]
    return link


# --- when ---------------------------------------------------------------------------------

_BEFORE = r"truoc|roi|qua|vua roi|vua qua"
_YEAR = r"(?:\s*(?:/|nam|-)\s*(20\d\d))?"
_NAMED = (
    (Cadence.WEEKLY, re.compile(rf"\btuan (?:(nay)|({_BEFORE})|(?:thu |so )?(\d{{1,2}})\b{_YEAR})")),
    (Cadence.MONTHLY, re.compile(rf"\bthang (?:(nay)|({_BEFORE})|(\d{{1,2}})\b{_YEAR})")),
    (Cadence.QUARTERLY, re.compile(rf"\bquy (?:(nay)|({_BEFORE})|(iv|i{{1,3}}|[1-4])\b{_YEAR})")),
)  # fmt: skip
_DAY = re.compile(
    r"\bngay (\d{1,2})\s*(?:/|-|thang)\s*(\d{1,2})(?:\s*(?:/|-|nam)\s*(20\d\d))?"
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_RECENT_DAYS = {"hom nay": 0, "hom qua": 1, "hom kia": 2, "bua qua": 1}


def _when(words: str, today: date) -> list[Period | date]:
    found: list[Period | date] = []
    in_days = [match.span() for match in _DAY.finditer(words)]
    for cadence, pattern in _NAMED:
        running = period_of(today, cadence)
        for match in pattern.finditer(words):
            if any(start <= match.start() < end for start, end in in_days):
                continue  # the month of a day
            this, before, number, year = match.groups()
            if this or before:
                found.append(running if this else running.previous)
            elif period := _numbered(cadence, number, year, running):
                found.append(period)
    found += [day for match in _DAY.finditer(words) if (day := _day(match, today))]
    found += [
        today - timedelta(days=ago)
        for word, ago in _RECENT_DAYS.items()
        if word in words
    ]
    return found


def _numbered(
    cadence: Cadence, number: str, year: str | None, running: Period
) -> Period | None:
    """ "tuần 46": without a year the last one that has begun."""
    wanted = _ROMAN.get(number) or int(number)
    shape = {
        Cadence.WEEKLY: f"{{}}-W{wanted:02}",
        Cadence.MONTHLY: f"{{}}-{wanted:02}",
        Cadence.QUARTERLY: f"{{}}-Q{wanted}",
    }[cadence]
    ours = int(running.key[:4])
    for candidate in [int(year)] if year else [ours, ours - 1]:
        try:
            period = parse_period(shape.format(candidate))
        except BadPeriodError:
            continue
        if period.first <= running.first:
            return period
    return None


def _day(match: re.Match[str], today: date) -> date | None:
    day, month, year = match.groups()
    for candidate in [int(year)] if year else [today.year, today.year - 1]:
        try:
            found = date(candidate, int(month), int(day))
        except ValueError:
            return None
        if found <= today:
            return found
    return None


# --- numbers --------------------------------------------------------------------------------

_COUNT = r"(\d{1,3}(?:\.\d{3})+|\d{1,6})"
_OUT_OF = r"(?:/|tren tong so|trong tong so|tren tong|tren|trong)"
_RATIO = re.compile(
    rf"(?<![\d/.-]){_COUNT}\s*(?:[a-z]+ )?{_OUT_OF}\s*{_COUNT}(?![\d/.-])"
)
# "20/11" alone may be a day and "02/2025" a document: one of these must stand beside it.
_COUNTED = re.compile(
    r"\b(?:cai|cai dat|kich hoat|dat|duoc|nguoi|truong|ho|can bo|cong chuc|bao cao|ty le|"
    r"hoan thanh|luot|hoc sinh|giao vien|thanh vien|tong so|nop|minh chung)\b"
)
_ZERO = re.compile(
    r"\bbao cao (?:so )?0\b|\bbao cao khong(?= co| phat sinh|$)|^khong phat sinh\b"
)


def numbers_in(text: str, *, expected: bool = False) -> Numbers | None:
    """Numbers reported, or None; ``expected``: we asked for them, so bare ones will do."""
    words = without_links(text).strip(" .!")
    if _ZERO.search(words):
        return Numbers(0)
    found = _RATIO.search(words)
    if found is None:
        return _bare_count(words) if expected else None
    is_day = int(found[2].replace(".", "")) <= 12 and "/" in found.group()
    is_whole = found.group() == words and not is_day
    if not (expected or is_whole or _COUNTED.search(words)):
        return None
    return Numbers(int(found[1].replace(".", "")), int(found[2].replace(".", "")))


def _bare_count(words: str) -> Numbers | None:
    counts = re.findall(r"\d+", words)
    return Numbers(int(counts[0])) if len(counts) == 1 and len(counts[0]) < 7 else None


# --- a question, or a proof -----------------------------------------------------------------

_ASKS = re.compile(
    r"\b(?:hoi|o dau|the nao|bao nhieu|lam sao|la gi|gi vay|co phai|co dung|duoc khong|"
    r"phai khong|dung khong|khong a|tai sao|vi sao|lua dao|co that|khi nao|bao gio|ai biet|"
    r"can gi|giup)\b"
)
_SUBMITS = re.compile(
    r"\b(?:nop|minh chung|gui bai|da dang|dang tin|bai dang|bao cao|tin bai|da phat|"
    r"ban tin|link bai|bai viet|gui link)\b"
)


def reads_like_question(text: str) -> bool:
    """Somebody who wants to know something, whatever link stands in it."""
    rest = _BARE_LINK.sub(" ", _LINK.sub(" ", text))
    words = without_links(text)
    return not submits(text) and ("?" in rest or _ASKS.search(words) is not None)


def submits(text: str) -> bool:
    """The words say that this is a proof."""
    return _SUBMITS.search(without_links(text)) is not None
