"""sửa, rút: put a proof elsewhere, or take it back, until a supervisor has decided.

```mermaid
stateDiagram-v2
    [*] --> proof: several
    [*] --> place: one, to correct
    [*] --> [*]: one, to withdraw
    proof --> proof: not clear
    proof --> place: to correct
    proof --> [*]: withdrawn
    place --> place: not clear, or another duty
    place --> [*]: moved
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.duties.periods import parse_period
from bot.duties.proofs import hints, submitting
from bot.duties.proofs.guessing import Candidate, Sent, guess, matches
from bot.people import officials
from handlers.choosing import Choice, narrow, offer
from handlers.officials import for_officials, only_officials
from handlers.proofs import places
from handlers.proofs.receipts import receipt
from handlers.proofs.submitting import MOST_OFFERED, OTHER
from models import EvidenceKind, Official, Proof

CORRECT, WITHDRAW = "correct", "withdraw"
# "sửa" right after sending means what was sent just now.
JUST_NOW = timedelta(minutes=10)


class Step(StrEnum):
    PROOF = "proof"
    PLACE = "place"


def begin(turn: Turn) -> list[Reply]:
    """ "sửa" or "rút": the proof named in the receipt, the one just sent, or which."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None or turn.command is None:
        return only_officials(turn)
    mine = submitting.correctable(turn.session, official, turn.now)
    what, number = turn.command.name, turn.command.argument
    named = [one for one in mine if str(one.id) == number]
    if not mine or (number and not named):
        key = "too_late_to_correct" if number else "nothing_to_correct"
        return [Reply(f"proofs.{key}", remark=True)]
    recent = [one for one in mine if one.received_at > turn.now - JUST_NOW]
    for certain in (named, mine, recent):
        if len(certain) == 1:
            return CORRECTING.start(turn, _go_on(turn, official, certain[0], what))
    draft = {"what": what}
    asked = _proof_question(turn, mine, what)
    return CORRECTING.start(turn, Go(Step.PROOF, draft, [asked]))


# --- which proof ------------------------------------------------------------------------------


def _proof_choices(turn: Turn, mine: Sequence[Proof]) -> list[Choice]:
    return [
        Choice(
            str(one.id),
            turn.label(
                "proofs.one_sent",
                number=one.id,
                what=places.thing_label(turn, one),
                place=places.place_of_proof(turn, one),
            ),
        )
        for one in mine[:MOST_OFFERED]
    ]


def _proof_question(
    turn: Turn, mine: Sequence[Proof], what: str, *, missed: bool = False
) -> Reply:
    choices = _proof_choices(turn, mine)
    return offer("proofs.which_proof", choices, missed=missed, what=what)


