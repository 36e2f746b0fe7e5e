"""The doctor finds what is broken, says what to do, and does not stop at the first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlmodel import select

from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.doctor import Finding, examine
from bot.settings import Settings
from building.parts import NEEDED_TO_SERVE
from models import Account, WorkerBeat
from simulator.serving import served
from tests.channel.test_spool import arrival


class Wrong(Clock):
    """A machine whose time is ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=34)  # a worker may be silent for 35


@pytest.fixture
def zalo() -> Iterator[str]:
    """A host that tells the time."""
    app = Flask("zalo", static_folder=None)
    app.add_url_rule("/", view_func=lambda: "")
    with served(app) as address:
        yield address


@pytest.fixture
def healthy(
    settings: Settings, database: Database, clock: Clock, zalo: str
) -> Settings:
    now = clock.now()
    with database.writing() as session:
        session.add(Account(oa_id="1", created_at=now, refresh_token_sealed="x"))
        session.add(WorkerBeat(worker="w", started_at=now, beat_at=now, ticked_at=now))
    return settings.model_copy(
        update={
            "public_url": "https://bot.xa.gov.vn",
            "zalo_openapi_url": zalo,
        }
    )


def findings(settings: Settings) -> dict[str, Finding]:
    return {one.name: one for one in examine(settings, NEEDED_TO_SERVE, Clock())}


def bad(settings: Settings) -> list[str]:
    return [name for name, one in findings(settings).items() if not one.check.ok]


def test_a_healthy_installation_has_no_finding(healthy: Settings) -> None:
    found = findings(healthy)
    assert [name for name, one in found.items() if not one.check.ok] == []
    assert {"settings", "schema", "tokens", "disk", "zalo", "clock"} <= set(found)


def test_a_short_key_and_a_plain_address_are_both_named(healthy: Settings) -> None:
    weak = healthy.model_copy(
        update={"secret_key": SecretStr("short"), "public_url": "http://bot"}
    )
    assert bad(weak) == ["settings", "public_url"]
    assert list(findings(weak)["settings"].lines())[1].startswith("    → ")


def test_a_silent_worker_and_waiting_events_are_found(
    healthy: Settings, database: Database
) -> None:
    Spool(healthy.data_dir).append(arrival(0))
    with database.writing() as session:
        for beat in session.scalars(select(WorkerBeat)):
            beat.beat_at -= timedelta(minutes=5)
            beat.ticked_at = beat.beat_at
    assert bad(healthy) == ["spool", "worker", "scheduler"]


def test_a_database_without_tables_is_sent_to_migrate(
    healthy: Settings, tmp_path: Path
) -> None:
    empty = healthy.model_copy(
        update={"database_url": f"sqlite:///{tmp_path / 'empty.db'}"}
    )
    assert bad(empty) == ["schema"]
    assert "migrate" in list(findings(empty)["schema"].lines())[1]


def test_an_unreachable_database_and_zalo_are_said_not_thrown(
    healthy: Settings,
) -> None:
    lost = healthy.model_copy(
        update={
            "database_url": "postgresql+psycopg://nobody@127.0.0.1:9/none",
            "zalo_openapi_url": "http://127.0.0.1:9",
        }
    )
    assert bad(lost) == ["database", "zalo"]


def test_a_clock_that_is_wrong_is_found(healthy: Settings) -> None:
    found = {one.name: one for one in examine(healthy, NEEDED_TO_SERVE, Wrong())}
    assert not found["clock"].check.ok
    assert found["clock"].check.detail.startswith("+3")
