"""Pictures of articles, open to everybody: Zalo fetches cover and picture from here.

Only what belongs to an article is shown; no other stored file has an address.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort

from bot.db import Database
from bot.files import Files
from bot.outreach.articles.pictures import PATH, public_digest

KEPT_SECONDS = 7 * 24 * 3600  # an address is its content's digest: it never changes


def create_pictures(database: Database, files: Files) -> Blueprint:
    pictures = Blueprint("pictures", __name__)

    @pictures.get(f"{PATH}<name>")
    def picture(name: str) -> Response:
        with database.reading() as session:
            digest = public_digest(session, name)
        try:
            content = files.read(digest) if digest else None
        except FileNotFoundError:
            content = None
        if content is None:
            abort(404)
        answer = Response(content, mimetype="image/png")
        answer.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
        return answer

    return pictures
