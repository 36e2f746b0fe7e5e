"""duyệt: a supervisor decides about what waits, one after the other.

```mermaid
stateDiagram-v2
    [*] --> choose: something waits
    choose --> choose: not clear, or taken by somebody else
    choose --> decide: chosen
    decide --> decide: accepted or later, the next
    decide --> reason: rejected, or its period is closed
    reason --> decide: decided, the next
    decide --> [*]: nothing left
    reason --> [*]: nothing left
```

Proofs and exemptions asked for stand in one list. The sender hears the decision at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.duties.exemptions import NotOpenError
from bot.duties.proofs import reviewing
from bot.duties.proofs.reviewing import NotAllowedError
from bot.people import officials
from handlers.choosing import Choice, narrow
from handlers.officials import for_officials, only_officials
from handlers.proofs import review_items
from handlers.proofs.review_items import Item
from models import Official, Role

ACCEPT, REJECT, LATER = "accept", "reject", "later"
LISTED = 8
# A reason shorter than this says nothing: a slip of the finger.
SHORTEST_REASON = 5
LONGEST_REASON = 300


class Step(StrEnum):
    CHOOSE = "choose"
    DECIDE = "decide"
    REASON = "reason"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    if not officials.may(turn.session, official, Role.SUPERVISOR, None, turn.today):
        return [Reply("review.not_allowed", remark=True)]
    items = review_items.waiting(turn, official)
    if not items:
        return REVIEWING.start(turn, Done([Reply("review.nothing", remark=True)]))
    asked = _list(turn, official, items)
    return REVIEWING.start(turn, Go(Step.CHOOSE, {"later": []}, [asked]))


def undo(turn: Turn) -> list[Reply]:
    """ "hoàn tác": the last decision of the last ten minutes is open again."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    reason = turn.label("review.undone_reason")
    proof = reviewing.undo(turn.session, official, turn.local_now, reason)
    if proof is None:
        return [Reply("review.nothing_to_undo", remark=True)]
    item = Item(proof=proof)
    return [
        Reply("review.undone", review_items.about(turn, item), remark=True),
        *review_items.told(turn, item, "review.told_undone"),
    ]


# --- the list -----------------------------------------------------------------------------------


def _list(
    turn: Turn, official: Official, items: Sequence[Item], *, missed: bool = False
) -> Reply:
    choices = _choices(turn, official, items)
    options = [Option(one.label, Command(ANSWER, one.value)) for one in choices]
    params = {"count": len(items), "shown": len(choices), "missed": missed}
    return Reply("review.list", params, tuple(options))


def _choices(turn: Turn, official: Official, items: Sequence[Item]) -> list[Choice]:
    return [
        Choice(one.key, review_items.line(turn, official, one))
        for one in items[:LISTED]
    ]


