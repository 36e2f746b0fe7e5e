"""Whole sheets of an office: the difference first, then all of it or nothing, then undo.

An uploaded sheet is kept sealed for two hours, for who uploaded it: long enough to look at
the difference, also when the next request meets another process. What is applied is the
difference that was looked at; if the database moved meanwhile, the new one is shown first.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from bot.catalogue.importing import ImportPlan, RowChange, outdated, plan_import
from bot.channel.seal import Sealer
from bot.editing import batches
from bot.editing.batches import Batch, ChangedMeanwhileError
from models import ContentImport, Official, RevisionCause

KEPT_FOR = timedelta(hours=2)
LISTED = 20
LONGEST_NAME = 120


class ExpiredError(Exception):
    """The sheet is not kept any more, or was applied already."""


class NotAsSeenError(Exception):
    """The difference is another one than the one that was looked at."""


def keep(
    session: Session,
    sealer: Sealer,
    kind: str,
    file_name: str,
    content: bytes,
    official: Official,
    now: datetime,
) -> ContentImport:
    """The upload, until its difference has been looked at."""
    row = ContentImport(
        kind=kind,
        file_name=file_name[-LONGEST_NAME:],
        sealed=sealer.seal(base64.b64encode(content).decode()),
        uploaded_by=official.pseudonym,
        uploaded_at=now,
        expires_at=now + KEPT_FOR,
    )
    session.add(row)
    session.flush()
    return row


def plan_of(
    session: Session,
    sealer: Sealer,
    row: ContentImport,
    content_dir: Path,
    now: datetime,
) -> ImportPlan:
    """Its difference to the database as it is now; ``SheetUnreadable`` when it is none."""
    if not is_open(row, now):
        raise ExpiredError
    content = base64.b64decode(sealer.open(row.sealed))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"sheet{Path(row.file_name).suffix.lower()}"
        file.write_bytes(content)
        plan = plan_import(session, row.kind, file, content_dir)
    plan.file = row.file_name
    plan.problems = [replace(one, file=row.file_name) for one in plan.problems]
    return plan


def is_open(row: ContentImport, now: datetime) -> bool:
    return bool(row.sealed) and row.applied_at is None and row.expires_at > now


def fingerprint(plan: ImportPlan) -> str:
    """Of what would change: the same difference, the same print."""
    changes = [
        (one.table.name, one.key, one.is_new, one.values, one.fields)
        for one in (*plan.added, *plan.changed)
    ]
    return sha256(repr(changes).encode()).hexdigest()


def apply(
    session: Session,
    row: ContentImport,
    plan: ImportPlan,
    seen: str,
    official: Official,
    now: datetime,
) -> None:
    """Write what was seen, or raise and write nothing."""
    batches.take_turn(session)
    if not is_open(row, now):
        raise ExpiredError
    if plan.problems or fingerprint(plan) != seen or outdated(session, plan):
        raise NotAsSeenError
    batch = Batch(session, official, RevisionCause.IMPORT, now)
    for change in (*plan.added, *plan.changed):
        batch.write(change.table, change.key, *_sides(change))
    batch.finish()
    row.batch, row.applied_at, row.sealed = batch.id, now, ""
    row.added, row.changed = len(plan.added), len(plan.changed)
    session.add(row)


def _sides(change: RowChange) -> tuple[dict[str, object] | None, dict[str, object]]:
    if change.is_new:
        return None, change.values
    return {one.field: one.old for one in change.fields}, change.values


def undo(
    session: Session, row: ContentImport, official: Official, now: datetime
) -> int:
    """The whole import back; raises as ``batches.undo`` does."""
    if row.applied_at is None or row.undone_at is not None:
        raise ChangedMeanwhileError
    count = batches.undo(session, batches.of_batch(session, row.batch), official, now)
    session.execute(
        update(ContentImport)
        .where(col(ContentImport.id) == row.id)
        .values(undone_at=now)
    )
    return count


def lately(session: Session) -> Sequence[ContentImport]:
    """What was applied, newest first."""
    return session.scalars(
        select(ContentImport)
        .where(col(ContentImport.applied_at).is_not(None))
        .order_by(col(ContentImport.applied_at).desc(), col(ContentImport.id).desc())
        .limit(LISTED)
    ).all()


def discard(session: Session, row: ContentImport) -> None:
    """Who does not want it: nothing of the sheet stays."""
    if row.applied_at is None:
        session.delete(row)


def forget_expired(session: Session, now: datetime) -> int:
    gone = delete(ContentImport).where(
        col(ContentImport.applied_at).is_(None), col(ContentImport.expires_at) < now
    )
    return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
