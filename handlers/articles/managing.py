"""các bài: what the unit has written, how far it is, and what can be done about it.

```mermaid
stateDiagram-v2
    [*] --> list
    list --> details
    details --> list: another one
    details --> preview: edit, as in posting
    details --> [*]: try again, give up, hide, show again
    details --> sure: take down
    sure --> [*]
```
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from bot.conversation.dialogs import Dialog, Done, Draft, Go, Outcome, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach.articles import approving, drafts
from bot.people import officials
from handlers.articles import posting
from handlers.articles.shared import (
    article_of,
    chosen_id,
    may_write,
    not_any_more,
    option,
    state_label,
)
from handlers.officials import for_officials, only_officials
from models import ArticleState, OaArticle, Official, Role

MOST_LISTED = 9  # numbers of one digit, one screen
EDIT, AGAIN, REMOVE, DROP, BACK = "edit", "try_again", "remove", "drop", "back"
HIDE, SHOW_AGAIN = "hide", "show_again"
YES, NO = "yes_remove", "no_keep"
_ACTIONS = {
    ArticleState.DRAFT: (EDIT, DROP),
    ArticleState.WAITING_APPROVAL: (DROP,),
    ArticleState.FAILED: (AGAIN, EDIT, DROP),
    ArticleState.PUBLISHED: (EDIT, HIDE, REMOVE),
}


class Step(StrEnum):
    LIST = "list"
    DETAILS = "details"
    SURE = "sure"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return MANAGING.start(turn, _begin(turn, official))


def _begin(turn: Turn, official: Official) -> Go | Done:
    found = _articles(turn, official)
    if not found:
        return Done([Reply("posts.none_yet", remark=True)])
    return Go(Step.LIST, {}, [_list_question(turn, found)])


def _articles(turn: Turn, official: Official) -> Sequence[OaArticle]:
    in_care = officials.units_in_care(turn.session, official, Role.OFFICIAL, turn.today)
    codes = [unit.code for unit in in_care]
    return drafts.of_units(turn.session, codes, MOST_LISTED)


def _list_question(
    turn: Turn, found: Sequence[OaArticle], *, missed: bool = False
) -> Reply:
    options = tuple(
        Option(
            turn.label("posts.line", article=one, state=state_label(turn, one)),
            Command("answer", str(one.id)),
        )
        for one in found
    )
    return Reply("posts.list", {"missed": missed}, options)


def _list(turn: Turn, draft: Draft, official: Official) -> Outcome:
    found = _articles(turn, official)
    for one in found:
        if one.id == chosen_id(turn):
            return _show(turn, one)
    return Stay([_list_question(turn, found, missed=True)])


def _show(turn: Turn, article: OaArticle, *, missed: bool = False) -> Go:
    published = article.published_at or turn.now
    params = {
        "missed": missed,
        "article": article,
        "state": state_label(turn, article),
        "at": published.astimezone(turn.zone),
        "reason": _reason(turn, article),
    }
    actions = (*_actions(article), BACK)
    options = tuple(option(turn, key, key) for key in actions)
    said = Reply("posts.details", params, options)
    return Go(Step.DETAILS, {"article": article.id}, [said])


def _actions(article: OaArticle) -> tuple[str, ...]:
    found = _ACTIONS.get(ArticleState(article.state), ())
    if not article.is_hidden:
        return found
    return tuple(SHOW_AGAIN if one == HIDE else one for one in found)


def _reason(turn: Turn, article: OaArticle) -> str:
    """What went wrong, or what whoever sent it back wrote."""
    if not article.reason or article.state == ArticleState.DRAFT:
        return article.reason
    return turn.label(f"article_failures.{article.reason}")


def _details(turn: Turn, draft: Draft, official: Official) -> Outcome:
    article = article_of(turn.session, draft["article"])
    answer = answer_of(turn)
    if answer == BACK:
        return _begin(turn, official)
    if not may_write(turn, official, article):
        return not_any_more()
    if answer not in _actions(article):
        return _show(turn, article, missed=True)
    match answer:
        case "edit":
            return posting.show(turn, article)
        case "try_again":
            return _try_again(turn, article, official)
        case "hide" | "show_again":
            return _turn_over(turn, article, official)
        case "remove":
            options = tuple(option(turn, key, key) for key in (YES, NO))
            asked = Reply("posts.sure_to_remove", {"article": article}, options)
            return Go(Step.SURE, draft, [asked])
        case _:
            return posting.drop(turn, article, official)


def _turn_over(turn: Turn, article: OaArticle, official: Official) -> Done:
    """Hidden, or shown again."""
    act = approving.show_again if article.is_hidden else approving.hide
    if not act(turn.session, article, official, turn.now):
        return not_any_more()
    said = "posts.being_hidden" if article.is_hidden else "posts.being_shown"
    return Done([Reply(said, {"article": article}, remark=True)])


def _try_again(turn: Turn, article: OaArticle, official: Official) -> Done:
    if not approving.try_again(turn.session, article, official, turn.now):
        return not_any_more()
    return Done([Reply("posts.trying_again", {"article": article}, remark=True)])


def _sure(turn: Turn, draft: Draft, official: Official) -> Outcome:
    article = article_of(turn.session, draft["article"])
    if answer_of(turn) != YES or not may_write(turn, official, article):
        return Done([Reply("posts.kept", remark=True)])
    if not approving.remove(turn.session, article, official, turn.now):
        return not_any_more()
    return Done([Reply("posts.being_removed", {"article": article}, remark=True)])


MANAGING = Dialog(
    "managing_articles",
    {
        Step.LIST: for_officials(_list),
        Step.DETAILS: for_officials(_details),
        Step.SURE: for_officials(_sure),
        **posting.STEPS,
    },
    expires_after=posting.POSTING.expires_after,
)
