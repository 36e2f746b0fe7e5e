"""Control routes of conversations: what people and officials do in a chat."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator import acts, groups
from simulator.bubbles import bubble, group_row, unread
from simulator.clock import HOUR_MS
from simulator.control_common import body, created, limit, simulator, since
from simulator.core import Simulator
from simulator.records import Group, JsonDict, Message, Visitor

chat = Blueprint("control_chat", __name__)

CONSOLE_ADMIN_ID = "2750193846501928374"  # invented: the official who types by hand


def answer(sim: Simulator, message: Message | None = None, **more: Any) -> JsonDict:
    """What every act answers."""
    found: JsonDict = {"seq": sim.state.seq} | more
    return found | ({"message_id": message.message_id} if message else {})


@chat.get("/chats/<oa_id>")
def list_chats(oa_id: str) -> Response:
    """The conversations of an account, latest first."""
    sim = simulator()
    with sim.state.lock:
        sim.account(oa_id)
        own = [c for c in sim.state.chats.values() if c.oa_id == oa_id and c.messages]
        own.sort(key=lambda found: found.messages[-1].number, reverse=True)
        rows = [chat_row(sim, oa_id, found.chat_id) for found in own]
        return jsonify({"seq": sim.state.seq, "chats": rows})


def chat_row(sim: Simulator, oa_id: str, chat_id: str) -> JsonDict:
    """A line of the list of conversations."""
    place = acts.place_of(sim, oa_id, chat_id)
    person = place.relation and sim.state.people[place.relation.person]
    shown = [m for m in sim.state.chat(oa_id, chat_id).messages if not m.hidden]
    kind = "group" if place.group else "anonymous" if place.visitor else "person"
    named = place.group or place.visitor
    return {
        "chat_id": chat_id,
        "kind": kind,
        "person": person.key if person else None,
        "name": person.display_name if person else named.name if named else "",
        "last": bubble(sim, shown[-1]) if shown else None,
        "unread": unread(sim, oa_id, chat_id),
    }


@chat.get("/chats/<oa_id>/<chat_id>")
def read_chat(oa_id: str, chat_id: str) -> Response:
    """The bubbles that changed since a number, or the newest."""
    sim, after, most = simulator(), since(), limit()
    with sim.state.lock:
        place = acts.place_of(sim, oa_id, chat_id)
        found = sim.state.chat(oa_id, place.chat_id)
        if after is None:
            rows = [m for m in found.messages[-most:] if not m.hidden]
        else:
            rows = [m for m in found.since(after) if not m.hidden]
        bubbles = [bubble(sim, message) for message in rows]
        return jsonify({"seq": sim.state.seq, "bubbles": bubbles})


@chat.post("/chats/<oa_id>/<chat_id>/say")
def say(oa_id: str, chat_id: str) -> tuple[Response, int]:
    """Somebody writes, or sends something that lies at an address."""
    sim, fields = simulator(), body()
    words = acts.words_of(fields)
    with sim.state.lock:
        place = acts.place_of(sim, oa_id, chat_id)
        message = acts.say(sim, place, words, fields.get("person"))
        return created(answer(sim, message))


@chat.post("/chats/<oa_id>/<chat_id>/upload")
def upload(oa_id: str, chat_id: str) -> tuple[Response, int]:
    """Somebody sends a file from the phone."""
    sim = simulator()
    file = request.files.get("file")
    if file is None:
        raise ValueError("send a multipart form with the field file")
    form = request.form
    media = sim.keep_file(file.read(), file.filename or "file", file.mimetype)
    words = acts.uploaded(sim, media, form.get("kind"), form.get("text", ""))
    with sim.state.lock:
        place = acts.place_of(sim, oa_id, chat_id)
        message = acts.say(sim, place, words, form.get("person"))
        return created(answer(sim, message, url=sim.media_url(media)))


@chat.post("/chats/<oa_id>/<chat_id>/press")
def press(oa_id: str, chat_id: str) -> tuple[Response, int]:
    """A button or an element of a list."""
    sim, fields = simulator(), body()
    with sim.state.lock:
        place = acts.place_of(sim, oa_id, chat_id)
        message = message_of(sim, place, fields["message_id"])
        if "element" in fields:
            action = message.elements[int(fields["element"])].get("default_action")
        else:
            action = message.buttons[int(fields["button"])]
        if not action:
            raise acts.NotPossible("this element does nothing when pressed")
        pressed = acts.press(sim, place, message, action)
        return created(answer(sim) | pressed)


def message_of(sim: Simulator, place: acts.Place, message_id: str) -> Message:
    """A message of this conversation."""
    message = sim.state.messages.get(message_id)
    if message is None or message.chat_id != place.chat_id:
        raise KeyError(f"no message {message_id} in this chat")
    return message


@chat.post("/chats/<oa_id>/<chat_id>/<act>")
def act(oa_id: str, chat_id: str, act: str) -> tuple[Response, int]:
    """What a person does besides writing, and the official's answer by hand."""
    sim, fields = simulator(), body()
    run = ACTS.get(act)
    if run is None:
        raise KeyError(f"no act {act}: one of say, upload, press, {', '.join(ACTS)}")
    with sim.state.lock:
        place = acts.place_of(sim, oa_id, chat_id)
        message = run(sim, place, fields)
        sim.state.touch()
        return created(answer(sim, message))


