"""From a reply to what Zalo is asked to send.

Numbered text is the base form of every menu: government accounts may refuse buttons and
lists. Where an account takes buttons they come on top of the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.channel.outbox import Outgoing
from bot.channel.zalo.messages import Button
from bot.conversation.texts import Texts
from bot.conversation.turn import Option, Reply
from models import Account

# Zalo takes at most five buttons of at most 100 characters; fewer than all would hide some.
MAX_BUTTONS = 5
BUTTON_TITLE_LENGTH = 100
# What an older person reads on a small screen without losing the thread.
FIRST_ANSWER_LENGTH = 600


def render_reply(texts: Texts, reply: Reply, account: Account) -> Outgoing:
    """The message with its numbered options, and buttons where they are taken."""
    return Outgoing(
        text=_text(texts, reply),
        buttons=_buttons(reply.options) if account.takes_buttons else (),
        about=str(reply.focus) if reply.focus else None,
    )


def _text(texts: Texts, reply: Reply) -> str:
    """The whole message; of several ways to say it the first that is short enough."""
    numbered = _numbered(reply.options, inline=reply.inline)
    text = ""
    for params in (reply.params, *reply.tighter):
        parts = [texts.render(reply.key, params), numbered]
        text = "\n\n".join(part for part in parts if part)
        if len(text) <= FIRST_ANSWER_LENGTH:
            break
    return text


def _numbered(options: Sequence[Option], *, inline: bool) -> str:
    lines = [f"{number}. {option.label}" for number, option in enumerate(options, 1)]
    return " · ".join(lines) if inline else "\n".join(lines)


def _buttons(options: Sequence[Option]) -> tuple[Button, ...]:
    if len(options) > MAX_BUTTONS:
        return ()
    return tuple(
        Button(title=option.label[:BUTTON_TITLE_LENGTH], payload=f"#{option.command}")
        for option in options
    )
