"""OAuth v4 for an account: permission page, code, token pair, rotation.

Rules: the code lives ten minutes and works once; PKCE binds it to the verifier; a
refresh token works once and its reuse is -14014; ``expires_in`` is text. Failures are
HTTP 200 with ``error``; the permission page sends failures to its own error page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from urllib.parse import urlencode, urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from simulator.api import Answer, call_row, mask
from simulator.clock import MINUTE_MS
from simulator.core import ACCESS_TOKEN_MS, Simulator
from simulator.records import AuthCode, JsonDict, TokenPair
from simulator.refusals import oauth_error
from simulator.spoil import spoiled
from simulator.webhook_out import encode, is_loopback

CODE_MS = 10 * MINUTE_MS  # documented: ten minutes

oauth = Blueprint("oauth", __name__, template_folder="pages")


class OAuthRefusal(Exception):
    """The token endpoint or the permission page refuses with this code."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


def simulator() -> Simulator:
    """The fake Zalo this request belongs to."""
    found: Simulator = current_app.extensions["simulator"]
    return found


# Permission page


@oauth.get("/v4/oa/permission")
def ask_permission() -> AnyResponse | str:
    """What an OA administrator sees: which app asks, for which account."""
    sim = simulator()
    try:
        check_request(sim, request.args.get("app_id"), request.args.get("redirect_uri"))
    except OAuthRefusal as refusal:
        return to_error(refusal.code)
    with sim.state.lock:
        accounts = list(sim.state.accounts.values())
    return render_template(
        "permission.html", accounts=accounts, asked=request.args.to_dict()
    )


@oauth.post("/v4/oa/permission")
def give_permission() -> AnyResponse:
    """The administrator's answer: back to the app with a code, or the error page."""
    sim, form = simulator(), request.form
    try:
        check_request(sim, form.get("app_id"), form.get("redirect_uri"))
        if form.get("decision") != "allow":
            raise OAuthRefusal(-14012)
        with sim.state.lock:
            account = sim.state.accounts.get(form.get("oa_id", ""))
            if account is None:
                raise OAuthRefusal(-14012)
            account.granted = True
            stored = sim.state.app.stored_challenge
            code = AuthCode(
                secrets.token_urlsafe(32),
                account.oa_id,
                stored or form.get("code_challenge", ""),
                sim.clock.now_ms() + CODE_MS,
            )
            sim.state.codes[code.code] = code
            sim.state.touch()
    except OAuthRefusal as refusal:
        return to_error(refusal.code)
    back = {"code": code.code, "oa_id": code.oa_id, "state": form.get("state", "")}
    return redirect(f"{form['redirect_uri']}?{urlencode(back)}")


@oauth.get("/v4/permission/error")
def permission_error() -> str:
    """Where a refused permission request ends."""
    return render_template("permission_error.html", code=request.args.get("error_code"))


def to_error(code: int) -> AnyResponse:
    """To the error page."""
    return redirect(url_for("oauth.permission_error", error_code=code))


def check_request(sim: Simulator, app_id: str | None, redirect_uri: str | None) -> None:
    """The app must be ours and active, the address exactly the saved callback."""
    app = sim.state.app
    if app_id != sim.config.app_id or not app.active or app.removed:
        raise OAuthRefusal(-14002)
    parts = urlsplit(redirect_uri or "")
    if app.callback_url is not None:
        fits = redirect_uri == app.callback_url
    else:
        fits = not parts.query and is_loopback(parts.hostname or "")
    if not fits:
        raise OAuthRefusal(-14003)


# Token endpoint


@oauth.post("/v4/oa/access_token")
def access_token() -> Response:
    """``grant_type`` authorization_code or refresh_token, form-encoded."""
    sim, started = simulator(), time.perf_counter()
    with sim.state.lock:
        verdict = sim.faults.judge("/oauth/v4/oa/access_token", None, None)
    time.sleep(verdict.latency_ms / 1000)
    fault = verdict.fault
    body = b""
    if fault is None or fault.delivers:
        body = encode(grant(sim))
    response = (
        Response(body, mimetype="application/json")
        if fault is None
        else spoiled(fault, body)
    )
    row = call_row(sim, "oauth", request.path, b"", started, response.status_code)
    answer = Answer(body, json.loads(body).get("error", 0) if body else None)
    row |= {
        "oa_id": None,
        "person": None,
        "chat_id": None,
        "body": mask(urlencode(request.form.to_dict())),
        "answer": mask(body.decode()),
        "error": answer.error,
        "fault": fault.kind if fault else None,
    }
    with sim.state.lock:
        sim.state.log(sim.state.calls, row)
    return response


def grant(sim: Simulator) -> JsonDict:
    """A new pair, on disk before it is handed out; or the error."""
    app = sim.state.app
    grants = {
        "authorization_code": from_code,
        "refresh_token": from_refresh_token,
    }
    try:
        if request.form.get("app_id") != sim.config.app_id or not app.active:
            raise OAuthRefusal(-14002)
        given = request.headers.get("secret_key", "")
        if not hmac.compare_digest(given.encode(), sim.config.app_secret.encode()):
            raise OAuthRefusal(-14004)
        run = grants.get(request.form.get("grant_type", ""))
        if run is None:
            raise OAuthRefusal(-14018)
        with sim.state.lock:
            oa_id = run(sim)
    except OAuthRefusal as refusal:
        return oauth_error(refusal.code)
    return token_answer(sim.issue_tokens(oa_id))


def from_code(sim: Simulator) -> str:
    """Use up a code; the account it belongs to."""
    code = sim.state.codes.get(request.form.get("code", ""))
    if code is None or code.used or code.expires <= sim.clock.now_ms():
        raise OAuthRefusal(-14005)
    if code.challenge and code.challenge != challenge_of(
        request.form.get("code_verifier", "")
    ):
        raise OAuthRefusal(-14019)
    code.used = True
    return code.oa_id


def from_refresh_token(sim: Simulator) -> str:
    """Use up a refresh token; the account it belongs to."""
    pair = sim.state.refresh_tokens.get(request.form.get("refresh_token", ""))
    if pair is None or pair.refresh_used or pair.refresh_expires <= sim.clock.now_ms():
        raise OAuthRefusal(-14014)
    pair.refresh_used = True
    if sim.state.app.kill_old_access_token:
        pair.access_dead = True
    return pair.oa_id


def challenge_of(verifier: str) -> str:
    """base64url without padding of the raw SHA-256 of the verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_answer(pair: TokenPair) -> JsonDict:
    """A pair as the token endpoint hands it out; the seconds are text."""
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": str(ACCESS_TOKEN_MS // 1000),
    }
