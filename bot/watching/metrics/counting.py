"""What only this web process knows: its answers, how fast it acknowledged, what it took."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily

from bot.channel.reception import Reception
from bot.watching.metrics.families import PREFIX

WEBHOOK = "/zalo/webhook"
# Zalo waits for two seconds; ours take a few milliseconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
_NO_ROUTE = "none"  # never the path: strangers choose it


def count_answers(app: Flask, registry: CollectorRegistry) -> None:
    """Count each answer by its route, and time those to Zalo."""
    answers = Counter(
        f"{PREFIX}http_answers", "Answers of this process.", ("route", "code"),
        registry=registry,
    )  # fmt: skip
    acknowledged = Histogram(
        f"{PREFIX}webhook_ack_seconds",
        "From a webhook's request to its answer, in this process.",
        buckets=BUCKETS, registry=registry,
    )  # fmt: skip

    @app.before_request
    def begin() -> None:
        g.began_at = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else _NO_ROUTE
        answers.labels(route, str(response.status_code)).inc()
        began_at = g.pop("began_at", None)
        if route == WEBHOOK and began_at is not None:
            acknowledged.observe(time.perf_counter() - began_at)
        return response


class Taken:
    """What became of the events that came to this process."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            f"{PREFIX}webhook_events",
            "Events that came to this process; spooled: written to disk.",
            labels=("outcome",),
        )
        for outcome, count in self._reception.outcomes().items():
            family.add_metric((outcome,), count)
        yield family
