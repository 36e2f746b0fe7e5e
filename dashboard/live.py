"""Parts of pages that a browser fetches again every few seconds (``static/live.js``)."""

from __future__ import annotations

import hashlib

from flask import Response, make_response, request


def if_new(page: str) -> Response:
    """204 for who has it on his screen already, by the digest he shows."""
    digest = hashlib.sha256(page.encode()).hexdigest()[:16]
    if request.args.get("seen") == digest:
        return make_response("", 204)
    answer = make_response(page)
    answer.headers["X-Digest"] = digest
    return answer
