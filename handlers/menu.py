"""Greeting, menu, small talk, and what to say when nothing was understood."""

from __future__ import annotations

from bot.conversation import dialogs
from bot.conversation.turn import Option, Reply, Turn
from bot.people import officials, privacy
from models import PrivacyChoice


def options(turn: Turn) -> tuple[Option, ...]:
    """The main menu, everywhere the same and in the same order; officials have more."""
    citizens = (
        turn.option("menu.groups", "groups"),
        turn.option("menu.documents", "documents"),
        turn.option("menu.desk", "desk"),
        turn.option("menu.dossier", "dossier"),
        turn.option("menu.person", "person"),
    )
    if officials.official_of(turn.session, turn.contact) is None:
        return citizens
    return (*citizens, turn.option("menu.official", "official_help"))


def greet(turn: Turn) -> list[Reply]:
    """The welcome, once per person; later only the menu."""
    turn.contact.unreachable_reason = None
    if turn.contact.greeted_at is not None:
        return show(turn)
    _note_greeted(turn)
    return [
        Reply(
            "welcome.greeting",
            {"account": turn.account.name},
            options=options(turn),
        )
    ]


def with_notice(turn: Turn, replies: list[Reply]) -> list[Reply]:
    """A first contact that began with a question: a short hello before the answer."""
    if turn.contact.greeted_at is not None:
        return replies
    _note_greeted(turn)
    hello = Reply("welcome.before_answer", {"account": turn.account.name}, remark=True)
    return [hello, *replies]


def _note_greeted(turn: Turn) -> None:
    turn.contact.greeted_at = turn.now
    if turn.contact.privacy_choice == PrivacyChoice.UNASKED:
        privacy.record_choice(
            turn.session,
            turn.contact,
            PrivacyChoice.NOTICED,
            turn.label("welcome.notice_version"),
            turn.now,
        )


def show(turn: Turn) -> list[Reply]:
    """The menu; it also wakes a bot that kept quiet, and ends a dialog in progress."""
    dialogs.end(turn)
    turn.contact.silent_until = None
    return [Reply("menu.title", options=options(turn))]


def hello(turn: Turn) -> list[Reply]:
    if turn.contact.greeted_at is None:
        return greet(turn)
    return [Reply("menu.hello", options=options(turn))]


def thanks(turn: Turn) -> list[Reply]:
    return with_notice(turn, [Reply("menu.thanks", remark=True)])


def no_such_number(turn: Turn) -> list[Reply]:
    last = turn.command.argument if turn.command else ""
    return [Reply("menu.no_such_number", {"last": last}, remark=True)]


def no_more(turn: Turn) -> list[Reply]:
    return [Reply("menu.no_more", remark=True)]


def unknown_command(turn: Turn) -> list[Reply]:
    """A button of an older version, or somebody typing "#"."""
    return [Reply("menu.unknown_command", options=options(turn))]


def say_nothing(turn: Turn) -> list[Reply]:
    return []