def follow(sim: Simulator, place: acts.Place, fields: JsonDict) -> Message:
    """Follow the account."""
    source = str(fields.get("source", "oa_profile"))
    return acts.follow(sim, acts.relation_of(place), source)


def unfollow(sim: Simulator, place: acts.Place, fields: JsonDict) -> Message:
    """Stop following."""
    return acts.unfollow(sim, acts.relation_of(place))


def chatnow(sim: Simulator, place: acts.Place, fields: JsonDict) -> Message:
    """The chat button."""
    return acts.chatnow(sim, acts.relation_of(place))


def withdraw(sim: Simulator, place: acts.Place, fields: JsonDict) -> Message:
    """Ask for erasure."""
    return acts.withdraw(sim, acts.relation_of(place))


def react(sim: Simulator, place: acts.Place, fields: JsonDict) -> Message:
    """React to a message."""
    message = message_of(sim, place, fields["message_id"])
    return acts.react(sim, acts.relation_of(place), message, str(fields["icon"]))


def submit_info(sim: Simulator, place: acts.Place, fields: JsonDict) -> Message:
    """Send the contact form."""
    return acts.submit_info(sim, acts.relation_of(place), fields)


def seen(sim: Simulator, place: acts.Place, fields: JsonDict) -> None:
    """Open the chat."""
    sim.see(acts.relation_of(place))


def block(sim: Simulator, place: acts.Place, fields: JsonDict) -> None:
    """Refuse some kinds of messages, or all."""
    relation = acts.relation_of(place)
    relation.refused_kinds = list(fields.get("kinds", []))
    relation.blocked = not relation.refused_kinds


def unblock(sim: Simulator, place: acts.Place, fields: JsonDict) -> None:
    """Take everything again."""
    relation = acts.relation_of(place)
    relation.blocked, relation.refused_kinds = False, []


def interacted(sim: Simulator, place: acts.Place, fields: JsonDict) -> None:
    """Move the last interaction without an event."""
    hours = fields.get("hours_ago")
    relation = acts.relation_of(place)
    if hours is None:
        relation.last_interaction, relation.has_written = None, False
        return
    relation.last_interaction = sim.clock.now_ms() - round(float(hours) * HOUR_MS)
    relation.has_written = True


def admin_say(sim: Simulator, place: acts.Place, fields: JsonDict) -> Message:
    """An official types in the OA console."""
    admin_id = str(fields.get("admin_id", CONSOLE_ADMIN_ID))
    relation, text = acts.relation_of(place), str(fields["text"])
    return acts.admin_say(sim, relation, text, admin_id, fields.get("quote"))


