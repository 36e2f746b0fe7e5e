"""A worker's sending half as a process of its own: ``python -m tests.channel.sender_process``.

Two senders over one database, in front of the fake at the given address, until nothing is
left to do.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

from sqlmodel import or_, select

from bot.channel.accounts import Accounts
from bot.channel.claiming import has_status
from bot.channel.seal import Sealer
from bot.channel.sender import Sender
from bot.channel.zalo.client import ZaloClient
from bot.clock import Clock
from bot.db import Database
from bot.files import Files
from bot.settings import Settings
from models import MessageStatus, OutboxMessage

SECRET = "k" * 48
SENDERS = 2


def main(database_url: str, zalo_url: str) -> None:
    stop = threading.Event()
    threads = [
        threading.Thread(target=send, args=(database_url, zalo_url, stop))
        for _ in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    database = Database(database_url)
    while is_work_left(database):
        stop.wait(0.2)
    stop.set()
    for thread in threads:
        thread.join()
    database.close()


def send(database_url: str, zalo_url: str, stop: threading.Event) -> None:
    database, clock = Database(database_url), Clock()
    client = ZaloClient(zalo_url, zalo_url, timeouts=(2.0, 5.0))
    accounts = Accounts(database, clock, client, Sealer(SECRET), Settings())
    files = Files(Path(tempfile.gettempdir()))
    sender = Sender(database, clock, client, accounts, files, paid_message_vnd=55)
    sender.run(stop, threading.Event())
    sender.close()
    client.close()
    database.close()


def is_work_left(database: Database) -> bool:
    is_open = or_(
        has_status(OutboxMessage, MessageStatus.WAITING),
        has_status(OutboxMessage, MessageStatus.SENDING),
    )
    with database.reading() as session:
        found = session.exec(select(OutboxMessage.id).where(is_open).limit(1))
        return found.first() is not None


if __name__ == "__main__":
    main(*sys.argv[1:3])
