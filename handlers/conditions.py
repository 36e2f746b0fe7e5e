"""The questions the route table asks of a turn."""

from __future__ import annotations

from collections.abc import Callable

from bot.channel.event_kinds import Direction, EventKind
from bot.conversation.turn import Turn

Condition = Callable[[Turn], bool]


def event(*kinds: EventKind) -> Condition:
    """The event is one of these."""
    return lambda turn: turn.event.kind in kinds


def command(*names: str) -> Condition:
    """The person chose, tapped or typed one of these commands."""
    return lambda turn: turn.command is not None and turn.command.name in names


def attachment(*kinds: str) -> Condition:
    """The message carries something of these kinds."""
    return lambda turn: any(one.kind in kinds for one in turn.event.attachments)


def has_attachment(turn: Turn) -> bool:
    return bool(turn.event.attachments)


def has_text(turn: Turn) -> bool:
    return bool(turn.text.strip())


def from_person(turn: Turn) -> bool:
    return turn.event.direction == Direction.FROM_PERSON


def is_silenced(turn: Turn) -> bool:
    until = turn.contact.silent_until
    return from_person(turn) and until is not None and until > turn.now


def chose_something(turn: Turn) -> bool:
    return turn.command is not None


def anything(turn: Turn) -> bool:
    return True
