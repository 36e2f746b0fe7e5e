"""Things named exactly: procedure codes and document symbols, in any shape.

``1.001193``, ``1001193`` and ``1 001193`` are one code; ``749/QĐ-TTg``, ``qd 749``,
``749 qd ttg`` and ``quyết định số 749`` one decision. A bare number names a document
only when the question holds nothing else. Who asks for "công văn triển khai quyết định
1627" names the decision, but wants the letter about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.search.entries import Entry, Kind
from bot.search.fold import fold

_CODE = re.compile(r"(?<![\d.])(\d)[.,\s-]?(\d{6})(?![\d])")
_NUMBER = re.compile(r"\d+")
_PIECE = re.compile(r"[a-z]+|\d+")
_DATE = re.compile(r"(?:ngay\s*)?\b(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})\b")
_KINDS = {  # how a kind of document is named, folded: the letters of its symbol
    "quyet dinh": "qd",
    "nghi dinh": "nd",
    "nghi quyet": "nq",
    "chi thi": "ct",
    "ke hoach": "kh",
    "chuong trinh": "ctr",
    "cong van": "cv",
    "luat": "luat",
    "thong tu": "tt",
    "van ban": "",
}
# What one document does about another that is named after it.
_ABOUT = re.compile(
    r"\b(?:trien khai|thuc hien|sua doi|sua|bo sung|thay the|huong dan|cu the hoa)\b"
)
FIRST = 1.2  # times the score of the document that is only named
_LETTERS = frozenset(
    [
        "qd",
        "nd",
        "nq",
        "ct",
        "kh",
        "ctr",
        "cv",
        "luat",
        "ttg",
        "cp",
        "ubnd",
        "hdnd",
        "tu",
        "hu",
        "qh",
        "btttt",
        "vhxxh",
        "vhxh",
        "thkstthc",
        "qh15",
        "so",
        "vb",
    ]
)
_FILLER = frozenset(
    [
        "so",
        "ngay",
        "nam",
        "cua",
        "tim",
        "xem",
        "cho",
        "hoi",
        "toi",
        "minh",
        "ve",
        "noi",
        "gi",
        "la",
        "co",
        "con",
        "hieu",
        "luc",
        "khong",
        "van",
        "ban",
        "nao",
        "do",
        "the",
    ]
)


@dataclass(frozen=True, slots=True)
class Named:
    """A document named by its number."""

    entry: int
    score: float  # 1: everything in the question fits


@dataclass(frozen=True, slots=True)
class _Symbol:
    entry: int
    number: str
    year: str
    letters: frozenset[str]
    issued_on: date | None
    title: frozenset[str]  # words and numbers, folded


class SymbolIndex:
    """Exact names of the entries."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._codes: dict[str, int] = {}
        self._numbers: dict[str, list[_Symbol]] = {}
        for place, entry in enumerate(entries):
            if entry.kind is Kind.SERVICE:
                for symbol in entry.symbols:
                    self._codes[re.sub(r"\D", "", symbol)] = place
            elif entry.kind is Kind.DOCUMENT and entry.symbols:
                symbol_read = _read_symbol(place, entry)
                self._numbers.setdefault(symbol_read.number, []).append(symbol_read)

    def codes_in(self, text: str) -> list[int]:
        """Entries whose procedure code stands in the text, in order of mention."""
        found = (self._codes.get("".join(m.groups())) for m in _CODE.finditer(text))
        return list(dict.fromkeys(place for place in found if place is not None))

    def documents_in(self, text: str) -> list[Named]:
        """Documents whose number stands in the text, best fit first."""
        plain = fold(text)
        dated = _DATE.search(plain)
        rest = _DATE.sub(" ", plain)
        pieces = _pieces(rest)
        letters = {p for p in pieces if p in _LETTERS} | _kinds_in(rest)
        alone = all(p.isdigit() or p in _FILLER or p in _LETTERS for p in pieces)
        if not letters and not alone:
            return []
        named = []
        for number in dict.fromkeys(p.lstrip("0") for p in pieces if p.isdigit()):
            for symbol in self._numbers.get(number, ()):
                score = _fit(symbol, pieces, letters, dated)
                if score > 0:
                    named.append(Named(symbol.entry, score))
        named.sort(key=lambda item: -item.score)
        return self._about(rest, named) or named

    def _about(self, plain: str, named: list[Named]) -> list[Named]:
        """What is asked for where the named document only tells what it is about; that one
        and the others follow. [] where nothing stands between a kind and the number."""
        before, verb, after = _halves(plain)
        kinds = _kinds_in(before) - {""}
        numbers = _numbers_in(after)
        if not named or not verb or not kinds or _numbers_in(before) or not numbers:
            return []
        found = [
            Named(symbol.entry, named[0].score * FIRST)
            for symbols in self._numbers.values()
            for symbol in symbols
            if kinds & symbol.letters and numbers <= symbol.title
        ]
        firsts = {one.entry for one in found}
        rest = [one for one in named if one.entry not in firsts]
        return [*found, *rest] if found else []


