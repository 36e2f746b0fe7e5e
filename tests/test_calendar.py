"""Working days and holidays, and what is corrected by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import calendar
from bot.calendar import Calendar
from bot.duties.deadlines import last_report_on
from bot.duties.periods import parse_period
from bot.errors import OperatorError
from models import PlanDuty

CONTENT = Path(__file__).resolve().parent.parent / "content"
PLAIN = Calendar()


@pytest.fixture
def corrected() -> Iterator[Calendar]:
    """Monday 23 November 2026 off, Saturday 28 worked instead."""
    found = Calendar(off=[date(2026, 11, 23)], worked=[date(2026, 11, 28)])
    before = calendar.in_force()
    calendar.use(found)
    yield found
    calendar.use(before)


@settings(deadline=None)  # the first use of a year computes its holidays
@given(st.dates(date(2025, 1, 1), date(2035, 12, 31)))
def test_the_next_working_day_is_near_and_nothing_between_is_one(day: date) -> None:
    found = PLAIN.next_working_day(day)
    assert PLAIN.is_working_day(found)
    between = (found - day).days
    assert between <= 10  # the longest Tết with two week ends
    assert not any(PLAIN.is_working_day(day + timedelta(n)) for n in range(between))


@pytest.mark.parametrize(
    ("day", "works", "holiday"),
    [
        (date(2026, 2, 17), False, True),  # Tết Bính Ngọ
        (date(2026, 2, 14), False, False),  # the Saturday before
        (date(2026, 2, 13), True, False),
        (date(2026, 4, 26), False, True),  # giỗ Tổ on a Sunday
        (date(2026, 4, 27), False, True),  # and the Monday for it
        (date(2026, 9, 2), False, True),
        (date(2026, 11, 18), True, False),
    ],
)
def test_holidays_of_the_year(day: date, works: bool, holiday: bool) -> None:
    assert PLAIN.is_working_day(day) == works
    assert PLAIN.is_public_holiday(day) == holiday


def test_the_holidays_of_other_countries_stay_out_of_memory() -> None:
    """In a process of its own: other tests may load what they like."""
    asked = (
        "import sys; from datetime import date; from bot.calendar import Calendar\n"
        "assert Calendar((), ()).is_public_holiday(date(2026, 9, 2))\n"
        "print(sum(name.startswith('holidays.countries.') for name in sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == ["1"]


def test_corrections_reach_the_deadlines(corrected: Calendar) -> None:
    assert not corrected.is_working_day(date(2026, 11, 23))
    assert corrected.is_working_day(date(2026, 11, 28))
    duty = PlanDuty(plan_id="2026", duty_id="w", due_after_days=0, grace_days=1)
    until = last_report_on(duty, parse_period("2026-W47"))
    assert until == date(2026, 11, 25)  # the 24th is a holiday anyway


def test_the_shipped_file_and_a_full_one_are_read(tmp_path: Path) -> None:
    assert Calendar.load(CONTENT).is_working_day(date(2026, 11, 18))
    lines = '[[off]]\non = 2026-11-18\nsource = "x"\n[[worked]]\non = 2026-11-21\n'
    (tmp_path / "holidays.toml").write_text(lines)
    found = Calendar.load(tmp_path)
    assert found.is_public_holiday(date(2026, 11, 18))
    assert found.is_working_day(date(2026, 11, 21))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[off]]\non = 'mai'\n", "off 1"),
        ("[[fest]]\non = 2026-01-01\n", "fest"),
        ("off = 3\n", "off"),
        ("[[off]]\non = 2026-01-05\n[[worked]]\non = 2026-01-05\n", "2026-01-05"),
        ("[[off]\n", "holidays.toml"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "holidays.toml").write_text(text)
    with pytest.raises(OperatorError, match=named):
        Calendar.load(tmp_path)
