"""Scoring: detailed entries by words and phrases, the national index by name.

The weights are few and round; they were set on the tune part of the gold set and sit on
flat optima (halving or doubling one moves the first-hit rate by less than a point).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.fuzz import ratio

from bot.search.entries import Entry, Kind
from bot.search.examples import ExampleIndex, grams_of
from bot.search.fold import has_diacritics, words
from bot.search.index import Match, PhraseIndex, Rarity, rare_terms, terms_of
from bot.search.learned import UNLIKELY, Learned
from bot.search.lexicon import Lexicon
from bot.search.postings import Integers
from bot.search.reading import Reading, Term
from bot.search.said import Said
from bot.search.senses import sense_features

ALIAS, TITLE, SAID, ACCOUNT, CONTEXT = 1.0, 0.9, 1.0, 0.9, 0.2  # weights of fields
TITLE_PHRASE = 0.85  # official words are rarely the people's words
LONG_TITLE = 14  # words; a longer title is no phrase anybody types
WORDS, PHRASE, ALSO = 2.5, 0.5, 0.1  # weights of the parts of the score
# Of what people say: of a step in the logarithm of the language model, and of what the
# examples teach together, by their words and by their letters. (Of 1,808 sentences held
# back from the examples 84.3 % come first by both, 82.9 % by words alone.)
LIKELY, LEARNED, SPELT = 0.5, 1.1, 1.9
UNIT_SHARE = 0.6  # a unit named in passing is not what is asked for
RAREST_TERMS = 12  # look-ups in the national index per question
KEPT = 40  # hits of a ranking; more nobody is shown
TINY = 1e-9  # nothing is divided by nothing


@dataclass(frozen=True, slots=True)
class Scored:
    """An entry with its score and the parts of it."""

    entry: int
    score: float
    words: float  # share of the question's words that the entry explains
    match: Match | None
    chance: float  # 0..1 by what the examples teach, by words or by letters


@dataclass(frozen=True, slots=True)
class Ranking:
    """What fits a question, and whether it sounds like ours at all."""

    found: list[
        Scored
    ]  # best first; of what follows the best few only the score is kept
    scores: npt.NDArray[np.float64]  # of every entry; 0 for one that shares nothing
    ours: float  # likelihood of the question in the mouth of who means the best entry
    foreign: float  # the same of the best matter that is none of ours
    theme: str  # that matter
    strangeness: (
        float  # 0..1: how much likelier it is none of ours than the likeliest of ours
    )


class DetailedIndex:
    """Everything we know more of than the name."""

    def __init__(self, entries: Sequence[Entry], said: Said, lexicon: Lexicon) -> None:
        self.entries = [entry.brief() for entry in entries]
        documents = [
            _fields(entry, lexicon, said.texts_of(number))
            for number, entry in enumerate(entries)
        ]
        rarity = Rarity(documents)
        self._words = rare_terms(documents, rarity)
        self.rarity = rarity.of_words()
        self._phrases = PhraseIndex(self.rarity, lexicon.stop_words)
        for number, entry in enumerate(entries):
            self._add_phrases(number, entry, lexicon)
        boosts = [_boost(entry, lexicon) for entry in entries]
        self._boosts = np.array(boosts, dtype=np.float64)
        self._themes = tuple(lexicon.elsewhere)
        self._senses = said.senses
        self._examples = ExampleIndex(said.corpus, said.is_sense, lexicon.stop_words)
        self._learned = Learned(said.corpus, said.shares)
        self._spelt = Learned(said.letters)

    def _add_phrases(self, number: int, entry: Entry, lexicon: Lexicon) -> None:
        for alias in entry.aliases:
            self._phrases.add_alias(number, alias)
        if len(words(entry.title)) <= LONG_TITLE:
            self._phrases.add_alias(number, entry.title, TITLE_PHRASE)
        for pattern in lexicon.situations.get(entry.id, ()):
            self._phrases.add_pattern(number, pattern)

    def ranked(
        self, reading: Reading, concepts: Mapping[str, Term], whole: Reading
    ) -> Ranking:
        """The entries that share anything with the question, best first. ``whole``: with
        the words that ask, which general questions are made of."""
        own = self._query_weights(reading)
        factors = dict(own)
        for text, term in concepts.items():
            factors.setdefault(text, 0.6 * term.weight)
        shares = self._words.scores(factors) / self._possible(own)
        matches = self._phrases.matches({**concepts, **reading.terms})
        if whole is not reading:
            matches |= {
                number: found
                for number, found in self._phrases.matches(whole.terms).items()
                if self.entries[number].kind is Kind.INFO
            }
        question = self._examples.question(reading)
        likely = self._examples.likelihood(question)
        senses = sense_features(self._senses.of_question(reading))
        learned = self._learned.log_probabilities(question | senses)
        if learned is None:
            learned = np.full(len(likely), UNLIKELY)
        spelt = self._spelt.log_probabilities(
            grams_of([w.plain for w in reading.words])
        )
        if spelt is None:
            spelt = np.full(len(likely), UNLIKELY)
        scores = self._scores(shares, matches, likely, learned, spelt)
        best = np.argsort(-scores, kind="stable")[:KEPT]
        found = [
            Scored(
                number,
                float(scores[number]),
                float(shares[number]),
                matches[number][0] if number in matches else None,
                math.exp(max(learned[number], spelt[number])),
            )
            for number in best.tolist()
            if scores[number] > 0
        ]
        return self._ranking(found, scores, likely, learned)

    def _scores(
        self,
        shares: npt.NDArray[np.float64],
        matches: Mapping[int, Sequence[Match]],
        likely: npt.NDArray[np.float64],
        learned: npt.NDArray[np.float64],
        spelt: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:
        """Of every entry: its words, how much the question sounds like its examples, and
        its two best phrases."""
        count = len(self.entries)
        scores = WORDS * shares + LIKELY * likely[:count]
        scores += LEARNED * (learned[:count] - UNLIKELY)
        scores += SPELT * (spelt[:count] - UNLIKELY)
        for number, found in matches.items():
            scores[number] += PHRASE * found[0].score
            scores[number] += ALSO * (found[1].score if len(found) > 1 else 0.0)
        scores *= self._boosts
        return scores

    def _ranking(
        self,
        found: list[Scored],
        scores: npt.NDArray[np.float64],
        likely: npt.NDArray[np.float64],
        learned: npt.NDArray[np.float64],
    ) -> Ranking:
        count = len(self.entries)
        ours = float(likely[:count].max(initial=0.0))
        foreign = float(likely[count:].max(initial=0.0))
        theme = self._themes[int(likely[count:].argmax())] if foreign else ""
        chances = np.exp(learned)
        alien, own = chances[count:].sum(), chances[:count].max(initial=0.0)
        strangeness = float(alien / (alien + own))
        return Ranking(found, scores, ours, foreign, theme, strangeness)

    def _query_weights(self, reading: Reading) -> dict[str, float]:
        """Weights of the words and pairs of the question; polite filler weighs 0."""
        quiet = {reading.words[i].plain for i in reading.stopped}
        loud = {
            w.plain for i, w in enumerate(reading.words) if i not in reading.stopped
        }
        quiet -= loud
        weights = {}
        for text, term in reading.terms.items():
            pieces = text.split(" ")
            if len(pieces) > 2 or all(piece in quiet for piece in pieces):
                continue
            weights[text] = term.weight
        return weights

    def _possible(self, weights: Mapping[str, float]) -> float:
        total = sum(self.rarity.of(t) * w for t, w in weights.items() if " " not in t)
        return max(total, 4.0)  # a question of one common word proves little

    def explained(self, reading: Reading, found: Sequence[Scored]) -> float:
        """Share of the question's content that the catalogue's words cover."""
        total = known = 0.0
        for position, word in enumerate(reading.words):
            if position in reading.stopped or word.plain.isdigit():
                continue
            weight = self.rarity.of(word.plain)
            total += weight
            if self.rarity.knows(word.plain):
                known += weight * word.weight
        return known / total if total else 0.0


def _boost(entry: Entry, lexicon: Lexicon) -> float:
    """By how much more, or less, people mean this than others."""
    unit = UNIT_SHARE if entry.kind is Kind.UNIT else 1.0
    return unit * (1 + 0.1 * lexicon.common.get(entry.id, 0.0))


def _fields(
    entry: Entry, lexicon: Lexicon, accounts: Iterable[Sequence[str]]
) -> dict[str, float]:
    """Term to the weight of the best field it stands in; ``accounts``: the words of what
    people say who mean the entry."""
    patterns = lexicon.situations.get(entry.id, ())
    said = [text for p in patterns for part in p.parts for text in part]
    official = words(entry.title)
    # Very long official titles name every exception; each word tells less.
    title = TITLE * min(1.0, (25 / max(1, len(official))) ** 0.5)
    layers: list[tuple[Sequence[str], float]] = [
        (words(entry.context), CONTEXT),
        (official, title),
    ]
    layers += [(words(text), SAID) for text in said]
    layers += [(account, ACCOUNT) for account in accounts]
    layers += [(words(alias), ALIAS) for alias in entry.aliases]
    layers.sort(key=lambda layer: layer[1])  # the best weight is written last
    weights: dict[str, float] = {}
    for found, weight in layers:
        weights.update(dict.fromkeys(terms_of(found), weight))
    return weights


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How closely a question spells the name of an entry."""

    entry: int
    closeness: float  # 0..1
    coverage: float  # share of the question found in the name


