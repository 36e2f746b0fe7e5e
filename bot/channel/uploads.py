"""Stored files at Zalo: uploaded once for each account, and again only when it must be.

What Zalo calls an upload (attachment id, file token) is remembered by account and digest.
It is valid for 7 days, and Zalo may call it used up earlier (-100, -238, -241). One thread
of all workers uploads; whoever needs the same file meanwhile comes back a moment later.
The lease of an uploader that died ends by itself. No session is open during a call.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, update

from bot.channel.assets import Asset, AssetKind
from bot.channel.upsert import insert_if_new
from bot.channel.zalo.client import ZaloClient
from bot.channel.zalo.errors import Action, ZaloError
from bot.clock import Clock
from bot.db import Database
from bot.files import Files
from models import UploadedAsset

log = structlog.get_logger(__name__)

# Zalo keeps it 7 days; a message that leaves in the last hours must still find it.
VALID_FOR = timedelta(days=6, hours=12)
LEASE = timedelta(seconds=45)  # 5 MB over a slow line, and the commit


class UploadUnderWay(Exception):
    """Somebody else is uploading this file right now: come back in a moment."""


class Uploads:
    """One object serves all threads."""

    def __init__(
        self, database: Database, clock: Clock, client: ZaloClient, files: Files
    ) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._files = files

    def known(self, oa_id: str, asset: Asset) -> str | None:
        """Zalo's handle of an upload that is still valid."""
        with self._database.reading() as session:
            row = session.get(UploadedAsset, _key(oa_id, asset))
        if row is None or row.handle is None or row.uploaded_at is None:
            return None
        return row.handle if self._clock.now() < row.uploaded_at + VALID_FOR else None

    def upload(self, oa_id: str, token: str, asset: Asset) -> str:
        """Upload it, and remember.

        ``FileNotFoundError`` when the file is not stored here, ``UploadUnderWay``,
        ``ZaloError``.
        """
        content = self._files.read(asset.digest)
        if not self._take_lease(oa_id, asset):
            raise UploadUnderWay
        try:
            handle = self._send(token, asset, content)
        except ZaloError as error:
            self._record(oa_id, asset, None, None)
            raise _without_doubt(error) from None
        except BaseException:
            self._record(oa_id, asset, None, None)
            raise
        self._record(oa_id, asset, handle, self._clock.now())
        log.info("asset_uploaded", oa_id=oa_id, kind=asset.kind, bytes=len(content))
        return handle

    def forget(self, oa_id: str, asset: Asset, handle: str) -> None:
        """Zalo refuses this handle; one that was uploaded since stays."""
        with self._database.writing() as session:
            session.exec(
                update(UploadedAsset)
                .where(*_is(oa_id, asset), col(UploadedAsset.handle) == handle)
                .values(handle=None, uploaded_at=None)
            )

    def _send(self, token: str, asset: Asset, content: bytes) -> str:
        upload = {
            AssetKind.IMAGE: self._client.upload_image,
            AssetKind.GIF: self._client.upload_gif,
            AssetKind.FILE: self._client.upload_file,
        }[asset.kind]
        return upload(token, asset.name, content)

    def _take_lease(self, oa_id: str, asset: Asset) -> bool:
        now = self._clock.now()
        new = {"oa_id": oa_id, "digest": asset.digest, "name": asset.name}
        with self._database.writing() as session:
            insert_if_new(session, UploadedAsset, [new])
            return _lease(session, oa_id, asset, now)

    def _record(
        self, oa_id: str, asset: Asset, handle: str | None, at: datetime | None
    ) -> None:
        with self._database.writing() as session:
            session.exec(
                update(UploadedAsset)
                .where(*_is(oa_id, asset))
                .values(handle=handle, uploaded_at=at, lease_until=None)
            )


def _lease(session: Session, oa_id: str, asset: Asset, now: datetime) -> bool:
    taken = session.exec(
        update(UploadedAsset)
        .where(
            *_is(oa_id, asset),
            or_(
                col(UploadedAsset.lease_until).is_(None),
                col(UploadedAsset.lease_until) <= now,
            ),
            or_(
                col(UploadedAsset.uploaded_at).is_(None),
                col(UploadedAsset.uploaded_at) <= now - VALID_FOR,
            ),
        )
        .values(lease_until=now + LEASE)
    )
    return taken.rowcount == 1


def _key(oa_id: str, asset: Asset) -> tuple[str, str, str]:
    return oa_id, asset.digest, asset.name


def _is(oa_id: str, asset: Asset) -> tuple[ColumnElement[bool], ...]:
    return (
        col(UploadedAsset.oa_id) == oa_id,
        col(UploadedAsset.digest) == asset.digest,
        col(UploadedAsset.name) == asset.name,
    )


def _without_doubt(error: ZaloError) -> ZaloError:
    """An upload reaches nobody: "maybe it failed" is simply a failure."""
    if error.action != Action.RETRY_CAREFULLY:
        return error
    plain = ZaloError(Action.RETRY, error.code, error.reason)
    plain.calls = [replace(call, outcome=Action.RETRY) for call in error.calls]
    return plain
