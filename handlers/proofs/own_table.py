"""của tôi: how my unit stands, this week and the three before, in signs. bảng: all of them.

```mermaid
stateDiagram-v2
    [*] --> unit: several units
    unit --> unit: not clear
    unit --> [*]: the table
    [*] --> [*]: one unit
```
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.dialogs import Dialog, Done
from bot.conversation.turn import Reply, Turn
from bot.duties.periods import Period, period_of
from bot.duties.proofs import reviewing
from bot.duties.table.cells import OPEN, Cell, unit_history, week_table
from bot.people import officials, units
from handlers.choosing import UNIT_STEP, Choice, UnitQuestion, unit_choices
from handlers.officials import only_officials
from handlers.proofs.places import SIGNS, duty_label, period_label
from models import Cadence, Official, PlanDuty, Role

WEEKS = 4
# Longer than this nobody reads in a chat; the table as a file holds all.
MOST_UNITS = 15
LAST_WEEK = "previous"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return OWN_TABLE.start(turn, _WHICH_UNIT.begin(turn, official))


def _units(turn: Turn, official: Official) -> list[Choice]:
    return unit_choices(officials.units_of(turn.session, official.id or 0, turn.today))


def _show(turn: Turn, official: Official, unit_code: str) -> Done:
    weeks = unit_history(turn.session, unit_code, WEEKS, turn.local_now)
    month = period_of(turn.today, Cadence.MONTHLY)
    quarter = period_of(turn.today, Cadence.QUARTERLY)
    rest = [
        (period, _cells(turn, period, [unit_code]))
        for period in (month.previous, month, quarter)
    ]
    cells = [cell for _, row in [*weeks, *rest] for cell in row]
    if not cells:
        return Done([Reply("tables.nothing_owed", remark=True)])
    params = {
        "unit": units.by_code(turn.session, unit_code),
        "weeks": [int(period.key[-2:]) for period, _ in weeks],
        "rows": _rows(turn, [row for _, row in weeks]),
        "others": [
            {"period": period_label(turn, period), "rows": _rows(turn, [row])}
            for period, row in rest
            if row
        ],
        "signs": _legend(turn, cells),
        "supervises": officials.may(
            turn.session, official, Role.SUPERVISOR, None, turn.today
        ),
    }
    options = (turn.option("tables.submit", "submit"),)
    return Done([Reply("tables.own", params, options)])


def _cells(turn: Turn, period: Period, codes: Sequence[str]) -> list[Cell]:
    return week_table(turn.session, period, turn.local_now, codes)


def _rows(turn: Turn, columns: Sequence[Sequence[Cell]]) -> list[dict[str, object]]:
    """One line for each duty and channel: its signs, oldest first."""
    keys = dict.fromkeys(
        (cell.plan_id, cell.duty_id, cell.channel) for row in columns for cell in row
    )
    return [
        {
            "signs": " ".join(_sign(row, key) for row in columns),
            "title": _title(turn, *key),
            "count": _count([cell for cell in columns[-1] if _key(cell) == key]),
        }
        for key in keys
    ]


def _key(cell: Cell) -> tuple[str, str, str]:
    return cell.plan_id, cell.duty_id, cell.channel


def _sign(row: Sequence[Cell], key: tuple[str, str, str]) -> str:
    """A dot where nothing was owed."""
    return next((SIGNS[cell.state] for cell in row if _key(cell) == key), "·")


def _count(cells: Sequence[Cell]) -> str:
    """ "1/2" where one is not enough."""
    return next((f"{c.credited}/{c.quota}" for c in cells if c.quota > 1), "")


def _title(turn: Turn, plan_id: str, duty_id: str, channel: str) -> str:
    duty = turn.session.get(PlanDuty, (plan_id, duty_id))
    if duty is None:
        return duty_id
    return duty_label(turn, duty_id, duty.short_title, channel, duty.channels)


def _legend(turn: Turn, cells: Sequence[Cell]) -> list[dict[str, str]]:
    """The legend of what is to be seen, no more."""
    seen = {cell.state for cell in cells}
    return [
        {"sign": sign, "label": turn.label(f"cell_states.{state}")}
        for state, sign in SIGNS.items()
        if state in seen
    ]


# --- all units ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _UnitRow:
    name: str
    missing: tuple[str, ...]


def show_all(turn: Turn) -> list[Reply]:
    """The week of all units that a supervisor looks after: counts, and who is missing."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    codes = [
        unit.code
        for unit in officials.units_in_care(
            turn.session, official, Role.SUPERVISOR, turn.today
        )
    ]
    if not codes:
        return begin(turn)  # his own unit is all the table he has
    running = period_of(turn.today, Cadence.WEEKLY)
    is_previous = turn.command is not None and turn.command.argument == LAST_WEEK
    period = running.previous if is_previous else running
    cells = _cells(turn, period, codes)
    if not cells:
        return [
            Reply("tables.nothing_owed_below", {"period": period_label(turn, period)})
        ]
    rows = _missing_by_unit(turn, cells)
    params = {
        "period": period_label(turn, period),
        "units": len({cell.unit_code for cell in cells}),
        "counts": _counts(turn, cells),
        "missing": rows[:MOST_UNITS],
        "more": max(0, len(rows) - MOST_UNITS),
        "is_running": not is_previous,
        "to_review": len(reviewing.waiting(turn.session, official, turn.local_now)),
    }
    other = (
        turn.option("tables.this_week", "all_table")
        if is_previous
        else turn.option("tables.previous_week", "all_table", LAST_WEEK)
    )
    options = (other, turn.option("tables.review", "review"))
    return [Reply("tables.all", params, options)]


def _counts(turn: Turn, cells: Sequence[Cell]) -> list[dict[str, object]]:
    counted = Counter(cell.state for cell in cells)
    return [
        {
            "sign": sign,
            "label": turn.label(f"cell_states.{state}"),
            "count": counted[state],
        }
        for state, sign in SIGNS.items()
        if counted[state]
    ]


def _missing_by_unit(turn: Turn, cells: Sequence[Cell]) -> list[_UnitRow]:
    """Those that still lack something, who lacks most first."""
    found: dict[str, list[str]] = {}
    for cell in cells:
        if cell.state in OPEN:
            title = _short_title(turn, cell)
            found.setdefault(cell.unit_name, []).append(title)
    rows = [_UnitRow(name, tuple(missing)) for name, missing in found.items()]
    return sorted(rows, key=lambda row: (-len(row.missing), row.name))


def _short_title(turn: Turn, cell: Cell) -> str:
    """ "2.2 trang web": one line of a phone for each unit."""
    number = cell.duty_id.removeprefix("II-")
    channel = turn.label(f"channels.{cell.channel}") if cell.channel else ""
    return f"{number} {channel}".strip()


_WHICH_UNIT = UnitQuestion("tables.which_unit", "officials.no_unit", _units, _show)
OWN_TABLE = Dialog("own_table", {UNIT_STEP: _WHICH_UNIT.step})
