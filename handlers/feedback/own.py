"""phản ánh của tôi: what became of one's own feedback; rating, reopening, withdrawing it.

```mermaid
stateDiagram-v2
    [*] --> why: not settled
    why --> [*]: reopened
```
"""

from __future__ import annotations

from enum import StrEnum

from bot.conversation.dialogs import Dialog, Done, Draft, Go, Outcome, Stay
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.feedback import forgetting, tickets
from bot.feedback.areas import read_lists
from bot.feedback.tickets import (
    OPEN,
    SHORTEST,
    STARS,
    NotPossibleError,
    number_of,
    read_number,
)
from bot.people import units
from models import Feedback, FeedbackStep

LONGEST_GLANCE = 50  # of the words, in the list
_SAID = (FeedbackStep.ANSWERED, FeedbackStep.CLOSED)


class Step(StrEnum):
    WHY = "why"


def mine(turn: Turn) -> list[Reply]:
    found = tickets.of_person(turn.session, turn.contact)
    options = tuple(
        Option(_line(turn, one), Command("feedback_item", str(one.id))) for one in found
    )
    new = turn.option("feedback.new", "feedback")
    return [Reply("feedback.list", {"count": len(found)}, (*options, new))]


def _line(turn: Turn, one: Feedback) -> str:
    words = " ".join(one.text.split())
    short = words if len(words) <= LONGEST_GLANCE else f"{words[:LONGEST_GLANCE]}…"
    params = {
        "number": number_of(one),
        "state": turn.label(f"feedback.state_{one.state}"),
        "text": short,
    }
    return turn.label("feedback.line", **params)


def item(turn: Turn) -> list[Reply]:
    found = _named(turn)
    if found is None:
        return [Reply("feedback.gone", remark=True)]
    return [_item(turn, found)]


def _item(turn: Turn, found: Feedback) -> Reply:
    course = tickets.course(turn.session, found)
    params = {
        "number": number_of(found),
        "unit": units.name_of(turn.session, found.unit_code),
        "area": read_lists(turn.catalogue.content_dir).label(found.area),
        "text": found.text,
        "filed_at": found.created_at.astimezone(turn.zone),
        "state": turn.label(f"feedback.state_{found.state}"),
        "answers": [one.text for one in course if one.step in _SAID],
        "rating": found.rating,
        "picture_problem": found.picture_problem or "",
    }
    return Reply("feedback.item", params, _what_can_be_done(turn, found), inline=True)


def _what_can_be_done(turn: Turn, found: Feedback) -> tuple[Option, ...]:
    number = str(found.id)
    possible = {
        "rate": tickets.may_rate(found),
        "reopen": tickets.may_reopen(found, turn.now),
        "withdraw": found.state in OPEN,
    }
    options = [
        turn.option(f"feedback.{name}", f"feedback_{name}", number)
        for name, is_possible in possible.items()
        if is_possible
    ]
    return (*options, turn.option("feedback.mine", "my_feedback"))


def rate(turn: Turn) -> list[Reply]:
    """First the stars to choose from, then thanks."""
    number, _, stars = (turn.command.argument if turn.command else "").partition("@")
    found = tickets.own(turn.session, turn.contact, read_number(number))
    if found is None or not tickets.may_rate(found):
        return [Reply("feedback.rated_already", remark=True)]
    if not stars.isdecimal() or int(stars) not in STARS:
        return [_rating_question(turn, found)]
    tickets.rate(turn.session, found, int(stars), turn.now)
    params = {"stars": int(stars), "number": number_of(found)}
    options = (
        (turn.option("feedback.reopen", "feedback_reopen", str(found.id)),)
        if tickets.may_reopen(found, turn.now)
        else ()
    )
    return [Reply("feedback.rated", params, options, inline=True)]


def _rating_question(turn: Turn, found: Feedback) -> Reply:
    # in this order the number of a line is what it gives
    options = tuple(
        turn.option(f"feedback.stars_{stars}", "feedback_rate", f"{found.id}@{stars}")
        for stars in STARS
    )
    return Reply("feedback.how_good", {"number": number_of(found)}, options)


def withdraw(turn: Turn) -> list[Reply]:
    """Nothing of its words is kept."""
    found = _named(turn)
    if found is None:
        return [Reply("feedback.gone", remark=True)]
    number = number_of(found)
    try:
        tickets.withdraw(turn.session, found, turn.now)
    except NotPossibleError:
        return [_item(turn, found)]
    forgetting.blank(turn.session, found)
    return [Reply("feedback.withdrawn", {"number": number}, remark=True)]


def reopen(turn: Turn) -> list[Reply]:
    found = _named(turn)
    if found is None or not tickets.may_reopen(found, turn.now):
        return [Reply("feedback.gone", remark=True)]
    asked = Reply("feedback.why", {"number": number_of(found)})
    return REOPENING.start(turn, Go(Step.WHY, {"id": found.id}, [asked]))


def _why(turn: Turn, draft: Draft) -> Outcome:
    found = tickets.own(turn.session, turn.contact, draft["id"])
    if found is None:
        return Done([Reply("feedback.gone", remark=True)])
    text = turn.text.strip()
    if turn.command is not None or len(text) < SHORTEST:
        return Stay([Reply("feedback.why", {"number": number_of(found)})])
    try:
        tickets.reopen(turn.session, found, text, turn.now)
    except NotPossibleError:
        return Done([Reply("feedback.gone", remark=True)])
    return Done([Reply("feedback.reopened", {"number": number_of(found)}, remark=True)])


REOPENING = Dialog("feedback_again", {Step.WHY: _why})


def _named(turn: Turn) -> Feedback | None:
    argument = turn.command.argument if turn.command else ""
    return tickets.own(turn.session, turn.contact, read_number(argument))
