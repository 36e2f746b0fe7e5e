"""Short ways to write metric families; each name begins with ``bot_``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

PREFIX = "bot_"
QUANTILES = (0.5, 0.95, 1.0)

Labelled = Mapping[tuple[str, ...], float]


def gauge(name: str, help_text: str, value: float | None) -> GaugeMetricFamily:
    """One number; without a sample where it is unknown."""
    family = GaugeMetricFamily(PREFIX + name, help_text)
    if value is not None:
        family.add_metric((), value)
    return family


def gauges(
    name: str, help_text: str, labels: Sequence[str], values: Labelled
) -> GaugeMetricFamily:
    """One number for each combination of labels."""
    family = GaugeMetricFamily(PREFIX + name, help_text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def quantiles(name: str, help_text: str, seconds: Iterable[float]) -> GaugeMetricFamily:
    """Of what was measured; without samples when nothing was."""
    ranked = sorted(seconds)
    last = len(ranked) - 1
    found: dict[tuple[str, ...], float] = {}
    if ranked:
        found = {(str(part),): ranked[round(last * part)] for part in QUANTILES}
    return gauges(name, help_text, ("quantile",), found)


def age(now: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else (now - moment).total_seconds()
