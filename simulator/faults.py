"""What goes wrong on purpose: scripted (n times) and standing faults.

The first fault that fits a call is used; latencies add up and do not count as that one.
Whether the call takes effect is part of the kind: "error but delivered" and "cut after
delivery" are the answers that tempt a client to send twice.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from typing import Any

# kind -> whether the call is carried out
KINDS = {
    "http_500": False,
    "hang": False,
    "hang_after_delivery": True,
    "broken_json": True,
    "error": False,
    "error_but_delivered": True,
    "cut": False,
    "cut_after_delivery": True,
    "latency": True,
    "rate_limit": False,
}

DEFAULT_HANG_SECONDS = 30.0  # longer than any sensible client time-out
DEFAULT_CODE = -200  # "Send message failed": maybe delivered, says Zalo's own table


@dataclass
class Fault:
    """One fault and the calls it applies to; empty fields fit every call."""

    id: str
    kind: str
    times: int | None = None
    path: str = ""
    oa_id: str | None = None
    person: str | None = None
    seconds: float = DEFAULT_HANG_SECONDS
    ms: int = 0
    code: int = DEFAULT_CODE
    message: str | None = None
    used: int = 0

    @property
    def delivers(self) -> bool:
        """Whether the call is carried out although its answer is spoiled."""
        return KINDS[self.kind]

    def fits(self, path: str, oa_id: str | None, person: str | None) -> bool:
        """Whether this call is meant and uses are left."""
        if self.times is not None and self.used >= self.times:
            return False
        return (
            self.path in path
            and self.oa_id in (None, oa_id)
            and self.person in (None, person)
        )


@dataclass
class Verdict:
    """What to do to one call."""

    latency_ms: int = 0
    fault: Fault | None = None


@dataclass
class Faults:
    """The faults in order of entry. Callers hold the lock of the state."""

    rows: list[Fault] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, kind: str, **fields: Any) -> Fault:
        """Enter a fault; unknown kinds are a ValueError."""
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        fault = Fault(str(next(self._numbers)), kind, **fields)
        self.rows.append(fault)
        return fault

    def judge(self, path: str, oa_id: str | None, person: str | None) -> Verdict:
        """Use up what fits this call."""
        verdict = Verdict()
        for fault in self.rows:
            is_latency = fault.kind == "latency"
            if (verdict.fault and not is_latency) or not fault.fits(
                path, oa_id, person
            ):
                continue
            fault.used += 1
            if is_latency:
                verdict.latency_ms += fault.ms
            else:
                verdict.fault = fault
        return verdict

    def remove(self, fault_id: str) -> bool:
        """Take one fault out; False if there is none of that id."""
        kept = [fault for fault in self.rows if fault.id != fault_id]
        removed = len(kept) < len(self.rows)
        self.rows = kept
        return removed

    def describe(self) -> list[dict[str, Any]]:
        """The faults as JSON."""
        return [asdict(fault) for fault in self.rows]
