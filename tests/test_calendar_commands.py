"""``calendar …`` and ``article list`` as an operator uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlmodel import select

import app
from bot.db import Database
from bot.files import Files
from models import Campaign, CampaignState
from tests.test_commands import ROOT


@pytest.fixture
def installation(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    url = filled.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONTENT_DIR", str(ROOT / "content"))
    return filled


def run(*arguments: str, fails: bool = False) -> str:
    done = CliRunner().invoke(app.cli, arguments)
    assert (done.exception is not None) == fails, (done.output, done.exception)
    return str(done.exception) if fails else done.output


def test_a_months_drafts_are_listed(installation: Database) -> None:
    assert "ngay_chuyen_doi_so: 2026-10-10" in run(
        "calendar", "list", "--month", "2026-10"
    )
    found = json.loads(run("calendar", "list", "--month", "2026-10", "--json"))
    assert {"key", "title", "first", "last", "prepare_on"} == set(found[0])
    done = CliRunner().invoke(app.cli, ["calendar", "list", "--month", "2026-13"])
    assert done.exit_code == 2
    assert "like 2026-12" in done.output


def test_a_campaign_draft_has_its_picture_and_its_people(
    installation: Database, tmp_path: Path
) -> None:
    made = json.loads(
        run("calendar", "campaign", "vneid", "--unit", "xã Cần Đước", "--json")
    )
    assert made["state"] == "draft"
    assert made["audience"]["communes"] == ["xa_can_duoc"]
    with installation.reading() as session:
        campaign = session.exec(select(Campaign)).one()
    assert campaign.state == CampaignState.DRAFT
    assert campaign.asset is not None
    assert Files(tmp_path).read(campaign.asset["digest"]).startswith(b"\x89PNG")


def test_what_is_not_there_is_named(installation: Database) -> None:
    said = run("calendar", "campaign", "xx", "--unit", "xa_can_duoc", fails=True)
    assert "not one of an_toan_mang" in said
    said = run("calendar", "campaign", "vneid", "--unit", "xã Không Có", fails=True)
    assert "--unit" in said
    assert json.loads(run("article", "list", "--json")) == []
