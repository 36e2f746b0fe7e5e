"""What templates may use: dates, words of the reports, who looks, what is wrong."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from flask import Flask, g
from jinja2 import StrictUndefined
from sqlmodel import Session, col, select

from bot.catalogue.values import Reason
from bot.duties.periods import Period
from bot.duties.table import wording
from bot.people import care
from bot.watching.alarms import open_alarms
from dashboard import access
from dashboard.access import Scope
from dashboard.office import Visitor, office
from models import Account, Alarm, Official, Role


def set_up(app: Flask) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters.update(
        day=day,
        moment=moment,
        plain_words=plain_words,
        day_month=day_month,
        percent=wording.percent,
    )
    app.jinja_env.globals.update(
        reaches=reaches,
        alarms=alarms,
        period_name=period_name,
        word=word,
        reason_said=reason_said,
        word_keys=word_keys,
    )
    app.context_processor(_who)


def _who() -> dict[str, Any]:
    return {"visitor": g.get("visitor"), "is_demo": office().is_demo}


def day(value: date | datetime) -> str:
    return f"{_local(value):%d/%m/%Y}"


def day_month(value: date | datetime) -> str:
    return f"{_local(value):%d/%m}"


def moment(value: datetime) -> str:
    return f"{_local(value):%H:%M %d/%m/%Y}"


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime):
        return value.astimezone(office().settings.zone)
    return value


def plain_words(source: str) -> str:
    """A text for a list: its blanks by name, without its logic."""
    text = re.sub(r"{%.*?%}", " ", source, flags=re.DOTALL)
    text = re.sub(r"{{-?\s*([\w.]+).*?}}", r"«\1»", text, flags=re.DOTALL)
    return " ".join(text.split()) or source


def word(key: str, **params: Any) -> str:
    """A text of ``content/texts``."""
    return office().texts.render(key, params)


def reason_said(code: str) -> str:
    """Why a message did not arrive, in words; the code itself where it has none."""
    key = f"reason.{code}"
    return word(key) if key in office().texts.keys else code


def reason_given(reason: str) -> str:
    """Why a value or a file cannot be taken, in our words where it has a code."""
    return _in_our_words("import_reason", reason)


def said_of_wording(reason: str) -> str:
    """Why an own wording cannot be taken."""
    return _in_our_words("wording_flaw", reason)


def _in_our_words(section: str, reason: str) -> str:
    key = f"{section}.{reason.code}" if isinstance(reason, Reason) else ""
    if key not in office().texts.keys or not isinstance(reason, Reason):
        return reason
    return word(key, **reason.params)


def name_behind(session: Session, pseudonym: str) -> str:
    """Of the official; "" where he was forgotten."""
    named = select(Official.name).where(col(Official.pseudonym) == pseudonym)
    return session.exec(named).first() or ""


def word_keys() -> frozenset[str]:
    return office().texts.keys


def period_name(period: Period) -> str:
    return wording.period_name(office().texts, period)


def reaches(endpoint: str) -> bool:
    """Whether the visitor's roles lead to this page; its own unit is looked at there."""
    him: Visitor | None = g.get("visitor")
    rule = access.TABLE[endpoint]
    if him is None or not him.is_at_least(rule.role):
        return False
    return rule.scope != Scope.ALL or _sees_all(him, rule.role)


def _sees_all(him: Visitor, role: Role) -> bool:
    known: dict[Role, bool] = g.setdefault("sees_all", {})
    if role not in known:
        with office().database.reading() as session:
            known[role] = care.looks_after_all(session, him.official, role, him.today)
    return known[role]


def alarms() -> list[str]:
    """The headings of what is wrong now, for who can do something about it."""
    him: Visitor | None = g.get("visitor")
    if him is None or not him.is_at_least(Role.SUPERVISOR):
        return []
    with office().database.reading() as session:
        return [
            office().texts.render(
                f"alarm_name.{one.kind}", {"name": _name(session, one)}
            )
            for one in open_alarms(session)
        ]


def _name(session: Session, alarm: Alarm) -> str:
    account = session.get(Account, alarm.subject)
    return (account.name if account else "") or alarm.subject
