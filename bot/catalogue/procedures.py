"""Procedures as citizens are told of them. Facts stay as the source prints them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.search.fold import fold
from models import Procedure, ProcedureStatus

_DAY = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")


def by_code(session: Session, code: str) -> Procedure | None:
    return session.get(Procedure, code)


def successor_of(session: Session, procedure: Procedure) -> Procedure | None:
    """The procedure that took over, when the source names one we know."""
    if not procedure.replaced_by:
        return None
    return session.get(Procedure, procedure.replaced_by)


def in_group(session: Session, group: str) -> Sequence[Procedure]:
    """Those in force, in the order of the pack."""
    return session.scalars(
        select(Procedure)
        .where(
            col(Procedure.group) == group,
            col(Procedure.status).not_in(
                (ProcedureStatus.REPLACED, ProcedureStatus.INDEX_ONLY)
            ),
        )
        .order_by(col(Procedure.position), col(Procedure.code))
    ).all()


def count_by_group(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(col(Procedure.group), func.count())
        .where(
            col(Procedure.status).not_in(
                (ProcedureStatus.REPLACED, ProcedureStatus.INDEX_ONLY)
            )
        )
        .group_by(col(Procedure.group))
    )
    return dict(rows.all())


def short_name(name: str, limit: int = 120) -> str:
    """The official name without its leading "Thủ tục", cut at a word."""
    has_prefix = fold(name).startswith("thu tuc ")
    bare = name.split(maxsplit=2)[-1] if has_prefix else name.strip()
    bare = bare[:1].upper() + bare[1:]
    return shorten(bare, limit)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut at a border between items or words."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    for border in ("; ", ", ", " "):
        position = cut.rfind(border)
        if position > limit * 0.6:
            return cut[:position].rstrip(" ;,(") + "…"
    return cut + "…"


def items(text: str) -> list[str]:
    """A "; "-separated cell as a list; parentheses keep their own semicolons."""
    parts, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ";" and depth <= 0:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def mentions_past_day(text: str, today: date) -> bool:
    """True when a dd/mm/yyyy in it is over: a dated fee must not pass for a current one."""
    for day, month, year in _DAY.findall(text):
        try:
            if datetime(int(year), int(month), int(day)).date() < today:  # noqa: DTZ001
                return True
        except ValueError:
            continue
    return False
