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

import pytest
from pydantic import SecretStr

from bot.catalogue.catalogue import Catalogue, touch
from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.clock import Clock
from bot.db import Database
from bot.schema import upgrade
from bot.settings import Settings
from tests.chat import Chat, Town, open_town

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ROOT / "content"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

left_out: dict[str, int] = {}


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
def catalogue(filled_file: Path) -> Iterator[Catalogue]:
    """The search index over the packs, built once: it is the same for every test."""
    database = Database(f"sqlite:///{filled_file}")
    yield Catalogue(database, CONTENT)
    database.close()


@pytest.fixture
def town(filled: Database, catalogue: Catalogue, tmp_path: Path) -> Iterator[Town]:
    """The whole program in front of a fresh simulated Zalo with its cast."""
    with open_town(filled, catalogue, tmp_path) as opened:
        yield opened


@pytest.fixture
def chat(town: Town) -> Chat:
    """Bà Tám's phone, in front of the government account of xã Cần Đước."""
    return town.chat_of("ba-tam")
