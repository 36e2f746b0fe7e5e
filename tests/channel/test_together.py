"""What waits together shares a transaction, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlmodel import select

from bot.channel.intake import Arrival, Outcome, Stored, store_event
from bot.channel.together import Together
from bot.db import Database
from models import Account, WebhookEvent
from tests.channel.test_spool import NOW, Locked, arrival


@pytest.fixture
def ours(database: Database) -> Database:
    with database.writing() as session:
        session.add(Account(oa_id=arrival(0).oa_id or "", created_at=NOW))
    return database


def keys(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.event_key for row in session.exec(select(WebhookEvent))]


class Callers:
    """One arrival is being written; the others wait for it, all at once."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.together = Together(self._write)
        self.outcomes: dict[str, Stored | Exception] = {}

    def _write(self, arrivals: Sequence[Arrival]) -> list[Stored]:
        with self.database.writing_plainly() as connection:
            return [store_event(connection, one) for one in arrivals]

    def store(self, arrival: Arrival) -> None:
        try:
            self.outcomes[arrival.event_key] = self.together.store(arrival)
        except SQLAlchemyError as error:
            self.outcomes[arrival.event_key] = error

    def store_at_once(self, arrivals: Sequence[Arrival]) -> None:
        threads = [threading.Thread(target=self.store, args=[one]) for one in arrivals]
        with self.together._writing:
            for thread in threads:
                thread.start()
            wait_until(lambda: len(self.together._queue) == len(arrivals))
        for thread in threads:
            thread.join()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


@contextmanager
def counted(database: Database, what: str) -> Iterator[list[int]]:
    """How often this event of the engine comes."""
    seen: list[int] = []

    def count(_: object) -> None:
        seen.append(1)

    event.listen(database.engine, what, count)
    yield seen
    event.remove(database.engine, what, count)


def test_who_waits_together_shares_one_commit(ours: Database) -> None:
    callers = Callers(ours)
    with counted(ours, "commit") as commits:
        callers.store_at_once([arrival(number) for number in range(8)])
    assert len(commits) == 1
    assert len(keys(ours)) == 8
    found = list(callers.outcomes.values())
    assert all(isinstance(one, Stored) and one.is_new for one in found)
    assert len({one.event_id for one in found if isinstance(one, Stored)}) == 8


def test_the_same_event_twice_in_one_transaction_is_one_row(ours: Database) -> None:
    callers = Callers(ours)
    callers.store_at_once([arrival(1), arrival(2)])
    again = callers.together.store(arrival(1))
    assert again.outcome is Outcome.DUPLICATE
    assert len(keys(ours)) == 2


def test_one_that_the_database_refuses_fails_alone(ours: Database) -> None:
    with ours.writing() as session:
        session.connection().execute(
            text(
                "CREATE TRIGGER no_threes BEFORE INSERT ON webhook_event "
                "WHEN NEW.event_key LIKE '%|m-3' BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    callers = Callers(ours)
    callers.store_at_once([arrival(number) for number in range(6)])
    refused = [
        key for key, one in callers.outcomes.items() if not isinstance(one, Stored)
    ]
    assert refused == [arrival(3).event_key]
    assert sorted(keys(ours)) == sorted(
        arrival(number).event_key for number in (0, 1, 2, 4, 5)
    )


def test_all_who_wait_learn_at_once_that_the_database_is_away(ours: Database) -> None:
    impatient = Database(str(ours.url), patience=0.3)
    callers = Callers(impatient)
    with Locked(ours), counted(impatient, "handle_error") as refusals:
        callers.store_at_once([arrival(number) for number in range(8)])
    assert len(refusals) == 1, "they waited one after the other"
    assert len(callers.outcomes) == 8
    assert all(isinstance(e, OperationalError) for e in callers.outcomes.values())
    assert keys(ours) == []
    impatient.close()


def test_a_row_that_somebody_holds_fails_alone(server_url: str) -> None:
    patient = Database(server_url)
    impatient = Database(server_url, patience=0.3)
    with patient.writing() as session:
        for oa_id in ("held", "free"):
            session.add(Account(oa_id=oa_id, created_at=NOW))

    def rename(oa_ids: Sequence[str]) -> list[str]:
        with impatient.writing() as session:
            for oa_id in oa_ids:
                session.get_one(Account, oa_id, with_for_update=True).name = "new"
        return list(oa_ids)

    together, failed = Together(rename), []

    def store(oa_id: str) -> None:
        try:
            together.store(oa_id)
        except OperationalError:
            failed.append(oa_id)

    with patient.writing() as holding:
        holding.get_one(Account, "held", with_for_update=True)
        threads = [
            threading.Thread(target=store, args=[one]) for one in ("held", "free")
        ]
        with together._writing:
            for thread in threads:
                thread.start()
            wait_until(lambda: len(together._queue) == 2)
        for thread in threads:
            thread.join()
    with patient.reading() as session:
        names = {
            oa_id: session.get_one(Account, oa_id).name for oa_id in ("held", "free")
        }
    assert failed == ["held"]
    assert names == {"held": "", "free": "new"}
    for database in (patient, impatient):
        database.close()
