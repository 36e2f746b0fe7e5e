"""Every page × every role × a foreign unit: open or closed exactly as the one table says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlmodel import Session

from bot.people import care, officials
from dashboard import access
from dashboard.access import TABLE, Rule, Scope
from models import (
    Account,
    AdminUnit,
    Contact,
    EvidenceKind,
    Exemption,
    Feedback,
    Handover,
    OaArticle,
    Official,
    Proof,
    ProofState,
    Role,
    Survey,
    UnansweredQuestion,
)
from tests.dashboard.conftest import FOREIGN, HOME, PROVINCE, Browser, House, codes

REFUSED = 403
# What stands in addresses and leads to no unit.
PLAIN: dict[str, Any] = {
    "token": "x",
    "filename": "dashboard.css",
    "period": "2026-W47",
    "duty_id": "II-2.2",
    "number": 0,
    "kind": "merge",
    "official_id": 987654,
    "campaign_id": 0,
    "record_kind": "topics",
    "key": "dossier_status",
    "revision_id": 0,
    "batch": "0",
    "import_id": 0,
    "import_kind": "services",
    "section": "search",
    "text_key": "search.both",
}
# Entered by whoever has a session; walked by the tests of the door.
DOOR = "dashboard.door."


@dataclass(frozen=True, slots=True)
class Door:
    """One address of one route, and whose unit it leads to."""

    endpoint: str
    method: str
    path: str
    unit_code: str

    @property
    def rule(self) -> Rule:
        return TABLE[self.endpoint]


def test_every_page_stands_in_the_table_and_nothing_else_does(house: House) -> None:
    pages = {rule.endpoint for rule in _rules(house.app)}
    assert pages == set(TABLE)


def test_whatever_an_address_names_is_known(house: House) -> None:
    for rule in _rules(house.app):
        known = set(access.SUBJECTS) | set(PLAIN)
        assert rule.arguments <= known, rule
        if TABLE[rule.endpoint].scope == Scope.UNIT:
            assert rule.arguments & set(access.SUBJECTS), f"{rule} names no unit"
        else:
            assert not rule.arguments & set(access.SUBJECTS), f"{rule} is not checked"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("seat", [HOME, PROVINCE])
def test_pages_open_as_the_table_says(house: House, role: Role, seat: str) -> None:
    official = house.official(role, seat)
    browser = house.let_in(official)
    walked = 0
    for door in doors(house):
        if door.endpoint.startswith(DOOR):
            continue
        answer = _open(browser, door)
        is_open = answer.status_code != REFUSED
        assert is_open == _should_open(house, door, role, seat), (door, answer.status)
        assert answer.status_code < 500, (door, answer.text[:2000])
        assert "/dashboard/login" not in answer.headers.get("Location", ""), door
        walked += 1
    assert walked >= 2


def test_nothing_opens_without_a_session(house: House) -> None:
    browser = house.stranger()
    browser.get("/dashboard/login")
    for door in doors(house):
        if door.rule.scope == Scope.PUBLIC:
            continue
        answer = _open(browser, door)
        assert answer.status_code == 302, door
        assert answer.headers["Location"] == "/dashboard/login", door


def test_what_is_not_in_the_table_stays_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = {
        name: rule for name, rule in TABLE.items() if name != "dashboard.week.show"
    }
    monkeypatch.setattr(access, "TABLE", without)
    browser = house.stranger()
    assert browser.get("/dashboard/").status_code == REFUSED


def test_the_map_in_one_walk_says_what_may_says(house: House) -> None:
    """``care.units_seen`` against ``officials.may``, for every unit of both maps."""
    day = date(2026, 11, 25)
    for role, seat in (
        (Role.OFFICIAL, HOME),
        (Role.SUPERVISOR, PROVINCE),
        (Role.LEADER, FOREIGN),
    ):
        person = house.official(role, seat)
        with house.database.reading() as session:
            him = session.get_one(Official, person.id)
            for asked in Role:
                seen = care.units_seen(session, him, asked, day)
                slow = {
                    code
                    for code in codes(session)
                    if officials.may(session, him, asked, code, day)
                }
                assert seen == slow, (role, seat, asked)
    assert len(slow) < len(seen) or not slow


# --- the walk ---------------------------------------------------------------------------------


def _rules(app: Flask) -> list[Any]:
    return [
        rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/dashboard")
    ]


def doors(house: House) -> Iterator[Door]:
    samples = _samples(house)
    with house.app.test_request_context():
        for rule in _rules(house.app):
            for unit_code, values in samples.items():
                arguments = {name: values[name] for name in rule.arguments}
                path = house.app.url_map.bind("localhost").build(
                    rule.endpoint, arguments, force_external=False
                )
                for method in sorted(rule.methods & {"GET", "POST"}):
                    yield Door(rule.endpoint, method, path, unit_code)
                if not rule.arguments & set(access.SUBJECTS):
                    break


def _samples(house: House) -> dict[str, dict[str, Any]]:
    """Something of the own unit and of a foreign one for every part of an address."""
    found = {}
    for number, code in enumerate((HOME, FOREIGN), start=9001):
        with house.database.writing() as session:
            _things(session, house, number, code)
        found[code] = PLAIN | {
            "unit_code": code,
            "proof_id": number,
            "exemption_id": number,
            "oa_id": f"oa-{code}",
            "handover_id": number,
            "question_id": number,
            "article_id": number,
            "feedback_id": number,
            "survey_id": number,
        }
    return found


def _things(session: Session, house: House, number: int, code: str) -> None:
    if session.get(Proof, number) is not None:
        return
    place: dict[str, Any] = {
        "id": number, "plan_id": "2026", "duty_id": "II-2.2", "unit_code": code,
        "period": "2026-W47",
    }  # fmt: skip
    session.add(
        Proof(
            **place, channel="website", kind=EvidenceKind.LINK, received_at=house.now,
            url="https://example.vn/1", state=ProofState.DOUBTFUL,
        )
    )  # fmt: skip
    session.add(Exemption(**place, reason="x", asked_at=house.now))
    session.add(
        Account(oa_id=f"oa-{code}", name=code, unit_code=code, created_at=house.now)
    )
    contact = Contact(oa_id=f"oa-{code}", user_id=code, created_at=house.now)
    session.add(contact)
    session.flush()
    asked: dict[str, Any] = {
        "id": number,
        "oa_id": contact.oa_id,
        "asked_at": house.now,
    }
    session.add(Handover(**asked, contact_id=contact.id or 0))
    session.add(UnansweredQuestion(**asked, text="x", outcome="not_found"))
    session.add(
        OaArticle(
            id=number, oa_id=contact.oa_id, unit_code=code, title="x",
            description="x", body="x", points=["a", "b", "c"], link="https://x.vn",
            layout="cards", palette="blue", created_at=house.now,
        )
    )  # fmt: skip
    session.add(
        Survey(
            id=number, unit_code=code, title="x", created_at=house.now,
            changed_at=house.now,
        )
    )  # fmt: skip
    session.add(
        Feedback(
            id=number, oa_id=contact.oa_id, contact_id=contact.id, unit_code=code,
            area="road", text="x", created_at=house.now, waiting_since=house.now,
        )
    )  # fmt: skip


def _open(browser: Browser, door: Door) -> Any:
    if door.method == "POST":
        return browser.post(door.path)
    return browser.get(door.path)


def _should_open(house: House, door: Door, role: Role, seat: str) -> bool:
    """The table in other words: rank, then reach."""
    rank = list(Role).index
    if door.rule.scope == Scope.PUBLIC:
        return True
    if rank(role) < rank(door.rule.role):
        return False
    sees_below = role in (Role.SUPERVISOR, Role.ADMINISTRATOR)
    match door.rule.scope:
        case Scope.OWN:
            return True
        case Scope.ALL:
            return seat == PROVINCE and sees_below
        case _:
            return door.unit_code == seat or (seat == PROVINCE and sees_below)


def test_samples_are_units_side_by_side(house: House) -> None:
    with house.database.reading() as session:
        parents = {
            session.get_one(AdminUnit, code).parent_code for code in (HOME, FOREIGN)
        }
    assert parents == {PROVINCE}
