"""What both roles and the commands are made of, built from the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from bot.errors import OperatorError

if TYPE_CHECKING:
    from bot.catalogue.catalogue import Catalogue
    from bot.channel.accounts import Accounts
    from bot.channel.pace import Pace
    from bot.channel.spool import Spool
    from bot.channel.zalo.client import ZaloClient
    from bot.clock import Clock
    from bot.connecting import Connecting
    from bot.conversation.events import Conversations
    from bot.conversation.texts import Texts
    from bot.db import Database
    from bot.duties.fetching import Fetcher
    from bot.duties.proofs.phrases import PageWords
    from bot.outreach.campaigns.terms import Terms
    from bot.settings import Settings
    from scheduler.clockwork import Workshop

NEEDED_TO_SERVE = (
    "secret_key",
    "zalo_app_id",
    "zalo_app_secret",
    "zalo_oa_secret_key",
)
INDEX_FOLDER = "index"  # under DATA_DIR: built search indexes, made anew when missing


def texts_of(settings: Settings) -> Texts:
    from bot.conversation.texts import Texts

    return Texts.load(settings.content_dir / "texts")


def spool_of(settings: Settings) -> Spool:
    """What cannot be kept while the database is away must not be promised."""
    from bot.channel.spool import Spool

    try:
        return Spool(settings.data_dir)
    except OSError as error:
        raise OperatorError(
            f"DATA_DIR={settings.data_dir}: the spool cannot be written: {error.strerror}"
        ) from error


def connecting_of(database: Database, clock: Clock, settings: Settings) -> Connecting:
    from bot.channel.seal import Sealer
    from bot.channel.zalo.client import ZaloClient
    from bot.connecting import Connecting

    client = ZaloClient.from_settings(settings)
    sealer = Sealer(settings.secret("secret_key"))
    return Connecting(database, clock, client, sealer, settings)


def accounts_of(
    database: Database, clock: Clock, settings: Settings, client: ZaloClient
) -> Accounts:
    from bot.channel.accounts import Accounts
    from bot.channel.seal import Sealer
    from bot.watching.tokens import note_token_news

    sealer = Sealer(settings.secret("secret_key"))
    return Accounts(database, clock, client, sealer, settings, note_token_news)


def require_newest_if_reachable(database: Database) -> None:
    """The web role starts without its database too: what comes meanwhile waits on disk."""
    from sqlalchemy.exc import OperationalError

    from bot.schema import require_newest

    try:
        require_newest(database)
    except OperationalError:
        structlog.get_logger(__name__).error("database_unavailable_at_start")


def conversations_of(
    database: Database,
    clock: Clock,
    settings: Settings,
    catalogue: Catalogue | None = None,
) -> Conversations:
    """The conversation room over the content of these settings."""
    from bot.conversation.events import Conversations
    from bot.conversation.understanding import Words
    from handlers import ROUTES

    return Conversations(
        database=database,
        clock=clock,
        catalogue=catalogue or catalogue_of(database, settings),
        texts=texts_of(settings),
        words=Words.load(settings.content_dir / "words.toml"),
        routes=ROUTES,
        zone=settings.zone,
        base_url=settings.base_url,
    )


def catalogue_of(database: Database, settings: Settings) -> Catalogue:
    from bot.catalogue.catalogue import Catalogue

    return Catalogue(database, settings.content_dir, settings.data_dir / INDEX_FOLDER)


def terms_of(settings: Settings) -> Terms:
    """What campaigns need to know of this installation."""
    from bot.channel.money import price_of_message
    from bot.outreach.campaigns import terms
    from bot.outreach.campaigns.terms import Terms

    found = Terms(
        settings.zone,
        price_of_message(settings.content_dir),
        texts_of(settings).render("campaigns.footer"),
    )
    terms.use(found)
    return found


def may_look(pace: Pace) -> Callable[[], bool]:
    """Whether one more call fits into the pace that answers leave over."""
    return lambda: pace.take_up_to(1, for_replies=False).calls == 1


def fetcher_of(settings: Settings, local_sites: Sequence[str] = ()) -> Fetcher:
    """Reads pages and media that people name."""
    from bot.duties.fetching import PAUSE_SECONDS, Fetcher

    return Fetcher(
        settings.base_url,
        allow_loopback=settings.proof_allow_private_hosts,
        media_hosts=settings.zalo_media_hosts,
        local_sites=local_sites,
        # only tests allow private hosts; nobody is there to be polite to
        pause_seconds=0 if settings.proof_allow_private_hosts else PAUSE_SECONDS,
    )


def page_words_of(settings: Settings) -> PageWords:
    """What pages say in place of what was asked for."""
    from bot.duties.proofs.phrases import PageWords

    return PageWords.load(settings.content_dir / "pages.toml")


def workshop_of(
    settings: Settings,
    database: Database,
    clock: Clock,
    texts: Texts,
    client: ZaloClient,
    pace: Pace,
    fetcher: Fetcher,
    page_words: PageWords,
) -> Workshop:
    """What the clock's jobs may use."""
    from bot.channel.catching_up import CatchingUp
    from bot.duties.reminding import load_ladder
    from bot.feedback.pictures import files_of
    from bot.files import Files
    from bot.outreach.phone_templates import load_templates
    from bot.watching.telling import ways_outside
    from scheduler import JOBS
    from scheduler.clockwork import Workshop

    accounts = accounts_of(database, clock, settings, client)
    ladder = load_ladder(settings.content_dir / "ladder.toml")
    return Workshop(
        database, clock, settings.zone, accounts, texts,
        catching_up=CatchingUp(database, clock, client, accounts, may_look(pace)),
        spool=spool_of(settings),
        job_names=[job.name for job in JOBS],
        alarm_ways=ways_outside(settings),
        client=client,
        fetcher=fetcher,
        files=Files(settings.data_dir),
        feedback_files=files_of(settings.data_dir),
        public_url=settings.base_url,
        page_words=page_words,
        ladder=ladder,
        phone_templates=load_templates(
            settings.content_dir / "phone_templates.toml", [one.id for one in ladder]
        ),
        job_limits={job.name: job.limit for job in JOBS},
    )  # fmt: skip
