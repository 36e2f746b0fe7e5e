"""What comes while something else is being written shares the next transaction.

Threads that each have a little to write would queue for the database (SQLite lets one
writer in at a time) and for the interpreter, and each commit waits for the disk. Here the
first in the queue writes for all who wait. Guarantees: ``store`` returns only after the
commit that holds what it was given; what the database refuses fails alone, the others of
its transaction are stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.exc import OperationalError, TimeoutError

# What says that the database is away, not that it dislikes what it was given.
AWAY = (OperationalError, TimeoutError)
# But these, in PostgreSQL's codes, are said of a single row: others wait for each other, or
# somebody has held it for too long.
ROW_IS_HELD = frozenset({"40P01", "55P03"})

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(slots=True)
class _Place(Generic[Given, Made]):
    """One caller in the queue, and in the end what became of what he gave."""

    given: Given
    made: list[Made]  # empty, or one
    error: Exception | None = None

    @property
    def is_served(self) -> bool:
        return bool(self.made) or self.error is not None


class Together(Generic[Given, Made]):
    """``write`` stores several in one transaction of its own; what it makes of each, in
    their order."""

    def __init__(self, write: Callable[[Sequence[Given]], Sequence[Made]]) -> None:
        self._write_in_one = write
        self._queue: list[_Place[Given, Made]] = []
        self._queueing = threading.Lock()
        self._writing = threading.Lock()

    def store(self, given: Given) -> Made:
        """Write this, and what waits with it; raises what the database says."""
        place: _Place[Given, Made] = _Place(given, [])
        with self._queueing:
            self._queue.append(place)
        with self._writing:
            if not place.is_served:  # nobody wrote it for us meanwhile
                self._write_all(self._whole_queue())
        if place.made:
            return place.made[0]
        raise place.error or RuntimeError("the thread that wrote for all has died")

    def _whole_queue(self) -> list[_Place[Given, Made]]:
        with self._queueing:
            queue, self._queue = self._queue, []
            return queue

    def _write_all(self, places: Sequence[_Place[Given, Made]]) -> None:
        try:
            self._write(places)
        except AWAY as error:
            if len(places) > 1 and _is_of_one_row(error):
                self._write_each_alone(places)
                return
            # who came meanwhile has waited as long as Zalo is patient, or nearly
            _give_up((*places, *self._whole_queue()), error)
        except Exception:
            self._write_each_alone(places)

    def _write_each_alone(self, places: Sequence[_Place[Given, Made]]) -> None:
        for place in places:
            try:
                self._write([place])
            except Exception as error:
                _give_up([place], error)

    def _write(self, places: Sequence[_Place[Given, Made]]) -> None:
        all_made = self._write_in_one([place.given for place in places])
        for place, made in zip(places, all_made, strict=True):
            place.made.append(made)


def _is_of_one_row(error: Exception) -> bool:
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in ROW_IS_HELD


def _give_up(places: Sequence[_Place[Given, Made]], error: Exception) -> None:
    for place in places:
        place.error = error
