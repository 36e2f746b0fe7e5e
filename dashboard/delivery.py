"""How pages travel: headers that keep them to themselves, gzip, and files that are fetched
once."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

import structlog
from flask import Flask, Response, request, url_for

from dashboard.guard import is_ours

log = structlog.get_logger(__name__)

STATIC = Path(__file__).resolve().parent / "static"
CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # data: the arrows in Bootstrap's own style sheet
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# Names of static files carry their digest: what they hold never changes.
FOR_EVER = "public, max-age=31536000, immutable"
WORTH_IT = 1000  # bytes: a smaller answer fits one packet anyway
ZIPPED = ("text/", "application/json", "application/javascript", "image/svg+xml")
_BOOTSTRAP = "/bootstrap/static/"


def set_up(app: Flask) -> None:
    app.after_request(_send)
    app.jinja_env.globals["asset"] = asset


def asset(name: str) -> str:
    """The address of a static file of ours, new with every change of it."""
    return url_for("dashboard.static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _send(response: Response) -> Response:
    is_file = request.path.startswith((_BOOTSTRAP, "/dashboard/static/"))
    if not (is_file or is_ours(request.path)):
        return response
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if is_file and response.status_code == 200:
        response.headers["Cache-Control"] = FOR_EVER
    elif not is_file:
        response.headers["Cache-Control"] = "no-store"
    return _zipped(response)


def _zipped(response: Response) -> Response:
    kind = response.content_type or ""
    if (
        response.status_code != 200
        or not kind.startswith(ZIPPED)
        or "Content-Encoding" in response.headers
        or not request.accept_encodings["gzip"]
    ):
        return response
    response.direct_passthrough = False
    plain = response.get_data()
    if len(plain) >= WORTH_IT:
        response.set_data(gzip.compress(plain, 6))
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response
