"""Commands in a process of their own, forked from one that has imported the program.

A command line is a process: its own environment, folder, output and exit code. Importing
everything anew takes longer than most commands do; ``test_logs`` and ``test_connecting``
start ``python app.py`` from nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

PATIENCE_SECONDS = 120

_processes = get_context("forkserver")
_processes.set_forkserver_preload(["tests.warm_rooms"])


def run_command(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """``python app.py ARGUMENTS`` in this folder, with this environment and no other."""
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept) / "out", Path(kept) / "err"
        process = _processes.Process(
            target=_become, args=(arguments, dict(environment), folder, out, err)
        )
        process.start()
        process.join(PATIENCE_SECONDS)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), PATIENCE_SECONDS)
        said, complained = (file.read_text("utf-8") for file in (out, err))
    return subprocess.CompletedProcess(
        list(arguments), process.exitcode, said, complained
    )


def _become(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    out: Path,
    err: Path,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.argv = ["app.py", *arguments]
    import app

    app.main()
