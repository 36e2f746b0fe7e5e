"""What people do on their phones, and officials in the OA console.

Each act changes the state and sends the webhook event that Zalo would send. Callers hold
the lock of the state.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from simulator import events
from simulator.content import sticker_attachment
from simulator.core import Simulator
from simulator.policy import WELCOME_MESSAGES, note_interaction
from simulator.records import Group, JsonDict, Media, Message, Person, Relation, Visitor
from simulator.state import new_decimal_id, new_message_id

VISITOR_KINDS = ("text", "image", "file", "sticker")


class NotPossible(Exception):
    """The act does not fit the state of the chat (409)."""


@dataclass
class Place:
    """A conversation of an account: with a person, a group or a visitor."""

    oa_id: str
    chat_id: str
    relation: Relation | None = None
    group: Group | None = None
    visitor: Visitor | None = None


def place_of(sim: Simulator, oa_id: str, chat: str) -> Place:
    """The conversation that a person's key, user id, group or visitor id names."""
    state = sim.state
    sim.account(oa_id)
    if chat in state.people:
        relation = state.relation(oa_id, chat)
        return Place(oa_id, relation.user_id, relation=relation)
    known = state.user(oa_id, chat)
    if known:
        return Place(oa_id, chat, relation=known)
    if chat in state.groups and state.groups[chat].oa_id == oa_id:
        return Place(oa_id, chat, group=state.groups[chat])
    if chat in state.visitors and state.visitors[chat].oa_id == oa_id:
        return Place(oa_id, chat, visitor=state.visitors[chat])
    raise KeyError(f"no chat {chat}: give a person's key, a user, group or visitor id")


def relation_of(place: Place) -> Relation:
    """The person of a one-to-one chat."""
    if place.relation is None:
        raise NotPossible("only a person's own chat can do this")
    return place.relation


@dataclass
class Words:
    """What somebody says."""

    kind: str
    text: str = ""
    attachments: tuple[JsonDict, ...] = ()
    quote_id: str | None = None


def words_of(body: JsonDict) -> Words:
    """What a ``say`` carries; ValueError when it is none of the known forms."""
    text, quote = str(body.get("text", "")), body.get("quote")
    for kind in ("image", "gif", "audio", "video"):
        if kind in body:
            item = {"kind": kind, "url": body[kind], "thumbnail": body[kind]}
            return Words(kind, text, (item,), quote)
    if "sticker" in body:
        return Words("sticker", "", (sticker_attachment(str(body["sticker"])),), quote)
    if "location" in body:
        item = {k: str(body["location"][k]) for k in ("latitude", "longitude")}
        return Words("location", "", ({"kind": "location"} | item,), quote)
    if "business_card" in body:
        card = {"kind": "business_card", "phone": str(body["business_card"]["phone"])}
        return Words(
            "business_card", str(body["business_card"]["name"]), (card,), quote
        )
    if "link" in body:
        link = {"kind": "link"} | {k: str(v) for k, v in body["link"].items()}
        return Words("link", text or link["url"], (link,), quote)
    if "file" in body:
        return Words("file", "", (remote_file(body["file"]),), quote)
    if not text:
        raise ValueError("say needs text, or one of the attachments in control.py")
    return Words("text", text, (), quote)


def remote_file(file: JsonDict) -> JsonDict:
    """A file that lies at some address already."""
    name = str(file["name"])
    suffix = name.rpartition(".")[2].lower()
    item = {"kind": "file", "url": file["url"], "name": name, "type": suffix}
    return item | {"size": file.get("size", 0), "checksum": file.get("checksum", "")}


def uploaded(sim: Simulator, media: Media, kind: str | None, text: str) -> Words:
    """A file from the phone; its kind by type unless said."""
    kind = kind or kind_of(media)
    url = sim.media_url(media)
    item: JsonDict = {"kind": kind, "url": url, "thumbnail": url}
    if kind == "file":
        suffix = media.name.rpartition(".")[2].lower()
        item = {"kind": kind, "url": url, "name": media.name, "type": suffix}
        item |= {"size": media.size, "checksum": media.checksum}
    return Words(kind, text, (item,))


def kind_of(media: Media) -> str:
    """image, gif, audio, video or file."""
    if media.content_type == "image/gif":
        return "gif"
    main = media.content_type.partition("/")[0]
    return main if main in ("image", "audio", "video") else "file"


