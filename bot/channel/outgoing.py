"""One message to write: text, buttons, an asset; how it is split, and how a row keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.channel.assets import Asset, AssetKind
from bot.channel.split import split_text
from bot.channel.zalo.messages import BUTTON_COUNT_LIMIT, TEXT_LIMIT
from bot.channel.zalo.messages import Button as Button  # part of what is written


@dataclass(frozen=True, slots=True)
class ByPhone:
    """An approved template to an official's telephone number, which is looked up when it is
    sent and stands nowhere else; ``vnd`` is what Zalo takes for it."""

    template_id: str
    data: Mapping[str, str]
    vnd: int
    official_id: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to write. ``about`` is the record it answers ("service:1.001193"), so
    that a person's quoted reply finds it again. With an asset the text may be empty: a
    picture takes it as its caption, a file travels alone behind it."""

    text: str
    buttons: tuple[Button, ...] = ()
    quote_message_id: str | None = None
    about: str | None = None
    asset: Asset | None = None
    by_phone: ByPhone | None = None  # then the text is for the record only


def parts_of(message: Outgoing) -> list[Outgoing]:
    """What Zalo takes as one message each, in the order they should arrive.

    A long text is split: the quote stays with the first part, buttons with the last. A
    picture takes a short text as its caption, else it goes before the text; a file, which
    travels alone, behind it.
    """
    if message.by_phone is not None:
        return [message]
    asset, text = message.asset, message.text.strip()
    if asset is None:
        return _text_parts(message)
    alone = Outgoing("", about=message.about, asset=asset)
    if not text and not message.buttons:
        return [alone]
    texts = _text_parts(replace(message, asset=None))
    if asset.kind == AssetKind.FILE:
        return [*texts, alone]
    if len(texts) == 1 and not message.buttons and len(text) <= TEXT_LIMIT:
        return [replace(alone, text=texts[0].text)]
    return [alone, *texts]


def _text_parts(message: Outgoing) -> list[Outgoing]:
    if len(message.buttons) > BUTTON_COUNT_LIMIT:
        raise ValueError(
            f"more than {BUTTON_COUNT_LIMIT} buttons: number them in the text"
        )
    texts = split_text(message.text)
    if not texts:
        raise ValueError("a message needs a text")
    last = len(texts) - 1
    return [
        Outgoing(
            text=text,
            buttons=message.buttons if number == last else (),
            quote_message_id=message.quote_message_id if number == 0 else None,
            about=message.about,
        )
        for number, text in enumerate(texts)
    ]


def to_json(message: Outgoing) -> dict[str, Any]:
    buttons = [
        {"title": button.title, "payload": button.payload, "url": button.url}
        for button in message.buttons
    ]
    return {
        "text": message.text,
        "buttons": buttons,
        "quote_message_id": message.quote_message_id,
        "about": message.about,
        "asset": asdict(message.asset) if message.asset else None,
        **({"by_phone": asdict(message.by_phone)} if message.by_phone else {}),
    }


def from_json(content: Mapping[str, Any]) -> Outgoing:
    """The message of a stored row."""
    asset = content.get("asset")  # rows of the first release have none
    by_phone = content.get("by_phone")
    return Outgoing(
        text=content["text"],
        buttons=tuple(Button(**button) for button in content["buttons"]),
        quote_message_id=content["quote_message_id"],
        about=content["about"],
        asset=Asset(**asset | {"kind": AssetKind(asset["kind"])}) if asset else None,
        by_phone=ByPhone(**by_phone) if by_phone else None,
    )
