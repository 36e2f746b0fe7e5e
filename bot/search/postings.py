"""Terms and what they weigh, in flat arrays: small in memory, quick to add up, and ready
to be stored in a file that every process maps.

A term is known again by a digest of eight bytes; the words themselves are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.integer]

DIGEST_BYTES = (
    8  # of a hundred thousand terms, two alike: once in four billion catalogues
)


def _digests(terms: Iterable[str]) -> npt.NDArray[np.uint64]:
    joined = b"".join(
        blake2b(term.encode(), digest_size=DIGEST_BYTES).digest() for term in terms
    )
    return np.frombuffer(joined, dtype=np.uint64)


class Terms:
    """Which place a term has among all known ones."""

    def __init__(self, terms: Sequence[str]) -> None:
        digests = _digests(terms)
        order = np.argsort(digests, kind="stable")
        self._digests = digests[order]
        self._places = order.astype(np.uint32)

    def __len__(self) -> int:
        return len(self._digests)

    def find(self, terms: Iterable[str]) -> tuple[Integers, Integers]:
        """Positions of the known ones among those asked for, and their places."""
        asked = _digests(terms)
        if not len(asked) or not len(self):
            nothing = np.zeros(0, dtype=np.intp)
            return nothing, nothing
        near = np.searchsorted(self._digests, asked)
        near[near == len(self)] = 0
        known = np.flatnonzero(self._digests[near] == asked)
        return known, self._places[near[known]]


class Postings:
    """Place to (number, weight) pairs, all in three flat arrays."""

    def __init__(
        self,
        places: Integers,
        numbers: Integers,
        weights: Floats,
        shape: tuple[int, int],
    ) -> None:
        """Parallel arrays; ``shape``: how many places and how many numbers there are."""
        count, self._size = shape
        order = np.argsort(places, kind="stable")
        counts = np.bincount(places, minlength=count)
        self._starts = np.concatenate(([0], np.cumsum(counts))).astype(np.uint32)
        narrow = np.uint16 if self._size <= 1 << 16 else np.uint32
        self._numbers = numbers[order].astype(narrow)
        self._weights = weights[order].astype(np.float16)  # no ranking needs more

    @classmethod
    def of_matrix(cls, weights: npt.NDArray[np.float32], negligible: float) -> Postings:
        """A row for each place, a column for each number; what is negligible is left out."""
        rows, columns = np.nonzero(np.abs(weights) > negligible)
        return cls(rows, columns, weights[rows, columns], weights.shape)

    def counts(self, places: Integers) -> Integers:
        """In how many numbered things each of these stands."""
        return self._starts[places + 1].astype(np.intp) - self._starts[places]

    def scores(self, places: Integers, factors: Floats) -> npt.NDArray[np.float64]:
        """Sum of the weights at these places, each times its factor, by number."""
        counts = self.counts(places)
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        starts = self._starts[places].astype(np.intp)
        pairs = np.repeat(starts - (ends - counts), counts) + np.arange(total)
        weights = self._weights[pairs] * np.repeat(factors, counts)
        return np.bincount(self._numbers[pairs], weights, self._size).astype(np.float64)


class TermPostings:
    """Postings whose places are those of terms."""

    def __init__(
        self,
        terms: Sequence[str],
        places: Integers,
        numbers: Integers,
        weights: Floats,
        size: int,
    ) -> None:
        self._terms = Terms(terms)
        self._postings = Postings(places, numbers, weights, (len(terms), size))

    def counts(self, terms: Sequence[str]) -> list[int]:
        """In how many numbered things each term stands."""
        counts = np.zeros(len(terms), dtype=np.intp)
        known, places = self._terms.find(terms)
        counts[known] = self._postings.counts(places)
        return counts.tolist()

    def scores(self, terms: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """Sum of the weights of the terms, by number; 0 where none stands."""
        known, places = self._terms.find(terms)
        factors = np.fromiter(terms.values(), np.float64, len(terms))
        return self._postings.scores(places, factors[known])
