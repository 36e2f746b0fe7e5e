"""Articles of the units' own accounts: written, seen as they will look, approved by a second
person, followed until they are out and credited; changed, hidden, taken down.

The rules are those of ``bot/outreach/articles``, the same as in the chat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from flask import Blueprint, Response, abort, flash, redirect, render_template, request
from flask import url_for as address_of
from sqlmodel import Session
from werkzeug.wrappers import Response as AnyResponse

from bot.conversation.announcing import announce
from bot.conversation.turn import Reply
from bot.duties.crediting import reading
from bot.duties.crediting.items import Item
from bot.duties.crediting.placing import place_for
from bot.lettering import drawable
from bot.outreach.articles import approving, drafts, versions
from bot.outreach.articles.approving import Verb
from bot.outreach.articles.drafts import DraftError
from bot.outreach.articles.words import Words, state_said, words_of
from bot.outreach.drawing.spec import (
    LONGEST_LINK,
    LONGEST_POINT,
    LONGEST_TITLE,
    MOST_POINTS,
    Layout,
    Palette,
    SpecError,
)
from bot.outreach.yearly.due import due_in
from bot.outreach.yearly.files import usable_yearly
from bot.people import care, officials, units
from dashboard.live import if_new
from dashboard.office import Visitor, office, visitor
from dashboard.saying import said
from models import (
    Account,
    ArticleState,
    ArticleVersion,
    Channel,
    FoundItem,
    Lane,
    OaArticle,
    Official,
    ProofSource,
    Role,
)

articles = Blueprint("articles", __name__)

MOST_LISTED = 200
TOLD_FOR = timedelta(days=7)
# The program has the next word: the page looks again by itself.
UNDER_WAY = (
    ArticleState.CREATING, ArticleState.UPDATING, ArticleState.VERIFYING,
    ArticleState.REMOVING,
)  # fmt: skip
EMPTY = Words(title="", body="", points=(), link="https://dichvucong.gov.vn")


@dataclass(frozen=True, slots=True)
class Listed:
    article: OaArticle
    unit: str
    state: str  # key of its text
    needs_me: bool
    credit: FoundItem | None


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """Exactly what the template uses."""

    article: OaArticle
    unit: str
    account: str
    owner: str
    approver: str
    state: str
    reason: str
    verbs: tuple[Verb, ...]
    is_own: bool
    is_under_way: bool
    in_scope: bool
    credit: FoundItem | None
    versions: Sequence[ArticleVersion]
    shown: str  # what an act is on


@dataclass(frozen=True, slots=True)
class WritePage:
    """Exactly what the template uses; ``article_id`` 0 is a new one."""

    article_id: int
    words: Words
    points: tuple[str, ...]  # as many as there are fields
    accounts: tuple[Account, ...]
    oa_id: str
    templates: tuple[tuple[str, str], ...]  # of this month: key, title
    flawed: str  # the field that cannot be kept
    is_out: bool


@articles.get("/articles")
def show() -> str:
    him = visitor()
    with office().database.reading() as session:
        seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
        listed = [
            _listed(session, one, him)
            for one in drafts.of_units(session, sorted(seen), MOST_LISTED)
        ]
        listed.sort(key=lambda one: not one.needs_me)  # stable: the newest first
        can_write = bool(drafts.accounts_for(session, him.official, him.today))
        return render_template(
            "dashboard/articles.html",
            listed=listed,
            can_write=can_write,
            credit_said=reading.credit_said,
        )


@articles.get("/articles/<int:article_id>")
def item(article_id: int) -> str:
    with office().database.reading() as session:
        page = _page(session, article_id)
        return render_template(
            "dashboard/article.html", page=page, credit_said=reading.credit_said
        )


@articles.get("/articles/<int:article_id>/live")
def live(article_id: int) -> Response:
    with office().database.reading() as session:
        page = _page(session, article_id)
        return if_new(
            render_template(
                "dashboard/_article_live.html",
                page=page,
                credit_said=reading.credit_said,
            )
        )


# --- writing ---------------------------------------------------------------------------------


@articles.get("/articles/new")
def new() -> str:
    """Empty, or from a draft of the calendar (``from``)."""
    settings = office().settings
    wanted = request.args.get("from", "")
    found = [
        one.words
        for one in usable_yearly(settings.content_dir, settings.zone)
        if wanted and one.key == wanted
    ]
    return _form(0, found[0] if found else EMPTY)


@articles.get("/articles/<int:article_id>/edit")
def edit(article_id: int) -> AnyResponse | str:
    with office().database.reading() as session:
        article = session.get_one(OaArticle, article_id)
    if article.state not in drafts.EDITABLE:
        flash("article_changed", "warning")
        return redirect(address_of(".item", article_id=article_id))
    return _form(article_id, words_of(article))


@articles.post("/articles/save")
def create() -> AnyResponse | str:
    him, words = visitor(), _words(EMPTY)
    oa_id = request.form.get("oa_id", "")
    try:
        with office().database.writing() as session:
            writer = session.get_one(Official, him.official.id)
            pairs = drafts.accounts_for(session, writer, him.today)
            mine = {account.oa_id: (code, account) for code, account in pairs}
            if oa_id not in mine:
                flash("none_chosen", "warning")
                return _form(0, words)
            code, account = mine[oa_id]
            made = drafts.create(session, account, code, words, writer, him.now)
            number = made.id or 0
    except (DraftError, SpecError) as error:
        return _form(0, words, flawed=error.field)
    flash("article_saved", "good")
    return redirect(address_of(".item", article_id=number))


@articles.post("/articles/<int:article_id>/save")
def save(article_id: int) -> AnyResponse | str:
    """Other words, from the revision that was in the form."""
    him, words = visitor(), EMPTY
    try:
        with office().database.writing() as session:
            article = session.get_one(OaArticle, article_id, with_for_update=True)
            old = words_of(article)
            words = _words(old)
            if _shown(article) != request.form.get("shown"):
                flash("article_changed", "warning")
            elif words == old:
                flash("content_same", "warning")
            else:
                writer = session.get_one(Official, him.official.id)
                drafts.edit(session, article, words, writer, him.now)
                flash("article_saved", "good")
    except (DraftError, SpecError) as error:
        if error.field == "state":
            flash("article_changed", "warning")
        else:
            return _form(article_id, words, flawed=error.field)
    return redirect(address_of(".item", article_id=article_id))


# --- deciding --------------------------------------------------------------------------------


@articles.post("/articles/<int:article_id>/act")
def act(article_id: int) -> AnyResponse:
    """One verb on what was shown."""
    verb = request.form.get("verb", "")
    if verb not in _ACTS:
        abort(400)
    with office().database.writing() as session:
        article = session.get_one(OaArticle, article_id, with_for_update=True)
        him = session.get_one(Official, visitor().official.id)
        can = approving.verbs_for(session, him, article, visitor().today)
        if request.form.get("shown") != _shown(article) or verb not in can:
            flash("article_changed", "warning")
        else:
            problem = _ACTS[Verb(verb)](session, article, him)
            flash(problem or f"article_{verb}", "warning" if problem else "good")
    return redirect(address_of(".item", article_id=article_id))


def _shown(article: OaArticle) -> str:
    """What a page was made from: an act on anything else is refused."""
    words = sha256(repr(words_of(article)).encode()).hexdigest()[:16]
    return f"{article.state}:{article.revision}:{article.is_hidden}:{words}"


Problem = str  # code of a sentence; "" where it is done


def _send(session: Session, article: OaArticle, him: Official) -> Problem:
    drafts.submit(session, article, him, office().now)
    waits = {"article": article, "unit": units.name_of(session, article.unit_code)}
    asked = approving.approvers(session, article, visitor().today)
    for one in asked:
        _tell(session, article, one.id, Reply("posts.waits", waits))
    return "" if asked else "article_nobody"


def _approve(session: Session, article: OaArticle, him: Official) -> Problem:
    now, revision = office().now, article.revision
    done = approving.approve(session, article, him, revision, now, visitor().today)
    return "" if done else "article_changed"


def _send_back(session: Session, article: OaArticle, him: Official) -> Problem:
    reason, now = said(), office().now
    if not reason:
        return "reason_needed"
    done = approving.send_back(
        session, article, him, article.revision, reason, now, visitor().today
    )
    if done:
        reply = Reply("posts.was_sent_back", {"article": article, "reason": reason})
        _tell(session, article, article.owner_id, reply)
    return "" if done else "article_changed"


def _drop(session: Session, article: OaArticle, him: Official) -> Problem:
    return "" if drafts.drop(session, article, him, office().now) else "article_changed"


def _of(
    act: Callable[[Session, OaArticle, Official, datetime], bool],
) -> Callable[[Session, OaArticle, Official], Problem]:
    def run(session: Session, article: OaArticle, him: Official) -> Problem:
        return "" if act(session, article, him, office().now) else "article_changed"

    return run


_ACTS: dict[Verb, Callable[[Session, OaArticle, Official], Problem]] = {
    Verb.SEND: _send,
    Verb.APPROVE: _approve,
    Verb.SEND_BACK: _send_back,
    Verb.AGAIN: _of(approving.try_again),
    Verb.HIDE: _of(approving.hide),
    Verb.SHOW: _of(approving.show_again),
    Verb.REMOVE: _of(approving.remove),
    Verb.DROP: _drop,
}


def _tell(
    session: Session, article: OaArticle, official_id: int | None, reply: Reply
) -> None:
    """In his chat, where he can be reached; the list shows it anyway."""
    now = office().now
    contact = (
        officials.reachable_contact(session, official_id, now) if official_id else None
    )
    if contact is None or official_id == visitor().official.id:
        return
    key = f"article:{article.id}:{reply.key}:{contact.id}:{now:%Y%m%dT%H%M%S}"
    announce(
        session, office().texts, contact, key, [reply],
        lane=Lane.REPLY, now=now, useful_until=now + TOLD_FOR,
    )  # fmt: skip


# --- inside ----------------------------------------------------------------------------------


def _listed(session: Session, article: OaArticle, him: Visitor) -> Listed:
    is_waiting = article.state == ArticleState.WAITING_APPROVAL
    return Listed(
        article,
        units.name_of(session, article.unit_code),
        state_said(article),
        is_waiting and approving.may_approve(session, him.official, article, him.today),
        _credit(session, article),
    )


def _page(session: Session, article_id: int) -> ArticlePage:
    him = visitor()
    article = session.get_one(OaArticle, article_id)
    account = session.get(Account, article.oa_id)
    return ArticlePage(
        article=article,
        unit=units.name_of(session, article.unit_code),
        account=(account.name if account else "") or article.oa_id,
        owner=officials.name_of(session, article.owner_id),
        approver=officials.name_of(session, article.approved_by_id),
        state=state_said(article),
        reason=_reason(article),
        verbs=approving.verbs_for(session, him.official, article, him.today),
        is_own=article.owner_id == him.official.id,
        is_under_way=article.state in UNDER_WAY or article.picture_sha256 is None,
        in_scope=_in_scope(session, article, him),
        credit=_credit(session, article),
        versions=versions.all_of(session, article),
        shown=_shown(article),
    )


def _reason(article: OaArticle) -> str:
    """What went wrong, or what whoever sent it back wrote."""
    key = f"article_failures.{article.reason}"
    texts = office().texts
    return texts.render(key) if key in texts.keys else article.reason


def _in_scope(session: Session, article: OaArticle, him: Visitor) -> bool:
    """Whether it would be credited by itself, were it published today."""
    item = Item(
        ProofSource.OWN_OA, "", "", Channel.ZALO_OA, article.title, article.body
    )
    return place_for(session, item, article.unit_code, him.today, him.today) is not None


def _credit(session: Session, article: OaArticle) -> FoundItem | None:
    if article.article_id is None:
        return None
    return reading.credit_of(session, article.oa_id, article.article_id)


def _form(article_id: int, words: Words, *, flawed: str = "") -> str:
    him, settings = visitor(), office().settings
    with office().database.reading() as session:
        article = session.get(OaArticle, article_id) if article_id else None
        pairs = drafts.accounts_for(session, him.official, him.today)
    templates = due_in(
        usable_yearly(settings.content_dir, settings.zone),
        him.today.year,
        him.today.month,
    )
    page = WritePage(
        article_id=article_id,
        words=words,
        points=(*words.points, *[""] * MOST_POINTS)[:MOST_POINTS],
        accounts=tuple(account for _, account in pairs),
        oa_id=request.form.get("oa_id", ""),
        templates=tuple((one.draft.key, one.draft.words.title) for one in templates),
        flawed=flawed,
        is_out=article is not None and article.article_id is not None,
    )
    return render_template(
        "dashboard/article_write.html",
        page=page,
        shown=_shown(article) if article else "",
        layouts=tuple(Layout),
        palettes=tuple(Palette),
        longest_title=LONGEST_TITLE,
        longest_point=LONGEST_POINT,
        longest_link=LONGEST_LINK,
        longest_body=drafts.LONGEST_BODY,
    )


def _words(old: Words) -> Words:
    """What the form says."""
    form = request.form
    layout, palette = form.get("layout", ""), form.get("palette", "")
    body = form.get("body", "").replace("\r\n", "\n").strip()
    points = (" ".join(one.split()) for one in form.getlist("point"))
    return Words(
        title=" ".join(form.get("title", "").split()),
        body=body,
        points=tuple(one for one in points if drawable(one)),
        link=form.get("link", "").strip(),
        description=old.description if body == old.body else "",
        layout=Layout(layout) if layout in set(Layout) else old.layout,
        palette=Palette(palette) if palette in set(Palette) else old.palette,
        calendar_key=form.get("calendar_key") or old.calendar_key,
    )
