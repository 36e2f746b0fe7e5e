"""The program: settings, logging, the two roles, and every command.

The only place that knows all rooms. ``create_app`` builds the web role, ``create_worker``
the worker role; commands are thin: parse, call the library, print.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import structlog
from dotenv import load_dotenv

from bot.errors import OperatorError
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from flask import Flask

    from bot.catalogue.catalogue import Catalogue
    from bot.channel.spool import Spool
    from bot.clock import Clock
    from bot.conversation.events import Conversations
    from bot.db import Database
    from bot.worker import Worker
    from simulator import Simulator

DEMO_LOG = "demo.log"
ROOT = Path(__file__).resolve().parent
NEEDED_TO_SERVE = (
    "secret_key",
    "zalo_app_id",
    "zalo_app_secret",
    "zalo_oa_secret_key",
)
# Pages wait for the database now and then; more threads only make each other slower
# (measured: 1 thread 1139 requests/s, 8 threads 832).
WEB_THREADS = 4


# --- the two roles ----------------------------------------------------------------------


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """The web role: webhook, public page, health."""
    from flask import Flask

    from bot.channel.bell import Bell
    from bot.channel.reception import Reception
    from bot.channel.webhook import create_webhook
    from bot.clock import Clock
    from bot.db import WEB_PATIENCE_SECONDS, Database
    from bot.schema import require_newest
    from dashboard.public import create_public

    settings = settings or load_settings()
    settings.require(*NEEDED_TO_SERVE)
    clock = clock or Clock()
    database = Database(settings.database_url, patience=WEB_PATIENCE_SECONDS)
    require_newest(database)
    app = Flask(__name__, static_folder=None)
    app.extensions["database"] = database  # whoever takes the app down closes it
    spool = _spool(settings)
    reception = Reception(database, spool, Bell(settings.data_dir))
    app.register_blueprint(create_webhook(settings, reception, clock))
    app.register_blueprint(
        create_public(database, spool, clock, is_demo=clock.is_movable)
    )
    return app


def _spool(settings: Settings) -> Spool:
    """What cannot be kept while the database is away must not be promised."""
    from bot.channel.spool import Spool
    from bot.errors import OperatorError

    try:
        return Spool(settings.data_dir)
    except OSError as error:
        raise OperatorError(
            f"DATA_DIR={settings.data_dir}: the spool cannot be written: {error.strerror}"
        ) from error


def create_worker(
    settings: Settings,
    clock: Clock | None = None,
    catalogue: Catalogue | None = None,
) -> Worker:
    """The worker role: conversations, sender, jobs."""
    from bot.channel.accounts import Accounts, ensure_first_account
    from bot.channel.bell import Bell
    from bot.channel.seal import Sealer
    from bot.channel.sender import Sender
    from bot.channel.zalo.client import ZaloClient
    from bot.clock import Clock
    from bot.db import Database
    from bot.schema import require_newest
    from bot.worker import Worker
    from scheduler import JOBS
    from scheduler.clockwork import Workshop, tick

    settings.require(*NEEDED_TO_SERVE)
    clock = clock or Clock()
    database = Database(settings.database_url)
    require_newest(database)
    sealer = Sealer(settings.secret("secret_key"))
    client = ZaloClient.from_settings(settings)
    accounts = Accounts(database, clock, client, sealer, settings)
    with database.writing() as session:
        ensure_first_account(session, settings, sealer, clock.now())
    workshop = Workshop(database, clock, settings.zone, accounts)
    return Worker(
        database=database,
        clock=clock,
        conversations=_conversations(database, clock, settings, catalogue),
        sender=Sender(database, clock, client, accounts),
        bell=Bell(settings.data_dir),
        tick=lambda: tick(JOBS, workshop),
    )


def create_demo_app() -> Flask:
    """The web role of ``demo``, with the simulated Zalo on the same port."""
    from bot import demo
    from simulator import create_simulator

    settings = demo.settings_of(load_settings())
    _set_up_logging(settings.data_dir / DEMO_LOG)
    clock = demo.clock_of(settings)
    app = create_app(settings, clock)
    config = simulator_config(settings)
    simulated = create_simulator(config, on_clock_moved=clock.move)
    return mount_simulator(app, simulated)


def mount_simulator(app: Flask, simulated: Flask) -> Flask:
    """Both applications on one port."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from bot import demo

    mounts: dict[str, Any] = {demo.SIMULATOR_PATH: simulated.wsgi_app}
    both = DispatcherMiddleware(app.wsgi_app, mounts)
    app.wsgi_app = both  # type: ignore[method-assign]
    return app


