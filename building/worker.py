"""The worker role: conversations, sender, the clock's jobs, and the crews beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot import calendar
from bot.settings import Settings
from building.parts import (
    NEEDED_TO_SERVE,
    conversations_of,
    fetcher_of,
    may_look,
    page_words_of,
    terms_of,
    workshop_of,
)

if TYPE_CHECKING:
    from bot.catalogue.catalogue import Catalogue
    from bot.channel.pace import Pace
    from bot.channel.sender import Sender
    from bot.channel.zalo.client import ZaloClient
    from bot.clock import Clock
    from bot.duties.fetching import Fetcher
    from bot.duties.proofs.phrases import PageWords
    from bot.worker import Worker
    from scheduler.clockwork import Workshop

    Crew = Callable[[], bool]


def create_worker(
    settings: Settings,
    clock: Clock | None = None,
    catalogue: Catalogue | None = None,
    *,
    local_sites: Sequence[str] = (),
) -> Worker:
    """``local_sites``: addresses on this machine whose pages may prove something (demo)."""
    from bot.channel.bell import open_bell
    from bot.channel.pace import Pace
    from bot.channel.seal import Sealer
    from bot.channel.tokens import ensure_first_account
    from bot.channel.zalo.client import ZaloClient
    from bot.clock import Clock
    from bot.db import Database
    from bot.schema import require_newest
    from bot.worker import Worker
    from scheduler import JOBS
    from scheduler.clockwork import Clockwork, tick

    settings.require(*NEEDED_TO_SERVE)
    calendar.use(calendar.Calendar.load(settings.content_dir))
    clock = clock or Clock.of(settings.clock_file)
    database = Database(settings.database_url)
    require_newest(database)
    sealer = Sealer(settings.secret("secret_key"))
    with database.writing() as session:
        ensure_first_account(session, settings, sealer, clock.now())
    conversations = conversations_of(database, clock, settings, catalogue)
    client, pace = ZaloClient.from_settings(settings), Pace(database, clock)
    fetcher, page_words = fetcher_of(settings, local_sites), page_words_of(settings)
    workshop = workshop_of(
        settings,
        database,
        clock,
        conversations.texts,
        client,
        pace,
        fetcher,
        page_words,
    )
    clockwork = Clockwork(JOBS, workshop)
    return Worker(
        database=database,
        clock=clock,
        conversations=conversations,
        sender=_sender(settings, workshop, client, pace),
        bell=open_bell(settings, database),
        tick=lambda: tick(JOBS, workshop),
        begin_jobs=clockwork.tick,
        end_jobs=clockwork.close,
        crews=_proof_crews(settings, workshop, fetcher, page_words)
        | _campaign_crews(settings, workshop, client, pace, fetcher),
    )


def _sender(
    settings: Settings, workshop: Workshop, client: ZaloClient, pace: Pace
) -> Sender:
    from bot.channel.money import price_of_message
    from bot.channel.sender import Sender
    from bot.channel.window import first_objection
    from bot.files import Files
    from bot.outreach.choke import Choke
    from scheduler.reminders import still_owed

    return Sender(
        workshop.database,
        workshop.clock,
        client,
        workshop.accounts,
        Files(settings.data_dir),
        pace=pace,
        paid_message_vnd=price_of_message(settings.content_dir),
        objects=first_objection(
            Choke(calendar.in_force(), settings.zone).objection,
            still_owed(settings.zone),
        ),
    )


def _proof_crews(
    settings: Settings, workshop: Workshop, fetcher: Fetcher, page_words: PageWords
) -> dict[str, Crew]:
    """Media are fetched, proofs checked, verdicts told."""
    from bot.channel.masking import mask_sensitive
    from bot.conversation.collecting import Collector
    from bot.conversation.verdicts import Teller
    from bot.duties.proofs.checking import CHECKERS, Checker
    from bot.duties.proofs.looking import Looker
    from bot.feedback.pictures import FeedbackPictures, files_of
    from bot.files import Files

    database, clock, texts = workshop.database, workshop.clock, workshop.texts
    files, zone = Files(settings.data_dir), settings.zone
    collector = Collector(
        database=database,
        clock=clock,
        texts=texts,
        files=files,
        fetch=fetcher.fetch_media,
        zone=zone,
    )
    feedback_pictures = FeedbackPictures(
        database, clock, files_of(settings.data_dir), fetcher.fetch_media, zone
    )
    looker = Looker(
        fetcher, files, page_words, zone, mask=lambda text: mask_sensitive(text).text
    )
    checker = Checker(database, clock, looker, settings.accept_ok_proofs)
    return {
        "collector": collector.run_once,
        "feedback_pictures": feedback_pictures.run_once,
        "checker": checker.run_once,
        # slow sites wait beside each other
        **{f"checker_{n}": checker.run_once for n in range(2, CHECKERS + 1)},
        "teller": Teller(database, clock, texts, zone).run_once,
    }


def _campaign_crews(
    settings: Settings,
    workshop: Workshop,
    client: ZaloClient,
    pace: Pace,
    fetcher: Fetcher,
) -> dict[str, Crew]:
    """Lists and messages of campaigns are made, their pictures fetched."""
    from bot.duties.fetching import Fetched
    from bot.files import Files
    from bot.outreach.campaigns.broadcasts import Broadcasting
    from bot.outreach.campaigns.driving import Driving
    from bot.outreach.campaigns.pictures import Pictures
    from models import EvidenceKind

    def behind(url: str) -> bytes | None:
        found = fetcher.fetch_media(url, EvidenceKind.FILE)  # or a picture
        return found.content if isinstance(found, Fetched) else None

    database, clock, terms = workshop.database, workshop.clock, terms_of(settings)
    broadcasting = Broadcasting(
        database, clock, terms, client, workshop.accounts, may_look(pace)
    )
    pictures = Pictures(database, clock, Files(settings.data_dir), behind)
    return {
        "campaigns": Driving(database, clock, terms, broadcasting).run_once,
        "campaign_pictures": pictures.run_once,
    }