class NameIndex:
    """Names of all procedures, for questions that spell one out."""

    def __init__(self, entries: Sequence[Entry], stop: frozenset[str]) -> None:
        self.entries = entries
        self._stop = stop
        names = [words(entry.title) for entry in entries]
        self._names = [" ".join(name) for name in names]
        documents = [dict.fromkeys(terms_of(name), 1.0) for name in names]
        rarity = Rarity(documents)
        self._words = rare_terms(documents, rarity)
        self._rarity = rarity.of_words()
        self._masses = np.array([self._mass(name) for name in names])

    def _mass(self, found: Sequence[str]) -> float:
        """How much the words of a name or question tell together."""
        return sum(self._rarity.of(w) for w in {*found} if w not in self._stop)

    def closest(
        self, question: Sequence[str], text: str, limit: int
    ) -> list[NameMatch]:
        """Entries whose name the words of the question come closest to."""
        content = [word for word in question if word not in self._stop]
        scores = self._words.scores(
            dict.fromkeys(self._rarest(content or question), 1.0)
        )
        shared = np.flatnonzero(scores)
        best = shared[np.argsort(-scores[shared], kind="stable")[:limit]]
        found = self._judged(best, dict.fromkeys(content, 1.0), " ".join(question))
        found.sort(key=lambda match: (-match.closeness, match.entry))
        if has_diacritics(text):
            found = self._told_apart(found, text)
        return found

    def _rarest(self, content: Sequence[str]) -> list[str]:
        """The terms of a question by which names are looked up."""
        terms = list(terms_of(content))
        counts = self._words.counts(terms)
        known = [pair for pair in zip(counts, terms, strict=True) if pair[0]]
        known.sort(key=lambda pair: pair[0])
        return [term for _, term in known[:RAREST_TERMS]]

    def _judged(
        self, numbers: Integers, content: Mapping[str, float], typed: str
    ) -> list[NameMatch]:
        """How close these names come, by their words and letter by letter."""
        mass = self._mass([*content])
        shared = self._words.scores(content)[numbers]
        dices = 2 * shared / np.maximum(mass + self._masses[numbers], TINY)
        return [
            NameMatch(
                number,
                0.6 * dice + 0.4 * ratio(typed, self._names[number]) / 100,
                share,
            )
            for number, dice, share in zip(
                numbers.tolist(),
                dices.tolist(),
                (shared / max(mass, TINY)).tolist(),
                strict=True,
            )
        ]

    def _told_apart(self, found: list[NameMatch], text: str) -> list[NameMatch]:
        """Names that differ in diacritics only: the one written so comes first."""
        if len(found) < 2 or found[0].closeness - found[1].closeness > 0.02:
            return found
        lowered = text.lower()
        return sorted(
            found,
            key=lambda m: (
                -round(m.closeness, 2),
                -ratio(lowered, self.entries[m.entry].title.lower()),
            ),
        )
