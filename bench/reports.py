"""How long the table takes for the whole country: ``python -m bench reports``.

3,321 communes × 52 weeks × 3 cells, four of five proved (423,000 proofs), on SQLite: the
report of one week, the heat map of the year, and what a clerk's "của tôi" asks for. The time
by the clock, and that of the processor alone, which a busy machine stretches less.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlmodel import SQLModel

from bot.db import Database
from bot.duties.periods import Period, parse_period, periods_between
from bot.duties.table.cells import open_cells, unit_history, week_table
from bot.duties.table.heat import heat_map
from bot.duties.table.table import live_table
from bot.schema import upgrade
from models import (
    AdminUnit,
    Assignment,
    Cadence,
    Channel,
    EvidenceKind,
    Plan,
    PlanDuty,
    Proof,
    ProofSource,
    ProofState,
    UnitLevel,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
UNITS = 3321  # communes of the country since 1 July 2025
YEAR = (date(2026, 1, 5), date(2027, 1, 3))  # 52 weeks
CELLS = (
    ("II-2.2", Channel.WEBSITE),
    ("II-2.2", Channel.ZALO_OA),
    ("II-2.3", Channel.RADIO),
)
PROVED = 0.8
ROWS_AT_ONCE = 10_000
REPEATS = 5
WEEK = parse_period("2026-W47")
NOW = datetime(2027, 1, 5, 9, tzinfo=ZONE)


def run() -> str:
    """The table as text."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        upgrade(database)
        weeks = periods_between(*YEAR, Cadence.WEEKLY)
        proofs = fill(database, weeks)
        lines = [
            _line(name, limit, database, work) for name, limit, work in _tasks(weeks)
        ]
        database.close()
    head = (
        f"{UNITS:,} units × {len(weeks)} weeks × {len(CELLS)} cells, {proofs:,} proofs"
    )
    rows = [head, f"{'':<34}{'median':>9}{'processor':>11}{'limit':>9}", *lines]
    return "## The table of the country\n\n```\n" + "\n".join(rows) + "\n```"


Work = Callable[[Any], Any]


def _tasks(weeks: list[Period]) -> Iterator[tuple[str, float | None, Work]]:
    yield "its cells", None, lambda s: week_table(s, WEEK, NOW)
    yield "report of one week", 1.0, lambda s: live_table(s, WEEK, NOW)
    yield "heat map of the year", 3.0, lambda s: heat_map(s, weeks, NOW)
    yield "open cells of one unit", 0.1, lambda s: open_cells(s, "xa_1000", NOW)
    yield "12 weeks of one unit", 0.3, lambda s: unit_history(s, "xa_1000", 12, NOW)


def _line(name: str, limit: float | None, database: Database, work: Work) -> str:
    times = []
    cpu = []
    for _ in range(REPEATS):
        with database.reading() as session:
            started, began = time.perf_counter(), time.process_time()
            work(session)
            times.append(time.perf_counter() - started)
            cpu.append(time.process_time() - began)
    shown = f"{limit:.1f} s" if limit else "–"
    middle, alone = statistics.median(times), statistics.median(cpu)
    return f"{name:<34}{middle:>7.3f} s{alone:>9.3f} s{shown:>9}"


def fill(database: Database, weeks: list[Period], units: int = UNITS) -> int:
    """A plan, its duties, so many communes and their proofs; how many of these."""
    chance = random.Random(20261125)
    with database.writing() as session:
        session.add(
            Plan(
                id="2026",
                title="2026",
                valid_from=date(2026, 1, 1),
                valid_to=date(2027, 1, 3),
            )
        )
        for duty_id, channels in (
            ("II-2.2", [Channel.WEBSITE, Channel.ZALO_OA]),
            ("II-2.3", [Channel.RADIO]),
        ):
            session.add(
                PlanDuty(
                    plan_id="2026",
                    duty_id=duty_id,
                    short_title=duty_id,
                    cadence=Cadence.WEEKLY,
                    quota=1,
                    channels=list(map(str, channels)),
                    grace_days=1,
                )
            )
    codes = [f"xa_{number}" for number in range(units)]
    _insert(database, AdminUnit, (_unit(code) for code in codes))
    _insert(database, Assignment, (_assignment(c, d) for c in codes for d in DUTIES))
    return _insert(database, Proof, _proofs(chance, codes, weeks))


DUTIES = tuple(dict.fromkeys(duty_id for duty_id, _ in CELLS))


def _unit(code: str) -> dict[str, Any]:
    return {"code": code, "name": f"Xã {code}", "level": UnitLevel.COMMUNE}


def _assignment(code: str, duty_id: str) -> dict[str, Any]:
    return {
        "id": f"2026:{duty_id}:{code}",
        "plan_id": "2026",
        "duty_id": duty_id,
        "unit_code": code,
        "valid_from": date(2026, 1, 1),
    }


def _proofs(
    chance: random.Random, codes: list[str], weeks: list[Period]
) -> Iterator[dict[str, Any]]:
    for week in weeks:
        monday = datetime.combine(week.first, datetime.min.time(), ZONE)
        for code in codes:
            for duty_id, channel in CELLS:
                if chance.random() > PROVED:
                    continue
                after = timedelta(hours=chance.randrange(9 * 24))
                link = f"https://{code}.example.vn/{week.key}/{channel}"
                yield {
                    "plan_id": "2026",
                    "duty_id": duty_id,
                    "unit_code": code,
                    "channel": channel,
                    "period": week.key,
                    "kind": EvidenceKind.LINK,
                    "url": link,
                    "canonical_url": link,
                    "published_on": min((monday + after).date(), week.last),
                    "received_at": monday + after,
                    "source": ProofSource.CHAT,
                    "state": ProofState.ACCEPTED,
                }


def _insert(
    database: Database, model: type[SQLModel], rows: Iterator[dict[str, Any]]
) -> int:
    total = 0
    table: Any = model.__table__  # type: ignore[attr-defined]
    batch: list[dict[str, Any]] = []
    with database.writing() as session:
        for row in rows:
            batch.append(row)
            total += 1
            if len(batch) == ROWS_AT_ONCE:
                session.connection().execute(insert(table), batch)
                batch = []
        if batch:
            session.connection().execute(insert(table), batch)
    return total


if __name__ == "__main__":
    print(run())
