"""A text with sample values in its blanks, for who words it.

Samples with a value of their own stand in ``content/text_samples.toml``; any other blank
shows its name. Each sample can be asked whatever a text asks of a value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.conversation.text_language import configured, finished, included_in, sentence
from bot.conversation.wording_rules import blanks_of

FILE = "text_samples.toml"
MORE_THAN_ONE = 3


class Sample:
    """A value that shows where it stands, and has whatever a text asks of it."""

    def __init__(self, name: str, values: Mapping[str, Any] | None = None) -> None:
        self._name, self._values = name, values or {}

    def __str__(self) -> str:
        return str(self._values.get("name", f"«{self._name}»"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return sample_of(name, self._values)

    def __getitem__(self, key: Any) -> Any:
        return sample_of(key, self._values) if isinstance(key, str) else self

    def __iter__(self) -> Iterator[Any]:
        return iter((self, self))

    def __len__(self) -> int:
        return 2

    def __contains__(self, _item: Any) -> bool:
        return False

    def __format__(self, _spec: str) -> str:
        return str(self)

    def __call__(self, *_args: Any, **_named: Any) -> Any:
        return self

    def _compared(self, _other: Any) -> bool:
        return True

    def _counted(self, _other: Any) -> int:
        return MORE_THAN_ONE

    __lt__ = __le__ = __gt__ = __ge__ = _compared
    __add__ = __sub__ = __mul__ = __floordiv__ = _counted


class Nothing(Sample):
    """The same where there is no value."""

    def __init__(self) -> None:
        super().__init__("")

    def __str__(self) -> str:
        return ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _key: Any) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def _compared(self, _other: Any) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _compared


def sample_of(name: str, values: Mapping[str, Any]) -> Any:
    """The one of the file; a nested table as a sample with attributes."""
    return _wrapped(name, values[name]) if name in values else Sample(name)


def _wrapped(name: str, given: Any) -> Any:
    if isinstance(given, list):
        return [_wrapped(name, one) for one in given]
    return Sample(name, given) if isinstance(given, dict) else given


class _Sandbox(ImmutableSandboxedEnvironment):
    def is_safe_callable(self, obj: Any) -> bool:
        return isinstance(obj, Sample) or super().is_safe_callable(obj)


class Samples:
    """The values of the file: for all texts, for those of a section, for one text."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def load(cls, content_dir: Path) -> Samples:
        return cls(tomllib.loads((content_dir / FILE).read_text(encoding="utf-8")))

    def shown(
        self, sources: Mapping[str, str], key: str, wording: str
    ) -> tuple[str, str]:
        """With all its blanks filled, and with none ("" where that is the same)."""
        places = ("everywhere", key.partition(".")[0], key)
        values = {n: v for one in places for n, v in self._values.get(one, {}).items()}
        full = _rendered(sources, key, wording, lambda name: sample_of(name, values))
        empty = _rendered(sources, key, wording, lambda _name: Nothing())
        return full, "" if empty == full else empty


def _rendered(
    sources: Mapping[str, str], key: str, wording: str, value: Callable[[str], Any]
) -> str:
    """ "" when these values cannot be said this way."""
    texts = {**sources, key: wording}
    environment = configured(_Sandbox, texts)
    environment.filters["day"] = _day
    environment.filters["shorten"] = lambda text, _limit: str(text)
    environment.filters["sentence"] = lambda text: sentence(str(text))
    environment.filters["amounts"] = lambda text, _currency: str(text)
    names = set().union(
        *(blanks_of(texts[one]).names for one in _with_parts(texts, key))
    )
    try:
        text = environment.get_template(key).render({n: value(n) for n in names})
    except Exception:  # a text that wants a value of another kind: nothing to show
        return ""
    return finished(text)


def _with_parts(sources: Mapping[str, str], key: str) -> Iterator[str]:
    yield key
    for part in included_in(sources[key]):
        if part in sources and part != key:
            yield from _with_parts(sources, part)


def _day(value: Any) -> str:
    return f"{value:%d/%m/%Y}" if isinstance(value, date | datetime) else str(value)
