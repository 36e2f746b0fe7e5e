"""``GET /zalo/oauth/callback``: where Zalo sends an administrator after he consented."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy.exc import SQLAlchemyError

from bot.connecting import CALLBACK_PATH, Connected, Connecting, NotConnected, Refusal

log = structlog.get_logger(__name__)

_STATUS = {Refusal.UNAVAILABLE: 503}
# The address holds state and code: neither kept nor passed on to where a link leads.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """Either ``connected`` or ``refusal``, with Zalo's code where Zalo refused."""

    callback_url: str
    connected: Connected | None = None
    refusal: Refusal | None = None
    code: int | None = None


def create_consent(connecting: Connecting) -> Blueprint:
    consent = Blueprint("consent", __name__, template_folder="templates")

    @consent.get(CALLBACK_PATH)
    def callback() -> Response:
        page = _answer(connecting)
        response = make_response(render_template("consent.html", page=page))
        if page.refusal is not None:
            response.status_code = _STATUS.get(page.refusal, 400)
        response.headers.update(_HEADERS)
        return response

    return consent


def _answer(connecting: Connecting) -> ConsentPage:
    given = (request.args.get(name, "") for name in ("state", "code", "oa_id"))
    url = connecting.callback_url
    try:
        return ConsentPage(url, connected=connecting.accept(*given))
    except NotConnected as refused:
        return ConsentPage(url, refusal=refused.reason, code=refused.code)
    except SQLAlchemyError as error:
        log.error("database_unavailable", error=type(error).__name__)
        return ConsentPage(url, refusal=Refusal.UNAVAILABLE)
