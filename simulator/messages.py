"""Sending: consultation messages on v3 and v2, reactions, anonymous, templates by id.

Every accepted message is in the ledger before the answer goes out; its echo
(``oa_send_*``), ``user_received_message`` and ``user_seen_message`` follow.
"""

from __future__ import annotations

from simulator import events
from simulator.api import Call, Route
from simulator.broadcasts import send_broadcast
from simulator.clock import local
from simulator.content import Draft, parse_message
from simulator.delivery import deliver, keep
from simulator.groups import send_to_group_v2
from simulator.policy import (
    charge,
    charge_promotion,
    check_generation,
    check_legacy_reply,
    check_person,
    check_template,
)
from simulator.records import JsonDict, PhoneTemplate, Relation
from simulator.refusals import Refusal, invalid

REACTIONS = (":>", "--b", ":-((", "/-strong", "/-heart", ":-h", ":o", "/-remove")
REACTIONS_A_MESSAGE = 50
# Transaction and promotion by attachment were replaced by approved templates.
OLD_TEMPLATES_CLOSED = (2026, 3, 1)


def send_cs(call: Call) -> JsonDict:
    """``POST /v3.0/oa/message/cs``: the consultation message of business accounts."""
    check_generation(call.account, "v3")
    relation = recipient_of(call)
    draft = parse_message(call)
    check_template(call.account, draft, "v3")
    check_person(call.sim.state, call.account, relation, draft.kind)
    quota = charge(call, relation)
    message = deliver(call, relation, draft, "v3", quota["quota_type"])
    return {
        "message_id": message.message_id,
        "user_id": relation.user_id,
        "sent_time": str(message.at),
        "quota": quota,
    }


def send_v2(call: Call) -> JsonDict:
    """``POST /v2.0/oa/message``: by recipient a message, reaction, broadcast, …"""
    recipient = call.body.get("recipient")
    if not isinstance(recipient, dict):
        raise invalid("recipient")
    if "sender_action" in call.body:
        return react(call)
    if "target" in recipient:
        return send_broadcast(call)
    if "anonymous_id" in recipient:
        return send_anonymous(call, recipient)
    check_generation(call.account, "v2")
    if "group_id" in recipient:
        return send_to_group_v2(call)
    return send_v2_message(call)


def send_v2_message(call: Call) -> JsonDict:
    """The same body as v3, for accounts of the old endpoint."""
    relation = recipient_of(call)
    draft = parse_message(call)
    check_template(call.account, draft, "v2")
    check_person(call.sim.state, call.account, relation, draft.kind)
    check_legacy_reply(call, relation)
    quota = charge(call, relation)
    message = deliver(call, relation, draft, "v2", quota["quota_type"])
    return {"message_id": message.message_id, "user_id": relation.user_id}


def recipient_of(call: Call) -> Relation:
    """The addressee by user id, or (old reply form) by a message of that person."""
    recipient = call.body.get("recipient")
    if not isinstance(recipient, dict):
        raise invalid("recipient")
    if "user_id" not in recipient and "message_id" in recipient:
        answered = call.sim.state.messages.get(str(recipient["message_id"]))
        if answered is None or answered.sender != "person":
            raise invalid("message_id")
        return call.user(answered.chat_id)
    return call.user(recipient.get("user_id"))


def react(call: Call) -> JsonDict:
    """A reaction of the account to a message; free, open to every kind of account."""
    relation = recipient_of(call)
    action = call.body.get("sender_action")
    action = action if isinstance(action, dict) else {}
    icon = action.get("react_icon")
    message = call.sim.state.messages.get(str(action.get("react_message_id")))
    if icon not in REACTIONS:
        raise invalid("react_icon")
    if message is None or message.chat_id != relation.user_id:
        raise invalid("react_message_id")
    own = [r for r in message.reactions if r["by"] == "oa"]
    if icon == "/-remove":
        message.reactions = [r for r in message.reactions if r["by"] != "oa"]
    elif len(own) >= REACTIONS_A_MESSAGE:
        raise Refusal(-211)
    else:
        message.reactions = [*message.reactions, {"by": "oa", "icon": icon}]
    call.sim.state.message_changed(message)
    wire = {"msg_id": message.message_id, "react_icon": icon}
    event = events.oa_to_person(
        call.sim.config.app_id, relation, "oa_reacted_message", wire, call.now
    )
    call.sim.later(call.sim.config.echo_seconds, lambda: call.sim.emit(event, relation))
    return {"message_id": message.message_id}