def _proof(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    mine = submitting.correctable(turn.session, official, turn.now)
    match narrow(turn, _proof_choices(turn, mine)):
        case [one]:
            chosen = next(proof for proof in mine if str(proof.id) == one.value)
            return _go_on(turn, official, chosen, draft["what"])
        case _:
            return Stay([_proof_question(turn, mine, draft["what"], missed=True)])


def _go_on(turn: Turn, official: Official, proof: Proof, what: str) -> Go | Done:
    return (
        _withdraw(turn, official, proof)
        if what == WITHDRAW
        else _ask_place(turn, official, proof)
    )


def _withdraw(turn: Turn, official: Official, proof: Proof) -> Done:
    if not submitting.withdraw(turn.session, proof, official, turn.now):
        return Done([Reply("proofs.too_late_to_correct", remark=True)])
    params = {
        "number": proof.id,
        "what": places.thing_label(turn, proof),
        "place": places.place_of_proof(turn, proof),
    }
    return Done([Reply("proofs.withdrawn", params, remark=True)])


# --- where to -----------------------------------------------------------------------------------


def _ask_place(turn: Turn, official: Official, proof: Proof) -> Go:
    likely = _likely(turn, official, proof)[:MOST_OFFERED]
    draft = {"proof": proof.id, "keys": [one.key for one in likely]}
    return Go(Step.PLACE, draft, [_place_question(turn, proof, likely)])


def _likely(turn: Turn, official: Official, proof: Proof) -> list[Candidate]:
    """The same duty in the other period, then whatever else takes this kind."""
    everything = places.places_of(turn, official)
    kind = EvidenceKind(proof.kind)
    others = [one for one in everything if not _is_at(one, proof)]
    fitting = [one for one in others if kind in one.evidence and _is_near(turn, one)]
    here = [one for one in fitting if _same_row(one, proof)]
    rest = [one for one in fitting if one not in here]
    return [*here, *sorted(rest, key=lambda one: (not one.is_open, one.position))]


def _is_near(turn: Turn, place: Candidate) -> bool:
    """Running, or still to be shown."""
    return turn.today in place.period or place.is_open


def _is_at(place: Candidate, proof: Proof) -> bool:
    return _same_row(place, proof) and place.period.key == proof.period


def _same_row(place: Candidate, proof: Proof) -> bool:
    return (
        place.unit_code == proof.unit_code
        and place.duty_id == proof.duty_id
        and place.channel in ("", proof.channel)
    )


def _place_question(
    turn: Turn, proof: Proof, offered: Sequence[Candidate], *, missed: bool = False
) -> Reply:
    choices = places.place_choices(turn, offered)
    options = [Option(one.label, Command(ANSWER, one.value)) for one in choices]
    options.append(turn.option("proofs.other_place", ANSWER, OTHER))
    params = {
        "number": proof.id,
        "what": places.thing_label(turn, proof),
        "place": places.place_of_proof(turn, proof),
        "missed": missed,
    }
    return Reply("proofs.where_to", params, tuple(options))


def _place(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    mine = submitting.correctable(turn.session, official, turn.now)
    proof = next((one for one in mine if one.id == draft["proof"]), None)
    if proof is None:
        return Done([Reply("proofs.too_late_to_correct", remark=True)])
    if answer_of(turn) == OTHER:
        everything = places.places_of(turn, official)
        keys = [one.key for one in everything if turn.today in one.period]
        asked = offer(
            "proofs.which_of_all",
            places.place_choices(turn, places.places_at(turn, official, keys)),
        )
        return Go(Step.PLACE, {**draft, "keys": keys}, [asked])
    offered = places.places_at(turn, official, draft["keys"])
    chosen = _by_number_or_name(turn, offered) or _by_words(turn, official, proof)
    if chosen is None:
        return Stay([_place_question(turn, proof, offered[:MOST_OFFERED], missed=True)])
    return _move(turn, official, proof, chosen)


def _by_number_or_name(turn: Turn, offered: Sequence[Candidate]) -> Candidate | None:
    match narrow(turn, places.place_choices(turn, offered)):
        case [one]:
            return next(place for place in offered if place.key == one.value)
        case _:
            return None


def _by_words(turn: Turn, official: Official, proof: Proof) -> Candidate | None:
    """ "tuần trước", "bài Zalo": what the words name, else as it is now."""
    said = hints.read(turn.text, turn.today)
    if not (said.when or said.channel or said.duty_numbers):
        return None
    here = [parse_period(proof.period)] if not said.when else said.when
    everything = places.places_of(turn, official, here)
    in_time = [one for one in everything if any(matches(w, one.period) for w in here)]
    if not (said.channel or said.duty_numbers):
        in_time = [one for one in in_time if _same_row(one, proof)]
    sent = Sent(EvidenceKind(proof.kind))
    found = guess(sent, replace(said, when=tuple(here)), in_time, turn.today)
    return found[0] if len(found) == 1 else None


def _move(turn: Turn, official: Official, proof: Proof, place: Candidate) -> Done:
    channel = submitting.channel_for(place, proof.channel)
    if not submitting.move(turn.session, proof, place, channel, official, turn.now):
        return Done([Reply("proofs.too_late_to_correct", remark=True)])
    return Done([Reply("proofs.moved", remark=True), receipt(turn, official, [proof])])


CORRECTING = Dialog(
    "correcting",
    {Step.PROOF: for_officials(_proof), Step.PLACE: for_officials(_place)},
)
