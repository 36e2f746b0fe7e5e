"""Where ID numbers, card numbers and one-time codes stand in a folded text.

Works on text folded to plain ASCII (``masking`` does that). Digits joined by "." or "-"
are a *cluster*, judged as a whole; clusters with a blank between them are judged together
where their groups look like one number. A word nearby ("cccd", "sdt", "le phi") decides
the doubtful ones. Every step looks at a bounded neighbourhood, so the time is linear in
the length of the text.

In doubt a number is hidden: a hidden map coordinate annoys, a stored ID number harms.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class SensitiveKind(StrEnum):
    ID_NUMBER = "id_number"
    ONE_TIME_CODE = "one_time_code"
    CARD_NUMBER = "card_number"


@dataclass(frozen=True)
class _Cluster:
    """Digit groups joined by "." or "-": "038.090.001234" has three groups."""

    start: int
    end: int
    groups: tuple[str, ...]
    joints: str

    @property
    def digits(self) -> str:
        return "".join(self.groups)


Span = tuple[int, int, SensitiveKind]

_CLUSTER = re.compile(r"[0-9]+(?:[.-][0-9]+)*")
_LOOSE_GAP = re.compile(r" {1,2}| - | \. ")
_LINK = re.compile(
    r"https?://\S+|(?<!\S)(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,10}/\S*", re.ASCII
)

LOOK_AROUND = 30  # characters in which a word still speaks about the number
_CONTEXT = re.compile(
    r"\b(?:"
    r"(?P<id>cccd|cmnd|cmtnd|cmt|cm|can cuoc|chung minh|dinh danh|so giay to|ddcn)|"
    r"(?P<phone>sdt|dt|dien thoai|so may|phone|tel|mobile|zalo|hotline|goi|lien he)|"
    r"(?P<money>phi|tien|gia|luong|thue|ty|trieu|von|vay)"
    r")(?![a-z])"
)
_CURRENCY = re.compile(
    r" ?(?:d(?!/c(?![a-z]))|vnd|dong|usd|nghin|ngan|trieu|ty)(?![a-z0-9])|(?:k|tr)(?![a-z0-9])"
)
_SYMBOL_TAIL = re.compile(r"/[a-z]")
_COUNTRY_CODE = re.compile(r"(?:\+ ?84|\(\+?84\)|\+)[ .-]?$")
_PROCEDURE_CODE = re.compile(r"[0-9]\.[0-9]{6}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")

# How people group the digits of an ID number when no word says it is one.
_ID_GROUPINGS = {
    9: {(9,), (3, 3, 3), (4, 5), (5, 4), (3, 6), (6, 3), (2, 3, 4), (3, 2, 4)},
    12: {
        (12,),
        (3, 3, 3, 3),
        (4, 4, 4),
        (6, 6),
        (3, 3, 6),
        (3, 1, 2, 6),  # province, century and sex, year of birth, serial number
        (3, 1, 8),
        (3, 9),
        (4, 8),
        (8, 4),
        (2,) * 6,
        (1,) * 12,
    },
}
_DOTTED_ID_GROUPINGS = {(3, 3, 3), (3, 3, 3, 3), (4, 4, 4)}
_PHONE_LENGTHS = {"0": (10, 11), "8": (11,)}  # 09xx xxx xxx, 024 xxxx xxxx, 84 9xx...
_CARD_START = re.compile(r"4|5[1-5]|2[2-7]|3[4-8]|6|9704")  # the last one is Napas
_MOST_GROUPS = 12  # twelve single digits

_OTP_WORD = re.compile(
    r"\b(?:otp|(?:ma|code) (?:so )?(?:xac thuc|xac nhan|xac minh|kich hoat|bao mat|pin))"
    r"(?![a-z])"
)
OTP_AHEAD = 60  # "Ma OTP cua quy khach tai Cong dich vu cong quoc gia la ..."
OTP_BEHIND = 16  # "482913 la ma OTP"
_OTP_BEHIND_GAP = re.compile(r"[ :,.()\"'-]*(?:(?:day )?la )?(?:cai )?(?:ma )?")
_SENTENCE_END = re.compile(r"[.!?] ")


def find_sensitive(plain: str) -> list[Span]:
    """Spans to hide, in order, without overlaps."""
    clusters = _clusters(plain)
    settled: dict[int, Span | None] = {}
    for stretch in _stretches(plain, clusters):
        index = 0
        while index < len(stretch):
            count, kind = _judge(plain, stretch, index)
            first, last = stretch[index], stretch[index + count - 1]
            if kind is not None:
                settled[first.start] = (first.start, last.end, kind)
            if kind is not None or count > 1:
                for cluster in stretch[index : index + count]:
                    settled.setdefault(cluster.start, None)
            index += count
    free = [cluster for cluster in clusters if cluster.start not in settled]
    codes = _one_time_codes(plain, free)
    return _without_overlaps(sorted({*filter(None, settled.values()), *codes}))


def _without_overlaps(spans: list[Span]) -> list[Span]:
    """Two words beside one code may each see a different length of it."""
    apart: list[Span] = []
    for start, end, kind in spans:
        if apart and start < apart[-1][1]:
            first, last, kind = apart.pop()
            start, end = first, max(last, end)
        apart.append((start, end, kind))
    return apart


def _clusters(plain: str) -> list[_Cluster]:
    links = [match.span() for match in _LINK.finditer(plain)]
    starts = [start for start, _ in links]
    found = []
    for match in _CLUSTER.finditer(plain):
        link = bisect_left(starts, match.start() + 1) - 1
        if link >= 0 and match.start() < links[link][1]:
            continue
        groups = tuple(re.split(r"[.-]", match.group()))
        joints = re.sub(r"[0-9]", "", match.group())
        found.append(_Cluster(match.start(), match.end(), groups, joints))
    return found


def _stretches(plain: str, clusters: list[_Cluster]) -> Iterator[list[_Cluster]]:
    """Clusters with nothing but a blank or a spaced dash between them."""
    stretch: list[_Cluster] = []
    for cluster in clusters:
        gap = plain[stretch[-1].end : cluster.start][:4] if stretch else ""
        if stretch and not _LOOSE_GAP.fullmatch(gap):
            yield stretch
            stretch = []
        stretch.append(cluster)
    if stretch:
        yield stretch


def _judge(
    plain: str, stretch: list[_Cluster], index: int
) -> tuple[int, SensitiveKind | None]:
    """How many clusters from ``index`` make one number, and what it is (None: harmless)."""
    first = stretch[index]
    for count in range(_window(plain, stretch, index), 1, -1):
        window = stretch[index : index + count]
        whole = _Cluster(
            first.start, window[-1].end, tuple(c.groups[0] for c in window), " "
        )
        if kind := _kind_of(plain, whole):
            return count, kind
        if _is_phone(whole):
            return count, None
    return 1, None if _is_phone(first) else _kind_of(plain, first)


def _window(plain: str, stretch: list[_Cluster], index: int) -> int:
    """At most this many clusters can belong together: plain groups, the same gap."""
    gaps = set()
    count, total = 0, 0
    for cluster in stretch[index : index + _MOST_GROUPS]:
        total += len(cluster.groups[0])
        if len(cluster.groups) > 1 or len(cluster.groups[0]) > 9 or total > 19:
            break
        if count:
            gaps.add(plain[stretch[index + count - 1].end : cluster.start].strip())
        if len(gaps) > 1:
            break
        count += 1
    return count


def _kind_of(plain: str, number: _Cluster) -> SensitiveKind | None:
    total = len(number.digits)
    if total not in (9, 12) and not 13 <= total <= 19:
        return None
    if _is_inside_code(plain, number):
        return None
    if total in _ID_GROUPINGS:
        return SensitiveKind.ID_NUMBER if _is_id(plain, number) else None
    return SensitiveKind.CARD_NUMBER if _is_card(number) else None


def _is_inside_code(plain: str, number: _Cluster) -> bool:
    """Part of a dossier code, a hexadecimal id, a symbol with its "/KH-UBND"."""
    letter_before = plain[number.start - 1 : number.start].isalpha()
    letter_after = plain[number.end : number.end + 1].isalpha()
    if letter_before and (letter_after or len(number.groups) > 1):
        return True
    return _SYMBOL_TAIL.match(plain, number.end) is not None


def _is_id(plain: str, number: _Cluster) -> bool:
    digits, sizes = number.digits, tuple(map(len, number.groups))
    before = plain[max(0, number.start - LOOK_AROUND) : number.start]
    context = _context(before)
    if digits[0] != "0" and _CURRENCY.match(plain, number.end):
        return False
    if _is_phone_tail(digits, before, context):
        return False
    if context == "id":
        return True
    if _looks_like_money(number, context) or any(map(_YEAR.fullmatch, number.groups)):
        return False
    if len(digits) == 12 and digits[0] == "0" and len(set(number.joints)) == 1:
        is_usual = number.joints != " " or sizes in _ID_GROUPINGS[12]
        return is_usual and not _is_counting(number)
    if "." in number.joints:
        return sizes in _DOTTED_ID_GROUPINGS
    return sizes in _ID_GROUPINGS[len(digits)] and len(set(number.joints)) <= 1


def _context(before: str) -> str | None:
    """What the words before the number are about: the nearest, but money never wins."""
    nearest = None
    for match in _CONTEXT.finditer(before):
        if match.lastgroup != "money" or nearest is None:
            nearest = match.lastgroup
    return nearest


def _is_phone_tail(digits: str, before: str, context: str | None) -> bool:
    """A mobile number without its 0 (9 digits), or with +84 kept before the 0."""
    if len(digits) == 12:
        return digits.startswith("840") and before.endswith("+")
    is_mobile = digits[0] in "35789"
    return is_mobile and (context == "phone" or bool(_COUNTRY_CODE.search(before)))


def _looks_like_money(number: _Cluster, context: str | None) -> bool:
    """Amounts are round, and never begin with 0."""
    digits = number.digits
    if digits[0] == "0":
        return False
    if len(number.groups) == 1:
        return digits.endswith("00000")
    is_round = number.groups[-1] == "000" or all(g[-1] == "0" for g in number.groups)
    return is_round or ("." in number.joints and context == "money")


def _is_counting(number: _Cluster) -> bool:
    """Single digits in a row, "0 1 2 3 ...": a list, not a number."""
    if any(len(group) > 1 for group in number.groups) or len(number.groups) == 1:
        return False
    steps = {int(b) - int(a) for a, b in pairwise(number.groups)}
    return steps <= {1, -9}


def _is_phone(number: _Cluster) -> bool:
    lengths = _PHONE_LENGTHS.get(number.digits[0], ())
    if number.digits[0] == "8" and not number.digits.startswith("84"):
        return False
    return len(number.digits) in lengths


def _is_card(number: _Cluster) -> bool:
    sizes = tuple(map(len, number.groups))
    by_four = set(sizes[:-1]) == {4} and sizes[-1] <= 4
    is_usual = len(sizes) == 1 or by_four or sizes in {(4, 6, 5), (4, 6, 4), (6, 13)}
    starts_right = _CARD_START.match(number.digits) is not None
    return is_usual and starts_right and _passes_luhn(number.digits)


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: double every second digit from the right."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (
        sum(map(int, digits[-1::-2])) + sum(map(int, "".join(map(str, doubled))))
    ) % 10 == 0


def _one_time_codes(plain: str, clusters: list[_Cluster]) -> set[Span]:
    starts = [cluster.start for cluster in clusters]
    found: set[Span] = set()
    for word in _OTP_WORD.finditer(plain):
        end = word.end() + OTP_AHEAD
        if stop := _SENTENCE_END.search(plain, word.end(), end):
            end = stop.end()
        ahead = clusters[bisect_left(starts, word.end()) : bisect_left(starts, end)]
        codes = _codes_among(plain, ahead)
        if not codes:
            low = bisect_left(starts, word.start() - OTP_BEHIND)
            behind = clusters[low : bisect_left(starts, word.start())]
            near = [c for c in behind[-1:] if _reaches(plain, c, word.start())]
            codes = _codes_among(plain, near)
        found |= codes
    return found


def _reaches(plain: str, cluster: _Cluster, word_start: int) -> bool:
    return _OTP_BEHIND_GAP.fullmatch(plain, cluster.end, word_start) is not None


def _codes_among(plain: str, clusters: list[_Cluster]) -> set[Span]:
    found: set[Span] = set()
    for stretch in _stretches(plain, clusters):
        digits = "".join(cluster.digits for cluster in stretch)
        is_split = all(len(c.groups) == 1 and len(c.digits) <= 3 for c in stretch)
        if len(stretch) > 1 and is_split and 4 <= len(digits) <= 8:
            span = (stretch[0].start, stretch[-1].end, SensitiveKind.ONE_TIME_CODE)
            found.add(span)
            continue
        found |= {
            (c.start, c.end, SensitiveKind.ONE_TIME_CODE)
            for c in stretch
            if 4 <= len(c.digits) <= 8 and not _is_harmless(plain, c)
        }
    return found


def _is_harmless(plain: str, number: _Cluster) -> bool:
    """A year, a date, a time, a procedure code, a symbol or an amount near the word."""
    before, after = (
        plain[max(0, number.start - 4) : number.start],
        plain[number.end : number.end + 6],
    )
    written = plain[number.start : number.end]
    is_date = before.endswith(("/", ":")) or after.startswith(("/", ":"))
    is_year = _YEAR.fullmatch(written) is not None and before.endswith("nam ")
    is_dated = len(number.groups) > 1 and _YEAR.fullmatch(number.groups[-1]) is not None
    return (
        is_date
        or is_year
        or is_dated
        or _PROCEDURE_CODE.fullmatch(written) is not None
        or _CURRENCY.match(after) is not None
        or _looks_like_money(number, "money")
        or (before[-1:].isalpha() and not before.endswith("otp"))
    )
