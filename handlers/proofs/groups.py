"""What officials say in a group that the account is in.

A proof counts there too: a link to a page of their own unit, or anything with words of
submitting beside it. The receipt, or the question which duty is meant, goes to the person,
not to the group. All other talk is forgotten at once and answered with silence; what people
say who are no officials never gets here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation import naming
from bot.conversation.dialogs import Done
from bot.conversation.turn import Reply, Turn
from bot.duties.proofs import hints
from bot.duties.proofs.candidates import owners_of_host
from bot.duties.proofs.submitting import Thing
from bot.people import officials, privacy
from handlers.proofs import places, submitting
from handlers.proofs.things import things_in
from models import Official


def listen(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    things = things_in(turn)
    if official is None or not _is_proof(turn, official, things):
        privacy.forget_event(turn.session, turn.event.event_key)
        return []
    outcome = submitting.take(turn, official, things, turn.text)
    if not isinstance(outcome, Done):
        return submitting.SUBMITTING.start(turn, outcome)
    receipts = [one for one in outcome.replies if one.key == "proofs.receipt"]
    if turn.context.progress is None:
        return receipts
    # what he is doing in his own chat goes on, and its numbers keep their meaning
    return [replace(one, remark=True, options=()) for one in receipts]


def _is_proof(turn: Turn, official: Official, things: Sequence[Thing]) -> bool:
    if not things or hints.reads_like_question(turn.text):
        return False
    return hints.submits(turn.text) or all(
        _is_own_page(turn, official, thing) for thing in things
    )


def _is_own_page(turn: Turn, official: Official, thing: Thing) -> bool:
    if thing.url is None:
        return False
    owners = owners_of_host(turn.session, naming.host_of(thing.url), turn.today)
    return bool(owners & set(places.unit_codes(turn, official)))
