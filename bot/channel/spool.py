"""Events on disk while the database is away.

One append-only file in ``DATA_DIR/spool``, shared by the web processes of a machine; a
line is an ``Arrival``, masked like every stored event. Guarantees:

* ``append`` returns only when the line is on stable storage (fsync); it raises ``OSError``
  when it is not, and then the sender must not be told that the event was taken;
* while lines wait, new events queue behind them (``is_waiting``), so that the order of a
  person's events is kept;
* ``replay`` stores the lines in order and forgets the file only when all are stored. A
  crash in between replays them again, which changes nothing: event keys are unique;
* a line that a crash cut short was never acknowledged and is left out; a whole line that
  the database refuses is set aside in ``refused.jsonl`` and delays nobody.

One lock file (flock) keeps appending and forgetting apart; another lets one process
replay at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bot.channel.intake import Arrival

REPLAYED_AT_ONCE = 200  # lines per transaction
_MODE = 0o600  # holds what people wrote
_TIMES = ("occurred_at", "received_at")

Store = Callable[[Sequence[Arrival]], None]


class Spool:
    """The waiting line on disk."""

    def __init__(self, data_dir: Path) -> None:
        """Make sure that a line could be written now; ``OSError`` when not."""
        self._folder = data_dir / "spool"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = self._folder / "events.jsonl"
        self._taken = self._folder / "replaying.jsonl"
        self._refused = self._folder / "refused.jsonl"
        probe = self._folder / f"probe-{os.getpid()}"
        _append(probe, b"?")
        probe.unlink()
        _sync_folder(self._folder)

    def is_waiting(self) -> bool:
        """Whether events must queue behind others; two cheap looks at the disk."""
        return self._file.exists() or self._taken.exists()

    def append(self, arrival: Arrival) -> None:
        """Write one event to stable storage."""
        with self._locked("append.lock"):
            is_new = not self._file.exists()
            _append(self._file, _to_line(arrival))
            if is_new:
                _sync_folder(self._folder)

    def waiting(self) -> int:
        """How many events wait."""
        return sum(1 for file in (self._taken, self._file) for _ in _lines(file))

    def waits_since(self) -> datetime | None:
        """When the oldest event that waits came in."""
        for file in (self._taken, self._file):
            for line in _lines(file):
                return _from_line(line).received_at
        return None

    def size_bytes(self) -> int:
        """Of all its files."""
        files = (self._taken, self._file, self._refused)
        return sum(file.stat().st_size for file in files if file.exists())

    def refused(self) -> int:
        """How many events the database would not take."""
        return sum(1 for _ in _lines(self._refused))

    def replay(self, store: Store) -> int:
        """Store what waits, in order; how many lines. ``store`` raises while it cannot.

        ``store`` takes a batch in one transaction. A batch that is refused for its
        contents (``ValueError``) is tried line by line, and the guilty line set aside.
        """
        with self._locked("replay.lock", wait=False) as mine:
            if not mine:
                return 0
            replayed = 0
            while self._take():
                lines = _lines(self._taken)
                while batch := list(islice(lines, REPLAYED_AT_ONCE)):
                    self._store(store, [_from_line(line) for line in batch])
                    replayed += len(batch)
                self._taken.unlink()
                _sync_folder(self._folder)
            return replayed

    def _take(self) -> bool:
        """Set the file aside for replaying; new events begin another one."""
        if self._taken.exists():  # a replay that did not come to its end
            return True
        with self._locked("append.lock"):
            if not self._file.exists():
                return False
            self._file.rename(self._taken)
            _sync_folder(self._folder)
            return True

    def _store(self, store: Store, arrivals: Sequence[Arrival]) -> None:
        try:
            store(arrivals)
        except ValueError:
            for arrival in arrivals:
                try:
                    store([arrival])
                except ValueError:
                    _append(self._refused, _to_line(arrival))

    @contextmanager
    def _locked(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold a lock among processes and threads; False when somebody else does."""
        lock = os.open(self._folder / name, os.O_RDWR | os.O_CREAT, _MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(lock)


def _append(file: Path, line: bytes) -> None:
    """Add a line and wait for the disk; a line that came out short is taken back."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)
    try:
        before = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError("the disk took part of the line")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """A new or renamed file is only safe when its folder is on disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lines(file: Path) -> Iterator[bytes]:
    """The whole lines of a file."""
    if not file.exists():
        return
    with file.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield line


def _to_line(arrival: Arrival) -> bytes:
    fields = asdict(arrival)
    for name in _TIMES:
        fields[name] = fields[name].isoformat()
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _from_line(line: bytes) -> Arrival:
    fields: dict[str, Any] = json.loads(line)
    for name in _TIMES:
        fields[name] = datetime.fromisoformat(fields[name])
    return Arrival(**fields)
