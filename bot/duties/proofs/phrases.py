"""Words on web pages that checks look for; the words themselves stand in ``content/pages.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from bot.errors import OperatorError
from bot.search.fold import words


class PhrasesError(OperatorError):
    """The file is wrong; the message names file and key."""


class Phrases:
    """Phrases of whole words, found whatever their diacritics and capitals."""

    def __init__(self, phrases: Iterable[str]) -> None:
        folded = {" ".join(words(one)) for one in phrases}
        self._phrases = tuple(f" {one} " for one in sorted(folded) if one)

    def found_in(self, text: str) -> frozenset[str]:
        """Which of them stand in a text."""
        return self.in_words(words(text))

    def in_words(self, folded: Iterable[str]) -> frozenset[str]:
        plain = f" {' '.join(folded)} "
        return frozenset(one.strip() for one in self._phrases if one in plain)


@dataclass(frozen=True, slots=True)
class PageWords:
    """What a page says when it is gone, closed or dated, and what it should speak of."""

    subject: Phrases
    not_found: Phrases
    login: Phrases
    needs_javascript: Phrases
    date_label: Phrases
    date_of_change: Phrases
    not_a_date_of_page: Phrases

    @classmethod
    def load(cls, file: Path) -> PageWords:
        """``PhrasesError`` names the key that is missing or no list of texts."""
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, OSError) as error:
            raise PhrasesError(f"{file}: {error}") from error
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(table) - set(names)):
            raise PhrasesError(f"{file}: {unknown[0]}: unknown key")
        return cls(**{name: Phrases(_texts(file, table, name)) for name in names})


def _texts(file: Path, table: dict[str, object], name: str) -> list[str]:
    value = table.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise PhrasesError(f"{file}: {name}: not a list of texts")
    return value
