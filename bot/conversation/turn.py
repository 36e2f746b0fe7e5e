"""What a handler gets and what it gives back.

A handler is a plain function ``(Turn) -> list[Reply]``: no HTTP, no commit, no clock. Every
choice a person can make is a *command* ("service:1.001193", "fee:1.001193", "menu"): a
typed number, a tapped button and the words of an option all lead to the same command, and
so to the same handler.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.catalogue.catalogue import Catalogue
from bot.channel.inbound import InboundEvent
from models import Account, Contact

_COMMAND = re.compile(r"#?(?P<name>[a-z][a-z_]{1,30})(?::(?P<argument>.{0,200}))?")


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the bot can be told to do; ``str()`` is how it is stored and sent."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.argument}" if self.argument else self.name

    @classmethod
    def parse(cls, text: str) -> Command | None:
        found = _COMMAND.fullmatch(text.strip())
        return cls(found["name"], found["argument"] or "") if found else None


@dataclass(frozen=True, slots=True)
class Option:
    """One numbered line of an answer. ``label`` is Vietnamese text, ready to read."""

    label: str
    command: Command

    def to_json(self) -> dict[str, str]:
        return {"label": self.label, "command": str(self.command)}


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to write: a text key with its parameters, never the text itself.

    ``options`` are appended as a numbered list (``inline`` puts them on one line) and
    decide what a number means from now on; ``focus`` is the record this answer is about;
    ``more`` the command behind "thêm". A ``remark`` changes none of these. ``tighter`` are
    parameters that say less, tried in turn while the message is too long for a first answer.
    ``to`` is the contact it goes to where that is somebody else; he is offered no numbers.
    """

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    inline: bool = False
    focus: Command | None = None
    more: Command | None = None
    remark: bool = False
    tighter: tuple[Mapping[str, Any], ...] = ()
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody has come in a dialog, and what he has said there."""

    dialog: str
    step: str
    draft: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What the last answer left behind; empty once it has expired."""

    offers: tuple[Option, ...] = ()
    focus: Command | None = None
    more: Command | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One event of one person, with all a handler may look at."""

    event: InboundEvent
    contact: Contact
    account: Account
    session: Session
    catalogue: Catalogue
    label: Callable[..., str]
    now: datetime
    zone: ZoneInfo
    text: str = ""
    command: Command | None = None
    context: Context = Context()
    base_url: str = ""  # where people reach our pages

    @property
    def local_now(self) -> datetime:
        """Now, in the zone of weeks and deadlines."""
        return self.now.astimezone(self.zone)

    @property
    def today(self) -> date:
        return self.local_now.date()

    def option(self, key: str, command: str, argument: str = "") -> Option:
        """An option whose label is the text ``key``."""
        return Option(self.label(key), Command(command, argument))


Handler = Callable[[Turn], list[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the route table: the first whose ``when`` accepts the turn runs."""

    name: str
    when: Callable[[Turn], bool]
    run: Handler
