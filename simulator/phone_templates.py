"""Templates by phone number (ZNS, now ZBS): the host ``business.openapi.zalo.me``.

The same account token, but expired is -124 here. Events about these messages carry
``X-ZEvent-Server: ZNS``.
"""

from __future__ import annotations

import hashlib
import re

from simulator import events
from simulator.api import Call, Route, Whole
from simulator.clock import is_night
from simulator.core import Simulator
from simulator.records import (
    Account,
    JsonDict,
    Message,
    Person,
    PhoneMessage,
    PhoneTemplate,
)
from simulator.refusals import Refusal
from simulator.state import new_message_id
from simulator.webhook_out import PHONE_SERVER

PHONE = re.compile(r"\+?84\d{9,10}")
TRACKING_ID = re.compile(
    r"[A-Za-z0-9_-]{1,48}"
)  # documented: 48, no special characters
TEMPLATES_A_PAGE = 100
PARAM_LENGTH = 100  # where the template names no limit of its own
TAGS = {"TRANSACTION": 1, "CUSTOMER_CARE": 2, "PROMOTION": 3}
STATUS_NUMBERS = {"ENABLE": 1, "PENDING_REVIEW": 2, "REJECT": 3, "DISABLE": 4}
LINK_TIMEOUT_MS = 7_200_000  # as in the captured answer


def send(call: Call) -> JsonDict:
    """``POST /message/template`` by number."""
    phone = str(call.body.get("phone", ""))
    if not PHONE.fullmatch(phone):
        raise Refusal(-108)
    person = call.sim.state.phones.get(phone.lstrip("+"))
    return send_to(call, phone.lstrip("+"), person)


def send_hashed(call: Call) -> JsonDict:
    """``POST /message/template/hashphone``: SHA-256 of the 84… form."""
    wanted = str(call.body.get("hash_phone", ""))
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        raise Refusal(-108)
    for phone, person in call.sim.state.phones.items():
        if hashlib.sha256(phone.encode()).hexdigest() == wanted:
            return send_to(call, wanted, person)
    return send_to(call, wanted, None)


def send_to(call: Call, address: str, person: Person | None) -> JsonDict:
    """Check template, recipient and purse in this order; then deliver."""
    template = template_of(call, call.body.get("template_id"))
    check_form(call, template)
    if person is None or person.no_zalo:
        raise Refusal(-118)
    if person.refuses_templates:
        raise Refusal(-141)
    if call.body.get("mode") == "development":
        if person.role != "administrator":
            raise Refusal(-127)
    else:
        charge(call.account, template)
    return deliver(call, template, address, person)


def check_form(call: Call, template: PhoneTemplate) -> None:
    """Tracking id, values and sending mode."""
    account, body = call.account, call.body
    if not account.verified:
        raise Refusal(-135)
    if not TRACKING_ID.fullmatch(str(body.get("tracking_id", ""))):
        raise Refusal(-132)
    check_values(template, body.get("template_data"))
    mode = str(body.get("sending_mode", "1"))
    if mode not in ("1", "3"):
        raise Refusal(-161)
    if mode == "3" and not account.sending_mode_3:
        raise Refusal(-161)
    if mode == "3" and TAGS[template.tag] in (1, 2):
        raise Refusal(-162)
    if account.phone_night and is_night(call.now):
        raise Refusal(-133)


def template_of(call: Call, template_id: object) -> PhoneTemplate:
    """An approved template of this account."""
    found = call.sim.state.templates.get(f"{call.account.oa_id}:{template_id}")
    if found is None:
        raise Refusal(-109)
    if found.status != "ENABLE":
        raise Refusal(-131)
    return found


def check_values(template: PhoneTemplate, data: object) -> None:
    """Every required value, none too long."""
    if not isinstance(data, dict) or (not data and template.params):
        raise Refusal(-111)
    for param in template.params:
        value = data.get(param["name"])
        if value in (None, ""):
            if param.get("require", True):
                raise Refusal(-1122)
        elif len(str(value)) > param.get("max_length", PARAM_LENGTH):
            raise Refusal(-1121)


def charge(account: Account, template: PhoneTemplate) -> None:
    """The day's quota, then the money."""
    if account.phone_quota_left <= 0:
        raise Refusal(-144)
    if account.phone_money_vnd < template.price_vnd:
        raise Refusal(-137)
    account.phone_quota_left -= 1
    account.phone_money_vnd -= template.price_vnd


def deliver(
    call: Call, template: PhoneTemplate, address: str, person: Person
) -> JsonDict:
    """Put the template on the phone; ``user_received_message`` follows."""
    body, sim = call.body, call.sim
    sent = PhoneMessage(
        new_message_id(),
        call.account.oa_id,
        address,
        template.template_id,
        body["template_data"],
        str(body["tracking_id"]),
        call.now,
    )
    sim.state.phone_messages[sent.msg_id] = sent
    bubble = sim.state.add_message(bubble_of(sim, sent, template, person))
    sim.later(sim.config.received_seconds, lambda: receive(sim, sent, bubble))
    return {
        "msg_id": sent.msg_id,
        "sent_time": str(sent.sent),
        "sending_mode": str(body.get("sending_mode", "1")),
        "quota": quota_of(call.account),
    }


