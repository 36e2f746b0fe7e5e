"""What the pages may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from flask import current_app, g
from sqlmodel import Session

from bot.account_list import Checked
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.connecting import Connecting
from bot.conversation.preview import Preview
from bot.conversation.texts import Texts
from bot.db import Database
from bot.files import Files
from bot.people import officials
from bot.settings import Settings
from models import Official, Role

NAME = "dashboard"


@dataclass(frozen=True, slots=True)
class Office:
    """Built once in ``building``."""

    database: Database
    clock: Clock
    settings: Settings
    texts: Texts
    spool: Spool
    files: Files
    connecting: Connecting
    job_lines: Callable[[Session, datetime], Sequence[Any]]
    ask_zalo: Callable[[str], Checked]
    preview: Preview
    is_demo: bool

    @property
    def now(self) -> datetime:
        """In the zone of weeks and deadlines."""
        return self.clock.now().astimezone(self.settings.zone)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at this page; ``now`` is when he asked for it."""

    official: Official
    session_id: int
    roles: frozenset[Role]  # held anywhere, the lower ones included
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    def is_at_least(self, role: Role) -> bool:
        return role in self.roles


def office() -> Office:
    return cast(Office, current_app.extensions[NAME])


def visitor() -> Visitor:
    """Behind the guard there is always one."""
    return cast(Visitor, g.visitor)


def roles_held(served: Sequence[Role]) -> frozenset[Role]:
    """These and all that they include."""
    highest = max((officials.RANK[role] for role in served), default=-1)
    return frozenset(role for role in Role if officials.RANK[role] <= highest)
