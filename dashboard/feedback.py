"""What people reported: the list with its filters, one report with its course, an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as AnyResponse

from bot.channel.masking import mask_sensitive
from bot.feedback import inbox, tickets
from bot.feedback.areas import Lists, read_lists
from bot.feedback.inbox import Filter, Shown
from bot.feedback.pictures import files_of
from bot.feedback.telling import tell
from bot.feedback.tickets import LONGEST, NotPossibleError
from bot.people import care, officials, units
from bot.people.roster import people_of
from dashboard.conversations import accounts_seen, tab_counts
from dashboard.office import Visitor, office, visitor
from dashboard.saying import said
from models import (
    AdminUnit,
    Feedback,
    FeedbackEntry,
    FeedbackState,
    Official,
    Role,
)

feedback = Blueprint("feedback", __name__)

SHORTEST_ANSWER = 5
LONGEST_GLANCE = 160
KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Line:
    """One report in the list."""

    id: int
    number: str
    area: str
    unit: str
    words: str
    state: FeedbackState
    created_at: datetime
    days_waiting: int
    taken_by: str
    is_mine: bool
    reopened: int
    has_picture: bool
    rating: int | None


@dataclass(frozen=True, slots=True)
class ListPage:
    """Exactly what the template uses."""

    lines: list[Line]
    wanted: Filter
    count: int
    pages: int
    lists: Lists
    units: Sequence[AdminUnit]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Course:
    """One step, with the name of who took it; "" the citizen himself."""

    entry: FeedbackEntry
    who: str
    unit: str


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Exactly what the template uses; ``draft`` is an answer that was refused."""

    line: Line
    row: Feedback
    course: list[Course]
    colleagues: list[Official]
    neighbours: Sequence[AdminUnit]
    reasons: Sequence[str]
    draft: str
    can_hear: bool


