"""A whole year: 17 units become 6 at mid-year, 12 duties, whatever proofs come.

Nothing may exceed 100 %, no past report may change through the merger, and what the
spreadsheet adds up is what the database holds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, col, select

from bot.conversation.texts import Texts
from bot.db import Database
from bot.duties.closing import close
from bot.duties.periods import Period, period_of, periods_between
from bot.duties.table.reporting import report_json
from bot.duties.table.sheets import report_xlsx
from bot.duties.table.table import Table, frozen, live_table, table_of
from bot.people import audit
from models import (
    AdminUnit,
    Assignment,
    Cadence,
    Channel,
    Counting,
    EvidenceKind,
    PlanDuty,
    Proof,
    ProofState,
)
from tests.duties.office import (
    ZONE,
    add_assignment,
    add_duty,
    add_plan,
    add_proof,
    add_unit,
    report,
)

CONTENT = Path(__file__).resolve().parents[2] / "content"
OLD = [f"cu_{number:02}" for number in range(17)]
NEW = [f"moi_{number}" for number in range(6)]
LAST_OLD_DAY = date(2026, 6, 30)
BEFORE = datetime(2026, 6, 30, 12, tzinfo=ZONE)
AFTER = datetime(2027, 1, 20, 12, tzinfo=ZONE)
PROOFS = 2500
DUTIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("w1", {}),
    ("w2", {"channels": [Channel.WEBSITE, Channel.ZALO_OA]}),
    ("w3", {"quota": 2}),
    ("w4", {"channels": [Channel.WEBSITE, Channel.OTHER], "counts_per_channel": False}),
    ("w5", {"quota": None}),
    ("m1", {"cadence": Cadence.MONTHLY, "quota": 2, "grace_days": 3}),
    ("m2", {"cadence": Cadence.MONTHLY, "grace_days": 3}),
    ("m3", {"cadence": Cadence.MONTHLY, "quota": None}),
    ("q1", {"cadence": Cadence.QUARTERLY, "grace_days": 5}),
    ("q2", {"cadence": Cadence.QUARTERLY, "counting": Counting.RATIO, "quota": 100}),
    ("y1", {"cadence": Cadence.YEARLY, "grace_days": 10}),
    ("y2", {"cadence": Cadence.YEARLY, "counting": Counting.RATIO, "quota": 100}),
)


def first_half(session: Session, chance: random.Random) -> list[PlanDuty]:
    add_plan(session)
    duties = [add_duty(session, key, **values) for key, values in DUTIES]
    for code in OLD:
        add_unit(session, code, f"Xã {code}")
        for duty in duties:
            add_assignment(session, duty, code)
    send(session, chance, duties, OLD, (date(2026, 1, 1), LAST_OLD_DAY))
    return duties


def merge(session: Session, duties: list[PlanDuty]) -> None:
    """The map of 1 July: every old unit ends, new ones own what the old ones did."""
    for code in OLD:
        session.get_one(AdminUnit, code).valid_to = LAST_OLD_DAY
    for assignment in session.exec(select(Assignment)):
        assignment.valid_to = LAST_OLD_DAY
    for code in NEW:
        start = LAST_OLD_DAY + timedelta(days=1)
        add_unit(session, code, f"Xã {code}", valid_from=start)
        for duty in duties:
            add_assignment(session, duty, code, valid_from=start)


def send(
    session: Session,
    chance: random.Random,
    duties: list[PlanDuty],
    units: list[str],
    days: tuple[date, date],
) -> None:
    span = (days[1] - days[0]).days
    for _ in range(PROOFS):
        duty, unit_code = chance.choice(duties), chance.choice(units)
        day = days[0] + timedelta(chance.randrange(span))
        at = datetime.combine(day, time(8), ZONE)
        values: dict[str, Any] = {
            "unit_code": unit_code,
            "period": period_of(day, duty.cadence).key,
            "published_on": day,
            "received_at": at + timedelta(hours=chance.randrange(200)),
            "state": chance.choices(list(ProofState), [1, 1, 1, 1, 12, 1, 1])[0],
            "channel": chance.choice([*duty.channels, ""]),
        }
        if duty.counting == Counting.RATIO or chance.random() < 0.05:
            report(session, duty, chance.randrange(13), 10, **values)
        else:
            if chance.random() < 0.2:
                values["canonical_url"] = f"https://x.vn/{chance.randrange(40)}"
            add_proof(session, duty, **values)


def periods() -> list[Period]:
    days = (date(2026, 1, 5), date(2026, 12, 31))
    return [
        period
        for cadence in (
            Cadence.WEEKLY,
            Cadence.MONTHLY,
            Cadence.QUARTERLY,
            Cadence.YEARLY,
        )
        for period in periods_between(*days, cadence)
        if period.last <= days[1]
    ]


@pytest.fixture(scope="module")
def words() -> Texts:
    return Texts.load(CONTENT / "texts")


@pytest.fixture(scope="module")
def year(
    empty_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Session, dict[str, Table]]]:
    """The year as it is in January, and the tables of the first half as they were then."""
    file = tmp_path_factory.mktemp("year") / "bot.db"
    file.write_bytes(empty_file.read_bytes())
    database = Database(f"sqlite:///{file}")
    chance = random.Random(2026)
    with database.writing() as session:
        duties = first_half(session, chance)
        over = [period for period in periods() if period.last < BEFORE.date()]
        # of every second one a version is frozen; the others must hold by themselves
        for period in over[::2]:
            close(session, period, audit.PROGRAM, BEFORE)
        then = {period.key: table_of(session, period, BEFORE) for period in over}
        merge(session, duties)
        after = (LAST_OLD_DAY + timedelta(days=1), date(2026, 12, 31))
        send(session, chance, duties, NEW, after)
        session.flush()
        session.expire_all()
        yield session, then
    database.close()


Year = tuple[Session, dict[str, Table]]


@pytest.fixture(scope="module")
def tables(year: Year) -> dict[str, Table]:
    """All tables of the year as they are in January, closed or not."""
    session, _ = year
    return {period.key: live_table(session, period, AFTER) for period in periods()}


def test_no_rate_exceeds_one_and_every_cell_is_counted_once(
    tables: dict[str, Table],
) -> None:
    met = 0
    for table in tables.values():
        keys = Counter(
            (cell.unit_code, cell.duty_id, cell.channel) for cell in table.cells
        )
        assert not keys or max(keys.values()) == 1
        for cell in table.cells:
            assert 0 <= cell.credited <= cell.quota
            met += cell.credited == cell.quota
        found = table.totals
        for share in (found.completeness, found.timeliness):
            assert share is None or 0 <= share <= 1
        states = (
            found.on_time
            + found.late
            + found.missing
            + found.waiting_review
            + found.exempt
            + found.not_due
        )
        assert states == found.cells
    assert met > 500  # the year is not empty


def test_reports_of_before_the_merger_are_byte_for_byte_the_same(
    year: Year, words: Texts
) -> None:
    session, then = year
    assert {len(key) for key in then} == {7, 8}  # months, quarters and weeks
    for key, table in then.items():
        now = table_of(session, table.period, AFTER)
        assert now.version == table.version
        assert frozen(now) == frozen(table), key
        if table.version is not None:
            assert report_xlsx(now, words, AFTER) == report_xlsx(table, words, BEFORE)
            assert report_json(now, ZONE) == report_json(table, ZONE)


def test_each_half_is_owed_by_its_own_units(tables: dict[str, Table]) -> None:
    for key, table in tables.items():
        owing = {cell.unit_code for cell in table.cells}
        is_old = table.period.last <= LAST_OLD_DAY
        assert owing == set(OLD if is_old else NEW), key


def test_what_the_spreadsheet_adds_up_is_what_the_database_holds(
    year: Year, tables: dict[str, Table], words: Texts
) -> None:
    session, _ = year
    for key in ("2026-W10", "2026-W40", "2026-03", "2026-11", "2026-Q4", "2026"):
        table = tables[key]
        book = load_workbook(BytesIO(report_xlsx(table, words, AFTER)))
        sheet = book.worksheets[0]
        heads = {sheet.cell(5, place).value: place for place in range(1, 30)}
        rows = range(7, 7 + len({cell.unit_code for cell in table.cells}))
        for name, count in (
            ("Đến hạn", table.totals.owed),
            ("Đúng hạn", table.totals.on_time),
            ("Trễ", table.totals.late),
            ("Thiếu", table.totals.missing),
            ("Chờ duyệt", table.totals.waiting_review),
        ):
            numbers = [sheet.cell(row, heads[name]).value for row in rows]
            assert sum(int(str(number)) for number in numbers) == count, (key, name)
        listed = book["Minh chứng"].max_row - 5
        stored = session.exec(select(Proof.id).where(Proof.period == key)).all()
        assert listed == len(stored), key


def test_credits_by_hand_agree_for_the_simple_duty(
    year: Year, tables: dict[str, Table]
) -> None:
    """Counted here without SQL: accepted items, each link once, up to the quota."""
    session, _ = year
    proofs = session.exec(
        select(Proof).where(Proof.duty_id == "w3").order_by(col(Proof.id))
    ).all()
    seen: set[str] = set()
    counted: Counter[tuple[str, str]] = Counter()
    for proof in proofs:
        if proof.state != ProofState.ACCEPTED or proof.kind == EvidenceKind.NUMBERS:
            continue
        if proof.canonical_url in seen:
            continue
        seen.add(str(proof.canonical_url))
        if proof.channel == Channel.RADIO:
            counted[proof.unit_code, proof.period] += 1
    for table in tables.values():
        for cell in table.cells:
            if cell.duty_id == "w3":
                found = counted[cell.unit_code, cell.period]
                assert (cell.credited, cell.extra) == (min(2, found), max(0, found - 2))
