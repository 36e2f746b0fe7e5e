"""One period of many units at a glance: how each stands, how all have done before, and the
table of those on the page.

Cells are judged one by one only for the units of the page; everybody else is summed up by
the database (``heat``), so that a page of the whole country comes within a second. Of a
closed period the frozen table is shown, never a newer count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.duties.periods import Period, periods_up_to
from bot.duties.plans import obligations
from bot.duties.table.cells import Cell, cells_of
from bot.duties.table.grid import grid_of
from bot.duties.table.heat import FIELDS, HeatMap, heat_map
from bot.duties.table.table import (
    Table,
    TableUnit,
    Totals,
    closed_table,
    live_table,
    narrowed,
)
from bot.people.collation import name_key
from bot.search.fold import fold
from models import AdminUnit, Assignment

TREND = 8  # periods: two months of weeks


class Order(StrEnum):
    NAME = "name"
    OPEN_FIRST = "open"  # who lacks most stands first


@dataclass(frozen=True, slots=True)
class Standing:
    """How one unit stands in the period; ``streak``: periods in a row all on time."""

    unit: TableUnit
    totals: Totals
    streak: int

    @property
    def open(self) -> int:
        """Cells below quota, due or not."""
        return self.totals.missing + self.totals.not_due


@dataclass(frozen=True, slots=True)
class Choice:
    """Which units are looked at; ``codes`` None: all there are."""

    codes: Collection[str] | None = None
    name: str = ""  # a part of it, diacritics aside
    only_open: bool = False
    order: Order = Order.NAME
    page: int = 1
    per_page: int = 50


@dataclass(frozen=True, slots=True)
class Overview:
    """``standings`` of all that were chosen, ``table`` of those on the page."""

    period: Period
    table: Table
    standings: tuple[Standing, ...]
    shown: tuple[Standing, ...]
    trend: tuple[tuple[Period, Totals], ...]
    page: int
    pages: int

    @property
    def totals(self) -> Totals:
        return summed(one.totals for one in self.standings)


def overview(
    session: Session, period: Period, now: datetime, choice: Choice
) -> Overview:
    """``NoPlanError`` where no plan is in force."""
    frozen = closed_table(session, period)
    codes = None if choice.codes is None else sorted(choice.codes)
    periods = periods_up_to(period, TREND)
    heat = heat_map(session, periods, now, codes)
    standings = _chosen(_standings(heat, period, frozen, choice.codes), choice)
    pages = max(1, -(-len(standings) // choice.per_page))
    page = min(max(1, choice.page), pages)
    shown = standings[(page - 1) * choice.per_page : page * choice.per_page]
    on_page = [one.unit.code for one in shown]
    return Overview(
        period=period,
        table=_table(session, period, now, frozen, on_page),
        standings=tuple(standings),
        shown=tuple(shown),
        trend=_trend(heat, [one.unit.code for one in standings]),
        page=page,
        pages=pages,
    )


def chosen_codes(
    session: Session, period: Period, now: datetime, choice: Choice
) -> list[str]:
    """The units of all pages, in their order."""
    frozen = closed_table(session, period)
    codes = None if choice.codes is None else sorted(choice.codes)
    heat = heat_map(session, [period], now, codes)
    found = _chosen(_standings(heat, period, frozen, choice.codes), choice)
    return [one.unit.code for one in found]


def summed(found: Iterable[Totals]) -> Totals:
    sums = [0] * FIELDS
    for one in found:
        for place, name in enumerate(_NAMES):
            sums[place] += getattr(one, name)
    return Totals(*sums)


_NAMES = [field.name for field in fields(Totals)]


def _table(
    session: Session,
    period: Period,
    now: datetime,
    frozen: Table | None,
    codes: Sequence[str],
) -> Table:
    if frozen is not None:
        return narrowed(frozen, codes)
    return live_table(session, period, now, codes)


def _standings(
    heat: HeatMap,
    period: Period,
    frozen: Table | None,
    codes: Collection[str] | None,
) -> list[Standing]:
    if frozen is not None:
        table = narrowed(frozen, codes)
        return [
            Standing(line.unit, line.totals, _streak(heat, line.unit.code))
            for line in grid_of(table).lines
        ]
    found = []
    for unit in heat.units:
        totals = heat.at(unit.code, period)
        if totals is not None:
            found.append(Standing(unit, totals, _streak(heat, unit.code)))
    return found


def _chosen(standings: Iterable[Standing], choice: Choice) -> list[Standing]:
    wanted = fold(choice.name)
    found = [
        one
        for one in standings
        if (not wanted or wanted in fold(one.unit.name))
        and (one.open or not choice.only_open)
    ]
    if choice.order == Order.OPEN_FIRST:
        found.sort(key=lambda one: (-one.totals.missing, -one.open))
    return found


def _streak(heat: HeatMap, unit_code: str) -> int:
    """As ``cells.streak``: a period that still runs does not break it."""
    length = 0
    for found in heat.newest_first(unit_code):
        if found.late or found.missing or found.waiting_review:
            break
        length += bool(found.on_time) and not found.not_due
    return length


def _trend(heat: HeatMap, codes: Sequence[str]) -> tuple[tuple[Period, Totals], ...]:
    rows = [heat.counts[code] for code in codes if code in heat.counts]
    sums = [sum(column) for column in zip(*rows, strict=True)]
    sums = sums or [0] * FIELDS * len(heat.periods)
    return tuple(
        (period, Totals(*sums[place * FIELDS : (place + 1) * FIELDS]))
        for place, period in enumerate(heat.periods)
    )


# --- one duty over many periods -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Course:
    """How units did in each of many periods, as it is now; ``cells`` of one duty and channel
    by unit and period, ``heat`` of all duties together where no duty was chosen."""

    periods: tuple[Period, ...]
    units: tuple[TableUnit, ...]  # of this page
    cells: dict[tuple[str, str], Cell]
    heat: HeatMap | None
    page: int
    pages: int
    count: int


def course(
    session: Session,
    last: Period,
    length: int,
    now: datetime,
    choice: Choice,
    duty: tuple[str, str] | None = None,
) -> Course:
    """The units of one page over the last so many periods; ``duty`` is its id and channel."""
    periods = periods_up_to(last, length)
    units = _owners(session, periods, choice)
    pages = max(1, -(-len(units) // choice.per_page))
    page = min(max(1, choice.page), pages)
    shown = units[(page - 1) * choice.per_page : page * choice.per_page]
    codes = [one.code for one in shown]
    cells: dict[tuple[str, str], Cell] = {}
    heat = None
    if duty is None:
        heat = heat_map(session, periods, now, codes)
    else:
        owed = {
            period: [
                one
                for one in obligations(session, period, codes)
                if one.duty.duty_id == duty[0]
            ]
            for period in periods
        }
        cells = {
            (one.unit_code, one.period): one
            for one in cells_of(session, owed, now, codes)
            if one.channel == duty[1]
        }
    return Course(tuple(periods), tuple(shown), cells, heat, page, pages, len(units))


def _owners(
    session: Session, periods: Sequence[Period], choice: Choice
) -> list[TableUnit]:
    """Whoever is there in these periods and owns anything, by name."""
    first, last = periods[0].first, periods[-1].last
    owning = select(col(Assignment.unit_code)).distinct()
    rows = session.execute(
        select(col(AdminUnit.code), col(AdminUnit.name)).where(
            col(AdminUnit.code).in_(owning),
            or_(col(AdminUnit.valid_from).is_(None), col(AdminUnit.valid_from) <= last),
            or_(col(AdminUnit.valid_to).is_(None), col(AdminUnit.valid_to) >= first),
        )
    )
    wanted = fold(choice.name)
    found = [
        TableUnit(code, name)
        for code, name in rows
        if (choice.codes is None or code in choice.codes)
        and (not wanted or wanted in fold(name))
    ]
    return sorted(found, key=lambda unit: (name_key(unit.name), unit.code))
