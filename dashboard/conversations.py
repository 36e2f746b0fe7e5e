"""People who asked for a person: who waits, the chat, an answer from the page."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as AnyResponse

from bot.conversation import handovers, questions
from bot.conversation.handovers import LONGEST_REPLY, Line, TakenError
from bot.feedback import desk
from bot.people import care, units
from dashboard.live import if_new
from dashboard.office import Visitor, office, visitor
from models import Account, Contact, Handover, Official, Role

conversations = Blueprint("conversations", __name__)

LONGEST_GLANCE = 120  # of the last words, in the list


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the list. Zalo's name of the person is not kept: only our number."""

    id: int
    person: str
    commune: str  # "" unknown
    account: str
    asked_at: datetime
    words: str
    taken_by: str
    is_taken: bool
    is_mine: bool
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Exactly what the template uses."""

    waiting: list[Waiting]
    done: list[Waiting]
    has_accounts: bool
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChatPage:
    """Exactly what the template uses; ``key`` makes one form one message."""

    one: Waiting
    lines: list[Line]
    window_open: bool
    key: str


@conversations.get("/conversations")
def show() -> str:
    return render_template("dashboard/conversations.html", page=_inbox(visitor()))


@conversations.get("/conversations/live")
def live() -> Response:
    """The list alone, for the page that looks every few seconds."""
    return if_new(render_template("dashboard/_inbox.html", page=_inbox(visitor())))


@conversations.get("/waiting")
def waiting() -> Response:
    """How many wait for an answer at his desks: the number beside the navigation."""
    him = visitor()
    with office().database.reading() as session:
        seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
        found = desk.waiting_in(session, seen)
    return if_new(render_template("dashboard/_waiting.html", waiting=found))


@conversations.get("/conversations/<int:handover_id>")
def chat(handover_id: int) -> str:
    page = _chat(handover_id, visitor())
    return render_template(
        "dashboard/conversation.html", page=page, longest=LONGEST_REPLY
    )


@conversations.get("/conversations/<int:handover_id>/live")
def chat_live(handover_id: int) -> Response:
    page = _chat(handover_id, visitor())
    return if_new(render_template("dashboard/_chat.html", page=page))


@conversations.post("/conversations/<int:handover_id>/take")
def take(handover_id: int) -> AnyResponse:
    with office().database.writing() as session:
        one, him = _in_hand(session, handover_id)
        try:
            handovers.take(session, one, him, office().now)
            flash("handover_taken", "good")
        except TakenError:
            flash("handover_taken_by_other", "warning")
    return redirect(url_for(".chat", handover_id=handover_id))


@conversations.post("/conversations/<int:handover_id>/give-back")
def give_back(handover_id: int) -> AnyResponse:
    with office().database.writing() as session:
        one, him = _in_hand(session, handover_id)
        handovers.give_back(session, one, him, office().now)
    flash("handover_given_back", "good")
    return redirect(url_for(".chat", handover_id=handover_id))


@conversations.post("/conversations/<int:handover_id>/reply")
def reply(handover_id: int) -> AnyResponse:
    text = request.form.get("text", "").replace("\r\n", "\n").strip()
    key = request.form.get("key", "")[:40]
    if not text or len(text) > LONGEST_REPLY or not key.isalnum():
        flash("reply_empty" if not text else "reply_long", "warning")
        return redirect(url_for(".chat", handover_id=handover_id))
    with office().database.writing() as session:
        one, him = _in_hand(session, handover_id)
        try:
            handovers.reply(session, one, him, text, key, office().now)
            flash("reply_sent", "good")
        except TakenError:
            flash("handover_taken_by_other", "warning")
    return redirect(url_for(".chat", handover_id=handover_id))


@conversations.post("/conversations/<int:handover_id>/done")
def done(handover_id: int) -> AnyResponse:
    with office().database.writing() as session:
        one, him = _in_hand(session, handover_id)
        handovers.finish(session, one, him, office().now)
    flash("handover_done", "good")
    return redirect(url_for(".show"))


@conversations.post("/conversations/<int:handover_id>/reopen")
def reopen(handover_id: int) -> AnyResponse:
    with office().database.writing() as session:
        one, him = _in_hand(session, handover_id)
        is_open = handovers.reopen(session, one, him, office().now)
    flash(
        "handover_reopened" if is_open else "handover_open_already",
        "good" if is_open else "warning",
    )
    return redirect(url_for(".chat", handover_id=handover_id))


def tab_counts(
    session: Session, him: Visitor, accounts: Collection[str]
) -> dict[str, int]:
    """Beside the names of the tabs: people, reports and questions that wait."""
    seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
    found = desk.waiting_in(session, seen)
    return {
        "people": found.people,
        "feedback": found.feedback,
        "questions": questions.count_open(session, accounts),
    }


def accounts_seen(session: Session, him: Visitor) -> dict[str, str]:
    """The accounts of the units in his care, with their names."""
    seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
    rows = session.scalars(select(Account).where(col(Account.unit_code).in_(seen)))
    return {one.oa_id: one.name or one.oa_id for one in rows}


def _in_hand(session: Session, handover_id: int) -> tuple[Handover, Official]:
    him = session.get_one(Official, visitor().official.id)
    return session.get_one(Handover, handover_id), him


def _inbox(him: Visitor) -> InboxPage:
    with office().database.reading() as session:
        accounts = accounts_seen(session, him)
        return InboxPage(
            waiting=_lines(session, handovers.waiting(session, accounts), him),
            done=_lines(session, handovers.lately_done(session, accounts), him),
            has_accounts=bool(accounts),
            counts=tab_counts(session, him, accounts),
        )


def _chat(handover_id: int, him: Visitor) -> ChatPage:
    with office().database.reading() as session:
        one = session.get_one(Handover, handover_id)
        contact = session.get_one(Contact, one.contact_id)
        last = contact.last_interaction_at
        return ChatPage(
            one=_lines(session, [one], him)[0],
            lines=handovers.last_lines(session, one.contact_id),
            window_open=last is not None and last > him.now - handovers.USEFUL_FOR,
            key=secrets.token_hex(8),
        )


def _lines(session: Session, found: Iterable[Handover], him: Visitor) -> list[Waiting]:
    rows = list(found)
    words = handovers.last_words(session, [row.contact_id for row in rows])
    accounts = accounts_seen(session, him)
    return [_line(session, row, words, accounts, him) for row in rows]


def _line(
    session: Session,
    row: Handover,
    words: dict[int, str],
    accounts: dict[str, str],
    him: Visitor,
) -> Waiting:
    contact = session.get_one(Contact, row.contact_id)
    commune = units.by_code(session, contact.unit_code) if contact.unit_code else None
    taker = session.get(Official, row.taken_by_id) if row.taken_by_id else None
    return Waiting(
        id=row.id or 0,
        person=str(row.contact_id),
        commune=commune.name if commune else "",
        account=accounts.get(row.oa_id, row.oa_id),
        asked_at=row.asked_at,
        words=words.get(row.contact_id, "")[:LONGEST_GLANCE],
        taken_by=taker.name if taker else "",
        is_taken=row.taken_at is not None,
        is_mine=row.taken_by_id is not None and row.taken_by_id == him.official.id,
        done_at=row.done_at,
    )
