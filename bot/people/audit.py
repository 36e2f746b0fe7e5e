"""Who changed what, when: a chain in which an altered or missing entry shows.

Guarantees:

* each entry's hash covers its own content and the hash of the one before, so ``verify``
  finds an entry that was changed, added between or taken out; cutting off the newest ones
  shows only to who kept the last hash (``python app.py audit verify`` prints it);
* writers are served one at a time on either engine, so the chain never forks. On
  PostgreSQL the lock is held until the transaction ends: record last, commit soon;
* entries hold ids and codes only, never names or sentences: a detail that looks like
  either is refused. So a person can be forgotten and the chain still verifies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from models import AuditEntry

OPERATOR = "operator"  # whoever may use the command line
PROGRAM = "program"
BEGINNING = "0" * 64  # what the first entry follows

# Any number that no other lock of ours uses.
_LOCK = 0x417564
_ROWS_AT_ONCE = 500
_CODE = re.compile(r"[A-Za-z0-9_.:@+/-]{0,200}")


class NotForTheRecord(ValueError):
    """The detail holds more than ids and codes."""


def record(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    now: datetime,
) -> None:
    """Add one entry at the end of the chain, in the caller's transaction."""
    plain = dict(detail)
    for text in (actor, action, subject):
        _require_codes(text)
    _require_codes(plain)
    if session.connection().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    previous = last_sha256(session)
    session.add(
        AuditEntry(
            at=now,
            actor=actor,
            action=action,
            subject=subject,
            detail=plain,
            previous_sha256=previous,
            sha256=_digest(now, actor, action, subject, plain, previous),
        )
    )
    session.flush()


def verify(session: Session) -> int | None:
    """The id of the first entry that does not fit the chain; None when all do."""
    previous = BEGINNING
    entries = session.scalars(
        select(AuditEntry)
        .order_by(col(AuditEntry.id))
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    for entry in entries:
        own = _digest(
            entry.at, entry.actor, entry.action, entry.subject, entry.detail, previous
        )
        if entry.previous_sha256 != previous or entry.sha256 != own:
            return entry.id
        previous = entry.sha256
    return None


def last_sha256(session: Session) -> str:
    """The hash at the end of the chain: write it down elsewhere, and nothing can be cut."""
    newest = select(col(AuditEntry.sha256)).order_by(col(AuditEntry.id).desc()).limit(1)
    return session.execute(newest).scalar_one_or_none() or BEGINNING


def _digest(
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    previous: str,
) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    content = [previous, moment, actor, action, subject, detail]
    text = json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return sha256(text.encode()).hexdigest()


def _require_codes(value: object) -> None:
    match value:
        case None | bool() | int():
            return
        case str() if _CODE.fullmatch(value):
            return
        case list() | tuple():
            for one in value:
                _require_codes(one)
        case dict():
            for key, one in value.items():
                _require_codes(key)
                _require_codes(one)
        case _:
            raise NotForTheRecord(f"not an id, a code or a number: {type(value)}")
