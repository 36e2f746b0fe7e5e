"""Control routes about accounts, people, tokens, articles and phone templates."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify

from simulator import events
from simulator.acts import new_person
from simulator.bubbles import SWITCHES, account_row, person_row
from simulator.control_common import body, change, created, simulator
from simulator.core import Simulator
from simulator.oauth import token_answer
from simulator.phone_templates import STATUS_NUMBERS, TAGS
from simulator.records import (
    CHOICES,
    Account,
    App,
    Article,
    GroupAsset,
    JsonDict,
    PhoneTemplate,
)
from simulator.state import new_decimal_id
from simulator.webhook_out import PHONE_SERVER

cast = Blueprint("control_cast", __name__)

PERSON_FIELDS = (
    "display_name",
    "phone",
    "note",
    "role",
    "age",
    "avatar",
    "inactive",
    "auto_seen",
    "no_zalo",
    "refuses_templates",
)
APP_FIELDS = tuple(App.__dataclass_fields__)


def check_choices(fields: JsonDict) -> None:
    """Switches that take one of a few words."""
    for name, words in CHOICES.items():
        if name in fields and fields[name] not in words:
            raise ValueError(f"{name} must be one of {', '.join(words)}")


@cast.get("/accounts")
def list_accounts() -> Response:
    """All accounts."""
    sim = simulator()
    with sim.state.lock:
        rows = [account_row(sim, account) for account in sim.state.accounts.values()]
    return jsonify({"accounts": rows})


@cast.post("/accounts")
def add_account() -> tuple[Response, int]:
    """A new account, with one bought group package."""
    sim, fields = simulator(), body()
    check_choices(fields)
    with sim.state.lock:
        fields.setdefault("oa_id", new_decimal_id())
        account = Account(**fields)
        if account.oa_id in sim.state.accounts:
            raise ValueError(f"there is already an account {account.oa_id}")
        keep_account(sim, account)
        return created(account_row(sim, account))


def keep_account(sim: Simulator, account: Account) -> None:
    """Enter an account and the group package it has bought."""
    sim.state.accounts[account.oa_id] = account
    asset = GroupAsset(f"gmf-{account.oa_id[-6:]}", account.oa_id, "31/12/2099")
    sim.state.group_assets[asset.asset_id] = asset
    sim.state.touch()


@cast.get("/accounts/<oa_id>")
def show_account(oa_id: str) -> Response:
    """One account."""
    sim = simulator()
    with sim.state.lock:
        return jsonify(account_row(sim, sim.account(oa_id)))


@cast.post("/accounts/<oa_id>")
def switch_account(oa_id: str) -> Response:
    """Change switches."""
    sim, fields = simulator(), body()
    check_choices(fields)
    with sim.state.lock:
        change(sim.account(oa_id), fields, SWITCHES)
        sim.state.touch()
        return jsonify(account_row(sim, sim.account(oa_id)))


@cast.get("/people")
def list_people() -> Response:
    """All people."""
    sim = simulator()
    with sim.state.lock:
        rows = [person_row(sim, person) for person in sim.state.people.values()]
    return jsonify({"people": rows})


@cast.post("/people")
def add_person() -> tuple[Response, int]:
    """Somebody new."""
    sim, fields = simulator(), body()
    if not fields.get("display_name"):
        raise ValueError("a person needs display_name")
    with sim.state.lock:
        return created(person_row(sim, new_person(sim, fields)))


@cast.get("/people/<key>")
def show_person(key: str) -> Response:
    """One person."""
    sim = simulator()
    with sim.state.lock:
        return jsonify(person_row(sim, person_of(sim, key)))


@cast.post("/people/<key>")
def change_person(key: str) -> Response:
    """Change what is known of a person."""
    sim, fields = simulator(), body()
    with sim.state.lock:
        person = person_of(sim, key)
        sim.state.phones.pop(person.phone, None)
        change(person, fields, PERSON_FIELDS)
        sim.state.add_person(person)
        return jsonify(person_row(sim, person))


def person_of(sim: Simulator, key: str) -> Any:
    """The person of this key."""
    if key not in sim.state.people:
        raise KeyError(f"no person {key}: see /control/people")
    return sim.state.people[key]


@cast.post("/accounts/<oa_id>/tokens")
def issue_tokens(oa_id: str) -> tuple[Response, int]:
    """A new token pair, as if the administrator had consented."""
    return created(token_answer(simulator().issue_tokens(oa_id)))


@cast.post("/accounts/<oa_id>/tokens/expire")
def expire_tokens(oa_id: str) -> Response:
    """Let all tokens of the account run out."""
    sim, which = simulator(), body().get("which", "access")
    if which not in ("access", "refresh", "both"):
        raise ValueError("which must be access, refresh or both")
    with sim.state.lock:
        sim.account(oa_id)
        for pair in sim.state.tokens.values():
            if pair.oa_id != oa_id:
                continue
            if which != "refresh":
                pair.access_expires = 0
            if which != "access":
                pair.refresh_expires = 0
        sim.state.touch()
        return jsonify(account_row(sim, sim.account(oa_id)))


@cast.get("/app")
def show_app() -> Response:
    """The switches of the developer console."""
    return jsonify(vars(simulator().state.app))


@cast.post("/app")
def switch_app() -> Response:
    """Change them."""
    sim, fields = simulator(), body()
    with sim.state.lock:
        change(sim.state.app, fields, APP_FIELDS)
        sim.state.touch()
        return jsonify(vars(sim.state.app))


@cast.post("/accounts/<oa_id>/articles")
def add_article(oa_id: str) -> tuple[Response, int]:
    """An article made in the OA console: public at once."""
    sim, fields = simulator(), body()
    at = fields.get("at")
    with sim.state.lock:
        created_at = (
            int(datetime.fromisoformat(at).timestamp() * 1000)
            if at
            else sim.clock.now_ms()
        )
        content = {
            "type": fields.get("type", "normal"),
            "title": fields["title"],
            "author": fields.get("author", ""),
            "description": fields.get("description", ""),
            "status": fields.get("status", "show"),
            "comment": "show",
            "cover": fields.get("cover", {}),
            "body": fields.get("body", []),
        }
        article = Article(
            secrets.token_hex(10),
            sim.account(oa_id).oa_id,
            content,
            created_at,
            created_at,
        )
        sim.state.articles[article.article_id] = article
        sim.state.touch()
    base = sim.config.public_url.rstrip("/")
    link = f"{base}/media/article/{article.article_id}"
    return created({"id": article.article_id, "link_view": link})


@cast.post("/accounts/<oa_id>/templates")
def add_template(oa_id: str) -> tuple[Response, int]:
    """An approved phone template (or one in another state)."""
    sim, fields = simulator(), body()
    tag, status = fields.get("tag", "TRANSACTION"), fields.get("status", "ENABLE")
    if tag not in TAGS or status not in STATUS_NUMBERS:
        raise ValueError(f"tag: {', '.join(TAGS)}; status: {', '.join(STATUS_NUMBERS)}")
    with sim.state.lock:
        template = PhoneTemplate(
            f"{sim.account(oa_id).oa_id}:{fields['template_id']}",
            oa_id,
            str(int(fields["template_id"])),
            fields["name"],
            list(fields.get("params", [])),
            tag,
            status,
            bool(fields.get("by_user_id", True)),
            int(fields.get("price", 200)),
            sim.clock.now_ms(),
        )
        sim.state.templates[template.key] = template
        sim.state.touch()
    return created(vars(template))


@cast.post("/phone/<msg_id>/feedback")
def give_feedback(msg_id: str) -> tuple[Response, int]:
    """The recipient of a rating template answers."""
    sim, fields = simulator(), body()
    with sim.state.lock:
        sent = sim.state.phone_messages.get(msg_id)
        if sent is None:
            raise KeyError(f"no phone message {msg_id}")
        now = str(sim.clock.now_ms())
        rating = {
            "note": str(fields.get("note", "")),
            "rate": int(fields["rate"]),
            "submit_time": now,
            "msg_id": msg_id,
            "feedbacks": list(fields.get("feedbacks", [])),
            "tracking_id": sent.tracking_id,
        }
        sent.ratings.append(rating)
        event = events.root_event(
            sim.config.app_id,
            sent.oa_id,
            "user_feedback",
            {"message": rating},
            int(now),
        )
        sim.emit(event, server=PHONE_SERVER)
        return created({"seq": sim.state.seq})
