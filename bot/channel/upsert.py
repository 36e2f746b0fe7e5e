"""One INSERT for both engines; rows that another process added meanwhile are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_if_new(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[dict[str, Any]],
    unique: Sequence[str] = (),
) -> int:
    """Rows added. ``unique`` are the columns that tell a known row (default: any)."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    statement = insert(table).values(list(rows))
    added = session.exec(
        statement.on_conflict_do_nothing(index_elements=list(unique) or None)
    )
    return added.rowcount
