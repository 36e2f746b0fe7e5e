"""What is shown of duties without a number, and of proofs that no cell waits for.

The plan names no quota for most duties; for these there is a row that says what was done,
never whether it was enough. A proof of a unit that did not owe the duty at the end of the
period (it was merged on the way, or published more than it had to) stands in such a row,
too: nothing that was earned disappears.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.duties.periods import Period
from bot.duties.plans import duties_of, falls_in, obligations, plan_of
from bot.duties.table.cells import Cell
from bot.duties.table.tallies import Tally, scope_of, tallies


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """``is_owed`` False: credits of a unit that owed nothing here at the period's end."""

    unit_code: str
    duty_id: str
    accepted: int
    waiting: int
    is_owed: bool
    reported_zero: bool
    done: int | None = None
    total: int | None = None


def progress_rows(
    session: Session,
    period: Period,
    cells: Iterable[Cell],
    zone: ZoneInfo,
    unit_codes: Sequence[str] | None = None,
) -> list[ProgressRow]:
    """By unit, then in the order of the plan; ``cells`` are those of this period and of
    these units."""
    plan = plan_of(session, period)
    if plan is None:
        return []
    duties = [duty for duty in duties_of(session, plan.id) if falls_in(duty, period)]
    scopes = [scope_of(duty, period, zone) for duty in duties]
    in_cells = {(cell.unit_code, cell.duty_id, cell.channel) for cell in cells}
    found: dict[tuple[str, str], Tally] = {}
    for key, tally in tallies(session, scopes, unit_codes).items():
        unit_duty = (key.unit_code, key.duty_id)
        if not {(*unit_duty, key.channel), (*unit_duty, "")} & in_cells:
            found[unit_duty] = found.get(unit_duty, Tally()) + tally
    owed = [
        (one.unit_code, one.duty.duty_id)
        for one in obligations(session, period, unit_codes)
        if not one.has_cells
    ]
    beside = sorted(found.keys() - set(owed))
    return [
        *(_row(key, found.get(key, Tally()), is_owed=True) for key in owed),
        *(_row(key, found[key], is_owed=False) for key in beside),
    ]


def _row(key: tuple[str, str], tally: Tally, *, is_owed: bool) -> ProgressRow:
    accepted = [numbers for numbers in tally.numbers if numbers.is_accepted]
    newest = accepted[-1] if accepted else None
    return ProgressRow(
        unit_code=key[0],
        duty_id=key[1],
        accepted=tally.counted + len(accepted),
        waiting=tally.waiting + len(tally.numbers) - len(accepted),
        is_owed=is_owed,
        reported_zero=any(numbers.done == 0 for numbers in tally.numbers),
        done=newest.done if newest else None,
        total=newest.total if newest else None,
    )
