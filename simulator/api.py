"""The front door of the two API hosts: parse, judge faults, authorise, carry out, log.

Zalo's rule: HTTP 200 always, ``error`` in the body decides. A path that does not exist
answers -209 in the same envelope. Every call lands in the log, its token cut short.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Request, Response, current_app, request

from simulator.clock import MINUTE_MS, at_text
from simulator.core import Simulator
from simulator.faults import Fault
from simulator.records import Account, JsonDict, Relation
from simulator.refusals import Refusal, invalid
from simulator.signing import appsecret_proof
from simulator.spoil import spoiled
from simulator.webhook_out import encode

LOGGED_TEXT = 20_000  # characters of a body kept in the log: more than any message
SECRETS = re.compile(
    r'((?:access_token|refresh_token|code_verifier|secret_key|code)(?:"\s*:\s*"|=))'
    r"([^\"&]{0,6})[^\"&]*"
)


@dataclass
class Whole:
    """An answer that is not just ``data`` in the usual envelope."""

    body: JsonDict


@dataclass
class Call:
    """One authorised call: who calls, and what with."""

    sim: Simulator
    account: Account
    body: JsonDict
    args: Mapping[str, str]
    upload: tuple[str, str, bytes] | None = None  # name, type, content
    method: str = "GET"

    @property
    def now(self) -> int:
        """The simulated instant in milliseconds."""
        return self.sim.clock.now_ms()

    @property
    def data(self) -> JsonDict:
        """The query parameter ``data`` of an OA GET call: URL-encoded JSON."""
        try:
            found = json.loads(self.args.get("data", ""))
        except ValueError:
            raise invalid("data") from None
        if not isinstance(found, dict):
            raise invalid("data")
        return found

    def user(self, user_id: object, text: str = "user_id is invalid!") -> Relation:
        """Whom the id names; an unknown one is -201."""
        found = self.sim.state.user(self.account.oa_id, user_id)
        if found is None:
            raise Refusal(-201, text)
        return found

    def number(self, source: Mapping[str, Any], name: str, default: int) -> int:
        """A whole number, also as text; -201 otherwise."""
        try:
            value = int(source.get(name, default))
        except (TypeError, ValueError, OverflowError):
            raise invalid(name) from None
        if value < 0:
            raise invalid(name)
        return value


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    """A method and path of one host, and the function that answers it."""

    method: str
    path: str
    run: Handler


@dataclass
class Answer:
    """What goes back, and what the log says about it."""

    body: bytes
    error: int | None
    headers: dict[str, str] = field(default_factory=dict)


def api_blueprint(surface: str, routes: tuple[Route, ...]) -> Blueprint:
    """The blueprint of one host: ``openapi`` or ``business``."""
    table = {(route.method, route.path): route.run for route in routes}
    blueprint = Blueprint(surface, __name__)

    @blueprint.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    def call(path: str) -> Response:
        sim: Simulator = current_app.extensions["simulator"]
        run = table.get((request.method, "/" + path))
        return Exchange(sim, surface, "/" + path, run).answer()

    return blueprint


class Exchange:
    """One request on its way through the house."""

    def __init__(
        self, sim: Simulator, surface: str, path: str, run: Handler | None
    ) -> None:
        self.sim, self.surface, self.path, self.run = sim, surface, path, run
        self.started = time.perf_counter()
        self.token = request.headers.get("access_token", "")
        self.raw = b"" if request.files else request.get_data()
        self.body = read_json(self.raw)
        self.user_id = addressed_user(self.body, request.args)

    def answer(self) -> Response:
        """Carry the call out, spoil the answer if a fault says so, log it."""
        sim = self.sim
        with sim.state.lock:
            pair = sim.state.tokens.get(self.token)
            oa_id = pair.oa_id if pair else None
            relation = sim.state.relations.get(self.user_id or "")
            person = relation.person if relation else None
            verdict = sim.faults.judge(f"/{self.surface}{self.path}", oa_id, person)
        time.sleep(verdict.latency_ms / 1000)
        fault = verdict.fault
        if fault is None or fault.delivers:
            answer = self.carry_out()
        else:
            answer = Answer(b"", None)
        response = plain(answer) if fault is None else spoiled(fault, answer.body)
        self.log(oa_id, person, answer, fault, response)
        return response

    def carry_out(self) -> Answer:
        """Authorise and run under the lock; every refusal becomes an envelope."""
        headers: dict[str, str] = {}
        with self.sim.state.lock:
            try:
                account = authorise(self.sim, self.surface, self.token)
                if self.surface == "openapi":
                    headers = count_call(self.sim, self.path)
                if self.run is None:
                    raise Refusal(-209 if self.surface == "openapi" else -106)
                data = self.run(self._call(account))
                body = envelope(data)
            except Refusal as refusal:
                if refusal.code == -32:
                    headers = exhausted_headers(self.sim, self.path)
                body = refusal.envelope(self.surface)
        return Answer(encode(body), body.get("error"), headers)

    def _call(self, account: Account) -> Call:
        if self.body is None and self.surface == "openapi":
            raise invalid("body")
        if self.body is None:
            raise Refusal(-122 if self.raw else -121)
        return Call(
            self.sim,
            account,
            self.body,
            request.args,
            upload_of(request),
            request.method,
        )

    def log(
        self,
        oa_id: str | None,
        person: str | None,
        answer: Answer,
        fault: Fault | None,
        response: Response,
    ) -> None:
        """A row for the side panel."""
        row = call_row(
            self.sim,
            self.surface,
            self.path,
            self.raw,
            self.started,
            response.status_code,
        )
        text = answer.body.decode("utf-8", "replace")
        row |= {
            "oa_id": oa_id,
            "person": person,
            "chat_id": self.user_id,
            "answer": text[:LOGGED_TEXT],
            "error": answer.error,
            "fault": fault.kind if fault else None,
        }
        with self.sim.state.lock:
            self.sim.state.log(self.sim.state.calls, row)


def call_row(
    sim: Simulator, surface: str, path: str, raw: bytes, started: float, status: int
) -> JsonDict:
    """What every surface logs about a request."""
    at = sim.clock.now_ms()
    text = raw.decode("utf-8", "replace")[:LOGGED_TEXT]
    if request.files:
        names = ", ".join(f.filename or "?" for f in request.files.values())
        text = f"(multipart: {names})"
    return {
        "at": at_text(at),
        "at_ms": at,
        "surface": surface,
        "method": request.method,
        "path": path,
        "query": mask(request.query_string.decode("latin-1")),
        "headers": logged_headers(request),
        "body": mask(text),
        "status": status,
        "ms": round((time.perf_counter() - started) * 1000),
    }


def logged_headers(incoming: Request) -> dict[str, str]:
    """The headers, with tokens and keys cut to their first characters."""
    secret = {"access-token", "access_token", "secret-key", "secret_key"}
    return {
        name: value[:6] + "…" if name.lower() in secret else value
        for name, value in incoming.headers.items()
    }


def mask(text: str) -> str:
    """Cut tokens, codes and keys inside a body or query."""
    return SECRETS.sub(r"\1\2…", text)


def read_json(raw: bytes) -> JsonDict | None:
    """The JSON object of a body; {} for none, None for anything else."""
    if not raw:
        return {}
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def addressed_user(body: JsonDict | None, args: Mapping[str, str]) -> str | None:
    """The user id a call is about, wherever this kind of call carries it."""
    places: list[Any] = [body]
    if body:
        places.append(body.get("recipient"))
    if "data" in args:
        places.append(read_json(args["data"].encode("utf-8", "replace")))
    for place in places:
        if isinstance(place, dict) and place.get("user_id") is not None:
            return str(place["user_id"])
    return None


def upload_of(incoming: Request) -> tuple[str, str, bytes] | None:
    """The multipart field ``file``, read completely."""
    if incoming.method != "POST" or "file" not in incoming.files:
        return None
    file = incoming.files["file"]
    return file.filename or "", file.mimetype or "", file.read()


def authorise(sim: Simulator, surface: str, token: str) -> Account:
    """Whose token this is; refuses in the order app, token, account."""
    business = surface == "business"
    state, app = sim.state, sim.state.app
    if app.removed:
        raise Refusal(-219 if not business else -103)
    if not app.active:
        raise Refusal(-209 if not business else -103)
    pair = state.tokens.get(token)
    if pair is None:
        raise Refusal(-124 if business else -216)
    if pair.access_dead or pair.access_expires <= sim.clock.now_ms():
        raise Refusal(-124 if business else -220)
    check_proof(sim, token, -1241 if business else -242)
    return usable_account(sim, pair.oa_id, business)


def usable_account(sim: Simulator, oa_id: str, business: bool) -> Account:
    """The account behind a token, if it may use the API."""
    account = sim.state.accounts.get(oa_id)
    if account is None or account.status == "deleted":
        raise Refusal(-205)
    if account.status == "disabled":
        raise Refusal(-204)
    if not sim.state.app.product_registered:
        raise Refusal(-138 if business else -212)
    if not account.granted:
        raise Refusal(-138 if business else -223)
    return account


def check_proof(sim: Simulator, token: str, code: int) -> None:
    """``appsecret_proof``: optional unless the console demands it, never wrong."""
    proof = request.headers.get("appsecret_proof")
    if proof is None and not sim.state.app.proof_required:
        return
    if proof != appsecret_proof(sim.config.app_secret, token):
        raise Refusal(code)


def rate_of(sim: Simulator, path: str) -> tuple[str, int]:
    """Which counter a path uses, and its limit a minute."""
    if path.startswith("/v2.0/article/"):
        return "article", sim.state.app.article_rate_limit_per_minute
    return "oa", sim.state.app.rate_limit_per_minute


def count_call(sim: Simulator, path: str) -> dict[str, str]:
    """Count a call of this minute; -32 above the limit. Returns the headers."""
    name, limit = rate_of(sim, path)
    minute = sim.clock.now_ms() // MINUTE_MS
    counts = sim.calls_this_minute
    if (name, minute) not in counts:
        for key in [key for key in counts if key[1] != minute]:
            del counts[key]
    used = counts.get((name, minute), 0) + 1
    if used > limit:
        raise Refusal(-32)
    counts[name, minute] = used
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remain": str(limit - used)}


def exhausted_headers(sim: Simulator, path: str) -> dict[str, str]:
    """The headers that go with -32."""
    limit = rate_of(sim, path)[1]
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remain": "0"}


def envelope(data: Any) -> JsonDict:
    """Success as Zalo wraps it; without data there is no ``data``."""
    if isinstance(data, Whole):
        return data.body
    success: JsonDict = {"error": 0, "message": "Success"}
    return success if data is None else {"data": data} | success


def plain(answer: Answer) -> Response:
    """The answer as it is."""
    return Response(answer.body, 200, answer.headers, mimetype="application/json")
