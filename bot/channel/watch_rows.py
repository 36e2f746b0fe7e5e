"""The row of an account in ``account_watch``, made when it is first written to."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from models import AccountWatch


def read_watch(session: Session, oa_id: str) -> AccountWatch:
    """As it is, or as it would begin; not to be written to."""
    return session.get(AccountWatch, oa_id) or AccountWatch(oa_id=oa_id)


def open_watch(session: Session, oa_id: str) -> AccountWatch:
    """To be written to; two workers that begin it at the same time do not collide."""
    found = session.get(AccountWatch, oa_id)
    if found is None:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        insert = sqlite.insert if is_sqlite else postgresql.insert
        values = AccountWatch(oa_id=oa_id).model_dump()
        session.execute(insert(AccountWatch).values(**values).on_conflict_do_nothing())
        found = session.get_one(AccountWatch, oa_id)
    return found
