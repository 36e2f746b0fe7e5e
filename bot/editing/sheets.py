"""The table an office has, as a sheet that it can change and bring back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

import xlsxwriter
from sqlmodel import Session

from bot.catalogue.import_kinds import KINDS
from bot.catalogue.loading import stored_rows
from bot.catalogue.schema import DESKS, PROCEDURES
from bot.catalogue.values import Row
from bot.editing.records import shown
from models import ProcedureStatus


def sheet_of(session: Session, kind: str, labels: Mapping[str, Sequence[str]]) -> bytes:
    """An XLSX file under the Vietnamese names of its columns; imported as it is, it
    changes nothing."""
    targets = KINDS[kind].targets()
    desks = {key[0]: row for key, row in stored_rows(session, DESKS).items()}
    lines = [[labels.get(name, [name])[0] for name in targets]]
    for row in _rows(session, kind):
        desk = desks.get(row[KINDS[kind].key], {})
        lines.append(
            [
                shown((desk if target.table is DESKS else row).get(target.column.name))
                for target in targets.values()
            ]
        )
    return _book(kind, lines)


def _book(name: str, lines: Sequence[Sequence[str]]) -> bytes:
    """Text and nothing else: no formula, and codes keep their zeros."""
    content = BytesIO()
    options = {"in_memory": True, "constant_memory": True}
    with xlsxwriter.Workbook(content, options) as book:
        as_text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for number, line in enumerate(lines):
            for place, text in enumerate(line):
                sheet.write_string(number, place, text, as_text)
    return content.getvalue()


def _rows(session: Session, kind: str) -> list[Row]:
    """Without what is known by name only: four thousand lines that nobody keeps here."""
    table = KINDS[kind].table
    rows = list(stored_rows(session, table).values())
    if table is PROCEDURES:
        rows = [row for row in rows if row["status"] != ProcedureStatus.INDEX_ONLY]
    return rows
