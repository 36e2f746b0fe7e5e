"""The state as the control API shows it: bubbles, people, accounts."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from simulator.clock import at_text
from simulator.core import Simulator
from simulator.policy import window_of
from simulator.records import Account, Group, JsonDict, Message, Person, Relation

FIXED_FIELDS = ("oa_id", "name", "alias", "description", "category", "avatar")
SWITCHES = tuple(
    field.name for field in fields(Account) if field.name not in FIXED_FIELDS
)


def bubble(sim: Simulator, message: Message) -> JsonDict:
    """One message as the chat page draws it."""
    shown: JsonDict = {
        name: getattr(message, name)
        for name in (
            "seq",
            "message_id",
            "oa_id",
            "chat_id",
            "person",
            "admin_id",
            "api",
            "kind",
            "event",
            "text",
            "buttons",
            "elements",
            "attachments",
            "reactions",
            "quota_type",
            "state",
        )
    }
    shown["from"] = message.sender
    shown["quote"] = quoted(sim, message.quote_id)
    return shown | {"at": at_text(message.at), "at_ms": message.at}


def quoted(sim: Simulator, quote_id: str | None) -> JsonDict | None:
    """The quoted message in short."""
    found = sim.state.messages.get(quote_id or "")
    if found is None:
        return None
    return {
        "message_id": found.message_id,
        "from": found.sender,
        "kind": found.kind,
        "text": found.text,
    }


def account_row(sim: Simulator, account: Account) -> JsonDict:
    """An account with its switches and the age of its newest tokens."""
    pairs = [t for t in sim.state.tokens.values() if t.oa_id == account.oa_id]
    known = sim.state.known_users(account.oa_id)
    newest = pairs[-1] if pairs else None
    return {
        "oa_id": account.oa_id,
        "name": account.name,
        "alias": account.alias,
        "description": account.description,
        "kind": account.kind,
        "avatar": account.avatar,
        "num_follower": sum(relation.follows for relation in known),
        "switches": {name: getattr(account, name) for name in SWITCHES},
        "tokens": newest
        and {
            "access_expires_at": at_text(newest.access_expires),
            "refresh_expires_at": at_text(newest.refresh_expires),
        },
    }


def person_row(sim: Simulator, person: Person) -> JsonDict:
    """A person, and how each account knows them."""
    relations = {
        oa_id: relation_row(sim, sim.state.relation(oa_id, person.key))
        for oa_id in sim.state.accounts
    }
    return vars(person) | {"accounts": relations}


def relation_row(sim: Simulator, relation: Relation) -> JsonDict:
    """What one account knows of a person."""
    last = relation.last_interaction
    return {
        "user_id": relation.user_id,
        "follows": relation.follows,
        "blocked": relation.blocked,
        "refused_kinds": relation.refused_kinds,
        "tags": relation.tags,
        "alias": relation.alias,
        "shared_info": relation.shared_info,
        "last_interaction_at": at_text(last) if last is not None else None,
        "window": window_of(relation, sim.clock.now_ms()),
        "unread": unread(sim, relation.oa_id, relation.user_id),
        "asked_for_info": relation.asked_for_info,
    }


def unread(sim: Simulator, oa_id: str, chat_id: str) -> int:
    """Messages of the account that the person has not seen."""
    count = 0
    for message in reversed(sim.state.chat(oa_id, chat_id).messages):
        if message.sender in ("oa", "admin"):
            if message.state == "seen":
                break
            count += 1
    return count


def group_row(sim: Simulator, group: Group) -> JsonDict:
    """A group by the keys of its people."""
    relations = sim.state.relations
    rows: dict[str, Any] = {
        name: [relations[user_id].person for user_id in getattr(group, name)]
        for name in ("members", "admins", "pending")
    }
    rows |= {"group_id": group.group_id, "oa_id": group.oa_id, "name": group.name}
    return rows | {"status": group.status, "oa_member": group.oa_member}


LEDGER_FIELDS = (
    "message_id",
    "oa_id",
    "chat_id",
    "person",
    "kind",
    "text",
    "api",
    "quota_type",
    "tracking_id",
)


def ledger_row(message: Message) -> JsonDict:
    """A delivered message as the ledger lists it, in order of delivery."""
    row: JsonDict = {name: getattr(message, name) for name in LEDGER_FIELDS}
    row["seq"] = message.number
    return row | {"at": at_text(message.at), "at_ms": message.at}
