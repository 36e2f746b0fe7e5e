"""The texts of the bot: what ships, what this office says instead, and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from bot.conversation.text_language import included_in
from bot.conversation.text_samples import Samples
from bot.conversation.texts import HISTORY
from bot.conversation.wording_rules import LONGEST, blanks_of, flaws, left_out, normal
from bot.editing import wordings
from bot.editing.batches import ChangedMeanwhileError
from bot.editing.wordings import LeavesOutError, RefusedError, Section, TextRow
from bot.search.fold import fold
from dashboard.office import office, visitor
from dashboard.showing import name_behind, reaches, said_of_wording
from models import ContentRevision, Official, OwnWording

texts = Blueprint("texts", __name__)

LONGEST_SEARCH = 100
MOST_FOUND = 80


@dataclass(frozen=True, slots=True)
class Group:
    """A section with its texts, and how many are worded here."""

    section: Section
    rows: Sequence[TextRow]

    @property
    def own(self) -> int:
        return sum(row.own is not None for row in self.rows)

    @property
    def outdated(self) -> int:
        return sum(row.is_outdated or row.is_unfit for row in self.rows)


@dataclass(frozen=True, slots=True)
class Look:
    """A wording with sample values."""

    full: str
    empty: str
    missing: Sequence[str]  # blanks it leaves out

    @property
    def length(self) -> int:
        return len(self.full)


@dataclass(frozen=True, slots=True)
class Change:
    revision: ContentRevision
    who: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class TextPage:
    """Exactly what the template uses."""

    row: TextRow
    section: Section
    written: str  # what stands in the form
    shipped_look: Look
    look: Look | None  # of what is written, where that is another text
    flaws: Sequence[str]
    must_confirm: bool
    blanks: Sequence[str]
    within: Sequence[str]  # texts that include this one
    parts: Sequence[str]  # texts that this one includes
    changes: Sequence[Change]
    may_edit: bool
    longest: int


@texts.get("/content/texts")
def show() -> str:
    """All sections; or the texts that say what is looked for."""
    query = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    only = request.args.get("only", "")
    with office().database.reading() as session:
        rows = wordings.rows(session, office().texts.sources)
        orphans = wordings.orphans(session, office().texts.sources)
    found = _found(rows, query, only) if query or only else ()
    return render_template(
        "dashboard/texts.html",
        groups=_groups(rows), found=found[:MOST_FOUND], count=len(found), query=query,
        only=only, orphans=orphans, own=sum(row.own is not None for row in rows),
        outdated=[row for row in rows if row.is_outdated or row.is_unfit],
    )  # fmt: skip


@texts.get("/content/texts/in/<section>")
def listing(section: str) -> str:
    found = _sections().get(section) or abort(404)
    with office().database.reading() as session:
        rows = wordings.rows(session, office().texts.sources)
    mine = [row for row in rows if row.key.partition(".")[0] == section]
    return render_template("dashboard/texts_section.html", section=found, rows=mine)


@texts.get("/content/texts/of/<text_key>")
def item(text_key: str) -> str:
    return _page(text_key)


@texts.post("/content/texts/of/<text_key>")
def save(text_key: str) -> Response | str:
    """Look at it first, or save it."""
    _require_free(text_key)
    written = request.form.get("wording", "")
    if request.form.get("act") == "look":
        return _page(text_key, written)
    try:
        with office().database.writing() as session:
            made = wordings.change(
                session, _row(session, text_key), written, _him(session), office().now,
                may_leave_out=request.form.get("leave_out") == "1",
            )  # fmt: skip
    except RefusedError:
        flash("text_refused", "warning")
        return _page(text_key, written)
    except LeavesOutError:
        flash("text_leaves_out", "warning")
        return _page(text_key, written, must_confirm=True)
    return _changed(text_key, "text_saved" if made else "content_same")


@texts.post("/content/texts/of/<text_key>/shipped")
def back_to_shipped(text_key: str) -> Response:
    _require_free(text_key)
    with office().database.writing() as session:
        row = _row(session, text_key)
        wordings.back_to_shipped(session, row, _him(session), office().now)
    return _changed(text_key, "text_shipped")


@texts.post("/content/texts/of/<text_key>/keep")
def keep(text_key: str) -> Response:
    """The upgrade was seen, and one's own wording stays."""
    _require_free(text_key)
    try:
        with office().database.writing() as session:
            row = _row(session, text_key)
            if row.own is not None:
                wordings.change(
                    session, row, row.own.wording, _him(session), office().now,
                    may_leave_out=True,
                )  # fmt: skip
    except RefusedError:
        return _changed(text_key, "text_refused")
    return _changed(text_key, "text_kept")


