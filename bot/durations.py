"""How long, in a few characters that an operator reads at a glance."""

from __future__ import annotations

from datetime import timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def spoken(duration: timedelta) -> str:
    """The two largest units: "4 s", "3 min 20 s", "5 h", "2 d 3 h"; below a second "0 s"."""
    left = int(abs(duration.total_seconds()))
    parts = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, name))
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return " ".join(
        f"{count} {name}" for position, (count, name) in enumerate(parts[:2])
        if count or position == 0
    )  # fmt: skip
