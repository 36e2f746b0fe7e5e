"""Putting an account's message where it can be read: conversation and ledger."""

from __future__ import annotations

from simulator.api import Call
from simulator.content import Draft
from simulator.records import Message, Relation
from simulator.state import new_message_id


def deliver(
    call: Call, relation: Relation, draft: Draft, api: str, quota_type: str | None
) -> Message:
    """Put the message on the person's phone and plan what follows."""
    message = keep(call, draft, relation.user_id, api, quota_type)
    message.person = relation.person
    if draft.kind == "request_user_info":
        relation.asked_for_info = True
    call.sim.after_send(relation, message)
    return message


def keep(
    call: Call, draft: Draft, chat_id: str, api: str, quota_type: str | None
) -> Message:
    """Enter an account's message into its conversation and the ledger."""
    if draft.asset:
        draft.asset.used = True
    message = Message(
        new_message_id(),
        call.account.oa_id,
        chat_id,
        "oa",
        draft.kind,
        call.now,
        text=draft.text,
        api=api,
        buttons=draft.buttons,
        elements=draft.elements,
        attachments=draft.attachments,
        quote_id=draft.quote_id,
        quota_type=quota_type,
    )
    return call.sim.state.add_message(message)
