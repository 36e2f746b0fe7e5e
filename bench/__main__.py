"""``python -m bench [NAME …] [--write]``: run the benchmarks, print one table each."""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "results"
NAMES = (
    "search", "demo", "intake", "hostile", "sender", "engines", "reports", "credits",
    "proofs", "hours", "campaigns", "reminders", "dashboard",
)  # fmt: skip


def main(arguments: list[str]) -> None:
    """Run the named benchmarks (all without a name); ``--write`` keeps the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--write", action="store_true", help="keep the tables under docs/results"
    )
    options = parser.parse_args(arguments)
    if unknown := sorted({*options.names} - {*NAMES}):
        parser.error(f"no benchmark is called {unknown[0]}: {', '.join(NAMES)}")
    tables = []
    for name in options.names or NAMES:
        table = import_module(f"bench.{name}").run()
        print(table, flush=True)
        tables.append(table)
    if options.write:
        _write("\n\n".join(tables))


def _write(tables: str) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    today = datetime.now(UTC).date()
    head = (
        f"# Measured on {today}\n\nPython {platform.python_version()}, {_machine()}\n\n"
    )
    (RESULTS / f"{today}.md").write_text(head + tables + "\n", encoding="utf-8")


def _machine() -> str:
    import os

    return f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"


if __name__ == "__main__":
    main(sys.argv[1:])
