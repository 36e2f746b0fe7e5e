"""What the clock's jobs may use, over a living town: to run a job by hand in a story."""

from __future__ import annotations

from bot.channel.accounts import Accounts
from bot.channel.catching_up import CatchingUp
from bot.channel.seal import Sealer
from bot.channel.spool import Spool
from bot.channel.zalo.client import ZaloClient
from bot.files import Files
from scheduler.clockwork import Workshop
from tests.chat import Town


def workshop_of(town: Town) -> Workshop:
    client = ZaloClient.from_settings(town.settings)
    clock, texts = town.worker.conversations.clock, town.worker.conversations.texts
    sealer = Sealer(town.settings.secret("secret_key"))
    accounts = Accounts(town.database, clock, client, sealer, town.settings)
    return Workshop(
        town.database, clock, town.settings.zone, accounts, texts,
        catching_up=CatchingUp(town.database, clock, client, accounts, lambda: True),
        spool=Spool(town.settings.data_dir), job_names=[], client=client,
        files=Files(town.settings.data_dir), public_url=town.settings.base_url,
    )  # fmt: skip
