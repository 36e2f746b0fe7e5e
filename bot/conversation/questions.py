"""What the bot could not answer, and what officials make of it: another name of a record,
or nothing because it is not our business. The next citizen who asks so is answered.

Functions take a session and never commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.catalogue import aliases
from bot.people import audit
from models import LocalAlias, Official, Resolution, UnansweredQuestion

MOST_SHOWN = 200


class ResolvedError(Exception):
    """Somebody was quicker."""


def open_questions(
    session: Session, oa_ids: Collection[str]
) -> Sequence[UnansweredQuestion]:
    """Newest first."""
    return session.scalars(
        select(UnansweredQuestion)
        .where(_of(oa_ids), col(UnansweredQuestion.resolved_at).is_(None))
        .order_by(col(UnansweredQuestion.id).desc())
        .limit(MOST_SHOWN)
    ).all()


def count_open(session: Session, oa_ids: Collection[str]) -> int:
    statement = select(func.count()).where(
        _of(oa_ids), col(UnansweredQuestion.resolved_at).is_(None)
    )
    return session.scalar(statement) or 0


def lately_resolved(
    session: Session, oa_ids: Collection[str], most: int = 20
) -> Sequence[UnansweredQuestion]:
    return session.scalars(
        select(UnansweredQuestion)
        .where(_of(oa_ids), col(UnansweredQuestion.resolved_at).is_not(None))
        .order_by(col(UnansweredQuestion.resolved_at).desc())
        .limit(most)
    ).all()


def answer_by_alias(
    session: Session,
    question: UnansweredQuestion,
    official: Official,
    record: tuple[str, str],
    text: str,
    now: datetime,
) -> LocalAlias:
    """From now on these words lead to the record (kind, id); all open questions with the
    same words are settled by it."""
    kind, record_id = record
    alias = aliases.add(session, kind, record_id, text, official.pseudonym, now)
    detail = {"alias": alias.id, "kind": kind}
    for one in _same(session, question):
        _resolve(one, Resolution.ALIAS, official, now)
        one.alias_id = alias.id
    _record(session, question, official, "question.alias_added", detail, now)
    return alias


def not_ours(
    session: Session, question: UnansweredQuestion, official: Official, now: datetime
) -> None:
    for one in _same(session, question):
        _resolve(one, Resolution.NOT_OURS, official, now)
    _record(session, question, official, "question.not_ours", {}, now)


def reopen(
    session: Session, question: UnansweredQuestion, official: Official, now: datetime
) -> None:
    """Undo: the name is taken back, the questions that it settled are open again."""
    if question.resolved_at is None:
        return
    if question.alias_id is not None:
        alias = session.get(LocalAlias, question.alias_id)
        if alias is not None:
            aliases.remove(session, alias, now)
    for one in _settled_with(session, question):
        one.resolved_at = one.resolution = one.resolved_by = one.alias_id = None
    _record(session, question, official, "question.reopened", {}, now)


def _of(oa_ids: Collection[str]) -> Any:
    return col(UnansweredQuestion.oa_id).in_(oa_ids)


def _same(
    session: Session, question: UnansweredQuestion
) -> Sequence[UnansweredQuestion]:
    """It and its repetitions at the same account; ``ResolvedError`` if it is not open."""
    if question.resolved_at is not None:
        raise ResolvedError
    return session.scalars(
        select(UnansweredQuestion).where(
            col(UnansweredQuestion.oa_id) == question.oa_id,
            col(UnansweredQuestion.text) == question.text,
            col(UnansweredQuestion.resolved_at).is_(None),
        )
    ).all()


def _settled_with(
    session: Session, question: UnansweredQuestion
) -> Sequence[UnansweredQuestion]:
    return session.scalars(
        select(UnansweredQuestion).where(
            col(UnansweredQuestion.oa_id) == question.oa_id,
            col(UnansweredQuestion.text) == question.text,
            col(UnansweredQuestion.resolved_at) == question.resolved_at,
        )
    ).all()


def _resolve(
    question: UnansweredQuestion, how: Resolution, official: Official, now: datetime
) -> None:
    question.resolved_at, question.resolution = now, how
    question.resolved_by = official.pseudonym


def _record(
    session: Session,
    question: UnansweredQuestion,
    official: Official,
    action: str,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    session.flush()
    subject = f"question:{question.id}"
    audit.record(session, official.pseudonym, action, subject, detail, now)
