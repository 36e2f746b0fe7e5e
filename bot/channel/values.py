"""Reading JSON written by others: every value may have any type, or be missing.

Each reader returns what it was asked for or None, and never raises. Half surrogate pairs
and NULs, which databases cannot hold, become U+FFFD in texts and void an id.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

MAX_ID_CHARS = 128  # Zalo's are 20; an index entry must stay small
MAX_TEXT_CHARS = 5_000  # Zalo's limit is 2000; composing accents is quadratic
MAX_URL_CHARS = 4_096  # signed media links are long, a cut one is useless
MAX_ENTRIES = 50  # attachments, seen ids, group members in one event
MAX_DEPTH = 32  # real events nest 5 deep

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def tidy(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The same JSON with storable strings; what nests deeper than ``depth`` is None."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict | list) and depth == 0:
        return None
    if isinstance(value, dict):
        return {
            storable(str(key)): tidy(item, depth - 1) for key, item in value.items()
        }
    if isinstance(value, list):
        return [tidy(item, depth - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def object_at(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text[:MAX_TEXT_CHARS])


def text_of(value: Any) -> str | None:
    return storable(value) if isinstance(value, str) else None


def scalar_of(value: Any) -> str | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else text_of(value)


def id_of(value: Any) -> str | None:
    text = (scalar_of(value) or "").strip()
    is_sound = text.isprintable() and "\ufffd" not in text
    return text if is_sound and 0 < len(text) <= MAX_ID_CHARS else None


def ids_of(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        return ()
    return tuple(found for value in values[:MAX_ENTRIES] if (found := id_of(value)))


def url_of(value: Any) -> str | None:
    text = text_of(value) or ""
    is_web = text.startswith(("https://", "http://")) and len(text) <= MAX_URL_CHARS
    return text if is_web else None


def size_of(value: Any) -> int | None:
    text = scalar_of(value) or ""
    is_count = text.isascii() and text.isdigit() and len(text) <= 15  # below 2^53
    return int(text) if is_count else None


def number_of(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
