"""Examples of what people say, and whose examples a question sounds like.

``likelihood`` asks how much likelier the question is in the mouth of somebody who means
this entry than of anybody: a unigram language model with Jelinek-Mercer smoothing, which
pools many weak hints. Terms are folded words, pairs of neighbours, and words as marked, so
that "bán" and "bản" differ where the writer showed which.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.search.postings import TermPostings
from bot.search.reading import Reading

SMOOTHING = 0.5  # share of the general language in every entry's own
WITHIN_WORDS, ACROSS_WORDS = (3, 4), 5  # letters
PAIR, MARKED, QUIET = 0.7, 0.5, 0.3  # weights beside a plain word's 1.0


Typed = Sequence[tuple[str, str]]  # words, folded and as marked


@dataclass(frozen=True, slots=True)
class Example:
    """One thing people say, and the number of what they mean by it."""

    meant: int
    text: str
    weight: float = 1.0


class Corpus:
    """All examples as numbers: which terms stand in which of them, one after the other."""

    def __init__(
        self, examples: Sequence[Example], features: Iterable[Iterable[str]]
    ) -> None:
        """``features``: the terms of each example."""
        places: dict[str, int] = {}
        place_of = places.setdefault
        found = [[place_of(term, len(places)) for term in each] for each in features]
        self.terms = list(places)
        self.lengths = np.array([len(each) for each in found], dtype=np.int32)
        self.places = np.fromiter(
            itertools.chain.from_iterable(found), np.int32, int(self.lengths.sum())
        )
        self.meant = np.array([one.meant for one in examples], dtype=np.int32)
        self.weights = np.array([one.weight for one in examples], dtype=np.float32)
        self.meanings = int(self.meant.max()) + 1

    def each(self, values: npt.NDArray[np.generic]) -> npt.NDArray[Any]:
        """A value of each example, repeated for each of its terms."""
        return np.repeat(values, self.lengths)


class ExampleIndex:
    """All examples, ready to be compared with questions."""

    def __init__(
        self,
        corpus: Corpus,
        is_sense: npt.NDArray[np.bool],
        stop_words: frozenset[str],
    ) -> None:
        """``is_sense``: which terms of the corpus no text can hold."""
        self._stop = stop_words
        self._likelihoods = _pooled(corpus, ~is_sense[corpus.places])

    def question(self, reading: Reading) -> dict[str, float]:
        """The terms of a question that examples can share, with their weights."""
        weights: dict[str, float] = {}
        for text, term in reading.terms.items():
            if text.count(" ") > 1:
                continue
            weights[text] = term.weight * share_of(text, self._stop)
            accent = term.accents[0] if len(term.accents) == 1 else None
            if accent is not None and accent != text:
                weights[f"={accent}"] = term.weight * MARKED
        return weights

    def likelihood(self, question: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """Log ratio of each meaning's language to everybody's; 0 where nothing is shared."""
        return self._likelihoods.scores(question)


def share_of(term: str, stop_words: frozenset[str]) -> float:
    """How much a term counts beside a plain word."""
    if term.startswith("="):
        return MARKED
    if " " not in term:
        return QUIET if term in stop_words else 1.0
    first, _, second = term.partition(" ")
    both_quiet = first in stop_words and second in stop_words
    return PAIR * (QUIET if both_quiet else 1.0)


def terms_of_words(typed: Typed) -> dict[str, None]:
    """Words, neighbours and marks of an example, each once, in order."""
    plain = [word for word, _ in typed]
    found = dict.fromkeys(plain)
    found.update(dict.fromkeys([f"{a} {b}" for a, b in itertools.pairwise(plain)]))
    marked = [f"={accent}" for word, accent in typed if accent != word]
    found.update(dict.fromkeys(marked))
    return found


def grams_of(found: Sequence[str]) -> dict[str, float]:
    """Letters that stand side by side, within words and across them, each once: what a slip
    of the finger, an ending or a neighbour leaves alike."""
    grams = [gram for word in found for gram in _grams_within(word)]
    line = "_".join(found)
    grams += [
        f"~{line[start : start + ACROSS_WORDS]}"
        for start in range(len(line) - ACROSS_WORDS + 1)
    ]
    return dict.fromkeys(grams, 1.0)


@lru_cache(maxsize=16_384)  # more than Vietnamese has syllables
def _grams_within(word: str) -> tuple[str, ...]:
    bounded = f"^{word}$"
    return tuple(
        f"#{bounded[start : start + size]}"
        for size in WITHIN_WORDS
        for start in range(len(bounded) - size + 1)
    )


def _pooled(corpus: Corpus, is_said: npt.NDArray[np.bool]) -> TermPostings:
    """Term, meaning, and how much likelier it is there than in everybody's mouth."""
    weights = corpus.each(corpus.weights)[is_said]
    meant = corpus.each(corpus.meant)[is_said].astype(np.int64)
    terms = corpus.places[is_said].astype(np.int64)
    pairs, where = np.unique(terms * corpus.meanings + meant, return_inverse=True)
    places, numbers = pairs // corpus.meanings, pairs % corpus.meanings
    counts = np.bincount(where, weights)
    everybody = np.bincount(terms, weights)
    lengths = np.bincount(meant, weights)
    expected = lengths[numbers] * everybody[places] / everybody.sum()
    gains = np.log1p((1 - SMOOTHING) / SMOOTHING * counts / expected)
    return TermPostings(corpus.terms, places, numbers, gains, corpus.meanings)
