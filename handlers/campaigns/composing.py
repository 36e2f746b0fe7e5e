"""Soạn chiến dịch: text, picture, audience, time, preview; then a second person is asked.

```mermaid
stateDiagram-v2
    [*] --> text
    text --> text: too short
    text --> picture: a draft is kept
    picture --> picture: not a picture
    picture --> audience: picture or file sent, or skipped
    picture --> article: an article of the account
    article --> article: not clear
    article --> audience
    audience --> commune: one commune of several
    audience --> time
    commune --> commune: not clear
    commune --> time
    time --> time: not clear, or past
    time --> preview
    preview --> text: other words
    preview --> audience: other people
    preview --> time: another time
    preview --> [*]: asked for approval, or kept as a draft
```

The campaign is a draft from the first step on, so a dialog that is left half-way loses
nothing: "chiến dịch" lists it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from bot.channel.window import Window
from bot.channel.zalo.messages import FILE_ENDINGS
from bot.conversation.dialogs import ANSWER, Dialog, Done, Draft, Go, Stay, answer_of
from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach.articles import drafts
from bot.outreach.campaigns import approving, editing, lists, pictures, terms
from bot.outreach.campaigns.audience import Audience, People
from bot.outreach.campaigns.editing import CampaignError, Wish
from bot.people import officials
from bot.search.fold import fold
from handlers.campaigns import saying
from handlers.choosing import Choice, narrow, offer, unit_choices
from handlers.officials import for_officials, only_officials
from models import Campaign, Official, Role, UnitLevel

SHORTEST_TEXT = 10  # letters; "ok" is no campaign
TITLE_LENGTH = 60
MOST_ARTICLES = 9  # numbers of one digit, one screen
_CARRIED = ("image", "gif", "file")
# Longer audiences are listed by the worker; an answer must not take the database's lock
# for more than a moment.
LISTED_AT_ONCE = 5_000
# A first hour after which most have had breakfast.
USUAL_HOUR = time(8)
_TIME = re.compile(r"\b(\d{1,2})\s*(?:h|gio|:)\s*(\d{2})?(?!\d)")
_DAY = re.compile(r"\b(\d{1,2})\s*[/.-]\s*(\d{1,2})(?:\s*[/.-]\s*(\d{4}))?\b")


class Step(StrEnum):
    TEXT = "text"
    PICTURE = "picture"
    ARTICLE = "article"
    AUDIENCE = "audience"
    COMMUNE = "commune"
    TIME = "time"
    PREVIEW = "preview"


def begin(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    if not saying.composes(turn, official):
        return [Reply("campaigns.not_composing", remark=True)]
    return COMPOSING.start(turn, Go(Step.TEXT, {}, [Reply("campaigns.ask_text")]))


def change(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    """A draft taken up again."""
    draft = {"campaign": campaign.id}
    return COMPOSING.start(turn, _preview(turn, draft, campaign))


# --- what is said -------------------------------------------------------------------------------


def _text(turn: Turn, draft: Draft, official: Official) -> Stay | Go:
    words = turn.text.strip()
    if len(words) < SHORTEST_TEXT or turn.event.attachments:
        return Stay([Reply("campaigns.text_too_short")])
    known = _campaign(turn, draft)
    if known is not None:
        _edit(turn, official, known, text=words, title=_title(words))
        return _preview(turn, draft, known)
    wish = Wish(
        title=_title(words), text=words, audience=saying.everybody_of(turn, official)
    )
    made = editing.create(turn.session, wish, official, turn.now)
    return Go(Step.PICTURE, {"campaign": made.id}, [_ask_picture(turn, official)])


def _title(words: str) -> str:
    """The first line, as far as a list shows it."""
    first = words.splitlines()[0].strip()
    if len(first) <= TITLE_LENGTH:
        return first
    return first[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def _ask_picture(
    turn: Turn, official: Official, *, missed: bool = False, refused: bool = False
) -> Reply:
    options = [turn.option("campaigns.no_picture", ANSWER, "skip")]
    if _articles(turn, official):
        options.append(turn.option("campaigns.with_article", ANSWER, "article"))
    said = {"missed": missed, "refused": refused}
    return Reply("campaigns.ask_picture", said, tuple(options))


def _picture(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    campaign = _campaign(turn, draft)
    if campaign is None:
        return _gone()
    sent = [one for one in turn.event.attachments if one.kind in _CARRIED and one.url]
    if sent:
        name = sent[0].name or ""
        if sent[0].kind == "file" and not name.lower().endswith(FILE_ENDINGS):
            return Stay([_ask_picture(turn, official, refused=True)])
        campaign.asset = pictures.pending(sent[0].url or "", name)
        campaign.changed_at = turn.now
        turn.session.add(campaign)
    elif answer_of(turn) == "article" and (found := _articles(turn, official)):
        return Go(Step.ARTICLE, draft, [offer("campaigns.which_article", found)])
    elif answer_of(turn) != "skip":
        return Stay([_ask_picture(turn, official, missed=True)])
    return Go(Step.AUDIENCE, draft, [_ask_audience(turn, official)])


# --- an article of the account --------------------------------------------------------------------


def _articles(turn: Turn, official: Official) -> list[Choice]:
    """The newest that are out and have an address to be read at."""
    care = officials.units_in_care(
        turn.session, official, Role.ADMINISTRATOR, turn.today
    )
    out = drafts.readable(turn.session, [unit.code for unit in care], MOST_ARTICLES)
    return [Choice(one.article_link or "", one.title) for one in out]


def _article(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    campaign = _campaign(turn, draft)
    if campaign is None:
        return _gone()
    choices = _articles(turn, official)
    match narrow(turn, choices):
        case [one]:
            _edit(turn, official, campaign, link=one.value)
            return Go(Step.AUDIENCE, draft, [_ask_audience(turn, official)])
        case fitting:
            key = "campaigns.which_article"
            return Stay([offer(key, fitting or choices, missed=not fitting)])


# --- to whom --------------------------------------------------------------------------------------


def _audiences(turn: Turn, official: Official) -> dict[str, Audience]:
    """The usual choices, in the order of their numbers."""
    everybody = saying.everybody_of(turn, official)
    recent = (Window.FREE, Window.PAID)
    return {
        "citizens": everybody,
        "recent": replace(everybody, windows=recent),
        "officials": replace(everybody, people=People.OFFICIALS),
        "all": replace(everybody, people=People.ALL),
    }


def _ask_audience(turn: Turn, official: Official, *, missed: bool = False) -> Reply:
    options = [
        Option(
            turn.label(
                f"campaign_choice.{name}", count=saying.people_in(turn, audience)
            ),
            Command(ANSWER, name),
        )
        for name, audience in _audiences(turn, official).items()
    ]
    if len(_communes(turn, official)) > 1:
        options.append(turn.option("campaign_choice.commune", ANSWER, "commune"))
    return Reply("campaigns.ask_audience", {"missed": missed}, tuple(options))


def _audience(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    campaign, chosen = _campaign(turn, draft), answer_of(turn)
    if campaign is None:
        return _gone()
    communes = _communes(turn, official)
    if chosen == "commune" and len(communes) > 1:
        asked = offer("campaigns.which_commune", unit_choices(communes))
        return Go(Step.COMMUNE, draft, [asked])
    audience = _audiences(turn, official).get(chosen or "")
    if audience is None:
        return Stay([_ask_audience(turn, official, missed=True)])
    return _with_audience(turn, draft, official, campaign, audience)


def _communes(turn: Turn, official: Official) -> list[Any]:
    care = officials.units_in_care(
        turn.session, official, Role.ADMINISTRATOR, turn.today
    )
    return [unit for unit in care if unit.level == UnitLevel.COMMUNE]


def _commune(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    campaign = _campaign(turn, draft)
    if campaign is None:
        return _gone()
    choices = unit_choices(_communes(turn, official))
    match narrow(turn, choices):
        case [one]:
            audience = Audience(communes=(one.value,), people=People.CITIZENS)
            return _with_audience(turn, draft, official, campaign, audience)
        case fitting:
            key = "campaigns.which_commune"
            return Stay([offer(key, fitting or choices, missed=not fitting)])


def _with_audience(
    turn: Turn, draft: Draft, official: Official, campaign: Campaign, audience: Audience
) -> Go:
    _edit(turn, official, campaign, audience=audience)
    if draft.get("is_timed"):
        return _preview(turn, draft, campaign)
    return Go(Step.TIME, draft, [_ask_time(turn)])


# --- when --------------------------------------------------------------------------------------------


def _ask_time(turn: Turn, *, missed: bool = False, past: bool = False) -> Reply:
    options = (
        turn.option("campaigns.at_once", ANSWER, "now"),
        turn.option("campaigns.tomorrow", ANSWER, "tomorrow"),
        turn.option("campaigns.monday", ANSWER, "monday"),
        turn.option("campaigns.by_hand", ANSWER, "by_hand"),
    )
    return Reply("campaigns.ask_time", {"missed": missed, "past": past}, options)


def _time(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    campaign = _campaign(turn, draft)
    if campaign is None:
        return _gone()
    chosen = answer_of(turn)
    starts_at = None if chosen == "by_hand" else _chosen_time(turn, chosen)
    if starts_at is None and chosen != "by_hand":
        return Stay([_ask_time(turn, missed=True)])
    if starts_at is not None and starts_at < turn.now:
        return Stay([_ask_time(turn, past=True)])
    _edit(turn, official, campaign, starts_at=starts_at)
    return _preview(turn, {**draft, "is_timed": True}, campaign)


def _chosen_time(turn: Turn, chosen: str | None) -> datetime | None:
    today = turn.local_now.date()
    if chosen == "now":
        return turn.now
    if chosen == "tomorrow":
        return _at(turn, today + timedelta(days=1), USUAL_HOUR)
    if chosen == "monday":
        return _at(turn, today + timedelta(days=7 - today.weekday()), USUAL_HOUR)
    return time_in(turn.text, turn.local_now)


def _at(turn: Turn, day: Any, hour: time) -> datetime:
    return datetime.combine(day, hour, turn.zone)


def time_in(text: str, now: datetime) -> datetime | None:
    """ "8h30 15/12", "15/12/2026", "9 giờ mai": a day, an hour, or both; None: neither.
    A day without a year is the next such day."""
    folded = fold(text)
    day, hour = _day_in(folded, now), _hour_in(folded)
    if day is None and hour is None:
        return None
    return datetime.combine(day or now.date(), hour or USUAL_HOUR, now.tzinfo)


def _day_in(folded: str, now: datetime) -> Any:
    today = now.date()
    if re.search(r"\bmai\b", folded):
        return today + timedelta(days=1)
    found = _DAY.search(folded)
    if found is None:
        return None
    day, month, year = int(found[1]), int(found[2]), found[3]
    try:
        named = today.replace(int(year) if year else today.year, month, day)
        is_past = named < today and not year
        return named.replace(year=named.year + 1) if is_past else named
    except ValueError:
        return None


def _hour_in(folded: str) -> time | None:
    found = _TIME.search(folded)
    if found is None or int(found[1]) > 23 or int(found[2] or 0) > 59:
        return None
    return time(int(found[1]), int(found[2] or 0))


# --- as the phone will show it ------------------------------------------------------------------------


def _preview(turn: Turn, draft: Draft, campaign: Campaign) -> Go:
    """The message itself, what would become of whom, and what to do now."""
    saying.show_as_on_the_phone(turn, campaign)
    _make_list(turn, campaign)
    options = (
        turn.option("campaigns.send_for_approval", ANSWER, "ask"),
        turn.option("campaigns.other_text", ANSWER, "text"),
        turn.option("campaigns.other_audience", ANSWER, "audience"),
        turn.option("campaigns.other_time", ANSWER, "time"),
        turn.option("campaigns.keep_draft", ANSWER, "keep"),
    )
    params = saying.facts(turn, campaign)
    step_draft = {**draft, "is_timed": True}
    return Go(Step.PREVIEW, step_draft, [Reply("campaigns.summary", params, options)])


def _make_list(turn: Turn, campaign: Campaign) -> None:
    """Anew, so that it shows this moment; a long one is made by the worker once asked."""
    given = terms.in_force()
    count = lists.audience_count(turn.session, campaign.audience, turn.now, given)
    if count <= LISTED_AT_ONCE:
        lists.make_whole(turn.session, campaign, given, turn.now)
    else:
        lists.begin(turn.session, campaign, given, turn.now)


def _decide(turn: Turn, draft: Draft, official: Official) -> Stay | Go | Done:
    campaign = _campaign(turn, draft)
    if campaign is None:
        return _gone()
    match answer_of(turn):
        case "ask":
            try:
                return Done(ask_for_approval(turn, campaign, official))
            except CampaignError as refused:
                return Done([Reply(f"campaign_refusal.{refused.code}", remark=True)])
        case "text":
            return Go(Step.TEXT, draft, [Reply("campaigns.ask_text")])
        case "audience":
            return Go(Step.AUDIENCE, draft, [_ask_audience(turn, official)])
        case "time":
            return Go(Step.TIME, draft, [_ask_time(turn)])
        case "keep":
            params = {"number": campaign.id, "title": campaign.title}
            return Done([Reply("campaigns.kept", params, remark=True)])
    again = _preview(turn, draft, campaign)
    return Stay(again.replies)


def ask_for_approval(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    """Who may approve is asked within a minute (``scheduler/campaigns``)."""
    approving.ask(
        turn.session, campaign, terms.in_force(), official.pseudonym, turn.now
    )
    may = approving.approvers(turn.session, campaign, turn.today)
    params = {
        "number": campaign.id,
        "title": campaign.title,
        "names": [one.name for one in may],
    }
    return [Reply("campaigns.asked", params, remark=True)]


# --- what they share ------------------------------------------------------------------------------------


def _campaign(turn: Turn, draft: Draft) -> Campaign | None:
    """The draft in hand, while it is one."""
    number = draft.get("campaign")
    campaign = turn.session.get(Campaign, number) if number else None
    if campaign is None or campaign.state not in editing.CHANGEABLE:
        return None
    return campaign


def _gone() -> Done:
    return Done([Reply("campaigns.gone", remark=True)])


def _edit(turn: Turn, official: Official, campaign: Campaign, **changes: Any) -> None:
    """The next revision; a picture that is still on its way stays so."""
    asset = campaign.asset
    wish = replace(editing.wish_of(campaign), **changes)
    editing.edit(turn.session, campaign, wish, official.pseudonym, turn.now)
    if asset and campaign.asset is None:
        campaign.asset = asset


COMPOSING = Dialog(
    "campaign",
    {
        Step.TEXT: for_officials(_text),
        Step.PICTURE: for_officials(_picture),
        Step.ARTICLE: for_officials(_article),
        Step.AUDIENCE: for_officials(_audience),
        Step.COMMUNE: for_officials(_commune),
        Step.TIME: for_officials(_time),
        Step.PREVIEW: for_officials(_decide),
    },
)
