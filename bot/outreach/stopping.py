"""Words that mean "no more news", however they are typed. Pure.

HUY, huỷ, DỪNG, dung, duwngf, STOP!!, "thôi đừng nhắn nữa nha": the whole message must say
it, small words around it do not matter. The words stand in ``content/words.toml`` under
``[stop]``. A word typed with its diacritics means what it says: "dừng" stops, "đúng" does
not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from bot.search.fold import accent_key, accented_words, collapse, fold, without_telex

MOST_WORDS = 8  # longer ones are stories, not a word to stop


@dataclass(frozen=True, slots=True)
class StopWords:
    """``accents``: for a folded word, the spellings with diacritics that mean it."""

    phrases: frozenset[tuple[str, ...]]
    fillers: frozenset[str]
    accents: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, phrases: Iterable[str], fillers: Iterable[str]) -> StopWords:
        phrases, small = list(phrases), frozenset(map(fold, fillers))
        spelled: dict[str, set[str]] = {}
        for phrase in phrases:
            for plain, accent in accented_words(phrase):
                spelled.setdefault(plain, set()).add(accent)
        return cls(
            frozenset(_without(small, map(fold, one.split())) for one in phrases),
            small,
            {plain: frozenset(found) for plain, found in spelled.items()},
        )

    def asks_to_stop(self, text: str) -> bool:
        """Whether this message says so, and nothing else."""
        typed = accented_words(text)
        if not 0 < len(typed) <= MOST_WORDS:
            return False
        readings = [self._readings(plain, accent) for plain, accent in typed]
        return any(
            _without(self.fillers, one) in self.phrases for one in product(*readings)
        )

    def _readings(self, plain: str, accent: str) -> tuple[str, ...]:
        """What a typed word may mean: itself, or what its leftover Telex keys say."""
        has_marks = accent != accent_key(plain)
        if has_marks and plain in self.accents:
            meant = accent in self.accents[plain]
            return (plain,) if meant or plain in self.fillers else ("",)
        return tuple(dict.fromkeys((plain, collapse(plain), without_telex(plain))))


def _without(fillers: frozenset[str], words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in fillers)
