"""The language of the texts: Jinja with our filters; one text may include another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime

from jinja2 import DictLoader, Environment, StrictUndefined, Undefined

from bot.catalogue.procedures import shorten

_INCLUDE = re.compile(r"""include\s+["']([a-z_.]+)["']""")


def configured(
    kind: type[Environment],
    sources: Mapping[str, str],
    undefined: type[Undefined] = StrictUndefined,
) -> Environment:
    """An environment of our texts; one may include another by its key."""
    environment = kind(
        loader=DictLoader(sources),
        undefined=undefined,
        autoescape=False,  # chat is plain text; pages have their own environment
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters["day"] = _day
    environment.filters["amounts"] = _amounts
    environment.filters["shorten"] = shorten
    environment.filters["sentence"] = sentence
    return environment


def finished(text: str) -> str:
    """In NFC, without blank lines at its ends or several in a row."""
    return unicodedata.normalize("NFC", re.sub(r"\n{3,}", "\n\n", text).strip())


def included_in(source: str) -> list[str]:
    """Keys of the texts that this one includes."""
    return _INCLUDE.findall(source)


def _day(value: date | datetime) -> str:
    return f"{value:%d/%m/%Y}"


def sentence(value: str) -> str:
    """With a capital letter to begin with, and the rest as it is."""
    return value[:1].upper() + value[1:]


def _amounts(value: str, currency: str) -> str:
    """ "50.000/văn bản" → "50.000 đồng/văn bản"; bare "0" at the start likewise."""
    value = re.sub(r"\b(\d{1,3}(?:\.\d{3})+)\b", rf"\1 {currency}", value)
    return re.sub(r"^0(?=$|\s*\()", f"0 {currency}", value)
