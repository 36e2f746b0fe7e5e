"""What the tests of the channel share: a fake Zalo, a person, a sender over both."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.channel import outbox
from bot.channel.accounts import Accounts
from bot.channel.outbox import Outgoing
from bot.channel.seal import Sealer
from bot.channel.sender import Sender
from bot.channel.tokens import ensure_first_account
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.db import Database
from bot.files import Files
from bot.settings import Settings
from models import Account, Contact, Lane, OutboxMessage, SendAttempt
from tests.channel.fake_zalo import FakeZalo

OA_ID = "4071625384950617283"
PRICE = 55  # of a message in the paid window
# A test that waits for a time-out must not take long; a busy machine is no time-out.
TEST_TIMEOUTS = (5.0, 1.5)


class MovableClock(Clock):
    """Runs, and can be moved."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **parts: float) -> None:
        self.ahead += timedelta(**parts)


class Post:
    """An account with people, its outbox and its sender; reads like the daily work."""

    def __init__(
        self,
        database: Database,
        clock: MovableClock,
        zalo: FakeZalo,
        accounts: Accounts,
        client: ZaloClient,
        files: Files,
    ) -> None:
        self.database, self.clock, self.zalo = database, clock, zalo
        self.files = files
        self.accounts, self.client = accounts, client
        self.sender = self.new_sender()

    def new_sender(self, client: ZaloClient | None = None, **options: Any) -> Sender:
        rng = random.Random(7)  # the same pauses in each run
        return Sender(
            self.database,
            self.clock,
            client or self.client,
            self.accounts,
            self.files,
            paid_message_vnd=PRICE,
            rng=rng,
            **options,
        )

    def new_patient_client(self) -> ZaloClient:
        """Waits for an answer as long as a test may take."""
        return ZaloClient(self.zalo.url, self.zalo.url, timeouts=(2.0, 30.0))

    def connect(self, oa_id: str) -> None:
        """Another account of the same office, with the same tokens."""
        with self.database.writing() as session:
            first = session.get_one(Account, OA_ID)
            session.add(
                Account(
                    oa_id=oa_id,
                    created_at=self.clock.now(),
                    access_token_sealed=first.access_token_sealed,
                    refresh_token_sealed=first.refresh_token_sealed,
                )
            )

    def person(self, user_id: str = "minh", **fields: Any) -> Contact:
        now = self.clock.now()
        known: dict[str, Any] = {"oa_id": OA_ID, "last_interaction_at": now}
        with self.database.writing() as session:
            contact = Contact(user_id=user_id, created_at=now, **known | fields)
            session.add(contact)
        return contact

    def write(
        self, contact: Contact, *texts: str, key: str = "", **options: Any
    ) -> int:
        messages = [Outgoing(text) for text in texts]
        return self.write_messages(contact, *messages, key=key, **options)

    def write_messages(
        self, contact: Contact, *messages: Outgoing, key: str = "", **options: Any
    ) -> int:
        given: dict[str, Any] = {"lane": Lane.REPLY, "now": self.clock.now()} | options
        with self.database.writing() as session:
            return outbox.enqueue(
                session,
                contact=contact,
                key=key or f"event:{random.getrandbits(40)}",
                messages=messages,
                **given,
            )

    def rows(self) -> list[OutboxMessage]:
        with self.database.reading() as session:
            query = select(OutboxMessage).order_by(OutboxMessage.id)  # type: ignore[arg-type]
            return list(session.exec(query))

    def row(self) -> OutboxMessage:
        [row] = self.rows()
        return row

    def row_reason(self, number: int) -> str | None:
        return self.rows()[number].reason

    def statuses(self) -> list[str]:
        return [str(row.status) for row in self.rows()]

    def attempts(self) -> list[SendAttempt]:
        with self.database.reading() as session:
            query = select(SendAttempt).order_by(SendAttempt.id)  # type: ignore[arg-type]
            return list(session.exec(query))

    def account(self) -> Account:
        with self.database.reading() as session:
            return session.get_one(Account, OA_ID)

    def contact(self, contact: Contact) -> Contact:
        with self.database.reading() as session:
            return session.get_one(Contact, contact.id)

    def change_account(self, **fields: Any) -> None:
        with self.database.writing() as session:
            account = session.get_one(Account, OA_ID)
            for name, value in fields.items():
                setattr(account, name, value)


@contextmanager
def running(sender: Sender) -> Iterator[threading.Event]:
    """The sender's loop in a thread; setting the event wakes it."""
    stop, wake = threading.Event(), threading.Event()
    loop = threading.Thread(target=sender.run, args=(stop, wake))
    loop.start()
    try:
        yield wake
    finally:
        stop.set()
        wake.set()
        loop.join(20)
        assert not loop.is_alive()


def wait_until(is_so: Callable[[], bool], at_most_seconds: float = 30) -> None:
    deadline = time.monotonic() + at_most_seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def zalo(clock: MovableClock) -> Iterator[FakeZalo]:
    fake = FakeZalo(now=clock.now)
    yield fake
    fake.close()
    fake.assert_all_used()


@pytest.fixture
def channel_settings(settings: Settings, zalo: FakeZalo) -> Settings:
    return settings.model_validate(
        settings.model_dump()
        | {
            "zalo_oa_id": OA_ID,
            "zalo_access_token": "access-0",
            "zalo_refresh_token": "refresh-0",
            "zalo_openapi_url": zalo.url,
            "zalo_oauth_url": zalo.url,
        }
    )


@pytest.fixture
def client(zalo: FakeZalo) -> Iterator[ZaloClient]:
    client = ZaloClient(zalo.url, zalo.url, timeouts=TEST_TIMEOUTS)
    yield client
    client.close()


@pytest.fixture
def sealer(channel_settings: Settings) -> Sealer:
    return Sealer(channel_settings.secret("secret_key"))


@pytest.fixture
def accounts(
    database: Database,
    clock: MovableClock,
    client: ZaloClient,
    sealer: Sealer,
    channel_settings: Settings,
) -> Accounts:
    with database.writing() as session:
        ensure_first_account(session, channel_settings, sealer, clock.now())
    return Accounts(database, clock, client, sealer, channel_settings)


@pytest.fixture
def post(
    database: Database,
    clock: MovableClock,
    zalo: FakeZalo,
    accounts: Accounts,
    client: ZaloClient,
    tmp_path: Path,
) -> Iterator[Post]:
    post = Post(database, clock, zalo, accounts, client, Files(tmp_path))
    yield post
    post.sender.close()


@pytest.fixture
def samples() -> Callable[[str], Any]:
    """The recorded shapes of Zalo, by file name without ending."""
    folder = Path(__file__).resolve().parent.parent / "zalo_samples"

    def read(name: str) -> Any:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    return read
