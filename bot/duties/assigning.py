"""Giving a duty of a plan to a unit, and taking it back, by date.

Past periods are judged by who owned the duty then: an assignment is never deleted, it
ends. One that begins in mid-period owes that period in whole, as ``plans`` says; begin with
the first day of the next one to be fair. Who may assign is for the caller to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.duties.plans import duties_of, is_assigned_on, plan_on
from bot.errors import OperatorError
from bot.people import audit, units
from models import Assignment, Origin, Plan, PlanDuty

_DAY = timedelta(days=1)


class NotAssignableError(OperatorError):
    """This duty cannot be given to this unit from this day; the text says why."""


def assign(
    session: Session,
    plan_id: str,
    duty_id: str,
    unit_code: str,
    *,
    by: str,
    since_on: date,
    now: datetime,
) -> Assignment:
    """The unit owns the duty from this day to the end of the plan. ``by`` is a pseudonym
    or ``audit.OPERATOR``."""
    plan = session.get(Plan, plan_id)
    if plan is None or session.get(PlanDuty, (plan_id, duty_id)) is None:
        raise NotAssignableError(f"plan {plan_id!r} has no duty {duty_id!r}")
    if not plan.valid_from <= since_on <= plan.valid_to:
        raise NotAssignableError(
            f"{since_on} lies outside plan {plan_id} "
            f"({plan.valid_from} to {plan.valid_to})"
        )
    unit = units.by_code(session, unit_code)
    if unit is None or not units.is_in_force(unit, since_on):
        raise NotAssignableError(f"{unit_code!r} is no unit in force on {since_on}")
    if _owned_from(session, plan_id, duty_id, unit_code, since_on):
        raise NotAssignableError(
            f"{unit_code} owns {duty_id} on {since_on} or later already"
        )
    key = f"{plan_id}:{duty_id}:{unit_code}"
    if session.get(Assignment, key) is not None:  # owned before, and ended
        key = f"{key}@{since_on}"
    assignment = Assignment(
        id=key,
        plan_id=plan_id,
        duty_id=duty_id,
        unit_code=unit_code,
        valid_from=since_on,
        valid_to=plan.valid_to,
        origin=Origin.LOCAL,
    )
    session.add(assignment)
    session.flush()
    _note(session, "duty.assign", assignment, by, since_on, now)
    return assignment


def unassign(
    session: Session,
    assignment: Assignment,
    *,
    by: str,
    until_on: date,
    now: datetime,
) -> None:
    """The unit owns the duty up to and including this day."""
    if until_on < assignment.valid_from - _DAY:
        raise NotAssignableError(
            f"{assignment.id} begins on {assignment.valid_from}, after {until_on}"
        )
    assignment.valid_to = until_on
    session.add(assignment)
    session.flush()
    _note(session, "duty.unassign", assignment, by, until_on, now)


def assignment_on(
    session: Session, plan_id: str, duty_id: str, unit_code: str, day: date
) -> Assignment | None:
    """The one that holds on this day."""
    return session.scalars(
        select(Assignment).where(
            col(Assignment.plan_id) == plan_id,
            col(Assignment.duty_id) == duty_id,
            col(Assignment.unit_code) == unit_code,
            col(Assignment.valid_from) <= day,
            or_(col(Assignment.valid_to).is_(None), col(Assignment.valid_to) >= day),
        )
    ).first()


def duty_lines(session: Session, plan_id: str | None, today: date) -> Iterator[str]:
    """For the terminal: each duty of the plan with its owners of today."""
    plan = session.get(Plan, plan_id) if plan_id else plan_on(session, today)
    if plan is None:
        raise OperatorError(f"no plan {plan_id or f'is in force on {today}'}")
    assumed = " (assumed)" if plan.is_assumed else ""
    yield f"{plan.id}{assumed}: {plan.title}, {plan.valid_from} to {plan.valid_to}"
    day = min(max(today, plan.valid_from), plan.valid_to)
    owners: dict[str, list[str]] = {}
    for duty_id, code in session.execute(
        select(col(Assignment.duty_id), col(Assignment.unit_code))
        .where(col(Assignment.plan_id) == plan.id, is_assigned_on(day))
        .order_by(col(Assignment.unit_code))
    ):
        owners.setdefault(duty_id, []).append(code)
    for duty in duties_of(session, plan.id):
        quota = "no quota" if duty.quota is None else f"{duty.quota} {duty.counting}"
        who = ", ".join(owners.get(duty.duty_id, ["nobody"]))
        yield f"{duty.duty_id} {duty.short_title} [{duty.cadence}, {quota}]: {who}"


def _owned_from(
    session: Session, plan_id: str, duty_id: str, unit_code: str, day: date
) -> bool:
    found = session.scalars(
        select(col(Assignment.id)).where(
            col(Assignment.plan_id) == plan_id,
            col(Assignment.duty_id) == duty_id,
            col(Assignment.unit_code) == unit_code,
            or_(col(Assignment.valid_to).is_(None), col(Assignment.valid_to) >= day),
        )
    )
    return found.first() is not None


def _note(
    session: Session,
    action: str,
    assignment: Assignment,
    by: str,
    day: date,
    now: datetime,
) -> None:
    subject = f"assignment:{assignment.id}"
    audit.record(session, by, action, subject, {"day": day.isoformat()}, now)
