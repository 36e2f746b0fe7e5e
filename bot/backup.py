"""One archive of everything an office would miss, made while the program runs.

A tar.gz of ``manifest.json`` (format, schema revision, time), ``tables/NAME.jsonl`` (a row
a line) and ``files/…`` (``DATA_DIR`` without the database, locks and logs: spool, stored
proofs). The rows are written in terms of neither engine, so an archive made on SQLite can
be restored into PostgreSQL and the other way round: the way from one machine to several.

The spool is copied before the database is read: an event that moves from one to the other
meanwhile is in both, which changes nothing, and never in neither. All tables are read in
one snapshot. Stored tokens stay sealed: they need the same ``SECRET_KEY``.
"""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    select,
    text,
)

from bot import schema
from bot.db import Database
from bot.errors import OperatorError

FORMAT = 1
ROWS_AT_ONCE = 500
_VERSION_TABLE = "alembic_version"
_LEFT_OUT = ("bell", "demo.log")
_LEFT_OUT_ENDINGS = (".db", ".db-wal", ".db-shm", ".lock", ".index", ".part")

Progress = Callable[[str, int], object]


def back_up(
    database: Database, data_dir: Path, archive: Path, now: datetime, say: Progress
) -> None:
    """Write the archive; it appears under its name only when it is whole."""
    if archive.exists():
        raise OperatorError(f"{archive}: exists already; choose another name")
    half = archive.with_name(f"{archive.name}.part")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz") as tar:
                _add_files(tar, data_dir, say)
                _add_tables(tar, database, say)
                manifest = {
                    "format": FORMAT,
                    "revision": schema.current(database),
                    "made_at": now.isoformat(),
                }
                _add(tar, "manifest.json", json.dumps(manifest).encode())
            file.flush()
            os.fsync(file.fileno())
        half.rename(archive)
    finally:
        half.unlink(missing_ok=True)


def restore(
    database: Database, data_dir: Path, archive: Path, *, force: bool, say: Progress
) -> None:
    """Put an archive in place of what is there; all rows in one transaction."""
    with tarfile.open(archive) as tar:
        manifest = _manifest(tar, archive)
        if not force and (schema.current(database) or _own_files(data_dir)):
            raise OperatorError(
                f"{database.url.render_as_string()} and {data_dir} are not empty: "
                "restore into an empty place, or add --force to replace what is there"
            )
        _empty(database)
        schema.upgrade(database, manifest["revision"])
        with database.engine.begin() as connection:
            _load_tables(tar, connection, say)
        schema.upgrade(database)
        _load_files(tar, data_dir, say)


# --- out ----------------------------------------------------------------------------------


def _add_files(tar: tarfile.TarFile, data_dir: Path, say: Progress) -> None:
    found = _own_files(data_dir)
    for file in found:
        tar.add(file, f"files/{file.relative_to(data_dir)}", recursive=False)
    say("files", len(found))


def _own_files(data_dir: Path) -> list[Path]:
    return [
        file
        for file in sorted(data_dir.rglob("*"))
        if file.is_file()
        and file.name not in _LEFT_OUT
        and not file.name.endswith(_LEFT_OUT_ENDINGS)
    ]


def _add_tables(tar: tarfile.TarFile, database: Database, say: Progress) -> None:
    options = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    engine = database.engine.execution_options(read_only=True, **options)
    with engine.connect() as connection:
        for table in _tables(connection):
            with tempfile.TemporaryFile() as lines:  # a table may outgrow the memory
                count = _write_rows(connection, table, lines)
                size = lines.tell()
                lines.seek(0)
                entry = tarfile.TarInfo(f"tables/{table.name}.jsonl")
                entry.size = size
                tar.addfile(entry, lines)
            say(table.name, count)


def _write_rows(connection: Connection, table: Table, lines: Any) -> int:
    count = 0
    rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
        select(table).order_by(*table.primary_key)
    )
    for row in rows.mappings():
        plain = {name: _to_json(value) for name, value in row.items()}
        lines.write(json.dumps(plain, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _to_json(value: object) -> object:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


# --- in -----------------------------------------------------------------------------------


def _manifest(tar: tarfile.TarFile, archive: Path) -> dict[str, Any]:
    try:
        file = tar.extractfile("manifest.json")
    except KeyError:
        file = None
    if file is None:
        raise OperatorError(f"{archive}: not a backup of this program")
    found: dict[str, Any] = json.load(file)
    if found["format"] != FORMAT:
        raise OperatorError(f"{archive}: made by a newer program; upgrade this one")
    return found


def _tables(connection: Connection) -> list[Table]:
    """As the database has them, which may be an older schema than the models'."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != _VERSION_TABLE]


def _empty(database: Database) -> None:
    with database.engine.begin() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        metadata.drop_all(connection)


def _load_tables(tar: tarfile.TarFile, connection: Connection, say: Progress) -> None:
    for table in _tables(connection):
        file = tar.extractfile(f"tables/{table.name}.jsonl")
        if file is None:
            continue
        rows = (_from_json(table, json.loads(line), connection) for line in file)
        say(table.name, _insert(connection, table, rows))
        _continue_numbers(connection, table)


def _insert(
    connection: Connection, table: Table, rows: Iterable[dict[str, Any]]
) -> int:
    count, waiting = 0, iter(rows)
    while batch := list(islice(waiting, ROWS_AT_ONCE)):
        connection.execute(insert(table), batch)
        count += len(batch)
    return count


def _from_json(
    table: Table, row: dict[str, Any], connection: Connection
) -> dict[str, Any]:
    naive = connection.dialect.name == "sqlite"
    return {
        column.name: _value(column.type, row[column.name], naive=naive)
        for column in table.columns
        if column.name in row
    }


def _value(kind: object, value: Any, *, naive: bool) -> Any:
    if value is None:
        return None
    if isinstance(kind, DateTime):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=None) if naive else moment
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return value


def _continue_numbers(connection: Connection, table: Table) -> None:
    """PostgreSQL counts ids beside the rows; SQLite looks at them."""
    keys = [column for column in table.primary_key if isinstance(column.type, Integer)]
    if connection.dialect.name != "postgresql" or len(keys) != 1:
        return
    named = {"table": table.name, "column": keys[0].name}
    sequence = connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, :column)"), named
    )
    highest = connection.scalar(select(func.max(keys[0])))
    if sequence and highest:
        connection.execute(select(func.setval(sequence, highest)))


def _load_files(tar: tarfile.TarFile, data_dir: Path, say: Progress) -> None:
    count = 0
    for entry in _entries_of_files(tar):
        entry.name = entry.name.removeprefix("files/")
        tar.extract(entry, data_dir, filter="data")
        count += 1
    say("files", count)


def _entries_of_files(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    return (e for e in tar.getmembers() if e.isfile() and e.name.startswith("files/"))
