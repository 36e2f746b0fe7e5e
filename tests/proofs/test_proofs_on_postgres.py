"""Claims, traces and what is told are SQL: they must do the same on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import col, select

from bot.conversation.texts import Texts
from bot.conversation.verdicts import Teller
from bot.db import Database
from bot.duties.proofs import reviewing
from bot.duties.proofs.keeping import Examined, examine, note
from bot.people import joining
from models import (
    Account,
    AdminUnit,
    Contact,
    EvidenceKind,
    OutboxMessage,
    Proof,
    ProofCheck,
    ProofState,
    Role,
    UnitLevel,
)
from tests.proofs.cases import HOST, UNIT
from tests.proofs.court import NOW, ZONE, Court
from tests.proofs.site import Site
from tests.proofs.test_proof_stories import another_picture, article

IN_WEEK = "2026-11-18T08:00:00+07:00"
WORKERS = 4


@pytest.fixture
def court(site: Site, server_url: str, tmp_path: Path) -> Iterator[Court]:
    database = Database(server_url)
    yield Court(database, tmp_path, site)
    database.close()


def test_many_workers_check_and_tell_each_proof_once(court: Court) -> None:
    with court.database.writing() as session:
        session.add(
            AdminUnit(code=UNIT, name="Xã A", kind="xã", level=UnitLevel.COMMUNE)
        )
        session.add(Account(oa_id="7", name="OA", created_at=NOW))
        session.flush()
        lan = joining.enrol(session, "Lan", NOW)
        joining.appoint(session, lan, UNIT, Role.SUPERVISOR, NOW.date())
        lan.joined_at = NOW
        contact = Contact(
            oa_id="7", user_id="1", created_at=NOW, official_id=lan.id,
            last_interaction_at=NOW,
        )  # fmt: skip
        session.add(contact)
        session.flush()
        contact_id = contact.id
    sent: dict[str, object] = {"contact_id": contact_id, "unit_code": UNIT}
    for number in range(5):
        court.submit(
            court.site.put(HOST, f"/tin/{number}", article(number, IN_WEEK)), **sent
        )
    court.submit(
        court.site.put(HOST, "/tin/0?utm_source=zalo", article(0, IN_WEEK)), **sent
    )
    pictures(court, sent)
    at_once(court.check_all)
    texts = Texts.load(Path("content/texts"))
    teller = Teller(court.database, court.clock, texts, ZONE)
    at_once(teller.run_once)
    with court.database.reading() as session:
        states = session.scalars(select(col(Proof.state)).order_by(col(Proof.id))).all()
        reasons = {one.reason for one in session.scalars(select(Proof)) if one.reason}
        checks = session.scalars(select(ProofCheck)).all()
        told = session.scalars(select(OutboxMessage)).all()
        waiting = reviewing.waiting(session, lan, NOW)
    assert sorted(states) == ["accepted"] * 5 + ["doubtful"] * 2 + ["failed"]
    # of two like pictures the later one is used before; the first only if it was judged last
    assert reasons | {"link_wanted_doubt"} == {
        "link_used_before_no", "link_wanted_doubt", "picture_used_before_doubt",
    }  # fmt: skip
    assert len(checks) == 8
    assert all(one.told_at for one in checks)
    assert len(told) == 1
    assert len(waiting) == 2
    flagged(court)
    with court.database.reading() as session:
        assert len(reviewing.waiting(session, lan, NOW)) == 3


def pictures(court: Court, sent: dict[str, object]) -> None:
    """One and the same, the second time smaller."""
    first = another_picture()
    small = Image.open(BytesIO(first)).resize((400, 300))
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=70)
    for content in (first, buffer.getvalue()):
        file = examine(content, EvidenceKind.PICTURE, ZONE)
        assert isinstance(file, Examined)
        digest = court.files.keep(content)
        with court.database.writing() as session:
            note(session, digest, file, NOW)
        court.submit("", kind=EvidenceKind.PICTURE, file_sha256=digest, **sent)


def flagged(court: Court) -> None:
    with court.database.writing() as session:
        proof = session.scalars(
            select(Proof).where(col(Proof.state) == ProofState.ACCEPTED)
        ).first()
        assert proof is not None
        proof.reason = "disappeared"


def at_once(work: object) -> None:
    threads = [threading.Thread(target=work) for _ in range(WORKERS)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
