"""The program that runs: the demo, all on one machine, or the halves on several."""

from __future__ import annotations

import gc
import signal
import threading
from pathlib import Path

import click

from bot import logs
from bot.settings import Settings, load_settings
from building.demo import DEMO_LOG, seed_cast
from building.parts import NEEDED_TO_SERVE, catalogue_of, require_newest_if_reachable
from building.worker import create_worker
from commands.content import load_packs
from commands.opening import ROOT, database_of
from commands.printing import print_lines

# Pages wait for the database now and then; more threads only make each other slower
# (measured: 1 thread 1139 requests/s, 8 threads 832).
WEB_THREADS = 4


@click.command()
def demo() -> None:
    """Start everything with a simulated Zalo and seeded people; nothing to configure."""
    from bot.supervisor import run_to_end, serve_with_worker

    settings = load_settings()
    logs.set_up(settings.data_dir / DEMO_LOG)
    # in a process of its own: this one stays small, it only watches the other two
    run_to_end([str(ROOT / "app.py"), "prepare-demo"])
    click.echo(f"chat (a phone with Zalo): {settings.base_url}/simulator/")
    click.echo(f"dashboard (as supervisor): {settings.base_url}/demo/dashboard")
    click.echo(
        f"dashboard (administrator): {settings.base_url}/demo/dashboard?as=administrator"
    )
    click.echo(f"front page:               {settings.base_url}/")
    click.echo(f"ready?                    {settings.base_url}/readyz")
    click.echo(f"log:                      {settings.data_dir / DEMO_LOG}")
    click.echo("Ctrl+C stops it")
    serve_with_worker(
        [str(ROOT / "app.py"), "worker", "--demo"],
        lambda: _serve_web(
            settings, "app:create_demo_app", settings.data_dir / DEMO_LOG
        ),
    )


@click.command("prepare-demo", hidden=True)
def prepare_demo() -> None:
    """Keys, database, content and cast of the demo."""
    from bot import demo as demo_room
    from bot.schema import upgrade

    settings = demo_room.settings_of(load_settings())
    logs.set_up(settings.data_dir / DEMO_LOG)
    with database_of(settings) as database:
        upgrade(database)
        load_packs(database, settings)
        catalogue_of(database, settings).warm("")  # the index is there for the worker
        print_lines(seed_cast(database, settings))


@click.command("check-schema", hidden=True)
def check_schema() -> None:
    """Refuse a database whose schema is older than the program."""
    with database_of(load_settings()) as database:
        require_newest_if_reachable(database)


@click.command()
def serve() -> None:
    """Production on one machine: a web process and a worker process."""
    from bot.supervisor import serve_with_worker

    settings = _ready_to_serve()
    serve_with_worker(
        [str(ROOT / "app.py"), "worker"],
        lambda: _serve_web(settings, "app:create_web_app"),
    )


@click.command()
def web() -> None:
    """The web half: webhook, pages, health."""
    _serve_web(_ready_to_serve(), "app:create_web_app")


@click.command()
@click.option("--demo", "is_demo", is_flag=True, hidden=True)
def worker(is_demo: bool) -> None:
    """The worker half: conversations, sending, the clock's jobs."""
    from bot import demo as demo_room
    from bot.clock import Clock

    settings = load_settings()
    clock = Clock.of(settings.clock_file)
    local_sites: tuple[str, ...] = ()
    if is_demo:
        settings = demo_room.settings_of(settings)
        clock = demo_room.clock_of(settings)
        local_sites = (settings.base_url,)
    logs.set_up(settings.data_dir / DEMO_LOG if is_demo else None)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    create_worker(settings, clock, local_sites=local_sites).run(stop)


def _ready_to_serve() -> Settings:
    """Settings complete, schema new: or one line that says what to do.

    The database is looked at by a process of its own: this one stays small, it only
    watches the others.
    """
    from bot.supervisor import run_to_end

    settings = load_settings()
    settings.require(*NEEDED_TO_SERVE)
    logs.set_up()
    run_to_end([str(ROOT / "app.py"), "check-schema"])
    return settings


def _serve_web(settings: Settings, target: str, log: Path | None = None) -> None:
    """One web process (granian keeps its own small parent) until SIGINT or SIGTERM."""
    from granian import Granian
    from granian.constants import Interfaces

    gc.freeze()  # the web process is a fork: what is never looked through stays shared
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
        log_dictconfig=logs.for_granian(log),
        working_dir=ROOT,
    ).serve()
