"""theo dõi: news of a topic, only for who asks for it; and how to stop."""

from __future__ import annotations

import re

from bot.conversation.turn import Command, Option, Reply, Turn
from bot.outreach import consent
from bot.outreach.yearly.files import usable_yearly
from bot.search.fold import fold
from handlers import menu
from handlers.proofs.things import is_message

# "nhắc tôi khi có đợt …", "báo tôi khi có tin về …", "theo dõi chủ đề …"
_ASKS = re.compile(
    r"(?:(?:em|ad|bot|nho|lam on) )*(?:nhac|bao|nhan|thong bao|nhan tin)(?: (?:cho|giup|toi"
    r"|tui|minh|em|anh|chi|co|chu|bac|con|ong|ba|voi))* (?:khi|luc) (?:nao )?co\b"
    r"|theo doi (?:chu de|tin|dot) \w|dang ky (?:nhan )?tin (?:ve )?\w"
)
# "theo dõi vneid", but not "theo dõi hồ sơ đã nộp": that is a question
_NAMES = re.compile(r"theo doi (?P<what>.+)")
_STOPS = re.compile(
    r"(?:ngung|dung|bo|thoi|huy|khong) theo doi(?: (?:chu de )?(?P<what>.+))?"
)


def asks(turn: Turn) -> bool:
    if not is_message(turn) or turn.command is not None:
        return False
    text = " ".join(fold(turn.text).strip(" .!").split())
    if _ASKS.match(text) is not None:
        return True
    named = _NAMES.fullmatch(text)
    return named is not None and any(
        named["what"] in _names(turn, topic) for topic in _topics(turn)
    )


def stops(turn: Turn) -> bool:
    return (
        is_message(turn) and _STOPS.fullmatch(fold(turn.text).strip(" .!")) is not None
    )


def begin(turn: Turn) -> list[Reply]:
    """The topic he names, or all of them to choose from."""
    named = _named_in(turn)
    if named is not None:
        return _follow(turn, named)
    return show(turn)


def show(turn: Turn) -> list[Reply]:
    """Every topic; whoever follows one is told so."""
    wanted = set(_wanted(turn))
    options = tuple(
        Option(
            turn.label(
                "following.line", topic=_label(turn, topic), follows=topic in wanted
            ),
            Command("unfollow" if topic in wanted else "follow", topic),
        )
        for topic in _topics(turn)
    )
    params = {"everything": "" in wanted, "count": len(wanted)}
    return menu.with_notice(turn, [Reply("following.list", params, options)])


def follow(turn: Turn) -> list[Reply]:
    topic = turn.command.argument if turn.command else ""
    return _follow(turn, topic) if topic in _topics(turn) else show(turn)


def _follow(turn: Turn, topic: str) -> list[Reply]:
    version = turn.label("welcome.notice_version")
    consent.opt_in(turn.session, turn.contact, topic, version, turn.now)
    options = (
        Option(turn.label("following.stop"), Command("unfollow", topic)),
        Option(turn.label("following.all"), Command("follow")),
    )
    params = {"topic": _label(turn, topic)}
    said = Reply("following.followed", params, options, inline=True)
    return menu.with_notice(turn, [said])


def unfollow(turn: Turn) -> list[Reply]:
    """By number, or "ngừng theo dõi …"; what is queued of it is called back."""
    named = turn.command.argument if turn.command else _named_in(turn)
    wanted = [one for one in _wanted(turn) if one]
    if named is None and len(wanted) == 1:
        named = wanted[0]
    if named is None or named not in _topics(turn):
        return show(turn)
    version = turn.label("welcome.notice_version")
    consent.opt_out(turn.session, turn.contact, named, version, turn.now)
    back = Option(turn.label("following.again"), Command("follow", named))
    params = {"topic": _label(turn, named)}
    return [Reply("following.stopped", params, (back,), inline=True)]


def _topics(turn: Turn) -> list[str]:
    """Those of the yearly calendar, by their names."""
    drafts = usable_yearly(turn.catalogue.content_dir, turn.zone)
    found = {one.campaign.topic for one in drafts}
    return sorted(found, key=lambda topic: fold(_label(turn, topic)))


def _label(turn: Turn, topic: str) -> str:
    return turn.label(f"followed_topics.{topic}")


def _wanted(turn: Turn) -> list[str]:
    return consent.topics_wanted(turn.session, turn.contact.id or 0)


def _names(turn: Turn, topic: str) -> list[str]:
    """Folded: what it is called, and other words for it."""
    words = turn.label(f"followed_words.{topic}").split(",")
    return [fold(name).strip() for name in (_label(turn, topic), *words)]


def _named_in(turn: Turn) -> str | None:
    """The topic whose name, or one of whose words, stands in the text."""
    text = f" {' '.join(fold(turn.text).strip(' .!?').split())} "
    for topic in _topics(turn):
        if any(f" {name} " in text for name in _names(turn, topic)):
            return topic
    return None
