"""Scoring: detailed entries by words and phrases, the national index by name.

The weights are few and round; they were set on the tune part of the gold set and sit on
flat optima (halving or doubling one moves the first-hit rate by less than a point).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.fuzz import ratio

from bot.search.entries import Entry, Kind
from bot.search.examples import Example, ExampleIndex
from bot.search.fold import has_diacritics, words
from bot.search.index import Match, PhraseIndex, Rarity, rare_terms, terms_of
from bot.search.lexicon import Lexicon
from bot.search.reading import Reading, Term

ALIAS, TITLE, SAID, ACCOUNT, CONTEXT = 1.0, 0.9, 1.0, 0.9, 0.2  # weights of fields
ACCOUNT_PHRASE = 0.9  # an account is longer and looser than an alias
TITLE_PHRASE = 0.85  # official words are rarely the people's words
LONG_TITLE = 14  # words; a longer title is no phrase anybody types
WORDS, PHRASE, ALSO = 2.5, 0.5, 0.1  # weights of the parts of the score
LIKELY, NEAREST = 0.5, 10.0  # those of what people say
VARIANTS = 4  # sentences made of one pattern
UNIT_SHARE = 0.6  # a unit named in passing is not what is asked for
RAREST_TERMS = 12  # look-ups in the national index per question


@dataclass(frozen=True, slots=True)
class Scored:
    """An entry with its score and the parts of it."""

    entry: int
    score: float
    words: float  # share of the question's words that the entry explains
    match: Match | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """What fits a question, and whether it sounds like ours at all."""

    found: list[Scored]
    ours: float  # likelihood of the question in the mouth of who means the best entry
    foreign: float  # the same of the best matter that is none of ours
    theme: str  # that matter


class DetailedIndex:
    """Everything we know more of than the name."""

    def __init__(self, entries: Sequence[Entry], lexicon: Lexicon) -> None:
        self.entries = entries
        documents = [_fields(entry, lexicon) for entry in entries]
        self.rarity = Rarity(documents)
        self._words = rare_terms(documents, self.rarity)
        self._stop = lexicon.stop_words
        self._phrases = PhraseIndex(self.rarity, lexicon.stop_words)
        self._common = lexicon.common
        for number, entry in enumerate(entries):
            self._add_phrases(number, entry, lexicon)
        self._themes = tuple(lexicon.elsewhere)
        self._examples = ExampleIndex(_examples(entries, lexicon), lexicon.stop_words)

    def _add_phrases(self, number: int, entry: Entry, lexicon: Lexicon) -> None:
        for alias in entry.aliases:
            self._phrases.add_alias(number, alias)
        if len(words(entry.title)) <= LONG_TITLE:
            self._phrases.add_alias(number, entry.title, TITLE_PHRASE)
        for said in lexicon.utterances.get(entry.id, ()):
            self._phrases.add_alias(number, said, ACCOUNT_PHRASE)
        for pattern in lexicon.situations.get(entry.id, ()):
            self._phrases.add_pattern(number, pattern)

    def ranked(self, reading: Reading, concepts: Mapping[str, Term]) -> Ranking:
        """All entries that share anything with the question, best first."""
        own = self._query_weights(reading)
        factors = dict(own)
        for text, term in concepts.items():
            factors.setdefault(text, 0.6 * term.weight)
        whole = self._possible(own)
        shared = self._words.scores(factors)
        matches = self._phrases.matches({**concepts, **reading.terms})
        question = self._examples.question(reading)
        likely = self._examples.likelihood(question)
        said = self._said(question, likely)
        found = [
            self._scored(
                number,
                shared.get(number, 0.0) / whole,
                matches.get(number),
                said.get(number, 0.0),
            )
            for number in shared.keys() | matches.keys() | said.keys()
        ]
        found.sort(key=lambda scored: (-scored.score, scored.entry))
        return self._ranking(found, likely)

    def _said(
        self, question: Mapping[str, float], likely: Mapping[int, float]
    ) -> dict[int, float]:
        """How much the question sounds like the examples of each entry."""
        nearest = self._examples.nearest(question)
        return {
            number: LIKELY * likelihood + NEAREST * nearest.get(number, 0.0)
            for number, likelihood in likely.items()
            if number < len(self.entries)
        }

    def _ranking(self, found: list[Scored], likely: Mapping[int, float]) -> Ranking:
        count = len(self.entries)
        ours = max((v for n, v in likely.items() if n < count), default=0.0)
        foreign, best = max(
            ((v, n) for n, v in likely.items() if n >= count), default=(0.0, -1)
        )
        theme = self._themes[best - count] if best >= 0 else ""
        return Ranking(found, ours, foreign, theme)

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

    def _scored(
        self, entry: int, share: float, matches: list[Match] | None, said: float
    ) -> Scored:
        best = matches[0] if matches else None
        score = WORDS * share + said
        if matches:
            score += PHRASE * matches[0].score
            score += ALSO * (matches[1].score if len(matches) > 1 else 0.0)
        record = self.entries[entry]
        score *= 1 + 0.1 * self._common.get(record.id, 0.0)
        if record.kind is Kind.UNIT:
            score *= UNIT_SHARE
        return Scored(entry, score, share, best)

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


def _examples(entries: Sequence[Entry], lexicon: Lexicon) -> Iterator[Example]:
    """Sentences that mean an entry; after the entries come the themes not ours."""
    for number, entry in enumerate(entries):
        yield Example(number, entry.title)
        for alias in entry.aliases:
            yield Example(number, alias, 1.5)
        for text in lexicon.utterances.get(entry.id, ()):
            yield Example(number, text)
        for pattern in lexicon.situations.get(entry.id, ()):
            made = itertools.product(*pattern.parts)
            for alternatives in itertools.islice(made, VARIANTS):
                yield Example(number, " ".join(alternatives), 0.5)
    for number, texts in enumerate(lexicon.elsewhere.values(), start=len(entries)):
        for text in texts:
            yield Example(number, text)


def _fields(entry: Entry, lexicon: Lexicon) -> dict[str, float]:
    """Term to the weight of the best field it stands in."""
    weights: dict[str, float] = {}
    said = [
        a
        for p in lexicon.situations.get(entry.id, ())
        for part in p.parts
        for a in part
    ]
    title_words = max(1, len(words(entry.title)))
    # Very long official titles name every exception; each word tells less.
    title = TITLE * min(1.0, (25 / title_words) ** 0.5)
    layers = [(entry.context, CONTEXT), (entry.title, title)]
    layers += [(text, SAID) for text in said]
    layers += [(text, ACCOUNT) for text in lexicon.utterances.get(entry.id, ())]
    layers += [(alias, ALIAS) for alias in entry.aliases]
    for text, weight in layers:
        for term in terms_of(text):
            if weights.get(term, 0.0) < weight:
                weights[term] = weight
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
        self._names = [words(entry.title) for entry in entries]
        documents = [_name_terms(name) for name in self._names]
        self._rarity = Rarity(documents)
        self._words = rare_terms(
            [dict.fromkeys(document, 1.0) for document in documents], self._rarity
        )

    def closest(
        self, question: Sequence[str], text: str, limit: int
    ) -> list[NameMatch]:
        """Entries whose name the words of the question come closest to."""
        content = [word for word in question if word not in self._stop] or question
        terms = _name_terms(content)
        known = [term for term in terms if self._words.count(term) > 0]
        known.sort(key=self._words.count)
        scores = self._words.scores(dict.fromkeys(known[:RAREST_TERMS], 1.0))
        best = sorted(scores, key=lambda number: -scores[number])[:limit]
        mass = sum(self._rarity.of(word) for word in set(content))
        typed = " ".join(question)
        found = [self._judged(number, set(content), mass, typed) for number in best]
        found.sort(key=lambda match: (-match.closeness, match.entry))
        if has_diacritics(text):
            found = self._told_apart(found, text)
        return found

    def _judged(
        self, number: int, content: set[str], mass: float, typed: str
    ) -> NameMatch:
        name = self._names[number]
        own = {word for word in name if word not in self._stop}
        shared = sum(self._rarity.of(word) for word in content & own)
        whole = sum(self._rarity.of(word) for word in own)
        dice = 2 * shared / (mass + whole) if mass + whole else 0.0
        closeness = 0.6 * dice + 0.4 * ratio(typed, " ".join(name)) / 100
        return NameMatch(number, closeness, shared / mass if mass else 0.0)

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


def _name_terms(found: Sequence[str]) -> set[str]:
    pairs = (f"{a} {b}" for a, b in itertools.pairwise(found))
    return {*found, *pairs}
