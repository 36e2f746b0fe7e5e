"""The words of the people, read from ``content/lexicon.toml`` and two tables beside it.

Officials edit these files: spellings, abbreviations, word groups, the everyday ways of
naming a procedure, near twins, what is asked about (``lexicon.toml``); whole sentences
that mean a procedure (``utterances.csv``) or nothing of ours (``outside.csv``). Loading
promises a complete, consistent ``Lexicon`` or a ``LexiconError`` that names file, line
and field. The sections are explained in the file itself.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.errors import OperatorError
from bot.search.fold import fold, words

SENSES, UTTERANCES, OUTSIDE = "senses.toml", "utterances.csv", "outside.csv"
_GROUP = re.compile(r"^\{(.+)\}$")
_SECTIONS = frozenset(
    {
        "spelling",
        "abbreviations",
        "stop",
        "groups",
        "senses",
        "situations",
        "concepts",
        "twins",
        "aspects",
        "scope",
        "common",
    }
)


class LexiconError(OperatorError):
    """A lexicon that cannot be used; the message says where and what to change."""

    def __init__(self, path: Path, line: int, field: str, problem: str) -> None:
        super().__init__(f"{path}:{line}: {field}: {problem}")
        self.path, self.line, self.field, self.problem = path, line, field, problem


class Aspect(StrEnum):
    """What about a procedure is asked."""

    PAPERS = "papers"
    FEE = "fee"
    TIME = "time"
    WHERE = "where"
    LEGAL_BASIS = "legal_basis"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One everyday way of meaning a thing: every part must occur, in any order."""

    text: str  # as written by the official, for explanations
    parts: tuple[tuple[str, ...], ...]  # alternatives of each part
    excluded: tuple[str, ...]  # none of these may occur


