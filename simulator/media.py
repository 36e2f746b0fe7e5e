"""Files on the fake Zalo: uploads of the bot, pictures and recordings of people.

Kept in memory, or in a folder beside the snapshot so that they survive a restart.
"""

from __future__ import annotations

import hashlib
import mimetypes
import secrets
from collections import OrderedDict
from pathlib import Path

from simulator.records import Media

# In memory only: a test that uploads without end must not fill the machine.
MEMORY_LIMIT_BYTES = 200 * 1024 * 1024


class MediaStore:
    """The bytes of stored files, by id."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._used = 0

    def keep(self, content: bytes, name: str, content_type: str = "") -> Media:
        """Store the bytes and describe them; the checksum is MD5, as Zalo's is."""
        guessed = content_type or mimetypes.guess_type(name)[0]
        media = Media(
            media_id=secrets.token_hex(9),
            name=Path(name.replace("\\", "/")).name or "file",
            content_type=guessed or "application/octet-stream",
            size=len(content),
            checksum=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        )
        self._write(media.media_id, content)
        return media

    def read(self, media_id: str) -> bytes | None:
        """The bytes, or None when they are gone."""
        if self._folder is None:
            return self._memory.get(media_id)
        path = self._folder / media_id
        return path.read_bytes() if path.is_file() else None

    def clear(self) -> None:
        """Forget all files."""
        self._memory.clear()
        self._used = 0
        if self._folder and self._folder.is_dir():
            for path in self._folder.iterdir():
                path.unlink()

    def _write(self, media_id: str, content: bytes) -> None:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / media_id).write_bytes(content)
            return
        self._memory[media_id] = content
        self._used += len(content)
        while self._used > MEMORY_LIMIT_BYTES:
            self._used -= len(self._memory.popitem(last=False)[1])