def create_web_app() -> Flask:
    """The web role as the server loads it in its own process."""
    _set_up_logging()
    return create_app()


# --- commands ---------------------------------------------------------------------------


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """The Zalo Official Account assistant of Vietnamese local government."""
    load_dotenv(ROOT / ".env")


@cli.command()
def demo() -> None:
    """Start everything with a simulated Zalo and seeded people; nothing to configure."""
    from bot.supervisor import run_to_end, serve_with_worker

    settings = load_settings()
    _set_up_logging(settings.data_dir / DEMO_LOG)
    # in a process of its own: this one stays small, it only watches the other two
    run_to_end([str(ROOT / "app.py"), "prepare-demo"])
    click.echo(f"chat (a phone with Zalo): {settings.base_url}/simulator/")
    click.echo(f"front page:               {settings.base_url}/")
    click.echo(f"ready?                    {settings.base_url}/readyz")
    click.echo(f"log:                      {settings.data_dir / DEMO_LOG}")
    click.echo("Ctrl+C stops it")
    serve_with_worker(
        [str(ROOT / "app.py"), "worker", "--demo"],
        lambda: _serve_web(settings, "app:create_demo_app"),
    )


@cli.command("prepare-demo", hidden=True)
def prepare_demo() -> None:
    """Keys, database, content and cast of the demo."""
    from bot import demo as demo_room
    from bot.schema import upgrade

    settings = demo_room.settings_of(load_settings())
    _set_up_logging(settings.data_dir / DEMO_LOG)
    with _database(settings) as database:
        upgrade(database)
        _load_content(database, settings)
        _seed_demo(database, settings)


@cli.command("check-schema", hidden=True)
def check_schema() -> None:
    """Refuse a database whose schema is older than the program."""
    from bot.schema import require_newest

    with _database(load_settings()) as database:
        require_newest(database)


@cli.command()
def serve() -> None:
    """Production on one machine: a web process and a worker process."""
    from bot.supervisor import serve_with_worker

    settings = _ready_to_serve()
    serve_with_worker(
        [str(ROOT / "app.py"), "worker"],
        lambda: _serve_web(settings, "app:create_web_app"),
    )


@cli.command()
def web() -> None:
    """The web half: webhook, pages, health."""
    _serve_web(_ready_to_serve(), "app:create_web_app")


