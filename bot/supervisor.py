"""The parent of ``serve`` and ``demo``: the web server's parent, and a worker beside it.

The worker is a process of its own; if it dies it is started again, after a growing pause.
Both end together.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

import structlog

from bot.settings import hand_down

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STABLE_AFTER_SECONDS = 60.0
# The longest unit of work is one call to Zalo with its time-out.
STOP_WITHIN_SECONDS = 20.0
# glibc keeps an arena for each of many threads, and what was freed in it. With one, and free
# memory given back, the worker of the demo holds 148 MB; with two 165.
FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": str(128 * 1024)}


class ChildProcess:
    """Keeps ``python *arguments`` running until ``stop``."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = [sys.executable, *arguments]
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the child to finish (SIGTERM), insist after a while."""
        self._stopping.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join()

    def _keep_running(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            self._process = subprocess.Popen(self._arguments)
            if self._stopping.is_set():
                self._process.terminate()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > STABLE_AFTER_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            log.error("worker_died", exit_code=code, restart_in_seconds=pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def run_to_end(arguments: Sequence[str]) -> None:
    """Run ``python *arguments``; its failure is ours."""
    finished = subprocess.run([sys.executable, *arguments], check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


def serve_with_worker(
    worker_arguments: Sequence[str], serve_web: Callable[[], None]
) -> None:
    """Run both until the web server ends (SIGINT, SIGTERM)."""
    hand_down(FRUGAL)
    worker = ChildProcess(worker_arguments)
    worker.start()
    try:
        serve_web()
    finally:
        worker.stop()
