"""Examples of what people say, and which entry's examples a question resembles most.

Two views of the same sentences, both sums over the terms that question and examples
share: ``likelihood`` asks how much likelier the question is in the mouth of somebody who
means this entry than of anybody (a unigram language model with Jelinek-Mercer
smoothing); ``nearest`` how closely the single most similar example matches (cosine of
rarity weights). The first pools many weak hints, the second knows a sentence again.
Terms are folded words, pairs of neighbours, and words as marked, so that "bán" and "bản"
differ where the writer showed which.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.search.fold import accented_words
from bot.search.index import Postings
from bot.search.reading import Reading

SMOOTHING = 0.5  # share of the general language in every entry's own
PAIR, MARKED, QUIET = 0.7, 0.5, 0.3  # weights beside a plain word's 1.0
COMMON = 0.1  # a term in more of the examples makes nothing similar
UNKNOWN = 6.0  # rarity of a word that no example has


@dataclass(frozen=True, slots=True)
class Example:
    """One thing people say, and the number of what they mean by it."""

    meant: int
    text: str
    weight: float = 1.0


class ExampleIndex:
    """All examples, ready to be compared with questions."""

    def __init__(
        self, examples: Iterable[Example], stop_words: frozenset[str] = frozenset()
    ) -> None:
        self._stop = stop_words
        self._examples = list(examples)
        features = [_features(example.text) for example in self._examples]
        self._likelihoods = self._pooled(features)
        self._rarity = _rarities(features)
        self._single = self._each(features)

    def question(self, reading: Reading) -> dict[str, float]:
        """The terms of a question that examples can share, with their weights."""
        weights: dict[str, float] = {}
        for text, term in reading.terms.items():
            if text.count(" ") > 1:
                continue
            weights[text] = term.weight * self._share(text)
            accent = term.accents[0] if len(term.accents) == 1 else None
            if accent is not None and accent != text:
                weights[_marked(accent)] = term.weight * MARKED
        return weights

    def likelihood(self, question: Mapping[str, float]) -> dict[int, float]:
        """Log ratio of each meaning's language to everybody's; nothing shared, absent."""
        return self._likelihoods.scores(question)

    def nearest(self, question: Mapping[str, float]) -> dict[int, float]:
        """Cosine (0..1) with the most similar example of each meaning."""
        squares = sum(
            (weight * self._rarity.get(term, UNKNOWN)) ** 2
            for term, weight in question.items()
            if term in self._rarity or _is_plain_word(term)
        )
        length = math.sqrt(squares) or 1.0
        best: dict[int, float] = {}
        for number, score in self._single.scores(question).items():
            meant = self._examples[number].meant
            if score > best.get(meant, 0.0):
                best[meant] = score
        return {meant: score / length for meant, score in best.items()}

    def _pooled(self, features: Iterable[Counter[str]]) -> Postings:
        counts: dict[int, Counter[str]] = {}
        everybody: Counter[str] = Counter()
        for example, found in zip(self._examples, features, strict=True):
            own = counts.setdefault(example.meant, Counter())
            for term in found:
                own[term] += example.weight  # type: ignore[assignment]
                everybody[term] += example.weight  # type: ignore[assignment]
        total = sum(everybody.values())
        ratio = (1 - SMOOTHING) / SMOOTHING
        postings = Postings()
        for meant, own in counts.items():
            length = sum(own.values())
            for term, count in own.items():
                expected = length * everybody[term] / total
                postings.add(term, meant, math.log(1 + ratio * count / expected))
        return postings

    def _each(self, features: Iterable[Counter[str]]) -> Postings:
        postings = Postings()
        most = COMMON * len(self._examples)
        for number, found in enumerate(features):
            weights = {term: self._rarity[term] * self._share(term) for term in found}
            length = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
            for term, weight in weights.items():
                postings.add(term, number, weight * self._rarity[term] / length)
        for term in [t for t in self._rarity if postings.count(t) > most]:
            postings.drop(term)
        return postings

    def _share(self, term: str) -> float:
        """How much a term counts beside a plain word."""
        if not _is_plain_word(term):
            if " " not in term:
                return MARKED
            first, _, second = term.partition(" ")
            both_quiet = first in self._stop and second in self._stop
            return PAIR * (QUIET if both_quiet else 1.0)
        return QUIET if term in self._stop else 1.0


def _features(text: str) -> Counter[str]:
    found = accented_words(text)
    plain = [word for word, _ in found]
    features = Counter(plain)
    features.update(f"{a} {b}" for a, b in itertools.pairwise(plain))
    features.update(_marked(accent) for word, accent in found if accent != word)
    return features


def _rarities(features: Iterable[Iterable[str]]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    total = 0
    for found in features:
        total += 1
        counts.update(found)
    return {term: math.log(1 + total / count) for term, count in counts.items()}


def _marked(accent: str) -> str:
    return f"={accent}"


def _is_plain_word(term: str) -> bool:
    return " " not in term and not term.startswith("=")
