"""Stored files and public article pages, as Zalo's media hosts serve them."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template

from simulator.clock import at_text
from simulator.core import Simulator

files = Blueprint("files", __name__, template_folder="pages")

# What a browser may show in place; anything else is a download, so that an uploaded
# page cannot run scripts beside the chat page.
SHOWN_IN_PLACE = ("image/jpeg", "image/png", "image/gif", "image/webp")


@files.get("/<media_id>/<path:name>")
def stored_file(media_id: str, name: str) -> Response:
    """The bytes of a file, by its id."""
    sim: Simulator = current_app.extensions["simulator"]
    media = sim.state.media.get(media_id)
    content = sim.media.read(media_id) if media else None
    if media is None or content is None:
        abort(404)
    response = Response(content, mimetype=media.content_type)
    main = media.content_type.partition("/")[0]
    if media.content_type not in SHOWN_IN_PLACE and main not in ("audio", "video"):
        response.headers["Content-Disposition"] = "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@files.get("/article/<article_id>")
def article_page(article_id: str) -> str:
    """An article as the public sees it; hidden ones are not there."""
    sim: Simulator = current_app.extensions["simulator"]
    with sim.state.lock:
        article = sim.state.articles.get(article_id)
        if article is None or article.content["status"] != "show":
            abort(404)
        article.views += 1
        account = sim.account(article.oa_id)
        return render_template(
            "article.html",
            content=article.content,
            account=account,
            published=at_text(article.created),
        )
