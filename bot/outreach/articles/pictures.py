"""Cover and picture of an article: drawn with nothing open, kept by digest, and shown under
an address that anybody may open, because Zalo fetches them from there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlmodel import Session, col

from bot.channel.assets import Asset, keep_asset
from bot.files import Files
from bot.outreach.drawing.infographic import draw, draw_cover
from bot.outreach.drawing.spec import Spec
from models import ArticleVersion, OaArticle

PATH = "/pictures/"
_NAME = re.compile(r"(?P<digest>[0-9a-f]{64})\.png")


@dataclass(frozen=True, slots=True)
class Pictures:
    """``alt`` says in words what the picture shows."""

    cover: Asset
    picture: Asset
    alt: str


def make_pictures(spec: Spec, files: Files, label: Callable[..., str]) -> Pictures:
    """Takes a second or two of one core: never inside of a transaction."""
    drawn = draw(spec, label)
    return Pictures(
        cover=keep_asset(files, draw_cover(spec).png),
        picture=keep_asset(files, drawn.png),
        alt=drawn.alt,
    )


def url_of(public_url: str, digest: str) -> str:
    return f"{public_url.rstrip('/')}{PATH}{digest}.png"


def public_digest(session: Session, name: str) -> str | None:
    """The digest behind this name, if it is a picture of an article: everything else
    that is stored is nobody's business."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    digest = found["digest"]
    for table in (OaArticle, ArticleVersion):
        is_ours = or_(
            col(table.cover_sha256) == digest, col(table.picture_sha256) == digest
        )
        if session.scalars(select(col(table.id)).where(is_ours).limit(1)).first():
            return digest
    return None
