"""Plans and who owes what in a period.

One plan is in force on a day. A period belongs to the plan, and a duty of it to the unit,
that are in force on the period's **last day**: that day it falls due, and somebody must be
there to answer for it. So a week in which units merge is owed by the new ones, and what the
old ones had already shown in it stays theirs and is listed beside the cells.

A plan that ends in mid-period (a year, when the district ended in June) asks for nothing
in it: there are no cells, and what was done until then is shown as progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlmodel import Session, col

from bot.duties.periods import Period
from bot.people.collation import name_key
from bot.text_lists import one_of
from models import AdminUnit, Assignment, Cadence, Plan, PlanDuty


@dataclass(frozen=True, slots=True)
class Obligation:
    """One unit owes one duty in one period."""

    unit_code: str
    unit_name: str
    duty: PlanDuty
    is_due: bool = True

    @property
    def has_cells(self) -> bool:
        """Whether it can be reached or missed; else it is only followed."""
        return self.is_due and self.duty.quota is not None


def plan_on(session: Session, day: date) -> Plan | None:
    """The plan in force on this day; of two, the one that began later."""
    return session.scalars(
        select(Plan)
        .where(col(Plan.valid_from) <= day, col(Plan.valid_to) >= day)
        .order_by(col(Plan.valid_from).desc(), col(Plan.id))
        .limit(1)
    ).first()


def plan_of(session: Session, period: Period) -> Plan | None:
    """The plan a period belongs to: in force on its last day, else the last one in it."""
    found = plan_on(session, period.last)
    if found is not None:
        return found
    return session.scalars(
        select(Plan)
        .where(col(Plan.valid_from) <= period.last, col(Plan.valid_to) >= period.first)
        .order_by(col(Plan.valid_to).desc(), col(Plan.id))
        .limit(1)
    ).first()


def duties_of(session: Session, plan_id: str) -> Sequence[PlanDuty]:
    """All duties of a plan in the order of its appendices."""
    return session.scalars(
        select(PlanDuty)
        .where(col(PlanDuty.plan_id) == plan_id)
        .order_by(col(PlanDuty.position), col(PlanDuty.duty_id))
    ).all()


def obligations(
    session: Session, period: Period, unit_codes: Sequence[str] | None = None
) -> list[Obligation]:
    """Who owes what of this cadence, by unit, then in the order of the plan. ``is_due`` is
    False where the plan ends before the period does."""
    plan = plan_of(session, period)
    if plan is None:
        return []
    day = min(period.last, plan.valid_to)
    duties = {
        duty.duty_id: duty
        for duty in duties_of(session, plan.id)
        if falls_in(duty, period)
    }
    rows = session.execute(
        select(col(Assignment.unit_code), col(AdminUnit.name), col(Assignment.duty_id))
        .join(AdminUnit, col(AdminUnit.code) == col(Assignment.unit_code))
        .where(
            col(Assignment.plan_id) == plan.id,
            col(Assignment.duty_id).in_(duties),
            is_assigned_on(day),
            is_unit_on(day),
            among(col(Assignment.unit_code), unit_codes),
        )
        .distinct()
    )
    is_due = day == period.last
    found = [Obligation(code, name, duties[duty], is_due) for code, name, duty in rows]
    return _in_order(found)


def falls_in(duty: PlanDuty, period: Period) -> bool:
    """What is done once in a plan falls due with its year."""
    cadence = Cadence.YEARLY if duty.cadence == Cadence.ONCE else duty.cadence
    return cadence == period.cadence


def is_assigned_on(day: date) -> ColumnElement[bool]:
    """SQL: the assignment holds on this day."""
    return and_(
        col(Assignment.valid_from) <= day,
        or_(col(Assignment.valid_to).is_(None), col(Assignment.valid_to) >= day),
    )


def is_unit_on(day: date) -> ColumnElement[bool]:
    """SQL: the unit is in force on this day."""
    return and_(
        or_(col(AdminUnit.valid_from).is_(None), col(AdminUnit.valid_from) <= day),
        or_(col(AdminUnit.valid_to).is_(None), col(AdminUnit.valid_to) >= day),
    )


def among(column: Any, codes: Sequence[str] | None) -> ColumnElement[bool]:
    """SQL: one of these; all without a list."""
    return true() if codes is None else one_of(column, codes)


def _in_order(found: Sequence[Obligation]) -> list[Obligation]:
    """By unit, then as in the plan. A country's units are put in order once, not once for
    each of their duties."""
    units = {(one.unit_name, one.unit_code) for one in found}
    in_order = sorted(units, key=lambda unit: (name_key(unit[0]), unit[1]))
    place = {unit: number for number, unit in enumerate(in_order)}
    duties = {one.duty.duty_id: one.duty for one in found}
    rank = {duty_id: (one.position, duty_id) for duty_id, one in duties.items()}
    return sorted(
        found,
        key=lambda one: (
            place[one.unit_name, one.unit_code],
            rank[one.duty.duty_id],
        ),
    )
