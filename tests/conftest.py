"""What every test may use: a migrated database, a clock, settings, a live program.

Each test gets its own SQLite file, copied from one that ``alembic upgrade head`` made;
``database`` is empty, ``filled`` holds the content packs. Tests that need Chromium are
left out where it is missing, and the last lines say so; under ``CI`` they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, event

from bot.catalogue.catalogue import Catalogue, touch
from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.channel.accounts import Accounts
from bot.channel.catching_up import CatchingUp
from bot.channel.seal import Sealer
from bot.channel.spool import Spool
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.conversation.texts import Texts
from bot.db import Database
from bot.schema import upgrade
from bot.settings import Settings
from scheduler import JOBS
from scheduler.clockwork import Workshop
from tests.chat import Chat, Town, keep_morning, open_town, town_from
from tests.postgres import Cluster, postgres

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ROOT / "content"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

CROWD_PATIENCE = 60.0  # seconds: many writers on a small machine

left_out: dict[str, int] = {}


@event.listens_for(Engine, "engine_connect")
def _spare_the_disk(connection: Connection) -> None:
    """No test pulls the plug: what must survive that need not be waited for here."""
    if connection.dialect.name == "sqlite" and "is_spared" not in connection.info:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA synchronous=OFF")
        connection.info["is_spared"] = True


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """For ``-n auto``. Many tests wait: for a server, a browser, a time-out. One worker
    more than there are cores keeps these at work meanwhile."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # then xdist reads that
    may_use_some = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if may_use_some else os.cpu_count() or 1
    return cores + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: nobody waits for it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own environment must not change what is tested."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows."""
    file = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    return file


@pytest.fixture(scope="session")
def filled_file(empty_file: Path) -> Path:
    """The same with all content packs loaded."""
    file = empty_file.with_name("filled.db")
    shutil.copy(empty_file, file)
    database = Database(f"sqlite:///{file}")
    with database.writing() as session:
        load_content(session, read_packs(CONTENT))
        touch(session, Clock().now())
    database.close()
    return file


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(empty_file: Path, tmp_path: Path) -> Iterator[Database]:
    yield from _copy_of(empty_file, tmp_path)


@pytest.fixture
def filled(filled_file: Path, tmp_path: Path) -> Iterator[Database]:
    yield from _copy_of(filled_file, tmp_path)


def _copy_of(template: Path, folder: Path) -> Iterator[Database]:
    file = folder / "bot.db"
    shutil.copy(template, file)
    database = Database(f"sqlite:///{file}")
    yield database
    database.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL of this run's worker."""
    with postgres() as server:
        yield Cluster(server)


@pytest.fixture
def server_url(cluster: Cluster) -> str:
    """Of an empty migrated database on PostgreSQL."""
    return cluster.migrated()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, database: Database) -> Iterator[Database]:
    """An empty migrated database of each engine, for what several writers do at once."""
    url = database.url.render_as_string(hide_password=False)
    if request.param == "postgresql":
        url = request.getfixturevalue("server_url")
    opened = Database(url, patience=CROWD_PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Complete settings that point nowhere outside this test."""
    return Settings(
        database_url=f"sqlite:///{tmp_path / 'bot.db'}",
        data_dir=tmp_path,
        content_dir=CONTENT,
        secret_key=SecretStr("k" * 48),
        zalo_app_id="1928374650192837465",
        zalo_app_secret=SecretStr("app-secret-of-the-tests"),
        zalo_oa_secret_key=SecretStr("oa-secret-of-the-tests"),
        zalo_openapi_url="http://127.0.0.1:9",
        zalo_business_url="http://127.0.0.1:9",
        zalo_oauth_url="http://127.0.0.1:9",
    )


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """An installed Chromium; its absence is said loudly, and is an error under CI."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    how = "Chromium is missing: apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(how)
    pytest.skip(how)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        left_out[reason] = left_out.get(reason, 0) + 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, count in left_out.items():
        terminalreporter.write_line(f"LEFT OUT: {count} tests: {reason}", red=True)


@pytest.fixture(scope="session")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the index over the packs is kept, for the workers of pytest-xdist together."""
    base = tmp_path_factory.getbasetemp()
    is_shared = "PYTEST_XDIST_WORKER" in os.environ
    return (base.parent if is_shared else base) / "index"


@pytest.fixture(scope="session")
def catalogue(filled_file: Path, index_dir: Path) -> Iterator[Catalogue]:
    """The search index over the packs, built once: it is the same for every test."""
    database = Database(f"sqlite:///{filled_file}")
    yield Catalogue(database, CONTENT, index_dir)
    database.close()


@pytest.fixture(scope="session")
def morning(
    filled_file: Path, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a town that has lived through its first minute."""
    folder = tmp_path_factory.mktemp("morning")
    for database in _copy_of(filled_file, folder):
        with open_town(database, catalogue, folder) as town:
            keep_morning(town)
    return folder


@pytest.fixture
def town(morning: Path, catalogue: Catalogue, tmp_path: Path) -> Iterator[Town]:
    """The whole program in front of a fresh simulated Zalo with its cast."""
    with town_from(morning, catalogue, tmp_path) as opened:
        yield opened


@pytest.fixture
def chat(town: Town) -> Chat:
    """Bà Tám's phone, in front of the government account of xã Cần Đước."""
    return town.chat_of("ba-tam")


@pytest.fixture
def workshop(database: Database, clock: Clock, settings: Settings) -> Workshop:
    """What the clock's jobs may use, over an empty database."""
    client = ZaloClient.from_settings(settings)
    sealer = Sealer(settings.secret("secret_key"))
    accounts = Accounts(database, clock, client, sealer, settings)
    texts = Texts.load(settings.content_dir / "texts")
    return Workshop(
        database,
        clock,
        settings.zone,
        accounts,
        texts,
        catching_up=CatchingUp(database, clock, client, accounts, lambda: True),
        spool=Spool(settings.data_dir),
        job_names=[job.name for job in JOBS],
    )
