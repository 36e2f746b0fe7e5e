"""lịch tuyên truyền: what this month asks for; one word makes a campaign or an article of it."""

from __future__ import annotations

from datetime import date

from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach.yearly.due import Due, due_in
from bot.outreach.yearly.files import YearlyDraft, usable_yearly
from bot.outreach.yearly.making import make_campaign
from bot.people import officials
from handlers.articles import posting
from handlers.officials import only_officials
from models import Official, Role

# Who may speak to many: as in the composer of campaigns.
_MAY_ADDRESS = Role.SUPERVISOR


def show(turn: Turn) -> list[Reply]:
    """This month, or the one that the command names ("2026-12")."""
    if officials.official_of(turn.session, turn.contact) is None:
        return only_officials(turn)
    month = _month(turn)
    found = due_in(_drafts(turn), month.year, month.month)
    options = [
        Option(_line(turn, one), Command("yearly_draft", one.draft.key))
        for one in found
    ]
    following = (month.replace(day=28) + (date(2000, 1, 8) - date(2000, 1, 1))).replace(
        day=1
    )
    label = turn.label("yearly.next_month", month=following)
    options.append(Option(label, Command("yearly", f"{following:%Y-%m}")))
    params = {"month": month, "count": len(found)}
    return [Reply("yearly.list", params, tuple(options))]


def _drafts(turn: Turn) -> tuple[YearlyDraft, ...]:
    return usable_yearly(turn.catalogue.content_dir, turn.zone)


def _month(turn: Turn) -> date:
    named = turn.command.argument if turn.command else ""
    try:
        return date.fromisoformat(f"{named}-01")
    except ValueError:
        return turn.today.replace(day=1)


def _line(turn: Turn, due: Due) -> str:
    return turn.label(
        "yearly.line", title=due.draft.campaign.title, first=due.first, last=due.last
    )


def show_draft(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    draft = _named(turn)
    if draft is None:
        return show(turn)
    options = [
        Option(turn.label("yearly.article"), Command("yearly_article", draft.key))
    ]
    if _may_address(turn, official):
        label = turn.label("yearly.campaign")
        options.insert(0, Option(label, Command("yearly_campaign", draft.key)))
    options.append(Option(turn.label("yearly.back"), Command("yearly")))
    return [Reply("yearly.draft", {"draft": draft}, tuple(options))]


def _named(turn: Turn) -> YearlyDraft | None:
    key = turn.command.argument if turn.command else ""
    return next((one for one in _drafts(turn) if one.key == key), None)


def _may_address(turn: Turn, official: Official) -> bool:
    return officials.may(turn.session, official, _MAY_ADDRESS, None, turn.today)


def make_a_campaign(turn: Turn) -> list[Reply]:
    """A draft for the people of the units he looks after; nothing leaves by that."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    draft = _named(turn)
    if draft is None or not _may_address(turn, official):
        return [Reply("yearly.not_allowed", remark=True)]
    communes = [
        one.unit_code
        for one in officials.memberships(turn.session, official.id or 0, turn.today)
        if officials.RANK[one.role] >= officials.RANK[_MAY_ADDRESS]
    ]
    made = make_campaign(turn.session, draft, official, communes, turn.now, turn.zone)
    at = made.starts_at.astimezone(turn.zone) if made.starts_at else None
    return [Reply("yearly.campaign_made", {"campaign": made, "at": at}, remark=True)]


def make_an_article(turn: Turn) -> list[Reply]:
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    draft = _named(turn)
    return posting.begin_with(turn, official, draft) if draft else show(turn)
