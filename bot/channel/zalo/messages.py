"""What may be sent, checked on our side before Zalo sees it.

Limits: https://developers.zalo.me/docs/official-account/tin-nhan (read through mirrors,
2026-09). Lengths are characters of the NFC form; decomposed Vietnamese would count ~28 %
longer. A breach is a ``ValueError``: our mistake, never worth a call.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TEXT_LIMIT = 2000
BUTTON_COUNT_LIMIT = 5
BUTTON_TITLE_LIMIT = 100
BUTTON_PAYLOAD_LIMIT = 1000
IMAGE_BYTES_LIMIT = 1024 * 1024
GIF_BYTES_LIMIT = 5 * 1024 * 1024
FILE_BYTES_LIMIT = 5 * 1024 * 1024
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png")
GIF_ENDINGS = (".gif",)
FILE_ENDINGS = (".pdf", ".doc", ".docx")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Button:
    """One button: ``payload`` comes back as the person's text, ``url`` opens a page."""

    title: str
    payload: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        _check_length("button title", self.title, BUTTON_TITLE_LIMIT)
        if (self.payload is None) == (self.url is None):
            raise ValueError("a button has either a payload or a url")
        what = self.payload if self.payload is not None else self.url or ""
        _check_length("button payload", what, BUTTON_PAYLOAD_LIMIT)

    def to_zalo(self) -> dict[str, Any]:
        # "hide": the payload is a command and must not show up as the person's words
        if self.payload is not None:
            return {
                "title": nfc(self.title),
                "type": "oa.query.hide",
                "payload": nfc(self.payload),
            }
        return {
            "title": nfc(self.title),
            "type": "oa.open.url",
            "payload": {"url": self.url},
        }


def nfc(text: str) -> str:
    """NFC, without lone surrogates (half an emoji), which no UTF-8 can carry."""
    whole = text.encode("utf-8", "ignore").decode("utf-8")
    return unicodedata.normalize("NFC", whole)


def checked_text(text: str) -> str:
    """The text as it is sent."""
    clean = nfc(text)
    _check_length("text", clean, TEXT_LIMIT)
    return clean


def text_message(
    text: str, buttons: Sequence[Button] = (), quote_message_id: str | None = None
) -> Json:
    message: dict[str, Any] = {"text": checked_text(text)}
    if len(buttons) > BUTTON_COUNT_LIMIT:
        raise ValueError(
            f"{len(buttons)} buttons: Zalo takes at most {BUTTON_COUNT_LIMIT}"
        )
    if buttons:
        payload = {"buttons": [button.to_zalo() for button in buttons]}
        message["attachment"] = {"type": "template", "payload": payload}
    if quote_message_id:
        message["quote_message_id"] = quote_message_id
    return message


def image_message(
    *, url: str | None = None, attachment_id: str | None = None, caption: str = ""
) -> Json:
    if (url is None) == (attachment_id is None):
        raise ValueError("an image has either a url or an attachment_id")
    source = {"url": url} if url is not None else {"attachment_id": attachment_id}
    return _media_message({"media_type": "image", **source}, caption)


def gif_message(attachment_id: str, width: int, height: int, caption: str = "") -> Json:
    size = {"width": str(width), "height": str(height)}
    element = {"media_type": "gif", "attachment_id": attachment_id, **size}
    return _media_message(element, caption)


def _media_message(element: Json, caption: str) -> Json:
    payload = {"template_type": "media", "elements": [element]}
    message: dict[str, Any] = {"attachment": {"type": "template", "payload": payload}}
    if caption:
        message["text"] = checked_text(caption)
    return message


def file_message(file_token: str) -> Json:
    return {"attachment": {"type": "file", "payload": {"token": file_token}}}


def check_upload(
    name: str, content: bytes, endings: tuple[str, ...], limit: int
) -> None:
    """The error does not name the file: it goes into the log, and people's names into
    names of files."""
    if not name.lower().endswith(endings):
        raise ValueError(f"a file: Zalo takes only {', '.join(endings)}")
    if not 0 < len(content) <= limit:
        raise ValueError(f"a file: {len(content)} bytes, allowed are 1 to {limit}")


def _check_length(what: str, text: str, limit: int) -> None:
    clean = nfc(text)
    if not clean.strip() or len(clean) > limit:
        raise ValueError(f"{what}: {len(clean)} characters, allowed are 1 to {limit}")
