"""nộp: what is still open, by number; then the link or the picture is asked for.

```mermaid
stateDiagram-v2
    [*] --> choose
    choose --> choose: not clear, or another duty
    choose --> thing: chosen
    choose --> [*]: sent at once
    thing --> thing: nothing that could be a proof
    thing --> [*]: receipt
```
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.duties.proofs import hints
from bot.duties.proofs.guessing import Candidate
from bot.people import officials
from handlers.choosing import narrow, offer
from handlers.officials import for_officials, only_officials
from handlers.proofs import places, submitting
from handlers.proofs.receipts import receipt
from handlers.proofs.things import more_to_come, things_in
from models import Official

OTHER = submitting.OTHER


class Step(StrEnum):
    CHOOSE = "choose"
    THING = "thing"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return PICKING.start(turn, _begin(turn, official))


def _begin(turn: Turn, official: Official) -> Go | Done:
    everything = places.places_of(turn, official)
    if not everything:
        return Done([Reply("proofs.nothing_owed", remark=True)])
    waiting = _open_places(turn, everything)
    draft = {"keys": [one.key for one in waiting]}
    return Go(Step.CHOOSE, draft, [_open_question(turn, waiting)])


def _open_places(turn: Turn, everything: Sequence[Candidate]) -> list[Candidate]:
    """What a quota waits for: what is still on time first, then the newest late ones."""
    today = turn.today
    waiting = [one for one in everything if one.state is not None and one.is_open]
    on_time = [one for one in waiting if today <= one.on_time_until]
    late = [one for one in waiting if today > one.on_time_until]
    on_time.sort(key=lambda one: (one.on_time_until, one.position, one.channel))
    late.sort(
        key=lambda one: (-one.on_time_until.toordinal(), one.position, one.channel)
    )
    return [*on_time, *late][: submitting.MOST_OFFERED]


def _open_question(
    turn: Turn, waiting: Sequence[Candidate], *, missed: bool = False
) -> Reply:
    choices = places.place_choices(turn, waiting, with_need=True)
    options = [Option(one.label, Command(ANSWER, one.value)) for one in choices]
    options.append(turn.option("proofs.other_place", ANSWER, OTHER))
    params = {"count": len(choices), "missed": missed}
    return Reply("proofs.choose", params, tuple(options))


def _choose(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    if things := things_in(turn):
        return submitting.take(turn, official, things, turn.text)
    if answer_of(turn) == OTHER:
        everything = places.places_of(turn, official)
        running = [one for one in everything if turn.today in one.period]
        keys = [one.key for one in running]
        choices = places.place_choices(turn, running)
        asked = offer("proofs.which_of_all", choices)
        return Go(Step.CHOOSE, {"keys": keys}, [asked])
    offered = places.places_at(turn, official, draft["keys"])
    match narrow(turn, places.place_choices(turn, offered)):
        case [one]:
            chosen = next(place for place in offered if place.key == one.value)
            return _ask_thing(turn, chosen)
        case []:
            again = _open_question(turn, offered, missed=True)
            return Stay([again])
        case fitting:
            return Stay([offer("proofs.which_of_all", fitting)])


def _ask_thing(turn: Turn, place: Candidate) -> Go:
    return Go(Step.THING, {"key": place.key}, [_thing_question(turn, place)])


def _thing_question(turn: Turn, place: Candidate, *, missed: bool = False) -> Reply:
    params = {
        "place": places.place_label(turn, place),
        "evidence": list(place.evidence),
        "needs_link": place.needs_link,
        "missed": missed,
    }
    return Reply("proofs.send_it", params)


def _thing(turn: Turn, draft: Draft, official: Official) -> Stay | Done:
    found = places.places_at(turn, official, [draft["key"]])
    if not found:  # a merger, or he left the unit, in between
        return Done([Reply("proofs.nothing_owed", remark=True)])
    place = found[0]
    things = things_in(turn, numbers_expected="numbers" in place.evidence)
    if not things:
        return Stay([_thing_question(turn, place, missed=True)])
    if not submitting.are_possible(things):
        return Stay([Reply("proofs.impossible", things[0].numbers or {}, remark=True)])
    said = hints.read("", turn.today)
    stored, known = submitting.put(turn, official, [place], things, said)
    if more_to_come(turn):
        return Done([])
    return Done([receipt(turn, official, stored, known)])


PICKING = Dialog(
    "picking",
    {Step.CHOOSE: for_officials(_choose), Step.THING: for_officials(_thing)},
)
