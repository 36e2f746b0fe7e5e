"""duyệt bài: the second person sees the whole article, and lets it out or sends it back.

```mermaid
stateDiagram-v2
    [*] --> which: several wait
    [*] --> decide: one waits
    which --> decide
    decide --> [*]: approved, later
    decide --> why: send back
    why --> [*]: sent back
```
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from bot.conversation.dialogs import Dialog, Done, Draft, Go, Outcome, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach.articles import approving
from bot.people import officials
from handlers.articles.shared import (
    article_of,
    chosen_id,
    not_any_more,
    option,
    unit_name,
)
from handlers.officials import for_officials, only_officials
from models import OaArticle, Official

SHORTEST_REASON, LONGEST_REASON = 5, 300
APPROVE, SEND_BACK, LATER = "approve", "send_back", "later"


class Step(StrEnum):
    WHICH = "which"
    DECIDE = "decide"
    WHY = "why"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return APPROVING.start(turn, _begin(turn, official))


def _begin(turn: Turn, official: Official) -> Go | Done:
    match approving.waiting_for(turn.session, official, turn.today):
        case []:
            return Done([Reply("posts.nothing_to_approve", remark=True)])
        case [one]:
            return _show(turn, one)
        case several:
            return Go(Step.WHICH, {}, [_which_question(turn, several)])


def _which_question(
    turn: Turn, waiting: Sequence[OaArticle], *, missed: bool = False
) -> Reply:
    options = tuple(
        Option(
            turn.label(
                "posts.approve_line", unit=unit_name(turn.session, one), article=one
            ),
            Command("answer", str(one.id)),
        )
        for one in waiting
    )
    params = {"missed": missed, "count": len(waiting)}
    return Reply("posts.approve_which", params, options)


def _which(turn: Turn, draft: Draft, official: Official) -> Outcome:
    waiting = approving.waiting_for(turn.session, official, turn.today)
    for one in waiting:
        if one.id == chosen_id(turn):
            return _show(turn, one)
    if not waiting:
        return Done([Reply("posts.nothing_to_approve", remark=True)])
    return Stay([_which_question(turn, waiting, missed=True)])


def _show(turn: Turn, article: OaArticle, *, missed: bool = False) -> Go:
    owner = turn.session.get(Official, article.owner_id) if article.owner_id else None
    params = {
        "missed": missed,
        "article": article,
        "unit": unit_name(turn.session, article),
        "owner": owner.name if owner else "",
    }
    options = tuple(option(turn, key, key) for key in (APPROVE, SEND_BACK, LATER))
    draft = {"article": article.id, "revision": article.revision}
    return Go(Step.DECIDE, draft, [Reply("posts.to_approve", params, options)])


def _decide(turn: Turn, draft: Draft, official: Official) -> Outcome:
    article = article_of(turn.session, draft["article"])
    match answer_of(turn):
        case "approve":
            is_done = approving.approve(
                turn.session, article, official, draft["revision"], turn.now, turn.today
            )
            if not is_done:
                return not_any_more()
            return Done([Reply("posts.approved", {"article": article}, remark=True)])
        case "send_back":
            return Go(Step.WHY, draft, [Reply("posts.why_back", {"missed": False})])
        case "later":
            return Done([Reply("posts.left_for_later", remark=True)])
        case _:
            return _show(turn, article, missed=True)


def _why(turn: Turn, draft: Draft, official: Official) -> Outcome:
    reason = " ".join(turn.text.split())[:LONGEST_REASON]
    if len(reason) < SHORTEST_REASON or turn.command is not None:
        return Stay([Reply("posts.why_back", {"missed": True})])
    article = article_of(turn.session, draft["article"])
    is_done = approving.send_back(
        turn.session, article, official, draft["revision"], reason, turn.now, turn.today
    )
    if not is_done:
        return not_any_more()
    replies = [Reply("posts.sent_back", {"article": article}, remark=True)]
    contact = (
        officials.reachable_contact(turn.session, article.owner_id, turn.now)
        if article.owner_id
        else None
    )
    if contact is not None:
        params = {"article": article, "reason": reason}
        replies.append(Reply("posts.was_sent_back", params, to=contact.id))
    return Done(replies)


APPROVING = Dialog(
    "approving_articles",
    {
        Step.WHICH: for_officials(_which),
        Step.DECIDE: for_officials(_decide),
        Step.WHY: for_officials(_why),
    },
)
