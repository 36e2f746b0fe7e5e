"""Writing an article: who may, for which account, and what it must hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.channel.zalo.articles import LONGEST_DESCRIPTION
from bot.outreach.articles import versions
from bot.outreach.articles.words import Words
from bot.outreach.drawing.spec import LONGEST_TITLE, Layout, Palette, Spec
from bot.people import audit, officials, units
from models import Account, ArticleState, OaArticle, Official, Role

SHORTEST_BODY, LONGEST_BODY = 40, 20_000
# What is out can be changed: the new words are approved like the first ones, and the old
# ones stay out until then.
EDITABLE = (ArticleState.DRAFT, ArticleState.FAILED, ArticleState.PUBLISHED)
_OPEN = (ArticleState.DRAFT, ArticleState.FAILED, ArticleState.WAITING_APPROVAL)


class DraftError(ValueError):
    """The draft cannot be kept like this; ``field`` is what to change."""

    def __init__(self, field: str, limit: str) -> None:
        super().__init__(f"{field}: {limit}")
        self.field = field
        self.limit = limit


def accounts_for(
    session: Session, official: Official, on_day: date
) -> list[tuple[str, Account]]:
    """(unit code, account) for which he may write: connected, of a unit in his care."""
    in_care = officials.units_in_care(session, official, Role.OFFICIAL, on_day)
    codes = [unit.code for unit in in_care]
    found = session.scalars(
        select(Account)
        .where(
            col(Account.unit_code).in_(codes),
            col(Account.refresh_token_sealed).is_not(None),
        )
        .order_by(col(Account.name), col(Account.oa_id))
    )
    return [(account.unit_code or "", account) for account in found]


def create(
    session: Session,
    account: Account,
    unit_code: str,
    words: Words,
    owner: Official,
    now: datetime,
) -> OaArticle:
    """A draft of this person for this account. ``DraftError``, ``SpecError``."""
    article = OaArticle(
        oa_id=account.oa_id,
        unit_code=unit_code,
        title="",
        description="",
        body="",
        link="",
        layout="",
        palette="",
        calendar_key=words.calendar_key,
        owner_id=owner.id,
        created_at=now,
    )
    _write(session, article, words, now)
    session.add(article)
    session.flush()
    _record(session, owner, "article.created", article, now)
    return article


def edit(
    session: Session, article: OaArticle, words: Words, by: Official, now: datetime
) -> None:
    """Other words; the pictures are drawn again."""
    if article.state not in EDITABLE:
        raise DraftError("state", article.state)
    _write(session, article, words, now)
    article.state, article.reason = ArticleState.DRAFT, ""
    article.owner_id = by.id
    session.add(article)
    _record(session, by, "article.edited", article, now)


def submit(session: Session, article: OaArticle, by: Official, now: datetime) -> None:
    """On to the second person."""
    if article.state != ArticleState.DRAFT:
        raise DraftError("state", article.state)
    article.state = ArticleState.WAITING_APPROVAL
    article.reason = ""
    article.revision += 1
    article.submitted_at = now
    article.owner_id = by.id
    session.add(article)
    _record(session, by, "article.submitted", article, now)


def drop(session: Session, article: OaArticle, by: Official, now: datetime) -> bool:
    """Given up before it was published, or a change of what is out; False when it is too
    late for that. What is out stays as it is."""
    if article.state not in _OPEN:
        return False
    if not versions.bring_back(session, article):
        article.state, article.due_at = ArticleState.DROPPED, None
    session.add(article)
    _record(session, by, "article.dropped", article, now)
    return True


def spec_of(session: Session, article: OaArticle, day: date) -> Spec:
    """What its pictures say."""
    return Spec(
        title=article.title,
        points=tuple(article.points),
        unit=units.name_of(session, article.unit_code),
        day=day,
        link=article.link,
        layout=Layout(article.layout),
        palette=Palette(article.palette),
    )


def of_units(
    session: Session, unit_codes: Sequence[str], most: int
) -> Sequence[OaArticle]:
    """The newest first, without what was given up."""
    return session.scalars(
        select(OaArticle)
        .where(
            col(OaArticle.unit_code).in_(unit_codes),
            col(OaArticle.state) != ArticleState.DROPPED,
        )
        .order_by(col(OaArticle.id).desc())
        .limit(most)
    ).all()


def readable(
    session: Session, unit_codes: Sequence[str], most: int
) -> Sequence[OaArticle]:
    """What is out, shown, and has an address; the newest first."""
    return session.scalars(
        select(OaArticle)
        .where(
            col(OaArticle.unit_code).in_(unit_codes),
            col(OaArticle.state) == ArticleState.PUBLISHED,
            col(OaArticle.is_hidden).is_(False),
            col(OaArticle.article_link).is_not(None),
        )
        .order_by(col(OaArticle.published_at).desc(), col(OaArticle.id).desc())
        .limit(most)
    ).all()


def newest(session: Session, most: int) -> list[dict[str, str]]:
    """Of all accounts, for operators."""
    found = session.scalars(
        select(OaArticle).order_by(col(OaArticle.id).desc()).limit(most)
    )
    return [
        {
            "id": str(one.id),
            "state": str(one.state),
            "oa_id": one.oa_id,
            "unit": one.unit_code,
            "title": one.title,
            "link": one.article_link or "",
        }
        for one in found
    ]


def _write(session: Session, article: OaArticle, words: Words, now: datetime) -> None:
    body = "\n\n".join(
        part.strip() for part in words.body.split("\n\n") if part.strip()
    )
    title = " ".join(words.title.split())
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise DraftError("title", str(LONGEST_TITLE))
    if not SHORTEST_BODY <= len(body) <= LONGEST_BODY:
        raise DraftError("body", f"{SHORTEST_BODY}-{LONGEST_BODY}")
    article.title, article.body = title, body
    article.description = words.description.strip() or _opening(body)
    article.points = list(words.points)
    article.link = words.link.strip()
    article.layout, article.palette = words.layout.value, words.palette.value
    spec_of(session, article, now.date()).checked()
    article.cover_sha256 = article.picture_sha256 = None
    article.due_at, article.lease_until = now, None  # to be drawn


def _opening(body: str) -> str:
    """The first paragraph, cut after a whole word."""
    first = " ".join(body.partition("\n\n")[0].split())
    if len(first) <= LONGEST_DESCRIPTION:
        return first
    return first[: LONGEST_DESCRIPTION - 1].rpartition(" ")[0].rstrip(" ,;:") + "…"


def _record(
    session: Session, by: Official, action: str, article: OaArticle, now: datetime
) -> None:
    detail = {"oa_id": article.oa_id, "revision": article.revision}
    audit.record(session, by.pseudonym, action, f"article:{article.id}", detail, now)
