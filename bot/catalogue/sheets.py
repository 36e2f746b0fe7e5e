"""Reads a CSV or XLSX file of an office into lines of cells, nothing more.

CSV: UTF-8 with or without BOM, separated by comma, semicolon or tab. XLSX: the first
sheet. The first line that is not empty holds the names of the columns. Empty lines are
skipped; line numbers are those a spreadsheet shows.

Bounded, whatever the file claims: its size, what it unpacks to, lines and columns. An
XLSX is a zip, and a small one may unpack to gigabytes or claim a cell in line 1,048,576.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from bot.catalogue.values import Reason
from bot.errors import OperatorError

SEPARATORS = (",", ";", "\t")
# What openpyxl raises at a file that only looks like one of its own.
UNREADABLE = (BadZipFile, KeyError, ValueError, TypeError, IndexError, ParseError)
_BREAKS = re.compile(r"[\r\n\t\xa0]+")  # line breaks and hard spaces inside one cell


LARGEST_FILE = 4 * 1024 * 1024  # the whole national index with all its texts has 2 MB
LARGEST_UNPACKED = 64 * 1024 * 1024
MOST_PARTS = 500  # files within an XLSX; a usual one has a dozen
MOST_LINES = 20_000  # four times the national index
MOST_COLUMNS = 100  # three times the widest table


class SheetUnreadable(OperatorError):
    """The file as a whole cannot be read; the reason says what to do."""

    def __init__(self, path: Path, text: str, code: str, **params: object) -> None:
        super().__init__(f"{path}: {text}")
        self.reason = Reason(text, code, **params)


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
        raise SheetUnreadable(path, "expected a .csv or .xlsx file", "format")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _too_large(path)
        lines = list(_bounded(path, reader(path)))
    except OSError as error:
        text = f"cannot be read: {error}"
        raise SheetUnreadable(path, text, "unreadable") from error
    if not lines:
        raise SheetUnreadable(path, "is empty", "empty")
    header = tuple(str(cell or "") for cell in lines[0].cells)
    return Sheet(header, tuple(lines[1:]))


def _bounded(path: Path, lines: Iterable[Line]) -> Iterator[Line]:
    """Those that hold something; too many or too wide is refused, never cut off."""
    for line in lines:
        if line.number > MOST_LINES:
            text = f"has more than {MOST_LINES} lines (delete empty ones at its end)"
            raise SheetUnreadable(path, text, "lines", most=MOST_LINES)
        if set(line.cells[MOST_COLUMNS:]) - {None, ""}:
            text = f"has more than {MOST_COLUMNS} columns"
            raise SheetUnreadable(path, text, "columns", most=MOST_COLUMNS)
        if set(line.cells) - {None, ""}:
            yield line


def _too_large(path: Path) -> SheetUnreadable:
    text = f"is larger than {LARGEST_FILE // 2**20} MB, or unpacks to far more"
    return SheetUnreadable(path, text, "large", most=LARGEST_FILE // 2**20)


def _csv_lines(path: Path) -> Iterator[Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        reason = "is not UTF-8: save it as 'CSV UTF-8'"
        raise SheetUnreadable(path, reason, "utf8") from error
    rows = csv.reader(
        StringIO(text, newline=""), delimiter=_separator(text), strict=True
    )
    try:
        start = 1
        for cells in rows:
            yield Line(start, _cleaned(cells))
            start = rows.line_num + 1
    except csv.Error as error:
        line = rows.line_num
        text = f"line {line}: {error}"
        raise SheetUnreadable(path, text, "csv", line=line) from error


def _separator(text: str) -> str:
    """The separator that cuts the header into the most columns."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(SEPARATORS, key=header.count)


def _xlsx_lines(path: Path) -> Iterator[Line]:
    from openpyxl import load_workbook  # 18 MB that only an import needs

    _refuse_bomb(path)
    with path.open("rb") as opened:  # openpyxl leaves its own open when it gives up
        try:
            book = load_workbook(opened, read_only=True, data_only=True)
            # a column more than is allowed: enough to see that there are too many
            rows = book.worksheets[0].iter_rows(
                max_col=MOST_COLUMNS + 1, values_only=True
            )
            for number, cells in enumerate(rows, start=1):
                yield Line(number, _without_end(_cleaned(cells)))
            book.close()
        except UNREADABLE as error:
            raise SheetUnreadable(path, "is not an XLSX file", "xlsx") from error


def _refuse_bomb(path: Path) -> None:
    """By what the parts of the zip claim; Python unpacks no byte more than that."""
    try:
        with ZipFile(path) as parts:
            sizes = [part.file_size for part in parts.infolist()]
    except BadZipFile as error:
        raise SheetUnreadable(path, "is not an XLSX file", "xlsx") from error
    if len(sizes) > MOST_PARTS or sum(sizes) > LARGEST_UNPACKED:
        raise _too_large(path)


def _without_end(cells: tuple[object, ...]) -> tuple[object, ...]:
    """Without the empty cells after the last one: every line is as wide as the widest."""
    end = len(cells)
    while end and cells[end - 1] in (None, ""):
        end -= 1
    return cells[:end]


def _cleaned(cells: Iterable[object]) -> tuple[object, ...]:
    """Texts in NFC without breaks and outer spaces; nothing else is touched."""
    return tuple(
        unicodedata.normalize("NFC", _BREAKS.sub(" ", cell)).strip()
        if isinstance(cell, str)
        else cell
        for cell in cells
    )
