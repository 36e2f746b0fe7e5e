"""Reads a CSV or XLSX file of an office into lines of cells, nothing more.

CSV: UTF-8 with or without BOM, separated by comma, semicolon or tab. XLSX: the first
sheet. The first line that is not empty holds the names of the columns. Empty lines are
skipped; line numbers are those a spreadsheet shows.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from zipfile import BadZipFile

from bot.errors import OperatorError

SEPARATORS = (",", ";", "\t")
_BREAKS = re.compile(r"[\r\n\t\xa0]+")  # line breaks and hard spaces inside one cell


class SheetUnreadable(OperatorError):
    """The file as a whole cannot be read; the text says what to do."""


@dataclass(frozen=True)
class Line:
    """One line below the header; cells are texts, numbers or dates as the file has them."""

    number: int
    cells: tuple[object, ...]


@dataclass(frozen=True)
class Sheet:
    header: tuple[str, ...]
    lines: tuple[Line, ...]


def read_sheet(path: Path) -> Sheet:
    """The table in ``path``; raises ``SheetUnreadable``."""
    readers = {".csv": _csv_lines, ".xlsx": _xlsx_lines}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SheetUnreadable(f"{path}: expected a .csv or .xlsx file")
    try:
        lines = [line for line in reader(path) if set(line.cells) - {None, ""}]
    except OSError as error:
        raise SheetUnreadable(f"{path}: cannot be read: {error}") from error
    if not lines:
        raise SheetUnreadable(f"{path}: is empty")
    header = tuple(str(cell or "") for cell in lines[0].cells)
    return Sheet(header, tuple(lines[1:]))


def _csv_lines(path: Path) -> Iterator[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        reason = "is not UTF-8: save it as 'CSV UTF-8'"
        raise SheetUnreadable(f"{path}: {reason}") from error
    rows = csv.reader(
        StringIO(text, newline=""), delimiter=_separator(text), strict=True
    )
    try:
        start = 1
        for cells in rows:
            yield Line(start, _cleaned(cells))
            start = rows.line_num + 1
    except csv.Error as error:
        raise SheetUnreadable(f"{path}:{rows.line_num}: {error}") from error


def _separator(text: str) -> str:
    """The separator that cuts the header into the most columns."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=header.count)


def _xlsx_lines(path: Path) -> Iterator[Line]:
    from openpyxl import load_workbook  # 18 MB that only an import needs

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError) as error:
        raise SheetUnreadable(f"{path}: is not an XLSX file") from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        for number, cells in enumerate(rows, start=1):
            yield Line(number, _cleaned(cells))
    finally:
        book.close()


def _cleaned(cells: Iterable[object]) -> tuple[object, ...]:
    """Texts in NFC without breaks and outer spaces; nothing else is touched."""
    return tuple(
        unicodedata.normalize("NFC", _BREAKS.sub(" ", cell)).strip()
        if isinstance(cell, str)
        else cell
        for cell in cells
    )
