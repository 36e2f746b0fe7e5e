"""The chat page: a phone with a Zalo-like chat, for trying the bot without Zalo.

The server renders the frame once; the modules in ``static/js`` fill it and talk only to
the control API beside it (``control.py``). Nothing comes from another host, there is no
build step and no inline script or style, so the policy below can be strict.

Mount ``page`` next to the control API: the page finds it at ``control`` below its own
address, wherever the two are mounted.
"""

from __future__ import annotations

from typing import cast

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    url_for,
)

from simulator.core import Simulator

page = Blueprint(
    "simulator_page", __name__, template_folder="templates", static_folder="static"
)

# Pictures and sound may also come from loopback under its other name: the page opened as
# http://localhost shows media whose links say http://127.0.0.1. blob: is the preview of
# a sample drawn on a canvas.
MEDIA_SOURCES = "'self' data: blob: http://127.0.0.1:* http://localhost:*"
CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        f"img-src {MEDIA_SOURCES}",
        f"media-src {MEDIA_SOURCES}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)


@page.get("/")
def chat_page() -> Response:
    """The frame of the chat; which person and account it shows is up to the address."""
    control = url_for(".chat_page") + "control"
    given = cast(Simulator, current_app.extensions["simulator"]).config
    html = render_template("simulator/page.html", control=control, config=given)
    return make_response(html)


@page.after_request
def harden(response: Response) -> Response:
    """Keep the page to its own host, and never let it run yesterday's scripts."""
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-cache"
    return response
