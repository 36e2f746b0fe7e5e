"""The bell between processes: whoever stores work rings, whoever does it wakes at once.

Only a hint: the rows are the truth, their claims share out the work whoever rings, and the
worker looks by itself once a second. So a bell that is away costs that second at most; it
never raises, and never holds up the one who rings.

``open_bell`` picks what carries the ring:

* SQLite: a named pipe in ``DATA_DIR``: no port, no server, one machine;
* PostgreSQL: ``NOTIFY``, which wakes the workers of every machine;
* ``BROKER_URL=redis://…``: the same through Redis, on either database.
"""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bot.db import Database
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.channel.bell_postgres import PostgresBell
    from bot.channel.bell_redis import RedisBell

# In quotes: the drivers of the two others are loaded only where they are used.
Bell: TypeAlias = "PipeBell | PostgresBell | RedisBell"

RINGS_APART_SECONDS = 0.01


def open_bell(settings: Settings, database: Database) -> Bell:
    """The bell of this installation; only its own driver is loaded."""
    if settings.broker_url:
        from bot.channel.bell_redis import RedisBell

        return RedisBell(settings.broker_url)
    if database.is_sqlite:
        return PipeBell(settings.data_dir)
    from bot.channel.bell_postgres import PostgresBell

    return PostgresBell(database.url)


class Ringer:
    """Rings for a process that works for many at once: none of them waits for the bell,
    and what is asked for right after a ring is one ring more."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._asked = threading.Condition()
        self._is_wanted = self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
        self._thread.start()

    def ring(self) -> None:
        with self._asked:
            self._is_wanted = True
            self._asked.notify()

    def close(self) -> None:
        """What was asked for is rung before."""
        with self._asked:
            self._is_closed = True
            self._asked.notify()
        self._thread.join()
        self._bell.close()

    def _run(self) -> None:
        while self._wait_until_asked():
            self._bell.ring()
            time.sleep(RINGS_APART_SECONDS)

    def _wait_until_asked(self) -> bool:
        """False when nobody asks any more."""
        with self._asked:
            self._asked.wait_for(lambda: self._is_wanted or self._is_closed)
            was_wanted, self._is_wanted = self._is_wanted, False
        return was_wanted


class PipeBell:
    """``ring()`` from any process of this machine ends a ``wait()`` in the worker."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "bell"
        self._lock = threading.Lock()
        self._writer: int | None = None
        self._reader: int | None = None

    def ring(self) -> None:
        """Wake the worker; silently nothing when none listens."""
        with self._lock:
            try:
                if self._writer is None:
                    self._writer = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
                os.write(self._writer, b"!")
            except BlockingIOError:
                pass  # the pipe is full of rings: the worker is awake
            except OSError:
                self._forget_writer()

    def wait(self, timeout_seconds: float) -> bool:
        """True when rung; all rings so far count as one."""
        if self._reader is None:
            self._reader = self._open_reader()
        ready, _, _ = select.select([self._reader], [], [], timeout_seconds)
        if ready:
            with suppress(BlockingIOError):  # another worker heard it too, and read it
                os.read(self._reader, 65536)
        return bool(ready)

    def close(self) -> None:
        with self._lock:
            self._forget_writer()
        if self._reader is not None:
            os.close(self._reader)
            self._reader = None

    def _open_reader(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            os.mkfifo(self._path, 0o600)
        # read-write, so that select() does not see "end of file" when a writer leaves
        return os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

    def _forget_writer(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
