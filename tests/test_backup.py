"""A backup put back is the same office, on either engine."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, func, select

from bot import schema
from bot.backup import back_up, restore
from bot.channel.spool import Spool
from bot.clock import Clock
from bot.db import Database
from bot.errors import OperatorError
from models import Contact, Procedure
from tests.channel.test_spool import arrival
from tests.chat import Chat, Town


def quiet(name: str, count: int) -> None:
    assert count >= 0, name


def all_rows(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text that both engines agree on."""
    with database.reading() as session:
        return {
            name: [
                repr(tuple(row))
                for row in session.execute(
                    select(table).order_by(*table.primary_key)  # type: ignore[call-overload]
                )
            ]
            for name, table in SQLModel.metadata.tables.items()
        }


def _archive(town: Town, folder: Path) -> Path:
    file = folder / "office.tar.gz"
    back_up(town.database, town.settings.data_dir, file, Clock().now(), quiet)
    return file


@pytest.fixture
def used(town: Town, chat: Chat) -> Town:
    """An office in which somebody has asked something."""
    chat.says("chào")
    chat.says("đăng ký khai sinh")
    return town


def test_restored_into_an_empty_place_it_is_the_same(
    used: Town, tmp_path: Path
) -> None:
    spool = Spool(used.settings.data_dir)
    spool.append(arrival(1))
    file = _archive(used, tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    place = tmp_path / "elsewhere"
    copy = Database(f"sqlite:///{place / 'bot.db'}")
    restore(copy, place, file, force=False, say=quiet)
    assert all_rows(copy) == all_rows(used.database)
    schema.check(copy)
    assert Spool(place).waiting() == 1
    with copy.writing() as session:  # new rows get new numbers
        highest = session.scalar(select(func.max(col(Contact.id)))) or 0
        session.add(Contact(oa_id="1", user_id="2", created_at=Clock().now()))
        session.flush()
        assert (session.scalar(select(func.max(col(Contact.id)))) or 0) == highest + 1
    copy.close()


def test_what_is_there_is_not_overwritten_unless_told(
    used: Town, tmp_path: Path
) -> None:
    file = _archive(used, tmp_path)
    before = all_rows(used.database)
    data_dir = used.settings.data_dir
    with pytest.raises(OperatorError, match="--force"):
        restore(used.database, data_dir, file, force=False, say=quiet)
    assert all_rows(used.database) == before
    with used.database.writing() as session:
        session.exec(select(Procedure)).first().name = "verdorben"  # type: ignore[union-attr]
    assert all_rows(used.database) != before
    restore(used.database, data_dir, file, force=True, say=quiet)
    assert all_rows(used.database) == before


def test_an_archive_of_something_else_is_refused_before_anything_is_touched(
    used: Town, tmp_path: Path
) -> None:
    file = tmp_path / "holiday.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(__file__, "photo.jpg")
    before = all_rows(used.database)
    with pytest.raises(OperatorError, match="not a backup"):
        restore(used.database, tmp_path, file, force=True, say=quiet)
    assert all_rows(used.database) == before


def test_a_backup_that_failed_leaves_no_file(
    used: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str, count: int) -> None:
        raise OSError("disk full")

    file = tmp_path / "half.tar.gz"
    with pytest.raises(OSError, match="disk full"):
        back_up(used.database, used.settings.data_dir, file, Clock().now(), full)
    assert list(tmp_path.glob("half*")) == []
