"""The file that says how units change: merged, split or renamed, from which day on.

Examples with every key: ``docs/examples/units-*.toml``. Whatever is wrong is one line that
names the file and the key.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.catalogue.values import UNIT_CODE_PATTERN
from bot.territory.reasons import MapFileError, Why
from models import UnitLevel


class Kind(StrEnum):
    MERGE = "merge"
    SPLIT = "split"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Successor:
    """A unit that takes over. Without a name it is one that exists already.

    The lists say what a part of a split takes; all else goes to the main part.
    """

    place: str  # where it stands in the file: "into", "into[2]"
    code: str
    name: str = ""
    kind: str = ""
    level: UnitLevel | None = None
    parent_code: str = ""
    note: str = ""
    is_main: bool = True
    officials: tuple[str, ...] = ()  # telephone numbers or pseudonyms
    accounts: tuple[str, ...] = ()  # ids of official accounts
    channels: tuple[str, ...] = ()  # hosts or ids of channels
    units: tuple[str, ...] = ()  # codes of units below


@dataclass(frozen=True, slots=True)
class MapFile:
    """One change of the map, as an operator wrote it down."""

    file: str
    kind: Kind
    effective_on: date  # the first day of the new units
    old: tuple[str, ...]
    new: tuple[Successor, ...]
    continue_assignments: bool = False

    @property
    def main(self) -> Successor:
        return next(one for one in self.new if one.is_main)

    def error(self, key: str, why: Why, **facts: object) -> MapFileError:
        return MapFileError(self.file, key, why, **facts)


_TOP = ("effective_on", "from", "into", "continue_assignments")
_TEXTS = ("code", "name", "kind", "level", "parent_code", "note")
_LISTS = ("officials", "accounts", "channels", "units")


def read_map_file(path: Path, kind: Kind) -> MapFile:
    """What the file says, complete in itself; whether it fits the map is looked at later."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise MapFileError(str(path), "", Why.UNREADABLE, problem=problem) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MapFileError(str(path), "", Why.UNREADABLE, problem=error) from error
    return map_change(raw, kind, str(path))


def map_change(raw: dict[str, Any], kind: Kind, file: str) -> MapFile:
    """The change that these values say; ``file`` is what a mistake is named after."""
    reader = _Reader(file)
    reader.only(raw, _TOP, "")
    old = raw.get("from")
    return reader.checked(
        MapFile(
            file=file,
            kind=kind,
            effective_on=reader.day(raw.get("effective_on"), "effective_on"),
            old=reader.codes([old] if isinstance(old, str) else old, "from"),
            new=reader.successors(raw.get("into")),
            continue_assignments=reader.flag(
                raw.get("continue_assignments", False), "continue_assignments"
            ),
        )
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str

    def refuse(self, key: str, why: Why, **facts: object) -> MapFileError:
        return MapFileError(self.file, key, why, **facts)

    def only(self, table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, list(known), n=1)
                hint = f", did you mean {near[0]}?" if near else ""
                raise self.refuse(f"{where}{key}", Why.NOT_KNOWN, hint=hint)

    def day(self, value: object, key: str) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        raise self.refuse(key, Why.NO_DAY)

    def flag(self, value: object, key: str) -> bool:
        if isinstance(value, bool):
            return value
        raise self.refuse(key, Why.NO_FLAG)

    def text(self, value: object, key: str) -> str:
        if isinstance(value, str):
            return value.strip()
        raise self.refuse(key, Why.NO_TEXT)

    def texts(self, value: object, key: str) -> tuple[str, ...]:
        if isinstance(value, list):
            return tuple(self.text(one, key) for one in value)
        raise self.refuse(key, Why.NO_TEXTS)

    def code(self, value: object, key: str) -> str:
        code = self.text(value, key)
        if UNIT_CODE_PATTERN.fullmatch(code):
            return code
        raise self.refuse(key, Why.NO_CODE, code=code)

    def codes(self, value: object, key: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not value:
            raise self.refuse(key, Why.NO_OLD_UNITS)
        codes = tuple(self.code(one, key) for one in value)
        if len(set(codes)) < len(codes):
            raise self.refuse(key, Why.UNIT_TWICE)
        return codes

    def successors(self, value: object) -> tuple[Successor, ...]:
        if isinstance(value, dict):
            return (self.successor(value, "into", alone=True),)
        if isinstance(value, list) and value:
            return tuple(
                self.successor(one, f"into[{number}]", alone=len(value) == 1)
                for number, one in enumerate(value, start=1)
            )
        raise self.refuse("into", Why.NO_NEW_UNITS)

    def successor(self, raw: object, place: str, *, alone: bool) -> Successor:
        if not isinstance(raw, dict):
            raise self.refuse(place, Why.NO_TABLE)
        self.only(raw, (*_TEXTS, *_LISTS, "main"), f"{place}.")

        def text(key: str) -> str:
            return self.text(raw.get(key, ""), f"{place}.{key}")

        def texts(key: str) -> tuple[str, ...]:
            return self.texts(raw.get(key, []), f"{place}.{key}")

        return Successor(
            place=place,
            code=self.code(raw.get("code", ""), f"{place}.code"),
            name=text("name"),
            kind=text("kind"),
            level=self.level(raw.get("level"), f"{place}.level"),
            parent_code=text("parent_code"),
            note=text("note"),
            is_main=self.flag(raw.get("main", alone), f"{place}.main"),
            officials=texts("officials"),
            accounts=texts("accounts"),
            channels=texts("channels"),
            units=texts("units"),
        )

    def level(self, value: object, key: str) -> UnitLevel | None:
        if value is None:
            return None
        if value in tuple(UnitLevel):
            return UnitLevel(str(value))
        raise self.refuse(key, Why.NO_LEVEL, levels=", ".join(UnitLevel))

    def checked(self, read: MapFile) -> MapFile:
        """The shape of each kind: many into one, one into many, one into one."""
        olds, news = len(read.old), len(read.new)
        match read.kind:
            case Kind.MERGE if olds < 2 and read.new[0].name:
                raise self.refuse("from", Why.TOO_FEW_OLD)
            case Kind.SPLIT | Kind.RENAME if olds > 1:
                raise self.refuse("from", Why.TOO_MANY_OLD, kind=read.kind)
            case Kind.SPLIT if news < 2:
                raise self.refuse("into", Why.TOO_FEW_NEW)
            case Kind.MERGE | Kind.RENAME if news > 1:
                raise self.refuse("into", Why.TOO_MANY_NEW, kind=read.kind)
        if sum(one.is_main for one in read.new) != 1:
            raise self.refuse("into", Why.NO_MAIN_PART)
        codes = [one.code for one in read.new]
        if len(set(codes)) < len(codes):
            raise self.refuse("into", Why.UNIT_TWICE)
        for one in read.new:
            if one.code in read.old:
                key = f"{one.place}.code"
                raise self.refuse(key, Why.OLD_AND_NEW, code=one.code)
        return read