def say(
    sim: Simulator, place: Place, words: Words, person: str | None = None
) -> Message:
    """Somebody writes; the bot hears ``user_send_*`` or its siblings."""
    if words.quote_id and words.quote_id not in sim.state.messages:
        raise KeyError(f"no message {words.quote_id} to quote")
    if place.visitor and words.kind not in VISITOR_KINDS:
        raise NotPossible(f"a visitor can send only {', '.join(VISITOR_KINDS)}")
    message = Message(
        new_message_id(),
        place.oa_id,
        place.chat_id,
        "person",
        words.kind,
        sim.clock.now_ms(),
        text=words.text,
        person=place.relation.person if place.relation else person,
        attachments=list(words.attachments),
        quote_id=words.quote_id,
    )
    if place.group:
        return say_in_group(sim, place.group, message)
    sim.state.add_message(message)
    if place.visitor:
        return say_as_visitor(sim, place.visitor, message)
    return say_to_oa(sim, relation_of(place), message)


def say_to_oa(sim: Simulator, relation: Relation, message: Message) -> Message:
    """A person's own message: an interaction."""
    note_interaction(relation, message.at)
    wire = events.wire_message(message)
    name = f"user_send_{message.kind}"
    body = events.person_to_oa(sim.config.app_id, relation, name, wire, message.at)
    sim.emit(body, relation, message)
    return message


def say_as_visitor(sim: Simulator, visitor: Visitor, message: Message) -> Message:
    """A visitor's message: no user id, only the anonymous one."""
    wire = {"conversation_id": visitor.conversation_id} | events.wire_message(message)
    body = events.addressed_event(
        sim.config.app_id,
        {"id": visitor.anonymous_id},
        visitor.oa_id,
        f"anonymous_send_{message.kind}",
        wire,
        message.at,
    )
    sim.emit(body, message=message)
    return message


def say_in_group(sim: Simulator, group: Group, message: Message) -> Message:
    """A member's message in a group."""
    if message.person not in sim.state.people:
        raise ValueError('in a group say who speaks: {"person": KEY}')
    user_id = sim.state.relation(group.oa_id, message.person).user_id
    if user_id not in group.members:
        raise NotPossible(f"{message.person} is not in the group")
    sim.state.add_message(message)
    body = events.addressed_event(
        sim.config.app_id,
        {"id": user_id},
        group.group_id,
        f"user_send_group_{message.kind}",
        events.wire_message(message),
        message.at,
        oa_id=group.oa_id,
    )
    sim.emit(body, message=message)
    return message


def press(sim: Simulator, place: Place, message: Message, action: JsonDict) -> JsonDict:
    """A button or list element: queries come back as the person's text."""
    kind, payload = action.get("type"), action.get("payload")
    fields = payload if isinstance(payload, dict) else {}
    answer: JsonDict = {"pressed": kind, "open": None, "message_id": None}
    if kind in ("oa.query.show", "oa.query.hide"):
        words = Words("text", str(payload))
        relation = relation_of(place)
        note_interaction(relation, sim.clock.now_ms())
        sent = pressed_message(sim, relation, words, hidden=kind == "oa.query.hide")
        return answer | {"message_id": sent.message_id}
    if kind == "oa.open.url":
        return answer | {"open": action.get("url") or fields.get("url")}
    scheme = "tel" if kind == "oa.open.phone" else "sms"
    return answer | {"open": f"{scheme}:{fields.get('phone_code', '')}"}


def pressed_message(
    sim: Simulator, relation: Relation, words: Words, hidden: bool
) -> Message:
    """The text a query button sends; hidden ones leave no bubble."""
    message = Message(
        new_message_id(),
        relation.oa_id,
        relation.user_id,
        "person",
        "text",
        sim.clock.now_ms(),
        text=words.text,
        person=relation.person,
        hidden=hidden,
    )
    sim.state.add_message(message)
    return say_to_oa(sim, relation, message)


def note(sim: Simulator, relation: Relation, event: str, text: str = "") -> Message:
    """A grey line in the chat: follow, unfollow, …"""
    message = Message(
        new_message_id(),
        relation.oa_id,
        relation.user_id,
        "system",
        "event",
        sim.clock.now_ms(),
        text=text,
        person=relation.person,
        event=event,
    )
    return sim.state.add_message(message)


def follow(sim: Simulator, relation: Relation, source: str) -> Message:
    """The person follows: an interaction, and three welcome messages."""
    relation.follows = True
    relation.welcome_left = WELCOME_MESSAGES
    note_interaction(relation, sim.clock.now_ms(), wrote=False)
    return tell_follow(sim, relation, "follow", source)


