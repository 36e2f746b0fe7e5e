"""What a question wants to know, and whether it is ours to answer.

The aspect (papers, fee, time, ...) and the polite frame ("cho hỏi", "cần gì vậy cán
bộ") are found by phrase, then carry no weight in the search; those that only ask
("bao nhiêu tiền", "mất bao lâu") are taken out of it. Whether a question is the
business of public administration is judged by evidence: words of other worlds
(weather, football, cooking, ...) against words of administration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.search.fold import words
from bot.search.lexicon import Aspect, Lexicon
from bot.search.reading import Reading, accents_of, agreement

# An aspect or a frame with one of these only asks; "lệ phí" or "online" may be what is
# asked for, and "làm sao" is how people begin who want to lose weight.
_ASKING = frozenset(["gi", "nhieu", "may", "lau", "dau", "khong", "nao", "sao", "ai"])
_PLEASE = frozenset(["hoi", "phai", "chao", "de"])


class Intent:
    """The phrases of the lexicon, ready for lookup."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._aspects = [
            (aspect, phrase)
            for aspect, texts in lexicon.aspects.items()
            for phrase in _prepared(texts)
        ]
        self._frames = _prepared(lexicon.stop_phrases)
        self._stop_words = lexicon.stop_words
        self._admin = _prepared(lexicon.admin_words)
        self._outside = {
            name: _prepared(texts) for name, texts in lexicon.outside.items()
        }

    def aspect(self, reading: Reading) -> Aspect | None:
        """The aspect asked about; the longest phrase decides."""
        best: tuple[int, Aspect] | None = None
        for aspect, (key, accents) in self._aspects:
            if _occurs(reading, key, accents) and (best is None or len(key) > best[0]):
                best = (len(key), aspect)
        return best[1] if best else None

    def mark_frame(self, reading: Reading) -> None:
        """Note the words that belong to the asking, not to what is asked for."""
        framed = [(_PLEASE, phrase) for phrase in self._frames]
        framed += [(_ASKING, phrase) for _, phrase in self._aspects]
        for asking, (key, accents) in framed:
            places = _places(reading, key, accents)
            reading.stopped.update(places)
            if places and not asking.isdisjoint(key.split()):
                reading.asking.update(places)
        for position, word in enumerate(reading.words):
            if word.plain in self._stop_words:
                reading.stopped.add(position)

    def administration(self, reading: Reading) -> float:
        """How much the question speaks the language of offices."""
        return sum(
            len(key.split())
            for key, accents in self._admin
            if _occurs(reading, key, accents)
        )

    def other_worlds(self, reading: Reading) -> dict[str, float]:
        """Words of matters that no office handles, by matter."""
        found: dict[str, float] = {}
        for name, phrases in self._outside.items():
            weight = sum(
                len(key.split())
                for key, accents in phrases
                if _occurs(reading, key, accents)
                and (" " in key or _surely_written(reading, key, accents))
            )
            if weight:
                found[name] = weight
        return found


def _prepared(texts: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    return [(" ".join(words(text)), accents_of(text)) for text in texts]


def _occurs(reading: Reading, key: str, accents: tuple[str, ...]) -> bool:
    """Whether a phrase was written, or surely meant."""
    term = reading.terms.get(key)
    if term is None or term.guessed or term.weight < 0.8:
        return False
    return agreement(term, accents) > 0.5


def _places(reading: Reading, key: str, accents: tuple[str, ...]) -> set[int]:
    """Positions of the words of a phrase, wherever it was written."""
    if not _occurs(reading, key, accents):
        return set()
    plain = [word.plain for word in reading.words]
    pieces = key.split()
    return {
        position
        for start in range(len(plain) - len(pieces) + 1)
        if plain[start : start + len(pieces)] == pieces
        for position in range(start, start + len(pieces))
    }


def _surely_written(reading: Reading, key: str, accents: tuple[str, ...]) -> bool:
    """A single word without its marks may be another word: "mua" is buying or rain."""
    term = reading.terms[key]
    return accents == (key,) or term.accents == accents


def strongest(found: Mapping[str, float]) -> tuple[str, float]:
    """The matter with the most words; ("", 0) for none."""
    return max(found.items(), key=lambda item: item[1], default=("", 0.0))
