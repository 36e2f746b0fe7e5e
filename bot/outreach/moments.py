"""When somebody wants to be reminded, in the words people type, with and without accents.

"thứ 5", "8h sáng mai", "3 ngày nữa", "ngày 5/12 lúc 2 giờ chiều", "cuối tháng". Pure: words
and the local time go in; a moment and the other words come out, or what is unclear about
it. Nothing is guessed that would wake people at night: "3 giờ" is asked back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from bot.search.fold import fold

MORNING = time(7, 30)  # when only the day is said: before the offices open
FARTHEST = timedelta(days=366)
_TAKEN = "#"  # stands for each letter of a word that was understood already
_DAY = timedelta(days=1)
_NUMBERS = {
    "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7,
    "tam": 8, "chin": 9, "muoi": 10, "nua": 0,
}  # fmt: skip
_WEEKDAYS = {
    "hai": 0, "2": 0, "ba": 1, "3": 1, "tu": 2, "4": 2, "nam": 3, "5": 3, "sau": 4, "6": 4,
    "bay": 5, "7": 5,
}  # fmt: skip
# Part of the day: when it is meant without an hour, and whether an hour is one after noon.
_PARTS = {
    "sang": time(7, 30),
    "trua": time(11, 30),
    "chieu": time(14, 0),
    "toi": time(19, 0),
}
_AFTER_NOON = {"chieu": range(1, 7), "toi": range(5, 12), "trua": range(1, 3)}


class Doubt(StrEnum):
    """What has to be asked back: codes of sentences."""

    NO_TIME = "no_time"  # nothing about a time, or not enough of it
    HALF = "half"  # "3 giờ": before dawn, or in the afternoon?
    PAST = "past"
    TOO_FAR = "too_far"
    LUNAR = "lunar"
    REPEATED = "repeated"  # "mỗi thứ hai": one reminder is one
    IMPOSSIBLE = "impossible"  # the 31st of February


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` in the zone it was asked in; ``rest`` are the words that say no time."""

    at: datetime
    rest: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """``choices`` are the moments it may mean, if these are few."""

    doubt: Doubt
    rest: str
    choices: tuple[datetime, ...] = ()


@dataclass
class _Said:
    """What was understood so far; ``used`` are the places of words that said it."""

    now: datetime
    words: list[str]  # folded
    day: date | None = None
    is_weekday: bool = False
    part: str | None = None
    hour: int | None = None
    minute: int = 0
    exact: datetime | None = None
    used: set[int] = field(default_factory=set)
    doubt: Doubt | None = None


def read_moment(text: str, now: datetime) -> Moment | Unclear:
    """``now`` is local. What is unclear comes with the words that say no time."""
    words = text.split()
    folded = [fold(word).strip(",.;!?\"'()“”") for word in words]
    said = _Said(now, folded)
    for pattern, take in _RULES:
        _apply(said, pattern, take)
    rest = " ".join(word for place, word in enumerate(words) if place not in said.used)
    rest = rest.strip(" ,.;:-–!")
    if said.doubt is not None:
        return Unclear(said.doubt, rest)
    return _moment(said, rest)


# --- the rules, in order: each takes its words away ------------------------------------------------

_Take = Callable[[_Said, re.Match[str]], bool]


def _apply(said: _Said, pattern: re.Pattern[str], take: _Take) -> None:
    """The first place where it fits, among the words that were not taken before."""
    text = " ".join(
        _TAKEN * len(word) if place in said.used else word
        for place, word in enumerate(said.words)
    )
    for found in pattern.finditer(text):
        if take(said, found):
            first = text.count(" ", 0, found.start())
            last = text.count(" ", 0, found.end())
            said.used |= set(range(first, last + 1))
            return


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else _NUMBERS.get(text)


def _repeated(said: _Said, found: re.Match[str]) -> bool:
    said.doubt = Doubt.REPEATED
    return True


def _lunar(said: _Said, found: re.Match[str]) -> bool:
    said.doubt = Doubt.LUNAR
    return True


