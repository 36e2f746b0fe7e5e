"""The heat map says the same as the cells, whatever was sent."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from bot.duties import exemptions
from bot.duties.periods import parse_period, periods_between
from bot.duties.table.cells import week_table
from bot.duties.table.heat import heat_map
from bot.duties.table.table import totals
from bot.text_lists import MANY
from models import (
    Cadence,
    Channel,
    Counting,
    EvidenceKind,
    PlanDuty,
    ProofState,
)
from tests.duties.office import (
    add_assignment,
    add_duty,
    add_official,
    add_plan,
    add_proof,
    add_unit,
    at,
    report,
)

WEEKS = periods_between(date(2026, 11, 2), date(2026, 11, 29), Cadence.WEEKLY)
NOW = at("2026-11-25")  # the last of the four weeks is still running
UNITS = ("xa_a", "xa_b", "xa_c")


def town(session: Session) -> list[PlanDuty]:
    """Three units and all kinds of duties; one of them comes, one goes."""
    add_plan(session)
    for code in UNITS:
        add_unit(session, code, f"Xã {code}")
    duties = [
        add_duty(session, "II-2.3"),
        add_duty(session, "II-2.2", channels=[Channel.WEBSITE, Channel.ZALO_OA]),
        add_duty(
            session,
            "II-4",
            channels=[Channel.WEBSITE, Channel.ZALO_OA],
            counts_per_channel=False,
            quota=2,
        ),
        add_duty(session, "II-5a", counting=Counting.RATIO, quota=100, channels=[]),
        add_duty(session, "II-6", quota=None),
    ]
    for duty in duties:
        add_assignment(session, duty, "xa_a")
        add_assignment(session, duty, "xa_b", valid_to=date(2026, 11, 15))
    add_assignment(session, duties[0], "xa_c", valid_from=date(2026, 11, 10))
    return duties


def send_anything(
    session: Session, duty: PlanDuty, unit_code: str, chance: random.Random
) -> None:
    week = chance.choice(WEEKS)
    monday = at(week.first.isoformat())
    values: dict[str, Any] = {
        "period": week.key,
        "state": chance.choice(list(ProofState)),
        "received_at": monday + timedelta(hours=chance.randrange(11 * 24)),
        "published_on": chance.choice(
            [None, week.first, week.last, week.last + timedelta(1)]
        ),
    }
    if duty.counting == Counting.RATIO or chance.random() < 0.1:
        total = chance.randrange(4)
        report(session, duty, chance.randrange(4), total, unit_code=unit_code, **values)
        return
    if chance.random() < 0.3:  # one of few links, so that some come again
        values["canonical_url"] = f"https://xa.example.vn/{chance.randrange(3)}"
    if chance.random() < 0.1:
        values["kind"] = EvidenceKind.PICTURE
    channel = chance.choice([*duty.channels, Channel.OTHER])
    add_proof(session, duty, unit_code, channel=channel, **values)


@pytest.mark.parametrize("seed", range(12))
def test_the_heat_map_agrees_with_the_cells(session: Session, seed: int) -> None:
    chance = random.Random(seed)
    duties = town(session)
    for _ in range(60):
        send_anything(session, chance.choice(duties), chance.choice(UNITS), chance)
    official = add_official(session)
    asked = exemptions.ask(
        session,
        plan_id="2026",
        duty_id=chance.choice(duties).duty_id,
        unit_code="xa_a",
        period=chance.choice(WEEKS).key,
        reason="lũ",
        official=official,
        now=NOW,
    )
    exemptions.grant(session, asked, official, NOW)
    heat = heat_map(session, WEEKS, NOW)
    assert {unit.code for unit in heat.units} == set(UNITS)
    for week in WEEKS:
        cells = week_table(session, week, NOW)
        for code in UNITS:
            own = [cell for cell in cells if cell.unit_code == code]
            found = heat.at(code, week)
            assert found == (totals(own) if own else None), (week.key, code)


def test_a_heat_map_of_some_units_holds_these(session: Session) -> None:
    town(session)
    heat = heat_map(session, WEEKS, NOW, ["xa_c"])
    assert [unit.code for unit in heat.units] == ["xa_c"]
    assert heat.at("xa_a", WEEKS[0]) is None
    assert heat_map(session, [parse_period("2020-W01")], NOW).units == ()


MANY_OTHERS = [f"xa_la_{number}" for number in range(3 * MANY)]


def test_a_long_list_of_units_is_one_parameter_of_each_question(
    session: Session,
) -> None:
    chance = random.Random(3)
    duties = town(session)
    for _ in range(60):
        send_anything(session, chance.choice(duties), chance.choice(UNITS), chance)
    sizes: list[int] = []

    def note(*given: Any) -> None:
        sizes.append(len(given[3]))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    heat = heat_map(session, WEEKS, NOW, [*UNITS[:2], *MANY_OTHERS])
    event.remove(session.get_bind(), "before_cursor_execute", note)
    assert heat == heat_map(session, WEEKS, NOW, UNITS[:2])
    assert max(sizes) < MANY