@cli.command()
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
def worker(is_demo: bool) -> None:
    """The worker half: conversations, sending, the clock's jobs."""
    from bot import demo as demo_room
    from bot.clock import Clock

    settings = load_settings()
    clock = Clock()
    if is_demo:
        settings = demo_room.settings_of(settings)
        clock = demo_room.clock_of(settings)
    _set_up_logging(settings.data_dir / DEMO_LOG if is_demo else None)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    create_worker(settings, clock).run(stop)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema, then load the content packs."""
    from bot.schema import current, upgrade

    settings = load_settings()
    with _database(settings) as database:
        upgrade(database)
        click.echo(f"schema: {current(database)}")
        _print_lines(_load_content(database, settings).lines())


@cli.command("load-content")
def load_content_command() -> None:
    """Load the packs of content/; rows edited here stay and are listed."""
    from bot.schema import require_newest

    settings = load_settings()
    with _database(settings) as database:
        require_newest(database)
        _print_lines(_load_content(database, settings).lines())


@cli.command("import")
@click.argument("kind", type=click.Choice(["services", "documents", "units"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
def import_command(kind: str, file: Path, dry_run: bool) -> None:
    """Import a CSV or XLSX file; a bad row is named and nothing is half-loaded."""
    from bot.catalogue.catalogue import touch
    from bot.catalogue.importing import apply_import, plan_import
    from bot.clock import Clock
    from bot.schema import require_newest

    settings = load_settings()
    with _database(settings) as database:
        require_newest(database)
        with database.reading() as session:
            plan = plan_import(session, kind, file, settings.content_dir)
        _print_lines(plan.lines())
        if dry_run:
            return
        with database.writing() as session:
            apply_import(session, plan)
            touch(session, Clock().now())


@cli.command()
@click.argument("question", required=False)
@click.option(
    "--batch", type=click.Path(exists=True, path_type=Path), help="A TSV file."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--why", is_flag=True, help="Show how each hit got its place.")
def ask(question: str | None, batch: Path | None, as_json: bool, why: bool) -> None:
    """What the bot would find and answer, without Zalo."""
    from bot.clock import Clock
    from bot.conversation.preview import Preview

    questions = _batch_questions(batch) if batch else [question or ""]
    if not batch and not (question or "").strip():
        raise click.UsageError("give a QUESTION or --batch FILE")
    settings = load_settings()
    _set_up_logging(level=logging.ERROR)
    with _database(settings) as database:
        _make_askable(database, settings)
        preview = Preview(_conversations(database, Clock(), settings))
        for one in questions:
            found = preview.ask(one)
            if as_json or batch:
                click.echo(json.dumps(found.to_json(), ensure_ascii=False))
            else:
                _print_lines(found.lines(why=why))


@cli.group()
def dead() -> None:
    """Events and messages that gave up."""


@dead.command("list")
def dead_list() -> None:
    """One line each: key, since when, what, attempts, reason."""
    from bot.dead_letters import dead_letters

    with _migrated() as database, database.reading() as session:
        _print_lines(letter.line() for letter in dead_letters(session))


@dead.command("show")
@click.argument("key")
def dead_show(key: str) -> None:
    """Everything known of one, what the person wrote included."""
    from bot.dead_letters import find

    with _migrated() as database, database.reading() as session:
        letter = find(session, key)
        click.echo(letter.line())
        click.echo(json.dumps(letter.content, ensure_ascii=False, indent=2))


@dead.command("retry")
@click.argument("keys", nargs=-1, required=True)
def dead_retry(keys: tuple[str, ...]) -> None:
    """Try again, all attempts anew."""
    from bot.clock import Clock
    from bot.dead_letters import retry

    with _migrated() as database, database.writing() as session:
        for key in keys:
            retry(session, key, Clock().now())


@dead.command("discard")
@click.argument("keys", nargs=-1, required=True)
def dead_discard(keys: tuple[str, ...]) -> None:
    """Give up for good; what the person wrote is erased."""
    from bot.dead_letters import discard

    with _migrated() as database, database.writing() as session:
        for key in keys:
            discard(session, key)


@cli.command()
def doctor() -> None:
    """What is wrong with this installation, and what to do; exit code 1 if anything."""
    from bot.clock import Clock
    from bot.doctor import examine

    _set_up_logging(level=logging.ERROR)
    healthy = True
    for finding in examine(load_settings(), NEEDED_TO_SERVE, Clock()):
        _print_lines(finding.lines())
        healthy = healthy and finding.check.ok
    if not healthy:
        sys.exit(1)


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Database, stored files and spool as one archive; the program may go on running."""
    from bot.backup import back_up
    from bot.clock import Clock

    settings = load_settings()
    with _migrated() as database:
        back_up(database, settings.data_dir, file, Clock().now(), _say_count)
    click.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


@cli.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there.")
def restore_command(file: Path, force: bool) -> None:
    """Put an archive back; stop the program first."""
    from bot.backup import restore

    settings = load_settings()
    with _database(settings) as database:
        restore(database, settings.data_dir, file, force=force, say=_say_count)


def _say_count(name: str, count: int) -> None:
    click.echo(f"{name}: {count}")


# --- what commands share ------------------------------------------------------------------


