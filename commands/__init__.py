"""The commands of ``python app.py``: one module per group, each command parses, calls a
room, prints.

``COMMANDS`` is the table of all. They may import every room, and ``building`` for what the
roles are made of; ``opening`` opens an installation, ``printing`` writes answers. Rooms are
imported inside the functions, so that ``--help`` and the processes that only watch others
stay small. Nothing but ``app.py`` and tests imports this folder.
"""

from __future__ import annotations

import click

from commands import (
    accounts,
    articles,
    asking,
    campaigns,
    content,
    dead,
    duties,
    jobs,
    keeping,
    people,
    serving,
    units,
    yearly,
)

COMMANDS: tuple[click.Command, ...] = (
    serving.demo,
    serving.prepare_demo,
    serving.check_schema,
    serving.serve,
    serving.web,
    serving.worker,
    content.migrate,
    content.load_content_command,
    content.import_command,
    asking.ask,
    people.invite,
    people.login_link,
    people.forget,
    people.export,
    people.audit_group,
    units.units_group,
    duties.report,
    duties.duties,
    accounts.oa,
    jobs.jobs,
    campaigns.campaign,
    yearly.calendar_group,
    articles.article_group,
    dead.dead,
    keeping.doctor,
    keeping.backup,
    keeping.restore_command,
)
