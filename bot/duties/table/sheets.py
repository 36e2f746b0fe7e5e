"""The sheets of the report: the table, every proof, who is silent, progress, weeks."""

from __future__ import annotations

from datetime import datetime
from textwrap import wrap
from typing import Any

from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from bot.duties.table import wording
from bot.duties.table.grid import Column, Grid, grid_of
from bot.duties.table.table import Table, TableProof, Totals
from bot.duties.table.wording import Words
from bot.duties.table.workbook import Book

HEAD = 4  # the first row of heads, below title, period and plan
LINK_WIDTH = 34
LONGEST_LINK = 2000  # Excel takes 2,079 characters; a longer one stays plain text
ROW_HEIGHT = 20  # points: room to tick by hand on the printed page
_COUNTS = ("owed", "on_time", "late", "missing", "waiting_review", "exempt")


def report_xlsx(table: Table, words: Words, now: datetime) -> bytes:
    """The whole file; ``now`` in the zone of the reports."""
    book = Book(table, words, now)
    grid = grid_of(table)
    _table_sheet(book, grid)
    _proof_sheet(book)
    _silent_sheet(book, grid)
    if table.progress:
        _progress_sheet(book)
    if table.weeks:
        _week_sheet(book)
    return book.finished()


# --- the table --------------------------------------------------------------------------


def _table_sheet(book: Book, grid: Grid) -> None:
    width = max(9.0, min(18.0, 90.0 / max(1, len(grid.columns))))
    widths = [5.0, 22.0, *[width] * len(grid.columns), *[8.0] * len(_COUNTS), 10.0]
    sheet = book.sheet("table", "title", widths)
    if not grid.columns:
        sheet.write_string(HEAD, 1, book.text("nothing_owed"), book.note)
        return
    _table_head(book, sheet, grid)
    row = HEAD + 2
    for number, line in enumerate(grid.lines, start=1):
        sheet.write_number(row, 0, number, book.middle)
        sheet.write_string(row, 1, line.unit.name, book.plain)
        for place, (cell, column) in enumerate(
            zip(line.cells, grid.columns, strict=True), start=2
        ):
            if cell is None:
                sheet.write_blank(row, place, None, book.middle)
                continue
            text = wording.cell_text(book.words, cell, column.duty)
            sheet.write_string(row, place, text, book.states[cell.state])
        _line_counts(book, sheet, row, 2 + len(grid.columns), line.totals)
        sheet.set_row(row, ROW_HEIGHT)
        row += 1
    _table_sums(book, sheet, grid, row)
    last = len(widths) - 1
    for text in (
        wording.summary(book.words, book.table.totals),
        wording.legend(book.words),
    ):
        row += 2
        book.across(sheet, row, last, text, book.note, sum(widths))


