"""đăng bài: an official writes an article of his unit's account, sees it, sends it on.

```mermaid
stateDiagram-v2
    [*] --> account: several accounts
    [*] --> source: one account
    account --> source
    source --> preview: a draft of the calendar
    source --> title: own words
    title --> body
    body --> points
    points --> link
    link --> look
    look --> preview
    preview --> title: edit
    preview --> body: edit
    preview --> points: edit
    preview --> link: edit
    preview --> look: edit
    preview --> [*]: sent for approval, given up
```

From the first preview on the draft is a row: who leaves the dialog finds it under "các bài".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bot.conversation.dialogs import (
    ANSWER,
    Dialog,
    Done,
    Draft,
    Go,
    Outcome,
    Stay,
    StepFunction,
    answer_of,
)
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.duties.crediting.items import Item
from bot.duties.crediting.placing import place_for
from bot.lettering import drawable
from bot.outreach.articles import approving, drafts
from bot.outreach.articles.drafts import DraftError
from bot.outreach.articles.words import Words, words_of
from bot.outreach.drawing.spec import (
    FEWEST_POINTS,
    LONGEST_LINK,
    LONGEST_POINT,
    LONGEST_TITLE,
    MOST_POINTS,
    Layout,
    Palette,
    SpecError,
)
from bot.outreach.yearly.due import due_in
from bot.outreach.yearly.files import YearlyDraft, usable_yearly
from bot.people import officials
from handlers.articles.shared import (
    account_name,
    article_of,
    cannot_draw,
    may_write,
    not_any_more,
    option,
    unit_name,
)
from handlers.choosing import Choice, narrow, offer
from handlers.officials import for_officials, only_officials
from models import Account, ArticleState, Channel, OaArticle, Official, ProofSource

OWN_WORDS, SEND, DROP = "own", "send", "drop"
NATIONAL_PORTAL = "https://dichvucong.gov.vn"
LOOKS = {
    Layout.CARDS: Palette.BLUE,
    Layout.STEPS: Palette.GREEN,
    Layout.TILES: Palette.RED,
}
_LINK = re.compile(r"https?://\S+")
_NUMBERED = re.compile(r"^\s*(?:[-•*+]|\d{1,2}[.)])\s*")


class Step(StrEnum):
    ACCOUNT = "account"
    SOURCE = "source"
    TITLE = "title"
    BODY = "body"
    POINTS = "points"
    LINK = "link"
    LOOK = "look"
    PREVIEW = "preview"


EDITABLE = (Step.TITLE, Step.BODY, Step.POINTS, Step.LINK, Step.LOOK)


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    return POSTING.start(turn, _begin(turn, official))


def begin_with(turn: Turn, official: Official, chosen: YearlyDraft) -> list[Reply]:
    """From the calendar; the account is asked first where there are several."""
    match drafts.accounts_for(turn.session, official, turn.today):
        case [(unit_code, account)]:
            draft = {"oa": account.oa_id, "unit": unit_code}
            return POSTING.start(turn, _keep(turn, draft, official, chosen.words))
        case _:
            return POSTING.start(turn, _begin(turn, official))


# --- which account, and from what -------------------------------------------------------------


def _begin(turn: Turn, official: Official) -> Go | Done:
    match drafts.accounts_for(turn.session, official, turn.today):
        case []:
            return Done([Reply("posts.no_account", remark=True)])
        case [(unit_code, account)]:
            return _ask_source(turn, account, unit_code)
        case several:
            return Go(Step.ACCOUNT, {}, [offer("posts.which_account", _names(several))])


def _names(found: Sequence[tuple[str, Account]]) -> list[Choice]:
    return [
        Choice(account.oa_id, account.name or account.oa_id) for _, account in found
    ]


def _account(turn: Turn, draft: Draft, official: Official) -> Outcome:
    found = drafts.accounts_for(turn.session, official, turn.today)
    match narrow(turn, _names(found)):
        case [one]:
            chosen = next(pair for pair in found if pair[1].oa_id == one.value)
            return _ask_source(turn, chosen[1], chosen[0])
        case fitting:
            choices = fitting or _names(found)
            return Stay([offer("posts.which_account", choices, missed=not fitting)])


def _ask_source(turn: Turn, account: Account, unit_code: str) -> Go:
    draft = {"oa": account.oa_id, "unit": unit_code}
    return Go(Step.SOURCE, draft, [_source_question(turn, account)])


def _source_question(turn: Turn, account: Account, *, missed: bool = False) -> Reply:
    options = [
        Option(one.words.title, Command(ANSWER, one.key)) for one in _this_month(turn)
    ]
    options.append(option(turn, "own_words", OWN_WORDS))
    params = {"account": account.name or account.oa_id, "missed": missed}
    return Reply("posts.which_source", params, tuple(options))


def _this_month(turn: Turn) -> list[YearlyDraft]:
    everything = usable_yearly(turn.catalogue.content_dir, turn.zone)
    today = turn.today
    return [one.draft for one in due_in(everything, today.year, today.month)]


def _source(turn: Turn, draft: Draft, official: Official) -> Outcome:
    answer = answer_of(turn)
    account = turn.session.get_one(Account, draft["oa"])
    if answer == OWN_WORDS:
        return Go(Step.TITLE, draft, [_question(turn, Step.TITLE)])
    for one in _this_month(turn):
        if one.key == answer:
            return _keep(turn, draft, official, one.words)
    return Stay([_source_question(turn, account, missed=True)])


# --- the words, one after the other --------------------------------------------------------------


def _question(turn: Turn, step: Step, *, missed: bool = False) -> Reply:
    params: dict[str, Any] = {"missed": missed}
    options: tuple[Option, ...] = ()
    match step:
        case Step.TITLE:
            params["longest"] = LONGEST_TITLE
        case Step.BODY:
            params["shortest"] = drafts.SHORTEST_BODY
        case Step.POINTS:
            params |= {
                "fewest": FEWEST_POINTS,
                "most": MOST_POINTS,
                "longest": LONGEST_POINT,
            }
        case Step.LINK:
            options = (option(turn, "national_portal", NATIONAL_PORTAL),)
        case Step.LOOK:
            options = tuple(option(turn, f"look_{one}", one.value) for one in Layout)
    return Reply(f"posts.{step}", params, options)


def _title_in(turn: Turn) -> str | None:
    title = " ".join(turn.text.split())
    return title if drawable(title) and len(title) <= LONGEST_TITLE else None


def _body_in(turn: Turn) -> str | None:
    body = turn.text.strip()
    return body if drafts.SHORTEST_BODY <= len(body) <= drafts.LONGEST_BODY else None


def _points_in(turn: Turn) -> list[str] | None:
    """One a line, with or without a number or a dash before it."""
    lines = [_NUMBERED.sub("", line).strip() for line in turn.text.splitlines()]
    points = [line for line in lines if drawable(line)]
    fits = all(len(point) <= LONGEST_POINT for point in points)
    return points if fits and FEWEST_POINTS <= len(points) <= MOST_POINTS else None


def _link_in(turn: Turn) -> str | None:
    if answer_of(turn) == NATIONAL_PORTAL:
        return NATIONAL_PORTAL
    found = _LINK.search(turn.text)
    link = found.group().rstrip(".,;)") if found else ""
    return link if 8 < len(link) <= LONGEST_LINK else None


def _look_in(turn: Turn) -> str | None:
    answer = answer_of(turn)
    return answer if answer in list(Layout) else None


_READ: Mapping[Step, Callable[[Turn], str | list[str] | None]] = {
    Step.TITLE: _title_in,
    Step.BODY: _body_in,
    Step.POINTS: _points_in,
    Step.LINK: _link_in,
    Step.LOOK: _look_in,
}


def _words_step(step: Step) -> Callable[[Turn, Draft, Official], Outcome]:
    def run(turn: Turn, draft: Draft, official: Official) -> Outcome:
        said = _READ[step](turn)
        if said is None:
            return Stay([_question(turn, step, missed=True)])
        draft = {**draft, step.value: said}
        if "article" in draft:
            return _edit(turn, draft, official, step)
        if step == EDITABLE[-1]:
            return _keep(turn, draft, official, _words(draft))
        following = EDITABLE[EDITABLE.index(step) + 1]
        return Go(following, draft, [_question(turn, following)])

    return run


def _words(draft: Draft) -> Words:
    layout = Layout(draft[Step.LOOK])
    return Words(
        title=draft[Step.TITLE],
        body=draft[Step.BODY],
        points=tuple(draft[Step.POINTS]),
        link=draft[Step.LINK],
        layout=layout,
        palette=LOOKS[layout],
    )


# --- the row, and what it looks like -------------------------------------------------------------


def _keep(turn: Turn, draft: Draft, official: Official, words: Words) -> Go | Done:
    account = turn.session.get_one(Account, draft["oa"])
    try:
        article = drafts.create(
            turn.session, account, draft["unit"], words, official, turn.now
        )
    except (SpecError, DraftError) as error:
        return Done([cannot_draw(turn, error)])
    return show(turn, article)


def _edit(turn: Turn, draft: Draft, official: Official, step: Step) -> Outcome:
    article = article_of(turn.session, draft["article"])
    if article.state not in drafts.EDITABLE or not may_write(turn, official, article):
        return not_any_more()
    words = _changed(words_of(article), step, draft[step])
    try:
        drafts.edit(turn.session, article, words, official, turn.now)
    except (SpecError, DraftError) as error:
        return Stay([cannot_draw(turn, error)])
    return show(turn, article)


def _changed(words: Words, step: Step, said: Any) -> Words:
    match step:
        case Step.TITLE:
            return replace(words, title=said)
        case Step.BODY:
            return replace(words, body=said, description="")
        case Step.POINTS:
            return replace(words, points=tuple(said))
        case Step.LINK:
            return replace(words, link=said)
        case _:
            layout = Layout(said)
            return replace(words, layout=layout, palette=LOOKS[layout])


def show(turn: Turn, article: OaArticle, *, missed: bool = False) -> Go:
    """The preview; also where a draft that was left, or was sent back, goes on."""
    params = {
        "missed": missed,
        "article": article,
        "account": account_name(turn.session, article),
        "body": article.body,
        "in_scope": _in_scope(turn, article),
        "drawn": article.picture_sha256 is not None,
    }
    options = (
        option(turn, "send", SEND),
        *(option(turn, f"edit_{step}", step.value) for step in EDITABLE),
        option(turn, "drop", DROP),
    )
    said = Reply("posts.preview", params, options)
    return Go(Step.PREVIEW, {"article": article.id}, [said])


def _in_scope(turn: Turn, article: OaArticle) -> bool:
    """Whether it would be credited by itself, were it published today."""
    item = Item(
        ProofSource.OWN_OA, "", "", Channel.ZALO_OA, article.title, article.body
    )
    today = turn.today
    return place_for(turn.session, item, article.unit_code, today, today) is not None


def _preview(turn: Turn, draft: Draft, official: Official) -> Outcome:
    article = article_of(turn.session, draft["article"])
    if article.state not in drafts.EDITABLE or not may_write(turn, official, article):
        return not_any_more()
    match answer_of(turn):
        case str(step) if step in list(EDITABLE):
            return Go(step, draft, [_question(turn, Step(step))])
        case "send" | "drop" if article.state == ArticleState.PUBLISHED:
            # it is out, and nothing was changed
            return Done([Reply("posts.change_kept", {"article": article}, remark=True)])
        case "send":
            return _send(turn, article, official)
        case "drop":
            return drop(turn, article, official)
        case _:
            return show(turn, article, missed=True)


def drop(turn: Turn, article: OaArticle, official: Official) -> Done:
    """A draft is given up; of a change only the change."""
    drafts.drop(turn.session, article, official, turn.now)
    is_out = article.state == ArticleState.PUBLISHED
    said = "posts.change_kept" if is_out else "posts.dropped"
    return Done([Reply(said, {"article": article}, remark=True)])


def _send(turn: Turn, article: OaArticle, official: Official) -> Done:
    if article.state != ArticleState.DRAFT:  # it failed, and was not changed
        words = words_of(article)
        drafts.edit(turn.session, article, words, official, turn.now)
    drafts.submit(turn.session, article, official, turn.now)
    asked = approving.approvers(turn.session, article, turn.today)
    params = {"article": article, "approvers": [one.name for one in asked]}
    replies = [Reply("posts.submitted", params, remark=True)]
    waits = {"article": article, "unit": unit_name(turn.session, article)}
    for one in asked:
        contact = officials.reachable_contact(turn.session, one.id or 0, turn.now)
        if contact is not None:
            replies.append(Reply("posts.waits", waits, to=contact.id))
    return Done(replies)


STEPS: dict[str, StepFunction] = {
    **{step: for_officials(_words_step(step)) for step in EDITABLE},
    Step.PREVIEW: for_officials(_preview),
}
POSTING = Dialog(
    "posting",
    {
        Step.ACCOUNT: for_officials(_account),
        Step.SOURCE: for_officials(_source),
        **STEPS,
    },
    expires_after=timedelta(hours=2),  # writing takes its time
)