def bubble_of(
    sim: Simulator, sent: PhoneMessage, template: PhoneTemplate, person: Person
) -> Message:
    """The template in the person's chat with the account."""
    lines = [f"{name}: {value}" for name, value in sent.template_data.items()]
    return Message(
        sent.msg_id,
        sent.oa_id,
        sim.state.relation(sent.oa_id, person.key).user_id,
        "oa",
        "template",
        sent.sent,
        text="\n".join([template.name, *lines]),
        person=person.key,
        api="phone",
        tracking_id=sent.tracking_id,
    )


def receive(sim: Simulator, sent: PhoneMessage, bubble: Message) -> None:
    """The phone has it."""
    sent.delivered = sim.clock.now_ms()
    sim.mark(bubble, "received")
    message = {
        "delivery_time": str(sent.delivered),
        "msg_id": sent.msg_id,
        "tracking_id": sent.tracking_id,
    }
    body = events.phone_event(sim.config.app_id, sent.oa_id, sent.phone, message)
    sim.emit(body, message=bubble, server=PHONE_SERVER)


def quota_of(account: Account) -> JsonDict:
    """What is left today, as text."""
    return {
        "dailyQuota": str(account.phone_quota_daily),
        "remainingQuota": str(account.phone_quota_left),
    }


def message_quota(call: Call) -> JsonDict:
    """``GET /message/quota``."""
    return quota_of(call.account)


def message_status(call: Call) -> JsonDict:
    """``GET /message/status``: -1 unknown, 0 on its way, 1 delivered."""
    sent = call.sim.state.phone_messages.get(call.args.get("message_id", ""))
    if sent is None or sent.oa_id != call.account.oa_id:
        return {"delivery_time": "", "message": "unknown message", "status": -1}
    if sent.delivered is None:
        return {"delivery_time": "", "message": "sent", "status": 0}
    return {
        "delivery_time": str(sent.delivered),
        "message": "delivered",
        "status": 1,
    }


def template_tags(call: Call) -> list[str]:
    """``GET /message/template-tag``: the tags this account may send."""
    return list(TAGS)


def quality(call: Call) -> JsonDict:
    """``GET /quality``: how recipients rate the account."""
    return {"oaCurrentQuality": "HIGH", "oa7dayQuality": "HIGH"}


def template_list(call: Call) -> Whole:
    """``GET /template/all``: data and, beside it, the total."""
    offset = call.number(call.args, "offset", 0)
    limit = call.number(call.args, "limit", TEMPLATES_A_PAGE)
    if limit > TEMPLATES_A_PAGE:
        raise Refusal(-132)
    status = call.args.get("status")
    own = [
        template
        for template in call.sim.state.templates.values()
        if template.oa_id == call.account.oa_id
        and status in (None, str(STATUS_NUMBERS[template.status]))
    ]
    rows = [
        {
            "templateId": int(template.template_id),
            "templateName": template.name,
            "createdTime": template.created,
            "status": template.status,
            "templateQuality": "UNDEFINED",
        }
        for template in own[offset : offset + limit]
    ]
    total = {"total": len(own)}
    return Whole({"error": 0, "message": "Success", "data": rows, "metadata": total})


def template_info(call: Call) -> JsonDict:
    """``GET /template/info/v2``."""
    key = f"{call.account.oa_id}:{call.args.get('template_id')}"
    template = call.sim.state.templates.get(key)
    if template is None:
        raise Refusal(-109)
    return {
        "templateId": int(template.template_id),
        "templateName": template.name,
        "status": template.status,
        "reason": "",
        "listParams": [describe_param(param) for param in template.params],
        "listButtons": [],
        "timeout": LINK_TIMEOUT_MS,
        "previewUrl": f"https://account.zalo.cloud/preview/{template.template_id}",
        "templateQuality": "UNDEFINED",
        "templateTag": template.tag,
        "price": str(template.price_vnd),
        "applyTemplateQuota": False,
    }


def describe_param(param: JsonDict) -> JsonDict:
    """A parameter of a template."""
    return {
        "name": param["name"],
        "require": param.get("require", True),
        "type": "STRING",
        "maxLength": param.get("max_length", PARAM_LENGTH),
        "minLength": 0,
        "acceptNull": False,
    }


def ratings(call: Call) -> JsonDict:
    """``GET /rating/get``: what recipients answered to rating templates."""
    template_id = call.args.get("template_id")
    offset = call.number(call.args, "offset", 0)
    limit = call.number(call.args, "limit", TEMPLATES_A_PAGE)
    found = [
        rating | {"msgId": sent.msg_id, "trackingId": sent.tracking_id}
        for sent in call.sim.state.phone_messages.values()
        if sent.oa_id == call.account.oa_id and sent.template_id == template_id
        for rating in sent.ratings
    ]
    return {"total": len(found), "data": found[offset : offset + limit]}


ROUTES = (
    Route("POST", "/message/template", send),
    Route("POST", "/message/template/hashphone", send_hashed),
    Route("GET", "/message/status", message_status),
    Route("GET", "/message/quota", message_quota),
    Route("GET", "/message/template-tag", template_tags),
    Route("GET", "/quality", quality),
    Route("GET", "/template/all", template_list),
    Route("GET", "/template/info/v2", template_info),
    Route("GET", "/rating/get", ratings),
)
