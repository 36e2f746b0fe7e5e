"""Whose pages somebody may see: all units in his care at once, ended ones included.

``officials.may`` answers for one unit; here the same rule is worked out for every unit of
the map in one walk, because a page of a province cannot ask three thousand times. A test
holds the two against each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from bot.people.officials import LOOKS_AFTER_ALL_BELOW, RANK, memberships
from models import Account, AdminUnit, Official, Role, UnitSuccession


def units_seen(
    session: Session, official: Official, role: Role, on_day: date
) -> frozenset[str]:
    """The codes of all units, whenever in force, for which he may act in this role."""
    own: set[str] = set()
    whole: set[str] = set()
    for one in memberships(session, official.id or 0, on_day):
        if RANK[one.role] >= RANK[role]:
            (whole if one.role in LOOKS_AFTER_ALL_BELOW else own).add(one.unit_code)
    if not own | whole:
        return frozenset()
    land = _Land.of(session, on_day)
    return frozenset(
        code
        for code in land.places
        if not own.isdisjoint(land.heirs(code))
        or not whole.isdisjoint(land.above(code))
    )


def looks_after_all(
    session: Session, official: Official, role: Role, on_day: date
) -> bool:
    """Whether the whole installation is in his care: he has this role in a unit with
    nothing above it, or over the unit of every connected account."""
    top = select(col(AdminUnit.code)).where(col(AdminUnit.parent_code).is_(None))
    served = {
        one.unit_code
        for one in memberships(session, official.id or 0, on_day)
        if RANK[one.role] >= RANK[role] and one.role in LOOKS_AFTER_ALL_BELOW
    }
    if served & set(session.scalars(top)):
        return True
    seen = units_seen(session, official, role, on_day)
    accounts = session.scalars(select(col(Account.unit_code))).all()
    return bool(accounts) and all(code in seen for code in accounts)


@dataclass(frozen=True, slots=True)
class _Place:
    parent: str | None
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class _Land:
    """The whole map in memory; what it says equals ``units.heirs`` and ``units.above``."""

    day: date
    places: Mapping[str, _Place]
    successors: Mapping[str, Sequence[str]]
    predecessors: Mapping[str, Sequence[str]]
    known: dict[str, frozenset[str]]

    @classmethod
    def of(cls, session: Session, day: date) -> _Land:
        rows = session.execute(
            select(
                col(AdminUnit.code),
                col(AdminUnit.parent_code),
                col(AdminUnit.valid_from),
                col(AdminUnit.valid_to),
            )
        )
        places = {
            code: _Place(parent, since or date.min, until or date.max)
            for code, parent, since, until in rows
        }
        after, before = defaultdict(list), defaultdict(list)
        pairs = session.execute(
            select(
                col(UnitSuccession.predecessor_code), col(UnitSuccession.successor_code)
            )
        )
        for old, new in pairs:
            after[old].append(new)
            before[new].append(old)
        return cls(day, places, after, before, {})

    def heirs(self, code: str) -> set[str]:
        found: set[str] = set()
        waiting = [code]
        while waiting:
            one = waiting.pop()
            place = self.places.get(one)
            if place is None or one in found:
                continue
            found.add(one)
            if place.until < self.day:
                waiting += self.successors.get(one, ())
            elif place.since > self.day:
                waiting += self.predecessors.get(one, ())
        return found

    def above(self, code: str) -> frozenset[str]:
        known = self.known.get(code)
        if known is not None:
            return known
        found: set[str] = set()
        waiting = list(self.heirs(code))
        while waiting:
            one = waiting.pop()
            if one in found:
                continue
            found.add(one)
            parent = self.places[one].parent
            if parent is not None and parent not in found:
                waiting += self.heirs(parent)
        self.known[code] = frozenset(found)
        return self.known[code]
