"""``POST /zalo/webhook``: verify the raw bytes, store the event, answer 200. Nothing slow.

Zalo gives up after two seconds, repeats for an hour, and switches a webhook off that keeps
failing; so 200 means "on stable storage" (or "nothing to store"), 503 means "send it
again", and no body, however odd, gives any other 5xx.

Checks, cheapest first: size (413) ▸ a JSON object of sane depth (400) ▸ signature over
the bytes as received (401) ▸ ``app_id`` in the body (401) ▸ event name and timestamp (400).
The body is parsed once and every check and the event read that one result. So a key that
stands twice cannot show one timestamp to the signature and another to the event: the last
one wins for both.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog
from flask import Blueprint, Response, abort, jsonify, request
from markupsafe import escape
from werkzeug.exceptions import BadRequest

from bot.channel.inbound import BadEvent, InboundEvent, parse_event, timestamp_text
from bot.channel.intake import Arrival, Stored, arrival_of
from bot.channel.reception import NotTakenError, Reception
from bot.channel.signature import diagnose, verify
from bot.channel.values import MAX_DEPTH, id_of
from bot.clock import Clock
from bot.settings import Settings

MAX_BODY_BYTES = 1024 * 1024  # the largest known event has under 2 kB
SIGNATURE_HEADER = "X-ZEvent-Signature"
_VERIFIER_CODE = re.compile(r"[A-Za-z0-9_-]{10,128}")

log = structlog.get_logger(__name__)


class _Refused(Exception):
    """This request is answered with a 4xx; the reason is a code."""

    def __init__(self, status: int, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True)
class _Keys:
    app_id: str
    oa_secret: str
    app_secret: str | None  # only to name a mix-up of the two in the log


def create_webhook(settings: Settings, reception: Reception, clock: Clock) -> Blueprint:
    """The two routes Zalo calls; a missing id or secret refuses the start."""
    settings.require("zalo_app_id", "zalo_oa_secret_key")
    has_app_secret = bool(settings.zalo_app_secret)
    keys = _Keys(
        app_id=settings.zalo_app_id or "",
        oa_secret=settings.secret("zalo_oa_secret_key"),
        app_secret=settings.secret("zalo_app_secret") if has_app_secret else None,
    )
    blueprint = Blueprint("zalo_webhook", __name__)

    @blueprint.post("/zalo/webhook")
    def receive_event() -> tuple[Response, int]:
        started = time.perf_counter()
        try:
            raw = _read_body()
            payload = _json_object(raw)
            _check_signature(raw, payload, keys)
            event = _event(payload, clock)
        except _Refused as refusal:
            log.warning(
                "webhook_refused",
                status=refusal.status,
                reason=refusal.reason,
                hint=refusal.hint,
            )
            return jsonify(status=refusal.reason), refusal.status
        digest = hashlib.sha256(raw).hexdigest()
        arrival = arrival_of(event, payload, digest, clock.now())
        return _take(reception, arrival, event, started)

    @blueprint.get("/zalo_verifier<code>.html")
    def verify_domain(code: str) -> str:
        wanted = settings.zalo_verifier_code or code
        if code != wanted or not _VERIFIER_CODE.fullmatch(code):
            abort(404)
        return (
            "<!doctype html><html><head>"
            '<meta property="zalo-platform-site-verification" '
            f'content="{escape(code)}"></head><body></body></html>'
        )

    return blueprint


def _read_body() -> bytes:
    """The bytes as received: refused by their announced length, or while reading."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _Refused(413, "too_large")
    # one byte more: Werkzeug cuts an unannounced length silently at its limit
    request.max_content_length = MAX_BODY_BYTES + 1
    try:
        raw = request.get_data(cache=False)
    except BadRequest:  # the sender went away half-way
        raise _Refused(400, "incomplete") from None
    if len(raw) > MAX_BODY_BYTES:
        raise _Refused(413, "too_large")
    return raw


def _json_object(raw: bytes) -> dict[str, Any]:
    """Strict JSON in UTF-8: no NaN, no infinities, no numbers beyond reason."""
    try:
        payload = json.loads(
            raw.decode(), parse_constant=_refuse_constant, parse_float=_finite
        )
    except (ValueError, RecursionError):
        raise _Refused(400, "not_json") from None
    if not isinstance(payload, dict):
        raise _Refused(400, "not_an_object")
    if _is_deep(payload):
        raise _Refused(400, "too_deep")
    return payload


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond reason")
    return number


def _is_deep(payload: dict[str, Any]) -> bool:
    """Level by level, since recursion is what a deep body attacks."""
    level: list[Any] = [payload]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _check_signature(raw: bytes, payload: dict[str, Any], keys: _Keys) -> None:
    header = request.headers.get(SIGNATURE_HEADER)
    timestamp = timestamp_text(payload)
    if not verify(header, raw, timestamp, keys.app_id, keys.oa_secret):
        hint = _why_not(header, raw, timestamp, payload, keys)
        raise _Refused(401, "bad_signature", hint)
    if id_of(payload.get("app_id")) != keys.app_id:
        raise _Refused(401, "foreign_app")


def _why_not(
    header: str | None,
    raw: bytes,
    timestamp: str,
    payload: dict[str, Any],
    keys: _Keys,
) -> str | None:
    if not header:
        return "no_header"
    try:
        oa_id = parse_event(payload).oa_id
    except BadEvent:
        oa_id = None
    return diagnose(
        header, raw, timestamp, keys.app_id, keys.oa_secret, keys.app_secret, oa_id
    )


def _event(payload: dict[str, Any], clock: Clock) -> InboundEvent:
    try:
        return parse_event(payload, clock.now())
    except BadEvent as error:
        raise _Refused(400, error.reason) from None


def _take(
    reception: Reception, arrival: Arrival, event: InboundEvent, started: float
) -> tuple[Response, int]:
    try:
        stored = reception.take(arrival)
    except NotTakenError as error:
        log.error("webhook_not_taken", kind=arrival.kind, error=str(error))
        return jsonify(status="not_stored"), 503
    _log_stored(event, stored, started)
    return jsonify(status=stored.outcome.value), 200


def _log_stored(event: InboundEvent, stored: Stored, started: float) -> None:
    log.info(
        "webhook_event",
        kind=event.kind.value,
        outcome=stored.outcome.value,
        reason=stored.reason,
        event_id=stored.event_id,
        oa_id=event.oa_id,
        notes=event.notes,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
