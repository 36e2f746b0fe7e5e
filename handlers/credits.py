"""không phải, khôi phục: an official takes away what was credited by itself, a supervisor
gives it back. Both name the number that the message told."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.conversation.turn import Reply, Turn
from bot.duties import closing
from bot.duties.crediting import refusing
from bot.duties.periods import parse_period
from bot.people import officials, units
from bot.search.fold import fold
from handlers.officials import only_officials
from models import Official, Proof, Role

MOST_NAMED = 6  # a phone's screen
_REFUSES = re.compile(
    r"khong phai(?: (?:bai )?(?:so )?(?P<number>\d{1,9}))?[ .!]*(?:a|dau)?"
)
_RESTORES = re.compile(r"khoi phuc (?:bai )?(?:so )?(?P<number>\d{1,9})[ .!]*")


def refuses(turn: Turn) -> bool:
    """Only an official's: of a citizen it is a sentence like others."""
    return _said(_REFUSES, turn)


def restores(turn: Turn) -> bool:
    return _said(_RESTORES, turn)


def refuse(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    local = turn.now.astimezone(turn.zone)
    credited = refusing.refusable(turn.session, official, local)
    number = _number(_REFUSES, turn)
    if number is None:
        named = [{"number": one.id, "title": one.title} for one in credited]
        return [Reply("credits.which", {"credits": named[:MOST_NAMED]})]
    proof = _numbered(credited, number)
    if proof is None:
        return [Reply("credits.not_refusable", {"number": number}, remark=True)]
    is_open = refusing.is_open(turn.session, proof)
    if not is_open and not _supervises(turn, official, proof):
        return [Reply("credits.closed", {"number": number}, remark=True)]
    if not refusing.refuse(turn.session, proof, official, turn.now):
        return [Reply("credits.not_refusable", {"number": number}, remark=True)]
    _revise(turn, proof, official, "credits.reason_refused")
    return [Reply("credits.refused", {"number": number, "title": proof.title})]


def restore(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    number = _number(_RESTORES, turn) or 0
    local = turn.now.astimezone(turn.zone)
    proof = _numbered(refusing.restorable(turn.session, official, local), number)
    if proof is None or not refusing.restore(turn.session, proof, official, turn.now):
        return [Reply("credits.not_restorable", {"number": number}, remark=True)]
    _revise(turn, proof, official, "credits.reason_restored")
    params = {
        "number": number,
        "title": proof.title,
        "unit": units.name_of(turn.session, proof.unit_code),
    }
    return [Reply("credits.restored", params)]


def _revise(turn: Turn, proof: Proof, official: Official, reason: str) -> None:
    """A closed period gets a new version, with the reason; an open one needs none."""
    closing.revise(
        turn.session,
        parse_period(proof.period),
        turn.label(reason),
        official.pseudonym,
        turn.now.astimezone(turn.zone),
    )


def _supervises(turn: Turn, official: Official, proof: Proof) -> bool:
    return officials.may(
        turn.session, official, Role.SUPERVISOR, proof.unit_code, turn.today
    )


def _said(pattern: re.Pattern[str], turn: Turn) -> bool:
    is_said = pattern.fullmatch(" ".join(fold(turn.text).split())) is not None
    return is_said and officials.official_of(turn.session, turn.contact) is not None


def _number(pattern: re.Pattern[str], turn: Turn) -> int | None:
    found = pattern.fullmatch(" ".join(fold(turn.text).split()))
    return int(found["number"]) if found and found["number"] else None


def _numbered(proofs: Iterable[Proof], number: int) -> Proof | None:
    return next((one for one in proofs if one.id == number), None)
