"""What proofs, duties, periods and findings are called in a message, whoever writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from bot.duties.periods import Period, parse_period
from bot.duties.proofs.verdict import Finding
from bot.duties.table.wording import duty_number
from bot.people import units
from models import EvidenceKind, Exemption, PlanDuty, Proof

Label = Callable[..., str]  # ``Texts.label``


def duty_label(
    label: Label, duty_id: str, title: str, channel: str, channels: Sequence[str]
) -> str:
    """The channel is said where the duty has several."""
    said = label(f"channels.{channel}") if channel and len(channels) > 1 else ""
    return label("proofs.duty", number=duty_number(duty_id), title=title, channel=said)


def duty_of(session: Session, label: Label, row: Proof | Exemption) -> str:
    """The label of what a stored row is about."""
    duty = session.get(PlanDuty, (row.plan_id, row.duty_id))
    if duty is None:
        return row.duty_id
    channel = row.channel if isinstance(row, Proof) else ""
    return duty_label(label, row.duty_id, duty.short_title, channel, duty.channels)


def period_label(label: Label, period: Period) -> str:
    return label(f"periods.{period.cadence}", p=period)


def thing_label(label: Label, proof: Proof) -> str:
    """ "liên kết canduoc.tayninh.gov.vn", "ảnh", "số liệu 45/60"."""
    return label(
        f"kinds.{EvidenceKind(proof.kind)}",
        host=host_of(proof.url or ""),
        numbers={"done": 0, "total": None} | (proof.numbers or {}),
    )


def place_of(session: Session, label: Label, proof: Proof) -> str:
    """ "2.3 Phát thanh …, tuần 48 (23–29/11)" of a stored proof."""
    return label(
        "proofs.place",
        duty=duty_of(session, label, proof),
        unit="",
        period=period_label(label, parse_period(proof.period)),
    )


def short_place_of(label: Label, proof: Proof) -> str:
    """ "2.2 trang web, tuần 48 (23/11–29/11)", where many are named below each other."""
    return label(
        "verdicts.place",
        number=duty_number(proof.duty_id),
        channel=label(f"channels.{proof.channel}") if proof.channel else "",
        period=period_label(label, parse_period(proof.period)),
    )


def host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a bracket that begins an address of IPv6
        return ""


def finding_label(session: Session, label: Label, finding: Finding) -> str:
    """What was seen, in a few words: "trang không ghi rõ ngày đăng"."""
    return label(f"checks.{finding.key}", **_readable(session, finding.detail))


def _readable(session: Session, detail: dict[str, Any]) -> dict[str, Any]:
    """Codes by the names that people know."""
    found = dict(detail)
    if isinstance(day := detail.get("date"), str):
        found["date"] = date.fromisoformat(day)
    if isinstance(code := detail.get("unit"), str):
        found["unit"] = units.name_of(session, code)
    if isinstance(duty_id := detail.get("duty"), str):
        found["duty"] = duty_number(duty_id)
    return found
