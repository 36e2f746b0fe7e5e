"""An office with two accounts, administrators, and the ways by which they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.clock import Clock
from bot.conversation.texts import Texts
from bot.db import Database
from bot.settings import Settings
from bot.watching.alarms import end_alarm, raise_alarm
from bot.watching.bulletins import Bulletin, TellingFailed, Way
from bot.watching.kinds import AlarmKind
from bot.watching.telling import Telling
from models import Account, Alarm, Contact, Membership, Official, OutboxMessage, Role

SICK, WELL = "1001", "1002"


@dataclass
class Recorder:
    """A way that keeps what it was given, or does not work."""

    name: str
    works: bool = True
    tried: int = 0
    heard: list[Bulletin] = field(default_factory=list)

    def send(self, bulletin: Bulletin) -> None:
        self.tried += 1
        if not self.works:
            raise TellingFailed("broken")
        self.heard.append(bulletin)


@dataclass
class Watch:
    """Time is given to each step: nothing here waits."""

    database: Database
    telling: Telling
    now: datetime

    def later(self, **parts: float) -> dict[str, int]:
        """Move on, and tell what is due then."""
        self.now += timedelta(**parts)
        return self.telling.run(self.now)

    def trouble(
        self,
        kind: AlarmKind = AlarmKind.TOKEN_DEAD,
        subject: str = SICK,
        **detail: Any,
    ) -> None:
        with self.database.writing() as session:
            assert raise_alarm(session, kind, subject, detail, self.now)

    def over(self, kind: AlarmKind = AlarmKind.TOKEN_DEAD, subject: str = SICK) -> None:
        with self.database.writing() as session:
            assert end_alarm(session, kind, subject, self.now)

    def administrator(
        self, *oa_ids: str, role: Role = Role.ADMINISTRATOR, **contact: Any
    ) -> int:
        """One person who has just written to these accounts."""
        with self.database.writing() as session:
            official = Official(
                pseudonym=f"p{len(self.officials())}",
                name="Lan",
                created_at=self.now,
                joined_at=self.now,
            )
            session.add(official)
            session.flush()
            session.add(
                Membership(
                    official_id=official.id or 0,
                    unit_code="xa_can_duoc",
                    role=role,
                    since_on=self.now.date() - timedelta(days=2),
                )
            )
            for oa_id in oa_ids:
                known: Mapping[str, Any] = {"last_interaction_at": self.now} | contact
                session.add(
                    Contact(
                        oa_id=oa_id,
                        user_id=f"u{official.id}",
                        created_at=self.now,
                        official_id=official.id,
                        **known,
                    )
                )
        return official.id or 0

    def officials(self) -> list[Official]:
        with self.database.reading() as session:
            return list(session.exec(select(Official)))

    def written(self) -> list[OutboxMessage]:
        with self.database.reading() as session:
            return list(session.exec(select(OutboxMessage).order_by(OutboxMessage.id)))  # type: ignore[arg-type]

    def change(self, table: Any, key: Any, **fields: Any) -> None:
        with self.database.writing() as session:
            row = session.get_one(table, key)
            for name, value in fields.items():
                setattr(row, name, value)

    def alarm(self, number: int = 1) -> Alarm:
        with self.database.reading() as session:
            return session.get_one(Alarm, number)

    def by(self, *ways: Way) -> None:
        self.telling = Telling(
            self.database, self.telling.render, self.telling.zone, ways
        )


@pytest.fixture
def texts(settings: Settings) -> Texts:
    return Texts.load(settings.content_dir / "texts")


@pytest.fixture
def watch(database: Database, settings: Settings, clock: Clock, texts: Texts) -> Watch:
    now = clock.now()
    with database.writing() as session:
        for oa_id, name in ((SICK, "UBND xã Ốm"), (WELL, "UBND xã Khỏe")):
            session.add(
                Account(
                    oa_id=oa_id,
                    name=name,
                    created_at=now,
                    access_token_sealed="sealed",
                    refresh_token_sealed="sealed",
                    access_expires_at=now + timedelta(days=9),
                )
            )
    return Watch(database, Telling(database, texts.render, settings.zone), now)
