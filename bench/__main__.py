"""``python -m bench [NAME …] [--write]``: run the benchmarks, print one table each."""

from __future__ import annotations

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
    names = [name for name in arguments if not name.startswith("-")] or list(NAMES)
    tables = []
    for name in names:
        table = import_module(f"bench.{name}").run()
        print(table, flush=True)
        tables.append(table)
    if "--write" in arguments:
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
