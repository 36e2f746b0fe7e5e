"""Tags that officials give people in Zalo's console: groups that a campaign may be for.

The events are not handled by the worker; what they say is written down when they come in.
Who is tagged before he ever wrote becomes a contact of whom nothing else is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.channel.inbound import InboundEvent
from bot.channel.values import ids_of, object_at, text_of
from bot.db import table_of
from models import Contact, ContactTag, PrivacyChoice

if TYPE_CHECKING:
    from bot.channel.intake import Arrival

LONGEST_TAG = 100  # characters; longer ones are no names of groups
_ADDED, _REMOVED, _GONE = "add_user_to_tag", "remove_user_from_tag", "remove_tag"
NAMES = (_ADDED, _REMOVED, _GONE)


def tag_in(event: InboundEvent) -> tuple[str, list[str]]:
    """The tag and the people of such an event; "" of any other."""
    if event.name not in NAMES:
        return "", []
    tag = object_at(event.extras, "tag")
    name = (text_of(tag.get("name")) or "").strip()
    return name if len(name) <= LONGEST_TAG else "", list(ids_of(tag.get("user_ids")))


def remember(connection: Connection, arrival: Arrival) -> None:
    """Write down, or take away, what the event says."""
    if not arrival.tag or arrival.oa_id is None:
        return
    if arrival.event_name == _ADDED:
        for user_id in arrival.tagged:
            _add(connection, arrival, user_id)
        return
    contacts, tags = table_of(Contact), table_of(ContactTag)
    whose = select(contacts.c.id).where(contacts.c.oa_id == arrival.oa_id)
    if arrival.event_name == _REMOVED:
        whose = whose.where(contacts.c.user_id.in_(arrival.tagged))
    connection.execute(
        delete(tags).where(tags.c.tag == arrival.tag, tags.c.contact_id.in_(whose))
    )


def _add(connection: Connection, arrival: Arrival, user_id: str) -> None:
    contacts = table_of(Contact)
    insert = _insert(connection)
    connection.execute(
        insert(contacts)
        .values(
            oa_id=arrival.oa_id,
            user_id=user_id,
            created_at=arrival.received_at,
            privacy_choice=PrivacyChoice.UNASKED,
            wrong_codes=0,
        )
        .on_conflict_do_nothing()
    )
    contact_id = connection.execute(
        select(contacts.c.id).where(
            contacts.c.oa_id == arrival.oa_id, contacts.c.user_id == user_id
        )
    ).scalar_one()
    connection.execute(
        insert(table_of(ContactTag))
        .values(contact_id=contact_id, tag=arrival.tag)
        .on_conflict_do_nothing()
    )


def _insert(connection: Connection) -> Any:
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert if is_sqlite else postgresql.insert
