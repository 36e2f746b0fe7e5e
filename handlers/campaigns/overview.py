"""chiến dịch: what runs and what waits, and by number what to do about it.

Who wrote a campaign cannot approve it; whoever looks after all its units may approve, send
back, pause, resume and cancel. Before a cancellation it is asked back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import or_, select
from sqlmodel import col

from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach.campaigns import approving, editing, running, terms
from bot.outreach.campaigns.editing import CampaignError
from bot.people import officials
from bot.search.fold import fold
from handlers.campaigns import composing, saying
from handlers.officials import only_officials
from models import Campaign, CampaignState, Official

DO = "campaign_do"
MOST_LISTED = 8  # a phone's screen
LISTED_FOR = timedelta(days=7)  # after its last change one that is over is old news
_SAYS = re.compile(
    r"(?P<verb>duyet|tu choi|tra lai|xem|dung|tam dung|tiep tuc|huy) "
    r"chien dich (?:so )?(?P<number>\d{1,9})[ .!]*"
)
_VERBS = {
    "duyet": "approve", "tu choi": "reject", "tra lai": "reject", "xem": "show",
    "dung": "pause", "tam dung": "pause", "tiep tuc": "resume", "huy": "cancel",
}  # fmt: skip
_OVER = (CampaignState.DONE, CampaignState.CANCELLED)


def begin(turn: Turn) -> list[Reply]:
    """Everything that lives, by number; and writing a new one."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    if not saying.follows(turn, official):
        return [Reply("campaigns.not_yours", remark=True)]
    found = _visible(turn, official)
    options = [Option(saying.head(turn, one), _command("show", one)) for one in found]
    if saying.composes(turn, official):
        options.append(turn.option("campaigns.new", "campaign_new"))
    params = {"count": len(found), "composes": saying.composes(turn, official)}
    return [Reply("campaigns.overview", params, tuple(options))]


def says(turn: Turn) -> bool:
    """ "duyệt chiến dịch 12" from an official."""
    return (
        _SAYS.fullmatch(_folded(turn)) is not None
        and officials.official_of(turn.session, turn.contact) is not None
    )


def act_by_words(turn: Turn) -> list[Reply]:
    said = _SAYS.fullmatch(_folded(turn))
    if said is None:
        return []
    return _act(turn, _VERBS[said["verb"]], said["number"], None)


def act(turn: Turn) -> list[Reply]:
    """A number of the list or of a campaign was chosen: "approve 12 3"."""
    argument = turn.command.argument if turn.command else ""
    verb, _, rest = argument.partition(" ")
    number, _, revision = rest.partition(" ")
    return _act(turn, verb, number, int(revision) if revision.isdecimal() else None)


def _act(turn: Turn, verb: str, number: str, revision: int | None) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    try:
        campaign = editing.find(turn.session, number)
        campaign = running.lock(turn.session, campaign.id or 0) or campaign
        if not approving.may_decide(turn.session, official, campaign, turn.today):
            return [Reply("campaigns.not_yours", remark=True)]
        if revision is not None and revision != campaign.revision:
            changed = Reply(
                "campaigns.changed_meanwhile", {"number": number}, remark=True
            )
            return [changed, *_show(turn, campaign, official)]
        run = _ACTIONS.get(verb)
        return run(turn, campaign, official) if run else begin(turn)
    except CampaignError as refused:
        key = f"campaign_refusal.{refused.code}"
        return [Reply(key, {"number": number}, remark=True)]


# --- one campaign --------------------------------------------------------------------------------


