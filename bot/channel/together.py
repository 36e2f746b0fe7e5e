"""Arrivals that come while another one is being written share the next transaction.

SQLite lets one writer in at a time, and each commit waits for the disk: under load the
threads of the web process would queue for both. Here the first in the queue writes for
all who wait. Guarantees: ``store`` returns only after the commit that holds its event; an
arrival that the database refuses fails alone, the others of its transaction are stored.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError, TimeoutError

from bot.channel.intake import Arrival, Stored, store_event
from bot.db import Database

# What says that the database is away, not that it dislikes what it was given.
AWAY = (OperationalError, TimeoutError)


@dataclass(slots=True)
class _Place:
    """One caller in the queue, and in the end what became of the event."""

    arrival: Arrival
    outcome: Stored | Exception | None = None


class Together:
    """One per web process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: list[_Place] = []
        self._queueing = threading.Lock()
        self._writing = threading.Lock()

    def store(self, arrival: Arrival) -> Stored:
        """Write this event, and those that wait with it; raises what the database says."""
        place = _Place(arrival)
        with self._queueing:
            self._queue.append(place)
        with self._writing:
            if place.outcome is None:  # nobody wrote it for us meanwhile
                self._write_all(self._whole_queue())
        if isinstance(place.outcome, Stored):
            return place.outcome
        raise place.outcome or RuntimeError("the thread that wrote for all has died")

    def _whole_queue(self) -> list[_Place]:
        with self._queueing:
            queue, self._queue = self._queue, []
            return queue

    def _write_all(self, places: Sequence[_Place]) -> None:
        try:
            self._write(places)
        except AWAY as error:
            # who came meanwhile has waited as long as Zalo is patient, or nearly
            _give_up((*places, *self._whole_queue()), error)
        except Exception:
            for place in places:
                self._write_alone(place)

    def _write_alone(self, place: _Place) -> None:
        try:
            self._write([place])
        except Exception as error:
            _give_up([place], error)

    def _write(self, places: Sequence[_Place]) -> None:
        with self._database.writing_plainly() as connection:
            stored = [store_event(connection, place.arrival) for place in places]
        for place, outcome in zip(places, stored, strict=True):
            place.outcome = outcome


def _give_up(places: Sequence[_Place], error: Exception) -> None:
    for place in places:
        place.outcome = error
