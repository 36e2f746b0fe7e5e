"""What an operator writes down, and what he is told when it cannot be followed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.channel.window import Window
from bot.outreach.campaigns.audience import Audience, People, audience_from
from bot.outreach.campaigns.files import CampaignFileError, read_campaign_file
from models import CampaignKind, Repeat, WhenClosed

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def test_the_example_is_one_that_can_be_followed() -> None:
    file = read_campaign_file(ROOT / "docs/examples/campaign.toml", ZONE)
    assert file.kind == CampaignKind.MESSAGE
    assert file.starts_at == datetime(2026, 12, 1, 1, tzinfo=UTC)  # 08:00 local
    assert file.communes == ("xa_can_duoc",)
    assert file.people == People.CITIZENS
    assert (file.when_closed, file.repeat) == (WhenClosed.PARK, Repeat.NEVER)


def test_the_example_shows_every_key(tmp_path: Path) -> None:
    """With its comments taken away the shut-out keys are accepted as well."""
    text = (ROOT / "docs/examples/campaign.toml").read_text(encoding="utf-8")
    for key in ("owner", "repeat_until", "known_days_min", "followers"):
        text = text.replace(f"# {key} =", f"{key} =")
    text = text.replace('repeat = "never"', 'repeat = "weekly"')
    file = tmp_path / "all.toml"
    file.write_text(text, encoding="utf-8")
    read = read_campaign_file(file, ZONE)
    assert read.owner == "Nguyễn Văn An"
    assert read.followers is True
    assert read.repeat == Repeat.WEEKLY
    # a day given as an end holds to its last moment
    assert read.repeat_until is not None
    assert read.repeat_until > datetime(2027, 3, 31, 23, 59, tzinfo=ZONE)


WRONG = {
    'titel = "a"': "titel: is not known, did you mean title?",
    'title = "a"': "text: nothing to say",
    'text = "a"': "title: must be a text",
    'title = "a"\ntext = 3': "text: must be a text in quotes",
    'title = "a"\ntext = "b"\nstarts_at = "soon"': "starts_at: must be a time",
    'title = "a"\ntext = "b"\nrepeat = "weekly"': "starts_at: a campaign that repeats",
    'title = "a"\ntext = "b"\nrepeat = "daily"': "repeat: 'daily' must be one of",
    'title = "a"\ntext = "b"\nlink = "x"': "link: must be a whole address",
    'title = "a"\ntext = "b"\npicture = "no.png"': "picture: there is no file",
    'title = "a"\ntext = "b"\n[audience]\nwindows = ["open"]': "audience.windows: 'open'",
    'title = "a"\ntext = "b"\n[audience]\nfollowers = 1': "audience.followers: must be",
    'title = "a"\ntext = "b"\naudience = 1': "audience: must be a table",
    'title = "a"\ntext = "b"\n[targets]\nages = [1]': "targets: are for a broadcast",
    'title = "a"\nkind = "broadcast"': "article_id: a broadcast needs",
    'title = "a"\narticle_id = "8a1b2c3d"\ntext = "b"': "kind: a broadcast carries",
    'title = "a"\narticle_id = "8a1b2c3d"\n[targets]\nages = [9]': "targets.ages: must be",
    'title = "a"\ntext = "b"\nuseful_hours = 0': "useful_hours: must be a whole number",
    'title = "a"\nlink = \n': "line 2",
}


@pytest.mark.parametrize("content", WRONG)
def test_a_mistake_is_one_line_with_file_and_key(content: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CampaignFileError) as refused:
        read_campaign_file(file, ZONE)
    assert str(file) in str(refused.value)
    assert WRONG[content] in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_text_too_long_with_its_link_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "long.toml"
    body = "a" * 1990
    file.write_text(f'title = "a"\nlink = "https://a.vn/b"\ntext = "{body}"')
    with pytest.raises(CampaignFileError, match="more than 2000"):
        read_campaign_file(file, ZONE)


def test_an_audience_is_kept_as_it_was_given() -> None:
    asked = Audience(
        accounts=("1",),
        people=People.OFFICIALS,
        followers=False,
        windows=(Window.FREE,),
    )
    assert audience_from(asked.to_json()) == asked
    assert Audience().to_json() == {}
