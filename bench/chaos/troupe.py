"""The program's processes; who is killed comes back at once."""

from __future__ import annotations

import os
import random
import resource
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.stage import Process, environment_of, wait_for
from bot.settings import Settings

GROWN_AFTER = 4.0  # seconds: a worker builds its index for one, on an idle machine


class Troupe:
    """Processes by role: ``web-0``, ``web-1``, ``worker-0`` …"""

    def __init__(self, settings: Sequence[Settings], workers: int, log: int) -> None:
        self._environments = {
            f"web-{number}": environment_of(one) for number, one in enumerate(settings)
        } | {
            f"worker-{number}": environment_of(settings[0]) for number in range(workers)
        }
        self._log = log
        self._running: dict[str, Process] = {}
        self._born: dict[str, float] = {}
        self._changing = threading.Lock()
        self.killed: Counter[str] = Counter()

    def start_all(self) -> None:
        for role in self._environments:
            self._start(role)

    def kill_one_of_age(self, rng: random.Random) -> None:
        """One that has had time to begin its work, if there is one."""
        now = time.monotonic()
        grown = [role for role, at in self._born.items() if now - at > GROWN_AFTER]
        if not grown:
            return
        role = rng.choice(sorted(grown))
        with self._changing:
            self._running[role].kill()
            self.killed[role] += 1
            self._start(role)

    def revive_dead(self) -> int:
        """Who ended by himself (no room on the disk) is started again, as a supervisor
        would do it."""
        with self._changing:
            dead = [role for role, one in self._running.items() if one.has_ended]
            for role in dead:
                self._start(role)
        return len(dead)

    def take_disk(self, *, away: bool) -> None:
        """No file of any process may grow, or all may again: a full disk, without root."""
        soft = 0 if away else resource.RLIM_INFINITY
        with self._changing:
            for process in self._running.values():
                for pid in _tree(process.pid):
                    _limit(pid, soft)

    def stop(self) -> None:
        for process in self._running.values():
            process.stop()

    def _start(self, role: str) -> None:
        command = role.partition("-")[0]
        environment = self._environments[role]
        self._running[role] = Process(["app.py", command], environment, self._log)
        self._born[role] = time.monotonic()


def _limit(pid: int, soft: int) -> None:
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
    except ProcessLookupError:
        return


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except FileNotFoundError:
            continue
        for child in children:
            yield from _tree(int(child))


@contextmanager
def troupe_of(settings: Sequence[Settings], workers: int) -> Iterator[Troupe]:
    """Started and answering; ended with the block. Their log is ``chaos.log``."""
    with _log_pipe(settings[0].data_dir / "chaos.log") as log:
        troupe = Troupe(settings, workers, log)
        try:
            troupe.start_all()
            for one in settings:
                wait_for(f"{one.base_url}/healthz")
            yield troupe
        finally:
            troupe.stop()


@contextmanager
def _log_pipe(file: Path) -> Iterator[int]:
    """A log that grows in another process: the full disk is not to break the log."""
    reading, writing = os.pipe()

    def copy() -> None:
        with os.fdopen(reading, "rb") as source, file.open("ab") as target:
            while data := source.read1(65536):
                target.write(data)

    copier = threading.Thread(target=copy, name="log")
    copier.start()
    try:
        yield writing
    finally:
        os.close(writing)
        copier.join()
