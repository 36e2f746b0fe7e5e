"""The time of the program. One object, so that a demo can be moved as a whole.

Production reads the system clock. A demo names an offset file in which the simulator
writes by how many seconds the demo runs ahead; every process reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """``now()`` gives an aware UTC instant."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file
        self._read_at_mtime: int | None = None
        self._offset = timedelta()

    @classmethod
    def of(cls, offset_file: str) -> Clock:
        """Moved by this file, or not at all when there is no name."""
        return cls(Path(offset_file) if offset_file else None)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._current_offset()

    @property
    def is_movable(self) -> bool:
        return self._offset_file is not None

    def move(self, offset: timedelta) -> None:
        """Write the offset for every process of this demo (seconds, atomically)."""
        if self._offset_file is None:
            raise RuntimeError("this clock cannot be moved")
        self._offset_file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._offset_file.with_suffix(".new")
        draft.write_text(str(offset.total_seconds()), encoding="ascii")
        draft.replace(self._offset_file)

    def _current_offset(self) -> timedelta:
        if self._offset_file is None:
            return self._offset
        try:
            changed = self._offset_file.stat().st_mtime_ns
        except FileNotFoundError:
            return timedelta()
        if changed != self._read_at_mtime:
            text = self._offset_file.read_text(encoding="ascii")
            self._offset = timedelta(seconds=float(text))
            self._read_at_mtime = changed
        return self._offset
