"""General answers that belong to no procedure: dossier state, fees, channels, privacy."""

from __future__ import annotations

from bot.conversation.turn import Command, Option, Reply, Turn
from handlers import menu
from models import Topic

DOSSIER = "dossier_status"
REFLECT = "reflect"  # where to report something: also right here


def show(turn: Turn) -> list[Reply]:
    return show_id(turn, turn.command.argument if turn.command else "")


def dossier(turn: Turn) -> list[Reply]:
    """ "Hồ sơ của tôi tới đâu rồi": steps only; we have no source and ask for no code."""
    return show_id(turn, DOSSIER)


def show_id(turn: Turn, topic_id: str) -> list[Reply]:
    topic = turn.session.get(Topic, topic_id)
    if topic is None:
        return menu.unknown_command(turn)
    options = [turn.option("menu.desk", "desk"), turn.option("menu.person", "person")]
    if topic_id == REFLECT:
        options.insert(0, _report(turn))
    return [
        Reply(
            "topics.answer",
            {"t": topic},
            tuple(options),
            focus=Command("topic", topic.id),
        )
    ]


def _report(turn: Turn) -> Option:
    """To file what was just described, if it was."""
    described = "" if turn.command is not None else " ".join(turn.text.split())
    return Option(turn.label("feedback.offer"), Command("feedback", described[:180]))
