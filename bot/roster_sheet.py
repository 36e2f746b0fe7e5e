"""Reads an office's list of officials, CSV or XLSX, line by line.

Columns and words: ``content/import_columns.toml``. Every mistake of a line is named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlmodel import Session

from bot.catalogue.packs import PackReader
from bot.catalogue.records import PackError
from bot.catalogue.sheets import Line, Sheet, read_sheet
from bot.people import units
from models import AdminUnit, Role

COLUMNS = ("name", "phone", "unit", "role")
_NEEDED = ("name", "unit")
_PHONE = re.compile(r"(?:0|84)([0-9]{9})")
_AROUND_DIGITS = re.compile(r"[\s().+-]")


def mobile_number(written: str) -> str | None:
    """As Zalo writes it, 84…; None where it is none."""
    found = _PHONE.fullmatch(_AROUND_DIGITS.sub("", written))
    return f"84{found[1]}" if found else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One good line: a person in a unit."""

    line: int
    name: str
    phone: str | None
    unit: AdminUnit
    role: Role


def read_roster(
    session: Session, path: Path, content_dir: Path, today: date
) -> tuple[list[Entry], list[PackError]]:
    """The good lines, and what is wrong with the others."""
    reader = PackReader(content_dir)
    columns, roles = reader.read_labels("officials"), reader.read_labels("roles")
    reader.refuse_if_wrong()
    sheet = read_sheet(path)
    problems: list[PackError] = []
    places = _places(sheet, columns, str(path), problems)
    if problems:
        return [], problems
    words = _role_words(roles)
    parser = _Parser(session, str(path), today, places, words, problems)
    entries = [entry for line in sheet.lines if (entry := parser.entry(line))]
    return entries, problems


def _places(
    sheet: Sheet, labels: Mapping[str, list[str]], file: str, problems: list[PackError]
) -> dict[str, int]:
    """Where each column stands."""
    names = {_tidy(label): name for name in COLUMNS for label in (name, *labels[name])}
    places: dict[str, int] = {}
    for position, label in enumerate(sheet.header):
        name = names.get(_tidy(label))
        if name in places:
            problems.append(PackError(file, 1, name or "", "stands twice"))
        elif name is not None:
            places[name] = position
    for name in _NEEDED:
        if name not in places:
            known = ", ".join((name, *labels[name]))
            reason = f"is not among the columns of the file (known as: {known})"
            problems.append(PackError(file, 1, name, reason))
    return places


def _role_words(labels: Mapping[str, list[str]]) -> dict[str, Role]:
    return {_tidy(word): role for role in Role for word in (role, *labels[role])}


@dataclass(frozen=True, slots=True)
class _Parser:
    session: Session
    file: str
    today: date
    places: Mapping[str, int]
    roles: Mapping[str, Role]
    problems: list[PackError]
    units: dict[str, list[AdminUnit]] = field(default_factory=dict)  # found before

    def entry(self, line: Line) -> Entry | None:
        """None where the line is bad; all that is wrong with it is then a problem."""
        before = len(self.problems)
        name = self._text(line, "name")
        if not name:
            self._problem(line, "name", "is required and is empty")
        phone = self._phone(line)
        unit = self._unit(line)
        role = self._role(line)
        if len(self.problems) > before or unit is None or role is None:
            return None
        return Entry(line.number, name, phone, unit, role)

    def _text(self, line: Line, name: str) -> str:
        position = self.places.get(name, len(line.cells))
        cell = line.cells[position] if position < len(line.cells) else None
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        return "" if cell is None else str(cell).strip()

    def _phone(self, line: Line) -> str | None:
        """In the form 84…; a spreadsheet may have eaten the first 0."""
        written = self._text(line, "phone")
        if not written:
            return None
        digits = _AROUND_DIGITS.sub("", written)
        number = mobile_number(f"0{digits}" if len(digits) == 9 else digits)
        if number is None:
            self._problem(
                line, "phone", f"{written!r} is not a mobile number like 0912345678"
            )
        return number

    def _unit(self, line: Line) -> AdminUnit | None:
        written = self._text(line, "unit")
        if not written:
            self._problem(line, "unit", "is required and is empty")
            return None
        if written not in self.units:
            self.units[written] = units.named(self.session, written, self.today)
        match self.units[written]:
            case [one]:
                return one
            case []:
                reason = units.unknown(self.session, written, self.today)
            case several:
                codes = ", ".join(unit.code for unit in several)
                reason = f"{written!r} may be {codes}: use the code"
        self._problem(line, "unit", reason)
        return None

    def _role(self, line: Line) -> Role | None:
        written = self._text(line, "role")
        role = self.roles.get(_tidy(written)) if written else Role.OFFICIAL
        if role is None:
            words = ", ".join(self.roles)
            self._problem(line, "role", f"{written!r} is not one of: {words}")
        return role

    def _problem(self, line: Line, name: str, reason: str) -> None:
        self.problems.append(PackError(self.file, line.number, name, reason))


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
