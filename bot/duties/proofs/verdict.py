"""What was seen of a proof, one finding after the other, and the verdict that follows.

Each finding speaks for the proof (``ok`` is true), against it (false), or leaves a doubt
that needs eyes (none). One against: ``failed``; else one doubt: ``doubtful``; else ``ok``.
A finding's sentence stands in ``content/texts/checks.toml`` under its key: what was seen,
and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models import ProofState


class Check(StrEnum):
    """What is looked at."""

    ALIVE = "alive"
    REDIRECTED = "redirected"
    OWN_HOST = "own_host"
    TITLE = "title"
    PUBLISHED_ON = "published_on"
    IN_PERIOD = "in_period"
    BEFORE_PLAN = "before_plan"
    FUTURE_DATE = "future_date"
    DATE_MISSING = "date_missing"
    SUBJECT = "subject"
    JAVASCRIPT_ONLY = "javascript_only"
    LOGIN_WALL = "login_wall"
    ROBOTS_REFUSED = "robots_refused"
    LINK_USED_BEFORE = "link_used_before"
    TEXT_USED_BEFORE = "text_used_before"
    PICTURE_USED_BEFORE = "picture_used_before"
    FILE_USED_BEFORE = "file_used_before"
    FILE_MISSING = "file_missing"
    EXIF_DATE = "exif_date"
    LINK_WANTED = "link_wanted"
    QUANTITY_TOO_HIGH = "quantity_too_high"
    NOT_CHECKED = "not_checked"


BY_RULE = "rule"  # who decided, where no person did
# The reason of an accepted proof whose page is not there any more: it counts until a
# supervisor has decided.
DISAPPEARED = "disappeared"


class Gone(StrEnum):
    """Why a page that answers is still not the page (beside the fetcher's refusals)."""

    SAYS_SO = "says_not_found"
    FRONT_PAGE = "front_page"


@dataclass(frozen=True, slots=True)
class Finding:
    """``why`` tells apart what one check may find; ``detail`` is for people to see."""

    check: Check
    ok: bool | None
    why: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Of its sentence, without the section."""
        said = {True: "yes", False: "no", None: "doubt"}
        return f"{self.check}_{self.why or said[self.ok]}"

    def to_json(self) -> dict[str, Any]:
        why = {"why": self.why} if self.why else {}
        return {"code": self.check.value, "ok": self.ok} | why | self.detail

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Finding:
        detail = {k: v for k, v in stored.items() if k not in ("code", "ok", "why")}
        return cls(Check(stored["code"]), stored["ok"], stored.get("why", ""), detail)


def verdict_of(findings: Iterable[Finding]) -> ProofState:
    said = {finding.ok for finding in findings}
    if False in said:
        return ProofState.FAILED
    return ProofState.DOUBTFUL if None in said else ProofState.OK


def decisive(findings: Sequence[Finding]) -> list[Finding]:
    """What decided: all that speaks against, or all that is in doubt."""
    verdict = verdict_of(findings)
    wanted = {ProofState.FAILED: False, ProofState.DOUBTFUL: None}
    if verdict == ProofState.OK:
        return []
    return [finding for finding in findings if finding.ok is wanted[verdict]]
