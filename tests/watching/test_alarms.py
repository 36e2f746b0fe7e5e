"""One open alarm for each kind and subject, on either engine."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from bot.clock import Clock
from bot.db import Database
from bot.watching.alarms import end_alarm, open_alarms, raise_alarm
from bot.watching.kinds import AlarmKind
from models import Alarm


def test_an_alarm_is_raised_once_and_ended_once(either: Database, clock: Clock) -> None:
    now = clock.now()

    def raised(kind: AlarmKind, subject: str) -> bool:
        with either.writing() as session:
            return raise_alarm(session, kind, subject, {"code": 1}, now)

    def ended(subject: str) -> bool:
        with either.writing() as session:
            return end_alarm(session, AlarmKind.TOKEN_DEAD, subject, now)

    assert raised(AlarmKind.TOKEN_DEAD, "1")
    assert not raised(AlarmKind.TOKEN_DEAD, "1")
    assert raised(AlarmKind.TOKEN_DEAD, "2")
    assert raised(AlarmKind.SILENCE, "1")
    assert ended("1")
    assert not ended("1")
    assert not ended("3")
    assert raised(AlarmKind.TOKEN_DEAD, "1")
    with either.reading() as session:
        assert len(session.exec(select(Alarm)).all()) == 4
        kinds = [(alarm.kind, alarm.subject) for alarm in open_alarms(session)]
    assert kinds == [("token_dead", "2"), ("silence", "1"), ("token_dead", "1")]


def test_what_an_alarm_says_stays_as_it_was_raised(
    database: Database, clock: Clock
) -> None:
    with database.writing() as session:
        raise_alarm(session, AlarmKind.DEAD_LETTERS, "", {"count": 3}, clock.now())
        later = clock.now() + timedelta(hours=1)
        raise_alarm(session, AlarmKind.DEAD_LETTERS, "", {"count": 9}, later)
    with database.reading() as session:
        [alarm] = open_alarms(session)
    assert alarm.detail == {"count": 3}
    assert alarm.raised_at < later
