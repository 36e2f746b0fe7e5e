"""Who is let into the dashboard from the command line."""

from __future__ import annotations

import pytest

from bot.clock import Clock
from bot.db import Database
from bot.errors import OperatorError
from bot.people import joining, officials, reentry
from models import Role


def test_a_new_installation_gets_one_administrator_for_the_top(
    filled: Database, clock: Clock
) -> None:
    now = clock.now()
    with filled.writing() as session:
        first = reentry.administrator(session, "Quản trị", now, now.date())
        again = reentry.administrator(session, "Quản trị", now, now.date())
        assert first.id == again.id
        served = officials.memberships(session, first.id or 0, now.date())
        assert [(one.unit_code, one.role) for one in served] == [
            ("tay_ninh", Role.ADMINISTRATOR)
        ]


def test_somebody_is_named_by_number_pseudonym_or_name(
    filled: Database, clock: Clock
) -> None:
    now = clock.now()
    with filled.writing() as session:
        lan = joining.enrol(session, "Nguyễn Thị Lan", now)
        with pytest.raises(OperatorError, match="nobody in office"):
            reentry.official_meant(session, "nguyen thi lan")
        lan.joined_at = now
        session.add(lan)
        session.flush()
        for key in (str(lan.id), lan.pseudonym, "nguyen thi lan"):
            assert reentry.official_meant(session, key).id == lan.id
        other = joining.enrol(session, "Nguyễn Thị Lan", now)
        other.joined_at = now
        session.add(other)
        session.flush()
        with pytest.raises(OperatorError, match="say which number"):
            reentry.official_meant(session, "nguyen thi lan")
