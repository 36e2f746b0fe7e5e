"""What a message carries that could be a proof."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlmodel import col

from bot.channel.event_kinds import EventKind
from bot.conversation.turn import Turn
from bot.duties.proofs import hints
from bot.duties.proofs.submitting import Thing
from models import EventStatus, EvidenceKind, WebhookEvent

_MEDIA = {
    "image": EvidenceKind.PICTURE,
    "audio": EvidenceKind.AUDIO,
    "video": EvidenceKind.VIDEO,
    "file": EvidenceKind.FILE,
}
_MEDIA_EVENTS = tuple(f"user_send_{kind}" for kind in _MEDIA)


def things_in(turn: Turn, *, numbers_expected: bool = False) -> list[Thing]:
    """Links and media in order, each once; numbers only where there is nothing else."""
    found = [
        Thing(_MEDIA[one.kind], media_url=one.url, title=one.name or turn.text.strip())
        for one in turn.event.attachments
        if one.kind in _MEDIA and one.url
    ]
    shared = [one.url for one in turn.event.attachments if one.kind == "link"]
    links = [link for link in [*shared, *hints.links_in(turn.text)] if link]
    found += [Thing(EvidenceKind.LINK, url=link) for link in dict.fromkeys(links)]
    if not found and (numbers := reported(turn, expected=numbers_expected)):
        found.append(Thing(EvidenceKind.NUMBERS, numbers=numbers.to_json()))
    return found


def reported(turn: Turn, *, expected: bool = False) -> hints.Numbers | None:
    return hints.numbers_in(turn.text, expected=expected) if turn.text else None


def more_to_come(turn: Turn) -> bool:
    """Another picture of this person waits already: the last one will be answered."""
    waiting = select(col(WebhookEvent.id)).where(
        col(WebhookEvent.contact_id) == turn.contact.id,
        col(WebhookEvent.status) == EventStatus.WAITING,
        col(WebhookEvent.event_name).in_(_MEDIA_EVENTS),
        col(WebhookEvent.event_key) != turn.event.event_key,
    )
    is_media = turn.event.name in _MEDIA_EVENTS
    return is_media and bool(turn.session.execute(select(exists(waiting))).scalar())


def is_message(turn: Turn) -> bool:
    return turn.event.kind == EventKind.MESSAGE
