"""General answers that belong to no procedure: dossier state, fees, channels, privacy."""

from __future__ import annotations

from bot.conversation.turn import Command, Reply, Turn
from handlers import menu
from models import Topic

DOSSIER = "dossier_status"


def show(turn: Turn) -> list[Reply]:
    return show_id(turn, turn.command.argument if turn.command else "")


def dossier(turn: Turn) -> list[Reply]:
    """ "Hồ sơ của tôi tới đâu rồi": steps only; we have no source and ask for no code."""
    return show_id(turn, DOSSIER)


def show_id(turn: Turn, topic_id: str) -> list[Reply]:
    topic = turn.session.get(Topic, topic_id)
    if topic is None:
        return menu.unknown_command(turn)
    options = (turn.option("menu.desk", "desk"), turn.option("menu.person", "person"))
    return [
        Reply("topics.answer", {"t": topic}, options, focus=Command("topic", topic.id))
    ]
