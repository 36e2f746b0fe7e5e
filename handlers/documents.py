"""The documents of the plan: one by its symbol, many by level, kind, year, topic, issuer."""

from __future__ import annotations

from bot.catalogue import documents as catalogue
from bot.catalogue.procedures import shorten
from bot.conversation.turn import Command, Option, Reply, Turn
from handlers import menu
from handlers.lists import page, subject_of
from models import Document

LIST_TITLE = 80
FACETS = ("kind", "year", "topic", "issuer")


def browse(turn: Turn) -> list[Reply]:
    """Where to begin: the three levels, then the other ways to look."""
    levels = [
        Option(
            f"{turn.label(f'documents.level_{level}')} ({count})",
            Command("documents_in", f"level={level}"),
        )
        for level, count in catalogue.count_by(turn.session, "level")
    ]
    ways = [turn.option(f"documents.by_{way}", "documents_by", way) for way in FACETS]
    total = sum(n for _, n in catalogue.count_by(turn.session, "level"))
    return [Reply("documents.browse", {"count": total}, (*levels, *ways))]


def by_facet(turn: Turn) -> list[Reply]:
    """The values of one facet with their numbers."""
    command = turn.command or Command("documents_by")
    facet = subject_of(command)
    if facet not in catalogue.FACETS:
        return browse(turn)
    shown, following, remaining = page(catalogue.count_by(turn.session, facet), command)
    options = tuple(
        Option(
            f"{_value_label(turn, facet, value)} ({count})",
            Command("documents_in", f"{facet}={value}"),
        )
        for value, count in shown
    )
    way = turn.label(f"documents.by_{facet}")
    return [
        Reply(
            "documents.facet",
            {"way": way, "remaining": remaining},
            options,
            more=following,
        )
    ]


def in_facet(turn: Turn) -> list[Reply]:
    """The documents with one value, newest first."""
    command = turn.command or Command("documents_in")
    facet, _, value = subject_of(command).partition("=")
    if facet not in catalogue.FACETS:
        return browse(turn)
    found = catalogue.with_facet(turn.session, facet, value)
    shown, following, remaining = page(found, command)
    return [
        Reply(
            "documents.list",
            {
                "what": _value_label(turn, facet, value),
                "count": len(found),
                "remaining": remaining,
            },
            tuple(option_for(one) for one in shown),
            more=following,
        )
    ]


def show(turn: Turn) -> list[Reply]:
    document_id = turn.command.argument if turn.command else ""
    return _show(turn, catalogue.by_id(turn.session, document_id))


def show_public_id(turn: Turn, public_id: str) -> list[Reply]:
    return _show(turn, catalogue.by_public_id(turn.session, public_id))


def show_source(turn: Turn) -> list[Reply]:
    """The sentence of the plan as printed, with what is odd about it."""
    document_id = turn.command.argument if turn.command else ""
    found = catalogue.by_id(turn.session, document_id)
    if found is None:
        return menu.unknown_command(turn)
    return [
        Reply("documents.source", {"d": found}, focus=Command("document", found.id))
    ]


def option_for(document: Document) -> Option:
    day = f" ({document.issued_on:%d/%m/%Y})" if document.issued_on else ""
    label = f"{document.symbol}{day}: {shorten(document.title, LIST_TITLE)}"
    return Option(label, Command("document", document.id))


def option_for_public_id(turn: Turn, public_id: str) -> Option:
    found = catalogue.by_public_id(turn.session, public_id)
    if found is None:
        return Option(public_id, Command("documents"))
    return option_for(found)


def _show(turn: Turn, found: Document | None) -> list[Reply]:
    if found is None:
        return menu.unknown_command(turn)
    options = (
        turn.option("documents.option_source", "document_source", found.id),
        Option(
            turn.label("documents.option_same_level"),
            Command("documents_in", f"level={found.level}"),
        ),
    )
    return [
        Reply(
            "documents.answer",
            {"d": found, "level": turn.label(f"documents.level_{found.level}")},
            options,
            inline=True,
            focus=Command("document", found.id),
        )
    ]


def _value_label(turn: Turn, facet: str, value: str) -> str:
    if facet == "level":
        return turn.label(f"documents.level_{value}")
    if facet == "topic":
        return turn.catalogue.document_topics.get(value, value)
    if value == catalogue.NO_YEAR:
        return turn.label("documents.no_year")
    return value
