"""The words of reports, from ``content/texts/report.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from bot.duties.periods import Period
from bot.duties.table.cells import Cell, CellState
from bot.duties.table.grid import Column
from bot.duties.table.table import Table, TableDuty, Totals
from models import Counting


class Words(Protocol):
    """Texts by key; ``conversation.texts.Texts`` is one."""

    @property
    def keys(self) -> frozenset[str]:
        """Of all texts."""

    def render(self, key: str, params: Mapping[str, Any] | None = None) -> str:
        """The finished text."""


def period_name(words: Words, period: Period) -> str:
    """ "Tuần 47 năm 2026 (từ 16/11/2026 đến 22/11/2026)"."""
    year, _, number = period.key.partition("-")
    params = {
        "year": year,
        "number": number.lstrip("WQ0"),
        "first": period.first,
        "last": period.last,
    }
    return words.render(f"report.period_{period.cadence}", params)


def version_line(words: Words, table: Table, now: datetime) -> str:
    """Which version this is; only what is not closed yet says when it was made."""
    if table.version is None or table.closed_at is None:
        return words.render("report.live", {"at": now})
    params = {
        "version": table.version,
        "closed_at": table.closed_at.astimezone(now.tzinfo),
        "reason": table.version_reason,
    }
    return words.render("report.closed", params)


def plan_line(words: Words, table: Table) -> str:
    """The plan, and that it is assumed where it is."""
    if not table.is_assumed:
        return table.plan_title
    return f"{table.plan_title}. {words.render('report.assumed')}"


def duty_number(duty_id: str) -> str:
    """ "II-2.2" is known to everybody as "2.2"; those of Phụ lục III keep their III."""
    return duty_id.removeprefix("II-")


def duty_name(duty: TableDuty) -> str:
    return f"{duty_number(duty.id)} {duty.title}"


def channel_name(words: Words, channel: str) -> str:
    return words.render(f"report.channel_{channel or 'any'}")


def column_name(words: Words, column: Column) -> str:
    name = duty_name(column.duty)
    if len(column.duty.channels) < 2:
        return name
    return f"{name} · {channel_name(words, column.channel)}"


def sign(words: Words, state: CellState) -> str:
    return words.render(f"report.sign_{state}")


def cell_text(words: Words, cell: Cell, duty: TableDuty) -> str:
    """ "✓ 1/1 (+2)"."""
    params = {
        "sign": sign(words, cell.state),
        "credited": cell.credited,
        "quota": cell.quota,
        "extra": cell.extra,
        "is_ratio": duty.counting == Counting.RATIO,
        "reported_zero": cell.reported_zero,
    }
    return words.render("report.cell", params)


def legend(words: Words) -> str:
    parts = [
        f"{sign(words, state)} {words.render(f'report.state_{state}')}"
        for state in CellState
    ]
    return words.render("report.legend", {"parts": ", ".join(parts)})


def summary(words: Words, found: Totals) -> str:
    params = {
        "owed": found.owed,
        "on_time": found.on_time,
        "late": found.late,
        "missing": found.missing,
        "waiting_review": found.waiting_review,
        "exempt": found.exempt,
        "not_due": found.not_due,
        "timeliness": percent(found.timeliness),
        "completeness": percent(found.completeness),
    }
    return words.render("report.summary", params)


def percent(share: float | None) -> int:
    """Rounded down: 99,6 % is not all."""
    return int(100 * (share or 0.0) + 1e-9)


def proof_reason(words: Words, reason: str) -> str:
    """The sentence of a code, or a supervisor's own words."""
    key = f"checks.{reason}"
    return words.render(key) if key in words.keys else reason


def is_silent(cell: Cell) -> bool:
    """Nothing was reported, not even 0, and nothing excuses it."""
    return not cell.has_report and cell.state in (CellState.MISSING, CellState.NOT_DUE)
