"""Everything that people say, split into words once: what the indexes are built from.

Needed while an index is built, and gone afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from bot.search.entries import Entry
from bot.search.examples import (
    Corpus,
    Example,
    Typed,
    grams_of,
    share_of,
    terms_of_words,
)
from bot.search.fold import accented_words
from bot.search.lexicon import Lexicon
from bot.search.senses import Senses, is_sense, sense_features, share_of_sense

VARIANTS = 4  # sentences made of one pattern


class Said:
    """The examples of all entries and, after them, of the themes that are not ours."""

    def __init__(self, entries: Sequence[Entry], lexicon: Lexicon) -> None:
        self.senses = Senses(lexicon.senses)
        examples, self._accounts = _examples(entries, lexicon)
        self.typed = [accented_words(example.text) for example in examples]
        self.corpus = Corpus(examples, map(self._features, self.typed))
        self.letters = Corpus(
            examples, (grams_of([word for word, _ in typed]) for typed in self.typed)
        )
        senses = [is_sense(term) for term in self.corpus.terms]
        self.is_sense = np.array(senses)
        self.shares = np.array(
            [
                share_of_sense(term) if sense else share_of(term, lexicon.stop_words)
                for term, sense in zip(self.corpus.terms, senses, strict=True)
            ]
        )

    def _features(self, typed: Typed) -> Iterator[str]:
        return itertools.chain(
            terms_of_words(typed), sense_features(self.senses.of_words(typed))
        )

    def texts_of(self, number: int) -> Iterator[list[str]]:
        """The words of the accounts given of an entry."""
        for place in self._accounts.get(number, ()):
            yield [word for word, _ in self.typed[place]]


def _examples(
    entries: Sequence[Entry], lexicon: Lexicon
) -> tuple[list[Example], dict[int, range]]:
    """The examples, and the places of those which are accounts, by entry."""
    found: list[Example] = []
    accounts: dict[int, range] = {}
    for number, entry in enumerate(entries):
        found.append(Example(number, entry.title))
        found += [Example(number, alias, 1.5) for alias in entry.aliases]
        texts = lexicon.utterances.get(entry.id, ())
        accounts[number] = range(len(found), len(found) + len(texts))
        found += [Example(number, text) for text in texts]
        for pattern in lexicon.situations.get(entry.id, ()):
            made = itertools.product(*pattern.parts)
            for alternatives in itertools.islice(made, VARIANTS):
                found.append(Example(number, " ".join(alternatives), 0.5))
    for number, texts in enumerate(lexicon.elsewhere.values(), start=len(entries)):
        found += [Example(number, text) for text in texts]
    return found, accounts
