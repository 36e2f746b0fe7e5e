"""``GET /metrics`` for Prometheus; to strangers it does not exist.

With ``METRICS_TOKEN`` whoever shows it may read, nobody else. Without it, whoever asks
directly from this machine or a private network: a request that was passed on by a proxy says
so in a header, and may come from anywhere.
"""

from __future__ import annotations

import hmac
from ipaddress import IPv6Address, ip_address

from flask import Blueprint, Request, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

PASSED_ON = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


def create_metrics(registry: CollectorRegistry, token: str | None) -> Blueprint:
    metrics = Blueprint("metrics", __name__)

    @metrics.get("/metrics")
    def show() -> Response:
        if not _may_read(request, token):
            abort(404)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return metrics


def _may_read(request: Request, token: str | None) -> bool:
    if token:
        shown = request.headers.get("Authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    was_passed_on = any(name in request.headers for name in PASSED_ON)
    return not was_passed_on and _is_near(request.remote_addr)


def _is_near(address: str | None) -> bool:
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback or found.is_private
