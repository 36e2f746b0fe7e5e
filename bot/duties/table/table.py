"""The one table of a period: what reports, pictures, pages and frozen versions are made of.

A ``Table`` holds everything they print, names included, so that a frozen one needs nothing
else: neither later names nor later maps change it. ``table_of`` gives the newest frozen
version of a closed period, else the table as it is now.

Frozen content is canonical JSON of the dataclasses below. A field added later needs a
default, and none may be renamed: old versions must stay readable.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from pydantic import TypeAdapter
from sqlalchemy import and_, func, select, true
from sqlmodel import Session, col

from bot.duties.deadlines import zone_of
from bot.duties.periods import Period, periods_between
from bot.duties.plans import among, duties_of, falls_in, plan_of
from bot.duties.proofs.verdict import BY_RULE
from bot.duties.table.cells import Cell, CellState, week_table
from bot.duties.table.progress import ProgressRow, progress_rows
from bot.errors import OperatorError
from bot.people.collation import name_key
from models import (
    AdminUnit,
    Cadence,
    Counting,
    PeriodVersion,
    Plan,
    PlanDuty,
    Proof,
    ProofState,
)


class NoPlanError(OperatorError):
    """No plan is in force in this period: nothing is owed in it."""


class SpoiltVersionError(OperatorError):
    """A frozen version is no longer what was frozen."""


@dataclass(frozen=True, slots=True)
class TableUnit:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class TableDuty:
    id: str
    title: str
    quota: int | None
    counting: Counting
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableProof:
    """One proof sent for this period, whatever became of it; ``reason`` is a code or a
    supervisor's own words; ``by_rule``: no person accepted it."""

    id: int
    unit_code: str
    duty_id: str
    channel: str
    kind: str
    url: str | None
    title: str
    state: str
    reason: str
    published_on: date | None
    received_at: datetime
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of cells. ``owed`` is due or done already, and not exempt; ``reported`` of them
    have any report, "0" included."""

    cells: int = 0
    on_time: int = 0
    late: int = 0
    missing: int = 0
    exempt: int = 0
    waiting_review: int = 0
    not_due: int = 0
    reported: int = 0

    @property
    def owed(self) -> int:
        return self.cells - self.exempt - self.not_due

    @property
    def completeness(self) -> float | None:
        """Share of what is owed with any report; None while nothing is owed."""
        return self.reported / self.owed if self.owed else None

    @property
    def timeliness(self) -> float | None:
        """Share of what is owed that was done on time."""
        return self.on_time / self.owed if self.owed else None


@dataclass(frozen=True, slots=True)
class WeekOfMonth:
    """How one unit did in one week that ends in this month."""

    period: str
    unit_code: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class Table:
    """``version`` None: as it is now, not closed. Units and duties in reading order."""

    plan_id: str
    plan_title: str
    is_assumed: bool
    period: Period
    units: tuple[TableUnit, ...]
    duties: tuple[TableDuty, ...]
    cells: tuple[Cell, ...]
    progress: tuple[ProgressRow, ...]
    proofs: tuple[TableProof, ...]
    weeks: tuple[WeekOfMonth, ...] = ()
    version: int | None = None
    closed_at: datetime | None = None
    version_reason: str = ""

    @property
    def totals(self) -> Totals:
        return totals(self.cells)


_SHAPE = TypeAdapter(Table)


def table_of(
    session: Session,
    period: Period,
    now: datetime,
    version: int | None = None,
    unit_codes: Collection[str] | None = None,
) -> Table:
    """The newest frozen version (or the one asked for), else the table as it is now; of
    these units, or of all.

    ``NoPlanError`` where no plan is in force, or no such version exists.
    """
    frozen_one = closed_table(session, period, version)
    if frozen_one is None:
        return live_table(session, period, now, unit_codes)
    return narrowed(frozen_one, unit_codes)


def closed_table(
    session: Session, period: Period, version: int | None = None
) -> Table | None:
    """The newest frozen version, or the one asked for; None while it is not closed."""
    plan = _plan(session, period)
    stored = session.scalars(
        select(PeriodVersion)
        .where(
            col(PeriodVersion.plan_id) == plan.id,
            col(PeriodVersion.period) == period.key,
            true() if version is None else col(PeriodVersion.version) == version,
        )
        .order_by(col(PeriodVersion.version).desc())
        .limit(1)
    ).first()
    if stored is not None:
        return thawed(stored)
    if version is not None:
        raise NoPlanError(f"{period} has no version {version}")
    return None


def narrowed(table: Table, unit_codes: Collection[str] | None) -> Table:
    """The same table with nothing in it but these units."""
    if unit_codes is None:
        return table
    codes = frozenset(unit_codes)
    return replace(
        table,
        units=tuple(one for one in table.units if one.code in codes),
        cells=tuple(one for one in table.cells if one.unit_code in codes),
        progress=tuple(one for one in table.progress if one.unit_code in codes),
        proofs=tuple(one for one in table.proofs if one.unit_code in codes),
        weeks=tuple(one for one in table.weeks if one.unit_code in codes),
    )


def live_table(
    session: Session,
    period: Period,
    now: datetime,
    unit_codes: Collection[str] | None = None,
) -> Table:
    """The table as it is now, whether or not a version of it is frozen."""
    some = None if unit_codes is None else sorted(unit_codes)
    plan = _plan(session, period)
    duties = [duty for duty in duties_of(session, plan.id) if falls_in(duty, period)]
    cells = week_table(session, period, now, some)
    progress = progress_rows(session, period, cells, zone_of(now), some)
    proofs = _proofs(session, period, [duty.duty_id for duty in duties], some)
    rows: list[Cell | ProgressRow | TableProof] = [*cells, *progress, *proofs]
    weeks = _weeks(session, period, now, some) if _is_month(period) else ()
    codes = {row.unit_code for row in (*rows, *weeks)}
    used = {row.duty_id for row in rows}
    return Table(
        plan_id=plan.id,
        plan_title=plan.title,
        is_assumed=plan.is_assumed,
        period=period,
        units=_units(session, codes),
        duties=tuple(_duty(duty) for duty in duties if duty.duty_id in used),
        cells=tuple(cells),
        progress=tuple(progress),
        proofs=proofs,
        weeks=weeks,
    )


def proofs_by_cell(table: Table) -> dict[Cell, list[TableProof]]:
    """What was sent for each cell, in the order of arrival."""
    sent: dict[tuple[str, str], list[TableProof]] = {}
    for proof in table.proofs:
        sent.setdefault((proof.unit_code, proof.duty_id), []).append(proof)
    return {
        cell: [
            proof
            for proof in sent.get((cell.unit_code, cell.duty_id), [])
            if cell.channel in ("", proof.channel)
        ]
        for cell in table.cells
    }


def frozen(table: Table) -> str:
    """Canonical JSON of the content: the same table, the same bytes."""
    content = replace(table, version=None, closed_at=None, version_reason="")
    plain = _SHAPE.dump_python(content, mode="json")
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def thawed(stored: PeriodVersion) -> Table:
    """The table as it was when this version was made; ``SpoiltVersionError`` if the row was
    changed since."""
    if sha256(stored.content.encode()).hexdigest() != stored.sha256:
        raise SpoiltVersionError(
            f"version {stored.version} of {stored.period} does not have its SHA-256: "
            "restore it from a backup"
        )
    return replace(
        _SHAPE.validate_json(stored.content),
        version=stored.version,
        closed_at=stored.closed_at,
        version_reason=stored.reason,
    )


def totals(cells: Iterable[Cell]) -> Totals:
    cells = tuple(cells)
    states = Counter(cell.state for cell in cells)
    set_aside = (CellState.EXEMPT, CellState.NOT_DUE)
    return Totals(
        cells=len(cells),
        reported=sum(c.has_report and c.state not in set_aside for c in cells),
        **{state.value: states[state] for state in CellState},
    )


def _plan(session: Session, period: Period) -> Plan:
    plan = plan_of(session, period)
    if plan is None:
        raise NoPlanError(f"no plan is in force in {period}")
    return plan


def _is_month(period: Period) -> bool:
    return period.cadence == Cadence.MONTHLY


def _weeks(
    session: Session, period: Period, now: datetime, unit_codes: Sequence[str] | None
) -> tuple[WeekOfMonth, ...]:
    """A week belongs to the month in which it ends, as its duties do."""
    found = []
    for week in periods_between(period.first, period.last, Cadence.WEEKLY):
        if week.last not in period:
            continue
        by_unit: dict[str, list[Cell]] = {}
        for cell in week_table(session, week, now, unit_codes):
            by_unit.setdefault(cell.unit_code, []).append(cell)
        found += [
            WeekOfMonth(week.key, code, totals(cells))
            for code, cells in by_unit.items()
        ]
    return tuple(found)


def _units(session: Session, codes: set[str]) -> tuple[TableUnit, ...]:
    rows = session.execute(select(col(AdminUnit.code), col(AdminUnit.name)))
    units = [TableUnit(code, name) for code, name in rows if code in codes]
    return tuple(sorted(units, key=lambda unit: (name_key(unit.name), unit.code)))


def _duty(duty: PlanDuty) -> TableDuty:
    channels = tuple(duty.channels)
    return TableDuty(
        duty.duty_id,
        duty.short_title,
        duty.quota,
        Counting(duty.counting),
        channels,
    )


def _proofs(
    session: Session,
    period: Period,
    duty_ids: Sequence[str],
    unit_codes: Sequence[str] | None,
) -> tuple[TableProof, ...]:
    is_by_rule = and_(
        col(Proof.state) == ProofState.ACCEPTED,
        func.coalesce(col(Proof.decided_by), "") == BY_RULE,
    )
    rows = session.execute(
        select(
            col(Proof.id),
            col(Proof.unit_code),
            col(Proof.duty_id),
            col(Proof.channel),
            col(Proof.kind),
            col(Proof.url),
            col(Proof.title),
            col(Proof.state),
            col(Proof.reason),
            col(Proof.published_on),
            col(Proof.received_at),
            is_by_rule,
        )
        .where(
            col(Proof.period) == period.key,
            col(Proof.duty_id).in_(duty_ids),
            among(col(Proof.unit_code), unit_codes),
        )
        .order_by(col(Proof.id))
    )
    return tuple(TableProof(*row) for row in rows)
