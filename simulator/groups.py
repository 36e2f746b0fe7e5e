"""Groups with the account in them (GMF): verified account, package, bought asset."""

from __future__ import annotations

import secrets
from typing import Any

from simulator import events
from simulator.api import Call, Route
from simulator.content import parse_message
from simulator.core import Simulator
from simulator.delivery import keep
from simulator.policy import check_generation, check_template
from simulator.records import Group, JsonDict, Message
from simulator.refusals import Refusal, invalid
from simulator.users import HISTORY_TYPES, history_extras, is_history, page_of

ROWS_A_PAGE = 5  # documented default
MOST_ROWS = 50
PACKAGES = ("advanced", "premium", "trial")
# Two spellings are in use for the answer to a request to join.
JOIN_EVENTS = {
    "plain": ("accept_request_join_group", "reject_request_join_group"),
    "react": ("react_request_join_group_accept", "react_request_join_group_reject"),
}


def check_feature(call: Call) -> None:
    """Groups need verification and a package."""
    if not call.account.verified:
        raise Refusal(-221)
    if call.account.package not in PACKAGES:
        raise Refusal(-224)


def create(call: Call) -> JsonDict:
    """``POST creategroupwithoa``: uses up one bought asset."""
    check_feature(call)
    name = call.body.get("group_name")
    if not isinstance(name, str) or not name:
        raise invalid("group_name")
    asset = call.sim.state.group_assets.get(str(call.body.get("asset_id")))
    if asset is None or asset.oa_id != call.account.oa_id:
        raise invalid("asset_id")
    if asset.used_id:
        raise Refusal(-238)
    group = Group(
        secrets.token_hex(10),
        call.account.oa_id,
        name,
        str(call.body.get("group_description", "")),
        asset.asset_id,
        members_of(call),
    )
    asset.used_id = group.group_id
    call.sim.state.groups[group.group_id] = group
    emit(call.sim, group, "create_group", group.members)
    return describe(group)


def members_of(call: Call) -> list[str]:
    """``member_user_ids``: known people of this account."""
    ids = call.body.get("member_user_ids")
    if not isinstance(ids, list) or not ids:
        raise invalid("member_user_ids")
    return [call.user(user_id).user_id for user_id in ids]


def describe(group: Group) -> JsonDict:
    """A group as every answer words it."""
    return {
        "name": group.name,
        "avatar": "",
        "group_id": group.group_id,
        "group_link": f"https://zalo.me/g/{group.group_id[:9]}",
        "group_description": group.description,
        "total_member": len(group.members) + group.oa_member,
        "status": group.status,
    }


def group_of(call: Call, source: Any) -> Group:
    """The group an id names, if it is this account's."""
    check_feature(call)
    group_id = source.get("group_id") if hasattr(source, "get") else None
    group = call.sim.state.groups.get(str(group_id))
    if group is None or group.oa_id != call.account.oa_id:
        raise invalid("group_id")
    return group


def page(call: Call, rows: list[JsonDict], count_name: str, name: str) -> JsonDict:
    """One page by ordinary query parameters."""
    offset = call.number(call.args, "offset", 0)
    count = call.number(call.args, "count", ROWS_A_PAGE)
    if count > MOST_ROWS:
        raise Refusal(-210, "count exceeds allowable limit")
    part = rows[offset : offset + count]
    return {
        "offset": offset,
        "count": count,
        "total": len(rows),
        count_name: len(part),
        name: part,
    }


def getgroups(call: Call) -> JsonDict:
    """``GET getgroupsofoa``."""
    check_feature(call)
    own = [g for g in call.sim.state.groups.values() if g.oa_id == call.account.oa_id]
    return page(call, [describe(group) for group in own], "group_count", "groups")


def getgroup(call: Call) -> JsonDict:
    """``GET getgroup``."""
    return describe(group_of(call, call.args))


