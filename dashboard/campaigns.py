"""Campaigns: written, tried dry, approved by a second person, followed while they run.

The rules are those of ``bot/outreach/campaigns``, the same as in the chat and on the
command line: administrators write, supervisors of every unit that it is meant for decide.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from bot.channel.assets import Asset, AssetError, AssetKind, keep_asset
from bot.channel.window import Window
from bot.outreach.articles.pictures import make_pictures
from bot.outreach.campaigns import (
    approving,
    editing,
    lists,
    results,
    running,
    showing,
    terms,
)
from bot.outreach.campaigns.audience import Audience, People, audience_from
from bot.outreach.campaigns.editing import CampaignError, Wish
from bot.outreach.campaigns.flaws import message_text
from bot.outreach.campaigns.lists import DryRun
from bot.outreach.campaigns.results import Progress
from bot.outreach.campaigns.verdicts import Verdict
from bot.outreach.yearly.due import Due, next_of
from bot.outreach.yearly.files import usable_yearly
from bot.outreach.yearly.making import make_campaign, spec_for
from bot.people import officials, units
from dashboard.live import if_new
from dashboard.office import Visitor, office, visitor
from models import AdminUnit, Campaign, CampaignState, Official, Role

campaigns = Blueprint("campaigns", __name__)

SHOWN_RECIPIENTS = 200
_IMAGES = {b"\xff\xd8": "image/jpeg", b"GI": "image/gif"}
RECENT = (Window.FREE, Window.PAID)
EMPTY = Wish(title="", audience=Audience(people=People.CITIZENS))


@dataclass(frozen=True, slots=True)
class Listed:
    campaign: Campaign
    owner: str
    found: Progress | None


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """Exactly what the template uses."""

    campaign: Campaign
    message: str
    has_picture: bool
    owner: str
    approver: str
    is_own: bool
    communes: tuple[str, ...]
    people: People
    is_recent: bool
    dry_run: DryRun | None
    recipients: tuple[tuple[int, Verdict], ...]
    found: Progress | None
    verbs: tuple[str, ...]
    may_edit: bool


@dataclass(frozen=True, slots=True)
class ComposePage:
    """Exactly what the template uses; ``campaign_id`` 0 is a new one."""

    campaign_id: int
    wish: Wish
    starts_at: str
    communes: tuple[AdminUnit, ...]
    is_recent: bool
    people: int  # whom it takes in now


@campaigns.get("/campaigns")
def show() -> str:
    him = visitor()
    with office().database.reading() as session:
        listed = [
            Listed(
                one,
                officials.name_of(session, one.owner_id),
                results.progress(session, one),
            )
            for one in showing.all_of(session)
            if approving.may_decide(session, him.official, one, him.today)
        ]
        return render_template("dashboard/campaigns.html", listed=listed)


@campaigns.get("/campaigns/<int:campaign_id>")
def item(campaign_id: int) -> str:
    with office().database.reading() as session:
        page = _page(session, campaign_id)
        return render_template("dashboard/campaign.html", page=page)


@campaigns.get("/campaigns/<int:campaign_id>/live")
def live(campaign_id: int) -> Response:
    with office().database.reading() as session:
        page = _page(session, campaign_id)
        return if_new(render_template("dashboard/_campaign_live.html", page=page))


@campaigns.get("/campaigns/<int:campaign_id>/not-reached.csv")
def not_reached(campaign_id: int) -> Response:
    """Numbers and reasons, no names: there are none here."""
    with office().database.reading() as session:
        campaign = _seen(session, campaign_id)
        run = lists.current(session, campaign)
        if run is None:
            abort(404)
        file = io.StringIO()
        results.write_not_reached(session, campaign, run, file)
    answer = Response("\ufeff" + file.getvalue(), mimetype="text/csv")
    name = f"khong-nhan-duoc-{campaign_id}.csv"
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


# --- writing ---------------------------------------------------------------------------------


@campaigns.get("/campaigns/new")
def new() -> str:
    return _compose(0, EMPTY)


@campaigns.get("/campaigns/<int:campaign_id>/edit")
def edit(campaign_id: int) -> str:
    with office().database.reading() as session:
        wish = editing.wish_of(_seen(session, campaign_id))
    return _compose(campaign_id, wish)


@campaigns.post("/campaigns/save")
def save() -> AnyResponse | str:
    """A new draft, or the next revision of one (``campaign_id``)."""
    number = request.form.get("campaign_id", 0, type=int)
    wish = Wish(title="")
    try:
        with office().database.writing() as session:
            him = session.get_one(Official, visitor().official.id)
            old = _seen(session, number) if number else None
            wish = _wish(editing.wish_of(old) if old else wish)
            if old is None:
                made = editing.create(session, wish, him, office().now)
            else:
                made = old
                editing.edit(session, made, wish, him.pseudonym, office().now)
            _require_his(session, made)
            number = made.id or 0
    except CampaignError as error:
        _say(error)
        return _compose(number, wish)
    except AssetError:
        flash("campaign_picture", "warning")
        return _compose(number, wish)
    flash("campaign_saved", "good")
    return redirect(url_for(".item", campaign_id=number))


@campaigns.post("/campaigns/count")
def count() -> AnyResponse | str:
    """How many the audience of the form takes in, by the query of the dry run; the page
    asks with each change, without scripts a button does."""
    number = request.form.get("campaign_id", 0, type=int)
    wish = _wish(EMPTY, takes_picture=False)
    with office().database.reading() as session:
        old = _seen(session, number) if number else None
        if old is not None:
            wish = _wish(editing.wish_of(old), takes_picture=False)
        people = _people_in(session, wish)
    if request.headers.get("X-Part"):
        return render_template("dashboard/_campaign_count.html", people=people)
    return _compose(number, wish, people)


def _people_in(session: Session, wish: Wish) -> int:
    audience = wish.audience.to_json()
    return lists.audience_count(session, audience, office().now, terms.in_force())


@campaigns.post("/campaigns/<int:campaign_id>/dry-run")
def dry_run(campaign_id: int) -> AnyResponse:
    """The list of a draft, made now, a chunk in a transaction."""
    rules, is_complete = terms.in_force(), False
    with office().database.writing() as session:
        campaign = _held(session, campaign_id)
        if campaign.state == CampaignState.DRAFT:
            lists.begin(session, campaign, rules, office().now)
        revision = campaign.revision
    while not is_complete:
        with office().database.writing() as session:
            campaign = _held(session, campaign_id)
            run = lists.current(session, campaign)
            if run is None or campaign.revision != revision:
                break
            is_complete = lists.make_chunk(session, campaign, run, rules, office().now)
    flash("campaign_listed", "good")
    return redirect(url_for(".item", campaign_id=campaign_id))


@campaigns.post("/campaigns/<int:campaign_id>/copy")
def copy(campaign_id: int) -> AnyResponse:
    with office().database.writing() as session:
        him = session.get_one(Official, visitor().official.id)
        made = editing.copy(session, _seen(session, campaign_id), him, office().now)
        number = made.id
    flash("campaign_copied", "good")
    return redirect(url_for(".item", campaign_id=number))


# --- deciding, driving ------------------------------------------------------------------------


@campaigns.post("/campaigns/<int:campaign_id>/act")
def act(campaign_id: int) -> AnyResponse:
    """One verb on the revision that was shown."""
    verb = request.form.get("verb", "")
    revision = request.form.get("revision", 0, type=int)
    if verb not in _ACTS:
        abort(404 if campaign_id == 0 else 400)
    try:
        with office().database.writing() as session:
            campaign = _held(session, campaign_id)
            him = session.get_one(Official, visitor().official.id)
            if campaign.revision != revision:
                flash("campaign_changed", "warning")
            else:
                _ACTS[verb](session, campaign, him)
                flash(f"campaign_{verb}", "good")
    except CampaignError as error:
        _say(error)
    return redirect(url_for(".item", campaign_id=campaign_id))


def _ask(session: Session, campaign: Campaign, him: Official) -> None:
    approving.ask(session, campaign, terms.in_force(), him.pseudonym, office().now)


def _approve(session: Session, campaign: Campaign, him: Official) -> None:
    now = office().now
    approving.approve(session, campaign, him, now, now.date())
    running.start_if_due(session, campaign, terms.in_force(), him.pseudonym, now)


def _reject(session: Session, campaign: Campaign, him: Official) -> None:
    approving.reject(session, campaign, him, office().now, office().now.date())


def _start(session: Session, campaign: Campaign, him: Official) -> None:
    running.start(session, campaign, terms.in_force(), him.pseudonym, office().now)


def _pause(session: Session, campaign: Campaign, him: Official) -> None:
    running.pause(session, campaign, him.pseudonym, office().now)


def _resume(session: Session, campaign: Campaign, him: Official) -> None:
    running.resume(session, campaign, him.pseudonym, office().now)


def _cancel(session: Session, campaign: Campaign, him: Official) -> None:
    running.cancel(session, campaign, him.pseudonym, office().now)


_ACTS: dict[str, Callable[[Session, Campaign, Official], None]] = {
    "ask": _ask,
    "approve": _approve,
    "reject": _reject,
    "start": _start,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
}


# --- the year ---------------------------------------------------------------------------------


@campaigns.get("/campaigns/calendar")
def calendar() -> str:
    him = visitor()
    settings = office().settings
    found: list[Due] = [
        due
        for draft in usable_yearly(settings.content_dir, settings.zone)
        if (due := next_of(draft, him.today)) is not None
    ]
    found.sort(key=lambda due: due.first)
    with office().database.reading() as session:
        communes = _communes(session, him)
    return render_template(
        "dashboard/campaign_calendar.html", found=found, communes=communes
    )


@campaigns.post("/campaigns/calendar")
def from_calendar() -> AnyResponse:
    """One click: a draft with its picture, in the name of the unit."""
    him, settings = visitor(), office().settings
    drafts = {
        one.key: one for one in usable_yearly(settings.content_dir, settings.zone)
    }
    draft = drafts.get(request.form.get("key", ""))
    with office().database.reading() as session:
        known = {one.code: one for one in _communes(session, him)}
    unit = known.get(request.form.get("unit", ""))
    if draft is None or unit is None:
        flash("none_chosen", "warning")
        return redirect(url_for(".calendar"))
    spec = spec_for(draft, unit.name, him.today)
    picture = make_pictures(spec, office().files, office().texts.label).picture
    with office().database.writing() as session:
        owner = session.get_one(Official, him.official.id)
        made = make_campaign(
            session, draft, owner, [unit.code], office().now, settings.zone, picture
        )
        number = made.id
    flash("campaign_saved", "good")
    return redirect(url_for(".item", campaign_id=number))


# --- inside -----------------------------------------------------------------------------------


def _seen(session: Session, campaign_id: int) -> Campaign:
    """404 when there is none, 403 when it is meant for units that are not in his care."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        abort(404)
    _require_his(session, campaign)
    return campaign


