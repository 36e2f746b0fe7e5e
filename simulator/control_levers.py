"""Control routes of faults, webhook, clock, logs and ledger."""

from __future__ import annotations

import json
from collections import Counter, deque
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator.acts import place_of
from simulator.bubbles import ledger_row
from simulator.clock import at_text
from simulator.control_common import (
    body,
    change,
    created,
    limit,
    simulator,
    since,
    wanted,
)
from simulator.core import Simulator
from simulator.faults import KINDS
from simulator.records import JsonDict, Message
from simulator.state import new_decimal_id, new_message_id, rows_since
from simulator.webhook_out import CHAT_SERVER, Delivery, encode

levers = Blueprint("control_levers", __name__)

OPTION_NAMES = (
    "duplicate",
    "reorder",
    "delay_seconds",
    "bad_signature",
    "bare_signature",
)
FAULT_FIELDS = ("times", "path", "oa_id", "person", "seconds", "ms", "code", "message")
SETTLE_SECONDS = 5.0


def clock_row(sim: Simulator) -> JsonDict:
    """What the clock shows."""
    now = sim.clock.now_ms()
    offset = sim.clock.offset.total_seconds()
    return {"now": at_text(now), "now_ms": now, "offset_seconds": offset}


@levers.get("/changes")
def changes() -> Response:
    """The cheapest poll."""
    sim, after = simulator(), since() or 0
    oa_id, chat = request.args.get("oa_id"), request.args.get("chat")
    with sim.state.lock:
        chat_changed = False
        if oa_id and chat:
            place = place_of(sim, oa_id, chat)
            seen = sim.state.chat(oa_id, place.chat_id).changes
            chat_changed = bool(seen) and seen[-1][0] > after
        return jsonify(
            {
                "seq": sim.state.seq,
                "changed": sim.state.seq > after,
                "chat_changed": chat_changed,
                "clock": clock_row(sim),
                "webhook_enabled": sim.webhook.enabled,
            }
        )


# Logs


def log_answer(name: str, rows: deque[JsonDict]) -> Response:
    """The rows of a log since a number, of one account or person if asked."""
    sim = simulator()
    with sim.state.lock:
        found = rows_since(rows, since(), limit(), **wanted("oa_id", "person"))
        return jsonify({"seq": sim.state.seq, name: found})


@levers.get("/webhooks")
def list_deliveries() -> Response:
    """Deliveries of the webhook, one row an attempt."""
    return log_answer("deliveries", simulator().state.deliveries)


@levers.get("/calls")
def list_calls() -> Response:
    """Calls of the API."""
    return log_answer("calls", simulator().state.calls)


@levers.delete("/logs")
def forget_logs() -> Response:
    """Forget both."""
    sim = simulator()
    with sim.state.lock:
        sim.state.calls.clear()
        sim.state.deliveries.clear()
        sim.state.touch()
    return jsonify({"seq": sim.state.seq})


# Faults


@levers.get("/faults")
def list_faults() -> Response:
    """The faults, and the kinds there are."""
    sim = simulator()
    with sim.state.lock:
        return jsonify({"faults": sim.faults.describe(), "kinds": list(KINDS)})


@levers.post("/faults")
def add_fault() -> tuple[Response, int]:
    """Enter a fault."""
    sim, fields = simulator(), body()
    kind = fields.pop("kind", "")
    unknown = set(fields) - set(FAULT_FIELDS)
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    with sim.state.lock:
        fault = sim.faults.add(kind, **fields)
        sim.state.touch()
        return created(vars(fault))


@levers.delete("/faults")
def clear_faults() -> Response:
    """Take all faults out."""
    sim = simulator()
    with sim.state.lock:
        sim.faults.rows.clear()
        sim.state.touch()
    return jsonify({"faults": []})


@levers.delete("/faults/<fault_id>")
def remove_fault(fault_id: str) -> Response:
    """Take one fault out."""
    sim = simulator()
    with sim.state.lock:
        if not sim.faults.remove(fault_id):
            raise KeyError(f"no fault {fault_id}: see /control/faults")
        sim.state.touch()
        return jsonify({"faults": sim.faults.describe()})


# Webhook


def webhook_row(sim: Simulator) -> JsonDict:
    """The webhook as the console would show it."""
    pending, repeats = sim.timeline.waiting()
    return {
        "enabled": sim.webhook.enabled,
        "url": sim.webhook.url,
        "pending": pending,
        "repeats": repeats,
        "dropped": sim.webhook.dropped,
        "options": vars(sim.webhook.options),
    }


@levers.get("/webhook")
def show_webhook() -> Response:
    """The webhook and what waits."""
    return jsonify(webhook_row(simulator()))


@levers.post("/webhook")
def switch_webhook() -> Response:
    """Switch it on or off, spoil deliveries, point it elsewhere on this machine."""
    sim, fields = simulator(), body()
    enabled, url = fields.pop("enabled", None), fields.pop("url", None)
    with sim.state.lock:
        if url is not None:
            sim.webhook.point_to(url)
        if "delay_seconds" in fields:
            fields["delay_seconds"] = float(fields["delay_seconds"])
        change(sim.webhook.options, fields, OPTION_NAMES)
        if enabled is not None:
            sim.webhook.enabled = bool(enabled)
        sim.state.touch()
    return jsonify(webhook_row(sim))


@levers.post("/webhook/inject")
def inject() -> tuple[Response, int]:
    """An event that no act of a person causes."""
    sim, fields = simulator(), body()
    kind = fields.get("kind")
    if kind == "raw":
        sim.webhook.queue(raw_delivery(fields))
    elif kind in INJECTIONS:
        sim.webhook.emit(INJECTIONS[kind](sim))
    else:
        raise ValueError(f"kind must be raw or one of {', '.join(INJECTIONS)}")
    return created({"seq": sim.state.seq})


