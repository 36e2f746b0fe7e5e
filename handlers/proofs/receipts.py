"""What is said when proofs have been taken: where they count, what is still open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from bot.conversation.turn import Reply, Turn
from bot.duties import closing
from bot.duties.deadlines import end_of, last_report_on
from bot.duties.periods import parse_period
from bot.duties.proofs.guessing import Candidate
from bot.duties.table.tallies import ALIVE
from bot.people import units
from handlers.proofs.places import (
    duty_label,
    place_of_proof,
    places_of,
    still_open,
    thing_label,
)
from models import Official, PlanDuty, Proof

# Pictures sent one after the other arrive within seconds; the receipt names all of them.
BURST = timedelta(seconds=60)
OPEN_SHOWN = 5


def receipt(
    turn: Turn,
    official: Official,
    proofs: Sequence[Proof],
    known: Sequence[Proof] = (),
) -> Reply:
    """One receipt for what came just now, with what came in the last minute; ``known``
    were sent before."""
    shown = _with_burst(turn, proofs)
    waiting = _open_labels(turn, still_open(turn, places_of(turn, official)))
    options = (
        turn.option("proofs.correct", "correct", str(shown[-1].id)),
        turn.option("proofs.withdraw", "withdraw", str(shown[-1].id)),
    ) if shown else ()  # fmt: skip
    params = {
        "groups": _groups(turn, shown),
        "known": [{"number": one.id, "what": thing_label(turn, one)} for one in known],
        "has_media": any(one.media_url for one in shown),
        "waiting": waiting[:OPEN_SHOWN],
        "more": max(0, len(waiting) - OPEN_SHOWN),
    }
    return Reply("proofs.receipt", params, options)


def _open_labels(turn: Turn, waiting: Sequence[Candidate]) -> list[str]:
    """One for each duty, with the channels that are missing."""
    several = len({one.unit_code for one in waiting}) > 1
    by_duty: dict[tuple[str, str, str], list[Candidate]] = {}
    for one in waiting:
        by_duty.setdefault((one.unit_code, one.duty_id, one.period.key), []).append(one)
    return [
        turn.label(
            "proofs.still_open",
            unit=ones[0].unit_name if several else "",
            duty=duty_label(turn, ones[0].duty_id, ones[0].title, "", ()),
            channels=_channels(turn, ones),
        )
        for ones in by_duty.values()
    ]


def _channels(turn: Turn, ones: Sequence[Candidate]) -> list[str]:
    """Named where the duty has several."""
    if len(ones[0].channels) < 2:
        return []
    return [turn.label(f"channels.{one.channel}") for one in ones if one.channel]


def last_sent(turn: Turn) -> Proof | None:
    """What this person sent within the last minute, if anything."""
    burst = _since(turn, turn.event.occurred_at)
    return burst[-1] if burst else None


def _with_burst(turn: Turn, proofs: Sequence[Proof]) -> list[Proof]:
    if not proofs:
        return []
    return _since(turn, min(one.received_at for one in proofs))


def _since(turn: Turn, moment: datetime) -> list[Proof]:
    found = turn.session.scalars(
        select(Proof)
        .where(
            col(Proof.contact_id) == turn.contact.id,
            col(Proof.received_at) >= moment - BURST,
            col(Proof.state).in_(ALIVE),
        )
        .order_by(col(Proof.id))
    )
    return list(found)


def _groups(turn: Turn, proofs: Sequence[Proof]) -> list[dict[str, object]]:
    """One entry for each place, with the proofs that went there."""
    by_place: dict[tuple[str, str, str, str], list[Proof]] = {}
    for one in proofs:
        place = (one.unit_code, one.duty_id, one.channel, one.period)
        by_place.setdefault(place, []).append(one)
    return [_group(turn, together) for together in by_place.values()]


def _group(turn: Turn, proofs: Sequence[Proof]) -> dict[str, object]:
    first = proofs[0]
    unit = units.by_code(turn.session, first.unit_code)
    period = parse_period(first.period)
    return {
        "what": list(dict.fromkeys(thing_label(turn, one) for one in proofs)),
        "count": len(proofs),
        "numbers": ", ".join(str(one.id) for one in proofs),
        "unit": unit.name if unit else "",
        "place": place_of_proof(turn, first),
        "is_late": _is_late(turn, first),
        "is_closed": closing.is_closed(turn.session, period),
        "is_again": any(one.replaces_id for one in proofs),
    }


def _is_late(turn: Turn, proof: Proof) -> bool:
    """Received after the last day on which it would have been on time."""
    duty = turn.session.get(PlanDuty, (proof.plan_id, proof.duty_id))
    if duty is None or duty.quota is None:
        return False
    until = last_report_on(duty, parse_period(proof.period))
    return proof.received_at >= end_of(until, turn.zone)
