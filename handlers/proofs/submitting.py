"""A link, a picture, a sound, a file or numbers from an official: at most two messages.

```mermaid
stateDiagram-v2
    [*] --> [*]: clear where it belongs
    [*] --> which: several places
    [*] --> asks: reads like a question
    asks --> which: it is a proof
    asks --> [*]: it is a question, or clear
    which --> which: more pictures, not clear
    which --> [*]: place chosen
```

What is clear is stored at once; only what is not is asked about. Pictures that come one
after the other get one receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.conversation import dialogs
from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.duties.proofs import hints, submitting
from bot.duties.proofs.guessing import Candidate, guess
from bot.duties.proofs.hints import Hints
from bot.duties.proofs.submitting import Sender, Thing
from bot.people import officials
from handlers import search
from handlers.choosing import narrow, offer
from handlers.officials import for_officials
from handlers.proofs import places
from handlers.proofs.receipts import last_sent, receipt
from handlers.proofs.things import is_message, more_to_come, things_in
from models import EvidenceKind, Official, Proof

ALL, OTHER, PROOF, QUESTION = "all", "other", "proof", "question"
# As many as a small screen shows with the question above them.
MOST_OFFERED = 8


class Step(StrEnum):
    WHICH = "which"
    ASKS = "asks"


@dataclass(frozen=True, slots=True)
class Sorted:
    """What became of the things of a message."""

    stored: list[Proof]
    known: list[Proof]
    unclear: list[Thing]
    offered: list[Candidate]


# --- the beginning --------------------------------------------------------------------------


def brings_proof(turn: Turn) -> bool:
    """An official sends something that could be one, outside of any dialog."""
    if not is_message(turn) or turn.command is not None or dialogs.in_any_dialog(turn):
        return False
    return bool(things_in(turn)) and _official(turn) is not None


def receive(turn: Turn) -> list[Reply]:
    official = _official(turn)
    if official is None:
        return []
    things = things_in(turn)
    if things[0].kind == EvidenceKind.LINK and hints.reads_like_question(turn.text):
        draft = {"things": [one.to_json() for one in things], "text": turn.text}
        return SUBMITTING.start(turn, Go(Step.ASKS, draft, [_asks_back(turn)]))
    return SUBMITTING.start(turn, take(turn, official, things, turn.text))


def take(
    turn: Turn, official: Official, things: Sequence[Thing], text: str
) -> Go | Done:
    """Store what is clear, ask about the rest; ``text`` are the words beside it."""
    if not are_possible(things):
        return Done([Reply("proofs.impossible", things[0].numbers or {}, remark=True)])
    said = hints.read(text, turn.today)
    candidates = places.places_of(turn, official, said.when)
    if not candidates:
        return Done([Reply("proofs.nothing_owed", remark=True)])
    sorted_out = _sort(turn, official, things, said, candidates)
    if sorted_out.unclear:
        return _ask_which(turn, sorted_out)
    if not (sorted_out.stored or sorted_out.known):
        key = "nothing_open" if is_zero(things[0]) else "no_numbers_here"
        return Done([Reply(f"proofs.{key}", remark=True)])
    if more_to_come(turn):
        return Done([])
    return Done([receipt(turn, official, sorted_out.stored, sorted_out.known)])


def store(
    turn: Turn, official: Official, place: Candidate, thing: Thing, said: Hints
) -> Proof:
    hinted = said.channel or places.sent_of(turn, thing, said).channel
    channel = submitting.channel_for(place, hinted)
    sender = Sender(official, turn.contact.id, turn.event.occurred_at)
    return submitting.submit(turn.session, place, channel, thing, sender)


def _sort(
    turn: Turn,
    official: Official,
    things: Sequence[Thing],
    said: Hints,
    candidates: Sequence[Candidate],
) -> Sorted:
    found = Sorted([], [], [], [])
    for thing in things:
        fitting = _fitting(turn, thing, said, candidates)
        if len(fitting) > 1 and thing.media_url:
            fitting = _where_the_last_went(turn, thing, fitting) or fitting
        if len(fitting) == 1:
            _store_or_know(turn, official, fitting[0], thing, said, found)
        elif fitting:
            found.unclear.append(thing)
            new = [one for one in fitting if one not in found.offered]
            found.offered.extend(new)
    return found


def _fitting(
    turn: Turn, thing: Thing, said: Hints, candidates: Sequence[Candidate]
) -> list[Candidate]:
    sent = places.sent_of(turn, thing, said)
    if is_zero(thing):
        sent = replace(sent, kind=None)
    return guess(sent, said, candidates, turn.today)


def _where_the_last_went(
    turn: Turn, thing: Thing, fitting: Sequence[Candidate]
) -> list[Candidate]:
    """A picture right after another one belongs where that one belongs."""
    last = last_sent(turn)
    if last is None or last.kind != thing.kind:
        return []
    place = (last.unit_code, last.duty_id, last.period)
    return [
        one
        for one in fitting
        if (one.unit_code, one.duty_id, one.period.key) == place
        and one.channel in ("", last.channel)
    ]


def _store_or_know(
    turn: Turn,
    official: Official,
    place: Candidate,
    thing: Thing,
    said: Hints,
    into: Sorted,
) -> None:
    same = submitting.same_link(turn.session, place, thing)
    if same is not None:
        into.known.append(same)
    else:
        into.stored.append(store(turn, official, place, thing, said))


# --- which of several -------------------------------------------------------------------------


def _ask_which(turn: Turn, found: Sorted) -> Go:
    draft = {
        "things": [one.to_json() for one in found.unclear],
        "keys": [one.key for one in found.offered],
        "text": turn.text,
        "stored": [one.id for one in found.stored],
    }
    silent = more_to_come(turn)
    replies = [] if silent else [_which_question(turn, draft, found.offered)]
    return Go(Step.WHICH, draft, replies)


def _which_question(
    turn: Turn, draft: Draft, offered: Sequence[Candidate], *, missed: bool = False
) -> Reply:
    things = [Thing.from_json(one) for one in draft["things"]]
    choices = places.place_choices(turn, offered[:MOST_OFFERED], with_need=True)
    options = [Option(one.label, Command(ANSWER, one.value)) for one in choices]
    all_zero = all(is_zero(one) for one in things)
    if all_zero and len(choices) > 1:
        options.append(turn.option("proofs.all_of_them", ANSWER, ALL))
    options.append(turn.option("proofs.other_place", ANSWER, OTHER))
    params = {
        "count": len(things),
        "kind": things[0].kind.value,
        "is_zero": all_zero,
        "missed": missed,
        "stored": list(draft["stored"]),
    }
    return Reply("proofs.which", params, tuple(options))


def _which(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    if more := things_in(turn):
        return _add_things(turn, draft, official, more)
    offered = places.places_at(turn, official, draft["keys"])
    if answer_of(turn) == ALL:
        return _finish(turn, draft, official, offered)
    if answer_of(turn) == OTHER:
        return _ask_all(turn, draft, official)
    match narrow(turn, places.place_choices(turn, offered)):
        case [one]:
            chosen = [place for place in offered if place.key == one.value]
            return _finish(turn, draft, official, chosen)
        case []:
            return Stay([_which_question(turn, draft, offered, missed=True)])
        case fitting:
            keys = {one.value for one in fitting}
            fewer = [place for place in offered if place.key in keys]
            return Stay([_which_question(turn, draft, fewer)])


def _add_things(
    turn: Turn, draft: Draft, official: Official, more: Sequence[Thing]
) -> Go:
    """One more picture while we ask: it goes where the others go."""
    things = [*draft["things"], *(one.to_json() for one in more)]
    draft = {**draft, "things": things}
    offered = places.places_at(turn, official, draft["keys"])
    asked = _which_question(turn, draft, offered)
    return Go(Step.WHICH, draft, [] if more_to_come(turn) else [asked])


def _ask_all(turn: Turn, draft: Draft, official: Official) -> Go:
    """None of those: all that his units may prove, the running periods first."""
    running = [
        one for one in places.places_of(turn, official) if turn.today in one.period
    ]
    draft = {**draft, "keys": [one.key for one in running]}
    return Go(Step.WHICH, draft, [_question_of_all(turn, running)])


def _question_of_all(
    turn: Turn, offered: Sequence[Candidate], *, missed: bool = False
) -> Reply:
    """All of them where they fit on two screens; else a part of the name is asked for."""
    choices = places.place_choices(turn, offered)
    return offer("proofs.which_of_all", choices, missed=missed)


def _finish(
    turn: Turn, draft: Draft, official: Official, chosen: Sequence[Candidate]
) -> Done:
    said = hints.read(draft["text"], turn.today)
    things = [Thing.from_json(one) for one in draft["things"]]
    stored, known = put(turn, official, chosen, things, said)
    return Done([receipt(turn, official, stored, known)])


def put(
    turn: Turn,
    official: Official,
    chosen: Sequence[Candidate],
    things: Sequence[Thing],
    said: Hints,
) -> tuple[list[Proof], list[Proof]]:
    """Store all things at all chosen places; new proofs, and those sent before."""
    found = Sorted([], [], [], [])
    for place in chosen:
        for thing in things:
            _store_or_know(turn, official, place, thing, said, found)
    return found.stored, found.known


# --- a proof, or a question -------------------------------------------------------------------


def _asks_back(turn: Turn, *, missed: bool = False) -> Reply:
    options = (
        turn.option("proofs.is_proof", ANSWER, PROOF),
        turn.option("proofs.is_question", ANSWER, QUESTION),
    )
    return Reply("proofs.proof_or_question", {"missed": missed}, options)


def _asks(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    match answer_of(turn):
        case "proof":
            things = [Thing.from_json(one) for one in draft["things"]]
            return take(turn, official, things, draft["text"])
        case "question":
            return Done(search.answer(replace(turn, text=draft["text"], command=None)))
        case _:
            return Stay([_asks_back(turn, missed=True)])


# --- small things -----------------------------------------------------------------------------


def _official(turn: Turn) -> Official | None:
    return officials.official_of(turn.session, turn.contact)


def is_zero(thing: Thing) -> bool:
    return thing.numbers is not None and dict(thing.numbers) == {"done": 0}


def are_possible(things: Sequence[Thing]) -> bool:
    """No "70 of 60"; numbers always come alone."""
    numbers = dict(things[0].numbers or {})
    return "total" not in numbers or numbers["done"] <= numbers["total"]


SUBMITTING = Dialog(
    "submitting",
    {Step.WHICH: for_officials(_which), Step.ASKS: for_officials(_asks)},
)
