"""Surveys and contests: composed, opened, closed; what came of them, as sums and as plots."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
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
from sqlalchemy import func, select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as AnyResponse

from bot.channel.masking import mask_sensitive
from bot.conversation.handovers import LONGEST_REPLY
from bot.people import care, officials, units
from bot.surveys import awarding, editing, inviting, ranking, results
from bot.surveys.editing import FlawedSurveyError, Wish
from bot.surveys.questions import MOST, Question, QuestionKind, questions_of
from bot.surveys.ranking import Place
from bot.surveys.results import Results
from bot.surveys.templates import Template, read_templates, template_named
from dashboard.office import Visitor, office, visitor
from dashboard.showing import reaches, word
from models import (
    AdminUnit,
    Official,
    Role,
    Survey,
    SurveyKind,
    SurveySheet,
    SurveyState,
)

surveys = Blueprint("surveys", __name__)

RIGHT = "*"  # before a right option, in the form
SHOWN_PLACES = 50
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class Listed:
    survey: Survey
    unit: str
    stage: str
    finished: int


@dataclass(frozen=True, slots=True)
class SurveyPage:
    """Exactly what the template uses."""

    survey: Survey
    unit: str
    stage: str
    questions: tuple[Question, ...]
    found: Results
    places: list[Place]
    may_edit: bool
    has_answers: bool
    key: str  # makes one form one message


@dataclass(frozen=True, slots=True)
class Draft:
    """One question as it stands in the form."""

    text: str = ""
    kind: str = QuestionKind.ONE.value
    options: str = ""


@dataclass(frozen=True, slots=True)
class ComposePage:
    """Exactly what the template uses; ``survey_id`` 0 is a new one."""

    survey_id: int
    wish: Wish
    drafts: list[Draft]
    opens_at: str
    closes_at: str
    units: Sequence[AdminUnit]
    flaw: str
    has_answers: bool


@surveys.get("/surveys")
def show() -> str:
    him = visitor()
    with office().database.reading() as session:
        seen = care.units_seen(session, him.official, Role.OFFICIAL, him.today)
        rows = session.scalars(
            select(Survey)
            .where(col(Survey.unit_code).in_(seen))
            .order_by(col(Survey.id).desc())
            .limit(MOST_LISTED)
        ).all()
        listed = [_listed(session, one, him.now) for one in rows]
    templates = read_templates(office().settings.content_dir)
    return render_template("dashboard/surveys.html", listed=listed, templates=templates)


@surveys.get("/surveys/<int:survey_id>")
def item(survey_id: int) -> str:
    him = visitor()
    with office().database.reading() as session:
        survey = session.get_one(Survey, survey_id)
        is_contest = survey.kind == SurveyKind.CONTEST
        page = SurveyPage(
            survey=survey,
            unit=units.name_of(session, survey.unit_code),
            stage=stage_of(survey, him.now),
            questions=questions_of(survey.questions),
            found=results.results_of(session, survey),
            places=(
                ranking.ranking_of(session, survey)[:SHOWN_PLACES] if is_contest else []
            ),
            may_edit=_may_edit(session, him, survey.unit_code),
            has_answers=editing.has_answers(session, survey),
            key=secrets.token_hex(8),
        )
    return render_template("dashboard/survey.html", page=page)


@surveys.get("/surveys/<int:survey_id>/results.csv")
def sheet(survey_id: int) -> Response:
    """Sums only, the small ones hidden."""
    with office().database.reading() as session:
        survey = session.get_one(Survey, survey_id)
        found = results.results_of(session, survey)
    content = results.to_csv(found, word)
    answer = Response("\ufeff" + content, mimetype="text/csv")
    name = f"ket-qua-{survey_id}.csv"
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


# --- composing --------------------------------------------------------------------------------


@surveys.get("/surveys/new")
def new() -> str:
    """Empty, or from a template of content."""
    key = request.args.get("template", "")
    template = template_named(office().settings.content_dir, key)
    kind = request.args.get("kind", SurveyKind.SURVEY)
    with office().database.reading() as session:
        places = _own_units(session, visitor())
        code = places[0].code if places else ""
        wish = (
            _wish_of_template(template, code)
            if template
            else Wish(_kind(kind), code, "")
        )
        return _compose(0, wish, places)


@surveys.get("/surveys/<int:survey_id>/edit")
def edit(survey_id: int) -> str:
    with office().database.reading() as session:
        survey = session.get_one(Survey, survey_id)
        return _compose(
            survey_id,
            _wish_of(survey),
            _own_units(session, visitor()),
            has_answers=editing.has_answers(session, survey),
        )


@surveys.post("/surveys/new")
def create() -> AnyResponse | str:
    """Only for a unit of which he is a leader, or which is below his."""

    def work(session: Session, wish: Wish, him: Official) -> int:
        wish.require_whole()
        if not _may_edit(session, visitor(), wish.unit_code):
            abort(403)
        return editing.create(session, wish, him, office().now).id or 0

    return _save(0, work)


@surveys.post("/surveys/<int:survey_id>/edit")
def save(survey_id: int) -> AnyResponse | str:
    def work(session: Session, wish: Wish, him: Official) -> int:
        wish.require_whole()
        if not _may_edit(session, visitor(), wish.unit_code):
            abort(403)
        survey = session.get_one(Survey, survey_id)
        editing.change(session, survey, wish, him, office().now)
        return survey_id

    return _save(survey_id, work)


def _save(
    survey_id: int, work: Callable[[Session, Wish, Official], int]
) -> AnyResponse | str:
    wish = _wish_of_form()
    try:
        with office().database.writing() as session:
            him = session.get_one(Official, visitor().official.id)
            number = work(session, wish, him)
    except FlawedSurveyError as error:
        flash("survey_flawed", "warning")
        with office().database.reading() as session:
            places = _own_units(session, visitor())
            return _compose(survey_id, wish, places, flaw=error.code)
    flash("survey_saved", "good")
    return redirect(url_for(".item", survey_id=number))


# --- what becomes of it -----------------------------------------------------------------------


@surveys.post("/surveys/<int:survey_id>/act")
def act(survey_id: int) -> AnyResponse:
    """Open, close, copy, drop, invite."""
    verb = request.form.get("verb", "")
    work = _VERBS.get(verb)
    if work is None:
        abort(400)
    try:
        with office().database.writing() as session:
            him = session.get_one(Official, visitor().official.id)
            survey = session.get_one(Survey, survey_id)
            back = work(session, survey, him)
        flash(f"survey_{verb}", "good")
    except FlawedSurveyError as error:
        flash(f"survey_not_{error.code}", "warning")
        back = url_for(".item", survey_id=survey_id)
    return redirect(back)


def _open(session: Session, survey: Survey, him: Official) -> str:
    editing.open_to_people(session, survey, him, office().now)
    return url_for(".item", survey_id=survey.id)


def _close(session: Session, survey: Survey, him: Official) -> str:
    editing.close(session, survey, him, office().now)
    return url_for(".item", survey_id=survey.id)


def _copy(session: Session, survey: Survey, him: Official) -> str:
    """As a draft without dates."""
    copy = editing.create(
        session, _wish_of(survey, keep_dates=False), him, office().now
    )
    return url_for(".edit", survey_id=copy.id)


def _drop(session: Session, survey: Survey, him: Official) -> str:
    editing.drop(session, survey, him, office().now)
    return url_for(".show")


def _invite(session: Session, survey: Survey, him: Official) -> str:
    """Campaigns are for administrators to write."""
    if not reaches("dashboard.campaigns.new"):
        abort(403)
    made = inviting.invite(session, office().texts, survey, him, office().now)
    return url_for("dashboard.campaigns.edit", campaign_id=made.id)


_VERBS: dict[str, Callable[[Session, Survey, Official], str]] = {
    "open": _open,
    "close": _close,
    "copy": _copy,
    "drop": _drop,
    "invite": _invite,
}


@surveys.post("/surveys/<int:survey_id>/write")
def write(survey_id: int) -> AnyResponse:
    """To somebody in the order, mostly to tell him of his prize."""
    text, key = _said("text"), request.form.get("key", "")[:40]
    flaw = _flaw_of(text)
    if flaw or not key.isalnum():
        flash(flaw or "reply_empty", "warning")
        return redirect(url_for(".item", survey_id=survey_id))
    with office().database.writing() as session:
        him = session.get_one(Official, visitor().official.id)
        survey = session.get_one(Survey, survey_id)
        rank = request.form.get("rank", 0, type=int)
        places = ranking.ranking_of(session, survey)
        if rank not in range(1, len(places) + 1):
            abort(400)
        is_sent = awarding.write(
            session, survey, places[rank - 1], him, text, key, office().now
        )
    flash(
        "reply_sent" if is_sent else "survey_not_written",
        "good" if is_sent else "warning",
    )
    return redirect(url_for(".item", survey_id=survey_id))


def _flaw_of(text: str) -> str:
    if not text:
        return "reply_empty"
    if len(text) > LONGEST_REPLY:
        return "reply_long"
    return "answer_sensitive" if mask_sensitive(text).kinds else ""


# --- what is shown ----------------------------------------------------------------------------


def stage_of(survey: Survey, now: datetime) -> str:
    """Where it stands, in one word for the page."""
    if survey.state == SurveyState.DRAFT:
        return "draft"
    if editing.is_over(survey, now):
        return "over"
    return "open" if editing.is_running(survey, now) else "planned"


def _listed(session: Session, survey: Survey, now: datetime) -> Listed:
    finished = select(func.count()).where(
        col(SurveySheet.survey_id) == survey.id,
        col(SurveySheet.attempt) == 1,
        col(SurveySheet.finished_at).is_not(None),
    )
    return Listed(
        survey=survey,
        unit=units.name_of(session, survey.unit_code),
        stage=stage_of(survey, now),
        finished=session.scalar(finished) or 0,
    )


def _compose(
    survey_id: int,
    wish: Wish,
    places: Sequence[AdminUnit],
    *,
    flaw: str = "",
    has_answers: bool = False,
) -> str:
    drafts = [_draft_of(one) for one in wish.questions]
    drafts += [Draft()] * (MOST - len(drafts))
    page = ComposePage(
        survey_id=survey_id,
        wish=wish,
        drafts=drafts[:MOST],
        opens_at=_form_time(wish.opens_at),
        closes_at=_form_time(wish.closes_at),
        units=places,
        flaw=flaw,
        has_answers=has_answers,
    )
    return render_template("dashboard/survey_compose.html", page=page)


def _draft_of(question: Question) -> Draft:
    lines = [
        f"{RIGHT} {option}" if place in question.right else option
        for place, option in enumerate(question.options)
    ]
    return Draft(question.text, question.kind.value, "\n".join(lines))


def _form_time(at: datetime | None) -> str:
    return f"{at.astimezone(office().settings.zone):%Y-%m-%dT%H:%M}" if at else ""


def _own_units(session: Session, him: Visitor) -> Sequence[AdminUnit]:
    return officials.units_in_care(session, him.official, Role.LEADER, him.today)


def _may_edit(session: Session, him: Visitor, unit_code: str) -> bool:
    return officials.may(session, him.official, Role.LEADER, unit_code, him.today)


# --- from the form ----------------------------------------------------------------------------


def _wish_of_form() -> Wish:
    return Wish(
        kind=_kind(request.form.get("kind", "")),
        unit_code=request.form.get("unit", ""),
        title=_said("title"),
        intro=_said("intro"),
        thanks=_said("thanks"),
        rules=_said("rules"),
        questions=tuple(_questions_of_form()),
        tries=request.form.get("tries", 1, type=int),
        guesses_count=request.form.get("guesses_count") == "1",
        opens_at=_time_of_form("opens_at"),
        closes_at=_time_of_form("closes_at"),
        template=_said("template")[:80],
    )


def _questions_of_form() -> list[Question]:
    found: list[Question] = []
    for number in range(1, MOST + 1):
        text = _said(f"text_{number}")
        if not text:
            continue
        written = _said(f"kind_{number}")
        kind = (
            QuestionKind(written) if written in set(QuestionKind) else QuestionKind.ONE
        )
        lines = [
            " ".join(line.split()) for line in _said(f"options_{number}").splitlines()
        ]
        lines = [line for line in lines if line]
        has_options = kind in (QuestionKind.ONE, QuestionKind.SEVERAL)
        found.append(
            Question(
                key=f"q{len(found) + 1}",
                kind=kind,
                text=text,
                options=tuple(line.lstrip(f"{RIGHT} ") for line in lines)
                if has_options
                else (),
                right=tuple(
                    place
                    for place, line in enumerate(lines)
                    if has_options and line.startswith(RIGHT)
                ),
            )
        )
    return found


def _said(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _kind(written: str) -> SurveyKind:
    return SurveyKind(written) if written in set(SurveyKind) else SurveyKind.SURVEY


def _time_of_form(name: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None
    return at.replace(tzinfo=office().settings.zone) if at.tzinfo is None else None


def _wish_of_template(template: Template, unit_code: str) -> Wish:
    return Wish(
        kind=template.kind,
        unit_code=unit_code,
        title=template.title,
        intro=template.intro,
        thanks=template.thanks,
        rules=template.rules,
        questions=template.questions,
        tries=template.tries,
        guesses_count=template.guesses_count,
        template=template.key,
    )


def _wish_of(survey: Survey, *, keep_dates: bool = True) -> Wish:
    return Wish(
        kind=SurveyKind(survey.kind),
        unit_code=survey.unit_code,
        title=survey.title,
        intro=survey.intro,
        thanks=survey.thanks,
        rules=survey.rules,
        questions=questions_of(survey.questions),
        tries=survey.tries,
        guesses_count=survey.guesses_count,
        opens_at=survey.opens_at if keep_dates else None,
        closes_at=survey.closes_at if keep_dates else None,
        template=survey.template,
    )
