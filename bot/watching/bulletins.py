"""An alarm in words: what is sent by mail and hook, and written to administrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlmodel import Session

from models import Account, Alarm

Render = Callable[[str, Mapping[str, Any]], str]
MOMENT = "%H:%M %d/%m/%Y"


@dataclass(frozen=True, slots=True)
class Bulletin:
    """``subject`` is what the alarm is about (an OA id, a job); no personal data."""

    kind: str
    subject: str
    raised_at: datetime
    ended_at: datetime | None
    heading: str  # one line: a mail's subject
    text: str


class TellingFailed(Exception):
    """This way does not work now; the reason holds neither address nor secret."""


class Way(Protocol):
    """A way to people that does not need Zalo."""

    name: str

    def send(self, bulletin: Bulletin) -> None:
        """Raises ``TellingFailed``."""


def bulletin_of(
    session: Session, alarm: Alarm, render: Render, zone: ZoneInfo
) -> Bulletin:
    """The sentences of this alarm's kind, or that it has ended."""
    account = session.get(Account, alarm.subject)
    known = {
        "name": (account.name if account else "") or alarm.subject,
        "since": _local(alarm.raised_at, zone),
        "detail": alarm.detail,
    }
    title = render(f"alarm_name.{alarm.kind}", known)
    if alarm.ended_at is None:
        heading = render("alarm_news.mail_subject", {"title": title})
        text = render(f"alarm.{alarm.kind}", known)
    else:
        over = {"title": title, "ended": _local(alarm.ended_at, zone)}
        heading = render("alarm_news.mail_subject_ended", {"title": title})
        text = render("alarm_news.ended", known | over)
    return Bulletin(
        alarm.kind, alarm.subject, alarm.raised_at, alarm.ended_at, heading, text
    )


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime(MOMENT)
