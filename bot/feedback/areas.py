"""What people report about, and what is no feedback but an emergency: ``content/feedback_areas.toml``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.search.fold import fold, has_diacritics

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Area:
    """Lĩnh vực. ``words`` let it be guessed from what somebody wrote."""

    key: str
    label: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Emergency:
    """What to call at once; ``phrases`` say that it is one."""

    key: str
    numbers: tuple[str, ...]
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """All lists of the file."""

    areas: tuple[Area, ...]
    closing_reasons: tuple[str, ...]
    emergencies: tuple[Emergency, ...]
    unless: tuple[str, ...]
    sound_alikes: tuple[str, ...]
    most_words: int

    def label(self, key: str) -> str:
        """Of an area; the key itself where content no longer has it."""
        return next((one.label for one in self.areas if one.key == key), key)

    def guess(self, text: str) -> Area | None:
        """The area whose longest word stands in the text."""
        said = _Said(text)
        found = [
            (len(word), area)
            for area in self.areas
            for word in area.words
            if said.has(word)
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def emergency_in(self, text: str) -> Emergency | None:
        """Only a short cry for help; a question about the same is left to the search."""
        if "?" in text or len(text.split()) > self.most_words:
            return None
        said = _Said(text)
        for words in self.sound_alikes:
            said = said.without(words)
        for one in self.emergencies:
            found = next(filter(said.has, one.phrases), None)
            if found is not None and not said.without(found).has_any(self.unless):
                return one
        return None


class _Said:
    """A text that is looked through for words: with their marks if it is written with
    marks, else without."""

    def __init__(self, text: str) -> None:
        self._is_marked = has_diacritics(text)
        self._text = f" {self._plain(text)} "

    def has(self, words: str) -> bool:
        return f" {self._plain(words)} " in self._text

    def has_any(self, many: Sequence[str]) -> bool:
        return any(map(self.has, many))

    def without(self, words: str) -> _Said:
        """What else was said."""
        return _Said(self._text.replace(f" {self._plain(words)} ", "  "))

    def _plain(self, text: str) -> str:
        if self._is_marked:
            lower = unicodedata.normalize("NFC", text).lower()
        else:
            lower = fold(text)
        return " ".join(re.findall(r"\w+", lower))


def read_lists(content_dir: Path) -> Lists:
    """As the file is now; parsed once while it does not change."""
    file = content_dir / "feedback_areas.toml"
    return _lists(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _lists(file: Path, changed: int) -> Lists:
    """``changed`` makes another file of it."""
    raw: Mapping[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return Lists(
        areas=tuple(
            Area(one["key"], one["label"], tuple(one["words"])) for one in raw["areas"]
        ),
        closing_reasons=tuple(raw["closing"]["reasons"]),
        emergencies=tuple(map(_emergency, raw["emergencies"])),
        unless=tuple(raw["emergency_words"]["unless"]),
        sound_alikes=tuple(raw["emergency_words"]["sound_alikes"]),
        most_words=raw["emergency_words"]["most_words"],
    )


def _emergency(one: Mapping[str, Sequence[str]]) -> Emergency:
    return Emergency(str(one["key"]), tuple(one["numbers"]), tuple(one["phrases"]))
