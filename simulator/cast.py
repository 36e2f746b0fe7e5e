"""Seeding: the demo's people and accounts from ``cast.toml``, or any others.

Seeding twice changes nothing: what is there already, from a snapshot or an earlier
seed, is left as it is.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from simulator.clock import HOUR_MS
from simulator.control_cast import keep_account
from simulator.core import Simulator
from simulator.records import Account, JsonDict, Person, PhoneTemplate, Relation

DEMO_CAST = Path(__file__).with_name("cast.toml")


def seed_demo(simulator: Simulator) -> None:
    """The two accounts and six people of the demo."""
    seed(simulator, tomllib.loads(DEMO_CAST.read_text("utf-8")))


def seed(simulator: Simulator, cast: JsonDict) -> None:
    """Accounts, people and phone templates in the form of ``cast.toml``."""
    state = simulator.state
    with state.lock:
        for row in cast.get("accounts", []):
            if row["oa_id"] not in state.accounts:
                keep_account(simulator, Account(**row))
        for row in cast.get("people", []):
            if row["key"] not in state.people:
                seed_person(simulator, row)
        for row in cast.get("templates", []):
            key = f"{row['oa_id']}:{row['template_id']}"
            if key not in state.templates:
                state.templates[key] = PhoneTemplate(key=key, **row)


def seed_person(simulator: Simulator, row: JsonDict) -> None:
    """A person and how the accounts know them."""
    fields = {name: value for name, value in row.items() if name != "accounts"}
    person = simulator.state.add_person(Person(**fields))
    now = simulator.clock.now_ms()
    for oa_id, known in row.get("accounts", {}).items():
        hours = known.get("interacted_hours_ago")
        relation = Relation(
            known["user_id"],
            oa_id,
            person.key,
            person.user_id_by_app,
            follows=known.get("follows", False),
            has_written=hours is not None,
            last_interaction=None if hours is None else now - hours * HOUR_MS,
        )
        simulator.state.add_relation(relation)
