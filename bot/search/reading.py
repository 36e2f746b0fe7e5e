"""Reading a question: from what was typed to weighted terms.

A question becomes words (folded, with their diacritics kept as evidence), each
corrected where the vocabulary says so: chat spelling, abbreviations, Telex leftovers,
glued words, one wrong letter. What is uncertain is kept beside what was typed, with a
smaller weight. Terms are runs of one to five neighbouring words.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from sys import intern

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from bot.search.fold import accented_words, repaired, split_glued
from bot.search.lexicon import Lexicon

LONGEST_TERM = 5  # words; the longest phrase of the lexicon
REPAIRED = 0.95  # keyboard leftovers leave little doubt
EXPANDED = 0.85  # an abbreviation that could mean several things
GUESSED = 0.7  # one letter off a known word, and not a word itself
SHORT, SHORT_SLIP = 5, 4  # letters: glued words, words with a slip
GUESSES = 40  # words equally close to what was typed, of which the usual one is taken
SUSPECTED = 0.5  # a known word, but another one is usual beside its neighbour

Typed = tuple[str, str]  # a word, folded and as marked


@dataclass(frozen=True, slots=True)
class Word:
    """One word as read."""

    plain: str
    accent: str | None  # None: the writer left diacritics out here
    weight: float
    place: int  # index of the typed word it comes from


@dataclass(slots=True)
class Term:
    """A run of words that may be looked up."""

    weight: float
    place: int
    accents: tuple[str | None, ...]
    guessed: bool = False  # not what was typed, nor a sure reading of it


@dataclass(slots=True)
class Reading:
    """A question, read."""

    words: list[Word]
    typed: Sequence[Typed] = ()
    terms: dict[str, Term] = field(default_factory=dict)
    accented: bool = False
    stopped: set[int] = field(default_factory=set)  # word positions of polite filler
    asking: set[int] = field(default_factory=set)  # of "how much", "how long", …


class Vocabulary:
    """Known words and known neighbours, for reading."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.known: set[str] = set()
        self.usual: set[str] = set()  # words of the detailed entries and the lexicon
        self._neighbours: set[tuple[str, str]] = set()
        self.follows: dict[str, tuple[str, ...]] = {}
        self.precedes: dict[str, tuple[str, ...]] = {}
        self.spelling = lexicon.spelling
        self.abbreviations = lexicon.abbreviations

    def learn(self, found: Sequence[str], *, usual: bool) -> None:
        """Add the words of a text; only usual ones teach which words are neighbours."""
        found = [intern(word) for word in found]  # each is in many sets
        self.known.update(found)
        if not usual:
            return
        self.usual.update(found)
        for first, second in itertools.pairwise(found):
            if first.isalpha() and second.isalpha():
                self._neighbours.add((first, second))

    def learn_said(self, found: Sequence[str]) -> None:
        """Add the words of an example; what its writer's keyboard left there is no word,
        but another that is known already."""
        right = [
            word if word in self.usual else repaired(word, self.usual) or word
            for word in found
        ]
        self.learn(right, usual=True)

    def beside(self, before: str, after: str) -> set[str]:
        """Words that usually stand between these."""
        return {*self.follows.get(before, ()), *self.precedes.get(after, ())}

    def are_neighbours(self, found: Sequence[str]) -> bool:
        """Whether each usually follows the one before it."""
        return all(b in self.follows.get(a, ()) for a, b in itertools.pairwise(found))

    def freeze(self) -> None:
        """Make what reading needs and building does not."""
        self.guessable = sorted(word for word in self.usual if len(word) > 2)
        follows: dict[str, list[str]] = {}
        precedes: dict[str, list[str]] = {}
        for first, second in sorted(self._neighbours):
            follows.setdefault(first, []).append(second)
            precedes.setdefault(second, []).append(first)
        # tuples are a quarter of the size of sets
        self.follows = {word: tuple(others) for word, others in follows.items()}
        self.precedes = {word: tuple(others) for word, others in precedes.items()}
        self._neighbours = set()


def read(text: str, vocabulary: Vocabulary) -> Reading:
    """The words of a question with every term it may contain."""
    return _read(accented_words(text), vocabulary)


def without_asking(reading: Reading, vocabulary: Vocabulary) -> Reading:
    """The question without the words that only ask for its price, its time, its place; as
    it is where nothing else would be left."""
    asking = {reading.words[position].place for position in reading.asking}
    asking -= {
        word.place
        for position, word in enumerate(reading.words)
        if position not in reading.asking
    }
    rest = [pair for place, pair in enumerate(reading.typed) if place not in asking]
    return _read(rest, vocabulary) if asking and rest else reading


def _read(typed: Sequence[Typed], vocabulary: Vocabulary) -> Reading:
    marked = sum(accent != plain for plain, accent in typed)
    # A writer who marks fewer than two words in five left the others unmarked too.
    trusted = marked >= 0.4 * len(typed)
    reading = Reading([], typed, accented=marked > 0)
    alternatives: list[tuple[int, list[Word]]] = []
    for place, (plain, accent) in enumerate(typed):
        evidence = accent if accent != plain or trusted else None
        before = reading.words[-1].plain if reading.words else ""
        after = typed[place + 1][0] if place + 1 < len(typed) else ""
        found, others = _read_word(plain, evidence, place, vocabulary, (before, after))
        alternatives += [(len(reading.words), other) for other in others]
        reading.words += found
    alternatives += _suspicions(reading.words, vocabulary)
    _add_terms(reading, reading.words, 0, len(reading.words), guessed=False)
    for position, other in alternatives:
        _add_alternative(reading, position, other)
    return reading


