"""Where built indexes are kept: made once, opened by every process that needs them.

Building learns from all examples, which takes seconds and a hundred megabytes. The same
entries, lexicon and code always give the same index, so it is kept in a file named by the
digest of these: whoever needs it first has it built, in a process that ends afterwards;
others wait for that, and only open it. A file that does not open is built again.
"""

from __future__ import annotations

import fcntl
import hashlib
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.search.entries import Entry
from bot.search.lexicon import Lexicon, lexicon_files

if TYPE_CHECKING:
    from bot.search.finder import SearchIndex

log = structlog.get_logger(__name__)

ENDING = ".index"
KEPT = 2  # the newest, and the one before it that a slower process may be about to open
_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]

ReadEntries = Callable[[], Iterable[Entry]]
BuildInto = Callable[[Sequence[Entry], Path, Path], None]


class Shelf:
    """A folder of built indexes; may be shared by processes of several versions."""

    def __init__(self, folder: Path, build_into: BuildInto | None = None) -> None:
        self._folder = folder
        self._build_into = build_into or build_apart

    def index_of(self, read_entries: ReadEntries, lexicon_file: Path) -> SearchIndex:
        """The index of these entries and this lexicon; the entries are read once to know
        whether it is here, and once more only if not."""
        from bot.search.stored import load

        name = fingerprint(read_entries(), lexicon_file)
        return load(self._file(name)) or self._built(list(read_entries()), lexicon_file)

    def _built(self, entries: Sequence[Entry], lexicon_file: Path) -> SearchIndex:
        from bot.search.stored import load

        # of these entries: they may have changed between the two readings
        file = self._file(fingerprint(entries, lexicon_file))
        index = None
        try:
            with self._alone():
                index = load(file)
                if index is None:
                    self._build_into(entries, lexicon_file, file)
                    index = load(file)
                    self._forget_older()
        except (OSError, subprocess.CalledProcessError) as error:
            log.warning("index_not_kept", error=str(error))
        return index or build(entries, lexicon_file)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}{ENDING}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While one builds, others wait."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "index.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _forget_older(self) -> None:
        files = sorted(
            self._folder.glob(f"*{ENDING}"), key=lambda file: -file.stat().st_mtime_ns
        )
        for file in files[KEPT:]:
            file.unlink(missing_ok=True)


def build(entries: Iterable[Entry], lexicon_file: Path) -> SearchIndex:
    """In this process."""
    from bot.search.finder import SearchIndex

    return SearchIndex.build(entries, Lexicon.load(lexicon_file))


def build_apart(entries: Sequence[Entry], lexicon_file: Path, file: Path) -> None:
    """In a process of its own, which leaves nothing behind but the file."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "bot.search.building",
            lexicon_file.resolve(),
            file.resolve(),
        ],
        input=pickle.dumps(entries),
        cwd=_ROOT,
        check=True,
    )


def fingerprint(entries: Iterable[Entry], lexicon_file: Path) -> str:
    """Digest of everything an index depends on."""
    digest = hashlib.sha256(sys.version.encode())
    for file in (*lexicon_files(lexicon_file), *sorted(_HERE.glob("*.py"))):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    for entry in entries:
        digest.update(repr(entry).encode())
    return digest.hexdigest()[:32]