def _choose(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    items = review_items.waiting(turn, official)
    match narrow(turn, _choices(turn, official, items)):
        case [one]:
            chosen = next(item for item in items if item.key == one.value)
            return _show_or_next(turn, draft, official, chosen)
        case _ if items:
            return Stay([_list(turn, official, items, missed=True)])
        case _:
            return Done([Reply("review.nothing_left", remark=True)])


# --- one of them -----------------------------------------------------------------------------------


def _show_or_next(
    turn: Turn, draft: Draft, official: Official, item: Item, said: Sequence[Reply] = ()
) -> Go | Done:
    """Take it on the screen; when somebody else has it, say so and show the next."""
    if item.proof is None or reviewing.claim(
        turn.session, item.proof, official, turn.local_now
    ):
        asked = _details(turn, official, item, draft)
        shown = item.proof.state if item.proof else ""
        draft = {**draft, "item": item.key, "shown": shown}
        return Go(Step.DECIDE, draft, [*said, asked])
    taken = Reply("review.taken", review_items.taken_by(turn, item), remark=True)
    draft = {**draft, "later": [*draft["later"], item.key]}
    return _next(turn, draft, official, [*said, taken])


def _next(
    turn: Turn, draft: Draft, official: Official, said: Sequence[Reply]
) -> Go | Done:
    """The oldest that was not put off and is on nobody's screen."""
    reviewing.release(turn.session, official)
    for item in review_items.waiting(turn, official):
        is_free = item.proof is None or not reviewing.is_taken(
            item.proof, official, turn.now
        )
        if is_free and item.key not in draft["later"]:
            return _show_or_next(turn, draft, official, item, said)
    key = "review.only_later_left" if draft["later"] else "review.nothing_left"
    return Done([*said, Reply(key, remark=True)])


def _details(
    turn: Turn, official: Official, item: Item, draft: Draft, *, missed: bool = False
) -> Reply:
    waiting = review_items.waiting(turn, official)
    left = [one for one in waiting if one.key not in draft["later"]]
    kind = "proof" if item.proof else "exemption"
    params = {
        **review_items.details(turn, item),
        "left": max(0, len(left) - 1),
        "missed": missed,
    }
    accept, reject = f"review.accept_{kind}", f"review.reject_{kind}"
    if item.is_flagged:
        accept, reject = "review.keep_proof", "review.drop_proof"
    options = (
        turn.option(accept, ANSWER, ACCEPT),
        turn.option(reject, ANSWER, REJECT),
        turn.option("review.later", ANSWER, LATER),
    )
    return Reply(f"review.details_{kind}", params, options)


def _decide(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    item = review_items.find(turn, official, draft["item"])
    if item is None:
        gone = Reply("review.decided_already", remark=True)
        return _next(turn, draft, official, [gone])
    match answer_of(turn):
        case "accept" if item.needs_reason(turn):
            return _ask_reason(turn, draft, ACCEPT)
        case "accept":
            return _settle(turn, draft, official, item, ACCEPT, "")
        case "reject":
            return _ask_reason(turn, draft, REJECT)
        case "later":
            draft = {**draft, "later": [*draft["later"], item.key]}
            return _next(turn, draft, official, [])
        case _:
            return Stay([_details(turn, official, item, draft, missed=True)])


# --- the reason ---------------------------------------------------------------------------------------


def _ask_reason(turn: Turn, draft: Draft, verdict: str) -> Go:
    draft = {**draft, "verdict": verdict}
    return Go(Step.REASON, draft, [_reason_question(turn, draft)])


def _reasons(turn: Turn, draft: Draft) -> list[Choice]:
    keys: tuple[str, ...]
    if draft["verdict"] == ACCEPT:
        keys = ("late", "appeal", "mistake")
    elif draft["item"].startswith(review_items.EXEMPTION):
        keys = ("not_serious", "can_do")
    else:
        keys = ("wrong_period", "wrong_page", "off_topic", "unreadable", "used_before")
    return [Choice(key, turn.label(f"review.because_{key}")) for key in keys]


def _reason_question(turn: Turn, draft: Draft, *, missed: bool = False) -> Reply:
    options = tuple(
        Option(one.label, Command(ANSWER, one.value)) for one in _reasons(turn, draft)
    )
    params = {"verdict": draft["verdict"], "missed": missed}
    return Reply("review.reason", params, options)


def _reason(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    item = review_items.find(turn, official, draft["item"])
    if item is None:
        gone = Reply("review.decided_already", remark=True)
        return _next(turn, draft, official, [gone])
    reason = _reason_said(turn, draft)
    if reason is None:
        return Stay([_reason_question(turn, draft, missed=True)])
    return _settle(turn, draft, official, item, draft["verdict"], reason)


def _reason_said(turn: Turn, draft: Draft) -> str | None:
    match narrow(turn, _reasons(turn, draft)):
        case [one]:
            return one.label
        case _ if turn.command is not None or len(turn.text.strip()) < SHORTEST_REASON:
            return None
        case _:
            return " ".join(turn.text.split())[:LONGEST_REASON]


# --- settled --------------------------------------------------------------------------------------------


def _settle(
    turn: Turn, draft: Draft, official: Official, item: Item, verdict: str, reason: str
) -> Go | Done:
    try:
        item.settle(
            turn,
            official,
            accepts=verdict == ACCEPT,
            shown=draft["shown"],
            reason=reason,
        )
    except NotOpenError:
        gone = Reply("review.decided_already", remark=True)
        return _next(turn, draft, official, [gone])
    except NotAllowedError:
        return Done([Reply("review.not_allowed", remark=True)])
    kind = "proof" if item.proof else "exemption"
    outcome = "accepted" if verdict == ACCEPT else "rejected"
    done = Reply(
        f"review.{outcome}_{kind}", review_items.about(turn, item), remark=True
    )
    told = review_items.told(turn, item, f"review.told_{outcome}_{kind}")
    return _next(turn, draft, official, [done, *told])


REVIEWING = Dialog(
    "reviewing",
    {
        Step.CHOOSE: for_officials(_choose),
        Step.DECIDE: for_officials(_decide),
        Step.REASON: for_officials(_reason),
    },
)
