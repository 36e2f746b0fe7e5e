"""The program: ``python app.py COMMAND``, and the two roles by the names servers load.

``building`` puts the roles together, ``commands`` holds what can be typed.
"""

from __future__ import annotations

import sys

import click
from dotenv import load_dotenv

from bot.errors import OperatorError
from building.demo import create_demo_app
from building.web import create_app, create_web_app
from building.worker import create_worker
from commands import COMMANDS
from commands.opening import ROOT

__all__ = [
    "cli",
    "create_app",
    "create_demo_app",
    "create_web_app",
    "create_worker",
    "main",
]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The Zalo Official Account assistant of Vietnamese local government."""
    load_dotenv(ROOT / ".env")


for _command in COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """Known mistakes of an operator are one line, not a traceback."""
    try:
        cli(standalone_mode=True)
    except Exception as error:
        problem = _operators_problem(error)
        if problem is None:
            raise
        click.echo(f"error: {problem}", err=True)
        sys.exit(2)


def _operators_problem(error: Exception) -> str | None:
    """In one line, if it is the operator's; imported late, most processes stay small."""
    from sqlalchemy.exc import OperationalError

    if isinstance(error, OperatorError):
        return str(error)
    if isinstance(error, OperationalError):
        return f"DATABASE_URL: {str(error.orig).splitlines()[0]}"
    return None


if __name__ == "__main__":
    main()