def _table_head(book: Book, sheet: Worksheet, grid: Grid) -> None:
    """Two rows: duties over their channels, everything else over both."""
    counts = [f"head_{name}" for name in (*_COUNTS, "timeliness")]
    after = 2 + len(grid.columns)
    for place, name in [
        (0, "head_number"),
        (1, "head_unit"),
        *enumerate(counts, after),
    ]:
        _merged(book, sheet, (HEAD, place, HEAD + 1, place), book.text(name))
    place = 2
    for duty_columns in _by_duty(grid.columns):
        name = wording.duty_name(duty_columns[0].duty)
        last = place + len(duty_columns) - 1
        _merged(book, sheet, (HEAD, place, HEAD, last), name)
        for offset, column in enumerate(duty_columns):
            label = wording.channel_name(book.words, column.channel)
            sheet.write_string(HEAD + 1, place + offset, label, book.head)
        place = last + 1
    lines = max(
        -(-len(wording.duty_name(group[0].duty)) // (11 * len(group)))
        for group in _by_duty(grid.columns)
    )
    sheet.set_row(HEAD, 16 * max(2, lines))
    sheet.set_row(HEAD + 1, 32)
    sheet.freeze_panes(HEAD + 2, 2)
    sheet.repeat_rows(HEAD, HEAD + 1)


def _by_duty(columns: tuple[Column, ...]) -> list[list[Column]]:
    groups: dict[str, list[Column]] = {}
    for column in columns:
        groups.setdefault(column.duty.id, []).append(column)
    return list(groups.values())


def _merged(
    book: Book, sheet: Worksheet, area: tuple[int, int, int, int], text: str
) -> None:
    if area[:2] != area[2:]:
        sheet.merge_range(*area, "", book.head)
    sheet.write_string(area[0], area[1], text, book.head)


def _line_counts(
    book: Book, sheet: Worksheet, row: int, place: int, found: Totals
) -> None:
    for offset, name in enumerate(_COUNTS):
        sheet.write_number(row, place + offset, getattr(found, name), book.middle)
    share = found.timeliness
    if share is None:
        sheet.write_string(row, place + len(_COUNTS), "–", book.middle)
    else:
        exact = wording.percent(share) / 100
        sheet.write_number(row, place + len(_COUNTS), exact, book.rate)


def _table_sums(book: Book, sheet: Worksheet, grid: Grid, row: int) -> None:
    """Sums are formulas, so that whoever gets the file can see what was added."""
    sheet.merge_range(row, 0, row, 1, "", book.sum)
    sheet.write_string(row, 0, book.text("head_sum"), book.sum)
    for place in range(len(grid.columns)):
        found = grid.column_totals(place)
        text = f"{found.on_time}/{found.owed}"
        sheet.write_string(row, 2 + place, text, book.sum)
    whole = book.table.totals
    after = 2 + len(grid.columns)
    for offset, name in enumerate(_COUNTS):
        place = after + offset
        area = xl_range(HEAD + 2, place, row - 1, place)
        value = getattr(whole, name)
        sheet.write_formula(row, place, f"=SUM({area})", book.sum, value)
    _rate_sum(book, sheet, row, after + len(_COUNTS), whole)


def _rate_sum(
    book: Book, sheet: Worksheet, row: int, place: int, whole: Totals
) -> None:
    if whole.timeliness is None:
        sheet.write_string(row, place, "–", book.sum)
        return
    exact = wording.percent(whole.timeliness) / 100
    sheet.write_number(row, place, exact, book.rate_sum)


# --- lists ----------------------------------------------------------------------------------


def _proof_sheet(book: Book) -> None:
    widths = [5.0, 7.0, 17.0, 25.0, 9.0, 25.0, 33.0, 6.0, 11.0, 15.5, 20.0]
    sheet = book.sheet("proofs", "title_proofs", widths)
    heads = "number proof unit duty kind title url open published received state"
    book.header(sheet, HEAD, [book.text(f"head_{name}") for name in heads.split()])
    if not book.table.proofs:
        sheet.write_string(HEAD + 1, 1, book.text("none_proofs"), book.note)
    units = {unit.code: unit.name for unit in book.table.units}
    duties = {duty.id: duty for duty in book.table.duties}
    order = {unit.code: place for place, unit in enumerate(book.table.units)}
    proofs = sorted(book.table.proofs, key=lambda one: (order[one.unit_code], one.id))
    for row, proof in enumerate(proofs, start=HEAD + 1):
        column = Column(duties[proof.duty_id], proof.channel)
        duty = wording.column_name(book.words, column)
        state = _state(book, proof)
        sheet.write_number(row, 0, row - HEAD, book.middle)
        sheet.write_number(row, 1, proof.id, book.middle)
        sheet.write_string(row, 2, units[proof.unit_code], book.plain)
        sheet.write_string(row, 3, duty, book.plain)
        kind = book.words.render(f"report.kind_{proof.kind}")
        sheet.write_string(row, 4, kind, book.plain)
        sheet.write_string(row, 5, proof.title, book.plain)
        _link(book, sheet, row, 6, proof.url or "")
        if proof.published_on:
            sheet.write_datetime(row, 8, proof.published_on, book.date)
        else:
            sheet.write_blank(row, 8, None, book.date)
        sheet.write_datetime(row, 9, book.local(proof.received_at), book.moment)
        sheet.write_string(row, 10, state, book.plain)
        link = _broken(proof.url or "")
        book.grow(sheet, row, [(25, duty), (25, proof.title), (33, link), (20, state)])
    sheet.autofilter(HEAD, 0, HEAD + max(1, len(proofs)), len(widths) - 1)


def _state(book: Book, proof: TableProof) -> str:
    state = book.words.render(f"report.proof_{proof.state}")
    if proof.by_rule:
        state = book.words.render("report.proof_by_rule", {"state": state})
    reason = wording.proof_reason(book.words, proof.reason)
    return f"{state}: {reason}" if reason else state


def _link(book: Book, sheet: Worksheet, row: int, place: int, url: str) -> None:
    """The address to be read on paper, in lines, and beside it a link to press."""
    sheet.write_string(row, place, _broken(url), book.plain)
    if url.startswith(("http://", "https://")) and len(url) <= LONGEST_LINK:
        label = book.text("head_open")
        sheet.write_url(row, place + 1, url, book.link, string=label, tip=label)
    else:
        sheet.write_blank(row, place + 1, None, book.plain)


def _broken(url: str) -> str:
    """In lines: an address has no blanks to break at, and would be cut off."""
    return "\n".join(wrap(url, LINK_WIDTH, break_on_hyphens=False))


def _silent_sheet(book: Book, grid: Grid) -> None:
    sheet = book.sheet(
        "silent", "title_silent", [5.0, 26.0, 48.0, 14.0, 10.0, 14.0, 16.0]
    )
    heads = "number unit duty channel lacking due until"
    book.header(sheet, HEAD, [book.text(f"head_{name}") for name in heads.split()])
    row = HEAD
    for line in grid.lines:
        for cell, column in zip(line.cells, grid.columns, strict=True):
            if cell is None or not wording.is_silent(cell):
                continue
            row += 1
            channel = wording.channel_name(book.words, cell.channel)
            sheet.write_number(row, 0, row - HEAD, book.middle)
            sheet.write_string(row, 1, line.unit.name, book.plain)
            sheet.write_string(row, 2, wording.duty_name(column.duty), book.plain)
            sheet.write_string(row, 3, channel, book.plain)
            sheet.write_number(row, 4, cell.lacking, book.middle)
            sheet.write_datetime(row, 5, cell.due_on, book.date)
            sheet.write_datetime(row, 6, cell.on_time_until, book.date)
    if row == HEAD:
        sheet.write_string(HEAD + 1, 1, book.text("none_silent"), book.note)


def _progress_sheet(book: Book) -> None:
    sheet = book.sheet(
        "progress", "title_progress", [5.0, 24.0, 50.0, 11.0, 11.0, 14.0, 40.0]
    )
    heads = "number unit duty accepted waiting numbers note"
    book.header(sheet, HEAD, [book.text(f"head_{name}") for name in heads.split()])
    units = {unit.code: unit.name for unit in book.table.units}
    duties = {duty.id: wording.duty_name(duty) for duty in book.table.duties}
    for row, one in enumerate(book.table.progress, start=HEAD + 1):
        notes = []
        if one.reported_zero:
            notes.append(book.text("zero"))
        if not one.is_owed:
            notes.append(book.text("beside"))
        numbers = [str(value) for value in (one.done, one.total) if value is not None]
        sheet.write_number(row, 0, row - HEAD, book.middle)
        sheet.write_string(row, 1, units[one.unit_code], book.plain)
        sheet.write_string(row, 2, duties[one.duty_id], book.plain)
        sheet.write_number(row, 3, one.accepted, book.middle)
        sheet.write_number(row, 4, one.waiting, book.middle)
        sheet.write_string(row, 5, "/".join(numbers), book.middle)
        sheet.write_string(row, 6, "; ".join(notes), book.plain)


def _week_sheet(book: Book) -> None:
    """Weeks that end in the month, as many as there are."""
    table = book.table
    weeks = list(dict.fromkeys(week.period for week in table.weeks))
    widths = [5.0, 26.0, *[12.0] * len(weeks), 12.0]
    sheet = book.sheet("weeks", "title_weeks", widths)
    names = [
        book.text("week_short", number=key.partition("-W")[2].lstrip("0"))
        for key in weeks
    ]
    heads = [book.text("head_number"), book.text("head_unit")]
    book.header(sheet, HEAD, [*heads, *names, book.text("head_sum")])
    found: dict[tuple[str, str], Any] = {
        (week.unit_code, week.period): week.totals for week in table.weeks
    }
    owing = [
        unit for unit in table.units if any((unit.code, key) in found for key in weeks)
    ]
    for row, unit in enumerate(owing, start=HEAD + 1):
        sheet.write_number(row, 0, row - HEAD, book.middle)
        sheet.write_string(row, 1, unit.name, book.plain)
        row_totals = [found.get((unit.code, key)) for key in weeks]
        for place, one in enumerate(row_totals, start=2):
            text = f"{one.on_time}/{one.owed}" if one else ""
            sheet.write_string(row, place, text, book.middle)
        on_time = sum(one.on_time for one in row_totals if one)
        owed = sum(one.owed for one in row_totals if one)
        sheet.write_string(row, 2 + len(weeks), f"{on_time}/{owed}", book.sum)
