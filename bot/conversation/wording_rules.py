"""What an own wording of a text may be: other words, with the same blanks.

It may leave out logic and blanks of the shipped text, but brings no new ones: whoever words
a text needs no programming, and cannot reach anything that the shipped text does not show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from bot.catalogue.values import INVISIBLE, NEWLINE, Reason
from bot.conversation.text_language import configured

LONGEST = 2000  # what Zalo takes in one message
LONGEST_LABEL = 100  # a button, or one line of a numbered list
SHORT = 60  # a shipped text of one line and this length is a label
# What any wording may use; everything else only as the shipped text does.
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr,
    nodes.If, nodes.CondExpr, nodes.Not, nodes.And, nodes.Or, nodes.Const,
)  # fmt: skip
_parser = configured(Environment, {})


@dataclass(frozen=True, slots=True)
class Blanks:
    """What a text takes from outside."""

    names: frozenset[str]  # count, unit, p
    shown: tuple[str, ...]  # as they are written: unit.name, in order


def normal(text: str) -> str:
    """As it is kept."""
    return text.replace("\r\n", NEWLINE).strip()


def blanks_of(source: str) -> Blanks:
    found = dict.fromkeys(_paths(_parser.parse(source)))
    names = _names(source)
    shown = tuple(path for path in found if path.partition(".")[0] in names)
    return Blanks(names, shown)


def left_out(shipped: str, wording: str) -> tuple[str, ...]:
    """Blanks of the shipped text that the own one does not say."""
    said = set(blanks_of(wording).shown)
    return tuple(path for path in blanks_of(shipped).shown if path not in said)


def flaws(shipped: str, wording: str) -> list[Reason]:
    """Why it cannot be taken; none if it can."""
    found = list(_plain_flaws(shipped, wording))
    try:
        tree = _parser.parse(wording)
    except TemplateSyntaxError as error:
        text = f"line {error.lineno}: {error.message}"
        return [*found, Reason(text, "syntax", line=error.lineno)]
    return [*found, *_blank_flaws(_parser.parse(shipped), tree, _names(shipped))]


def _plain_flaws(shipped: str, wording: str) -> Iterator[Reason]:
    if not wording and shipped.strip():
        yield Reason("is empty", "empty")
    for line in wording.split(NEWLINE):
        if INVISIBLE.search(line):
            yield Reason("holds an invisible character", "invisible")
            break
    if NEWLINE not in shipped.strip() and len(shipped) <= SHORT:
        if NEWLINE in wording:
            yield Reason("must be one line", "one_line")
        most = LONGEST_LABEL
    else:
        most = max(LONGEST, 2 * len(shipped))
    if len(wording) > most:
        yield Reason(f"is longer than {most} characters", "long", most=most)


def _names(source: str) -> frozenset[str]:
    """By a tree of its own: who looks for names rewrites the tree."""
    return frozenset(meta.find_undeclared_variables(_parser.parse(source)))


def _blank_flaws(
    shipped: nodes.Template, tree: nodes.Template, roots: frozenset[str]
) -> Iterator[Reason]:
    known = set(_paths(shipped)) | roots
    for path in dict.fromkeys(_paths(tree)):
        root = path.partition(".")[0]
        if path not in known and not (root not in roots and _is_set(shipped, root)):
            yield Reason(f"{path!r} is no blank of this text", "blank", name=path)
    allowed = {_shape(node) for node in _logic(shipped)}
    for shape in dict.fromkeys(_shape(node) for node in _logic(tree)):
        if shape not in allowed:
            yield Reason(
                f"{shape[0]} is not in the shipped text", "logic", what=shape[0]
            )
    for kind in (nodes.For, nodes.Include):
        if len(list(tree.find_all(kind))) > len(list(shipped.find_all(kind))):
            yield Reason(f"more {kind.__name__} than shipped", "logic", what="for")


def _is_set(shipped: nodes.Template, name: str) -> bool:
    """Whether the shipped text itself gives this name a meaning (a loop, a set)."""
    return any(
        one.name == name and one.ctx == "store" for one in shipped.find_all(nodes.Name)
    )


def _logic(tree: nodes.Template) -> Iterator[nodes.Node]:
    for node in tree.find_all(nodes.Node):
        is_reached = isinstance(node, nodes.Getattr) and not _path(node)
        if is_reached or not isinstance(node, _PLAIN):
            yield node


def _shape(node: nodes.Node) -> tuple[str, str]:
    """What a piece of logic is: calls, filters and includes by what they name."""
    name = type(node).__name__
    match node:
        case (
            nodes.Getattr()
            | nodes.Call()
            | nodes.Include()
            | nodes.Getitem()
            | nodes.Slice()
        ):
            return name, repr(node)
        case nodes.Filter(name=which) | nodes.Test(name=which):
            return which, repr((node.args, node.kwargs))
        case nodes.FilterBlock():
            return name, repr(node.filter)
        case _:
            return name, ""


def _paths(tree: nodes.Template) -> Iterator[str]:
    """``unit.name`` for each blank as far as it is written with dots, outermost first."""
    inner = {id(node.node) for node in tree.find_all(nodes.Getattr)}
    for node in tree.find_all((nodes.Getattr, nodes.Name)):
        if id(node) not in inner and (path := _path(node)):
            yield path


def _path(node: nodes.Node) -> str:
    match node:
        case nodes.Name(name=name, ctx="load"):
            return str(name)
        case nodes.Getattr(node=inner, attr=attribute):
            before = _path(inner)
            return f"{before}.{attribute}" if before else ""
        case _:
            return ""


def fits(sources: Mapping[str, str], key: str, wording: str) -> bool:
    """Whether it can be said with this release's texts."""
    return key in sources and not flaws(sources[key], wording)
