"""The report of a period for the terminal, and as JSON for other programs.

Everything printed comes out of the ``Table``: of a closed version it is the same for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from bot.duties.table import wording
from bot.duties.table.cells import Cell
from bot.duties.table.grid import Grid, grid_of
from bot.duties.table.table import Table, TableProof, Totals, proofs_by_cell
from bot.duties.table.wording import Words

_GAP = 2


def report_lines(table: Table, words: Words, now: datetime) -> Iterator[str]:
    """For the terminal; ``now`` in the zone of the reports."""
    yield wording.period_name(words, table.period)
    yield wording.plan_line(words, table)
    yield wording.version_line(words, table, now)
    yield ""
    grid = grid_of(table)
    if not grid.columns:
        yield words.render("report.nothing_owed")
        return
    yield from _rows(grid, words)
    yield ""
    for number, column in enumerate(grid.columns, start=1):
        yield f"{number}: {wording.column_name(words, column)}"
    yield ""
    yield wording.legend(words)
    yield wording.summary(words, table.totals)
    yield from _silent(grid, words)


def report_json(table: Table, zone: tzinfo) -> dict[str, Any]:
    """What other programs read: ids are texts, times have their offset."""
    sent = proofs_by_cell(table)
    return {
        "period": table.period.key,
        "plan": table.plan_id,
        "is_assumed": table.is_assumed,
        "version": table.version,
        "closed_at": _moment(table.closed_at, zone),
        "cells": [_cell(cell, sent[cell], zone) for cell in table.cells],
        "progress": [
            {
                "unit": row.unit_code,
                "duty": row.duty_id,
                "accepted": row.accepted,
                "waiting": row.waiting,
                "reported_zero": row.reported_zero,
                "done": row.done,
                "total": row.total,
                "is_owed": row.is_owed,
            }
            for row in table.progress
        ],
        "weeks": [
            {"period": week.period, "unit": week.unit_code} | _totals(week.totals)
            for week in table.weeks
        ],
        "totals": _totals(table.totals),
    }


def _cell(cell: Cell, proofs: list[TableProof], zone: tzinfo) -> dict[str, Any]:
    return {
        "unit": cell.unit_code,
        "duty": cell.duty_id,
        "channel": cell.channel,
        "quota": cell.quota,
        "credited": cell.credited,
        "extra": cell.extra,
        "state": cell.state.value,
        "reported_zero": cell.reported_zero,
        "done": cell.done,
        "total": cell.total,
        "due_on": cell.due_on.isoformat(),
        "on_time_until": cell.on_time_until.isoformat(),
        "exempt_by": cell.exempt_by,
        "exempt_reason": cell.exempt_reason,
        "proofs": [_proof(proof, zone) for proof in proofs],
    }


def _proof(proof: TableProof, zone: tzinfo) -> dict[str, Any]:
    return {
        "id": str(proof.id),
        "kind": proof.kind,
        "url": proof.url,
        "state": proof.state,
        "reason": proof.reason,
        "received_at": _moment(proof.received_at, zone),
    }


def _moment(at: datetime | None, zone: tzinfo) -> str | None:
    return at.astimezone(zone).isoformat() if at else None


def _totals(found: Totals) -> dict[str, int]:
    return {
        "cells": found.cells,
        "owed": found.owed,
        "on_time": found.on_time,
        "late": found.late,
        "missing": found.missing,
        "waiting_review": found.waiting_review,
        "exempt": found.exempt,
        "not_due": found.not_due,
        "reported": found.reported,
    }


def _rows(grid: Grid, words: Words) -> Iterator[str]:
    """One line a unit, columns by number, signs with what is counted."""
    head = [
        words.render("report.head_unit"),
        *(str(number) for number, _ in enumerate(grid.columns, start=1)),
        words.render("report.head_on_time"),
    ]
    rows = [head]
    for line in grid.lines:
        cells = [
            wording.cell_text(words, cell, column.duty) if cell else ""
            for cell, column in zip(line.cells, grid.columns, strict=True)
        ]
        found = line.totals
        rows.append([line.unit.name, *cells, f"{found.on_time}/{found.owed}"])
    widths = [max(len(text) for text in column) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [
            text.ljust(width + _GAP) for text, width in zip(row, widths, strict=True)
        ]
        yield "".join(padded).rstrip()


def _silent(grid: Grid, words: Words) -> Iterator[str]:
    """Units with the numbers of the columns in which they are silent."""
    found = []
    for line in grid.lines:
        numbers = [
            str(number)
            for number, cell in enumerate(line.cells, start=1)
            if cell is not None and wording.is_silent(cell)
        ]
        if numbers:
            found.append(f"  {line.unit.name}: {', '.join(numbers)}")
    if found:
        yield words.render("report.silent")
        yield from found