def _held(session: Session, campaign_id: int) -> Campaign:
    """The same, changed by nobody else until the end of the transaction."""
    campaign = _seen(session, campaign_id)
    return running.lock(session, campaign_id) or campaign


def _require_his(session: Session, campaign: Campaign) -> None:
    him = visitor()
    if not approving.may_decide(session, him.official, campaign, him.today):
        abort(403)


def _page(session: Session, campaign_id: int) -> CampaignPage:
    him = visitor()
    campaign = _seen(session, campaign_id)
    run = lists.current(session, campaign)
    audience = audience_from(campaign.audience)
    asset = editing.asset_of(campaign)
    shown = [
        (number, verdict)
        for (number, verdict, _), _ in zip(
            lists.recipients(session, run) if run else (),
            range(SHOWN_RECIPIENTS),
            strict=False,
        )
    ]
    composes = him.is_at_least(Role.ADMINISTRATOR)
    return CampaignPage(
        campaign=campaign,
        message=message_text(campaign.text, campaign.link),
        has_picture=asset is not None and asset.kind != AssetKind.FILE,
        owner=officials.name_of(session, campaign.owner_id),
        approver=officials.name_of(session, campaign.approved_by_id),
        is_own=approving.needs_another(campaign, him.official),
        communes=tuple(units.name_of(session, code) for code in audience.communes),
        people=audience.people,
        is_recent=bool(audience.windows),
        dry_run=lists.dry_run_of(campaign, run) if run else None,
        recipients=tuple(shown),
        found=results.progress(session, campaign, run) if run else None,
        # to change it has a link of its own, see may_edit
        verbs=tuple(
            verb
            for verb in approving.verbs_for(campaign, him.official)
            if verb != approving.CHANGE
        ),
        may_edit=composes and campaign.state in editing.CHANGEABLE,
    )