def send_anonymous(call: Call, recipient: JsonDict) -> JsonDict:
    """An answer to a visitor of the web widget: text, image, file, sticker."""
    visitor = call.sim.state.visitors.get(str(recipient["anonymous_id"]))
    if visitor is None or visitor.oa_id != call.account.oa_id:
        raise invalid("anonymous_id")
    if recipient.get("conversation_id") != visitor.conversation_id:
        raise invalid("conversation_id")
    draft = parse_message(call)
    if draft.kind not in ("text", "image", "file", "sticker") or draft.buttons:
        raise Refusal(-233)
    message = keep(call, draft, visitor.anonymous_id, "v2", None)
    wire = {"conversation_id": visitor.conversation_id} | events.wire_message(message)
    event = events.addressed_event(
        call.sim.config.app_id,
        {"id": call.account.oa_id},
        visitor.anonymous_id,
        f"oa_send_anonymous_{draft.kind}",
        wire,
        message.at,
    )
    sim = call.sim
    sim.later(sim.config.echo_seconds, lambda: sim.emit(event, message=message))
    return {"message_id": message.message_id}


def send_template(call: Call) -> JsonDict:
    """``POST /v3.0/oa/message/template``: an approved template to a user id."""
    check_generation(call.account, "v3")
    relation = call.user(call.body.get("user_id"))
    key = f"{call.account.oa_id}:{call.body.get('template_id')}"
    template = call.sim.state.templates.get(key)
    data = call.body.get("template_data")
    if template is None or template.status != "ENABLE":
        raise invalid("template_id")
    if not isinstance(data, dict):
        raise invalid("template_data")
    if not template.by_user_id:
        raise Refusal(-249)
    check_person(call.sim.state, call.account, relation, "template")
    draft = template_draft(template, data)
    message = deliver(call, relation, draft, "v3", "zbs")
    return {
        "message_id": message.message_id,
        "user_id": relation.user_id,
        "sent_time": str(message.at),
        "quota": {"quota_type": "zbs", "remain": "0"},
    }


def template_draft(template: PhoneTemplate, data: JsonDict) -> Draft:
    """A template as the phone shows it: its name and the filled-in values."""
    lines = [f"{name}: {value}" for name, value in data.items()]
    attachment = {
        "kind": "template",
        "zinstant_id": template.template_id,
        "text": template.name,
    }
    text = "\n".join([template.name, *lines])
    return Draft(kind="template", text=text, attachments=[attachment])


def send_old_template(call: Call) -> JsonDict:
    """Transaction and promotion, closed on 2026-03-01 unless the account is exempt."""
    check_generation(call.account, "v3")
    today = local(call.now).timetuple()[:3]
    if today >= OLD_TEMPLATES_CLOSED and not call.account.old_templates_open:
        raise Refusal(-233)
    relation = recipient_of(call)
    draft = old_template_draft(call)
    check_person(call.sim.state, call.account, relation, "template")
    if call.body["message"]["attachment"]["payload"]["template_type"] == "promotion":
        charge_promotion(call, relation)
    message = deliver(call, relation, draft, "v3", "reply")
    return {
        "message_id": message.message_id,
        "user_id": relation.user_id,
        "sent_time": str(message.at),
        "quota": {"quota_type": "reply"},
    }


def old_template_draft(call: Call) -> Draft:
    """The header of the old template is what the phone shows first."""
    try:
        payload = call.body["message"]["attachment"]["payload"]
        kind, elements = payload["template_type"], list(payload["elements"])
        heads = [e["content"] for e in elements if e["type"] == "header"]
    except (KeyError, TypeError):
        raise invalid("attachment") from None
    if kind != "promotion" and not str(kind).startswith("transaction_"):
        raise Refusal(-233)
    attachment = {"kind": "template", "zinstant_id": kind}
    return Draft(kind="template", text="\n".join(heads), attachments=[attachment])


ROUTES = (
    Route("POST", "/v3.0/oa/message/cs", send_cs),
    Route("POST", "/v2.0/oa/message", send_v2),
    Route("POST", "/v3.0/oa/message/template", send_template),
    Route("POST", "/v3.0/oa/message/transaction", send_old_template),
    Route("POST", "/v3.0/oa/message/promotion", send_old_template),
)
