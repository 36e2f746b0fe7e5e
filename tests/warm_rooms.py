"""Imported by the process from which ``warm`` forks: all rooms, which commands import late."""

from __future__ import annotations

import importlib
from pathlib import Path

from sqlalchemy.orm import configure_mappers

ROOT = Path(__file__).resolve().parent.parent

for file in sorted((ROOT / "bot").rglob("*.py")):
    parts = file.relative_to(ROOT).with_suffix("").parts
    importlib.import_module(".".join(parts).removesuffix(".__init__"))
for name in ("app", "building.demo", "building.web", "building.worker", "scheduler"):
    importlib.import_module(name)
configure_mappers()
