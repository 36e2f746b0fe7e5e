"""Two phones type the same code at the same moment: one gets in."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

from sqlmodel import select

from bot.db import Database
from bot.people import audit, joining
from bot.people.joining import Joined, Refusal
from models import Account, AdminUnit, Contact, Membership, Role

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
PHONES = 4


def test_a_code_lets_one_in_whoever_is_first(either: Database) -> None:
    with either.writing() as session:
        session.add(Account(oa_id="oa", created_at=NOW))
        session.add(AdminUnit(code="xa", name="Xã"))
        for number in range(PHONES):
            session.add(Contact(oa_id="oa", user_id=f"u{number}", created_at=NOW))
        code = joining.invite(session, "xa", Role.OFFICIAL, audit.OPERATOR, NOW)
    outcomes: list[Joined | Refusal] = []
    together = threading.Barrier(PHONES)

    def type_code(number: int) -> None:
        together.wait()
        with either.writing() as session:
            contact = session.scalars(
                select(Contact).where(Contact.user_id == f"u{number}")
            ).one()
            outcomes.append(joining.join(session, contact, code, NOW, TODAY))

    phones = [threading.Thread(target=type_code, args=(n,)) for n in range(PHONES)]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.join()
    assert sum(isinstance(one, Joined) for one in outcomes) == 1
    assert outcomes.count(Refusal.USED) == PHONES - 1
    with either.reading() as session:
        assert len(session.exec(select(Membership)).all()) == 1
        assert audit.verify(session) is None
