"""Questions that the bot could not answer: in two clicks they lead to a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from bot.catalogue.aliases import LONGEST, BadAliasError, title_of
from bot.conversation import questions as asked
from bot.conversation.preview import Answer
from bot.conversation.questions import ResolvedError
from bot.search.findings import Finding, Hit
from dashboard.conversations import accounts_seen, tab_counts
from dashboard.office import office, visitor
from models import LocalAlias, Official, Resolution, UnansweredQuestion

questions = Blueprint("questions", __name__)

SUGGESTED = 6
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """One question, how often it was asked, and what became of it."""

    id: int
    text: str
    outcome: str
    account: str
    asked_at: datetime
    times: int
    resolution: Resolution | None
    alias: str
    record: str  # what it leads to now


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """Exactly what the template uses."""

    one: Shown
    suggestions: Sequence[Hit]
    searched: str
    answer: Answer | None  # what a citizen is told now, once it is settled
    longest: int
    is_ready: bool  # the search of this process; else it is being made


@questions.get("/questions")
def show() -> str:
    with office().database.reading() as session:
        accounts = accounts_seen(session, visitor())
        opened = _grouped(session, asked.open_questions(session, accounts), accounts)
        resolved = _grouped(session, asked.lately_resolved(session, accounts), accounts)
        counts = tab_counts(session, visitor(), accounts)
    return render_template(
        "dashboard/questions.html",
        opened=opened,
        resolved=resolved,
        counts=counts,
        is_full=len(opened) >= asked.MOST_SHOWN,
    )


@questions.get("/questions/<int:question_id>")
def item(question_id: int) -> str:
    searched = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    with office().database.reading() as session:
        accounts = accounts_seen(session, visitor())
        row = session.get_one(UnansweredQuestion, question_id)
        one = _grouped(session, [row], accounts)[0]
    is_open = one.resolution is None
    is_ready = office().preview.conversations.catalogue.warm_behind()
    page = QuestionPage(
        one=one,
        suggestions=nearest(searched or one.text) if is_open and is_ready else (),
        searched=searched,
        answer=office().preview.ask(one.text) if is_ready and not is_open else None,
        is_ready=is_ready,
        longest=LONGEST,
    )
    return render_template("dashboard/question.html", page=page)


@questions.post("/questions/<int:question_id>/alias")
def alias(question_id: int) -> Response:
    """Click two: these words lead to that record from now on."""
    kind, _, record_id = request.form.get("record", "").partition(":")
    text = request.form.get("alias", "")
    back = redirect(url_for(".item", question_id=question_id))
    with office().database.reading() as session:
        title = title_of(session, kind, record_id)
    if not title:
        flash("none_chosen", "warning")
        return back
    try:
        with office().database.writing() as session:
            row, him = _in_hand(session, question_id)
            asked.answer_by_alias(
                session, row, him, (kind, record_id), text, office().now
            )
    except BadAliasError as error:
        flash(str(error), "warning")
        return back
    except ResolvedError:
        flash("decided_already", "warning")
        return back
    office().preview.conversations.catalogue.look_again()
    flash("alias_added", "good")
    return back


@questions.post("/questions/<int:question_id>/not-ours")
def not_ours(question_id: int) -> Response:
    try:
        with office().database.writing() as session:
            asked.not_ours(session, *_in_hand(session, question_id), office().now)
        flash("question_not_ours", "good")
    except ResolvedError:
        flash("decided_already", "warning")
    return redirect(url_for(".show"))


@questions.post("/questions/<int:question_id>/reopen")
def reopen(question_id: int) -> Response:
    with office().database.writing() as session:
        asked.reopen(session, *_in_hand(session, question_id), office().now)
    office().preview.conversations.catalogue.look_again()
    flash("question_reopened", "good")
    return redirect(url_for(".item", question_id=question_id))


def nearest(text: str) -> tuple[Hit, ...]:
    """What might be meant, best first, each record once."""
    finding: Finding = office().preview.conversations.catalogue.find(text)
    found = {(hit.kind, hit.id): hit for hit in (*finding.hits, *finding.nearest)}
    return tuple(found.values())[:SUGGESTED]


def _in_hand(session: Session, question_id: int) -> tuple[UnansweredQuestion, Official]:
    him = session.get_one(Official, visitor().official.id)
    return session.get_one(UnansweredQuestion, question_id), him


def _grouped(
    session: Session, rows: Sequence[UnansweredQuestion], accounts: dict[str, str]
) -> list[Shown]:
    """The same words at the same account once."""
    groups: dict[tuple[str, str], list[UnansweredQuestion]] = {}
    for row in rows:
        groups.setdefault((row.oa_id, row.text), []).append(row)
    return [_shown(session, group, accounts) for group in groups.values()]


def _shown(
    session: Session, group: list[UnansweredQuestion], accounts: dict[str, str]
) -> Shown:
    newest = group[0]
    added = session.get(LocalAlias, newest.alias_id) if newest.alias_id else None
    return Shown(
        id=newest.id or 0,
        text=newest.text,
        outcome=newest.outcome,
        account=accounts.get(newest.oa_id, newest.oa_id),
        asked_at=newest.asked_at,
        times=len(group),
        resolution=Resolution(newest.resolution) if newest.resolution else None,
        alias=added.text if added else "",
        record=title_of(session, added.kind, added.record_id) if added else "",
    )
