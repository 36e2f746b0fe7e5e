"""Who an operator means when he lets somebody into the dashboard from the command line."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.errors import OperatorError
from bot.people import audit, joining, roster, units
from bot.people.officials import administrators
from models import AdminUnit, Official, Role


def official_meant(session: Session, key: str) -> Official:
    """By number, pseudonym or whole name; ``OperatorError`` unless it is one who joined."""
    found = [
        one
        for one in roster.meant(session, key)
        if one.joined_at is not None and one.left_at is None
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise OperatorError(
            f"--official {key}: nobody in office has this number or name"
        )
    several = ", ".join(f"{one.id} {one.name}" for one in found)
    raise OperatorError(f"--official {key}: say which number: {several}")


def administrator(session: Session, name: str, now: datetime, today: date) -> Official:
    """The one administrator; on a new installation he is made, for the topmost unit."""
    known = administrators(session, today)
    if len(known) == 1:
        return known[0]
    if known:
        several = ", ".join(f"{one.id} {one.name}" for one in known)
        raise OperatorError(f"--official: say which administrator: {several}")
    top = _topmost(session, today)
    person = joining.enrol(session, name, now)
    person.joined_at = now
    session.add(person)
    joining.appoint(session, person, top.code, Role.ADMINISTRATOR, today)
    detail = {"unit": top.code, "role": Role.ADMINISTRATOR}
    subject = f"official:{person.pseudonym}"
    audit.record(session, audit.OPERATOR, "official.made", subject, detail, now)
    return person


def _topmost(session: Session, today: date) -> AdminUnit:
    rows = session.scalars(
        select(AdminUnit).where(col(AdminUnit.parent_code).is_(None))
    )
    tops = [unit for unit in rows if units.is_in_force(unit, today)]
    if len(tops) != 1:
        codes = ", ".join(unit.code for unit in tops) or "none"
        raise OperatorError(
            f"no administrator yet, and not one topmost unit ({codes}): "
            "invite one (invite --unit CODE --role administrator), then login-link"
        )
    return tops[0]
