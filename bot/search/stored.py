"""A built index in a file: arrays as they lie in memory, mapped when it is opened.

Promises: what was saved opens as the same index, and the pages of its arrays are shared by
all processes that open it; anything else (cut off, changed, of another program) opens as
nothing. Only this package's own classes are made from a file, whatever stands in it.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import mmap
import os
import pickle
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.search.finder import SearchIndex

MAGIC = b"index\x00\x00\x01"
UNFINISHED = ".part"
BORDER = 64  # bytes; arrays begin at multiples of it
_DIGEST = hashlib.sha256
_SIZE = struct.Struct("<Q")
_ROOM = "bot.search."
_FOREIGN = {  # what our classes are made of
    ("builtins", "frozenset"),
    ("builtins", "set"),
    ("datetime", "date"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
}


def save(index: SearchIndex, file: Path) -> None:
    """Write the file; it appears under its name only when it is whole."""
    arrays: list[pickle.PickleBuffer] = []
    body = pickle.dumps(index, protocol=5, buffer_callback=arrays.append)
    parts = [memoryview(body), *(array.raw() for array in arrays)]
    head = _SIZE.pack(len(parts)) + b"".join(_SIZE.pack(part.nbytes) for part in parts)
    content = bytearray(_padded(head))
    for part in parts:
        content += _padded(part)
    written = file.with_suffix(UNFINISHED)
    with written.open("wb") as out:
        out.write(_padded(MAGIC + _DIGEST(content).digest()))
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    written.replace(file)


def load(file: Path) -> SearchIndex | None:
    """The index that was saved there; None for anything else."""
    try:
        with file.open("rb") as opened:
            data = memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
            # read, not mapped: pages nobody asks for stay away
            opened.seek(BORDER)
            start = MAGIC + hashlib.file_digest(opened, _DIGEST).digest()
            if data[: len(start)] != start:
                return None
            body, *arrays = _places(data[BORDER:])
            opened.seek(BORDER + body.start)
            made = io.BytesIO(opened.read(len(body)))
    except (OSError, ValueError):  # none there, or an empty one
        return None
    mapped = [data[BORDER + one.start : BORDER + one.stop] for one in arrays]
    return _OwnClasses(made, buffers=mapped).load()  # type: ignore[no-any-return]


def _padded(part: bytes | memoryview) -> bytes:
    return bytes(part) + bytes(-len(part) % BORDER)


def _places(content: memoryview) -> list[range]:
    """Where each part stands in what follows the digest."""
    (count,) = _SIZE.unpack_from(content)
    places = range(_SIZE.size, _SIZE.size * (count + 1), _SIZE.size)
    sizes = [_SIZE.unpack_from(content, place)[0] for place in places]
    padded = [size + -size % BORDER for size in (_SIZE.size * (count + 1), *sizes)]
    starts = itertools.accumulate(padded)
    return [
        range(start, start + size) for start, size in zip(starts, sizes, strict=False)
    ]


class _OwnClasses(pickle.Unpickler):
    """Makes nothing but this package's classes and what they are made of."""

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        is_own = isinstance(found, type) and found.__module__ == module
        if (module, name) in _FOREIGN or (is_own and module.startswith(_ROOM)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} stands in no index")