def _after(said: _Said, found: re.Match[str]) -> bool:
    """ "3 ngày nữa", "nửa tiếng nữa", "sau 2 tuần"."""
    amount = _number(found["amount"] or found["amount_too"])
    unit = found["unit"] or found["unit_too"]
    if amount is None:
        return False
    if unit in ("phut", "gio", "tieng"):
        minutes = amount if unit == "phut" else amount * 60
        minutes = 30 if amount == 0 else minutes  # half of an hour
        if found["half"]:
            minutes += 30
        if not 0 < minutes <= 60 * 24 * 366:
            return False
        later = said.now + timedelta(minutes=minutes)
        said.exact = later.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return True
    if amount == 0 or amount > 400:
        return False
    if unit == "thang":
        said.day = _months_later(said.now.date(), amount)
    else:
        said.day = said.now.date() + amount * (_DAY * 7 if unit == "tuan" else _DAY)
    return True


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    last = _last_of(day.year + year, month + 1)
    return last.replace(day=min(day.day, last.day))


def _last_of(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - _DAY


def _calendar_day(said: _Said, found: re.Match[str]) -> bool:
    """ "5/12", "ngày 5 tháng 12", "ngày 5"."""
    day, today = int(found["day"]), said.now.date()
    month, year = found["month"], found["year"]
    try:
        if month and year:
            full = int(year) + (2000 if len(year) == 2 else 0)
            said.day = date(full, int(month), day)
        elif month:
            said.day = date(today.year, int(month), day)
            if said.day < today and (today - said.day).days > 183:
                said.day = said.day.replace(year=today.year + 1)
        else:
            said.day = _next_day_of_month(today, day)
    except ValueError:
        said.doubt = Doubt.IMPOSSIBLE
    return True


def _next_day_of_month(today: date, day: int) -> date:
    """ValueError for a day that no month has."""
    date(2000, 1, day)
    found = today
    while found.day != day:
        found += _DAY
    return found


def _near(said: _Said, found: re.Match[str]) -> bool:
    """ "hôm nay", "mai", "ngày kia", with the part of the day before or behind."""
    ahead = {"nay": 0, "mai": 1, "mot": 2, "kia": 2}
    said.day = said.now.date() + ahead[found["near"]] * _DAY
    said.part = found["part"] or said.part
    return True


def _weekday(said: _Said, found: re.Match[str]) -> bool:
    """The next one from today on; "tuần sau" is the week that begins on Monday."""
    name = found["weekday"] or found["short"]
    wanted = 6 if name is None else _WEEKDAYS[name]
    today = said.now.date()
    if found["week"] in ("sau", "toi", "sau nua"):
        monday = today + (7 - today.weekday()) * _DAY
        said.day = monday + wanted * _DAY
    else:
        said.day = today + (wanted - today.weekday()) % 7 * _DAY
        said.is_weekday = found["week"] is None
    return True


def _edge(said: _Said, found: re.Match[str]) -> bool:
    """ "cuối tuần", "đầu tuần sau", "cuối tháng", "đầu tháng sau"."""
    today = said.now.date()
    is_next = found["which"] in ("sau", "toi")
    if found["whole"] == "tuan":
        monday = today - today.weekday() * _DAY + (7 * _DAY if is_next else _DAY * 0)
        said.day = monday if found["edge"] == "dau" else monday + 5 * _DAY
    else:
        first = _months_later(today.replace(day=1), int(is_next))
        is_first = found["edge"] == "dau"
        said.day = first if is_first else _last_of(first.year, first.month)
    return True


def _clock(said: _Said, found: re.Match[str]) -> bool:
    """ "8h", "8 giờ rưỡi", "8:30", "2 giờ chiều", "9 giờ kém 15"."""
    hour = _number(found["hour"])
    minute = found["minute"]
    if hour is None or hour > 24:
        return False
    said.hour, said.minute = hour % 24, 30 if minute == "ruoi" else int(minute or 0)
    if found["less"]:
        said.hour, said.minute = (hour - 1) % 24, 60 - int(found["less"])
    said.part = found["part"] or said.part
    return 0 <= said.minute < 60


def _part(said: _Said, found: re.Match[str]) -> bool:
    said.part = found["part"]
    return True


_PART = r"(?P<part>sang|trua|chieu|toi)"
_AMOUNT = r"\d{1,3}|mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi"
_UNIT = r"phut|gio|tieng|ngay|tuan|thang"
_RULES: tuple[tuple[re.Pattern[str], _Take], ...] = tuple(
    (re.compile(rf"(?<![\w/:])(?:{pattern})(?![\w/:])"), take)
    for pattern, take in (
        (r"(?:moi|hang) (?:ngay|tuan|thang|nam|sang|toi|thu|khi)|hang (?:ngay|tuan)"
         r"|(?:thu \w+|sang|toi) (?:hang|moi) tuan", _repeated),
        (r"(?:(?:mung|mong) \d{1,2}|ram|am lich)(?: thang (?:gieng|chap|\d{1,2}))?"
         r"|\d{1,2} tet|thang (?:gieng|chap)", _lunar),
        (rf"(?:(?:trong )?(?P<amount>{_AMOUNT}|nua) (?P<unit>{_UNIT})(?P<half> ruoi)?"
         rf" (?:nua|sau nua|(?<=ngay )toi|(?<=tuan )toi|(?<=thang )toi)|sau (?P<amount_too>{_AMOUNT}) (?P<unit_too>{_UNIT}))",
         _after),
        (r"(?:vao |tu )?(?:ngay )?(?P<day>\d{1,2})(?:/|-| thang )(?P<month>\d{1,2})"
         r"(?:(?:/|-| nam )(?P<year>\d{4}|\d{2}))?", _calendar_day),
        (r"(?:vao )?ngay (?P<day>[1-9]|[12]\d|3[01])(?P<month>(?!))?(?P<year>(?!))?",
         _calendar_day),
        (r"(?P<edge>dau|cuoi) (?P<whole>tuan|thang)(?: (?P<which>nay|sau|toi))?", _edge),
        (r"(?:vao )?(?:thu (?P<weekday>hai|ba|tu|nam|sau|bay|[2-7])|t(?P<short>[2-7])"
         r"|chu nhat|cn)(?: tuan (?P<week>nay|sau nua|sau|toi))?", _weekday),
        (rf"(?:(?:vao |luc )?(?:buoi )?{_PART} )?(?:(?:ngay|hom|bua) )?"
         r"(?P<near>(?<=hom )nay|(?<=bua )nay|(?<=sang )nay|(?<=trua )nay"
         r"|(?<=chieu )nay|(?<=toi )nay|mai|(?<=ngay )mot|(?<=bua )mot|(?<=sang )mot"
         r"|(?<=ngay )kia|(?<=hom )kia|(?<=bua )kia)", _near),
        (rf"(?P<hour>\d{{1,2}}) ?(?:h|g|gio|:) ?(?P<minute>[0-5]?\d|ruoi)?(?: ?(?:p|phut))?"
         rf"(?: kem (?P<less>[1-5]?\d)(?: phut)?)?(?: (?:buoi )?{_PART})?", _clock),
        (rf"(?:vao |luc )?buoi {_PART}", _part),
        # beside a time only: there is breakfast, too ("ăn sáng")
        (r"(?:(?<=# )|^)(?P<part>sang|trua|chieu)(?=$| #)", _part),
        (r"(?P<part>sang|trua|chieu)(?= #)", _part),
        (r"luc|vao luc|vao", lambda said, found: said.hour is not None or bool(said.day)),
    )
)  # fmt: skip


# --- from what was said to a moment -----------------------------------------------------------------


def _moment(said: _Said, rest: str) -> Moment | Unclear:
    if said.exact is not None:
        return _in_reach(said.exact, said, rest)
    if said.day is None and said.hour is None and said.part is None:
        return Unclear(Doubt.NO_TIME, rest)
    choices = _choices(said)
    if len(choices) > 1:
        return Unclear(Doubt.HALF, rest, tuple(choices))
    if not choices:
        is_today = said.day == said.now.date() and said.hour is None
        return Unclear(Doubt.NO_TIME if is_today else Doubt.PAST, rest)
    return _in_reach(choices[0], said, rest)


def _choices(said: _Said) -> list[datetime]:
    """Every moment it may mean that is still to come."""
    found = []
    for at in _clock_times(said):
        day = said.day or said.now.date()
        moment = datetime.combine(day, at, said.now.tzinfo)
        if moment <= said.now and said.day is None:
            moment += _DAY
        if moment <= said.now and said.is_weekday:
            moment += 7 * _DAY
        if moment > said.now:
            found.append(moment)
    return found


def _clock_times(said: _Said) -> Iterable[time]:
    if said.hour is None:
        return [_PARTS[said.part] if said.part else MORNING]
    hour = said.hour
    if said.part in _AFTER_NOON and hour in _AFTER_NOON[said.part]:
        return [time(hour + 12, said.minute)]
    if said.part or hour >= 7 or hour == 0:
        return [time(hour, said.minute)]
    return [time(hour, said.minute), time(hour + 12, said.minute)]


def _in_reach(at: datetime, said: _Said, rest: str) -> Moment | Unclear:
    if at > said.now + FARTHEST:
        return Unclear(Doubt.TOO_FAR, rest)
    return Moment(at, rest)
