"""What the bot knows: searched as a citizen sees it, listed, edited with its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from bot.catalogue.catalogue import Imagined
from bot.catalogue.import_kinds import KINDS
from bot.catalogue.loading import digest
from bot.catalogue.packs import PackReader
from bot.catalogue.placing import Placing, place, place_now
from bot.catalogue.schema import DESKS, Table
from bot.catalogue.values import Column, Reason, Row
from bot.conversation.preview import Answer, Said
from bot.conversation.turn import Command
from bot.editing import batches
from bot.editing import records as edits
from bot.editing.batches import SEARCHED, TABLES, ChangedMeanwhileError, InUseError
from bot.editing.records import FlawedError
from bot.people import officials, units
from dashboard.office import office, visitor
from dashboard.showing import name_behind, reaches, reason_given
from models import ContentRevision, Official, Role

content = Blueprint("content", __name__)

LONGEST_SEARCH = 300
LISTED = ("procedures", "documents", "topics")
# How the bot is told to show a record.
_COMMANDS = {"procedures": "service", "documents": "document", "topics": "topic"}
_KIND_OF_IMPORT = {"procedures": "services", "documents": "documents"}


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str  # of the import's columns; "" where they have none
    text: str
    flaw: str  # what is wrong with it, in words
    options: tuple[tuple[str, str], ...]  # where it is one of few: value, name


@dataclass(frozen=True, slots=True)
class Change:
    """One revision with the name of who made it."""

    revision: ContentRevision
    who: str
    fields: tuple[tuple[str, str, str], ...]  # label, before, after


@dataclass(frozen=True, slots=True)
class Look:
    """The answer as it would be, and where the search would put it."""

    says: tuple[Said, ...]
    placing: Placing | None
    is_searched: bool  # whether the change has anything to do with the search
    has_changes: bool


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Exactly what the template uses."""

    table: str
    key: str
    title: str
    fields: tuple[Field, ...]
    changes: tuple[Change, ...]
    save_to: str
    may_edit: bool
    is_own: bool  # no longer follows the pack
    may_preview: bool
    question: str
    look: Look | None


@content.get("/content")
def show() -> str:
    """Search as a citizen sees it."""
    question = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    preview = office().preview
    is_ready = preview.conversations.catalogue.warm_behind()
    answer: Answer | None = preview.ask(question) if question and is_ready else None
    with office().database.reading() as session:
        him = visitor()
        desks = officials.units_in_care(session, him.official, Role.LEADER, him.today)
    return render_template(
        "dashboard/content.html",
        question=question, answer=answer, is_ready=is_ready, desks=desks,
    )  # fmt: skip