@texts.post("/content/texts/undo/<int:revision_id>")
def undo(revision_id: int) -> Response:
    try:
        with office().database.writing() as session:
            revision = session.get(ContentRevision, revision_id)
            if revision is None or revision.record_table != HISTORY:
                abort(404)
            key = revision.record_key
            wordings.undo(session, revision, _him(session), office().now)
        code = "content_undone"
    except ChangedMeanwhileError:
        code = "content_changed_since"
    return _changed(key, code)


@texts.post("/content/texts/drop/<text_key>")
def drop(text_key: str) -> Response:
    """Of a text that this release does not have any more."""
    if text_key in office().texts.sources:
        abort(404)
    with office().database.writing() as session:
        wordings.drop(session, text_key, _him(session), office().now)
    return _changed(text_key, "text_dropped")


# --- what they share ------------------------------------------------------------------------


def _changed(key: str, code: str) -> Response:
    office().texts.look_again()
    office().preview.conversations.texts.look_again()
    is_warning = code in ("content_changed_since", "text_refused")
    flash(code, "warning" if is_warning else "good")
    if key not in office().texts.sources:
        return redirect(url_for(".show"))
    return redirect(url_for(".item", text_key=key))


def _him(session: Session) -> Official:
    return session.get_one(Official, visitor().official.id)


def _row(session: Session, key: str) -> TextRow:
    return wordings.row_of(session, office().texts.sources, key)


def _require_free(key: str) -> None:
    if key not in office().texts.sources:
        abort(404)
    if _section_of(key).is_fixed:
        abort(403)


def _sections() -> Mapping[str, Section]:
    return wordings.read_sections(office().settings.content_dir)


def _section_of(key: str) -> Section:
    return _sections()[key.partition(".")[0]]


def _groups(rows: Sequence[TextRow]) -> list[Group]:
    by_section: dict[str, list[TextRow]] = {}
    for row in rows:
        by_section.setdefault(row.key.partition(".")[0], []).append(row)
    return [
        Group(section, by_section[name])
        for name, section in _sections().items()
        if name in by_section
    ]


def _found(rows: Sequence[TextRow], query: str, only: str) -> list[TextRow]:
    wanted = fold(query)
    return [
        row
        for row in rows
        if (not only or row.own is not None)
        and (
            wanted in fold(row.shipped) or wanted in fold(row.key) or _says(row, wanted)
        )
    ]


def _says(row: TextRow, wanted: str) -> bool:
    return row.own is not None and wanted in fold(row.own.wording)


def _page(key: str, written: str | None = None, *, must_confirm: bool = False) -> str:
    sources = office().texts.sources
    if key not in sources:
        abort(404)
    with office().database.reading() as session:
        row = _row(session, key)
        said = {one.key: one.wording for one in _others(session, key)}
        changes = [_change(session, one) for one in wordings.history(session, key)]
    section = _section_of(key)
    present = row.own.wording if row.own else row.shipped.strip()
    text = normal(written) if written is not None else present
    known = {**sources, **said}
    page = TextPage(
        row=row,
        section=section,
        written=text,
        shipped_look=_look(known, row, row.shipped),
        look=_look(known, row, text) if text != row.shipped.strip() else None,
        flaws=_flaws(row, text),
        must_confirm=must_confirm,
        blanks=blanks_of(row.shipped).shown,
        within=[one for one, text in sources.items() if key in included_in(text)],
        parts=included_in(row.shipped),
        changes=changes,
        may_edit=not section.is_fixed and reaches("dashboard.texts.save"),
        longest=LONGEST,
    )
    return render_template("dashboard/text.html", page=page)


def _others(session: Session, key: str) -> list[OwnWording]:
    rows = wordings.rows(session, office().texts.sources)
    return [row.own for row in rows if row.own and row.key != key and not row.is_unfit]


def _flaws(row: TextRow, text: str) -> list[str]:
    if text == row.shipped.strip():
        return []
    return [said_of_wording(one) for one in flaws(row.shipped, text)]


def _look(sources: Mapping[str, str], row: TextRow, text: str) -> Look:
    if flaws(row.shipped, text) and text != row.shipped:
        return Look("", "", ())
    samples = Samples.load(office().settings.content_dir)
    full, empty = samples.shown(sources, row.key, text)
    return Look(full, empty, left_out(row.shipped, text))


def _change(session: Session, one: ContentRevision) -> Change:
    return Change(
        one,
        name_behind(session, one.changed_by),
        (one.before or {}).get("wording"),
        (one.after or {}).get("wording"),
    )
