"""The stage of the benches that run real processes: keys, settings, database, processes."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from bot.catalogue.catalogue import touch
from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.clock import Clock
from bot.db import Database
from bot.schema import upgrade
from bot.settings import Settings, load_settings
from models import Account, AccountKind, ApiGeneration

ROOT = Path(__file__).resolve().parent.parent
OA = "2874650193847560192"
KEYS = {
    "SECRET_KEY": "k" * 48,
    "ZALO_APP_ID": "1928374650192837465",
    "ZALO_APP_SECRET": "app-secret-of-the-bench",
    "ZALO_OA_SECRET_KEY": "oa-secret-of-the-bench",
}
# Where a PostgreSQL for hand trials listens; without one the wheel's server is used.
LOCAL_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
START_WITHIN_SECONDS = 60
STOP_WITHIN_SECONDS = 30


def user_id(person: int) -> str:
    return f"72635498172635{person:05}"


def user_id_by_app(person: int) -> str:
    return f"51827364509182{person:05}"


def settings_for(folder: Path, url: str, zalo: str, port: int) -> Settings:
    return load_settings(
        database_url=url,
        data_dir=folder,
        content_dir=ROOT / "content",
        port=port,
        zalo_openapi_url=f"{zalo}/openapi",
        zalo_business_url=f"{zalo}/business",
        zalo_oauth_url=f"{zalo}/oauth",
        **{name.lower(): value for name, value in KEYS.items()},
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """What a process needs to come to the same settings."""
    return {
        **os.environ,
        **KEYS,
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": str(settings.data_dir),
        "PORT": str(settings.port),
        "CLOCK_FILE": settings.clock_file,
        "ZALO_OPENAPI_URL": settings.zalo_openapi_url,
        "ZALO_BUSINESS_URL": settings.zalo_business_url,
        "ZALO_OAUTH_URL": settings.zalo_oauth_url,
    }


def fill(database: Database, settings: Settings) -> None:
    """Schema and content packs."""
    upgrade(database)
    with database.writing() as session:
        load_content(session, read_packs(settings.content_dir))
        touch(session, Clock().now())


def know_account(database: Database) -> None:
    """Our account as the program knows it after its first message: else the faults of the
    first minute all hit the question which endpoint it takes."""
    with database.writing() as session:
        account = session.get_one(Account, OA)
        account.kind, account.api_generation = AccountKind.GOVERNMENT, ApiGeneration.V2


@contextmanager
def server_database() -> Iterator[str]:
    """The address of an empty PostgreSQL database, gone at the end."""
    if _answers(LOCAL_SERVER):
        with _made_database(LOCAL_SERVER) as url:
            yield url
        return
    from tests.postgres import postgres, url_of

    with postgres() as server:
        yield url_of(server)


@contextmanager
def migrated_database(engine: str, folder: Path) -> Iterator[Database]:
    """Without rows: a file in the folder, or on the wheel's PostgreSQL."""
    from tests.postgres import postgres, url_of

    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'bot.db'}"
        if engine == "postgresql":
            url = url_of(stack.enter_context(postgres()))
        database = Database(url)
        stack.callback(database.close)
        upgrade(database)
        yield database


def _answers(url: str) -> bool:
    database = Database(url)
    try:
        with database.reading() as session:
            session.connection()
    except OperationalError:
        return False
    finally:
        database.close()
    return True


@contextmanager
def _made_database(server: str) -> Iterator[str]:
    name = f"bench_{secrets.token_hex(4)}"
    _administer(server, f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(False)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    database = Database(server)
    try:
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text(statement))
    finally:
        database.close()


class Process:
    """One process of ours in a session of its own."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: dict[str, str],
        log: Any = subprocess.DEVNULL,
    ) -> None:
        self._child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def has_ended(self) -> bool:
        return self._child.poll() is not None

    def kill(self) -> None:
        """SIGKILL to it and all its children."""
        if not self.has_ended:
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def stop(self) -> None:
        """SIGTERM; SIGKILL to who does not hear it."""
        self._child.terminate()
        try:
            self._child.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def wait_for(address: str) -> None:
    """Until something answers there."""
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(address, timeout=2)
            return
        except requests.RequestException:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {address}")


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
