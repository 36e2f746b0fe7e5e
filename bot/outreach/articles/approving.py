"""The second person: never the one who wrote it, and only for the text that was shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from bot.people import audit, officials
from models import ArticleState, OaArticle, Official, Role

MOST_LISTED = 20


class Verb(StrEnum):
    """What can be done with an article."""

    SEND = "send"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    EDIT = "edit"
    AGAIN = "again"
    HIDE = "hide"
    SHOW = "show"
    DROP = "drop"
    REMOVE = "remove"


_VERBS = {
    ArticleState.DRAFT: (Verb.SEND, Verb.EDIT, Verb.DROP),
    ArticleState.WAITING_APPROVAL: (Verb.APPROVE, Verb.SEND_BACK, Verb.DROP),
    ArticleState.FAILED: (Verb.AGAIN, Verb.EDIT, Verb.DROP),
    ArticleState.PUBLISHED: (Verb.EDIT, Verb.HIDE, Verb.REMOVE),
}


def verbs_for(
    session: Session, official: Official, article: OaArticle, on_day: date
) -> tuple[Verb, ...]:
    """What this official can do with it now, who may write for its unit."""
    found: tuple[Verb, ...] = _VERBS.get(ArticleState(article.state), ())
    if article.is_hidden:
        found = tuple(Verb.SHOW if one == Verb.HIDE else one for one in found)
    if may_approve(session, official, article, on_day):
        return found
    return tuple(one for one in found if one not in (Verb.APPROVE, Verb.SEND_BACK))


def may_approve(
    session: Session, official: Official, article: OaArticle, on_day: date
) -> bool:
    """Leaders of the unit and who is above them; nobody his own."""
    if article.owner_id == official.id:
        return False
    return officials.may(session, official, Role.LEADER, article.unit_code, on_day)


def waiting_for(
    session: Session, official: Official, on_day: date
) -> Sequence[OaArticle]:
    """What he may approve, the oldest first."""
    in_care = officials.units_in_care(session, official, Role.LEADER, on_day)
    found = session.scalars(
        select(OaArticle)
        .where(
            col(OaArticle.state) == ArticleState.WAITING_APPROVAL,
            col(OaArticle.unit_code).in_([unit.code for unit in in_care]),
        )
        .order_by(col(OaArticle.submitted_at), col(OaArticle.id))
        .limit(MOST_LISTED)
    )
    return [one for one in found if may_approve(session, official, one, on_day)]


def approvers(session: Session, article: OaArticle, on_day: date) -> list[Official]:
    """Whom to tell that it waits: leaders, else supervisors, else administrators."""
    for group in (
        officials.leaders_of(session, article.unit_code, on_day),
        officials.supervisors_of(session, article.unit_code, on_day),
        officials.administrators(session, on_day),
    ):
        if able := [one for one in group if may_approve(session, one, article, on_day)]:
            return able
    return []


def approve(
    session: Session,
    article: OaArticle,
    by: Official,
    revision: int,
    now: datetime,
    on_day: date,
) -> bool:
    """False when it no longer waits in the revision that was shown, or he may not."""
    if not _may_decide(session, article, by, revision, on_day):
        return False
    article.state = _handing_over(article)
    article.approved_by_id, article.approved_at = by.id, now
    _begin_again(article, now)
    _record(session, article, by, "article.approved", now)
    return True


def send_back(
    session: Session,
    article: OaArticle,
    by: Official,
    revision: int,
    reason: str,
    now: datetime,
    on_day: date,
) -> bool:
    """To the writer, with words that say what to change; False as with ``approve``."""
    if not _may_decide(session, article, by, revision, on_day):
        return False
    article.state, article.reason = ArticleState.DRAFT, reason
    _record(session, article, by, "article.sent_back", now)
    return True


def try_again(
    session: Session, article: OaArticle, by: Official, now: datetime
) -> bool:
    """What failed at Zalo, once more: it was approved and has not been changed since."""
    session.refresh(article, with_for_update=True)
    if article.state != ArticleState.FAILED or article.approved_at is None:
        return False
    article.state = _handing_over(article)
    _begin_again(article, now)
    _record(session, article, by, "article.again", now)
    return True


def hide(session: Session, article: OaArticle, by: Official, now: datetime) -> bool:
    """Nobody reads it any more, and it can be shown again; the call follows."""
    return _turn(session, article, by, now, is_hidden=True)


def show_again(
    session: Session, article: OaArticle, by: Official, now: datetime
) -> bool:
    """The words were approved when it was published; the call follows."""
    return _turn(session, article, by, now, is_hidden=False)


def _turn(
    session: Session,
    article: OaArticle,
    by: Official,
    now: datetime,
    *,
    is_hidden: bool,
) -> bool:
    session.refresh(article, with_for_update=True)
    is_out = article.state == ArticleState.PUBLISHED and article.article_id is not None
    if not is_out or article.is_hidden == is_hidden:
        return False
    article.is_hidden = is_hidden
    article.state = ArticleState.UPDATING
    _begin_again(article, now)
    _record(
        session, article, by, "article.hidden" if is_hidden else "article.shown", now
    )
    return True


def remove(session: Session, article: OaArticle, by: Official, now: datetime) -> bool:
    """Take a published one down; the call follows."""
    session.refresh(article, with_for_update=True)
    if article.state != ArticleState.PUBLISHED or article.article_id is None:
        return False
    article.state = ArticleState.REMOVING
    _begin_again(article, now)
    _record(session, article, by, "article.removed", now)
    return True


def _handing_over(article: OaArticle) -> ArticleState:
    """What is at Zalo already is changed there, never created a second time."""
    is_there = article.article_id is not None
    return ArticleState.UPDATING if is_there else ArticleState.CREATING


def _may_decide(
    session: Session, article: OaArticle, by: Official, revision: int, on_day: date
) -> bool:
    """It still waits in the revision that was shown, and he may."""
    session.refresh(article, with_for_update=True)
    is_waiting = article.state == ArticleState.WAITING_APPROVAL
    is_that_one = is_waiting and article.revision == revision
    return is_that_one and may_approve(session, by, article, on_day)


def _begin_again(article: OaArticle, now: datetime) -> None:
    """``call_began_at`` stays: what an earlier attempt may have created is looked for."""
    article.due_at, article.lease_until = now, None
    article.attempts, article.job_token, article.reason = 0, None, ""


def _record(
    session: Session, article: OaArticle, by: Official, action: str, now: datetime
) -> None:
    session.add(article)
    detail = {"oa_id": article.oa_id, "revision": article.revision}
    audit.record(session, by.pseudonym, action, f"article:{article.id}", detail, now)