def listmember(call: Call) -> JsonDict:
    """``GET listmember``: the account itself comes with ``oa_id``."""
    group = group_of(call, call.args)
    rows = [member(call, user_id) for user_id in group.members]
    if group.oa_member:
        oa = call.account
        rows.insert(0, {"oa_id": oa.oa_id, "name": oa.name, "avatar": oa.avatar})
    return page(call, rows, "member_count", "members")


def member(call: Call, user_id: str) -> JsonDict:
    """A person in a list of members."""
    person = call.sim.state.people[call.user(user_id).person]
    return {"user_id": user_id, "name": person.display_name, "avatar": person.avatar}


def listpending(call: Call) -> JsonDict:
    """``GET listpendinginvite``: who asked to join."""
    group = group_of(call, call.args)
    rows = [member(call, user_id) for user_id in group.pending]
    names = [{"name": row["name"], "user_id": row["user_id"]} for row in rows]
    return page(call, names, "member_count", "members")


def answer_pending(call: Call, accepts: bool) -> None:
    """Let people in who asked, or turn them away."""
    group, ids = group_of(call, call.body), members_of(call)
    if any(user_id not in group.pending for user_id in ids):
        raise invalid("member_user_ids")
    group.pending = [user_id for user_id in group.pending if user_id not in ids]
    if accepts:
        group.members = [*group.members, *ids]
    accepted, rejected = JOIN_EVENTS[call.account.group_event_style]
    emit(call.sim, group, accepted if accepts else rejected, ids)


def accept(call: Call) -> None:
    """``POST acceptpendinginvite``."""
    answer_pending(call, accepts=True)


def reject(call: Call) -> None:
    """``POST rejectpendinginvite``."""
    answer_pending(call, accepts=False)


def invite(call: Call) -> None:
    """``POST invite``: people of the account join at once."""
    group, ids = group_of(call, call.body), members_of(call)
    new = [user_id for user_id in ids if user_id not in group.members]
    group.members = [*group.members, *new]
    emit(call.sim, group, "user_join_group", new)


def add_admins(call: Call) -> None:
    """``POST addadmins``."""
    group, ids = group_of(call, call.body), members_of(call)
    if any(user_id not in group.members for user_id in ids):
        raise invalid("member_user_ids")
    group.admins = list(dict.fromkeys([*group.admins, *ids]))
    emit(call.sim, group, "add_group_admin", ids)


def remove_admins(call: Call) -> None:
    """``POST removeadmins``."""
    group, ids = group_of(call, call.body), members_of(call)
    group.admins = [user_id for user_id in group.admins if user_id not in ids]
    emit(call.sim, group, "remove_group_admin", ids)


def update_info(call: Call) -> JsonDict:
    """``POST updateinfo``: name and description."""
    group = group_of(call, call.body)
    group.name = str(call.body.get("group_name", group.name))
    description = call.body.get("group_description", group.description)
    group.description = str(description)
    emit(call.sim, group, "update_group_info", [])
    return describe(group)


def update_asset(call: Call) -> None:
    """``POST updateasset``: put the group on another bought package."""
    group = group_of(call, call.body)
    assets = call.sim.state.group_assets
    asset = assets.get(str(call.body.get("asset_id")))
    if asset is None or asset.oa_id != call.account.oa_id:
        raise invalid("asset_id")
    if asset.used_id:
        raise Refusal(-238)
    assets[group.asset_id].used_id = ""
    asset.used_id, group.asset_id = group.group_id, asset.asset_id
    call.sim.state.touch()


def delete(call: Call) -> None:
    """``POST delete``: the asset is free again."""
    group = group_of(call, call.body)
    del call.sim.state.groups[group.group_id]
    asset = call.sim.state.group_assets.get(group.asset_id)
    if asset:
        asset.used_id = ""
    emit(call.sim, group, "delete_group", [])


def send(call: Call) -> JsonDict:
    """``POST message`` on v3."""
    check_generation(call.account, "v3")
    message = send_to_group(call, "v3")
    return {"message_id": message.message_id, "group_id": message.chat_id}