def raw_delivery(fields: JsonDict) -> Delivery:
    """A body as given: text byte for byte, an object as Zalo would encode it."""
    given = fields["body"]
    parsed = given
    if isinstance(given, str):
        try:
            parsed = json.loads(given)
        except ValueError:
            parsed = {}
    raw = encode(given) if isinstance(given, dict) else str(given).encode()
    known = parsed if isinstance(parsed, dict) else {}
    return Delivery(
        raw,
        str(known.get("event_name", "")),
        str(known.get("timestamp", "")),
        str(fields.get("server", CHAT_SERVER)),
        known.get("oa_id"),
    )


def test_ping(sim: Simulator) -> JsonDict:
    """The console's test button: correctly signed, foreign ids."""
    return foreign(
        sim, "user_send_text", "This is testing message", "This is message id"
    )


def foreign_oa(sim: Simulator) -> JsonDict:
    """A message to an account that is not ours."""
    return foreign(sim, "user_send_text", "hello", new_message_id())


def foreign(sim: Simulator, event: str, text: str, message_id: str) -> JsonDict:
    """A message between ids that nobody knows."""
    return {
        "app_id": sim.config.app_id,
        "sender": {"id": new_decimal_id()},
        "user_id_by_app": new_decimal_id(),
        "recipient": {"id": new_decimal_id()},
        "event_name": event,
        "message": {"text": text, "msg_id": message_id},
        "timestamp": str(sim.clock.now_ms()),
    }


def unknown_event(sim: Simulator) -> JsonDict:
    """An event name that no documentation knows, for one of our accounts."""
    oa_id = next(iter(sim.state.accounts), new_decimal_id())
    return foreign(sim, "user_send_hologram", "?", new_message_id()) | {
        "recipient": {"id": oa_id}
    }


INJECTIONS = {
    "test_ping": test_ping,
    "foreign_oa": foreign_oa,
    "unknown_event": unknown_event,
}


@levers.post("/settle")
def settle() -> Response:
    """Wait until nothing is due now."""
    sim = simulator()
    settled = sim.timeline.settle(float(body().get("seconds", SETTLE_SECONDS)))
    return jsonify({"settled": settled, "repeats": sim.timeline.waiting()[1]})


# Clock


@levers.get("/clock")
def show_clock() -> Response:
    """What the clock shows."""
    return jsonify(clock_row(simulator()))


@levers.post("/clock")
def move_clock() -> Response:
    """Move it, or set it."""
    sim, fields = simulator(), body()
    if "move_seconds" in fields:
        sim.clock.move(timedelta(seconds=float(fields["move_seconds"])))
    else:
        instant = datetime.fromisoformat(str(fields["set"]))
        if instant.tzinfo is None:
            raise ValueError("set needs an offset, such as 2026-11-24T08:00:00+07:00")
        sim.clock.set(instant)
    return clock_moved(sim)


@levers.delete("/clock")
def reset_clock() -> Response:
    """Back to the real time."""
    sim = simulator()
    sim.clock.set_offset(timedelta(0))
    return clock_moved(sim)


def clock_moved(sim: Simulator) -> Response:
    """The new time, noted as a change."""
    with sim.state.lock:
        sim.state.touch()
    return jsonify(clock_row(sim))


# Ledger


@levers.get("/ledger")
def ledger() -> Response:
    """What left the accounts, in order of delivery."""
    sim, most = simulator(), limit()
    with sim.state.lock:
        found = ledger_since(sim.state.ledger, since(), wanted("oa_id", "person"))
        rows = [ledger_row(message) for message in found[:most]]
        answer = {"seq": sim.state.seq, "delivered": len(sim.state.ledger)}
        return jsonify(answer | {"rows": rows})


def ledger_since(
    messages: list[Message], after: int | None, filters: dict[str, str]
) -> list[Message]:
    """Messages delivered after a number that fit the filters, oldest first."""
    return [
        message
        for message in messages
        if message.number > (after or 0)
        and all(getattr(message, name) == value for name, value in filters.items())
    ]


@levers.get("/ledger/counts")
def ledger_counts() -> Response:
    """Who got what how often."""
    sim, part = simulator(), request.args.get("text", "")
    with sim.state.lock:
        found = ledger_since(sim.state.ledger, None, wanted("oa_id"))
        found = [message for message in found if part in message.text]
        same: Counter[tuple[Any, ...]] = Counter(map(content_key, found))
        by_recipient = Counter(f"{m.oa_id}/{m.chat_id}" for m in found)
    names = ("oa_id", "chat_id", "person", "kind", "text")
    duplicated = [
        dict(zip(names, key, strict=False)) | {"times": times}
        for key, times in same.items()
        if times > 1
    ]
    return jsonify(
        {
            "delivered": len(found),
            "recipients": len(by_recipient),
            "distinct": len(same),
            "duplicated": duplicated,
            "by_recipient": by_recipient,
        }
    )


def content_key(message: Message) -> tuple[Any, ...]:
    """What makes two deliveries the same for the person who reads them."""
    return (
        message.oa_id,
        message.chat_id,
        message.person,
        message.kind,
        message.text,
        json.dumps([message.attachments, message.elements, message.buttons]),
    )


@levers.post("/reset")
def reset() -> Response:
    """Start again."""
    sim = simulator()
    sim.reset(bool(body().get("everything", False)))
    return jsonify({"seq": sim.state.seq})
