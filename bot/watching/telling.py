"""Telling people of alarms: by log, by hook and mail where set, and in the chat.

Each way stands for itself: what one of them suffers never keeps another from being tried,
and each notes for itself whom it told (``notices``). A way outside that fails is not tried
for further alarms of the same tick. No session is open while hook or mail are asked.

In the chat an administrator is written to through another account than the sick one where
possible. A message that did not leave in time is called back and written anew, through
whichever account is the best by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session, col, select

from bot.channel import outbox
from bot.channel.outbox import Outgoing
from bot.db import Database
from bot.settings import Settings
from bot.watching.bulletins import Bulletin, Render, TellingFailed, Way, bulletin_of
from bot.watching.hook import Hook
from bot.watching.mail import Mail
from bot.watching.notices import (
    AGAIN_AFTER,
    is_due,
    note_failed,
    note_told,
    notice_of,
    worth_telling,
)
from bot.watching.reaching import Reachable, administrators
from models import Alarm, AlarmNotice, Lane, MessageKind, MessageStatus, OutboxMessage

log = structlog.get_logger(__name__)

CHAT = "zalo"
# A healthy account sends within seconds; a paused one comes back after ten minutes.
LEAVES_WITHIN = timedelta(minutes=5)
_NOT_LEFT = (MessageStatus.WAITING, MessageStatus.PARKED)
_FAILED = (
    *_NOT_LEFT,
    MessageStatus.UNREACHABLE,
    MessageStatus.REFUSED,
    MessageStatus.EXPIRED,
    MessageStatus.DEAD,
)


def ways_outside(settings: Settings) -> list[Way]:
    """Those of the settings, beside log and chat."""
    ways: list[Way] = []
    if settings.alarm_webhook_url:
        ways.append(Hook(settings.secret("alarm_webhook_url")))
    if settings.alarm_smtp_url:
        ways.append(Mail.from_url(settings.secret("alarm_smtp_url")))
    return ways


class Log:
    """The one way that is always there."""

    name = "log"

    def send(self, bulletin: Bulletin) -> None:
        if bulletin.ended_at is None:
            log.error("alarm", kind=bulletin.kind, subject=bulletin.subject,
                      since=bulletin.raised_at.isoformat())  # fmt: skip
        else:
            log.warning("alarm_ended", kind=bulletin.kind, subject=bulletin.subject)


@dataclass(frozen=True, slots=True)
class Telling:
    """``outside`` are the ways that were set up beside the chat."""

    database: Database
    render: Render
    zone: ZoneInfo
    outside: Sequence[Way] = ()

    def run(self, now: datetime) -> dict[str, int]:
        """Everything that is due now; how often each way told somebody."""
        counts = {way.name: self._by(way, now) for way in (Log(), *self.outside)}
        with self.database.writing() as session:
            counts[CHAT] = self._in_chat(session, now)
        return counts

    def _by(self, way: Way, now: datetime) -> int:
        told = 0
        for alarm, bulletin in self._due(way.name, now):
            try:
                way.send(bulletin)
            except TellingFailed as failure:
                log.warning("alarm_not_told", way=way.name, reason=str(failure))
                self._note(alarm, way.name, now, is_told=False)
                break
            self._note(alarm, way.name, now, is_told=True)
            told += 1
        return told

    def _due(self, way: str, now: datetime) -> list[tuple[Alarm, Bulletin]]:
        with self.database.reading() as session:
            return [
                (alarm, bulletin_of(session, alarm, self.render, self.zone))
                for alarm in worth_telling(session, now)
                if is_due(alarm, notice_of(session, alarm, way), now)
            ]

    def _note(self, alarm: Alarm, way: str, now: datetime, *, is_told: bool) -> None:
        with self.database.writing() as session:
            notice = notice_of(session, alarm, way)
            if not is_told:
                note_failed(session, notice, now)
                return
            note_told(session, alarm, notice, now)
            notice.tries = 0
            if way != Log.name:
                session.get_one(Alarm, alarm.id).told_at = now

    def _in_chat(self, session: Session, now: datetime) -> int:
        told = 0
        today = now.astimezone(self.zone).date()
        for alarm in worth_telling(session, now):
            _call_back(session, alarm, now)
            for reachable in administrators(session, alarm.subject, now, today):
                told += self._write(session, alarm, reachable, now)
        return told

    def _write(
        self, session: Session, alarm: Alarm, reachable: Reachable, now: datetime
    ) -> int:
        notice = notice_of(session, alarm, CHAT, str(reachable.official_id))
        if not is_due(alarm, notice, now):
            return 0
        day = "ended" if alarm.ended_at else f"{now.astimezone(self.zone):%Y-%m-%d}"
        key = f"alarm:{alarm.id}:{day}:{reachable.official_id}:{notice.tries}"
        text = bulletin_of(session, alarm, self.render, self.zone).text
        outbox.enqueue(
            session,
            contact=reachable.contact,
            key=key,
            messages=[Outgoing(text)],
            lane=Lane.REPLY,
            kind=MessageKind.ALARM,
            now=now,
            useful_until=now + AGAIN_AFTER,
        )
        note_told(session, alarm, notice, now)
        notice.message_key = f"{key}:0"
        alarm.told_at = now
        session.add(alarm)
        return 1


def _call_back(session: Session, alarm: Alarm, now: datetime) -> None:
    """What did not leave counts as not told: the next writing may choose another account."""
    rows = session.exec(
        select(AlarmNotice, OutboxMessage)
        .join(
            OutboxMessage,
            col(OutboxMessage.dedupe_key) == col(AlarmNotice.message_key),
        )
        .where(
            col(AlarmNotice.alarm_id) == alarm.id,
            col(OutboxMessage.status).in_(_FAILED),
            col(OutboxMessage.created_at) <= now - LEAVES_WITHIN,
        )
    ).all()
    for notice, message in rows:
        if message.status in _NOT_LEFT:
            message.status = MessageStatus.CANCELLED
            message.reason = None
            session.add(message)
        if notice.end_told_at is None:
            notice.told_at = None
        else:
            notice.end_told_at = None
        notice.message_key = None
        note_failed(session, notice, now)
