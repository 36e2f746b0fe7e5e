"""Broadcast of an article to followers: verified accounts, by day, by quota.

Zalo takes about half an hour; the followers are chosen when it runs. Targets are checked
for form but do not narrow the audience: the people of a simulation have no such data.
"""

from __future__ import annotations

from typing import Any

from simulator.api import Call
from simulator.clock import is_night
from simulator.core import Simulator
from simulator.policy import may_get_broadcast
from simulator.records import Account, Article, JsonDict, Message
from simulator.refusals import Refusal, invalid
from simulator.state import new_message_id

# Documented codes of each target, first and last.
TARGETS = {
    "ages": (0, 7),
    "gender": (0, 2),
    "locations": (0, 2),
    "cities": (0, 63),
    "platform": (1, 3),
}


def send_broadcast(call: Call) -> JsonDict:
    """Accept a broadcast; -234 at night, -221 unverified, -211 quota used up."""
    check_targets(call.body["recipient"]["target"])
    article = article_of(call)
    if not call.account.verified:
        raise Refusal(-221)
    if is_night(call.now):
        raise Refusal(-234)
    account, state = call.account, call.sim.state
    followers = [r for r in state.known_users(account.oa_id) if r.follows]
    if followers and not any(
        may_get_broadcast(account, follower, call.now) for follower in followers
    ):
        raise Refusal(-211)
    # The moment it is due, also when the clock jumps over it.
    due = call.now + int(call.sim.config.broadcast_seconds * 1000)
    sim = call.sim
    sim.later_on_clock(due, lambda: run(sim, account, article, due))
    return {"message_id": new_message_id()}


def check_targets(target: Any) -> None:
    """Comma text or arrays of known codes."""
    if not isinstance(target, dict):
        raise invalid("target")
    for name, value in target.items():
        if name not in TARGETS:
            raise invalid(name)
        low, high = TARGETS[name]
        codes = value if isinstance(value, list) else str(value).split(",")
        for code in codes:
            text = str(code).strip()
            if not text.isdecimal() or not low <= int(text) <= high:
                raise invalid(name)


def article_of(call: Call) -> Article:
    """The shown article of this account that the media template names."""
    try:
        payload = call.body["message"]["attachment"]["payload"]
        (element,) = payload["elements"]
        kind, article_id = element["media_type"], element["attachment_id"]
    except (KeyError, TypeError, ValueError):
        raise invalid("attachment") from None
    article = call.sim.state.articles.get(str(article_id))
    if kind != "article":
        raise invalid("media_type")
    if article is None or article.oa_id != call.account.oa_id:
        raise invalid("attachment_id")
    return article


def run(sim: Simulator, account: Account, article: Article, now: int) -> None:
    """Put the article into the chat of everybody who may get it at that instant."""
    link = f"{sim.config.public_url.rstrip('/')}/media/article/{article.article_id}"
    item = {
        "kind": "link",
        "url": link,
        "description": article.content.get("description", ""),
        "thumbnail": (article.content.get("cover") or {}).get("photo_url", ""),
    }
    for relation in list(sim.state.known_users(account.oa_id)):
        if not may_get_broadcast(account, relation, now):
            continue
        relation.broadcasts.append(now)
        message = Message(
            new_message_id(),
            account.oa_id,
            relation.user_id,
            "oa",
            "article",
            now,
            text=article.content.get("title", ""),
            person=relation.person,
            api="broadcast",
            attachments=[item],
        )
        sim.state.add_message(message)