@campaigns.get("/campaigns/<int:campaign_id>/picture")
def picture(campaign_id: int) -> Response:
    with office().database.reading() as session:
        asset = editing.asset_of(_seen(session, campaign_id))
    if asset is None or asset.kind == AssetKind.FILE:
        abort(404)
    content = office().files.read(asset.digest)
    return Response(content, mimetype=_IMAGES.get(content[:2], "image/png"))


def _compose(campaign_id: int, wish: Wish, people: int | None = None) -> str:
    at = wish.starts_at
    with office().database.reading() as session:
        found = _people_in(session, wish) if people is None else people
        page = ComposePage(
            campaign_id=campaign_id,
            wish=wish,
            starts_at=f"{at.astimezone(office().settings.zone):%Y-%m-%dT%H:%M}"
            if at
            else "",
            communes=_communes(session, visitor()),
            is_recent=bool(wish.audience.windows),
            people=found,
        )
    return render_template("dashboard/campaign_compose.html", page=page)


def _wish(old: Wish, *, takes_picture: bool = True) -> Wish:
    """What the form says, over what it does not know of."""
    form = request.form
    people = form.get("people", "")
    audience = replace(
        old.audience,
        people=People(people) if people in set(People) else People.CITIZENS,
        communes=tuple(form.getlist("commune")),
        windows=RECENT if form.get("recent") else (),
    )
    return replace(
        old,
        title=form.get("title", "").strip()[:200],
        text=form.get("text", "").replace("\r\n", "\n").strip(),
        link=form.get("link", "").strip()[:500],
        asset=_picture_given(old.asset) if takes_picture else old.asset,
        audience=audience,
        starts_at=_instant(form.get("starts_at", "")),
    )


def _picture_given(old: Asset | None) -> Asset | None:
    given = request.files.get("picture")
    if given is not None and given.filename:
        return keep_asset(office().files, given.read(), given.filename)
    return None if request.form.get("no_picture") else old


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=office().settings.zone)
    except ValueError:
        return None


def _communes(session: Session, him: Visitor) -> tuple[AdminUnit, ...]:
    in_care = officials.units_in_care(
        session, him.official, Role.ADMINISTRATOR, him.today
    )
    return tuple(in_care)


def _say(error: CampaignError) -> None:
    sentence: Any = office().texts.render(f"campaign_refusal.{error.code}")
    flash(sentence, "warning")
