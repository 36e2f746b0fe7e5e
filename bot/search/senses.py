"""Senses: words that speak of the same thing, whatever they are.

``[senses]`` and ``[groups]`` of the lexicon name what people call death, the countries
abroad, papers gone. A question that uses a word no example has still shares its sense
with examples, and two senses together often say everything ("abroad" and "death").
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.search.fold import accented_words
from bot.search.reading import LONGEST_TERM, Reading, accents_of, agreement

SENSE, TOGETHER = 1.5, 0.3  # weights beside a plain word's 1.0

Member = tuple[str, tuple[str, ...]]  # name of the sense, accents of the words


class Senses:
    """Which senses occur in a text or in a question."""

    def __init__(self, named: Mapping[str, Iterable[str]]) -> None:
        self._members: dict[str, list[Member]] = {}
        self._firsts: set[str] = set()  # most words begin no member: a quick no
        for name, texts in named.items():
            for text in texts:
                found = [word for word, _ in accented_words(text)]
                self._firsts.update(found[:1])
                key = " ".join(found)
                self._members.setdefault(key, []).append((name, accents_of(text)))

    def of_words(self, typed: Sequence[tuple[str, str]]) -> dict[str, float]:
        """Of words that are marked as they should be; other marks are other words."""
        plain = [word for word, _ in typed]
        marked = tuple(accent for _, accent in typed)
        return {
            name: 1.0
            for first, last in self._runs(plain)
            for name, accents in self._members.get(" ".join(plain[first:last]), ())
            if accents == marked[first:last]
        }

    def of_question(self, reading: Reading) -> dict[str, float]:
        """Of a question as read, each with the weight of its surest word."""
        found: dict[str, float] = {}
        for text, term in reading.terms.items():
            for name, accents in self._members.get(text, ()):
                if agreement(term, accents) == 1.0:
                    found[name] = max(found.get(name, 0.0), term.weight)
        return found

    def _runs(self, plain: Sequence[str]) -> Iterator[tuple[int, int]]:
        length = len(plain)
        for first in range(length):
            if plain[first] in self._firsts:
                for last in range(first + 1, min(first + LONGEST_TERM, length) + 1):
                    yield first, last


def sense_features(senses: Mapping[str, float]) -> dict[str, float]:
    """Each sense, and each two together, as terms that no text can hold."""
    found = {f"{{{name}}}": SENSE * weight for name, weight in senses.items()}
    for one, other in itertools.combinations(sorted(senses), 2):
        found[f"{one}&{other}"] = TOGETHER * min(senses[one], senses[other])
    return found


def is_sense(term: str) -> bool:
    """Whether a term is one of ``sense_features``."""
    return term.startswith("{") or "&" in term


def share_of_sense(term: str) -> float:
    """How much a sense that surely occurs counts beside a plain word."""
    return TOGETHER if "&" in term else SENSE
