"""The shipped plans: all duties, no invented number, owners as the source says."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from bot.catalogue.loading import load_content
from bot.catalogue.packs import Packs, read_packs
from bot.catalogue.records import PacksRefused
from bot.catalogue.values import Row
from bot.db import Database
from models import Assignment

CONTENT = Path(__file__).resolve().parents[2] / "content"
HANDED_OVER_ON = date(2026, 8, 31)
COMMUNES_OF_2026 = {
    "xa_can_duoc",
    "xa_long_huu",
    "xa_tan_lan",
    "xa_my_le",
    "xa_rach_kien",
    "xa_long_cang",
}


@pytest.fixture(scope="module")
def packs() -> Packs:
    return read_packs(CONTENT)


def duties_in(packs: Packs, plan_id: str) -> dict[str, Row]:
    return {
        row["duty_id"]: row for row in packs.plan_duties if row["plan_id"] == plan_id
    }


def owners(packs: Packs, plan_id: str, duty_id: str) -> set[str]:
    return {
        row["unit_code"]
        for row in packs.assignments
        if (row["plan_id"], row["duty_id"]) == (plan_id, duty_id)
    }


@pytest.mark.parametrize("plan_id", ["2025", "2026"])
def test_every_duty_of_both_appendices_is_in_each_plan(
    packs: Packs, plan_id: str
) -> None:
    assert set(duties_in(packs, plan_id)) == {row["id"] for row in packs.duties}
    assert len(duties_in(packs, plan_id)) == 44


def test_a_quota_stands_only_where_the_source_names_one(packs: Packs) -> None:
    """Of the twelve with a number one is not measurable: "liên tục mỗi ngày"."""
    named = {row["id"]: row["quota"] for row in packs.duties if row["quota"]}
    counted = {
        key: row["quota"]
        for key, row in duties_in(packs, "2025").items()
        if row["quota"] is not None
    }
    assert named.keys() - counted.keys() == {"II-3.4"}
    assert counted.keys() <= named.keys()
    for key, quota in counted.items():
        ratio = named[key]["ratio"]
        assert quota == (ratio * 100 if ratio else named[key]["count"])


def test_deadlines_are_those_of_the_cadence_unless_the_duty_has_its_own(
    packs: Packs,
) -> None:
    duties = duties_in(packs, "2026")
    terms = {
        key: (row["due_after_days"], row["grace_days"]) for key, row in duties.items()
    }
    assert (terms["II-2.2"], terms["II-3.3b"]) == ((0, 1), (0, 3))
    assert terms["III-3.3a"] == (-82, 5)


def test_2025_is_owned_as_the_appendix_says(packs: Packs) -> None:
    assert len(owners(packs, "2025", "II-2.2")) == 18
    assert owners(packs, "2025", "II-2.1b") == {"huyen_can_duoc"}
    assert len(owners(packs, "2025", "II-6")) == 17
    assert all(owners(packs, "2025", row["id"]) for row in packs.duties)


def test_2026_is_assumed_and_what_was_the_districts_is_unassigned(
    packs: Packs,
) -> None:
    assumed = {row["id"]: row["is_assumed"] for row in packs.plans}
    assert assumed == {"2025": False, "2026": True}
    owned = Counter(
        row["duty_id"] for row in packs.assignments if row["plan_id"] == "2026"
    )
    assert set(owned) == {"II-2.2", "II-2.3", "II-3.3a", "II-3.3b", "II-3.4", "II-6"}
    assert set(owned.values()) == {6}
    assert owners(packs, "2026", "II-2.2") == COMMUNES_OF_2026
    assert not owners(packs, "2026", "II-2.1b") | owners(packs, "2026", "II-3.1b")


def test_every_decision_has_its_reason_and_a_title_for_a_phone(packs: Packs) -> None:
    for row in packs.plan_duties:
        assert row["reason"]
        assert len(row["short_title"]) <= 50, row["short_title"]


def test_an_assignment_edited_here_survives_the_next_load(
    database: Database, packs: Packs
) -> None:
    with database.writing() as session:
        load_content(session, packs)
        one = session.get_one(Assignment, "2026:II-2.2:xa_my_le")
        one.valid_to = HANDED_OVER_ON
        session.add(one)
    with database.writing() as session:
        report = load_content(session, packs)
        assert (report.changed, report.conflicts) == (0, [])
        kept = session.exec(
            select(Assignment.id).where(Assignment.valid_to == HANDED_OVER_ON)
        )
        assert kept.all() == ["2026:II-2.2:xa_my_le"]


@pytest.mark.parametrize(
    ("old", "new", "line_of", "field", "reason"),
    [
        ("quota = 2", "quota = -2", "quota = -2", "quota", "from 0"),
        ("quota = 2", "quota = 0", "quota = 0", "quota", "leave it out"),
        ("quota = 100", "quota = 101", "quota = 101", "quota", "at most 100"),
        ('duty_id = "II-4"', 'duty_id = "II-9"', "II-9", "duty_id", "not in duties"),
        ('channels = ["screen"]', 'channels = ["led"]', "led", "channels", "one of"),
        ('"II-6",\n]\nreason = "Đơn', '"X-6",\n]\nreason = "Đơn', "", "duties", "X-6"),
        ('units = [\n    "xa_can', 'units = [\n    "xa_x", "xa_can', "", "units", "xa_x"),
        (
            'units = [\n    "xa_can',
            'units = [\n    "old_my_le", "xa_can',
            "",
            "units",
            "not in force",
        ),
        ("valid_from = 2026-01-01", "valid_from = 2025-06-30", "", "valid_from", "2025"),
        ("\nis_assumed = true", '\nis_assumed = "yes"', "", "is_assumed", "true or false"),
        ('cadence = "weekly"\nq', 'cadence = "daily"\nq', "", "cadence", "one of"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_plans_is_named_by_line_and_field(
    tmp_path: Path, old: str, new: str, line_of: str, field: str, reason: str
) -> None:
    content = tmp_path / "content"
    shutil.copytree(CONTENT, content)
    file = content / "plans.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PacksRefused) as refused:
        read_packs(content)
    found = [
        error
        for error in refused.value.errors
        if error.field == field and reason in error.reason
    ]
    assert found, refused.value.errors
    assert found[0].file == str(file)
    line = file.read_text(encoding="utf-8").splitlines()[found[0].line - 1]
    assert line.startswith(f"{field} =")
    assert line_of in line


def test_a_duty_that_no_plan_counts_is_named(tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(CONTENT, content)
    file = content / "plans.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('_id = "III-4.6"', '_id = "III-9"'), encoding="utf-8")
    with pytest.raises(PacksRefused) as refused:
        read_packs(content)
    assert any("has no [[counting]]" in str(error) for error in refused.value.errors)
