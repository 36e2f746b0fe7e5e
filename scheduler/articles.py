"""Articles on their way: pictures are drawn, what was approved is published, people are told."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from bot.channel import outbox
from bot.channel.assets import Asset, AssetKind
from bot.channel.outbox import Outgoing
from bot.conversation.announcing import announce
from bot.conversation.turn import Reply
from bot.duties.crediting import reading
from bot.outreach.articles.publishing import News, Publisher
from bot.people import officials
from models import Contact, Lane, OaArticle
from scheduler.clockwork import Result, Workshop

SECONDS_A_TICK = 40.0
TOLD_FOR = timedelta(days=7)
# What people read is another than before: the approver hears of it too, and the credits
# are looked at soon.
_SEEN_BY_PEOPLE = (News.PUBLISHED, News.CHANGED, News.HIDDEN, News.SHOWN, News.REMOVED)


def publish(workshop: Workshop, now: datetime) -> Result:
    """Every step that is due; what is left over comes with the next tick."""
    if workshop.client is None or workshop.files is None:
        return {}
    publisher = Publisher(
        database=workshop.database,
        clock=workshop.clock,
        client=workshop.client,
        accounts=workshop.accounts,
        files=workshop.files,
        label=workshop.texts.label,
        tell=partial(_tell, workshop),
        public_url=workshop.public_url,
        zone=workshop.zone,
    )
    started, steps = time.monotonic(), 0
    while time.monotonic() - started < SECONDS_A_TICK and publisher.run_once():
        steps += 1
    return {"steps": steps}


def _tell(
    workshop: Workshop, session: Session, article: OaArticle, news: News, now: datetime
) -> None:
    if news in _SEEN_BY_PEOPLE:
        reading.hurry(session, article.oa_id, now)
    told = [article.owner_id]
    if news in _SEEN_BY_PEOPLE:
        told.append(article.approved_by_id)
    for official_id in dict.fromkeys(told):
        contact = _contact(session, official_id, now)
        if contact is not None:
            _write(workshop, session, article, news, contact, now)


def _contact(
    session: Session, official_id: int | None, now: datetime
) -> Contact | None:
    return (
        officials.reachable_contact(session, official_id, now) if official_id else None
    )


def _write(
    workshop: Workshop,
    session: Session,
    article: OaArticle,
    news: News,
    contact: Contact,
    now: datetime,
) -> None:
    key = f"article:{article.id}:{news}:{contact.id}:{now:%Y%m%dT%H%M%S}"
    params = {"article": article, "link": article.article_link or ""}
    if news == News.DRAWN and article.picture_sha256:
        digest = article.picture_sha256
        picture = Asset(digest, f"{digest[:12]}.png", AssetKind.IMAGE)
        text = workshop.texts.render("posts.news_drawn", params)
        outbox.enqueue(
            session, contact=contact, key=key, messages=[Outgoing(text, asset=picture)],
            lane=Lane.REPLY, now=now, useful_until=now + TOLD_FOR,
        )  # fmt: skip
        return
    announce(
        session, workshop.texts, contact, key,
        [Reply(f"posts.news_{news}", params)],
        lane=Lane.REPLY, now=now, useful_until=now + TOLD_FOR,
    )  # fmt: skip