def _ready_to_serve() -> Settings:
    """Settings complete, schema new: or one line that says what to do.

    The database is looked at by a process of its own: this one stays small, it only
    watches the others.
    """
    from bot.supervisor import run_to_end

    settings = load_settings()
    settings.require(*NEEDED_TO_SERVE)
    _set_up_logging()
    run_to_end([str(ROOT / "app.py"), "check-schema"])
    return settings


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    from bot.db import Database

    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _migrated() -> Iterator[Database]:
    """The database of the settings, refused when its schema is an older one."""
    from bot.schema import require_newest

    with _database(load_settings()) as database:
        require_newest(database)
        yield database


def _load_content(database: Database, settings: Settings) -> Any:
    from bot.catalogue.catalogue import touch
    from bot.catalogue.loading import load_content
    from bot.catalogue.packs import read_packs
    from bot.clock import Clock

    packs = read_packs(settings.content_dir)
    with database.writing() as session:
        report = load_content(session, packs)
        if report.changed:
            touch(session, Clock().now())
    return report


def _make_askable(database: Database, settings: Settings) -> None:
    """``ask`` is the first thing a newcomer tries: an empty embedded database is filled."""
    from bot.schema import current, require_newest, upgrade

    if database.is_sqlite and current(database) is None:
        upgrade(database)
        _load_content(database, settings)
    require_newest(database)


def _conversations(
    database: Database,
    clock: Clock,
    settings: Settings,
    catalogue: Catalogue | None = None,
) -> Conversations:
    """The conversation room over the content of these settings."""
    from bot.catalogue.catalogue import Catalogue
    from bot.conversation.events import Conversations
    from bot.conversation.texts import Texts
    from bot.conversation.understanding import Words
    from handlers import ROUTES

    content = settings.content_dir
    return Conversations(
        database=database,
        clock=clock,
        catalogue=catalogue or Catalogue(database, content),
        texts=Texts.load(content / "texts"),
        words=Words.load(content / "words.toml"),
        routes=ROUTES,
        zone=settings.zone,
    )


def _batch_questions(file: Path) -> list[str]:
    """The first column of each line; a header line "question…" is not a question."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    firsts = [line.split("\t", 1)[0] for line in lines]
    return firsts[1:] if firsts[:1] == ["question"] else firsts


def _serve_web(settings: Settings, target: str) -> None:
    """One web process (granian keeps its own small parent) until SIGINT or SIGTERM."""
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        target,
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=WEB_THREADS,
        respawn_failed_workers=True,
        log_access=False,
        working_dir=ROOT,
    ).serve()


def _seed_demo(database: Database, settings: Settings) -> None:
    """The cast of the simulator, and its accounts connected as a consent would do it."""
    from simulator import Simulator, seed_demo

    simulator = Simulator(simulator_config(settings))
    seed_demo(simulator)
    try:
        connect_demo_accounts(database, settings, simulator)
    finally:
        simulator.close()


def connect_demo_accounts(
    database: Database, settings: Settings, simulator: Simulator
) -> None:
    """Hand each simulated account's tokens to the bot, once."""
    from bot import demo
    from bot.clock import Clock

    now = Clock().now()
    for oa_id, account in simulator.state.accounts.items():
        with database.writing() as session:
            if demo.is_connected(session, oa_id):
                continue
            tokens = simulator.issue_tokens(oa_id)
            pair = (tokens.access_token, tokens.refresh_token)
            demo.connect(session, settings, oa_id, account.name, pair, now)


def simulator_config(settings: Settings) -> Any:
    from bot import demo
    from simulator import SimulatorConfig

    return SimulatorConfig(
        app_id=settings.zalo_app_id or "",
        app_secret=settings.secret("zalo_app_secret"),
        oa_secret_key=settings.secret("zalo_oa_secret_key"),
        webhook_url=f"{settings.base_url}/zalo/webhook",
        public_url=f"{settings.base_url}{demo.SIMULATOR_PATH}",
        state_file=settings.data_dir / "simulator.json",
    )


def _print_lines(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


def _set_up_logging(file: Path | None = None, level: int = logging.INFO) -> None:
    """One JSON object a line, to the file or to standard error."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    stream = file.open("a", encoding="utf-8") if file else sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )


def main() -> None:
    """Known mistakes of an operator are one line, not a traceback."""
    try:
        cli(standalone_mode=True)
    except OperatorError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
