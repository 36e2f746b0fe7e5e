"""People as the API shows them: profile, lists, tags, history."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from simulator import events
from simulator.api import Call, Route
from simulator.clock import VIETNAM, date_text, local
from simulator.policy import generation_of
from simulator.records import JsonDict, Message, Relation
from simulator.refusals import Refusal, above_limit, invalid

LAST_OFFSET = 9951  # documented: getlist pages through at most 10 000 people
USERS_A_PAGE = 50
MESSAGES_A_PAGE = 10
PROFILE_CLOSED = "UserInfo API has been shut down, please switch to V3"

# How the history names the kinds of messages.
HISTORY_TYPES = {
    "text": "text",
    "audio": "voice",
    "image": "photo",
    "gif": "GIF",
    "link": "link",
    "business_card": "link",
    "article": "link",
    "list": "links",
    "request_user_info": "links",
    "sticker": "sticker",
    "location": "location",
    "file": "file",
    "video": "video",
}


def detail(call: Call) -> JsonDict:
    """``GET /v3.0/oa/user/detail``."""
    check_v3(call)
    relation = call.user(call.data.get("user_id"))
    if not relation.follows and relation.last_interaction is None:
        raise Refusal(-213)
    return profile(call, relation) | {
        "user_external_id": "",
        "user_alias": relation.alias or display_name(call, relation),
        "user_last_interaction_date": last_date(relation),
        "user_is_follower": relation.follows,
        "dynamic_param": "",
    }


def check_v3(call: Call) -> None:
    """-235 where an account is set to refuse the new calls about people."""
    if call.account.refuse_v3_users:
        raise Refusal(-235)


def profile(call: Call, relation: Relation) -> JsonDict:
    """What both generations say about a person."""
    avatar = call.sim.state.people[relation.person].avatar
    return {
        "user_id": relation.user_id,
        "user_id_by_app": relation.user_id_by_app,
        "display_name": display_name(call, relation),
        "is_sensitive": False,
        "avatar": avatar,
        "avatars": {"120": avatar, "240": avatar},
        "tags_and_notes_info": {"notes": [], "tag_names": list(relation.tags)},
        "shared_info": dict(relation.shared_info),
    }


def display_name(call: Call, relation: Relation) -> str:
    """The name the person chose on Zalo."""
    return call.sim.state.people[relation.person].display_name


def last_date(relation: Relation) -> str:
    """The day of the last interaction, DD/MM/YYYY; empty when there was none."""
    at = relation.last_interaction
    return date_text(at) if at is not None else ""


def getprofile_v2(call: Call) -> JsonDict:
    """``GET /v2.0/oa/getprofile``: closed for accounts of the new generation."""
    check_v2(call)
    user_id = call.data.get("user_id")
    wants_number = call.account.v2_profile_wants_number
    if wants_number and not isinstance(user_id, int):
        raise Refusal(-201, "user_id is not valid")
    relation = call.user(user_id, "user_id is not valid")
    return profile(call, relation) | {"user_gender": 1}


def check_v2(call: Call) -> None:
    """-240 since June 2024 unless the account still lives on v2."""
    if generation_of(call.account) not in ("v2_only", "both"):
        raise Refusal(-240, PROFILE_CLOSED)


def getfollowers_v2(call: Call) -> JsonDict:
    """``GET /v2.0/oa/getfollowers``."""
    check_v2(call)
    offset, count = page_of(call, call.data, USERS_A_PAGE)
    known = call.sim.state.known_users(call.account.oa_id)
    followers = [{"user_id": r.user_id} for r in known if r.follows]
    return {"total": len(followers), "followers": followers[offset : offset + count]}


def page_of(call: Call, data: JsonDict, most: int) -> tuple[int, int]:
    """Offset and count within the limits; -210 beyond."""
    offset = call.number(data, "offset", 0)
    count = call.number(data, "count", most)
    if count > most:
        raise above_limit("count")
    return offset, count


def getlist(call: Call) -> JsonDict:
    """``GET /v3.0/oa/user/getlist`` with its filters."""
    check_v3(call)
    data = call.data
    offset, count = page_of(call, data, USERS_A_PAGE)
    if offset > LAST_OFFSET:
        raise above_limit("offset")
    first, last = period_of(data.get("last_interaction_period"), call.now)
    users = [
        {"user_id": relation.user_id}
        for relation in call.sim.state.known_users(call.account.oa_id)
        if fits(relation, data) and interacted_within(relation, first, last)
    ]
    page = users[offset : offset + count]
    return {"total": len(users), "count": len(page), "offset": offset, "users": page}


def fits(relation: Relation, data: JsonDict) -> bool:
    """The filters by tag and by following (the text "true" or "false")."""
    wanted = data.get("is_follower")
    if wanted is not None:
        if wanted not in ("true", "false"):
            raise invalid("is_follower")
        if relation.follows != (wanted == "true"):
            return False
    tag = data.get("tag_name")
    return tag is None or tag in relation.tags


def period_of(period: object, now: int) -> tuple[date | None, date | None]:
    """First and last day of ``last_interaction_period``; (None, None) for all."""
    today = local(now).date()
    back = {"TODAY": 0, "L7D": 6, "L30D": 29}
    if period is None:
        return None, None
    if period == "YESTERDAY":
        yesterday = today - timedelta(days=1)
        return yesterday, yesterday
    if str(period) in back:
        return today - timedelta(days=back[str(period)]), today
    found = re.fullmatch(r"(\d{4}_\d{2}_\d{2}):(\d{4}_\d{2}_\d{2})", str(period))
    if not found:
        raise invalid("last_interaction_period")
    return day_of(found[1]), day_of(found[2])


def day_of(text: str) -> date:
    """A day as YYYY_MM_DD."""
    try:
        return datetime.strptime(text, "%Y_%m_%d").replace(tzinfo=VIETNAM).date()
    except ValueError:
        raise invalid("last_interaction_period") from None


def interacted_within(
    relation: Relation, first: date | None, last: date | None
) -> bool:
    """Whether the last interaction lies on one of these days."""
    if first is None or last is None:
        return True
    at = relation.last_interaction
    return at is not None and first <= local(at).date() <= last


def update(call: Call) -> None:
    """``POST /v3.0/oa/user/update``: alias and shared info."""
    check_v3(call)
    relation = call.user(call.body.get("user_id"))
    shared = call.body.get("shared_info", {})
    if not isinstance(shared, dict):
        raise invalid("shared_info")
    relation.alias = str(call.body.get("user_alias", relation.alias))
    relation.shared_info = relation.shared_info | shared
    call.sim.state.touch()


# Tags


def tag_name_of(call: Call) -> str:
    """The tag a call is about."""
    name = call.body.get("tag_name")
    if not isinstance(name, str) or not name.strip():
        raise invalid("tag_name")
    return name


def tag_follower(call: Call) -> None:
    """``POST /v2.0/oa/tag/tagfollower``; the tag is made by its first use."""
    name, relation = tag_name_of(call), call.user(call.body.get("user_id"))
    if not relation.follows:
        raise Refusal(-213)
    if name not in relation.tags:
        relation.tags = [*relation.tags, name]
    emit_tag(call, "add_user_to_tag", name, relation)


def untag_follower(call: Call) -> None:
    """``POST /v2.0/oa/tag/rmfollowerfromtag``."""
    name, relation = tag_name_of(call), call.user(call.body.get("user_id"))
    if name not in relation.tags:
        raise invalid("tag_name")
    relation.tags = [tag for tag in relation.tags if tag != name]
    emit_tag(call, "remove_user_from_tag", name, relation)


def remove_tag(call: Call) -> None:
    """``POST /v2.0/oa/tag/rmtag``: the tag goes from everybody."""
    name = tag_name_of(call)
    if name not in tags_of_oa(call):
        raise invalid("tag_name")
    for relation in call.sim.state.relations.values():
        if relation.oa_id == call.account.oa_id:
            relation.tags = [tag for tag in relation.tags if tag != name]
    emit_tag(call, "remove_tag", name, None)


def tags_of_oa(call: Call) -> list[str]:
    """``GET /v2.0/oa/tag/gettagsofoa``: names in order of first use."""
    names: dict[str, None] = {}
    for relation in call.sim.state.relations.values():
        if relation.oa_id == call.account.oa_id:
            names |= dict.fromkeys(relation.tags)
    return list(names)


def emit_tag(call: Call, event: str, name: str, relation: Relation | None) -> None:
    """Tell the webhook about a change of tags."""
    tag: JsonDict = {"name": name}
    fields: JsonDict = {"tag": tag}
    if relation:
        tag = {"user_ids": [relation.user_id], "name": name}
        fields = {"user_id_by_app": relation.user_id_by_app, "tag": tag}
    sim = call.sim
    sim.state.touch()
    body = events.root_event(
        sim.config.app_id, call.account.oa_id, event, fields, call.now
    )
    sim.emit(body, relation)


# History


def conversation(call: Call) -> list[JsonDict]:
    """``GET /v2.0/oa/conversation``: a bare array, newest first."""
    data = call.data
    offset, count = page_of(call, data, MESSAGES_A_PAGE)
    relation = call.user(data.get("user_id"))
    chat = call.sim.state.chat(call.account.oa_id, relation.user_id)
    shown = [m for m in chat.messages if is_history(m)]
    page = shown[::-1][offset : offset + count]
    return [history_item(call, relation, message) for message in page]


def listrecentchat(call: Call) -> list[JsonDict]:
    """``GET /v2.0/oa/listrecentchat``: the latest message of each conversation."""
    offset, count = page_of(call, call.data, MESSAGES_A_PAGE)
    latest = []
    for (oa_id, chat_id), chat in call.sim.state.chats.items():
        relation = call.sim.state.relations.get(chat_id)
        last = next((m for m in reversed(chat.messages) if is_history(m)), None)
        if oa_id == call.account.oa_id and relation and last:
            latest.append((last.number, relation, last))
    latest.sort(key=lambda found: found[0], reverse=True)
    page = latest[offset : offset + count]
    return [history_item(call, relation, message) for _, relation, message in page]


def is_history(message: Message) -> bool:
    """Messages only: no system notes, no hidden button presses."""
    return message.sender != "system" and not message.hidden


def history_item(call: Call, relation: Relation, message: Message) -> JsonDict:
    """One message as the history words it."""
    account, avatar = call.account, call.sim.state.people[relation.person].avatar
    person = (relation.user_id, display_name(call, relation), avatar)
    oa = (account.oa_id, account.name, account.avatar)
    from_person = message.sender == "person"
    sender, receiver = (person, oa) if from_person else (oa, person)
    item = {
        "src": 1 if from_person else 0,
        "time": message.at,
        "type": HISTORY_TYPES.get(message.kind, "nosupport"),
        "message": message.text,
        "message_id": message.message_id,
        "from_id": sender[0],
        "to_id": receiver[0],
        "from_display_name": sender[1],
        "from_avatar": sender[2],
        "to_display_name": receiver[1],
        "to_avatar": receiver[2],
    }
    return item | history_extras(message)


def history_extras(message: Message) -> JsonDict:
    """What the history adds for links, places and media."""
    if message.kind in ("list", "request_user_info"):
        wire = events.wire_message(message)["attachments"]
        return {"links": [item["payload"] for item in wire]}
    if not message.attachments:
        return {}
    first = message.attachments[0]
    if first["kind"] == "location":
        place = events.wire_attachment(first)["payload"]["coordinates"]
        return {"location": events.as_text(place)}
    return {
        "url": first.get("url", ""),
        "thumb": first.get("thumbnail", ""),
        "description": first.get("description", ""),
    }


ROUTES = (
    Route("GET", "/v3.0/oa/user/detail", detail),
    Route("GET", "/v3.0/oa/user/getlist", getlist),
    Route("POST", "/v3.0/oa/user/update", update),
    Route("GET", "/v2.0/oa/getprofile", getprofile_v2),
    Route("GET", "/v2.0/oa/getfollowers", getfollowers_v2),
    Route("POST", "/v2.0/oa/tag/tagfollower", tag_follower),
    Route("POST", "/v2.0/oa/tag/rmfollowerfromtag", untag_follower),
    Route("POST", "/v2.0/oa/tag/rmtag", remove_tag),
    Route("GET", "/v2.0/oa/tag/gettagsofoa", tags_of_oa),
    Route("GET", "/v2.0/oa/conversation", conversation),
    Route("GET", "/v2.0/oa/listrecentchat", listrecentchat),
)
