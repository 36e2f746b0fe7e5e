"""Uploads of the bot: picture, gif, file; usable for seven days."""

from __future__ import annotations

import secrets

from simulator.api import Call, Route
from simulator.clock import DAY_MS
from simulator.records import Asset, JsonDict
from simulator.refusals import Refusal, invalid

MIB = 1024 * 1024
IMAGE_BYTES = MIB  # documented: 1 MB
OTHER_BYTES = 5 * MIB  # documented: 5 MB for gifs and files
LIFE_MS = 7 * DAY_MS
FILE_TYPES = ("pdf", "doc", "docx", "csv")  # csv: newer text of the documentation
# The first bytes tell a picture better than its name.
STARTS = {"image": (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"), "gif": (b"GIF8",)}


def upload_image(call: Call) -> JsonDict:
    """``POST /v2.0/oa/upload/image``: jpg or png up to 1 MB."""
    return {"attachment_id": keep_upload(call, "image", IMAGE_BYTES).asset_id}


def upload_gif(call: Call) -> JsonDict:
    """``POST /v2.0/oa/upload/gif``: up to 5 MB."""
    return {"attachment_id": keep_upload(call, "gif", OTHER_BYTES).asset_id}


def upload_file(call: Call) -> JsonDict:
    """``POST /v2.0/oa/upload/file``: documents up to 5 MB."""
    return {"token": keep_upload(call, "file", OTHER_BYTES).asset_id}


def keep_upload(call: Call, kind: str, most: int) -> Asset:
    """Check type, size and the monthly quota, then store."""
    if call.upload is None:
        raise invalid("file")
    name, content_type, content = call.upload
    if not content or not has_type(call, kind, name, content):
        raise invalid("file")
    if len(content) > most:
        raise Refusal(-210)
    if call.account.uploads_left <= 0:
        raise Refusal(-211)
    call.account.uploads_left -= 1
    media = call.sim.keep_file(content, name, content_type)
    asset = Asset(
        secrets.token_urlsafe(18),
        call.account.oa_id,
        kind,
        media.media_id,
        media.name,
        media.size,
        media.checksum,
        call.now + LIFE_MS,
    )
    call.sim.state.assets[asset.asset_id] = asset
    call.sim.state.touch()
    return asset


def has_type(call: Call, kind: str, name: str, content: bytes) -> bool:
    """Pictures by their first bytes, files by the ending of their name."""
    if kind in STARTS:
        return content.startswith(STARTS[kind])
    allowed = FILE_TYPES + (("xlsx",) if call.account.accept_xlsx else ())
    return name.rpartition(".")[2].lower() in allowed


ROUTES = (
    Route("POST", "/v2.0/oa/upload/image", upload_image),
    Route("POST", "/v2.0/oa/upload/gif", upload_gif),
    Route("POST", "/v2.0/oa/upload/file", upload_file),
)
