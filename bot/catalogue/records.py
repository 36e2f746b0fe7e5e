"""One record of a content file, where it stands, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.catalogue.values import Row
from bot.errors import OperatorError

SHOWN_ERRORS = 20  # a screenful; the rest is usually the same mistake again


@dataclass(frozen=True)
class PackError:
    """One mistake in one place."""

    file: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        parts = [f"{self.file}:{self.line}", self.field, self.reason]
        return ": ".join(part for part in parts if part)


class PacksRefused(OperatorError):
    """The packs cannot be loaded; ``errors`` has every mistake, the text the first."""

    def __init__(self, errors: list[PackError]) -> None:
        self.errors = errors
        lines = [str(error) for error in errors[:SHOWN_ERRORS]]
        if len(errors) > SHOWN_ERRORS:
            lines.append(f"... and {len(errors) - SHOWN_ERRORS} more")
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Record:
    """``lines`` gives the line of each field, under "" that of the record."""

    row: Row
    file: str
    lines: Mapping[str, int]

    def error(self, field: str, reason: str) -> PackError:
        return PackError(self.file, self.line_of(field), field, reason)

    def line_of(self, field: str) -> int:
        return self.lines.get(field) or self.lines[""]
