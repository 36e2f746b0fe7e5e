"""The program's steps of an article: drawing, creating, changing, verifying, removing.

Each call of ``run_once`` takes one article that is due, leases it, and does one thing with
nothing open; the outcome, and what people are told of it, are one commit.

* A create that surely had no effect is repeated after a growing pause.
* One whose outcome is unknown (no answer, a worker that died, "send failed") is looked for
  among the account's articles, by title and time, for ``LOOKED_FOR``: Zalo publishes
  without being asked again. Only then it is created anew.
* A change hands over the whole article under its id: repeating it does no harm.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.channel.accounts import Accounts, TokenDead
from bot.channel.zalo.articles import LONGEST_AUTHOR, PAGE, Article, NewArticle, Part
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, OutcomeUnknown, ZaloError
from bot.clock import Clock
from bot.db import Database
from bot.files import Files
from bot.outreach.articles import versions
from bot.outreach.articles.drafts import spec_of
from bot.outreach.articles.pictures import make_pictures, url_of
from bot.outreach.articles.words import words_of
from bot.outreach.drawing.spec import Spec
from models import Account, ArticleState, OaArticle

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=3)  # drawing, two calls of 13 s, and a slow machine
VERIFIED_EVERY = timedelta(seconds=10)
# Typical are seconds; a picture from a slow host takes minutes.
VERIFIED_FOR = timedelta(minutes=30)
LOOKED_EVERY = timedelta(minutes=1)
LOOKED_FOR = timedelta(minutes=10)
CLOCK_SKEW = timedelta(minutes=2)  # Zalo's clock and ours
PAGES_LOOKED_THROUGH = 5
FIRST_PAUSE = timedelta(minutes=1)
MOST_ATTEMPTS = 8  # the last an hour after the one before: four hours in all
LONGEST_PAUSE = timedelta(hours=1)
AGAIN_AT_HOUR = 6  # of the next day, when Zalo's quota of the day is used up
MEDIA_FAILED_CODE = -200
UNKNOWN_ID_CODE = -201


class News(StrEnum):
    """What people are told."""

    DRAWN = "drawn"
    PUBLISHED = "published"
    CHANGED = "changed"
    HIDDEN = "hidden"
    SHOWN = "shown"
    FAILED = "failed"
    DELAYED = "delayed"
    REMOVED = "removed"


class Failure(StrEnum):
    """Why an article failed: codes of sentences."""

    MEDIA = "media"  # Zalo could not fetch the pictures
    REFUSED = "refused"  # the article itself, or the account's rights
    UNAVAILABLE = "unavailable"
    NOT_VERIFIED = "not_verified"
    QUOTA = "quota"


_NEWS = {
    versions.Change.FIRST: News.PUBLISHED,
    versions.Change.WORDS: News.CHANGED,
    versions.Change.HIDDEN: News.HIDDEN,
    versions.Change.SHOWN: News.SHOWN,
}
Tell = Callable[[Session, OaArticle, News, datetime], None]


@dataclass(frozen=True, slots=True)
class Publisher:
    """``label`` renders texts of the picture; ``tell`` writes to people, and lets the post
    be credited, in the transaction of the outcome."""

    database: Database
    clock: Clock
    client: ZaloClient
    accounts: Accounts
    files: Files
    label: Callable[..., str]
    tell: Tell
    public_url: str
    zone: ZoneInfo

    def run_once(self) -> bool:
        """One step of one article; False when nothing is due."""
        claimed = self._claim()
        if claimed is None:
            return False
        article, spec, author = claimed
        if article.picture_sha256 is None:
            self._draw(article, spec)
        elif article.state == ArticleState.CREATING:
            self._create(article, spec, author)
        elif article.state == ArticleState.UPDATING:
            self._update(article, spec, author)
        elif article.state == ArticleState.VERIFYING:
            self._verify(article)
        elif article.state == ArticleState.REMOVING:
            self._remove(article)
        else:
            self._done(article)
        return True

    # --- whose turn it is -------------------------------------------------------------------

    def _claim(self) -> tuple[OaArticle, Spec, str] | None:
        now = self.clock.now()
        with self.database.writing() as session:
            found = session.scalars(
                select(OaArticle)
                .where(
                    col(OaArticle.due_at) <= now,
                    or_(
                        col(OaArticle.lease_until).is_(None),
                        col(OaArticle.lease_until) <= now,
                    ),
                )
                .order_by(col(OaArticle.due_at), col(OaArticle.id))
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if found is None:
                return None
            found.lease_until = now + LEASE
            session.add(found)
            session.flush()
            spec = spec_of(session, found, now.astimezone(self.zone).date())
            account = session.get(Account, found.oa_id)
            author = (account.name if account else "") or spec.unit
            session.expunge(found)  # from here on what was seen, not what is stored
            return found, spec, author

    def _write(
        self,
        article: OaArticle,
        news: News | None,
        values: Mapping[str, object],
    ) -> bool:
        """The outcome of a step, if it is still ours; ``due_at`` None: nothing more to do."""
        with self.database.writing() as session:
            row = session.scalars(
                select(OaArticle)
                .where(col(OaArticle.id) == article.id)
                .with_for_update()
            ).one()
            is_ours = row.lease_until == article.lease_until
            if not is_ours or words_of(row) != words_of(article):
                return False  # edited, or another worker has gone on
            for name, value in ({"lease_until": None} | dict(values)).items():
                setattr(row, name, value)
            session.add(row)
            session.flush()
            if news == News.PUBLISHED:
                news = _NEWS[versions.keep(session, row, self.clock.now())]
            if news is not None:
                self.tell(session, row, news, self.clock.now())
        log.info("article_step", id=article.id, state=str(row.state), news=news)
        return True

    def _later(self, article: OaArticle, pause: timedelta, **values: object) -> None:
        self._write(article, None, {"due_at": self.clock.now() + pause} | values)

    def _done(
        self, article: OaArticle, news: News | None = None, **values: object
    ) -> None:
        self._write(article, news, {"due_at": None} | values)

    def _fail(self, article: OaArticle, why: Failure, code: int | None = None) -> None:
        """``call_began_at`` stays where it may be published yet: whoever tries again looks
        for it first."""
        log.warning("article_failed", id=article.id, why=why, code=code)
        is_open = why in (Failure.NOT_VERIFIED, Failure.MEDIA)
        self._done(
            article,
            News.FAILED,
            state=ArticleState.FAILED,
            reason=why.value,
            call_began_at=article.call_began_at if is_open else None,
            job_token=None,
        )

    # --- drawing ------------------------------------------------------------------------------

    def _draw(self, article: OaArticle, spec: Spec) -> None:
        made = make_pictures(spec, self.files, self.label)
        goes_on = article.state in (ArticleState.CREATING, ArticleState.UPDATING)
        values = {
            "cover_sha256": made.cover.digest,
            "picture_sha256": made.picture.digest,
            "due_at": self.clock.now() if goes_on else None,
        }
        self._write(article, None if goes_on else News.DRAWN, values)

    # --- creating -----------------------------------------------------------------------------

    def _create(self, article: OaArticle, spec: Spec, author: str) -> None:
        try:
            token = self.accounts.valid_token(article.oa_id)
            if article.call_began_at is not None and not self._may_create(
                article, token
            ):
                return
            began = self.clock.now()
            lease = began + LEASE
            values = {"call_began_at": began, "lease_until": lease}
            if not self._write(article, None, values):
                return
            article.lease_until, article.call_began_at = lease, began
            content = self._content(article, spec, author)
            job = self.accounts.call(
                article.oa_id,
                lambda token: self.client.create_article(token, content),
                token,
            )
        except OutcomeUnknown:
            self._later(article, LOOKED_EVERY)
        except TokenDead:
            self._later(article, LONGEST_PAUSE)
        except ZaloError as error:
            self._after_error(article, error)
        else:
            self._taken(article, job)

    def _taken(self, article: OaArticle, job: str) -> None:
        self._later(
            article,
            VERIFIED_EVERY,
            state=ArticleState.VERIFYING,
            job_token=job,
            attempts=0,
        )

    def _may_create(self, article: OaArticle, token: str) -> bool:
        """An earlier call may have created it: found, or surely not there any more?"""
        found = self._look(article, token)
        if found is not None:
            self._published(article, found.article_id, found.link)
            return False
        if (
            article.call_began_at
            and self.clock.now() < article.call_began_at + LOOKED_FOR
        ):
            self._later(article, LOOKED_EVERY)
            return False
        return True

    def _content(self, article: OaArticle, spec: Spec, author: str) -> NewArticle:
        cover = url_of(self.public_url, article.cover_sha256 or "")
        picture = url_of(self.public_url, article.picture_sha256 or "")
        alt = self.label("drawing.alt", spec=spec)
        link = html.escape(article.link)
        source = self.label("posts.read_on", link=f'<a href="{link}">{link}</a>')
        return NewArticle(
            title=article.title,
            author=author[:LONGEST_AUTHOR],
            description=article.description,
            cover_url=cover,
            body=(
                Part(html=_paragraphs(article.body)),
                Part(picture_url=picture, caption=alt),
                Part(html=f"<p>{source}</p>"),
            ),
            is_shown=not article.is_hidden,
        )

    def _after_error(self, article: OaArticle, error: ZaloError) -> None:
        """Zalo said what is wrong: surely without effect, but for "send failed"."""
        match error.action:
            case Action.RETRY_CAREFULLY:
                self._later(article, LOOKED_EVERY)
            case Action.DEFER:
                self._next_day(article)
            case Action.RETRY | Action.NEXT_MINUTE | Action.REFRESH_TOKEN:
                self._again(article, error.code)
            case _:
                self._fail(article, Failure.REFUSED, error.code)

    def _again(self, article: OaArticle, code: int | None) -> None:
        if article.attempts >= MOST_ATTEMPTS:
            self._fail(article, Failure.UNAVAILABLE, code)
            return
        pause = min(FIRST_PAUSE * 2**article.attempts, LONGEST_PAUSE)
        self._later(article, pause, attempts=article.attempts + 1, call_began_at=None)

    def _next_day(self, article: OaArticle) -> None:
        if article.attempts >= MOST_ATTEMPTS:
            self._fail(article, Failure.QUOTA)
            return
        local = self.clock.now().astimezone(self.zone) + timedelta(days=1)
        due = local.replace(hour=AGAIN_AT_HOUR, minute=0, second=0, microsecond=0)
        values = {
            "due_at": due,
            "reason": Failure.QUOTA.value,
            "attempts": article.attempts + 1,
            "call_began_at": None,
        }
        self._write(article, News.DELAYED, values)

    # --- changing -----------------------------------------------------------------------------

    def _update(self, article: OaArticle, spec: Spec, author: str) -> None:
        """The whole article once more, under its id."""
        began = self.clock.now()
        lease = began + LEASE
        if not self._write(
            article, None, {"call_began_at": began, "lease_until": lease}
        ):
            return
        article.lease_until, article.call_began_at = lease, began
        content = self._content(article, spec, author)
        try:
            job = self.accounts.call(
                article.oa_id,
                lambda token: self.client.update_article(
                    token, article.article_id or "", content
                ),
            )
        except OutcomeUnknown:
            self._again(article, None)
        except TokenDead:
            self._later(article, LONGEST_PAUSE)
        except ZaloError as error:
            if error.action == Action.RETRY_CAREFULLY:
                self._again(article, error.code)
            else:
                self._after_error(article, error)
        else:
            self._taken(article, job)

    # --- verifying ----------------------------------------------------------------------------

    def _verify(self, article: OaArticle) -> None:
        try:
            token = self.accounts.valid_token(article.oa_id)
            article_id = self.client.verify_article(token, article.job_token or "")
            link = article.article_link
            if article.article_id is None:  # its link is known only from the list
                found = self._look(article, token, article_id)
                link = found.link if found else None
        except (OutcomeUnknown, TokenDead):
            self._wait_for_it(article)
        except ZaloError as error:
            if error.code == MEDIA_FAILED_CODE:
                self._fail(article, Failure.MEDIA, error.code)
            elif error.code == UNKNOWN_ID_CODE:  # the job is gone: what did it leave?
                self._forget_job(article)
            else:
                self._wait_for_it(article)
        else:
            self._published(article, article_id, link)

    def _wait_for_it(self, article: OaArticle) -> None:
        began = article.call_began_at or article.created_at
        if self.clock.now() < began + VERIFIED_FOR:
            self._later(article, VERIFIED_EVERY)
        else:
            self._fail(article, Failure.NOT_VERIFIED)

    def _forget_job(self, article: OaArticle) -> None:
        is_there = article.article_id is not None
        state = ArticleState.UPDATING if is_there else ArticleState.CREATING
        self._later(article, LOOKED_EVERY, state=state, job_token=None)

    def _published(self, article: OaArticle, article_id: str, link: str | None) -> None:
        self._done(
            article,
            News.PUBLISHED,
            state=ArticleState.PUBLISHED,
            reason="",
            article_id=article_id,
            article_link=link,
            published_at=article.published_at or self.clock.now(),
            call_began_at=None,
            job_token=None,
        )

    # --- looking ------------------------------------------------------------------------------

    def _look(
        self, article: OaArticle, token: str, article_id: str | None = None
    ) -> Article | None:
        """By its id; else by title among what was created since our call, and is no
        other article of ours."""
        since = (article.call_began_at or article.created_at) - CLOCK_SKEW
        with self.database.reading() as session:
            ours = set(
                session.scalars(
                    select(col(OaArticle.article_id)).where(
                        col(OaArticle.oa_id) == article.oa_id,
                        col(OaArticle.article_id).is_not(None),
                        col(OaArticle.id) != article.id,
                    )
                )
            )
        for one in self._listed(token, since):
            if article_id is not None:
                if one.article_id == article_id:
                    return one
            elif _same_title(one.title, article.title) and one.article_id not in ours:
                return one
        return None

    def _listed(self, token: str, since: datetime) -> Iterator[Article]:
        """The newest first, until they are older; without a time only the first page."""
        for number in range(PAGES_LOOKED_THROUGH):
            page = self.client.articles(token, offset=number * PAGE)
            dated = [one for one in page.articles if one.created_at is not None]
            yield from (
                one
                for one in page.articles
                if one.created_at is None or one.created_at >= since
            )
            is_older = any(one.created_at and one.created_at < since for one in dated)
            if page.is_last or is_older or not dated:
                return

    # --- removing -----------------------------------------------------------------------------

    def _remove(self, article: OaArticle) -> None:
        try:
            token = self.accounts.valid_token(article.oa_id)
            self.client.remove_article(token, article.article_id or "")
        except (OutcomeUnknown, TokenDead):
            self._later(article, FIRST_PAUSE)  # removing twice does no harm
            return
        except ZaloError as error:
            if error.code != UNKNOWN_ID_CODE:  # not there any more: what was wanted
                self._after_failed_removal(article, error)
                return
        self._done(article, News.REMOVED, state=ArticleState.REMOVED)

    def _after_failed_removal(self, article: OaArticle, error: ZaloError) -> None:
        may_pass = error.action not in (Action.GIVE_UP, Action.HUMAN)
        if may_pass and article.attempts < MOST_ATTEMPTS:
            self._later(article, FIRST_PAUSE, attempts=article.attempts + 1)
            return
        log.warning("article_not_removed", id=article.id, code=error.code)
        self._done(
            article,
            News.FAILED,
            state=ArticleState.PUBLISHED,
            reason=Failure.REFUSED.value,
        )


def _paragraphs(body: str) -> str:
    """Plain paragraphs as HTML; a single line break stays one."""
    parts = [html.escape(part.strip()) for part in body.split("\n\n") if part.strip()]
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in parts)


def _same_title(one: str, other: str) -> bool:
    def plain(title: str) -> str:
        return " ".join(unicodedata.normalize("NFC", title).split()).casefold()

    return plain(one) == plain(other)