def _read_word(
    plain: str,
    accent: str | None,
    place: int,
    vocabulary: Vocabulary,
    neighbours: tuple[str, str],
) -> tuple[list[Word], list[list[Word]]]:
    """The likeliest words for one typed word, and other possibilities."""
    if (expansions := vocabulary.abbreviations.get(plain)) is not None and (
        accent is None or accent == plain
    ):
        weight = 1.0 if len(expansions) == 1 else EXPANDED
        first, *rest = (_from_text(text, weight, place) for text in expansions)
        return first, rest
    if (usual := vocabulary.spelling.get(plain)) is not None and (
        accent is None or accent == plain or plain not in vocabulary.usual
    ):
        return _from_text(usual, 1.0, place), []
    if plain in vocabulary.known or not plain.isalnum() or plain.isdigit():
        return [Word(plain, accent, 1.0, place)], []
    return _read_unknown(plain, accent, place, vocabulary, neighbours), []


def _read_unknown(
    plain: str,
    accent: str | None,
    place: int,
    vocabulary: Vocabulary,
    neighbours: tuple[str, str],
) -> list[Word]:
    """``neighbours``: the words before and after it, "" where there is none."""
    fixed = repaired(plain, vocabulary.known)
    if fixed is not None:
        return [Word(fixed, None, REPAIRED, place)]
    pieces = split_glued(plain, vocabulary.usual)
    if pieces and (len(plain) > SHORT or vocabulary.are_neighbours(pieces)):
        return [Word(piece, None, REPAIRED, place) for piece in pieces]
    if len(plain) >= SHORT_SLIP and not any(char.isdigit() for char in plain):
        # One slip for words up to six letters, two for longer (English, glued) ones.
        limit = 1 if len(plain) < 7 else 2
        close = extract(
            plain, vocabulary.guessable, scorer=OSA.distance,
            score_cutoff=limit, limit=GUESSES,
        )  # fmt: skip
        if close:
            # of equally close words the one that usually stands here
            beside = vocabulary.beside(*neighbours)
            meant = min(close, key=lambda one: (one[1], one[0] not in beside))
            return [Word(meant[0], None, GUESSED, place)]
    return [Word(plain, accent, 1.0, place)]


def _from_text(text: str, weight: float, place: int) -> list[Word]:
    return [Word(p, a, weight, place) for p, a in accented_words(text)]


def _suspicions(
    found: list[Word], vocabulary: Vocabulary
) -> list[tuple[int, list[Word]]]:
    """Words one letter off the usual neighbour of the word before or after them."""
    suspects = []
    for position, word in enumerate(found):
        if len(word.plain) < 3 or not word.plain.isalpha():
            continue
        before = found[position - 1].plain if position else ""
        after = found[position + 1].plain if position + 1 < len(found) else ""
        follows = vocabulary.follows.get(before, ())
        precedes = vocabulary.precedes.get(after, ())
        if word.plain in follows or word.plain in precedes:
            continue
        for other in dict.fromkeys((*follows, *precedes)):
            if OSA.distance(word.plain, other, score_cutoff=1) <= 1 and len(other) > 2:
                guess = Word(other, None, SUSPECTED, word.place)
                suspects.append((position, [guess]))
    return suspects


def _add_alternative(reading: Reading, position: int, other: list[Word]) -> None:
    """Terms of a window in which one word is read differently."""
    before = reading.words[max(0, position - LONGEST_TERM + 1) : position]
    end = position + 1
    place = other[0].place
    while end < len(reading.words) and reading.words[end].place == place:
        end += 1  # the first reading of this typed word took several words
    after = reading.words[end : end + LONGEST_TERM - 1]
    window = [*before, *other, *after]
    _add_terms(reading, window, len(before), len(before) + len(other), guessed=True)


def _add_terms(
    reading: Reading, window: list[Word], start: int, end: int, *, guessed: bool
) -> None:
    """Add each run of the window that touches ``[start, end)``."""
    for first in range(len(window)):
        for last in range(first + 1, min(first + LONGEST_TERM, len(window)) + 1):
            if last <= start or first >= end:
                continue
            run = window[first:last]
            weight = min(word.weight for word in run)
            text = " ".join(word.plain for word in run)
            known = reading.terms.get(text)
            if known is None or known.weight < weight:
                accents = tuple(word.accent for word in run)
                reading.terms[text] = Term(weight, run[0].place, accents, guessed)


def accents_of(text: str) -> tuple[str, ...]:
    """Accent keys of a lexicon phrase, to be compared with those of a term."""
    return tuple(accent for _, accent in accented_words(text))


def agreement(term: Term, accents: Iterable[str]) -> float:
    """1 where the writer's diacritics do not contradict; less for each that does.

    0.6 a word: people mistype marks, so a contradiction weighs, but does not decide.
    """
    factor = 1.0
    for written, expected in zip(term.accents, accents, strict=False):
        if written is not None and written != expected:
            factor *= 0.6
    return factor


def read_concept(meaning: str, source: Term) -> dict[str, Term]:
    """Terms of official words that stand in for what was said."""
    found = [
        Word(p, a, source.weight, source.place) for p, a in accented_words(meaning)
    ]
    reading = Reading(found)
    _add_terms(reading, found, 0, len(found), guessed=source.guessed)
    return reading.terms
