"""Working days and public holidays: one calendar for deadlines, reminders and campaigns.

Holidays and days off in exchange are those of the library ``holidays`` (VN, Bộ luật Lao
động, Điều 112; Tết by the lunar calendar); Saturdays and Sundays are no working days. What
the government decides for a year (which days of Tết are off, which Saturday is worked
instead) is corrected by hand in ``content/holidays.toml``.

The calendar is the same for the whole process: ``building`` puts the one of ``CONTENT_DIR``
in force at the start, and without it the library alone speaks.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

from bot.errors import OperatorError

_DAY = timedelta(days=1)
_SATURDAY = 5


class Calendar:
    """``off``: no working days, whatever the library says; ``worked``: working days."""

    def __init__(self, off: Iterable[date] = (), worked: Iterable[date] = ()) -> None:
        self._off = frozenset(off)
        self._worked = frozenset(worked)
        if both := self._off & self._worked:
            raise OperatorError(f"holidays: {min(both)} is both off and worked")

    @classmethod
    def load(cls, content_dir: Path) -> Calendar:
        """``OperatorError`` names the key that is wrong; no file means no corrections."""
        file = content_dir / "holidays.toml"
        if not file.exists():
            return cls()
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise OperatorError(f"{file}: {error}") from error
        if unknown := sorted(set(table) - {"off", "worked"}):
            raise OperatorError(f"{file}: {unknown[0]}: unknown key")
        return cls(_days(file, table, "off"), _days(file, table, "worked"))

    def is_working_day(self, day: date) -> bool:
        """Offices are open."""
        if day in self._worked:
            return True
        return day.weekday() < _SATURDAY and not self.is_public_holiday(day)

    def is_public_holiday(self, day: date) -> bool:
        """A holiday or a day off in exchange; a plain Saturday or Sunday is none."""
        if day in self._worked:
            return False
        return day in self._off or day in _holidays(day.year)

    def next_working_day(self, day: date) -> date:
        """This day, or the first working day after it."""
        while not self.is_working_day(day):
            day += _DAY
        return day


_in_force = [Calendar()]


def use(calendar: Calendar) -> None:
    """From now on this one is in force."""
    _in_force[0] = calendar


def in_force() -> Calendar:
    return _in_force[0]


def _days(file: Path, table: dict[str, object], name: str) -> list[date]:
    entries = table.get(name, [])
    if not isinstance(entries, list):
        raise OperatorError(f"{file}: {name}: not a list of tables")
    found = []
    for number, entry in enumerate(entries, start=1):
        on = entry.get("on") if isinstance(entry, dict) else None
        if type(on) is not date:
            raise OperatorError(f"{file}: {name} {number}: on must be a date")
        found.append(on)
    return found


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(_library().country_holidays("VN", years=year))


@cache
def _library() -> ModuleType:
    """Of the 250 countries that its package loads together (9 MB), the library is given
    ours alone: whoever names a country loads the module of that country by itself."""
    import holidays  # slow to import, and not every command asks

    name = f"{holidays.__name__}.countries"
    if name not in sys.modules and (found := find_spec(name)) is not None:
        sys.modules[name] = module_from_spec(found)
    return holidays