ACTS = {
    "follow": follow,
    "unfollow": unfollow,
    "chatnow": chatnow,
    "withdraw": withdraw,
    "react": react,
    "submit_info": submit_info,
    "seen": seen,
    "block": block,
    "unblock": unblock,
    "interacted": interacted,
    "admin_say": admin_say,
}


# Groups and visitors

GROUP_LISTS = {
    "user_join_group": ("members", True),
    "user_request_join_group": ("pending", True),
    "user_out_group": ("members", False),
    "add_group_admin": ("admins", True),
    "remove_group_admin": ("admins", False),
}


@chat.get("/groups")
def list_groups() -> Response:
    """The groups, of one account if asked."""
    sim, oa_id = simulator(), request.args.get("oa_id")
    with sim.state.lock:
        found = [g for g in sim.state.groups.values() if oa_id in (None, g.oa_id)]
        return jsonify({"groups": [group_row(sim, group) for group in found]})


@chat.post("/groups")
def add_group() -> tuple[Response, int]:
    """A group made in the console."""
    sim, fields = simulator(), body()
    with sim.state.lock:
        oa_id = sim.account(fields["oa_id"]).oa_id
        members = [user_id_of(sim, oa_id, key) for key in fields.get("people", [])]
        group = Group(secrets.token_hex(10), oa_id, fields["name"], members=members)
        sim.state.groups[group.group_id] = group
        groups.emit(sim, group, "create_group", members)
        return created(group_row(sim, group))


def user_id_of(sim: Simulator, oa_id: str, key: str) -> str:
    """The person's id at this account."""
    if key not in sim.state.people:
        raise KeyError(f"no person {key}: see /control/people")
    return sim.state.relation(oa_id, key).user_id


def group_of(sim: Simulator, group_id: str) -> Group:
    """The group of this id."""
    if group_id not in sim.state.groups:
        raise KeyError(f"no group {group_id}: see /control/groups")
    return sim.state.groups[group_id]


@chat.post("/groups/<group_id>")
def switch_group(group_id: str) -> Response:
    """Disable a group, or throw the account out."""
    sim, fields = simulator(), body()
    with sim.state.lock:
        group = group_of(sim, group_id)
        group.status = str(fields.get("status", group.status))
        group.oa_member = bool(fields.get("oa_member", group.oa_member))
        sim.state.touch()
        return jsonify(group_row(sim, group))


@chat.post("/groups/<group_id>/event")
def group_event(group_id: str) -> tuple[Response, int]:
    """Somebody joins, leaves, asks, becomes an administrator; or the group ends."""
    sim, fields = simulator(), body()
    event = fields["event"]
    with sim.state.lock:
        group = group_of(sim, group_id)
        ids = [user_id_of(sim, group.oa_id, key) for key in fields.get("people", [])]
        if event in GROUP_LISTS:
            name, joins = GROUP_LISTS[event]
            kept = [user for user in getattr(group, name) if user not in ids]
            setattr(group, name, kept + (ids if joins else []))
        elif event == "delete_group":
            del sim.state.groups[group_id]
        elif event != "update_group_info":
            raise ValueError(f"unknown event {event}: see control.py")
        groups.emit(sim, group, event, ids)
        return created(answer(sim))


@chat.post("/anonymous/<oa_id>")
def add_visitor(oa_id: str) -> tuple[Response, int]:
    """A visitor of the web widget."""
    sim, fields = simulator(), body()
    with sim.state.lock:
        visitor = Visitor(
            f"anon-{secrets.token_hex(5)}",
            sim.account(oa_id).oa_id,
            f"conv-{secrets.token_hex(5)}",
            str(fields.get("name", "")),
        )
        sim.state.visitors[visitor.anonymous_id] = visitor
        sim.state.touch()
    return created(vars(visitor))
