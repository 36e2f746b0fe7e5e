"""Sheets of an office: the difference is looked at first, then taken whole, or undone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from sqlmodel import Session
from werkzeug.wrappers import Response

from bot.catalogue.import_kinds import KINDS
from bot.catalogue.importing import ImportPlan, RowChange
from bot.catalogue.packs import PackReader
from bot.catalogue.sheets import LARGEST_FILE, MOST_LINES, SheetUnreadable
from bot.channel.seal import Sealer
from bot.editing import imports as sheets
from bot.editing.batches import ChangedMeanwhileError, InUseError
from bot.editing.imports import ExpiredError, NotAsSeenError
from bot.editing.records import shown
from bot.editing.sheets import sheet_of
from dashboard.office import office, visitor
from dashboard.showing import name_behind, reaches, reason_given
from models import ContentImport, Official

imports = Blueprint("imports", __name__)

OFFERED = ("services", "documents", "units", "channels")
# Who may not change the map does not change it by a sheet either.
MAP, MAP_PAGE = ("units", "channels"), "dashboard.territory.apply"
PAGE = 50  # changes on one page
MOST_PROBLEMS = 100
_FILE = re.compile(r"\.(csv|xlsx)\Z", re.IGNORECASE)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class FieldShown:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeShown:
    line: int
    key: str
    title: str
    is_new: bool
    fields: tuple[FieldShown, ...]


@dataclass(frozen=True, slots=True)
class ProblemShown:
    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class DifferencePage:
    """Exactly what the template uses."""

    id: int
    kind: str
    file_name: str
    added: int
    changed: int
    unchanged: int
    gone: Sequence[str]
    ignored: Sequence[str]
    problems: Sequence[ProblemShown]
    problem_count: int
    changes: Sequence[ChangeShown]
    seen: str
    page: int
    pages: int

    @property
    def may_apply(self) -> bool:
        return not self.problem_count and bool(self.added or self.changed)


@dataclass(frozen=True, slots=True)
class Done:
    """One import of the list, with the name of who made it."""

    row: ContentImport
    who: str
    may_undo: bool


@imports.get("/content/import")
def show() -> str:
    return _page(request.args.get("kind", ""))


@imports.post("/content/import")
def upload() -> Response | str | tuple[str, int]:
    """Nothing is written but the sheet itself, sealed."""
    kind = _kind(request.form.get("kind", ""))
    sent = request.files.get("file")
    name = Path(sent.filename or "").name if sent else ""
    if sent is None or not _FILE.search(name):
        flash("no_list", "warning")
        return redirect(url_for(".show", kind=kind))
    content = sent.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        abort(413)
    with office().database.writing() as session:
        him = session.get_one(Official, visitor().official.id)
        row = sheets.keep(session, _sealer(), kind, name, content, him, office().now)
    return redirect(url_for(".difference", import_id=row.id))


@imports.get("/content/import/sheet/<import_kind>.xlsx")
def sheet(import_kind: str) -> FlaskResponse:
    """What is there now, to be changed and brought back."""
    kind = _kind(import_kind)
    with office().database.reading() as session:
        content = sheet_of(session, kind, _labels(kind))
    name = f"{kind}-{visitor().today:%Y-%m-%d}.xlsx"
    return FlaskResponse(
        content,
        mimetype=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@imports.get("/content/import/<int:import_id>")
def difference(import_id: int) -> str | Response | tuple[str, int]:
    try:
        with office().database.reading() as session:
            row = _own(session, import_id)
            plan = _plan(session, row)
    except ExpiredError:
        flash("import_expired", "warning")
        return redirect(url_for(".show"))
    except SheetUnreadable as error:
        return _page(row.kind, row.file_name, reason_given(error.reason)), 422
    number = max(request.args.get("page", 1, type=int), 1)
    return render_template(
        "dashboard/import_difference.html", page=_shown(row, plan, number)
    )


@imports.post("/content/import/<int:import_id>/apply")
def apply(import_id: int) -> Response:
    """What was looked at; if it is another difference by now, that is shown first."""
    seen = request.form.get("seen", "")
    try:
        with office().database.writing() as session:
            row = _own(session, import_id)
            him = session.get_one(Official, visitor().official.id)
            plan = _plan(session, row)
            sheets.apply(session, row, plan, seen, him, office().now)
    except ExpiredError:
        flash("import_expired", "warning")
        return redirect(url_for(".show"))
    except (NotAsSeenError, SheetUnreadable):
        flash("import_not_as_seen", "warning")
        return redirect(url_for(".difference", import_id=import_id))
    office().preview.conversations.catalogue.look_again()
    flash("import_applied", "good")
    return redirect(url_for(".show", kind=row.kind))


@imports.post("/content/import/<int:import_id>/discard")
def discard(import_id: int) -> Response:
    with office().database.writing() as session:
        row = _own(session, import_id)
        sheets.discard(session, row)
    flash("import_discarded", "good")
    return redirect(url_for(".show", kind=row.kind))


@imports.post("/content/import/<int:import_id>/undo")
def undo(import_id: int) -> Response:
    try:
        with office().database.writing() as session:
            row = session.get(ContentImport, import_id) or abort(404)
            _kind(row.kind)
            him = session.get_one(Official, visitor().official.id)
            sheets.undo(session, row, him, office().now)
        flash("import_undone", "good")
        office().preview.conversations.catalogue.look_again()
    except ChangedMeanwhileError as error:
        flash("import_changed_since", "warning")
        flash(f"keys:{', '.join(error.keys[:5])}", "keys")
    except InUseError:
        flash("import_in_use", "warning")
    return redirect(url_for(".show"))


# --- what they share ------------------------------------------------------------------------


def _kind(kind: str) -> str:
    if kind not in OFFERED:
        abort(404)
    if kind in MAP and not reaches(MAP_PAGE):
        abort(403)
    return kind


def _own(session: Session, import_id: int) -> ContentImport:
    """Whoever uploaded it looks at it; others upload their own."""
    row = session.get(ContentImport, import_id)
    if row is None or row.uploaded_by != visitor().official.pseudonym:
        abort(404)
    _kind(row.kind)
    return row


def _plan(session: Session, row: ContentImport) -> ImportPlan:
    content_dir = office().settings.content_dir
    return sheets.plan_of(session, _sealer(), row, content_dir, office().now)


def _sealer() -> Sealer:
    return Sealer(office().settings.secret("secret_key"))


def _page(kind: str, file_name: str = "", problem: str = "") -> str:
    offered = [one for one in OFFERED if one not in MAP or reaches(MAP_PAGE)]
    with office().database.reading() as session:
        done = [
            Done(
                row,
                name_behind(session, row.uploaded_by),
                row.undone_at is None and row.kind in offered,
            )
            for row in sheets.lately(session)
        ]
    return render_template(
        "dashboard/import.html",
        offered=offered, kind=kind if kind in offered else offered[0],
        columns={one: list(_columns(one).values()) for one in offered}, done=done,
        file_name=file_name, problem=problem,
        megabytes=LARGEST_FILE // 2**20, most_lines=MOST_LINES,
    )  # fmt: skip


def _shown(row: ContentImport, plan: ImportPlan, number: int) -> DifferencePage:
    columns = _columns(row.kind)
    changes = [*plan.added, *plan.changed]
    pages = max(-(-len(changes) // PAGE), 1)
    number = min(number, pages)
    return DifferencePage(
        id=row.id or 0,
        kind=row.kind,
        file_name=row.file_name,
        added=len(plan.added),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        gone=plan.gone,
        ignored=plan.ignored_columns,
        problems=[
            ProblemShown(
                one.line,
                " / ".join(columns.get(n, n) for n in one.field.split(" or ") if n),
                reason_given(one.reason),
            )
            for one in plan.problems[:MOST_PROBLEMS]
        ],
        problem_count=len(plan.problems),
        changes=[
            _change(one, columns)
            for one in changes[(number - 1) * PAGE : number * PAGE]
        ],
        seen=sheets.fingerprint(plan),
        page=number,
        pages=pages,
    )


def _change(change: RowChange, columns: Mapping[str, str]) -> ChangeShown:
    if change.fields:
        pairs = [(one.field, one.old, one.new) for one in change.fields]
    else:
        names = change.table.names
        pairs = [(n, None, v) for n, v in change.values.items() if n in names and v]
    fields = tuple(
        FieldShown(columns.get(name, name), shown(old), shown(new))
        for name, old, new in pairs
    )
    return ChangeShown(change.line, change.key, change.title, change.is_new, fields)


def _columns(kind: str) -> dict[str, str]:
    """The Vietnamese name of each column."""
    labels = _labels(kind)
    return {name: labels.get(name, [name])[0] for name in KINDS[kind].targets()}


def _labels(kind: str) -> Mapping[str, Sequence[str]]:
    return PackReader(office().settings.content_dir).read_labels(kind)
