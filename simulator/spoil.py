"""How a fault ruins an answer; by then it is decided whether the call took effect."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from flask import Response, request

from simulator.faults import Fault
from simulator.refusals import Refusal
from simulator.webhook_out import encode

PROMISED_BYTES = "100000"  # more than the body that follows, so the cut is noticed


class ConnectionCut(ConnectionAbortedError):
    """Raised while answering, where the socket itself is out of reach."""


def spoiled(fault: Fault, answer: bytes) -> Response:
    """The answer this fault leaves of a call."""
    if fault.kind == "rate_limit":
        return refused(-32, None)
    if fault.kind in ("error", "error_but_delivered"):
        return refused(fault.code, fault.message)
    if fault.kind == "broken_json":
        return Response(answer[: len(answer) // 2], mimetype="application/json")
    if fault.kind in ("cut", "cut_after_delivery"):
        return cut_off()
    if fault.kind in ("hang", "hang_after_delivery"):
        time.sleep(fault.seconds)
        return Response("Gateway Time-out", 504, mimetype="text/plain")
    return Response("Internal Server Error", 500, mimetype="text/plain")


def refused(code: int, message: str | None) -> Response:
    """A Zalo error that no rule asked for."""
    body = encode(Refusal(code, message).envelope("openapi"))
    return Response(body, 200, mimetype="application/json")


def cut_off() -> Response:
    """Close the connection without an answer.

    The development server lends its socket; any other server is told to expect more
    bytes than come, and drops the connection when the body breaks off.
    """
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    headers = {"Content-Length": PROMISED_BYTES}
    return Response(broken_body(), 200, headers, mimetype="application/json")


def broken_body() -> Iterator[bytes]:
    """A body that breaks off."""
    yield b"{"
    raise ConnectionCut("the fake Zalo cuts this connection on purpose")
