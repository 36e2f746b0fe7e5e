"""An installation, opened for one command and closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import calendar
from bot.errors import OperatorError
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.clock import Clock
    from bot.db import Database
    from models import AdminUnit

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    from bot.db import Database

    calendar.use(calendar.Calendar.load(settings.content_dir))
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def migrated() -> Iterator[Database]:
    """The database of the settings, refused when its schema is an older one."""
    from bot.schema import require_newest

    with database_of(load_settings()) as database:
        require_newest(database)
        yield database


@contextmanager
def office() -> Iterator[tuple[Settings, Clock, Database]]:
    """This installation; the demo's keys and clock where no Zalo app was ever set."""
    from bot import demo
    from bot.clock import Clock
    from bot.schema import require_newest

    settings, clock = load_settings(), Clock()
    if not settings.zalo_app_id and demo.was_prepared(settings):
        settings, clock = demo.settings_of(settings), demo.clock_of(settings)
    with database_of(settings) as database:
        require_newest(database)
        yield settings, clock, database


def now_of(settings: Settings, clock: Clock | None = None) -> tuple[datetime, date]:
    """This instant, and the local day it falls on."""
    from bot.clock import Clock

    now = (clock or Clock()).now()
    return now, now.astimezone(settings.zone).date()


def unit_named(session: Session, written: str, today: date) -> AdminUnit:
    """The one unit that ``--unit`` means by code or name."""
    from bot.people import units

    found = units.named(session, written, today)
    if len(found) != 1:
        raise OperatorError(f"--unit: {units.unknown(session, written, today)}")
    return found[0]
