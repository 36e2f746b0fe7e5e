"""What of an article is out: each text that was published, the newest is what people read.

A change is written on the article's own row and leaves its versions alone: until Zalo has
taken it, what is out stays out, and giving it up brings the newest version back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.outreach.articles.words import Words, words_of
from bot.outreach.drawing.spec import Layout, Palette
from models import ArticleState, ArticleVersion, OaArticle


class Change(StrEnum):
    """What the newest version did to the one before."""

    FIRST = "first"
    WORDS = "words"
    HIDDEN = "hidden"
    SHOWN = "shown"


def keep(session: Session, article: OaArticle, now: datetime) -> Change:
    """It is out as it stands on its row."""
    before = newest(session, article)
    words = _stored(words_of(article))
    if before is not None and before.words == words:
        was_hidden, before.is_hidden = before.is_hidden, article.is_hidden
        session.add(before)
        if was_hidden != article.is_hidden:
            return Change.HIDDEN if article.is_hidden else Change.SHOWN
        return Change.WORDS
    session.add(
        ArticleVersion(
            oa_article_id=article.id or 0,
            number=before.number + 1 if before else 1,
            words=words,
            cover_sha256=article.cover_sha256 or "",
            picture_sha256=article.picture_sha256 or "",
            is_hidden=article.is_hidden,
            owner_id=article.owner_id,
            approved_by_id=article.approved_by_id,
            published_at=now,
        )
    )
    session.flush()
    return Change.WORDS if before else Change.FIRST


def newest(session: Session, article: OaArticle) -> ArticleVersion | None:
    """What is out; None of what never was."""
    return session.scalars(_of(article).limit(1)).first()


def all_of(session: Session, article: OaArticle) -> Sequence[ArticleVersion]:
    """The newest first."""
    return session.scalars(_of(article)).all()


def bring_back(session: Session, article: OaArticle) -> bool:
    """The row is again what is out; False of what never was."""
    version = newest(session, article)
    if version is None or article.article_id is None:
        return False
    for name, value in version.words.items():
        setattr(article, name, value)
    article.cover_sha256 = version.cover_sha256
    article.picture_sha256 = version.picture_sha256
    article.is_hidden = version.is_hidden
    article.state, article.reason = ArticleState.PUBLISHED, ""
    article.due_at = article.lease_until = None
    article.job_token = article.call_began_at = None
    session.add(article)
    return True


def words_in(version: ArticleVersion) -> Words:
    """Its words as they were written."""
    stored = dict(version.words)
    stored["points"] = tuple(stored["points"])
    stored["layout"] = Layout(stored["layout"])
    stored["palette"] = Palette(stored["palette"])
    return Words(**stored)


def _stored(words: Words) -> dict[str, Any]:
    return asdict(words) | {
        "points": list(words.points),
        "layout": words.layout.value,
        "palette": words.palette.value,
    }


def _of(article: OaArticle) -> Any:
    return (
        select(ArticleVersion)
        .where(col(ArticleVersion.oa_article_id) == article.id)
        .order_by(col(ArticleVersion.number).desc())
    )
