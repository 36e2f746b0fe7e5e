"""Names in the order of the Vietnamese alphabet: Long Cang, Long Định, Long Hòa."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Letters with a mark of their own stand behind the plain one; tones decide last.
_ALPHABET = (
    "a",
    "ă",
    "â",
    *"bcd",
    "đ",
    "e",
    "ê",
    *"fghijklmno",
    "ô",
    "ơ",
    *"pqrstu",
    "ư",
    *"vwxyz",
)
_PLACE = {letter: place for place, letter in enumerate(_ALPHABET, start=100)}
_TONES = {mark: place for place, mark in enumerate("\u0300\u0309\u0303\u0301\u0323")}


@lru_cache(maxsize=16_384)  # a country's units, asked for with each of their duties
def name_key(name: str) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """For ``sorted``: letters, then tones (huyền, hỏi, ngã, sắc, nặng), then the text."""
    letters: list[int] = []
    tones: list[int] = []
    for sign in unicodedata.normalize("NFC", name.casefold()):
        parts = unicodedata.normalize("NFD", sign)
        tone = next((part for part in parts if part in _TONES), "")
        letter = unicodedata.normalize("NFC", parts.replace(tone, "")) if tone else sign
        letters.append(_PLACE.get(letter, min(ord(letter[0]), 99)))
        tones.append(_TONES.get(tone, -1))
    return tuple(letters), tuple(tones), name
