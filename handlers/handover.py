"""A person instead of the bot: asked for by the citizen, or taken up by an official."""

from __future__ import annotations

from datetime import timedelta

from bot.conversation.turn import Reply, Turn
from bot.people import units

# Long enough for an official to answer in the account's console without the bot talking
# between; the citizen wakes the bot at once with "menu".
SILENT_FOR = timedelta(minutes=30)


def ask_for_person(turn: Turn) -> list[Reply]:
    """Where a person is to be found; the bot then keeps quiet for a while."""
    turn.contact.silent_until = turn.now + SILENT_FOR
    code = turn.contact.unit_code or turn.account.unit_code
    unit = units.by_code(turn.session, code) if code else None
    desk = units.desk_of(turn.session, code) if code else None
    minutes = int(SILENT_FOR.total_seconds() // 60)
    params = {"unit": unit, "desk": desk, "minutes": minutes}
    return [Reply("handover.person", params)]


def took_over(turn: Turn) -> list[Reply]:
    """An official typed in the account's console: the bot keeps quiet for a while."""
    turn.contact.silent_until = turn.now + SILENT_FOR
    return []