@feedback.get("/feedback")
def show() -> str:
    him = visitor()
    with office().database.reading() as session:
        wanted = _wanted(session, him)
        found = inbox.listed(session, wanted)
        count = inbox.count(session, wanted)
        page = ListPage(
            lines=[_line(session, row, him) for row in found],
            wanted=wanted,
            count=count,
            pages=max(-(-count // inbox.PAGE), 1),
            lists=_lists(),
            units=_units(session, him),
            counts=tab_counts(session, him, accounts_seen(session, him)),
        )
    return render_template("dashboard/feedback_list.html", page=page)


@feedback.get("/feedback/<int:feedback_id>")
def item(feedback_id: int) -> str:
    return _item(feedback_id)


@feedback.get("/feedback/<int:feedback_id>/picture")
def picture(feedback_id: int) -> Response:
    with office().database.reading() as session:
        digest = session.get_one(Feedback, feedback_id).picture_sha256
    try:
        content = files_of(office().settings.data_dir).read(digest) if digest else None
    except FileNotFoundError:
        content = None
    if content is None:
        abort(404)
    answer = Response(content, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@feedback.post("/feedback/<int:feedback_id>/take")
def take(feedback_id: int) -> AnyResponse:
    """By himself, or given to a colleague of the unit."""
    named = request.form.get("official", "")

    def work(session: Session, row: Feedback, him: Official) -> None:
        to = him
        if named.isdecimal():
            there = {one.id: one for one in _colleagues(session, row.unit_code)}
            to = there.get(int(named)) or abort(400)
        tickets.take(session, row, to, him, office().now)

    return _done(feedback_id, work, "feedback_taken")


@feedback.post("/feedback/<int:feedback_id>/give-back")
def give_back(feedback_id: int) -> AnyResponse:
    def work(session: Session, row: Feedback, him: Official) -> None:
        tickets.give_back(session, row, him, office().now)

    return _done(feedback_id, work, "feedback_given_back")


@feedback.post("/feedback/<int:feedback_id>/transfer")
def transfer(feedback_id: int) -> AnyResponse:
    """To a neighbour, or to the unit above; its author is told."""
    code = request.form.get("unit", "")

    def work(session: Session, row: Feedback, him: Official) -> None:
        if code not in {one.code for one in _neighbours(session, row.unit_code)}:
            abort(400)
        tickets.transfer(session, row, him, code, said("note"), office().now)
        tell(
            session, office().texts, row, tickets.course(session, row)[-1], office().now
        )

    return _done(feedback_id, work, "feedback_transferred", to_list=True)


@feedback.post("/feedback/<int:feedback_id>/answer")
def answer(feedback_id: int) -> AnyResponse | str:
    return _answer(feedback_id, is_settled=True)


@feedback.post("/feedback/<int:feedback_id>/close")
def close(feedback_id: int) -> AnyResponse | str:
    return _answer(feedback_id, is_settled=False)


def _answer(feedback_id: int, *, is_settled: bool) -> AnyResponse | str:
    """Refused while it is empty, too long, or names numbers of papers."""
    text = request.form.get("text", "").replace("\r\n", "\n").strip()
    text = text or request.form.get("text_chosen", "").strip()
    refused = _flaw_of(text)
    if refused:
        flash(refused, "warning")
        return _item(feedback_id, draft=text)

    def work(session: Session, row: Feedback, him: Official) -> None:
        now = office().now
        entry = tickets.answer(session, row, him, text, now, is_settled=is_settled)
        tell(session, office().texts, row, entry, now)

    return _done(feedback_id, work, "feedback_answered")


def _flaw_of(text: str) -> str:
    if len(text) < SHORTEST_ANSWER:
        return "answer_empty"
    if len(text) > LONGEST:
        return "answer_long"
    return "answer_sensitive" if mask_sensitive(text).kinds else ""


def _done(
    feedback_id: int,
    work: Callable[[Session, Feedback, Official], None],
    code: str,
    *,
    to_list: bool = False,
) -> AnyResponse:
    try:
        with office().database.writing() as session:
            him = session.get_one(Official, visitor().official.id)
            row = session.get_one(Feedback, feedback_id, with_for_update=True)
            work(session, row, him)
        flash(code, "good")
    except NotPossibleError:
        flash("decided_already", "warning")
    if to_list:
        return redirect(url_for(".show"))
    return redirect(url_for(".item", feedback_id=feedback_id))


# --- what is shown ----------------------------------------------------------------------------


def _codes(session: Session, him: Visitor) -> frozenset[str]:
    return care.units_seen(session, him.official, Role.OFFICIAL, him.today)


def _units(session: Session, him: Visitor) -> Sequence[AdminUnit]:
    return officials.units_in_care(session, him.official, Role.OFFICIAL, him.today)


def _wanted(session: Session, him: Visitor) -> Filter:
    asked = request.args.get("shown", Shown.OPEN)
    return Filter(
        unit_codes=_codes(session, him),
        official_id=him.official.id or 0,
        shown=Shown(asked) if asked in set(Shown) else Shown.OPEN,
        area=request.args.get("area", ""),
        unit=request.args.get("unit", ""),
        page=max(request.args.get("page", 1, type=int), 1),
    )


def _lists() -> Lists:
    return read_lists(office().settings.content_dir)


def _item(feedback_id: int, draft: str = "") -> str:
    him = visitor()
    with office().database.reading() as session:
        row = session.get_one(Feedback, feedback_id)
        page = ItemPage(
            line=_line(session, row, him),
            row=row,
            course=[_step(session, one) for one in tickets.course(session, row)],
            colleagues=_colleagues(session, row.unit_code),
            neighbours=_neighbours(session, row.unit_code),
            reasons=_lists().closing_reasons,
            draft=draft,
            can_hear=row.contact_id is not None,
        )
        return render_template(
            "dashboard/feedback_item.html", page=page, longest=LONGEST
        )


def _line(session: Session, row: Feedback, him: Visitor) -> Line:
    words = " ".join(row.text.split())
    taker = session.get(Official, row.taken_by_id) if row.taken_by_id else None
    return Line(
        id=row.id or 0,
        number=tickets.number_of(row),
        area=_lists().label(row.area),
        unit=units.name_of(session, row.unit_code),
        words=words if len(words) <= LONGEST_GLANCE else f"{words[:LONGEST_GLANCE]}…",
        state=FeedbackState(row.state),
        created_at=row.created_at,
        days_waiting=(him.now - row.waiting_since).days,
        taken_by=taker.name if taker else "",
        is_mine=taker is not None and taker.id == him.official.id,
        reopened=row.reopened,
        has_picture=row.picture_sha256 is not None,
        rating=row.rating,
    )


def _step(session: Session, entry: FeedbackEntry) -> Course:
    return Course(
        entry,
        officials.name_of(session, entry.official_id),
        units.name_of(session, entry.unit_code or ""),
    )


def _colleagues(session: Session, unit_code: str) -> list[Official]:
    """Who of the unit may take it."""
    return [
        one.official
        for one in people_of(session, unit_code, visitor().today)
        if one.official.joined_at is not None and one.official.left_at is None
    ]


def _neighbours(session: Session, unit_code: str) -> Sequence[AdminUnit]:
    """Units beside this one and the one above, which may be the right ones."""
    unit = units.by_code(session, unit_code)
    if unit is None or unit.parent_code is None:
        return ()
    around = session.scalars(
        select(AdminUnit)
        .where(
            (col(AdminUnit.parent_code) == unit.parent_code)
            | (col(AdminUnit.code) == unit.parent_code),
            col(AdminUnit.code) != unit_code,
        )
        .order_by(col(AdminUnit.name))
    ).all()
    return [one for one in around if units.is_in_force(one, visitor().today)]