def send_to_group_v2(call: Call) -> JsonDict:
    """A group as recipient of the v2 message call (government bots)."""
    return {"message_id": send_to_group(call, "v2").message_id}


def send_to_group(call: Call, version: str) -> Message:
    """Free, at any hour, while the group lives and the account is in it."""
    group = group_of(call, call.body.get("recipient"))
    if group.status != "enabled":
        raise Refusal(-237)
    if not group.oa_member:
        raise Refusal(-403)
    draft = parse_message(call)
    check_template(call.account, draft, version)
    message = keep(call, draft, group.group_id, version, None)
    body = events.addressed_event(
        call.sim.config.app_id,
        {"id": group.oa_id},
        group.group_id,
        events.ECHO_NAMES[draft.kind].replace("oa_send_", "oa_send_group_"),
        events.wire_message(message),
        message.at,
        oa_id=group.oa_id,
    )
    sim = call.sim
    sim.later(sim.config.echo_seconds, lambda: sim.emit(body, message=message))
    return message


def emit(sim: Simulator, group: Group, event: str, user_ids: list[str]) -> None:
    """Tell the webhook about a change of a group."""
    sim.state.touch()
    users = [{"id": user_id} for user_id in user_ids]
    body = events.root_event(
        sim.config.app_id,
        group.oa_id,
        event,
        {"group_id": group.group_id, "users": users},
        sim.clock.now_ms(),
    )
    sim.emit(body)


def conversation(call: Call) -> list[JsonDict]:
    """``GET conversation``: what was written in one group, newest first."""
    group = group_of(call, call.args)
    offset, count = page_of(call, dict(call.args), MOST_ROWS)
    chat = call.sim.state.chat(group.oa_id, group.group_id)
    shown = [message for message in reversed(chat.messages) if is_history(message)]
    return [history_item(message) for message in shown[offset : offset + count]]


def listrecentchat(call: Call) -> list[JsonDict]:
    """``GET listrecentchat``: the latest message of each group."""
    check_feature(call)
    offset, count = page_of(call, dict(call.args), MOST_ROWS)
    latest = []
    for group in call.sim.state.groups.values():
        chat = call.sim.state.chat(group.oa_id, group.group_id)
        if group.oa_id == call.account.oa_id and chat.messages:
            latest.append(chat.messages[-1])
    latest.sort(key=lambda message: message.number, reverse=True)
    return [history_item(message) for message in latest[offset : offset + count]]


def history_item(message: Message) -> JsonDict:
    """A group message as the history words it."""
    item = {
        "src": 1 if message.sender == "person" else 0,
        "time": message.at,
        "type": HISTORY_TYPES.get(message.kind, "nosupport"),
        "message": message.text,
        "message_id": message.message_id,
        "group_id": message.chat_id,
    }
    return item | history_extras(message)


BASE = "/v3.0/oa/group"
ROUTES = (
    Route("POST", f"{BASE}/creategroupwithoa", create),
    Route("GET", f"{BASE}/getgroupsofoa", getgroups),
    Route("GET", f"{BASE}/getgroup", getgroup),
    Route("GET", f"{BASE}/listmember", listmember),
    Route("GET", f"{BASE}/listpendinginvite", listpending),
    Route("POST", f"{BASE}/acceptpendinginvite", accept),
    Route("POST", f"{BASE}/rejectpendinginvite", reject),
    Route("POST", f"{BASE}/invite", invite),
    Route("POST", f"{BASE}/addadmins", add_admins),
    Route("POST", f"{BASE}/removeadmins", remove_admins),
    Route("POST", f"{BASE}/updateinfo", update_info),
    Route("POST", f"{BASE}/updateasset", update_asset),
    Route("POST", f"{BASE}/delete", delete),
    Route("GET", f"{BASE}/listrecentchat", listrecentchat),
    Route("GET", f"{BASE}/conversation", conversation),
    Route("POST", f"{BASE}/message", send),
)