def _show(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    if campaign.state not in _OVER:
        saying.show_as_on_the_phone(turn, campaign)
    return [_detail(turn, campaign, official)]


def _detail(turn: Turn, campaign: Campaign, official: Official) -> Reply:
    verbs = [
        verb
        for verb in approving.verbs_for(campaign, official)
        if verb != approving.CHANGE or saying.composes(turn, official)
    ]
    options = tuple(
        Option(turn.label(f"campaign_verb.{verb}"), _command(verb, campaign))
        for verb in verbs
    )
    is_own = approving.needs_another(campaign, official)
    waits = is_own and campaign.state == CampaignState.WAITING_APPROVAL
    params = saying.facts(turn, campaign) | {"waits_for_other": waits}
    return Reply("campaigns.detail", params, options)


def _ask(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    return composing.ask_for_approval(turn, campaign, official)


def _change(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    return composing.change(turn, campaign, official)


def _approve(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    now = turn.now
    approving.approve(turn.session, campaign, official, now, turn.today)
    by = official.pseudonym
    begun = running.start_if_due(turn.session, campaign, terms.in_force(), by, now)
    params = saying.facts(turn, campaign) | {"begun": begun}
    told = _to_owner(turn, campaign, "campaigns.was_approved")
    options = () if begun else (_option(turn, "start", campaign),)
    return [Reply("campaigns.approved", params, options), *told]


def _reject(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    approving.reject(turn.session, campaign, official, turn.now, turn.today)
    told = _to_owner(turn, campaign, "campaigns.was_rejected")
    params = {"number": campaign.id, "title": campaign.title}
    return [Reply("campaigns.rejected", params, remark=True), *told]


def _start(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    by = official.pseudonym
    running.start(turn.session, campaign, terms.in_force(), by, turn.now)
    return [_detail(turn, campaign, official)]


def _pause(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    running.pause(turn.session, campaign, official.pseudonym, turn.now)
    return [_detail(turn, campaign, official)]


def _resume(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    running.resume(turn.session, campaign, official.pseudonym, turn.now)
    return [_detail(turn, campaign, official)]


def _cancel(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    options = (
        _option(turn, "cancel_surely", campaign),
        _option(turn, "show", campaign),
    )
    params = saying.facts(turn, campaign)
    return [Reply("campaigns.cancel_sure", params, options)]


def _cancel_surely(turn: Turn, campaign: Campaign, official: Official) -> list[Reply]:
    called_back = running.cancel(turn.session, campaign, official.pseudonym, turn.now)
    params = {"title": campaign.title, "called_back": called_back}
    return [Reply("campaigns.cancelled", params, remark=True)]


_ACTIONS: dict[str, Callable[[Turn, Campaign, Official], list[Reply]]] = {
    "show": _show,
    "ask": _ask,
    "change": _change,
    "approve": _approve,
    "reject": _reject,
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "cancel_surely": _cancel_surely,
}


# --- what they share -------------------------------------------------------------------------------


def _visible(turn: Turn, official: Official) -> list[Campaign]:
    """Those he may decide about: what lives, and what was over within the week."""
    recent = turn.session.scalars(
        select(Campaign)
        .where(
            or_(
                col(Campaign.state).not_in(_OVER),
                col(Campaign.changed_at) > turn.now - LISTED_FOR,
            )
        )
        .order_by(col(Campaign.id).desc())
    )
    found = [
        one
        for one in recent
        if approving.may_decide(turn.session, official, one, turn.today)
    ]
    found.sort(key=lambda one: (one.state in _OVER, -(one.id or 0)))
    return found[:MOST_LISTED]


def _to_owner(turn: Turn, campaign: Campaign, key: str) -> list[Reply]:
    """The owner hears of it, where he can be reached."""
    if campaign.owner_id is None:
        return []
    contact = officials.reachable_contact(turn.session, campaign.owner_id, turn.now)
    if contact is None or contact.id == turn.contact.id:
        return []
    params = {"number": campaign.id, "title": campaign.title}
    return [Reply(key, params, to=contact.id)]


def _option(turn: Turn, verb: str, campaign: Campaign) -> Option:
    return Option(turn.label(f"campaign_verb.{verb}"), _command(verb, campaign))


def _command(verb: str, campaign: Campaign) -> Command:
    return Command(DO, f"{verb} {campaign.id} {campaign.revision}")


def _folded(turn: Turn) -> str:
    return " ".join(fold(turn.text).split())
