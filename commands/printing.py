"""Answers of the commands: lines for people, JSON and CSV for other programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

AS_JSON = click.option("--json", "as_json", is_flag=True, help="For other programs.")


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def print_json(shown: Any) -> None:
    click.echo(json.dumps(shown, ensure_ascii=False))


def write_csv(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """The keys of the first row are the columns."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(opened, list(row))
                writer.writeheader()
            writer.writerow(row)
