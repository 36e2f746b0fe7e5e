"""Records of the catalogue, changed on a page: checked like a file, kept with their history.

A record that was edited here no longer follows its pack (``bot/catalogue/loading``); one
that was only checked does. Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from bot.catalogue.import_kinds import read_cell
from bot.catalogue.loading import sql_table
from bot.catalogue.packs import PackReader
from bot.catalogue.schema import PROCEDURES, Table
from bot.catalogue.values import (
    Column,
    Kind,
    Reason,
    Row,
    ValueSpoiled,
    Vocabulary,
    parse,
)
from bot.editing.batches import Batch
from models import ContentRevision, Official, RevisionCause

TITLES = {"procedures": "name", "documents": "title", "topics": "title"}
STALE_AFTER = timedelta(days=90)
PAGE = 50


class FlawedError(Exception):
    """Fields that cannot be read, each with its reason; nothing was changed."""

    def __init__(self, fields: Mapping[str, Reason]) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


def vocabulary(content_dir: Path) -> Vocabulary:
    reader = PackReader(content_dir)
    reader.read_vocabulary()
    reader.refuse_if_wrong()
    return reader.vocabulary


def editable(table: Table) -> tuple[str, ...]:
    """All columns but the key."""
    return tuple(name for name in table.names if name not in table.key)


def choices(column: Column, words: Vocabulary) -> tuple[str, ...]:
    """What a field of one word may say; none where it may say anything."""
    if column.kind is not Kind.TEXT or not (column.one_of or column.choices):
        return ()
    allowed = column.choices or tuple(sorted(words[column.one_of]))
    return allowed if column.required else ("", *allowed)


def row_of(session: Session, table: Table, key: str) -> Row | None:
    target = sql_table(table)
    found = session.connection().execute(
        select(target).where(target.c[table.key[0]] == key)
    )
    row = found.mappings().one_or_none()
    return dict(row) if row is not None else None


def shown(value: Any) -> str:
    """As a form shows it, and as ``change`` reads it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(value)
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)


def change(
    session: Session,
    table: Table,
    key: str,
    given: Mapping[str, str],
    words: Vocabulary,
    official: Official,
    now: datetime,
) -> ContentRevision | None:
    """Write what the form says; None when it says what is there already.

    ``FlawedError`` names the fields that cannot be read. A desk that is not there is made.
    """
    here = row_of(session, table, key)
    new = read_form(table, here, given, words)
    old = here or {}
    before = {name: old.get(name) for name in new if old.get(name) != new[name]}
    if not before:
        return None
    after = {name: new[name] for name in before}
    if here is None:
        after = {name: _blank(table, name) for name in editable(table)} | after
    batch = Batch(session, official, RevisionCause.EDIT, now)
    batch.write(table, key, before if here else None, after)
    return batch.finish()[0]


def mark_checked(
    session: Session,
    table: Table,
    keys: Sequence[str],
    official: Official,
    today: date,
    now: datetime,
) -> Sequence[ContentRevision]:
    """Somebody compared these with their sources today, and they are right."""
    batch = Batch(session, official, RevisionCause.CHECK, now)
    for key in dict.fromkeys(keys):
        row = row_of(session, table, key)
        if row is not None and row["checked_on"] != today:
            batch.write(
                table, key, {"checked_on": row["checked_on"]}, {"checked_on": today}
            )
    return batch.finish()


def history(session: Session, table: Table, key: str) -> Sequence[ContentRevision]:
    """Newest first."""
    return session.scalars(
        select(ContentRevision)
        .where(
            col(ContentRevision.record_table) == table.name,
            col(ContentRevision.record_key) == key,
        )
        .order_by(col(ContentRevision.id).desc())
    ).all()


def listed(
    session: Session, table: Table, today: date, *, only_stale: bool, page: int
) -> tuple[list[Row], int]:
    """One page of records with details, the longest unchecked first where those are
    asked for; and how many there are."""
    target = sql_table(table)
    where = []
    if table is PROCEDURES:
        where.append(target.c.status != "index_only")
    if only_stale:
        checked = target.c.checked_on
        where.append(or_(checked.is_(None), checked < today - STALE_AFTER))
    count = session.connection().execute(
        select(func.count()).select_from(target).where(*where)
    )
    order = (
        (target.c.checked_on, *target.primary_key)
        if only_stale
        else tuple(target.primary_key)
    )
    rows = session.connection().execute(
        select(target)
        .where(*where)
        .order_by(*order)
        .limit(PAGE)
        .offset((max(page, 1) - 1) * PAGE)
    )
    return [dict(row) for row in rows.mappings()], count.scalar_one()


def read_form(
    table: Table, here: Row | None, given: Mapping[str, str], words: Vocabulary
) -> Row:
    """The fields whose text is another one now; ``FlawedError`` names the bad ones."""
    new: Row = {}
    flawed: dict[str, Reason] = {}
    for column in table.columns:
        if column.name in table.key or column.name not in given:
            continue
        text = given[column.name].replace("\r\n", "\n").strip()
        if here is not None and text == shown(here[column.name]):
            continue
        try:
            new[column.name] = read_cell(column, text, words)
        except ValueSpoiled as error:
            flawed[column.name] = error.reason
    if flawed:
        raise FlawedError(flawed)
    return new


def _blank(table: Table, name: str) -> Any:
    column = next(one for one in table.columns if one.name == name)
    return parse(replace(column, required=False, one_of=""), None, {})
