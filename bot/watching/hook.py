"""Alarms to a program of the operator's choice: one POST of JSON, nothing personal in it."""

from __future__ import annotations

import requests

from bot.watching.bulletins import Bulletin, TellingFailed

TIMEOUT_SECONDS = 5.0  # other ways and jobs wait behind it


class Hook:
    """``POST`` to one address; what it answers is not read, where it redirects not followed."""

    name = "hook"

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, bulletin: Bulletin) -> None:
        ended_at = bulletin.ended_at
        body = {
            "kind": bulletin.kind,
            "subject": bulletin.subject,
            "raised_at": bulletin.raised_at.isoformat(),
            "ended_at": ended_at.isoformat() if ended_at else None,
            "text": bulletin.text,
        }
        try:
            with requests.post(
                self._url,
                json=body,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            raise TellingFailed(type(error).__name__) from None
        if not 200 <= status < 300:
            raise TellingFailed(f"http_{status}")
