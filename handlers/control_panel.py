"""bảng điều khiển: a one-time link into the dashboard, for officials."""

from __future__ import annotations

from bot.conversation.turn import Reply, Turn
from bot.people import logins, officials
from handlers.officials import only_officials


def send_link(turn: Turn) -> list[Reply]:
    """A new link; the one before it, if it was not used, ends."""
    official = officials.official_of(turn.session, turn.contact)
    if official is None:
        return only_officials(turn)
    token = logins.make_link(turn.session, official, official.pseudonym, turn.now)
    params = {
        "url": f"{turn.base_url}/dashboard/login/{token}",
        "minutes": int(logins.LINK_LIFE.total_seconds() // 60),
    }
    return [Reply("control_panel.link", params, remark=True)]
