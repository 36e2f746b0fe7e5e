"""What is wrong with this installation, and what to do about it.

Looks at everything an operator can repair, in the order in which one thing needs another,
and goes on after a finding: one call should show them all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bot import schema
from bot.channel.spool import Spool
from bot.channel.zalo.time import time_at
from bot.clock import Clock
from bot.db import Database
from bot.health import Check, readiness
from bot.outreach.yearly.files import YearlyError, read_yearly
from bot.settings import Settings

LEAST_FREE_BYTES = 1_000_000_000  # a year of a busy commune, with room for a backup
LEAST_KEY_LENGTH = 32  # characters
MOST_SKEW_SECONDS = 30  # signatures and tokens are valid by the clock

_ADVICE = {
    "settings": "fill it in .env; .env.example explains each setting",
    "public_url": "set PUBLIC_URL to the https address that Zalo calls",
    "schema": "run 'python app.py migrate'",
    "database": "check DATABASE_URL and that the server runs",
    "spool": "refused lines stand in DATA_DIR/spool/refused.jsonl; waiting ones go by themselves",
    "worker": "start 'python app.py serve', or one 'worker' beside each 'web'",
    "scheduler": "a job of the clock hangs: its log names it; restart the worker",
    "events": "look at the worker's log; start one more worker",
    "tokens": "connect the account anew: the README says how",
    "alarms": "administrators were told what to do; the log names each alarm",
    "disk": "make room where DATA_DIR is",
    "zalo": "let this machine reach Zalo's hosts, check DNS and proxy",
    "yearly": "correct the file: 'python app.py calendar list' names the next mistake",
    "clock": "let the system keep the time: timedatectl set-ntp true",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    check: Check

    def lines(self) -> Iterator[str]:
        yield f"{'ok ' if self.check.ok else 'BAD'} {self.name}: {self.check.detail}"
        if not self.check.ok:
            yield f"    → {_ADVICE[self.name]}"


def examine(
    settings: Settings, needed: tuple[str, ...], clock: Clock
) -> Iterator[Finding]:
    """All findings, good and bad."""
    yield Finding("settings", _settings(settings, needed))
    yield Finding("public_url", _public_url(settings))
    yield from _inside(settings, clock)
    yield Finding("yearly", _yearly(settings))
    yield Finding("disk", _disk(settings))
    yield from _outside(settings, clock)


def _settings(settings: Settings, needed: tuple[str, ...]) -> Check:
    missing = [name.upper() for name in needed if not getattr(settings, name)]
    if missing:
        return Check(False, f"missing {', '.join(missing)}")
    if len(settings.secret("secret_key")) < LEAST_KEY_LENGTH:
        return Check(False, f"SECRET_KEY is shorter than {LEAST_KEY_LENGTH} characters")
    return Check(True, "complete")


def _yearly(settings: Settings) -> Check:
    try:
        drafts = read_yearly(settings.content_dir, settings.zone)
    except YearlyError as error:
        return Check(False, str(error))
    return Check(True, f"{len(drafts)} drafts")


def _public_url(settings: Settings) -> Check:
    url = settings.base_url
    return Check(url.startswith("https://"), url)


def _inside(settings: Settings, clock: Clock) -> Iterator[Finding]:
    with _opened(settings) as database:
        try:
            found, wanted = schema.current(database), schema.newest()
        except Exception as error:
            yield Finding("database", Check(False, type(error).__name__))
            return
        yield Finding("schema", Check(found == wanted, f"{found or 'empty'}"))
        if found != wanted:
            return
        try:
            spool = Spool(settings.data_dir)
        except OSError as error:
            yield Finding("spool", Check(False, str(error)))
            return
        state = readiness(database, spool, clock)
        for name in (
            "database",
            "spool",
            "worker",
            "scheduler",
            "events",
            "tokens",
            "alarms",
        ):
            yield Finding(name, getattr(state, name))


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.close()


def _disk(settings: Settings) -> Check:
    place = settings.data_dir.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Check(free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free at {place}")


def _outside(settings: Settings, clock: Clock) -> Iterator[Finding]:
    try:
        theirs = time_at(settings.zalo_openapi_url)
    except ConnectionError as error:
        yield Finding("zalo", Check(False, f"no answer: {error}"))
        return
    yield Finding("zalo", Check(True, settings.zalo_openapi_url))
    if theirs is not None:
        yield Finding("clock", _clock(theirs, clock.now()))


def _clock(theirs: datetime, ours: datetime) -> Check:
    skew = (ours - theirs).total_seconds()
    return Check(abs(skew) <= MOST_SKEW_SECONDS, f"{skew:+.0f} s against Zalo's")
