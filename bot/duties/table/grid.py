"""The table as rows and columns: units down, duties and their channels across."""

from __future__ import annotations

from dataclasses import dataclass

from bot.duties.table.cells import Cell
from bot.duties.table.table import Table, TableDuty, TableUnit, Totals, totals


@dataclass(frozen=True, slots=True)
class Column:
    """``channel`` is "" where the duty counts over all of them."""

    duty: TableDuty
    channel: str


@dataclass(frozen=True, slots=True)
class Line:
    """One unit; None where it does not owe what the column says."""

    unit: TableUnit
    cells: tuple[Cell | None, ...]

    @property
    def totals(self) -> Totals:
        return totals(cell for cell in self.cells if cell is not None)


@dataclass(frozen=True, slots=True)
class Grid:
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]

    def column_totals(self, place: int) -> Totals:
        cells = (line.cells[place] for line in self.lines)
        return totals(cell for cell in cells if cell is not None)


def grid_of(table: Table) -> Grid:
    """Every cell of the table in its place; units without a cell have no line."""
    here: dict[tuple[str, str, str], Cell] = {}
    channels: dict[str, dict[str, None]] = {}
    for cell in table.cells:
        here[cell.unit_code, cell.duty_id, cell.channel] = cell
        channels.setdefault(cell.duty_id, {})[cell.channel] = None
    columns = tuple(
        Column(duty, channel)
        for duty in table.duties
        for channel in channels.get(duty.id, {})
    )
    owing = {cell.unit_code for cell in table.cells}
    lines = tuple(
        Line(
            unit,
            tuple(here.get((unit.code, one.duty.id, one.channel)) for one in columns),
        )
        for unit in table.units
        if unit.code in owing
    )
    return Grid(columns, lines)
