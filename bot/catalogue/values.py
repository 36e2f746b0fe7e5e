"""What one content value may be, and how it is read.

Pure: no files, no database. ``parse`` gives the value a table column takes, or raises
``ValueSpoiled`` with a reason an operator can act on. Nothing is repaired here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

Row = dict[str, Any]
Vocabulary = Mapping[str, frozenset[str]]

QUOTA_FIELDS = ("kind", "count", "unit", "period", "scope", "ratio")
PORTAL = "https://dichvucong.gov.vn/"
LIST_SEPARATOR = "; "
# Six digits; one local code of Tây Ninh on the national portal has nine.
CODE_PATTERN = re.compile(r"[0-9]\.[0-9]{6}(?:[0-9]{3})?")
UNIT_CODE_PATTERN = re.compile(r"[a-z0-9_]+")
DATE_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Control characters, and the invisible ones that arrive by copying from web pages.
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
NEWLINE = "\n"


WEB_URL_PATTERN = re.compile(r"https?://[^\s/]+(?:/\S*)?")
ADDRESS_PATTERN = re.compile(r"[0-9]{6,25}|(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,}")


class Reason(str):
    """Why something cannot be taken: in English for the terminal; pages say it in their
    own words by ``code`` and ``params``."""

    code: str
    params: Mapping[str, object]

    def __new__(cls, text: str, code: str = "", **params: object) -> Reason:
        self = super().__new__(cls, text)
        self.code, self.params = code, params
        return self


class ValueSpoiled(Exception):
    """This value cannot be taken; the reason says what was expected."""

    def __init__(self, text: str, code: str = "", **params: object) -> None:
        super().__init__(text)
        self.reason = Reason(text, code, **params)


class Kind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"  # may have line breaks
    CODE = "code"
    UNIT_CODE = "unit_code"
    DATE = "date"
    INTEGER = "integer"
    COUNT = "count"  # not negative, may be unknown
    DAYS = "days"  # may be negative, may be unknown
    BOOLEAN = "boolean"  # may be unknown
    WORDS = "words"  # a list of texts
    JOINED = "joined"  # words of a vocabulary in one text, "; "-separated
    PORTAL_URL = "portal_url"
    WEB_URL = "web_url"
    ADDRESS = "address"  # a bare host, or the id of an account
    QUOTA = "quota"


_UNKNOWN_IF_EMPTY = (
    Kind.DATE,
    Kind.QUOTA,
    Kind.UNIT_CODE,
    Kind.COUNT,
    Kind.DAYS,
    Kind.BOOLEAN,
)


@dataclass(frozen=True)
class Column:
    """``one_of`` names a list of the vocabulary; ``choices`` are fixed by the code."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    one_of: str = ""
    choices: tuple[str, ...] = ()


def parse(column: Column, raw: object, vocabulary: Vocabulary) -> Any:
    """The value for the table column, or ``ValueSpoiled``."""
    if raw is None or raw == "" or raw == []:
        if column.required:
            raise ValueSpoiled("is required and is empty", "required")
        return _empty(column.kind)
    value = _PARSERS[column.kind](raw)
    _check_choice(column, value, vocabulary)
    return value


def _empty(kind: Kind) -> Any:
    if kind in _UNKNOWN_IF_EMPTY:
        return None
    if kind is Kind.WORDS:
        return []
    return 0 if kind is Kind.INTEGER else ""


def _check_choice(column: Column, value: Any, vocabulary: Vocabulary) -> None:
    if not column.one_of and not column.choices:
        return
    allowed = vocabulary[column.one_of] if column.one_of else set(column.choices)
    for word in _words_of(column.kind, value):
        if word not in allowed:
            shown = ", ".join(sorted(allowed))
            raise ValueSpoiled(
                f"{word!r} is not one of: {shown}", "choice", value=word, allowed=shown
            )


def _words_of(kind: Kind, value: Any) -> list[str]:
    match kind:
        case Kind.JOINED:
            return str(value).split(LIST_SEPARATOR)
        case Kind.WORDS:
            return list(value)
        case Kind.QUOTA:
            return [value["kind"]]
        case _:
            return [value]


def _count(raw: object) -> int:
    number = _integer(raw)
    if number < 0:
        raise ValueSpoiled(
            f"expected a number from 0, got {number}", "number", value=number
        )
    return number