def _halves(plain: str) -> tuple[str, str, str]:
    """What stands before the verb, the verb, and what follows it."""
    verb = _ABOUT.search(plain)
    if verb is None:
        return plain, "", ""
    return plain[: verb.start()], verb.group(), plain[verb.end() :]


def _numbers_in(plain: str) -> set[str]:
    return {number.lstrip("0") for number in _NUMBER.findall(plain)}


def _read_symbol(place: int, entry: Entry) -> _Symbol:
    pieces = _pieces(fold(entry.symbols[0]))
    kind = fold(entry.symbols[1]).rstrip("0123456789 ") if entry.symbols[1:] else ""
    numbers = [p for p in pieces if p.isdigit()]
    years = [n for n in numbers[1:] if len(n) == 4]
    letters = {p for p in pieces if p.isalpha()}
    return _Symbol(
        place,
        numbers[0].lstrip("0"),
        years[0] if years else "",
        frozenset((letters | {_KINDS.get(kind, "")}) - {""}),
        entry.issued_on,
        frozenset(piece.lstrip("0") for piece in _pieces(fold(entry.title))),
    )


def _pieces(plain: str) -> list[str]:
    """Runs of letters and of digits; letters typed together are taken apart."""
    found: list[str] = []
    for piece in _PIECE.findall(plain):
        found += _unglue(piece) if piece.isalpha() else [piece]
    return found


def _unglue(piece: str) -> list[str]:
    """``qdttg`` to ``qd ttg``."""
    if piece in _LETTERS:
        return [piece]
    for cut in range(2, len(piece) - 1):
        if piece[:cut] in _LETTERS and piece[cut:] in _LETTERS:
            return [piece[:cut], piece[cut:]]
    return [piece]


def _kinds_in(plain: str) -> set[str]:
    """Letters of the kinds of document that the text names in full."""
    return {
        letters for name, letters in _KINDS.items() if re.search(rf"\b{name}\b", plain)
    }


def _fit(
    symbol: _Symbol,
    pieces: list[str],
    letters: set[str],
    dated: re.Match[str] | None,
) -> float:
    """How well a document answers to what was written beside its number."""
    wanted = {p for p in letters if p not in ("", "so", "vb")}
    years = {p for p in pieces if len(p) == 4 and p[:2] in ("19", "20")}
    years -= {symbol.number}
    position = [p.lstrip("0") for p in pieces].index(symbol.number)
    score = 1.0
    if wanted:
        score = len(wanted & symbol.letters) / len(wanted)
        if score == 0:
            return 0.0
    near = " ".join(pieces[max(0, position - 3) : position + 3])
    touching = any(p in _LETTERS - {"so"} for p in near.split()) or bool(
        _kinds_in(near)
    )
    if not touching and len(pieces) > 2:
        return 0.0
    if years and symbol.year:
        score *= 1.2 if symbol.year in years else 0.3
    if dated is not None and symbol.issued_on is not None:
        score *= 1.5 if _same_day(dated, symbol.issued_on) else 0.8
    return score


def _same_day(dated: re.Match[str], day: date) -> bool:
    return tuple(map(int, dated.groups())) == (day.day, day.month, day.year)
