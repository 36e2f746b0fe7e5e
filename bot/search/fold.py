"""Folding of Vietnamese text: one plain shape for every way a word can be typed.

Promises: the same folded word for composed and decomposed Unicode, upper and lower
case, with and without diacritics (``Đ`` included, which NFD leaves alone), and, for a
word that no vocabulary knows, the word meant by leftover Telex or VNI keys
(``thuwongf``, ``d9a6t1``) and held-down letters (``sinhhh``). Pure functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from functools import lru_cache

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # huyền, sắc, ngã, hỏi, nặng
_WORD = re.compile(r"[a-z0-9]+")
_ACCENTED_WORD = re.compile(r"[^\W_]+")
_REPEATED = re.compile(r"([a-z])\1+")
_INITIAL = re.compile(
    r"dd|ngh|ng|nh|gh|gi(?=[aeiouy])|kh|ph|qu|th|tr|ch|[bcdghklmnpqrstvx]|"
)
_TELEX_KEYS = re.compile(r"[wsfrxjz]")  # never inside a Vietnamese rhyme
_WORDS_OF_ONE = frozenset("aoy")  # "ạ", "ở", "y"
_TELEX_DOUBLES = re.compile(r"([aeod])\1+")


def _fold_table() -> dict[int, str]:
    """Letter to plain letter, built once: translate is ten times faster than NFD."""
    table: dict[int, str] = {}
    for code in (*range(0x00C0, 0x0250), *range(0x1E00, 0x1F00)):
        plain = unicodedata.normalize("NFD", chr(code).lower())
        table[code] = "".join(c for c in plain if not unicodedata.combining(c))
    table.update({ord("đ"): "d", ord("Đ"): "d", ord("ð"): "d", ord("Ð"): "d"})
    table.update(dict.fromkeys(range(768, 880), ""))
    return table


_FOLD = _fold_table()


def fold(text: str) -> str:
    """Lower case without diacritics, đ as d; everything else stays."""
    return unicodedata.normalize("NFKC", text).translate(_FOLD).lower()


def words(text: str) -> list[str]:
    """Folded words of a text, in order, punctuation gone."""
    return _WORD.findall(fold(text))


def accent_key(word: str) -> str:
    """Spelling with diacritics, independent of where the tone mark was put.

    ``hoà`` and ``hòa``, ``uỷ`` and ``ủy`` are the same word to everybody.
    """
    plain: list[str] = []
    tone = ""
    for char in unicodedata.normalize("NFD", word.lower()):
        if char in _TONES:
            tone = char
        else:
            plain.append(char)
    return "".join(plain) + tone


def accented_words(text: str) -> list[tuple[str, str]]:
    """Pairs (folded word, accent key) in order."""
    typed = _ACCENTED_WORD.findall(unicodedata.normalize("NFC", text))
    return [pair for pair in map(_pair, typed) if pair[0]]


@lru_cache(maxsize=16_384)  # more than Vietnamese has syllables
def _pair(word: str) -> tuple[str, str]:
    return "".join(_WORD.findall(fold(word))), accent_key(word)


def has_diacritics(text: str) -> bool:
    """Whether the writer used any Vietnamese mark at all."""
    return fold(text) != unicodedata.normalize("NFKC", text).lower()


def collapse(word: str) -> str:
    """``sinhhhh`` to ``sinh``: Vietnamese words never double a letter when folded."""
    return _REPEATED.sub(r"\1", word)


def without_telex(word: str) -> str:
    """The word meant when Telex keys stayed in the text: ``thuwongf`` to ``thuong``."""
    match = _INITIAL.match(word)
    cut = match.end() if match else 0
    rhyme = _TELEX_DOUBLES.sub(r"\1", _TELEX_KEYS.sub("", word[cut:]))
    return word[:cut].replace("dd", "d") + rhyme


def repaired(word: str, known: Container[str]) -> str | None:
    """A known word that ``word`` was meant to be, if keyboard leftovers explain it."""
    letters = re.sub(r"[0-9]", "", word)
    for candidate in (
        without_telex(word),
        collapse(word),
        collapse(without_telex(word)),
        without_telex(letters),
    ):
        is_word = len(candidate) > 1 or candidate in _WORDS_OF_ONE
        if is_word and candidate != word and candidate in known:
            return candidate
    return None


def split_glued(word: str, known: Container[str], longest: int = 7) -> list[str] | None:
    """Words run together (``khaisinh``), fewest pieces first; None if it cannot be."""
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - longest), end):
            head = best[start]
            piece = word[start:end]
            if head is None or piece not in known:
                continue
            if len(piece) < 2 and piece != "y":  # "y" as in "y tế"; others are chance
                continue
            current = best[end]
            if current is None or len(head) + 1 < len(current):
                best[end] = [*head, piece]
    return best[len(word)]
