"""Events that report rather than ask: delivered, seen, our own echo."""

from __future__ import annotations

from bot.channel import outbox
from bot.conversation.turn import Reply, Turn


def delivered(turn: Turn) -> list[Reply]:
    outbox.mark_delivered(
        turn.session, turn.contact.oa_id, _ids(turn), turn.event.occurred_at
    )
    return []


def seen(turn: Turn) -> list[Reply]:
    outbox.mark_seen(
        turn.session, turn.contact.oa_id, _ids(turn), turn.event.occurred_at
    )
    return []


def echo(turn: Turn) -> list[Reply]:
    """Our own message came back: proof that Zalo has it."""
    outbox.note_echo(
        turn.session,
        turn.contact.oa_id,
        turn.contact.user_id,
        turn.event.msg_id or "",
        turn.event.text_sha256,
        turn.event.occurred_at,
        turn.event.attachments[0].kind if turn.event.attachments else None,
    )
    return []


def _ids(turn: Turn) -> list[str]:
    one = (turn.event.msg_id,) if turn.event.msg_id else ()
    return [*one, *turn.event.msg_ids]