@dataclass(frozen=True, slots=True)
class Twins:
    """Procedures that people mix up: asked back when nothing tells them apart."""

    ids: tuple[str, ...]
    margin: float  # asked back while the second scores at least this share of the first


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything the search knows about how people write."""

    spelling: Mapping[str, str]
    abbreviations: Mapping[str, tuple[str, ...]]
    stop_words: frozenset[str]
    stop_phrases: tuple[str, ...]
    situations: Mapping[str, tuple[Pattern, ...]]
    utterances: Mapping[
        str, tuple[str, ...]
    ]  # what people say, by id of what they mean
    elsewhere: Mapping[str, tuple[str, ...]]  # what people say, by matter not ours
    senses: Mapping[str, tuple[str, ...]]  # words that speak of the same thing
    concepts: Mapping[str, tuple[str, ...]]  # everyday phrase: official words
    twins: tuple[Twins, ...]
    aspects: Mapping[Aspect, tuple[str, ...]]
    admin_words: tuple[str, ...]
    outside: Mapping[str, tuple[str, ...]]
    common: Mapping[str, float]

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """Read and check the file and its two tables."""
        return _Reader(path).lexicon()


def lexicon_files(path: Path) -> list[Path]:
    """All files that ``Lexicon.load`` reads."""
    return [path, *map(path.with_name, (SENSES, UTTERANCES, OUTSIDE))]


class _Reader:
    """Turns the TOML into a ``Lexicon``, stopping at the first mistake."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = path.read_text(encoding="utf-8")
        try:
            self.data = tomllib.loads(self.source)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            line = int(found[1]) if found else 1
            raise LexiconError(path, line, "TOML", str(error)) from error
        for name in self.data:
            if name not in _SECTIONS:
                raise self._error(name, f"unknown section; use {sorted(_SECTIONS)}")

    def lexicon(self) -> Lexicon:
        stop = self._table("stop")
        scope = self._table("scope")
        self.groups = {
            name: self._alternatives(name, members)
            for name, members in self._lists("groups").items()
        }
        return Lexicon(
            spelling=self._spelling(),
            abbreviations=self._folded_keys("abbreviations"),
            stop_words=frozenset(
                word
                for text in self._texts("stop.words", stop.get("words", []))
                for word in words(text)
            ),
            stop_phrases=self._texts("stop.phrases", stop.get("phrases", [])),
            situations={
                key: tuple(self._pattern(key, text) for text in texts)
                for key, texts in self._lists("situations").items()
            },
            utterances=_read_table(self.path.with_name(UTTERANCES), "id"),
            elsewhere=_read_table(self.path.with_name(OUTSIDE), "theme"),
            senses=self._senses(),
            concepts=self._folded_keys("concepts"),
            twins=self._twins(),
            aspects=self._aspects(),
            admin_words=self._texts("scope.admin", scope.get("admin", [])),
            outside={
                name: self._texts(f"scope.outside.{name}", phrases)
                for name, phrases in self._nested("scope", "outside").items()
            },
            common=self._common(),
        )

    def _error(self, field: str, problem: str) -> LexiconError:
        return LexiconError(self.path, self._line_of(field), field, problem)

    def _line_of(self, field: str) -> int:
        """First line on which the last part of the field stands."""
        needle = field.rsplit("/", 1)[-1]
        for number, line in enumerate(self.source.splitlines(), start=1):
            if needle in line and not line.lstrip().startswith("#"):
                return number
        return 1

    def _table(self, name: str) -> dict[str, object]:
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            raise self._error(name, "must be a table: write [" + name + "]")
        return value

    def _nested(self, name: str, key: str) -> dict[str, object]:
        value = self._table(name).get(key, {})
        if not isinstance(value, dict):
            raise self._error(key, f"must be a table: write [{name}.{key}]")
        return value

    def _texts(self, field: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise self._error(field, "must be a list with at least one text")
        for item in value:
            if not isinstance(item, str) or not words(item):
                raise self._error(field, f"{item!r} is not a text with a word in it")
        return tuple(value)

    def _lists(self, name: str) -> dict[str, tuple[str, ...]]:
        return {
            key: self._texts(f"{name}/{key}", value)
            for key, value in self._table(name).items()
        }

    def _folded_keys(self, name: str) -> dict[str, tuple[str, ...]]:
        folded: dict[str, tuple[str, ...]] = {}
        for key, texts in self._lists(name).items():
            plain = " ".join(words(key))
            folded[plain] = (*folded.get(plain, ()), *texts)
        return folded

    def _spelling(self) -> dict[str, str]:
        table: dict[str, str] = {}
        for key, value in self._table("spelling").items():
            if not isinstance(value, str) or not words(value):
                raise self._error(f"spelling/{key}", "must be the usual spelling")
            table[fold(key)] = value
        return table

    def _alternatives(self, name: str, members: Iterable[str]) -> tuple[str, ...]:
        for member in members:
            if any(sign in member for sign in "|+!{}"):
                raise self._error(f"groups/{name}", f"{member!r}: plain words only")
        return tuple(members)

    def _pattern(self, key: str, text: str) -> Pattern:
        wanted, *excluded = text.split("!")
        parts = tuple(self._part(key, text, part) for part in wanted.split("+"))
        refused = tuple(word.strip() for word in excluded)
        if not all(words(word) for word in refused):
            raise self._error(f"situations/{text}", "an empty word after '!'")
        flat = tuple(a for word in refused for a in self._part(key, text, word))
        return Pattern(text, parts, flat)

    def _part(self, key: str, text: str, part: str) -> tuple[str, ...]:
        found: list[str] = []
        for raw in part.split("|"):
            alternative = raw.strip()
            group = _GROUP.match(alternative)
            if group:
                if group[1] not in self.groups:
                    raise self._error(f"situations/{text}", f"no group {group[1]!r}")
                found.extend(self.groups[group[1]])
            elif words(alternative):
                found.append(alternative)
            else:
                raise self._error(f"situations/{text}", f"empty part for {key}")
        return tuple(found)

    def _senses(self) -> dict[str, tuple[str, ...]]:
        """The groups of the patterns, and those of the table beside this file."""
        wide = _Reader(self.path.with_name(SENSES))
        found = dict(self.groups)
        for name, members in wide._lists("senses").items():
            found[name] = (*found.get(name, ()), *members)
        return found

    def _twins(self) -> tuple[Twins, ...]:
        value = self.data.get("twins", [])
        if not isinstance(value, list):
            raise self._error("twins", "write [[twins]] for each set")
        found = []
        for item in value:
            ids = self._texts("twins", item.get("ids"))
            margin = item.get("margin", 0.9)
            if not isinstance(margin, float) or not 0 < margin <= 1:
                raise self._error(ids[0], "margin must be between 0 and 1")
            found.append(Twins(ids, margin))
        return tuple(found)

    def _aspects(self) -> dict[Aspect, tuple[str, ...]]:
        found = {}
        for key, texts in self._lists("aspects").items():
            if key not in list(Aspect):
                raise self._error(f"aspects/{key}", f"use one of {[*Aspect]}")
            found[Aspect(key)] = texts
        return found

    def _common(self) -> dict[str, float]:
        found = {}
        for key, value in self._table("common").items():
            if not isinstance(value, int | float) or not 0 < value <= 1:
                raise self._error(f"common/{key}", "must be a number between 0 and 1")
            found[key] = float(value)
        return found


def _read_table(path: Path, key: str) -> dict[str, tuple[str, ...]]:
    """Texts by key, from a table with the columns ``key`` and ``text``."""
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames != [key, "text"]:
            raise LexiconError(path, 1, key, f"the columns must be {key},text")
        for row in rows:
            for column in (key, "text"):
                if not words(row[column] or ""):
                    raise LexiconError(path, rows.line_num, column, "is empty")
            found.setdefault(row[key], []).append(row["text"])
    return {name: tuple(texts) for name, texts in found.items()}
