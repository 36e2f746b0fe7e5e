"""xin miễn: an official asks that his unit need not do something in a period.

```mermaid
stateDiagram-v2
    [*] --> which: several are open
    [*] --> reason: one
    which --> which: not clear
    which --> reason: no reason said yet
    which --> [*]: asked
    reason --> reason: too short
    reason --> [*]: asked
```

"xin miễn tuần này vì mất điện" says period and reason at once, and so does "tạm hoãn tuần
này …": from then on nobody is reminded of it, until a supervisor has decided in the list of
what waits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from bot.conversation import dialogs
from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.duties import exemptions
from bot.duties.proofs import hints
from bot.duties.proofs.guessing import Candidate, matches
from bot.people import officials
from bot.search.fold import fold
from handlers.choosing import narrow
from handlers.officials import for_officials, only_officials
from handlers.proofs import places
from handlers.proofs.places import place_choices
from handlers.proofs.things import is_message
from models import Official

ALL = "all"
SHORTEST_REASON = 5
LONGEST_REASON = 300
MOST_OFFERED = 8
_ASKS = re.compile(
    r"^(?:(?:cho|de) )?(?:toi |em |xa |don vi )?"
    r"(?:xin (?:duoc )?mien|(?:xin (?:duoc )?)?tam hoan|hoan nhac)\b"
)
_BECAUSE = re.compile(r"\b(?:vi|do|boi|ly do|tai)\b[ :]*")


class Step(StrEnum):
    WHICH = "which"
    REASON = "reason"


def asks(turn: Turn) -> bool:
    """ "xin miễn …" from an official; from a citizen it is a question like others."""
    return (
        is_message(turn)
        and not dialogs.in_any_dialog(turn)
        and _ASKS.match(fold(turn.text)) is not None
        and officials.official_of(turn.session, turn.contact) is not None
    )


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return EXEMPTING.start(turn, _begin(turn, official))


def _begin(turn: Turn, official: Official) -> Go | Done:
    said = hints.read(turn.text, turn.today)
    everything = places.places_of(turn, official, said.when)
    open_ones = [one for one in everything if one.state is not None and one.is_open]
    if said.when:
        wanted = [
            one for one in open_ones if any(matches(w, one.period) for w in said.when)
        ]
    else:
        wanted = [one for one in open_ones if turn.today in one.period]
    if said.channel:
        wanted = [one for one in wanted if one.channel == said.channel] or wanted
    wanted = _whole_duties(wanted)
    if not wanted:
        return Done([Reply("exempting.nothing_open", remark=True)])
    draft = {"keys": [one.key for one in wanted], "reason": _reason_in(turn.text)}
    if len(wanted) == 1:
        return _ask_or_finish(turn, draft, official, wanted)
    return Go(Step.WHICH, draft, [_which_question(turn, wanted)])


def _whole_duties(places_: Sequence[Candidate]) -> list[Candidate]:
    """An exemption is for a duty, whatever its channels: one line for each."""
    found: dict[tuple[str, str, str], Candidate] = {}
    for one in places_:
        found.setdefault((one.unit_code, one.duty_id, one.period.key), one)
    return list(found.values())[:MOST_OFFERED]


def _which_question(
    turn: Turn, offered: Sequence[Candidate], *, missed: bool = False
) -> Reply:
    options = [
        Option(one.label, Command(ANSWER, one.value))
        for one in place_choices(turn, offered, with_channel=False)
    ]
    options.append(turn.option("exempting.all_of_them", ANSWER, ALL))
    return Reply("exempting.which", {"missed": missed}, tuple(options))


def _which(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    offered = places.places_at(turn, official, draft["keys"])
    if answer_of(turn) == ALL:
        return _ask_or_finish(turn, draft, official, offered)
    match narrow(turn, place_choices(turn, offered, with_channel=False)):
        case [one]:
            chosen = [place for place in offered if place.key == one.value]
            return _ask_or_finish(turn, draft, official, chosen)
        case _:
            return Stay([_which_question(turn, offered, missed=True)])


# --- why ------------------------------------------------------------------------------------


def _reason_in(text: str) -> str:
    """What follows "vì …", in the person's own spelling."""
    words = text.split()
    for place, word in enumerate(words):
        if place and _BECAUSE.fullmatch(fold(word).strip(":")):
            return " ".join(words[place + 1 :]).strip(" .")
    return ""


def _ask_or_finish(
    turn: Turn, draft: Draft, official: Official, chosen: Sequence[Candidate]
) -> Go | Done:
    if len(draft["reason"]) >= SHORTEST_REASON:
        return _finish(turn, official, chosen, draft["reason"])
    draft = {"keys": [one.key for one in chosen]}
    return Go(Step.REASON, draft, [Reply("exempting.why", {"missed": False})])


def _reason(turn: Turn, draft: Draft, official: Official) -> Stay | Done:
    reason = " ".join(turn.text.split())
    if len(reason) < SHORTEST_REASON or turn.command is not None:
        return Stay([Reply("exempting.why", {"missed": True})])
    chosen = places.places_at(turn, official, draft["keys"])
    return _finish(turn, official, chosen, reason)


def _finish(
    turn: Turn, official: Official, chosen: Sequence[Candidate], reason: str
) -> Done:
    for one in chosen:
        exemptions.ask(
            turn.session,
            plan_id=one.plan_id,
            duty_id=one.duty_id,
            unit_code=one.unit_code,
            period=one.period.key,
            reason=reason[:LONGEST_REASON],
            official=official,
            now=turn.now,
        )
    labels = [
        choice.label for choice in place_choices(turn, chosen, with_channel=False)
    ]
    params = {"places": labels, "reason": reason[:LONGEST_REASON]}
    return Done([Reply("exempting.asked", params, remark=True)])


EXEMPTING = Dialog(
    "exempting",
    {Step.WHICH: for_officials(_which), Step.REASON: for_officials(_reason)},
)
