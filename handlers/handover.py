"""A person instead of the bot: asked for by the citizen, or taken up by an official."""

from __future__ import annotations

from bot.conversation import handovers
from bot.conversation.handovers import SILENT_FOR
from bot.conversation.turn import Reply, Turn
from bot.people import units


def ask_for_person(turn: Turn) -> list[Reply]:
    """Where a person is to be found; the bot then keeps quiet for a while."""
    if turn.contact.id is not None:  # a preview asks for nobody
        handovers.ask(turn.session, turn.contact, turn.now)
    code = turn.contact.unit_code or turn.account.unit_code
    unit = units.by_code(turn.session, code) if code else None
    desk = units.desk_of(turn.session, code) if code else None
    minutes = int(SILENT_FOR.total_seconds() // 60)
    params = {"unit": unit, "desk": desk, "minutes": minutes}
    return [Reply("handover.person", params)]


def took_over(turn: Turn) -> list[Reply]:
    """An official typed in the account's console: the bot keeps quiet for a while."""
    handovers.taken_in_console(turn.session, turn.contact, turn.now)
    return []