def unfollow(sim: Simulator, relation: Relation) -> Message:
    """The person stops following."""
    relation.follows = False
    return tell_follow(sim, relation, "unfollow", "")


def tell_follow(sim: Simulator, relation: Relation, event: str, source: str) -> Message:
    """The event and the line in the chat."""
    message = note(sim, relation, event)
    app_id = sim.config.app_id
    body = events.follow_event(app_id, relation, event, source, message.at)
    sim.emit(body, relation, message)
    return message


def chatnow(sim: Simulator, relation: Relation) -> Message:
    """The chat button: an event once, and only before the first message."""
    if relation.has_written or relation.clicked_chatnow:
        raise NotPossible("the event comes once, for a person who never wrote")
    relation.clicked_chatnow = True
    note_interaction(relation, sim.clock.now_ms(), wrote=False)
    return root_note(sim, relation, "user_click_chatnow", "chatnow")


def withdraw(sim: Simulator, relation: Relation) -> Message:
    """The person asks the account to erase the data."""
    return root_note(sim, relation, "user_withdraw", "withdraw")


def root_note(sim: Simulator, relation: Relation, event: str, label: str) -> Message:
    """An event with the user id at the root, and its line in the chat."""
    message = note(sim, relation, label)
    fields = {"user_id": relation.user_id, "user_id_by_app": relation.user_id_by_app}
    body = events.root_event(
        sim.config.app_id, relation.oa_id, event, fields, message.at
    )
    sim.emit(body, relation, message)
    return message


def react(sim: Simulator, relation: Relation, message: Message, icon: str) -> Message:
    """The person reacts to a message."""
    others = [r for r in message.reactions if r["by"] != "person"]
    added = [] if icon == "/-remove" else [{"by": "person", "icon": icon}]
    message.reactions = others + added
    sim.state.message_changed(message)
    wire = {"msg_id": message.message_id, "react_icon": icon}
    name, now = "user_reacted_message", sim.clock.now_ms()
    sim.emit(
        events.person_to_oa(sim.config.app_id, relation, name, wire, now), relation
    )
    return message


NEW_INFO = ("user_city", "user_ward", "user_address")
OLD_INFO = {"user_address": "address", "user_city": "city", "user_ward": "ward"}


def submit_info(sim: Simulator, relation: Relation, form: JsonDict) -> Message:
    """The filled-in contact form."""
    if not relation.asked_for_info and not form.get("force"):
        raise NotPossible("the account has not asked; send force to do it anyway")
    relation.asked_for_info = False
    note_interaction(relation, sim.clock.now_ms())
    info: JsonDict = {"name": form["name"], "phone": form["phone"]}
    if form.get("legacy"):
        info |= {old: form.get(new, "") for new, old in OLD_INFO.items()}
        info["district"] = form.get("district", "")
    else:
        info |= {k: form.get(k, "") for k in ("user_dob", "gender")}
        info["full_address"] = {name: form.get(name, "") for name in NEW_INFO}
    relation.shared_info = {
        k: v for k, v in form.items() if k not in ("force", "legacy")
    }
    message = note(sim, relation, "submit_info", json.dumps(info, ensure_ascii=False))
    body = events.info_event(sim.config.app_id, relation, info, message.at)
    sim.emit(body, relation, message)
    return message


def admin_say(
    sim: Simulator, relation: Relation, text: str, admin_id: str, quote: str | None
) -> Message:
    """An official answers by hand in the OA console."""
    message = Message(
        new_message_id(),
        relation.oa_id,
        relation.user_id,
        "admin",
        "text",
        sim.clock.now_ms(),
        text=text,
        person=relation.person,
        admin_id=admin_id,
        quote_id=quote,
    )
    sim.state.add_message(message)
    sim.after_send(relation, message, admin_id)
    return message


def new_person(sim: Simulator, fields: JsonDict) -> Person:
    """Somebody new, following the accounts named in ``follows`` without an event."""
    key = str(fields.get("key") or f"person-{len(sim.state.people) + 1}")
    if key in sim.state.people:
        raise NotPossible(f"there is already a person {key}")
    follows = fields.get("follows", [])
    wanted = {k: v for k, v in fields.items() if k not in ("key", "follows")}
    person = Person(key=key, user_id_by_app=new_decimal_id(), **wanted)
    sim.state.add_person(person)
    for oa_id in follows:
        sim.account(oa_id)
        sim.state.relation(oa_id, key).follows = True
    return person
