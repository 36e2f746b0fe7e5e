"""A page as the lines that a reader sees, in order, with the marks of their elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_SILENT = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "svg",
        "iframe",
        "select",
        "option",
    ]
)
_FURNITURE_TAGS = frozenset(("nav", "footer", "aside"))
_FURNITURE = re.compile(
    r"footer|copyright|sidebar|related|breadcrumb|\bmenu|navbar|top-?bar|widget|"
    r"tin-?khac|tin-?lien-?quan|tin-?cu\b|xem-?nhieu|hom-?nay",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")
MAX_BLOCKS = 5000  # a page with more lines is no article


@dataclass(frozen=True, slots=True)
class Block:
    """One line. ``marks``: classes and ids of its element, its parent and what it holds."""

    text: str
    tag: str
    marks: str
    is_furniture: bool


def blocks_of(tree: HtmlElement) -> list[Block]:
    """The lines of a page, in order, empty ones left out."""
    return list(islice(_Reader().read(tree), MAX_BLOCKS))


class _Reader:
    """Gathers text until the next element that begins a new line."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._marks: list[str] = []
        self._tag = ""
        self._furniture = 0
        self._after_inline = False

    def read(self, tree: HtmlElement) -> Iterator[Block]:
        walk = etree.iterwalk(tree, events=("start", "end", "comment", "pi"))
        for event, element in walk:
            if event == "start" and element.tag in _SILENT:
                walk.skip_subtree()
            if event == "start":
                yield from self._start(element)
                continue
            if event == "end":
                yield from self._end(element)
            self._say(element.tail)
        yield from self._finish()

    def _start(self, element: Any) -> Iterator[Block]:
        if element.tag in _INLINE:
            if self._after_inline:
                self._pieces.append(" ")  # </span><span>: two words to the eye
            self._marks.append(_marks(element))
        else:
            yield from self._finish()
            self._furniture += _is_furniture(element)
            self._tag = element.tag
            parent = element.getparent()
            self._marks = [
                _marks(parent) if parent is not None else "",
                _marks(element),
            ]
        if element.tag not in _SILENT:
            self._say(element.text)

    def _end(self, element: Any) -> Iterator[Block]:
        if element.tag in _INLINE:
            self._after_inline = True
            return
        yield from self._finish()
        self._furniture -= _is_furniture(element)
        self._tag = ""

    def _say(self, text: str | None) -> None:
        if text:
            self._pieces.append(text)
            self._after_inline = False

    def _finish(self) -> Iterator[Block]:
        text = _BLANKS.sub(" ", "".join(self._pieces)).strip()
        if text:
            yield Block(text, self._tag, " ".join(self._marks), self._furniture > 0)
        self._pieces = []
        self._marks = []
        self._after_inline = False


def _marks(element: Any) -> str:
    names = (element.tag, element.get("class"), element.get("id"))
    return " ".join(name for name in names if isinstance(name, str))


def _is_furniture(element: Any) -> int:
    if element.tag in ("html", "body"):
        return 0
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return int(element.tag in _FURNITURE_TAGS or bool(_FURNITURE.search(names)))
