"""The same sender against the simulated Zalo that the demo runs: both kinds of account,
its own faults, and its ledger as the judge of what reached whom."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlmodel import select

from bot.channel import outbox
from bot.channel.accounts import Accounts
from bot.channel.outbox import Button, Outgoing
from bot.channel.seal import Sealer
from bot.channel.sender import LEASE, Sender
from bot.channel.tokens import store_tokens
from bot.channel.zalo.answers import TokenPair
from bot.channel.zalo.client import ZaloClient
from bot.db import Database
from bot.files import Files
from bot.settings import Settings
from models import Account, AccountKind, ApiGeneration, Contact, Lane, OutboxMessage
from simulator import SimulatorConfig, create_simulator, seed_demo, simulator_of
from simulator.serving import served
from tests.channel.conftest import MovableClock

GOVERNMENT = "2874650193847560192"
BUSINESS = "3918274650918273645"
PEOPLE = {  # Bà Tám follows the first, Chị Hoa the second
    GOVERNMENT: "7263549817263540101",
    BUSINESS: "6152438706152438103",
}


@dataclass
class Office:
    """Two accounts, one person each, and the control of the fake Zalo."""

    url: str
    database: Database
    clock: MovableClock
    accounts: Accounts
    sender: Sender
    client: ZaloClient
    files: Files
    contacts: dict[str, Contact] = field(default_factory=dict)

    def writes(self, oa_id: str, *messages: Outgoing, **options: Any) -> None:
        self.writes_to(self.contacts[oa_id], *messages, **options)

    def writes_to(self, contact: Contact, *messages: Outgoing, **options: Any) -> None:
        given: dict[str, Any] = {"lane": Lane.REPLY, "now": self.clock.now()} | options
        with self.database.writing() as session:
            outbox.enqueue(
                session,
                contact=contact,
                key=f"event:{random.getrandbits(40)}",
                messages=messages,
                **given,
            )

    def contact(self, oa_id: str, user_id: str) -> Contact:
        """One more person of the account, if he is not known yet."""
        now = self.clock.now()
        with self.database.writing() as session:
            known = session.exec(
                select(Contact).where(
                    Contact.oa_id == oa_id, Contact.user_id == user_id
                )
            ).first()
            contact = known or Contact(
                oa_id=oa_id, user_id=user_id, created_at=now, last_interaction_at=now
            )
            session.add(contact)
        return contact

    def reaches_again(self, oa_id: str) -> None:
        """The person wrote: both sides know."""
        path = f"/chats/{oa_id}/{PEOPLE[oa_id]}/interacted"
        self.control("POST", path, hours_ago=0)
        with self.database.writing() as session:
            contact = session.get_one(Contact, self.contacts[oa_id].id)
            contact.last_interaction_at = self.clock.now()

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        answer = requests.request(
            method, f"{self.url}/control{path}", json=body or None, timeout=10
        )
        answer.raise_for_status()
        return answer.json()

    def arrived(self, oa_id: str) -> list[str]:
        rows = self.control("GET", f"/ledger?oa_id={oa_id}")["rows"]
        return [row["text"] for row in rows]

    def calls(self, oa_id: str) -> list[str]:
        calls = self.control("GET", f"/calls?oa_id={oa_id}")["calls"]
        return [call["path"] for call in calls if "message" in call["path"]]

    def row(self) -> OutboxMessage:
        with self.database.reading() as session:
            row = session.get(OutboxMessage, 1)
        assert row is not None
        return row

    def account(self, oa_id: str) -> Account:
        with self.database.reading() as session:
            return session.get_one(Account, oa_id)

    def later(self, **parts: float) -> int:
        """Move both clocks, then work off what is due."""
        self.clock.forward(**parts)
        seconds = timedelta(**parts).total_seconds()
        self.control("POST", "/clock", move_seconds=seconds)
        return self.sender.run_once()


@pytest.fixture
def office(
    database: Database, clock: MovableClock, settings: Settings
) -> Iterator[Office]:
    config = SimulatorConfig(
        app_id=settings.zalo_app_id or "",
        app_secret=settings.secret("zalo_app_secret"),
        oa_secret_key=settings.secret("zalo_oa_secret_key"),
        webhook_url="http://127.0.0.1:9/",
        public_url="http://127.0.0.1:9",
        echo_seconds=None,
        received_seconds=None,
        seen_seconds=None,
    )
    app = create_simulator(config)
    simulator = simulator_of(app)
    seed_demo(simulator)
    sealer = Sealer("k" * 48)
    with served(app) as url:
        client = ZaloClient(f"{url}/openapi", f"{url}/oauth", timeouts=(2.0, 3.0))
        accounts = Accounts(database, clock, client, sealer, settings)
        files = Files(settings.data_dir)
        sender = Sender(
            database,
            clock,
            client,
            accounts,
            files,
            paid_message_vnd=55,
            rng=random.Random(7),
        )
        office = Office(url, database, clock, accounts, sender, client, files)
        for oa_id, user_id in PEOPLE.items():
            given = simulator.issue_tokens(oa_id)
            pair = TokenPair(
                given.access_token, given.refresh_token, timedelta(hours=25)
            )
            with database.writing() as session:
                session.add(Account(oa_id=oa_id, created_at=clock.now()))
                session.flush()
                store_tokens(session, oa_id, pair, sealer, clock.now())
                contact = Contact(
                    oa_id=oa_id,
                    user_id=user_id,
                    created_at=clock.now(),
                    last_interaction_at=clock.now(),
                )
                session.add(contact)
            office.contacts[oa_id] = contact
        yield office
        sender.close()
        client.close()
    simulator.close()


def test_both_kinds_of_account_are_learned_and_served(office: Office) -> None:
    assert office.accounts.refresh_ahead() == {"accounts": 2, "failed": 0}
    menu = Outgoing("1. Thủ tục\n2. Văn bản", (Button("Thủ tục", "#services"),))
    for oa_id in PEOPLE:
        office.writes(oa_id, Outgoing("Chào bà con"), menu)
    office.sender.run_once()
    for oa_id in PEOPLE:
        assert office.arrived(oa_id) == ["Chào bà con", "1. Thủ tục\n2. Văn bản"]
    assert office.account(GOVERNMENT).kind == AccountKind.GOVERNMENT
    assert office.account(GOVERNMENT).api_generation == ApiGeneration.V2
    assert office.account(BUSINESS).api_generation == ApiGeneration.V3
    assert len(office.calls(GOVERNMENT)) == 3  # the first asked v3 in vain
    assert len(office.calls(BUSINESS)) == 2


@pytest.mark.parametrize("oa_id", PEOPLE)
@pytest.mark.parametrize(
    "kind",
    ["hang_after_delivery", "cut_after_delivery", "broken_json", "error_but_delivered"],
)
def test_delivered_without_a_good_answer_is_delivered_once(
    office: Office, oa_id: str, kind: str
) -> None:
    # the endpoint is known by then: the fault must not hit the call that is only refused
    known = ApiGeneration.V2 if oa_id == GOVERNMENT else ApiGeneration.V3
    with office.database.writing() as session:
        session.get_one(Account, oa_id).api_generation = known
    office.control("POST", "/faults", kind=kind, times=1, path="message", seconds=6)
    office.writes(oa_id, Outgoing("một"), Outgoing("hai"))
    office.sender.run_once()
    assert office.row().status == "sending"
    office.later(seconds=16)
    assert office.arrived(oa_id) == ["một", "hai"]
    assert office.row().reason == "confirmed_by_history"
    assert office.row().zalo_message_id


@pytest.mark.parametrize("kind", ["http_500", "cut", "rate_limit"])
def test_fault_without_delivery_loses_nothing(office: Office, kind: str) -> None:
    office.control("POST", "/faults", kind=kind, times=1, path="message")
    office.writes(BUSINESS, Outgoing("một"), Outgoing("hai"))
    office.sender.run_once()
    office.later(seconds=61)
    assert office.arrived(BUSINESS) == ["một", "hai"]


def test_expired_token_is_renewed_on_the_way(office: Office) -> None:
    office.control("POST", f"/accounts/{BUSINESS}/tokens/expire", which="access")
    office.writes(BUSINESS, Outgoing("chào"))
    office.sender.run_once()
    assert office.arrived(BUSINESS) == ["chào"]


def test_window_and_block_end_as_zalo_says(office: Office) -> None:
    path = f"/chats/{BUSINESS}/{PEOPLE[BUSINESS]}"
    office.control("POST", f"{path}/interacted", hours_ago=24 * 8)
    office.writes(BUSINESS, Outgoing("một"))
    office.sender.run_once()
    assert (office.row().status, office.row().reason) == ("parked", "window_closed")
    office.control("POST", f"{path}/interacted", hours_ago=1)
    office.control("POST", f"{path}/block")
    with office.database.writing() as session:
        contact_id = office.contacts[BUSINESS].id or 0
        outbox.release_parked(session, contact_id, office.clock.now())
    office.sender.run_once()
    assert (office.row().status, office.row().reason) == ("unreachable", "blocked")
    assert office.arrived(BUSINESS) == []


def test_profile_and_uploads_are_understood(office: Office) -> None:
    for oa_id, user_id in PEOPLE.items():
        token = office.accounts.valid_token(oa_id)
        profile = office.client.user_profile(token, user_id)
        assert (profile.user_id, bool(profile.display_name)) == (user_id, True)
    token = office.accounts.valid_token(BUSINESS)
    pdf = office.client.upload_file(token, "phieu.pdf", b"%PDF-1.4 test")
    office.client.send_file(token, PEOPLE[BUSINESS], pdf)
    kinds = [row["kind"] for row in office.control("GET", "/ledger")["rows"]]
    assert kinds == ["file"]


def test_moving_the_clock_of_the_demo_sends_nothing_twice(office: Office) -> None:
    office.writes(BUSINESS, Outgoing("chào"))
    office.sender.run_once()
    office.later(seconds=LEASE.total_seconds() * 10)
    office.later(days=2)
    assert office.arrived(BUSINESS) == ["chào"]
