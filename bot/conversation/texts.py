"""The Vietnamese texts of ``content/texts/*.toml``, rendered by Jinja.

``need_photo = "…"`` under ``[proof]`` is the key ``proof.need_photo``. A missing key or a
forgotten variable is an error (``StrictUndefined``): a test fails, not a citizen.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import (
    DictLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
)

from bot.catalogue.procedures import shorten
from bot.errors import OperatorError


class TextsError(OperatorError):
    """A text file is wrong; the message names file and key."""


class Texts:
    """All texts, compiled once."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._templates = templates

    @classmethod
    def load(cls, folder: Path) -> Texts:
        sources: dict[str, str] = {}
        for file in sorted(folder.glob("*.toml")):
            for key, source in _entries(file):
                if key in sources:
                    raise TextsError(f"{file}: {key}: stands twice")
                sources[key] = source
        return cls(_compiled(sources))

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._templates)

    def render(self, key: str, params: Mapping[str, Any] | None = None) -> str:
        """The finished text in NFC, without blank lines at its ends."""
        if key not in self._templates:
            raise TextsError(f"no text {key!r}")
        text = self._templates[key].render(params or {})
        return unicodedata.normalize("NFC", re.sub(r"\n{3,}", "\n\n", text).strip())

    def label(self, key: str) -> str:
        return self.render(key)


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
    """Each text as a template; one may include another by its key."""
    environment = Environment(
        loader=DictLoader(sources),
        undefined=StrictUndefined,
        autoescape=False,  # chat is plain text; pages have their own environment
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters["day"] = _day
    environment.filters["amounts"] = _amounts
    environment.filters["shorten"] = shorten
    try:
        return {key: environment.get_template(key) for key in sources}
    except TemplateSyntaxError as error:
        raise TextsError(f"text {error.name}: {error}") from error


def _day(value: date | datetime) -> str:
    return f"{value:%d/%m/%Y}"


def _amounts(value: str, currency: str) -> str:
    """ "50.000/văn bản" → "50.000 đồng/văn bản"; bare "0" at the start likewise."""
    value = re.sub(r"\b(\d{1,3}(?:\.\d{3})+)\b", rf"\1 {currency}", value)
    return re.sub(r"^0(?=$|\s*\()", f"0 {currency}", value)
