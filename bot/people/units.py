"""Administrative units by date: old names lead to the unit in force today."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.search.fold import fold
from models import AdminUnit, OneStopDesk, UnitLevel, UnitSuccession


def by_code(session: Session, code: str) -> AdminUnit | None:
    return session.get(AdminUnit, code)


def name_of(session: Session, code: str) -> str:
    """What people call it; the code itself for one that nobody knows."""
    unit = by_code(session, code)
    return unit.name if unit else code


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


def commune_named_in(session: Session, text: str, day: date) -> AdminUnit | None:
    """The commune in force whose name stands in this text, as in "UBND xã Cần Đước"; of
    two ("Xã Tân Lân", "Xã Tân Lân Đông") the longer one."""
    folded = fold(text)
    named = [u for u in communes_on(session, day) if fold(u.name) in folded]
    return max(named, key=lambda unit: len(unit.name), default=None)


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


def heirs(session: Session, code: str, day: date) -> list[str]:
    """This unit, and who stands for it on a day when it has ended or not yet begun."""
    found: list[str] = []
    waiting = [code]
    while waiting:
        unit = by_code(session, waiting.pop(0))
        if unit is None or unit.code in found:
            continue
        found.append(unit.code)
        if unit.valid_to is not None and unit.valid_to < day:
            waiting += [one.code for one in successors(session, unit.code)]
        elif not is_in_force(unit, day):
            waiting += [one.code for one in predecessors(session, unit.code)]
    return found


def above(session: Session, code: str, day: date) -> list[str]:
    """This unit or its heirs, and all that stand above them, nearest first."""
    found: list[str] = []
    waiting = heirs(session, code, day)
    while waiting:
        unit = by_code(session, waiting.pop(0))
        if unit is None or unit.code in found:
            continue
        found.append(unit.code)
        if unit.parent_code:
            waiting += heirs(session, unit.parent_code, day)
    return found


def below(session: Session, code: str, day: date) -> list[AdminUnit]:
    """This unit and all under it that are in force on this day, by name."""
    root = select(col(AdminUnit.code)).where(col(AdminUnit.code) == code)
    tree = root.cte("tree", recursive=True)
    under = select(col(AdminUnit.code)).join(
        tree, col(AdminUnit.parent_code) == tree.c.code
    )
    everything = tree.union(under)
    found = session.scalars(
        select(AdminUnit)
        .join(everything, col(AdminUnit.code) == everything.c.code)
        .order_by(col(AdminUnit.name), col(AdminUnit.code))
    )
    return [unit for unit in found if is_in_force(unit, day)]


def named(session: Session, written: str, day: date) -> list[AdminUnit]:
    """The units in force that an operator means by a code or a whole name."""
    exact = by_code(session, written)
    if exact is not None:
        return [exact] if is_in_force(exact, day) else []
    return [
        unit
        for unit in session.scalars(select(AdminUnit).order_by(col(AdminUnit.code)))
        if fold(unit.name) == fold(written) and is_in_force(unit, day)
    ]


def unknown(session: Session, written: str, day: date | None = None) -> str:
    """What to say to an operator about a unit that there is not (on that day)."""
    ended = by_code(session, written)
    if ended is not None and day is not None:
        followers = ", ".join(heirs(session, written, day)[1:])
        return f"{written} is not in force" + (
            f", now {followers}" if followers else ""
        )
    by_word = {
        fold(word): unit.code
        for unit in session.scalars(select(AdminUnit))
        if day is None or is_in_force(unit, day)
        for word in (unit.code, unit.name)
    }
    near = difflib.get_close_matches(fold(written), by_word, n=3)
    codes = ", ".join(dict.fromkeys(by_word[word] for word in near))
    return f"no unit {written!r}" + (f", did you mean {codes}?" if codes else "")


def desk_of(session: Session, unit_code: str) -> OneStopDesk | None:
    return session.get(OneStopDesk, unit_code)
