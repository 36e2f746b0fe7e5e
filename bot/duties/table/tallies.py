"""How many proofs stand behind each cell, counted by the database.

A proof counts once per duty: of several with the same link or the same file the first that
was accepted counts, whichever unit, channel or week the others name; a repeat is neither
credit nor report. Only accepted proofs are credited; what waits for a check or for a
supervisor is counted apart. Numbers are no items: they are read one by one, for ratios and
for "reported 0".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.duties.deadlines import end_of, last_report_on
from bot.duties.periods import Period
from bot.duties.plans import among
from models import EvidenceKind, PlanDuty, Proof, ProofState

WAITING = (ProofState.RECEIVED, ProofState.OK, ProofState.DOUBTFUL)
ALIVE = (ProofState.ACCEPTED, *WAITING)
DONE, TOTAL = "done", "total"  # keys of ``Proof.numbers``
_CELL = (
    col(Proof.unit_code),
    col(Proof.duty_id),
    col(Proof.channel),
    col(Proof.period),
)


class CellKey(NamedTuple):
    """``channel`` as the proof names it."""

    unit_code: str
    duty_id: str
    channel: str
    period: str


@dataclass(frozen=True, slots=True)
class Scope:
    """One duty in one period, and until when a report of it is on time."""

    duty_id: str
    period: str
    first_on: date
    last_on: date
    on_time_before: datetime


@dataclass(frozen=True, slots=True)
class Numbers:
    """One report of numbers that nobody refused."""

    done: int | None
    total: int | None
    is_accepted: bool
    is_timely: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Of the ``counted`` items ``timely`` came in time; ``reports`` counts whatever
    arrived, numbers too, which stand apart, oldest first."""

    counted: int = 0
    timely: int = 0
    waiting: int = 0
    reports: int = 0
    numbers: tuple[Numbers, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.counted + other.counted,
            self.timely + other.timely,
            self.waiting + other.waiting,
            self.reports + other.reports,
            self.numbers + other.numbers,
        )


def scope_of(duty: PlanDuty, period: Period, zone: ZoneInfo) -> Scope:
    until = end_of(last_report_on(duty, period), zone)
    return Scope(duty.duty_id, period.key, period.first, period.last, until)


def tallies(
    session: Session, scopes: Iterable[Scope], unit_codes: Sequence[str] | None = None
) -> dict[CellKey, Tally]:
    """One tally for each unit, duty, channel and period that anything was sent for."""
    found: dict[CellKey, Tally] = {}
    for scope, duty_ids in _alike(scopes):
        is_within = and_(
            col(Proof.duty_id).in_(duty_ids), col(Proof.period) == scope.period
        )
        rows = session.execute(
            select(*_CELL, *counts(scope))
            .where(is_within, *counting(unit_codes))
            .group_by(*_CELL)
        )
        found |= {CellKey(*row[:4]): Tally(*row[4:]) for row in rows}
        for key, numbers in _numbers(session, scope, is_within, unit_codes):
            found[key] += Tally(numbers=(numbers,))
    return found


def _alike(scopes: Iterable[Scope]) -> Iterator[tuple[Scope, list[str]]]:
    """Duties with the same days are asked for together. Each question has one shape, which
    SQLAlchemy compiles once; a table of all the scopes would be compiled each time."""
    duties: dict[Scope, list[str]] = {}
    for one in scopes:
        duties.setdefault(replace(one, duty_id=""), []).append(one.duty_id)
    yield from duties.items()


# --- SQL that the heat map shares -----------------------------------------------------


def counts(scope: Scope) -> tuple[ColumnElement[int], ...]:
    """Columns counted, timely, waiting, reports."""
    is_accepted = col(Proof.state) == ProofState.ACCEPTED
    accepted = and_(is_accepted, is_item())
    return (
        count_if(accepted).label("counted"),
        count_if(and_(accepted, is_timely(scope))).label("timely"),
        count_if(and_(~is_accepted, is_item())).label("waiting"),
        func.count().label("reports"),
    )


def counting(unit_codes: Sequence[str] | None) -> tuple[ColumnElement[bool], ...]:
    """What is counted at all."""
    return (is_alive(), ~is_repeat(), among(col(Proof.unit_code), unit_codes))


def is_alive() -> ColumnElement[bool]:
    return col(Proof.state).in_(ALIVE)


def is_item() -> ColumnElement[bool]:
    return col(Proof.kind) != EvidenceKind.NUMBERS


def is_timely(scope: Scope) -> ColumnElement[bool]:
    """Published within the period (a picture may not say when) and received in time."""
    return and_(
        col(Proof.received_at) < scope.on_time_before,
        or_(
            col(Proof.published_on).is_(None),
            col(Proof.published_on).between(scope.first_on, scope.last_on),
        ),
    )


@cache
def is_repeat() -> ColumnElement[bool]:
    """The same link or file was accepted for this duty before. Written once: each alias
    costs SQLAlchemy as much as a small query, and a page of weeks asks dozens of times."""
    return or_(_came_before(Proof.canonical_url), _came_before(Proof.file_sha256))


def _came_before(thing: Any) -> ColumnElement[bool]:
    """Two small questions, each with an index of its own, instead of one with OR."""
    earlier = aliased(Proof)
    return (
        select(col(earlier.id))
        .where(
            col(earlier.duty_id) == col(Proof.duty_id),
            getattr(earlier, thing.key) == thing,
            # hidden from the index on states: without statistics SQLite takes that one for
            # every proof, and a week of 500 communes costs four seconds instead of a tenth
            func.coalesce(col(earlier.state), "") == ProofState.ACCEPTED,
            col(earlier.id) < col(Proof.id),
        )
        .correlate(Proof)
        .exists()
    )


def count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _numbers(
    session: Session,
    scope: Scope,
    is_within: ColumnElement[bool],
    unit_codes: Sequence[str] | None,
) -> list[tuple[CellKey, Numbers]]:
    rows = session.execute(
        select(*_CELL, col(Proof.numbers), col(Proof.state), is_timely(scope))
        .where(
            is_within,
            ~is_item(),
            is_alive(),
            col(Proof.numbers).is_not(None),
            among(col(Proof.unit_code), unit_codes),
        )
        .order_by(col(Proof.id))
    )
    return [(CellKey(*row[:4]), _numbers_of(*row[4:])) for row in rows]


def _numbers_of(numbers: dict[str, int] | None, state: str, timely: bool) -> Numbers:
    found = numbers or {}
    is_accepted = state == ProofState.ACCEPTED
    return Numbers(found.get(DONE), found.get(TOTAL), is_accepted, bool(timely))
