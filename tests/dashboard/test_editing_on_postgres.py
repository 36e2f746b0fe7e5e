"""Imports, marks, wordings and their undoing say the same on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from bot.catalogue.loading import load_content
from bot.catalogue.packs import read_packs
from bot.catalogue.schema import PROCEDURES
from bot.channel.seal import Sealer
from bot.conversation.texts import Texts
from bot.db import Database
from bot.editing import batches, imports, records, wordings
from bot.people import audit, joining
from bot.schema import upgrade
from models import ContentImport, Official, OwnWording, Procedure
from tests.conftest import CONTENT
from tests.postgres import postgres, url_of

NOW = datetime(2026, 11, 29, 3, tzinfo=UTC)
BIRTH = "1.001193"
SHEET = f"Mã thủ tục,Tên thủ tục,Ghi chú\n{BIRTH},Khai sinh,một\n9.000001,Việc riêng,\n"
SEALER = Sealer("k" * 48)
BOTH = "search.both"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres() as server:
        opened = Database(url_of(server))
        upgrade(opened)
        with opened.writing() as session:
            load_content(session, read_packs(CONTENT))
        yield opened
        opened.close()


def her(session: Session) -> Official:
    return joining.enrol(session, "Lan", NOW)


def test_an_import_is_taken_and_taken_back(database: Database) -> None:
    with database.writing() as session:
        lan = her(session)
        old = records.row_of(session, PROCEDURES, BIRTH)
        row = imports.keep(
            session, SEALER, "services", "a.csv", SHEET.encode(), lan, NOW
        )
        plan = imports.plan_of(session, SEALER, row, CONTENT, NOW)
        imports.apply(session, row, plan, imports.fingerprint(plan), lan, NOW)
    with database.writing() as session:
        assert session.get_one(Procedure, BIRTH).note == "một"
        taken = session.get_one(ContentImport, row.id)
        assert (taken.added, taken.changed, taken.sealed) == (1, 1, "")
        assert imports.undo(session, taken, session.get_one(Official, lan.id), NOW) == 2
    with database.reading() as session:
        assert records.row_of(session, PROCEDURES, BIRTH) == old
        assert session.get(Procedure, "9.000001") is None
        assert audit.verify(session) is None


def test_a_mark_is_made_and_taken_back(database: Database) -> None:
    with database.writing() as session:
        lan = her(session)
        before = session.get_one(Procedure, BIRTH).checked_on
        made = records.mark_checked(session, PROCEDURES, [BIRTH], lan, NOW.date(), NOW)
        assert batches.undo(session, made, lan, NOW) == 1
        assert session.get_one(Procedure, BIRTH).checked_on == before


def test_a_wording_is_heard_of_and_taken_back(database: Database) -> None:
    texts = Texts.load(CONTENT / "texts")
    with database.writing() as session:
        lan = her(session)
        row = wordings.row_of(session, texts.sources, BOTH)
        made = wordings.change(session, row, "Có {{ count }} việc:", lan, NOW)
        texts.look(session)
        assert texts.render(BOTH, {"count": 2}) == "Có 2 việc:"
        assert made is not None
        wordings.undo(session, made, lan, NOW)
        assert session.get(OwnWording, BOTH) is None
