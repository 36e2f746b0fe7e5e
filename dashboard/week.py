"""The home page: who did what in a week (or month, quarter, year), at a glance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import BytesIO

from flask import Blueprint, Response, abort, render_template, request, send_file
from sqlalchemy import select
from sqlmodel import Session, col

from bot.duties import closing
from bot.duties.periods import BadPeriodError, Period, parse_period, period_of
from bot.duties.plans import duties_of, falls_in, plan_of
from bot.duties.proofs import reviewing
from bot.duties.table import overview, wording
from bot.duties.table.cells import Cell, CellState, channels_of
from bot.duties.table.grid import Column, Grid, grid_of
from bot.duties.table.overview import Choice, Order, Overview, Standing
from bot.duties.table.picture import look_of
from bot.duties.table.sheets import report_xlsx
from bot.duties.table.table import NoPlanError, TableDuty, Totals, table_of
from bot.people import care, units
from bot.text_lists import one_of
from dashboard.office import Visitor, office, visitor
from models import AdminUnit, Cadence, Counting, Role

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LENGTHS = (12, 26, 52)  # a quarter, half a year, a year of weeks

week = Blueprint("week", __name__)


@dataclass(frozen=True, slots=True)
class CellShown:
    """``text`` is what stands in the square, ``column`` what it is about, for who hears it."""

    cell: Cell
    text: str
    column: str


@dataclass(frozen=True, slots=True)
class RowShown:
    standing: Standing
    cells: tuple[CellShown | None, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """One duty over its channels."""

    duty_id: str
    name: str
    channels: tuple[str, ...]  # their names; one "" where there is only one


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; ``query`` is what a link to the same choice carries."""

    period: Period
    choice: Choice
    area: str

    @property
    def query(self) -> dict[str, str]:
        chosen = {
            "period": self.period.key,
            "area": self.area,
            "name": self.choice.name,
            "open": "1" if self.choice.only_open else "",
            "order": "" if self.choice.order == Order.NAME else self.choice.order.value,
        }
        return {name: value for name, value in chosen.items() if value}


@dataclass(frozen=True, slots=True)
class WeekPage:
    """Exactly what the template uses."""

    asked: Asked
    found: Overview | None  # None: no plan is in force
    heads: tuple[Head, ...]
    rows: tuple[RowShown, ...]
    column_totals: tuple[Totals, ...]
    areas: tuple[AdminUnit, ...]
    is_running: bool
    next_period: Period | None
    same_day: dict[Cadence, str]  # the period of each cadence that ends like this one
    version_line: str
    plan_line: str
    legend: tuple[tuple[CellState, str, str], ...]
    open_units: tuple[Standing, ...]
    waiting: int  # for this supervisor's decision, whatever the period
    may_close: bool
    may_exempt: bool
    selects: bool  # squares are ticked, not opened


@week.get("/")
def show() -> str:
    him = visitor()
    with office().database.reading() as session:
        page = _page(session, him, asked_for(session, him))
    return render_template("dashboard/week.html", page=page)


@week.get("/week.xlsx")
def sheet() -> Response:
    """What the screen shows, all of its pages."""
    him = visitor()
    with office().database.reading() as session:
        asked = asked_for(session, him)
        try:
            codes = overview.chosen_codes(session, asked.period, him.now, asked.choice)
            table = table_of(session, asked.period, him.now, unit_codes=codes)
        except NoPlanError:
            abort(404)
        content = report_xlsx(table, office().texts, him.now)
    name = f"bang-theo-doi-{asked.period.key}.xlsx"
    return send_file(BytesIO(content), XLSX, as_attachment=True, download_name=name)


@week.get("/weeks")
def course() -> str:
    """Units down, weeks (or months …) across: one duty, or all of them together."""
    him = visitor()
    with office().database.reading() as session:
        asked = asked_for(session, him)
        columns = _columns(session, asked.period)
        chosen = next(
            (one for one in columns if one[0] == request.args.get("duty")), None
        )
        length = request.args.get("length", LENGTHS[0], type=int)
        length = length if length in LENGTHS else LENGTHS[0]
        place = (chosen[1], chosen[2]) if chosen else None
        found = overview.course(
            session, asked.period, length, him.now, asked.choice, place
        )
        return render_template(
            "dashboard/weeks.html",
            asked=asked,
            found=found,
            columns=columns,
            chosen=chosen,
            length=length,
            lengths=LENGTHS,
            looks=_looks(found),
            texts=_texts_of(found),
            areas=_areas(session, asked.choice.codes or ()),
            legend=_legend(),
        )


def _columns(session: Session, period: Period) -> list[tuple[str, str, str, str]]:
    """What may be chosen: key, duty, channel, name; of what has a number in the plan."""
    plan = plan_of(session, period)
    found = []
    for duty in duties_of(session, plan.id) if plan else ():
        if duty.quota is None or not falls_in(duty, period):
            continue
        known = TableDuty(
            duty.duty_id, duty.short_title, duty.quota, Counting(duty.counting),
            tuple(duty.channels),
        )  # fmt: skip
        for channel in channels_of(duty):
            name = wording.column_name(office().texts, Column(known, channel))
            found.append((f"{duty.duty_id}|{channel}", duty.duty_id, channel, name))
    return found


