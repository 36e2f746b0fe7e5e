"""Who serves a unit, whether he has joined already or is only expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from bot.errors import OperatorError
from bot.people.officials import RANK, serves_on
from bot.search.fold import fold
from models import Membership, Official, Role


@dataclass(frozen=True, slots=True)
class Person:
    """One official in one unit."""

    official: Official
    role: Role


def people_of(session: Session, unit_code: str, on_day: date) -> list[Person]:
    """Those of higher roles first, then by name."""
    rows = session.execute(
        select(Official, col(Membership.role))
        .join(Membership, col(Membership.official_id) == col(Official.id))
        .where(col(Membership.unit_code) == unit_code, serves_on(on_day))
    ).all()
    people = [Person(official, Role(role)) for official, role in rows]
    return sorted(people, key=_by_role_and_name)


def namesakes(
    session: Session, unit_code: str, name: str, on_day: date
) -> list[Person]:
    """Those of the unit whose name reads the same, diacritics aside."""
    people = people_of(session, unit_code, on_day)
    return [one for one in people if fold(one.official.name) == fold(name)]


def named(session: Session, written: str) -> Official:
    """The official whom an operator means by a number, a pseudonym or a whole name; an
    ``OperatorError`` says why there is not exactly one."""
    match meant(session, written):
        case [one]:
            return one
        case []:
            raise OperatorError(f"no official {written!r}")
        case several:
            ids = ", ".join(one.pseudonym for one in several)
            raise OperatorError(f"{written!r} may be one of {ids}: use an id")


def meant(session: Session, written: str) -> list[Official]:
    """All whom a number, a pseudonym or a whole name may mean; by name only who has not
    left."""
    by_id = session.get(Official, int(written)) if written.isdecimal() else None
    exact = col(Official.pseudonym) == written
    found = [by_id] if by_id else list(session.scalars(select(Official).where(exact)))
    if found:
        return found
    here = select(Official).where(col(Official.left_at).is_(None))
    wanted = fold(written)
    return [one for one in session.scalars(here) if fold(one.name) == wanted]


def _by_role_and_name(person: Person) -> tuple[int, str, str, int]:
    """Vietnamese names are ordered by the last word, the given name."""
    words = fold(person.official.name).split()
    given = words[-1] if words else ""
    return -RANK[person.role], given, " ".join(words), person.official.id or 0
