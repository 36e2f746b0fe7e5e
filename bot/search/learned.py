"""What the examples teach together: how likely each meaning is for a question.

Multinomial logistic regression over the words, neighbours, marks and senses of the
examples: where a language model adds up hints one by one, this one has learnt which hints
decide between near twins. Trained when the index is built, always with
the same outcome; afterwards only the weights that matter are kept.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bot.search.examples import Corpus
from bot.search.postings import Floats, Integers, Postings, Terms

ROUNDS = 2  # over all examples; more learns them by heart
STEP = 1.0  # of the first round, then a half, a third, …
STEEPNESS = 6.0  # of a sentence's whole weight: how sure one sentence may make us
SEEN_TWICE = 2  # a rarer pair tells nothing of the next sentence
LEARNT = 0.98  # an example this sure of its meaning teaches nothing more
SLIGHT = 0.005  # a meaning less likely than this is left alone
NEGLIGIBLE = 0.02  # weights below are noise of the training
UNLIKELY = -12.0  # the log of a probability nobody needs to tell from zero
TINY = 1e-9  # no example is divided by nothing
SEED = 20261125

Vectors = Sequence[tuple[Integers, Floats]]


class Learned:
    """Log-probabilities of meanings; immutable, safe to share between threads."""

    def __init__(self, corpus: Corpus, shares: Floats | None = None) -> None:
        """``shares``: how much each term of the corpus counts beside a plain word."""
        rarities = _rarities(corpus)
        is_kept = rarities > 0
        self._terms = Terms([corpus.terms[n] for n in np.flatnonzero(is_kept)])
        self._rarities = rarities[is_kept]
        self._is_meant = np.bincount(corpus.meant, minlength=corpus.meanings) > 0
        weights = _trained(
            _vectors(
                corpus, rarities if shares is None else shares * rarities, is_kept
            ),
            corpus.meant.tolist(),
            (len(self._terms), corpus.meanings),
        )
        # Beside its mean, which changes no order, a term keeps what tells meanings apart.
        weights -= weights.mean(axis=1, keepdims=True)
        self._weights = Postings.of_matrix(weights, NEGLIGIBLE)

    def log_probabilities(
        self, question: Mapping[str, float]
    ) -> npt.NDArray[np.float64] | None:
        """Of every meaning, never below ``UNLIKELY``; None when nothing is known."""
        known, places = self._terms.find(question)
        factors = np.fromiter(question.values(), np.float64, len(question))[known]
        factors *= self._rarities[places]
        length = np.linalg.norm(factors)
        if not length:
            return None
        scores = self._weights.scores(places, STEEPNESS / length * factors)
        scores[~self._is_meant] = -np.inf
        scores -= scores.max()
        scores -= np.log(np.exp(scores).sum())
        return np.maximum(UNLIKELY, scores)


def _rarities(corpus: Corpus) -> npt.NDArray[np.float32]:
    """ln(1 + examples / examples with it); 0 for a pair that hardly occurs again."""
    counts = np.bincount(corpus.places, minlength=len(corpus.terms))
    rarities = np.log1p(len(corpus.meant) / counts).astype(np.float32)
    is_rare = counts < SEEN_TWICE
    rarities[
        [rare and is_pair(t) for rare, t in zip(is_rare, corpus.terms, strict=True)]
    ] = 0
    return rarities


def _vectors(corpus: Corpus, values: Floats, is_kept: npt.NDArray[np.bool]) -> Vectors:
    """Each example over the terms that are kept, numbered anew, all of the same length."""
    renumbered = np.cumsum(is_kept, dtype=np.int32) - 1
    ends = np.cumsum(corpus.lengths)
    vectors = []
    for numbers in np.split(corpus.places, ends[:-1]):
        known = numbers[is_kept[numbers]]
        weights = values[known].astype(np.float32)
        weights *= STEEPNESS / max(float(np.linalg.norm(weights)), TINY)
        vectors.append((renumbered[known], weights))
    return vectors


def is_pair(term: str) -> bool:
    return " " in term or "&" in term


def _trained(
    vectors: Vectors, labels: Sequence[int], shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Plain stochastic gradient descent, one example at a time."""
    weights = np.zeros(shape, dtype=np.float32)
    flat = weights.reshape(-1)  # the same numbers
    longest = max(len(terms) for terms, _ in vectors)
    room = np.empty((longest, shape[1]), dtype=np.float32)  # used again and again
    order = list(range(len(vectors)))
    shuffle = random.Random(SEED).shuffle
    for turn in range(ROUNDS):
        shuffle(order)
        step = STEP / (1 + turn) / STEEPNESS
        for number in order:
            terms, values = vectors[number]
            wrong = values.dot(weights.take(terms, 0, room[: len(terms)], "clip"))
            np.exp(wrong - wrong.max(), out=wrong)
            wrong /= wrong.sum()
            if wrong[labels[number]] > LEARNT:
                continue
            wrong[labels[number]] -= 1.0
            told = np.flatnonzero(np.abs(wrong) > SLIGHT)
            places = np.add.outer(terms * shape[1], told)
            flat[places] -= np.multiply.outer(step * values, wrong[told])
    return weights