def _looks(found: overview.Course) -> dict[tuple[str, str], tuple[str, str]]:
    """By unit and period: how the square looks, and what stands in it."""
    if found.heat is None:
        return {}
    shown = {}
    for unit in found.units:
        for period in found.periods:
            totals = found.heat.at(unit.code, period)
            if totals is not None:
                text = f"{totals.on_time}/{totals.owed}" if totals.owed else "–"
                shown[unit.code, period.key] = (look_of(totals).value, text)
    return shown


def _texts_of(found: overview.Course) -> dict[tuple[str, str], str]:
    words = office().texts
    return {key: wording.sign(words, cell.state) for key, cell in found.cells.items()}


def _legend() -> tuple[tuple[CellState, str, str], ...]:
    words = office().texts
    return tuple(
        (one, wording.sign(words, one), words.render(f"report.state_{one}"))
        for one in CellState
    )


def asked_for(session: Session, him: Visitor) -> Asked:
    """What the address says; 404 for a period that does not exist."""
    given = request.args
    seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
    period = period_given(given.get("period", ""), him)
    area = given.get("area", "")
    if area:
        below = {unit.code for unit in units.below(session, area, period.last)}
        seen &= below
    is_open_first = given.get("order") == Order.OPEN_FIRST
    choice = Choice(
        codes=seen,
        name=given.get("name", "").strip()[:60],
        only_open=given.get("open") == "1",
        order=Order.OPEN_FIRST if is_open_first else Order.NAME,
        page=given.get("page", 1, type=int),
    )
    return Asked(period, choice, area)


def period_given(text: str, him: Visitor) -> Period:
    if not text:
        return period_of(him.today, Cadence.WEEKLY)
    try:
        return parse_period(text)
    except BadPeriodError:
        abort(404)


def _page(session: Session, him: Visitor, asked: Asked) -> WeekPage:
    period = asked.period
    try:
        found = overview.overview(session, period, him.now, asked.choice)
    except NoPlanError:
        found = None
    grid = grid_of(found.table) if found else Grid((), ())
    is_running = him.today in period
    return WeekPage(
        asked=asked,
        found=found,
        heads=_heads(grid.columns),
        rows=_rows(found, grid) if found else (),
        column_totals=tuple(grid.column_totals(at) for at in range(len(grid.columns))),
        areas=_areas(session, asked.choice.codes or ()),
        is_running=is_running,
        next_period=period.next if period.last < him.today else None,
        same_day={one: period_of(min(period.last, him.today), one).key
                  for one in Cadence if one != Cadence.ONCE},
        version_line=wording.version_line(office().texts, found.table, him.now)
        if found else "",
        plan_line=wording.plan_line(office().texts, found.table) if found else "",
        legend=_legend(),
        open_units=_open_units(found) if found else (),
        waiting=reviewing.count_waiting(session, him.official, him.now),
        may_close=_may_close(session, him, period),
        may_exempt=him.is_at_least(Role.SUPERVISOR),
        selects=him.is_at_least(Role.SUPERVISOR) and request.args.get("select") == "1",
    )  # fmt: skip


def _heads(columns: Sequence[Column]) -> tuple[Head, ...]:
    groups: dict[str, list[Column]] = {}
    for column in columns:
        groups.setdefault(column.duty.id, []).append(column)
    return tuple(
        Head(
            duty_id,
            wording.duty_name(group[0].duty),
            tuple(_channel(column) for column in group),
        )
        for duty_id, group in groups.items()
    )


def _channel(column: Column) -> str:
    if not column.channel:
        return ""
    return wording.channel_name(office().texts, column.channel)


def _rows(found: Overview, grid: Grid) -> tuple[RowShown, ...]:
    by_code = {line.unit.code: line for line in grid.lines}
    names = [wording.column_name(office().texts, one) for one in grid.columns]
    return tuple(
        RowShown(
            one,
            tuple(
                _shown(cell, column, name)
                for cell, column, name in zip(
                    by_code[one.unit.code].cells, grid.columns, names, strict=True
                )
            ),
        )
        for one in found.shown
        if one.unit.code in by_code
    )


def _shown(cell: Cell | None, column: Column, name: str) -> CellShown | None:
    if cell is None:
        return None
    return CellShown(cell, wording.cell_text(office().texts, cell, column.duty), name)


def _areas(session: Session, codes: Collection[str]) -> tuple[AdminUnit, ...]:
    """The units above those seen, to choose from; none where there is no choice."""
    parents = session.scalars(
        select(AdminUnit).where(
            col(AdminUnit.code).in_(
                select(col(AdminUnit.parent_code)).where(
                    one_of(col(AdminUnit.code), codes)
                )
            )
        )
    ).all()
    in_sight = [one for one in parents if one.valid_to is None]
    if len(in_sight) < 2:
        return ()
    return tuple(sorted(in_sight, key=lambda one: one.name))


def _open_units(found: Overview) -> tuple[Standing, ...]:
    lacking = [one for one in found.standings if one.open]
    lacking.sort(key=lambda one: (-one.totals.missing, -one.open))
    return tuple(lacking)


def _may_close(session: Session, him: Visitor, period: Period) -> bool:
    return (
        period.last < him.today
        and plan_of(session, period) is not None
        and not closing.is_closed(session, period)
        # the whole map is walked for it: last
        and care.looks_after_all(session, him.official, Role.SUPERVISOR, him.today)
    )
