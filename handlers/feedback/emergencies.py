"""A cry for help: the numbers to call, at once, whatever else is going on in this chat."""

from __future__ import annotations

from bot.conversation.turn import Reply, Turn
from bot.feedback.areas import Emergency, read_lists
from handlers.proofs.things import is_message


def is_one(turn: Turn) -> bool:
    return _found(turn) is not None


def answer(turn: Turn) -> list[Reply]:
    """A dialog in progress stays as it is."""
    found = _found(turn)
    if found is None:
        return []
    return [Reply("danger.answer", {"numbers": found.numbers}, remark=True)]


def _found(turn: Turn) -> Emergency | None:
    if not turn.text or not is_message(turn) or turn.command is not None:
        return None
    return read_lists(turn.catalogue.content_dir).emergency_in(turn.text)
