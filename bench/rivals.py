"""What our web process is measured against: ``python -m bench.rivals NAME PORT [URL]``.

* ``prototype``: the same rows in the same tables by bare SQLAlchemy Core, with nothing of
  what makes it safe: no signature, no look at the body, no masking, no spool, no log;
* ``plain``: the bot most people write: it asks Zalo to send its answer, then says 200.

Both run in the same server as ours.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import requests
from flask import Flask, request
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from bot.db import Database
from bot.settings import load_settings
from commands.serving import WEB_THREADS
from models import Account, Contact, WebhookEvent


def create_prototype() -> Flask:
    """One account looked up, one event inserted, its person upserted, the two tied."""
    database = Database(load_settings().database_url)
    engine = database.engine
    insert = (sqlite if database.is_sqlite else postgresql).insert
    tables = SQLModel.metadata.tables
    accounts, contacts, events = (
        tables[str(model.__tablename__)] for model in (Account, Contact, WebhookEvent)
    )
    find_account = select(accounts.c.oa_id).where(accounts.c.oa_id == bindparam("oa"))
    add_event = (
        insert(events)
        .on_conflict_do_nothing(index_elements=["event_key"])
        .returning(events.c.id)
    )
    new_contact = insert(contacts)
    add_contact = new_contact.on_conflict_do_update(
        index_elements=["oa_id", "user_id"],
        set_={
            "user_id_by_app": func.coalesce(
                new_contact.excluded.user_id_by_app, contacts.c.user_id_by_app
            ),
            "last_interaction_at": new_contact.excluded.last_interaction_at,
        },
    ).returning(contacts.c.id)
    tie = (
        update(events)
        .where(events.c.id == bindparam("event"))
        .values(contact_id=bindparam("contact"))
    )
    app = Flask(__name__)

    @app.post("/zalo/webhook")
    def receive() -> str:
        body = json.loads(request.get_data())
        now, oa_id = datetime.now(UTC), body["recipient"]["id"]
        with engine.begin() as connection:
            connection.execute(find_account, {"oa": oa_id}).first()
            event_id = connection.execute(
                add_event,
                {
                    "event_key": body["message"]["msg_id"],
                    "oa_id": oa_id,
                    "event_name": body["event_name"],
                    "payload": body,
                    "body_sha256": "",
                    "occurred_at": now,
                    "received_at": now,
                    "status": "waiting",
                    "attempts": 0,
                    "due_at": now,
                },
            ).scalar_one()
            contact_id = connection.execute(
                add_contact,
                {
                    "oa_id": oa_id,
                    "user_id": body["sender"]["id"],
                    "user_id_by_app": body["user_id_by_app"],
                    "created_at": now,
                    "last_interaction_at": now,
                    "privacy_choice": "unasked",
                },
            ).scalar_one()
            connection.execute(tie, {"event": event_id, "contact": contact_id})
        return "ok"

    return app


def create_plain_bot() -> Flask:
    """Answers first, acknowledges afterwards."""
    zalo = load_settings().zalo_openapi_url
    app = Flask(__name__)

    @app.post("/zalo/webhook")
    def receive() -> str:
        body = json.loads(request.get_data())
        answer = {
            "recipient": {"user_id": body["sender"]["id"]},
            "message": {"text": body["message"]["text"]},
        }
        requests.post(f"{zalo}/v3.0/oa/message/cs", json=answer, timeout=10)
        return "ok"

    return app


def serve(target: str) -> None:
    """As ``app.py web`` serves ours; where to listen stands in the settings."""
    Granian(
        target,
        factory=True,
        port=load_settings().port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=WEB_THREADS,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    serve(f"bench.rivals:{sys.argv[1]}")
