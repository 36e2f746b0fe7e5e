"""The two indexes under the search: words of entries, and phrases that mean them.

``rare_terms`` answer "which entries contain these terms" by adding up the weights of the
terms: rarity times that of the best field they stand in.
``PhraseIndex`` holds what people say: aliases, titles and the lexicon's patterns, and
answers which of them a question fulfils, and how fully.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.search.fold import words
from bot.search.lexicon import Pattern
from bot.search.postings import TermPostings
from bot.search.reading import Term, accents_of, agreement

PAIR_SHARE = 0.8  # a pair of neighbours says less than its two words again
LIGHTEST, HEAVIEST = 0.8, 5.0  # bounds of one part's weight, in units of rarity
LOOSE = 0.55  # an alias whose words all occur, but nowhere side by side


def terms_of(found: Sequence[str]) -> dict[str, None]:
    """Words and pairs of neighbours, each once, in order."""
    pairs = [f"{a} {b}" for a, b in itertools.pairwise(found)]
    return dict.fromkeys([*found, *pairs])


class Rarity:
    """How much a word tells: ln(1 + entries / entries with it)."""

    def __init__(self, documents: Iterable[Iterable[str]]) -> None:
        counts: dict[str, int] = {}
        total = 0
        for document in documents:
            total += 1
            for term in document:
                counts[term] = counts.get(term, 0) + 1
        self._values = {
            term: math.log(1 + total / count) for term, count in counts.items()
        }
        self.highest = math.log(1 + total) if total else 0.0

    def of(self, term: str) -> float:
        """Rarity of a word or pair; unknown ones are as rare as it gets."""
        return self._values.get(term, self.highest)

    def knows(self, term: str) -> bool:
        return term in self._values

    def of_words(self) -> Rarity:
        """The same for words alone: pairs are asked for only while indexes are built."""
        words_only = Rarity(())
        words_only.highest = self.highest
        words_only._values = {
            term: value for term, value in self._values.items() if " " not in term
        }
        return words_only


def rare_terms(
    documents: Sequence[Mapping[str, float]], rarity: Rarity
) -> TermPostings:
    """Postings whose weights are the rarity of a term times that of its field."""
    places: dict[str, int] = {}
    found = [
        (places.setdefault(term, len(places)), number, weight)
        for number, document in enumerate(documents)
        for term, weight in document.items()
    ]
    rarities = np.array(
        [rarity.of(t) * (PAIR_SHARE if " " in t else 1.0) for t in places]
    )
    at, numbers, weights = (np.array(column) for column in zip(*found, strict=True))
    return TermPostings(
        list(places), at, numbers, weights * rarities[at], len(documents)
    )


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something people say that means an entry."""

    entry: int
    text: str
    weights: tuple[float, ...]  # of each part
    excluded: tuple[str, ...]
    pairs: tuple[str, ...]  # neighbours of an alias; empty for a pattern
    whole: float  # sum of the weights
    strength: float = 1.0  # a title says less about people's words than an alias


@dataclass(frozen=True, slots=True)
class Match:
    """How a question fulfils the best phrase of an entry."""

    score: float
    text: str
    coverage: float
    places: frozenset[int]  # words of the question that were used


class PhraseIndex:
    """From word runs to the phrases they are part of."""

    def __init__(self, rarity: Rarity, stop_words: frozenset[str]) -> None:
        self._rarity = rarity
        self._stop = stop_words
        self._phrases: list[Phrase] = []
        self._parts: dict[str, list[tuple[int, int, float, tuple[str, ...]]]] = {}

    def add_alias(self, entry: int, text: str, strength: float = 1.0) -> None:
        """An alias or a title: its words in any order, better side by side."""
        found = words(text)
        content = [word for word in found if word not in self._stop] or found
        keys = dict(zip(found, accents_of(text), strict=False))
        pairs = dict.fromkeys(f"{a} {b}" for a, b in itertools.pairwise(found))
        unique = list(dict.fromkeys(content))
        weights = tuple(self._bounded(self._rarity.of(word)) for word in unique)
        number = len(self._phrases)
        self._phrases.append(
            Phrase(entry, text, weights, (), (*pairs,), sum(weights), strength)
        )
        for part, word in enumerate(unique):
            self._register(word, number, part, weights[part], (keys.get(word, word),))

    def add_pattern(self, entry: int, pattern: Pattern) -> None:
        """A pattern of the lexicon: one alternative of every part."""
        number = len(self._phrases)
        weights = []
        for part, alternatives in enumerate(pattern.parts):
            each = [self._weight_of(words(text)) for text in alternatives]
            weights.append(sum(each) / len(each))
            for text, weight in zip(alternatives, each, strict=True):
                key = " ".join(words(text))
                self._register(key, number, part, weight, accents_of(text))
        excluded = tuple(" ".join(words(text)) for text in pattern.excluded)
        self._phrases.append(
            Phrase(entry, pattern.text, tuple(weights), excluded, (), sum(weights))
        )

    def _register(
        self, key: str, number: int, part: int, weight: float, keys: tuple[str, ...]
    ) -> None:
        self._parts.setdefault(key, []).append((number, part, weight, keys))

    def _bounded(self, weight: float) -> float:
        return min(HEAVIEST, max(LIGHTEST, weight))

    def _weight_of(self, found: Sequence[str]) -> float:
        # Words of one expression lean on each other: the second tells half as much.
        rarities = sorted((self._rarity.of(word) for word in found), reverse=True)
        return self._bounded(sum(r / 2**i for i, r in enumerate(rarities)))

    def matches(self, terms: Mapping[str, Term]) -> dict[int, list[Match]]:
        """For each entry the phrases that the question fulfils in part, best first."""
        met: dict[int, dict[int, tuple[float, int]]] = {}
        for text, term in terms.items():
            for number, part, weight, keys in self._parts.get(text, ()):
                value = weight * term.weight
                if any(term.accents):
                    value *= agreement(term, keys)
                parts = met.setdefault(number, {})
                if part not in parts or parts[part][0] < value:
                    parts[part] = (value, term.place)
        found: dict[int, list[Match]] = {}
        for number, parts in met.items():
            phrase = self._phrases[number]
            match = self._judge(phrase, parts, terms)
            if match is not None:
                found.setdefault(phrase.entry, []).append(match)
        for group in found.values():
            group.sort(key=lambda match: -match.score)
        return found

    def _judge(
        self,
        phrase: Phrase,
        parts: Mapping[int, tuple[float, int]],
        terms: Mapping[str, Term],
    ) -> Match | None:
        covered = 0.0  # plain loops here: this runs hundreds of times a question
        for part in parts:
            covered += phrase.weights[part]
        if covered < 0.5 * phrase.whole:  # half of it missing: another matter
            return None
        coverage = min(1.0, covered / phrase.whole)
        met = sum(value for value, _ in parts.values())
        if any(w in terms and not terms[w].guessed for w in phrase.excluded):
            return None
        score = met * coverage**2 * phrase.strength
        if phrase.pairs:
            together = sum(pair in terms for pair in phrase.pairs) / len(phrase.pairs)
            score *= LOOSE + (1 - LOOSE) * together
        elif len(parts) < len(phrase.weights):
            score *= 0.6  # a pattern wants all its parts
        places = frozenset(place for _, place in parts.values())
        return Match(score, phrase.text, coverage, places)
