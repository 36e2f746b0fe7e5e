"""Articles of the accounts."""

from __future__ import annotations

import click

from commands.opening import office
from commands.printing import AS_JSON, print_json, print_lines


@click.group("article")
def article_group() -> None:
    """Articles of the accounts; they are written and approved in the chat."""


@article_group.command("list")
@AS_JSON
def article_list(as_json: bool) -> None:
    """The newest first: number, state, account, unit, title, link."""
    from bot.outreach.articles.drafts import newest

    with office() as (_, _, database), database.reading() as session:
        found = newest(session, 50)
        if as_json:
            print_json(found)
        else:
            print_lines("  ".join(map(str, one.values())) for one in found)