@content.get("/content/<record_kind>")
def listing(record_kind: str) -> str:
    table = _table(record_kind)
    page = max(request.args.get("page", 1, type=int), 1)
    only_stale = request.args.get("stale") == "1"
    with office().database.reading() as session:
        rows, count = edits.listed(
            session, table, visitor().today, only_stale=only_stale, page=page
        )
    return render_template(
        "dashboard/content_list.html",
        kind=record_kind, rows=rows, count=count, page=page, only_stale=only_stale,
        pages=-(-count // edits.PAGE), key=table.key[0], title=edits.TITLES[record_kind],
        stale_before=visitor().today - edits.STALE_AFTER,
    )  # fmt: skip


@content.get("/content/<record_kind>/<path:key>")
def record(record_kind: str, key: str) -> str:
    return _record(_table(record_kind), key)


@content.post("/content/<record_kind>/<path:key>")
def save(record_kind: str, key: str) -> Response | str:
    return _save(
        _table(record_kind), key, url_for(".record", record_kind=record_kind, key=key)
    )


@content.get("/content/desk/<unit_code>")
def desk(unit_code: str) -> str:
    return _record(DESKS, unit_code)


@content.post("/content/desk/<unit_code>")
def save_desk(unit_code: str) -> Response | str:
    return _save(DESKS, unit_code, url_for(".desk", unit_code=unit_code))


@content.post("/content/preview/<record_kind>/<path:key>")
def preview(record_kind: str, key: str) -> str:
    """What citizens would be told; nothing is saved, the form stays as it was filled in."""
    table = _table(record_kind)
    words = edits.vocabulary(office().settings.content_dir)
    with office().database.reading() as session:
        row = edits.row_of(session, table, key) or abort(404)
        try:
            new = edits.read_form(table, row, request.form, words)
        except FlawedError as error:
            flash("content_flawed", "warning")
            return _record(table, key, error.fields)
    return _record(table, key, look=_look(table, key, row, new))


@content.post("/content/<record_kind>/checked")
def mark_checked(record_kind: str) -> Response:
    """One or several: compared with their sources today, and right."""
    table = _table(record_kind)
    back = request.args.get("back_page", 1, type=int)
    with office().database.writing() as session:
        him = session.get_one(Official, visitor().official.id)
        made = edits.mark_checked(
            session, table, request.form.getlist("key"), him, visitor().today,
            office().now,
        )  # fmt: skip
        batch = made[0].batch if made else ""
    if batch:
        flash(f"content_checked:{batch}", "good")
    else:
        flash("none_chosen", "warning")
    return redirect(
        url_for(".listing", record_kind=record_kind, stale="1", page=max(back, 1))
    )


@content.post("/content/undo/<int:revision_id>")
def undo(revision_id: int) -> Response:
    with office().database.reading() as session:
        revision = session.get(ContentRevision, revision_id)
    if revision is None or revision.record_table not in TABLES:
        abort(404)
    _undo([revision])
    table, key = revision.record_table, revision.record_key
    if table == DESKS.name:
        return redirect(url_for(".desk", unit_code=key))
    if table not in LISTED:
        return redirect(url_for(".show"))
    return redirect(url_for(".record", record_kind=table, key=key))


@content.post("/content/undo-batch/<batch>")
def undo_batch(batch: str) -> Response:
    with office().database.reading() as session:
        revisions = batches.of_batch(session, batch)
    table = revisions[0].record_table if revisions else abort(404)
    if table not in LISTED:
        abort(404)
    _undo(revisions)
    return redirect(url_for(".listing", record_kind=table, stale="1"))


def _undo(revisions: Sequence[ContentRevision]) -> None:
    try:
        with office().database.writing() as session:
            him = session.get_one(Official, visitor().official.id)
            same = [session.get_one(ContentRevision, one.id) for one in revisions]
            batches.undo(session, same, him, office().now)
        flash("content_undone", "good")
        office().preview.conversations.catalogue.look_again()
    except ChangedMeanwhileError:
        flash("content_changed_since", "warning")
    except InUseError:
        flash("import_in_use", "warning")


def _table(kind: str) -> Table:
    if kind not in LISTED:
        abort(404)
    return TABLES[kind]


def _save(table: Table, key: str, back: str) -> Response | str:
    words = edits.vocabulary(office().settings.content_dir)
    try:
        with office().database.writing() as session:
            if table is not DESKS and edits.row_of(session, table, key) is None:
                abort(404)
            him = session.get_one(Official, visitor().official.id)
            made = edits.change(
                session, table, key, request.form, words, him, office().now
            )
    except FlawedError as error:
        flash("content_flawed", "warning")
        return _record(table, key, error.fields)
    office().preview.conversations.catalogue.look_again()
    flash("content_saved" if made else "content_same", "good")
    return redirect(back)


def _look(table: Table, key: str, row: Row, new: Row) -> Look:
    house = office().preview

    def change(session: Session) -> None:
        record = session.get_one(table.model, key)
        for name, value in new.items():
            setattr(record, name, value)

    is_searched = bool(SEARCHED[table.name] & set(new))
    says = house.told(Command(_COMMANDS[table.name], key), change)
    return Look(
        says, _placing(table, key, row | new, is_searched), is_searched, bool(new)
    )


def _placing(table: Table, key: str, row: Row, is_searched: bool) -> Placing | None:
    """None while no question is asked, or no index is there yet."""
    question = _question()
    catalogue = office().preview.conversations.catalogue
    if not question or not catalogue.warm_behind():
        return None
    imagined = Imagined(table.model, key, row)
    with office().database.reading() as session:
        find = place if is_searched else place_now
        return find(catalogue, session, question, imagined)


def _question() -> str:
    return request.form.get("question", "").strip()[:LONGEST_SEARCH]


def _record(
    table: Table,
    key: str,
    flawed: Mapping[str, Reason] | None = None,
    look: Look | None = None,
) -> str:
    labels, flawed = _labels(table), flawed or {}
    with office().database.reading() as session:
        row = edits.row_of(session, table, key)
        if row is None and table is not DESKS:
            abort(404)
        page = RecordPage(
            table=table.name,
            key=key,
            title=_title(session, table, key, row),
            fields=tuple(
                _field(column, labels, row or {}, flawed)
                for column in table.columns
                if column.name not in table.key
            ),
            changes=tuple(
                _change(session, one, labels)
                for one in edits.history(session, table, key)
            ),
            save_to="desk" if table is DESKS else "record",
            may_edit=table is DESKS or reaches("dashboard.content.save"),
            is_own=row is not None and digest(table, row) != row["pack_digest"],
            may_preview=table is not DESKS and reaches("dashboard.content.preview"),
            question=_question() or _title(session, table, key, row),
            look=look,
        )
    return render_template("dashboard/content_record.html", page=page)


def _field(
    column: Column, labels: Mapping[str, str], row: Row, flawed: Mapping[str, Reason]
) -> Field:
    name = column.name
    text = request.form.get(name, edits.shown(row.get(name)))
    words = edits.vocabulary(office().settings.content_dir) if column.one_of else {}
    options = edits.choices(column, words)
    if options and text not in options:
        options = (*options, text)
    groups = office().preview.conversations.catalogue.groups
    names = {group.key: group.label for group in groups}
    return Field(
        name,
        labels.get(name, ""),
        text,
        reason_given(flawed[name]) if name in flawed else "",
        tuple((one, names.get(one, one)) for one in options),
    )


def _title(session: Session, table: Table, key: str, row: Row | None) -> str:
    if table is DESKS:
        return units.name_of(session, key)
    return str((row or {})[edits.TITLES[table.name]])


def _change(session: Session, one: ContentRevision, labels: dict[str, str]) -> Change:
    before, after = one.before or {}, one.after or {}
    names = [
        name for name in TABLES[one.record_table].names if name in {**before, **after}
    ]
    fields = tuple(
        (labels.get(name, name), _plain(before.get(name)), _plain(after.get(name)))
        for name in names
        if before.get(name) or after.get(name)
    )
    return Change(one, name_behind(session, one.changed_by), fields)


def _plain(value: Any) -> str:
    return edits.shown(value)


def _labels(table: Table) -> dict[str, str]:
    """Vietnamese names of the columns, where the import has them."""
    kind = _KIND_OF_IMPORT.get(table.name)
    if kind is None or kind not in KINDS:
        return {}
    reader = PackReader(office().settings.content_dir)
    return {name: found[0] for name, found in reader.read_labels(kind).items()}
