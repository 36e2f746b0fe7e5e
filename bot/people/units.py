"""Administrative units by date: old names lead to the unit in force today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlmodel import Session, col

from models import AdminUnit, OneStopDesk, UnitLevel, UnitSuccession


def by_code(session: Session, code: str) -> AdminUnit | None:
    return session.get(AdminUnit, code)


def communes_on(session: Session, day: date) -> Sequence[AdminUnit]:
    """The communes in force on this day, by name."""
    return session.scalars(
        select(AdminUnit)
        .where(
            col(AdminUnit.level) == UnitLevel.COMMUNE,
            or_(col(AdminUnit.valid_from).is_(None), col(AdminUnit.valid_from) <= day),
            or_(col(AdminUnit.valid_to).is_(None), col(AdminUnit.valid_to) >= day),
        )
        .order_by(col(AdminUnit.name))
    ).all()


def is_in_force(unit: AdminUnit, day: date) -> bool:
    started = unit.valid_from is None or unit.valid_from <= day
    return started and (unit.valid_to is None or unit.valid_to >= day)


def successors(session: Session, code: str) -> Sequence[AdminUnit]:
    """The units that took over, by name."""
    return session.scalars(
        select(AdminUnit)
        .join(UnitSuccession, col(UnitSuccession.successor_code) == col(AdminUnit.code))
        .where(col(UnitSuccession.predecessor_code) == code)
        .order_by(col(AdminUnit.name))
    ).all()


def predecessors(session: Session, code: str) -> Sequence[AdminUnit]:
    return session.scalars(
        select(AdminUnit)
        .join(
            UnitSuccession, col(UnitSuccession.predecessor_code) == col(AdminUnit.code)
        )
        .where(col(UnitSuccession.successor_code) == code)
        .order_by(col(AdminUnit.name))
    ).all()


def desk_of(session: Session, unit_code: str) -> OneStopDesk | None:
    return session.get(OneStopDesk, unit_code)
