"""Long lists in short pages: eight lines, then "thêm"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from bot.conversation.turn import Command

Item = TypeVar("Item")

# Eight two-line entries fill a small phone's screen without scrolling.
PAGE_SIZE = 8


def page(
    items: Sequence[Item], command: Command
) -> tuple[Sequence[Item], Command | None, int]:
    """The items of the page this command asks for, the command for the next page (None at
    the end), and how many remain. The argument is "what" or "what@offset"."""
    offset = offset_of(command)
    shown = items[offset : offset + PAGE_SIZE]
    remaining = max(0, len(items) - offset - len(shown))
    if not remaining:
        return shown, None, 0
    what = subject_of(command)
    return shown, Command(command.name, f"{what}@{offset + len(shown)}"), remaining


def subject_of(command: Command) -> str:
    return command.argument.rpartition("@")[0] or command.argument


def offset_of(command: Command) -> int:
    _, marked, offset = command.argument.rpartition("@")
    return int(offset) if marked and offset.isdigit() else 0
