"""The counting is SQL: it must say the same on PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from bot.db import Database
from bot.duties.closing import close, revise
from bot.duties.table.cells import week_table
from bot.duties.table.heat import heat_map
from bot.duties.table.table import table_of, totals
from bot.people import audit
from tests.duties.office import add_proof
from tests.duties.test_heat import (
    MANY_OTHERS,
    NOW,
    UNITS,
    WEEKS,
    send_anything,
    town,
)
from tests.postgres import Cluster


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> Iterator[Database]:
    opened = Database(cluster.migrated())
    yield opened
    opened.close()


def test_cells_heat_map_and_versions_agree(database: Database) -> None:
    chance = random.Random(1)
    with database.writing() as session:
        duties = town(session)
        for _ in range(80):
            send_anything(session, chance.choice(duties), chance.choice(UNITS), chance)
    with database.reading() as session:
        heat = heat_map(session, WEEKS, NOW)
        assert heat == heat_map(session, WEEKS, NOW, [*UNITS, *MANY_OTHERS])
        for week in WEEKS:
            cells = week_table(session, week, NOW)
            for code in UNITS:
                own = [cell for cell in cells if cell.unit_code == code]
                assert heat.at(code, week) == (totals(own) if own else None)
    with database.writing() as session:
        first = close(session, WEEKS[0], audit.PROGRAM, NOW)
        add_proof(session, duties[0], period=WEEKS[0].key)
        second = revise(session, WEEKS[0], "gửi bù", audit.PROGRAM, NOW)
        assert second is not None
        assert (first.version, second.version) == (1, 2)
    with database.reading() as session:
        assert table_of(session, WEEKS[0], NOW).version == 2
