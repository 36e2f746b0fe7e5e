"""The Vietnamese texts of ``content/texts/*.toml``, rendered by Jinja.

``need_photo = "…"`` under ``[proof]`` is the key ``proof.need_photo``. A missing key or a
forgotten variable is an error (``StrictUndefined``): a test fails, not a citizen.

An office may word a text its own way (``OwnWording``, made in ``bot/editing/wordings``).
Whoever has a session calls ``look`` now and then, so every process knows a new wording
within a second or two. Guarantee: an own wording that cannot be rendered never costs an
answer, the shipped text is said instead.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from jinja2 import Environment, Template, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.conversation.text_language import configured, finished, included_in
from bot.conversation.wording_rules import fits
from bot.errors import OperatorError
from models import ContentRevision, OwnWording

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 1.0
HISTORY = "texts"  # what revisions of own wordings call their table


class TextsError(OperatorError):
    """A text file is wrong; the message names file and key."""


@dataclass(frozen=True, slots=True)
class _Shipped:
    """The files, compiled; the same for every database."""

    sources: Mapping[str, str]
    templates: Mapping[str, Template]


class Texts:
    """All texts: the shipped ones, compiled once, and over them the office's own."""

    def __init__(
        self,
        templates: Mapping[str, Template],
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self._templates = templates
        self.sources = sources or {}
        self._own: Mapping[str, Template] = {}
        self._state: int | None = None
        self._looked_at = -LOOK_EVERY_SECONDS

    @classmethod
    def load(cls, folder: Path) -> Texts:
        """Those of the folder as they are now; compiling takes a second, so the same files
        are compiled once in a process, whoever asks."""
        files = sorted(folder.glob("*.toml"))
        found = _of_files(tuple((file, file.stat().st_mtime_ns) for file in files))
        return cls(found.templates, found.sources)

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._templates)

    def render(self, key: str, params: Mapping[str, Any] | None = None) -> str:
        """The finished text in NFC, without blank lines at its ends."""
        if key not in self._templates:
            raise TextsError(f"no text {key!r}")
        own = self._own.get(key)
        if own is not None:
            try:
                return finished(own.render(params or {}))
            except Exception as error:  # whatever it is: the answer goes out
                log.warning("own_wording_failed", key=key, error=type(error).__name__)
        return finished(self._templates[key].render(params or {}))

    def label(self, key: str, **params: Any) -> str:
        """A text that is part of another, or of a numbered line."""
        return self.render(key, params)

    # -- the office's own

    def look(self, session: Session) -> None:
        """Take up own wordings that were changed since; one small question a second."""
        if time.monotonic() < self._looked_at + LOOK_EVERY_SECONDS:
            return
        self._looked_at = time.monotonic()
        newest = select(func.max(ContentRevision.id)).where(
            ContentRevision.record_table == HISTORY
        )
        state = session.exec(newest).one()
        if state != self._state:
            rows = session.exec(select(col(OwnWording.key), col(OwnWording.wording)))
            self.take_up(dict(rows.all()))
            self._state = state

    def look_again(self) -> None:
        """Who has just changed a wording sees it at once in this process."""
        self._looked_at = -LOOK_EVERY_SECONDS

    def take_up(self, wordings: Mapping[str, str]) -> None:
        """Say these from now on, also where another text includes them."""
        known = {k: text for k, text in wordings.items() if fits(self.sources, k, text)}
        sources = {**self.sources, **known}
        environment = configured(ImmutableSandboxedEnvironment, sources)
        templates = {}
        for key in _touched(sources, known):
            try:
                templates[key] = environment.get_template(key)
            except TemplateSyntaxError:
                log.warning("own_wording_failed", key=key, error="TemplateSyntaxError")
        self._own = templates


def _touched(sources: Mapping[str, str], own: Mapping[str, str]) -> set[str]:
    """The own ones and all that include them, however far up."""
    touched = set(own)
    while True:
        more = {
            key
            for key, source in sources.items()
            if key not in touched and touched & set(included_in(source))
        }
        if not more:
            return touched
        touched |= more


@lru_cache(maxsize=2)
def _of_files(files: tuple[tuple[Path, int], ...]) -> _Shipped:
    """``files`` with the time each was changed."""
    sources: dict[str, str] = {}
    for file, _ in files:
        for key, source in _entries(file):
            if key in sources:
                raise TextsError(f"{file}: {key}: stands twice")
            sources[key] = source
    return _Shipped(sources, _compiled(sources))


def _entries(file: Path) -> list[tuple[str, str]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TextsError(f"{file}: {error}") from error
    entries = []
    for section, table in tables.items():
        if not isinstance(table, dict):
            raise TextsError(f"{file}: {section}: stands outside a [section]")
        for name, source in table.items():
            if not isinstance(source, str):
                raise TextsError(f"{file}: {section}.{name}: not a text")
            entries.append((f"{section}.{name}", source))
    return entries


def _compiled(sources: Mapping[str, str]) -> dict[str, Template]:
    environment = configured(Environment, sources)
    try:
        return {key: environment.get_template(key) for key in sources}
    except TemplateSyntaxError as error:
        raise TextsError(f"text {error.name}: {error}") from error
