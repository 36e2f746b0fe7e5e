"""Units merged, split, renamed: what will change is shown first, then done by one button.

Nothing is kept between the two: the form brings its own values back.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlmodel import col
from werkzeug.wrappers import Response

from bot.catalogue.catalogue import touch
from bot.people import units
from bot.people.collation import name_key
from bot.territory.changing import change_map, preview_map
from bot.territory.files import Kind, MapFile, map_change
from bot.territory.reasons import MapFileError
from dashboard.office import office, visitor
from dashboard.saying import done
from models import AdminUnit

territory = Blueprint("territory", __name__)

PARTS = 4  # as many units as one is split into on a form
LISTS = ("officials", "accounts", "channels", "units")
FORM = "form"  # what a mistake is named after, before its field


@territory.get("/territory/<kind>")
def form(kind: str) -> str:
    return _page(_kind(kind), {})


@territory.post("/territory/<kind>/preview")
def preview(kind: str) -> str:
    """What would change, line by line, from a change that is taken back."""
    which = _kind(kind)
    try:
        change = _change(which)
        with office().database.writing() as session:
            lines = preview_map(session, change, visitor().now)
    except MapFileError as error:
        return _page(which, request.form, problem=error)
    is_due = change.effective_on <= visitor().today
    return _page(which, request.form, lines=lines, is_due=is_due)


@territory.post("/territory/<kind>/apply")
def apply(kind: str) -> str | Response:
    which, him = _kind(kind), visitor()
    try:
        change = _change(which)
        with office().database.writing() as session:
            change_map(session, change, him.now, him.today, him.official.pseudonym)
            touch(session, him.now)
    except MapFileError as error:
        return _page(which, request.form, problem=error)
    done("map_changed")
    return redirect(url_for("dashboard.people.show"))


def _page(kind: Kind, given: Any, **more: Any) -> str:
    him = visitor()
    with office().database.reading() as session:
        rows = session.scalars(select(AdminUnit).order_by(col(AdminUnit.code)))
        found = [one for one in rows if units.is_in_force(one, him.today)]
    found.sort(key=lambda one: name_key(one.name))
    context = {"lines": None, "problem": None, "is_due": False} | more
    return render_template(
        "dashboard/territory.html",
        kind=kind.value,
        units=found,
        given=given,
        old=request.form.getlist("from"),
        parts=range(1, PARTS + 1 if kind == Kind.SPLIT else 2),
        lists=LISTS,
        today=him.today,
        **context,
    )


def _kind(text: str) -> Kind:
    return Kind(text) if text in set(Kind) else abort(404)


def _change(kind: Kind) -> MapFile:
    """The values of the form, in the shape of the file; checked by the same reader."""
    form = request.form
    parts = [part for n in range(1, PARTS + 1) if (part := _part(kind, n))]
    if kind == Kind.SPLIT:
        main = form.get("main", "1")
        for number, part in enumerate(parts, start=1):
            part["main"] = str(number) == main
    raw = {
        "effective_on": _day(form.get("effective_on", "")),
        "from": form.getlist("from"),
        "into": parts,
        "continue_assignments": form.get("continue") == "1",
    }
    return map_change(raw, kind, FORM)


def _part(kind: Kind, number: int) -> dict[str, Any]:
    form = request.form
    part: dict[str, Any] = {
        key: form.get(f"{key}_{number}", "").strip() for key in ("code", "name", "kind")
    }
    if not any(part.values()):
        return {}
    if kind == Kind.SPLIT:
        for key in LISTS:
            written = form.get(f"{key}_{number}", "")
            part[key] = [one.strip() for one in written.split(",") if one.strip()]
    return part


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
