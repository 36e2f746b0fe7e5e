"""The report as an XLSX file that an office sends on as it is.

A4 landscape, headings repeated on every page, Times New Roman as in Nghị định 30/2020/NĐ-CP,
a sign beside every colour because many print in black and white. All text is written as
text, so that nothing a person typed becomes a formula. The file has no date of its own but
the version's: the same version gives the same bytes.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from bot.duties.table import wording
from bot.duties.table.cells import CellState
from bot.duties.table.table import Table
from bot.duties.table.wording import Words

FONT = "Times New Roman"
# Readable behind black text, and different in brightness when printed grey.
COLOURS = {
    CellState.ON_TIME: "#C6E7CE",
    CellState.LATE: "#FFE8A3",
    CellState.MISSING: "#F4B6AE",
    CellState.WAITING_REVIEW: "#CFE2F7",
    CellState.EXEMPT: "#E4E4E4",
    CellState.NOT_DUE: "#FFFFFF",
}
HEAD_COLOUR = "#DCE6F1"
A4 = 9
LETTERS_PER_WIDTH = 1.15  # Times New Roman is narrower than what Excel measures with
LINE_HEIGHT = 14  # points, at 10 and 11 points of type
DATE, MOMENT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm"


class Book:
    """A workbook in memory with the formats that all its sheets share."""

    def __init__(self, table: Table, words: Words, now: datetime) -> None:
        self.table, self.words, self.now = table, words, now
        self._buffer = BytesIO()
        self.book: Workbook = xlsxwriter.Workbook(
            self._buffer, {"in_memory": True, "remove_timezone": True}
        )
        made = table.closed_at or datetime.combine(
            table.period.last, datetime.min.time()
        )
        self.book.set_properties(
            {"title": self.text("title"), "created": made.replace(tzinfo=None)}
        )
        self.title = self._format(bold=True, font_size=14, align="center", border=0)
        self.line = self._format(align="center", border=0, text_wrap=True)
        self.warning = self._format(
            align="center", border=0, italic=True, text_wrap=True
        )
        self.note = self._format(border=0, text_wrap=True, valign="top")
        self.head = self._format(
            bold=True, align="center", bg_color=HEAD_COLOUR, text_wrap=True
        )
        self.plain = self._format(text_wrap=True)
        self.middle = self._format(align="center")
        self.bold = self._format(bold=True)
        self.sum = self._format(bold=True, align="center")
        self.rate = self._format(align="center", num_format="0%")
        self.rate_sum = self._format(bold=True, align="center", num_format="0%")
        self.date = self._format(align="center", num_format=DATE)
        self.moment = self._format(align="center", num_format=MOMENT)
        self.link = self._format(font_color="#0B5394", underline=1, align="center")
        self.states = {
            state: self._format(align="center", bg_color=colour, text_wrap=True)
            for state, colour in COLOURS.items()
        }

    def text(self, name: str, **params: Any) -> str:
        return self.words.render(f"report.{name}", params)

    def sheet(self, name: str, title: str, widths: list[float]) -> Worksheet:
        """A new sheet with its title on the first three rows, ready to print."""
        sheet = self.book.add_worksheet(self.text(f"sheet_{name}"))
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer(f"&C&10{self.text('page')}")
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        last = len(widths) - 1
        whole = sum(widths)
        period = wording.period_name(self.words, self.table.period)
        version = wording.version_line(self.words, self.table, self.now)
        self.across(sheet, 0, last, self.text(title), self.title, whole)
        self.across(sheet, 1, last, f"{period}. {version}", self.line, whole)
        style = self.warning if self.table.is_assumed else self.line
        plan = wording.plan_line(self.words, self.table)
        self.across(sheet, 2, last, plan, style, whole)
        return sheet

    def across(
        self,
        sheet: Worksheet,
        row: int,
        last: int,
        text: str,
        style: Any,
        width: float,
    ) -> None:
        """One text over all columns; merged cells do not grow by themselves."""
        sheet.merge_range(row, 0, row, last, "", style)
        sheet.write_string(row, 0, text, style)
        lines = -(-len(text) // int(width * LETTERS_PER_WIDTH))
        sheet.set_row(row, 18 * max(1, lines) if row else 22)

    def header(self, sheet: Worksheet, row: int, names: list[str]) -> None:
        """Column heads that stay in view and come again on every page."""
        for place, name in enumerate(names):
            sheet.write_string(row, place, name, self.head)
        self.repeat(sheet, row)

    def repeat(self, sheet: Worksheet, last_row: int, columns: int = 2) -> None:
        sheet.freeze_panes(last_row + 1, columns)
        sheet.repeat_rows(last_row)

    def grow(self, sheet: Worksheet, row: int, texts: list[tuple[float, str]]) -> None:
        """A row as high as its longest text needs in its width (column's width, text)."""
        lines = [
            max(text.count("\n") + 1, -(-len(text) // int(width * LETTERS_PER_WIDTH)))
            for width, text in texts
        ]
        sheet.set_row(row, LINE_HEIGHT * max(1, *lines) + 3)

    def local(self, at: datetime) -> datetime:
        """Spreadsheets know no zones: the local time, without one."""
        return at.astimezone(self.now.tzinfo).replace(tzinfo=None)

    def finished(self) -> bytes:
        self.book.close()
        return self._buffer.getvalue()

    def _format(self, **properties: Any) -> Any:
        base = {"font_name": FONT, "font_size": 11, "valign": "vcenter", "border": 1}
        return self.book.add_format(base | properties)