def _boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueSpoiled(f"expected true or false, got {raw!r}", "number", value=raw)
    return raw


def _web_url(raw: object) -> str:
    url = _text(raw)
    if not WEB_URL_PATTERN.fullmatch(url):
        raise ValueSpoiled(
            f"expected an address like https://…, got {url!r}", "web_url", value=url
        )
    return url


def _address(raw: object) -> str:
    address = _text(raw)
    if not ADDRESS_PATTERN.fullmatch(address):
        raise ValueSpoiled(
            f"{address!r} is neither a host like xa.tinh.gov.vn (small letters, no "
            "https://, no path) nor the number of an account",
            "address",
            value=address,
        )
    return address


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueSpoiled(f"expected a text, got {raw!r}", "text", value=raw)
    found = INVISIBLE.search(raw)
    if found:
        character = f"U+{ord(found.group()):04X}"
        raise ValueSpoiled(
            f"holds the control character {character}", "invisible", value=character
        )
    if raw != raw.strip():
        raise ValueSpoiled("starts or ends with a space", "space")
    if not unicodedata.is_normalized("NFC", raw):
        raise ValueSpoiled("is not in Unicode form NFC", "nfc")
    return raw


def _long_text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueSpoiled(f"expected a text, got {raw!r}", "text", value=raw)
    text = raw.strip(NEWLINE)
    for line in text.split(NEWLINE):
        _text(line)
    return text


def _code(raw: object) -> str:
    code = _text(raw)
    if not CODE_PATTERN.fullmatch(code):
        raise ValueSpoiled(
            f"{code!r} is not a procedure code like 1.001193 "
            "(a spreadsheet drops zeros at the end: format the column as text)",
            "procedure_code",
            value=code,
        )
    return code


def _unit_code(raw: object) -> str:
    code = _text(raw)
    if not UNIT_CODE_PATTERN.fullmatch(code):
        raise ValueSpoiled(
            f"{code!r} is not a code of small letters, digits and _",
            "unit_code",
            value=code,
        )
    return code


def _date(raw: object) -> date:
    if isinstance(raw, datetime):
        raise ValueSpoiled(
            f"expected a date without time, got {raw.isoformat()}",
            "date",
            value=raw.isoformat(),
        )
    if isinstance(raw, date):
        return raw
    try:
        if isinstance(raw, str) and DATE_PATTERN.fullmatch(raw):
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise ValueSpoiled(
        f"expected a date like 2026-07-20, got {raw!r}", "date", value=raw
    )


def _integer(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ValueSpoiled(f"expected a whole number, got {raw!r}", "number", value=raw)
    return raw


def _words(raw: object) -> list[str]:
    if not isinstance(raw, list):
        raise ValueSpoiled(f"expected a list of texts, got {raw!r}", "text", value=raw)
    words = [_text(word) for word in raw]
    if "" in words or len(set(words)) < len(words):
        raise ValueSpoiled("holds an empty or repeated entry", "list")
    return words


def _portal_url(raw: object) -> str:
    url = _text(raw)
    if not url.startswith(PORTAL):
        raise ValueSpoiled(
            f"expected an address under {PORTAL}, got {url!r}",
            "portal_url",
            value=url,
            portal=PORTAL,
        )
    return url


def _quota(raw: object) -> Row:
    if not isinstance(raw, dict) or not {"kind", "unit", "period"} <= raw.keys():
        raise ValueSpoiled("expected a table with at least kind, unit and period")
    unknown = sorted(set(raw) - set(QUOTA_FIELDS))
    if unknown:
        raise ValueSpoiled(f"has unknown keys: {', '.join(unknown)}")
    if (raw.get("count") is None) == (raw.get("ratio") is None):
        raise ValueSpoiled("needs either a count or a ratio")
    return {name: raw.get(name) for name in QUOTA_FIELDS}


_PARSERS = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _long_text,
    Kind.CODE: _code,
    Kind.UNIT_CODE: _unit_code,
    Kind.DATE: _date,
    Kind.INTEGER: _integer,
    Kind.COUNT: _count,
    Kind.DAYS: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.WORDS: _words,
    Kind.JOINED: _text,
    Kind.PORTAL_URL: _portal_url,
    Kind.WEB_URL: _web_url,
    Kind.ADDRESS: _address,
    Kind.QUOTA: _quota,
}
