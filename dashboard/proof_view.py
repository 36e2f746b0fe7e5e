"""A proof as people look at it: what was sent, what was seen, who decided what and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.conversation import naming
from bot.duties.periods import Period, parse_period
from bot.duties.proofs import reviewing
from bot.duties.proofs.verdict import Finding
from bot.duties.table import wording
from bot.people import audit, officials, units
from dashboard.deciding import is_flagged
from dashboard.office import Visitor, office
from models import (
    AuditEntry,
    EvidenceKind,
    Official,
    Proof,
    ProofCheck,
    ProofState,
    StoredFile,
)

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
SNAPSHOT_SHOWN = 4000  # characters of a page: enough to see what it is about
BY_RULE = "rule"
# What a supervisor may still say of a proof in each state.
MAY_ACCEPT = (
    ProofState.OK,
    ProofState.DOUBTFUL,
    ProofState.FAILED,
    ProofState.REJECTED,
)
MAY_REJECT = (ProofState.OK, ProofState.DOUBTFUL, ProofState.ACCEPTED)
REASONS_TO_REJECT = (
    "wrong_period",
    "wrong_page",
    "off_topic",
    "unreadable",
    "used_before",
)
REASONS_TO_ACCEPT = ("late", "appeal", "mistake")
REASONS_AGAINST_EXEMPTION = ("not_serious", "can_do")


@dataclass(frozen=True, slots=True)
class FindingShown:
    """``ok`` None: a doubt. ``used`` is the earlier proof that shows the same."""

    ok: bool | None
    text: str
    used: int | None


@dataclass(frozen=True, slots=True)
class CheckShown:
    number: int
    checked_at: datetime
    page_title: str
    findings: tuple[FindingShown, ...]
    has_picture: bool
    snapshot: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the history."""

    at: datetime
    action: str
    by: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProofShown:
    """Exactly what the templates use."""

    id: int
    state: ProofState
    state_word: str
    kind: EvidenceKind
    what: str
    title: str
    url: str  # "" unless it is a web address that may be opened
    written_url: str
    unit_code: str
    unit: str
    duty_id: str
    duty: str
    period: Period
    sender: str
    received_at: datetime
    published_on: Any
    reason: str
    decided_by: str
    decided_at: datetime | None
    by_rule: bool
    file_type: str  # "" without a file here
    replaces_id: int | None
    checks: tuple[CheckShown, ...]
    steps: tuple[Step, ...]
    taken_by: str  # who else has it on his screen
    needs_reason: bool  # its period is closed: also to accept it
    may_accept: bool
    may_reject: bool

    @property
    def newest(self) -> CheckShown | None:
        return self.checks[-1] if self.checks else None

    @property
    def is_picture(self) -> bool:
        return self.file_type in PICTURES

    @property
    def used_before(self) -> int | None:
        """The earlier proof to lay beside this one."""
        found = [one.used for one in self.newest.findings] if self.newest else []
        return next((one for one in found if one), None)


def proof_shown(
    session: Session, proof: Proof, him: Visitor, *, with_snapshot: bool = False
) -> ProofShown:
    words = office().texts
    state = ProofState(proof.state)
    file = session.get(StoredFile, proof.file_sha256) if proof.file_sha256 else None
    url = proof.url or ""
    return ProofShown(
        id=proof.id or 0,
        state=state,
        state_word=words.render(f"report.proof_{state}"),
        kind=EvidenceKind(proof.kind),
        what=naming.thing_label(words.label, proof),
        title=proof.title,
        url=url if url.startswith(("http://", "https://")) else "",
        written_url=url,
        unit_code=proof.unit_code,
        unit=units.name_of(session, proof.unit_code),
        duty_id=proof.duty_id,
        duty=naming.duty_of(session, words.label, proof),
        period=parse_period(proof.period),
        sender=officials.name_of(session, proof.sent_by_id),
        received_at=proof.received_at,
        published_on=proof.published_on,
        reason=wording.proof_reason(words, proof.reason),
        decided_by=actor_names(session, [proof.decided_by or ""]).get(
            proof.decided_by or "", ""
        ),
        decided_at=proof.decided_at,
        by_rule=proof.decided_by == BY_RULE,
        file_type=file.media_type if file else "",
        replaces_id=proof.replaces_id,
        checks=_checks(session, proof, with_snapshot=with_snapshot),
        steps=history(session, [f"proof:{proof.id}"]),
        taken_by=_taken_by(session, proof, him),
        needs_reason=reviewing.needs_reason(session, proof),
        may_accept=state in MAY_ACCEPT or is_flagged(proof),
        may_reject=state in MAY_REJECT,
    )


def _taken_by(session: Session, proof: Proof, him: Visitor) -> str:
    if not reviewing.is_taken(proof, him.official, him.now):
        return ""
    return officials.name_of(session, proof.review_by_id) or "…"


def _checks(
    session: Session, proof: Proof, *, with_snapshot: bool
) -> tuple[CheckShown, ...]:
    rows = session.scalars(
        select(ProofCheck)
        .where(col(ProofCheck.proof_id) == proof.id)
        .order_by(col(ProofCheck.number))
    ).all()
    return tuple(
        CheckShown(
            number=row.number,
            checked_at=row.checked_at,
            page_title=row.page_title,
            findings=tuple(_finding(session, one) for one in row.findings),
            has_picture=row.picture_sha256 is not None,
            snapshot=_snapshot(row) if with_snapshot else "",
        )
        for row in rows
    )


def _finding(session: Session, stored: dict[str, Any]) -> FindingShown:
    used = stored.get("proof")
    finding = Finding.from_json(stored)
    text = naming.finding_label(session, office().texts.label, finding)
    return FindingShown(finding.ok, text, used if isinstance(used, int) else None)


def _snapshot(check: ProofCheck) -> str:
    if check.snapshot_sha256 is None:
        return ""
    try:
        content = office().files.read(check.snapshot_sha256)
    except FileNotFoundError:
        return ""
    return content.decode("utf-8", "replace")[:SNAPSHOT_SHOWN]


def history(session: Session, subjects: Sequence[str]) -> tuple[Step, ...]:
    """What people did to these, oldest first."""
    rows = session.scalars(
        select(AuditEntry)
        .where(col(AuditEntry.subject).in_(subjects))
        .order_by(col(AuditEntry.id))
    ).all()
    names = actor_names(session, {row.actor for row in rows})
    return tuple(
        Step(row.at, row.action, names.get(row.actor, row.actor), row.detail)
        for row in rows
    )


def actor_names(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Pseudonyms by name, as long as the person is known here."""
    known = {audit.OPERATOR, audit.PROGRAM, BY_RULE, ""}
    wanted = sorted(set(actors) - known)
    rows = session.execute(
        select(col(Official.pseudonym), col(Official.name)).where(
            col(Official.pseudonym).in_(wanted)
        )
    )
    return {pseudonym: name or pseudonym for pseudonym, name in rows}
