"""The web sites of two communes: pages to prove something with, where no internet is.

Beside Zalo, not a part of it. An address names the day and the post, so that a page says
the same whenever it is read: ``/sites/xa-can-duoc/2026-11-24/chu-ky-so-cho-nguoi-dan``;
``khong-ngay`` instead of a day is a page that names none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, render_template

from simulator.core import Simulator
from simulator.records import JsonDict

websites = Blueprint("websites", __name__, template_folder="pages")

CONTENT = Path(__file__).with_name("websites.toml")
UNDATED = "khong-ngay"
A_WEEK = timedelta(weeks=1)


@websites.get("/<key>/")
def front(key: str) -> str:
    """What was posted this week, what will be found fault with, and where it stands."""
    site = _named("sites", key)
    sim: Simulator = current_app.extensions["simulator"]
    today = sim.clock.now().date()
    on_topic = [post for post in _content()["posts"] if "about" not in post]
    others = [post for post in _content()["posts"] if "about" in post]
    this_week = _rotated(on_topic, today)
    groups = [
        ("Hôm nay", [(today.isoformat(), post) for post in this_week[:4]]),
        ("Tuần trước", [((today - A_WEEK).isoformat(), this_week[4])]),
        ("Không ghi ngày", [(UNDATED, this_week[5])]),
        ("Chủ đề khác", [(today.isoformat(), post) for post in others]),
    ]
    shown = [
        (heading, [(_address(sim, key, *one), one[1]["title"]) for one in posts])
        for heading, posts in groups
    ]
    return render_template("website.html", site=site, groups=shown)


@websites.get("/<key>/<day>/<post_key>")
def post_page(key: str, day: str, post_key: str) -> str:
    """One post as the public reads it."""
    site, post = _named("sites", key), _named("posts", post_key)
    sim: Simulator = current_app.extensions["simulator"]
    return render_template(
        "website_post.html",
        site=site,
        post=post,
        day=_day(day),
        home=f"{_base(sim)}/sites/{key}/",
    )


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(CONTENT.read_text("utf-8"))


def _named(kind: str, key: str) -> JsonDict:
    found: JsonDict | None = next(
        (one for one in _content()[kind] if one["key"] == key), None
    )
    if found is None:
        abort(404)
    return found


def _day(text: str) -> date | None:
    if text == UNDATED:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404)


def _rotated(posts: Sequence[JsonDict], today: date) -> list[JsonDict]:
    """Another one first every week."""
    start = today.isocalendar().week % len(posts)
    return [*posts[start:], *posts[:start]]


def _address(sim: Simulator, key: str, day: str, post: JsonDict) -> str:
    return f"{_base(sim)}/sites/{key}/{day}/{post['key']}"


def _base(sim: Simulator) -> str:
    return sim.config.public_url.rstrip("/")
