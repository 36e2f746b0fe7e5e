"""How long the week page takes: ``python -m bench.dashboard``.

A province of 500 communes and the country's 3,321, eight weeks, four of five cells proved, on
SQLite; the whole request in the web role's own process (session, access, page, gzip), as a
supervisor of all of them sees it. Wanted: 300 ms and 1 s. The time by the clock, and that of
the processor alone, which a busy machine stretches less. Beside it what the same weeks take
when every cell is judged by itself, as for one unit: the page may not. Behind it the long
tasks of each page in a browser (``long_tasks``).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

import app as program
from bench import long_tasks
from bench.reports import ZONE, fill
from bench.stage import KEYS
from bot.db import Database
from bot.duties.periods import periods_between
from bot.duties.table.cells import week_table
from bot.people import audit, joining, logins
from bot.schema import upgrade
from bot.settings import load_settings
from models import AdminUnit, Cadence, Role, UnitLevel

SIZES = ((500, 0.3), (3321, 1.0))
WEEKS = (date(2026, 10, 5), date(2026, 11, 29))
TOP = "tinh"
REPEATS = 7
PATHS = {
    "week": "/dashboard/?period=2026-W47",
    "who lacks most, page 3": "/dashboard/?period=2026-W47&order=open&page=3",
}


def run(sizes: tuple[tuple[int, float], ...] = SIZES) -> str:
    """The tables as text."""
    rows = [f"{'':<40}{'median':>9}{'processor':>11}{'wanted':>9}{'sent':>9}"]
    for units, limit in sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows += _measure(Path(folder), units, limit)
    week = "## The week page\n\n```\n" + "\n".join(rows) + "\n```"
    return f"{week}\n\n{long_tasks.run()}"


def _measure(folder: Path, units: int, limit: float) -> list[str]:
    url = f"sqlite:///{folder / 'bench.db'}"
    database = Database(url)
    upgrade(database)
    fill(database, periods_between(*WEEKS, Cadence.WEEKLY), units)
    link, plain = _let_in(database), _one_by_one(database)
    database.close()
    keys = {name.lower(): value for name, value in KEYS.items()}
    app = program.create_app(load_settings(database_url=url, data_dir=folder, **keys))
    client = _entered(app, link)
    lines = []
    for name, path in PATHS.items():
        line, alone = _line(client, f"{units:,} units: {name}", path, limit)
        lines.append(line)
    name = f"{units:,} units: every cell by itself"
    lines.append(
        f"{name:<40}{'':>9}{plain:>9.3f} s, {plain / alone:.1f} times the page"
    )
    app.extensions["reception"].close()
    app.extensions["database"].close()
    return lines


def _line(client: FlaskClient, name: str, path: str, limit: float) -> tuple[str, float]:
    times, cpu, sent = [], [], 0
    for _ in range(REPEATS):
        started, began = time.perf_counter(), time.process_time()
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        times.append(time.perf_counter() - started)
        cpu.append(time.process_time() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        sent = len(answer.data)
    middle, alone = statistics.median(times), statistics.median(cpu)
    shown = f"{name:<40}{middle:>7.3f} s{alone:>9.3f} s{limit:>7.1f} s"
    return f"{shown}{sent / 1e3:>6.1f} kB", alone


def _one_by_one(database: Database) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    with database.reading() as session:
        for period in periods_between(*WEEKS, Cadence.WEEKLY):
            week_table(session, period, datetime.now(ZONE))
    return time.process_time() - began


def _let_in(database: Database) -> str:
    """A supervisor of everything, and his link."""
    now = datetime.now(ZONE)
    with database.writing() as session:
        session.add(
            AdminUnit(code=TOP, name="Tinh", kind="tinh", level=UnitLevel.PROVINCE)
        )
        session.flush()
        session.execute(
            update(AdminUnit).where(AdminUnit.code != TOP).values(parent_code=TOP)  # type: ignore[arg-type]
        )
        person = joining.enrol(session, "Bench", now)
        person.joined_at = now
        joining.appoint(session, person, TOP, Role.SUPERVISOR, now.date())
        return logins.make_link(session, person, audit.OPERATOR, now)


def _entered(app: Flask, token: str) -> FlaskClient:
    client = app.test_client()
    path = f"/dashboard/login/{token}"
    form = client.get(path).text.partition('name="csrf_token" value="')[2]
    client.post(path, data={"csrf_token": form.partition('"')[0]})
    return client


if __name__ == "__main__":
    print(run())
