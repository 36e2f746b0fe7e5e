"""Texts as this office words them: beside the shipped ones, with their history.

An own wording lives in the database and survives an upgrade; ``shipped`` keeps what it was
written for, so that a release which says something else there is noticed. Each change is a
``ContentRevision`` of the table ``texts``; every process hears of it by the newest of them
(``conversation/texts.Texts.look``). Functions take a session and never commit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.catalogue.values import Reason
from bot.conversation.texts import HISTORY
from bot.conversation.wording_rules import fits, flaws, left_out, normal
from bot.editing.batches import Batch, ChangedMeanwhileError
from models import ContentRevision, Official, OwnWording, RevisionCause

SECTIONS = "text_sections.toml"


class RefusedError(Exception):
    """It cannot be said this way, for these reasons; nothing was changed."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class LeavesOutError(Exception):
    """It says less than the shipped text: whoever means that says so."""

    def __init__(self, blanks: Sequence[str]) -> None:
        super().__init__(", ".join(blanks))
        self.blanks = blanks


@dataclass(frozen=True, slots=True)
class Section:
    """Where the texts of one section are read, and by whom."""

    name: str
    title: str
    readers: str  # citizens, officials
    where: str
    is_fixed: bool  # printed in tables that were closed: they must stay as they are


@dataclass(frozen=True, slots=True)
class TextRow:
    """One text as it ships and as it is said here."""

    key: str
    shipped: str
    own: OwnWording | None

    @property
    def is_outdated(self) -> bool:
        """An upgrade changed the shipped text under it."""
        return self.own is not None and self.own.shipped != self.shipped

    @property
    def is_unfit(self) -> bool:
        """The shipped text is said, since this one no longer fits its blanks."""
        return self.own is not None and not fits(
            {self.key: self.shipped}, self.key, self.own.wording
        )


def read_sections(content_dir: Path) -> Mapping[str, Section]:
    tables = tomllib.loads((content_dir / SECTIONS).read_text(encoding="utf-8"))
    return {
        name: Section(
            name, one["title"], one["readers"], one.get("where", ""),
            one.get("fixed", False),
        )
        for name, one in tables.items()
    }  # fmt: skip


def rows(session: Session, sources: Mapping[str, str]) -> Sequence[TextRow]:
    own = _all_own(session)
    return [TextRow(key, text, own.get(key)) for key, text in sources.items()]


def orphans(session: Session, sources: Mapping[str, str]) -> Sequence[OwnWording]:
    """Wordings of texts that this release does not have."""
    return [one for key, one in _all_own(session).items() if key not in sources]


def upgrade_news(session: Session, sources: Mapping[str, str]) -> Iterator[str]:
    """For the terminal: own wordings that the dashboard wants looked at."""
    for row in rows(session, sources):
        if row.is_unfit:
            yield f"text {row.key}: the own wording no longer fits, the shipped is said"
        elif row.is_outdated:
            yield f"text {row.key}: the shipped text changed under the own wording"
    for one in orphans(session, sources):
        yield f"text {one.key}: is no more, its own wording is not used"


def row_of(session: Session, sources: Mapping[str, str], key: str) -> TextRow:
    return TextRow(key, sources[key], session.get(OwnWording, key))


def change(
    session: Session,
    row: TextRow,
    wording: str,
    official: Official,
    now: datetime,
    *,
    may_leave_out: bool = False,
) -> ContentRevision | None:
    """Say it this way from now on; None when it is said so already.

    ``RefusedError``, ``LeavesOutError`` say why not. The shipped wording, written again,
    is no wording of one's own.
    """
    wording = normal(wording)
    if wording == normal(row.shipped):
        return back_to_shipped(session, row, official, now)
    if row.own is not None and row.own.wording == wording and not row.is_outdated:
        return None
    found = flaws(row.shipped, wording)
    if found:
        raise RefusedError(found)
    missing = left_out(row.shipped, wording)
    if missing and not may_leave_out:
        raise LeavesOutError(missing)
    return _write(session, row.key, _values(wording, row.shipped), official, now)


def back_to_shipped(
    session: Session, row: TextRow, official: Official, now: datetime
) -> ContentRevision | None:
    if row.own is None:
        return None
    return _write(session, row.key, None, official, now)


def drop(
    session: Session, key: str, official: Official, now: datetime
) -> ContentRevision | None:
    """Of a text that is no more."""
    if session.get(OwnWording, key) is None:
        return None
    return _write(session, key, None, official, now)


def undo(
    session: Session, revision: ContentRevision, official: Official, now: datetime
) -> None:
    """Back to what was said before; ``ChangedMeanwhileError`` if it was changed since."""
    here = _as_values(session.get(OwnWording, revision.record_key))
    if revision.undone_at is not None or here != revision.after:
        raise ChangedMeanwhileError(revision.record_key)
    _write(
        session, revision.record_key, revision.before, official, now, RevisionCause.UNDO
    )
    revision.undone_at = now
    session.add(revision)


def history(session: Session, key: str) -> Sequence[ContentRevision]:
    """Newest first."""
    return session.scalars(
        select(ContentRevision)
        .where(
            col(ContentRevision.record_table) == HISTORY,
            col(ContentRevision.record_key) == key,
        )
        .order_by(col(ContentRevision.id).desc())
    ).all()


def _write(
    session: Session,
    key: str,
    after: dict[str, Any] | None,
    official: Official,
    now: datetime,
    cause: RevisionCause = RevisionCause.EDIT,
) -> ContentRevision:
    own = session.get(OwnWording, key)
    before = _as_values(own)
    if after is None:
        session.delete(own)
    elif own is None:
        session.add(
            OwnWording(key=key, changed_by=official.pseudonym, changed_at=now, **after)
        )
    else:
        own.wording, own.shipped = after["wording"], after["shipped"]
        own.changed_by, own.changed_at = official.pseudonym, now
        session.add(own)
    session.flush()
    batch = Batch(session, official, cause, now)
    batch.note(HISTORY, key, before, after)
    return batch.finish()[0]


def _values(wording: str, shipped: str) -> dict[str, Any]:
    return {"wording": wording, "shipped": shipped}


def _as_values(own: OwnWording | None) -> dict[str, Any] | None:
    return None if own is None else _values(own.wording, own.shipped)


def _all_own(session: Session) -> dict[str, OwnWording]:
    found: Iterable[OwnWording] = session.scalars(
        select(OwnWording).order_by(col(OwnWording.key))
    )
    return {one.key: one for one in found}
