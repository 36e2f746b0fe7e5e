"""What may stand in a message: the shapes and limits of section "Sending".

Texts are counted in characters after NFC, never in bytes. Too long answers -210, a bad
or surplus part -201 with the field's name, an unknown kind -233.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from simulator.api import Call
from simulator.records import Asset, JsonDict
from simulator.refusals import Refusal, invalid

TEXT_LENGTH = 2000  # characters of a text or caption
TITLE_LENGTH = 100  # of a button, a list element, a form
SUBTITLE_LENGTH = 500
PAYLOAD_LENGTH = 1000  # of oa.query.*
SMS_LENGTH = 160
MOST_BUTTONS = 5
MOST_ELEMENTS = 5

MEDIA_KINDS = ("image", "gif", "sticker")


@dataclass
class Draft:
    """A valid message that nobody has received yet."""

    kind: str = "text"
    text: str = ""
    buttons: list[JsonDict] = field(default_factory=list)
    elements: list[JsonDict] = field(default_factory=list)
    attachments: list[JsonDict] = field(default_factory=list)
    quote_id: str | None = None
    asset: Asset | None = None

    @property
    def is_interactive(self) -> bool:
        """Buttons, lists and forms: what some accounts may not send on v2."""
        return bool(self.buttons) or self.kind in ("list", "request_user_info")


def parse_message(call: Call) -> Draft:
    """The ``message`` of a send, checked."""
    message = call.body.get("message")
    if not isinstance(message, dict) or not message:
        raise invalid("message")
    draft = Draft(text=text_of(message))
    attachment = message.get("attachment")
    if attachment is None:
        if not draft.text:
            raise invalid("text")
    else:
        read_attachment(call, draft, attachment)
    draft.quote_id = quote_of(call, message)
    banned = call.account.banned_words
    if any(word.lower() in draft.text.lower() for word in banned):
        raise Refusal(-248)
    return draft


def text_of(message: JsonDict) -> str:
    """The text in NFC, at most 2000 characters."""
    text = message.get("text", "")
    if not isinstance(text, str):
        raise invalid("text")
    text = unicodedata.normalize("NFC", text)
    if len(text) > TEXT_LENGTH:
        raise Refusal(-210)
    return text


def quote_of(call: Call, message: JsonDict) -> str | None:
    """The quoted message: it must exist in a conversation of this account."""
    quote_id = message.get("quote_message_id")
    if not quote_id:
        return None
    quoted = call.sim.state.messages.get(str(quote_id))
    if quoted is None or quoted.oa_id != call.account.oa_id:
        raise invalid("quote_message_id")
    return quoted.message_id


def read_attachment(call: Call, draft: Draft, attachment: Any) -> None:
    """A file, or one of the templates."""
    kind = attachment.get("type") if isinstance(attachment, dict) else None
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    if kind not in ("file", "template"):
        raise Refusal(-233)
    if not isinstance(payload, dict):
        raise invalid("payload")
    if kind == "file":
        read_file(call, draft, payload)
        return
    draft.buttons = buttons_of(payload)
    template = payload.get("template_type")
    readers = {
        "media": read_media,
        "list": read_list,
        "request_user_info": read_form,
    }
    if isinstance(template, str) and template in readers:
        readers[template](call, draft, payload)
    elif template is not None or not draft.buttons:
        raise Refusal(-233)
    elif not draft.text:
        raise invalid("text")


def read_file(call: Call, draft: Draft, payload: JsonDict) -> None:
    """An uploaded file by token: alone, one a message."""
    if draft.text:
        raise invalid("text")
    draft.kind = "file"
    draft.asset = asset_of(call, payload.get("token"), "file", "token")
    draft.attachments = [attached(call, draft.asset)]


def read_media(call: Call, draft: Draft, payload: JsonDict) -> None:
    """One picture (address or upload), gif (upload) or sticker."""
    (element,) = elements_of(payload, exactly=1)
    kind = element.get("media_type")
    if kind not in MEDIA_KINDS:
        raise invalid("media_type")
    draft.kind = kind
    url = element.get("url")
    if kind == "sticker":
        sticker = element.get("attachment_id")
        if not isinstance(sticker, str) or not sticker:
            raise invalid("attachment_id")
        draft.attachments = [sticker_attachment(sticker)]
    elif kind == "image" and url is not None:
        check_url(url, "url")
        draft.attachments = [{"kind": "image", "url": url, "thumbnail": url}]
    else:
        asset_id = element.get("attachment_id")
        draft.asset = asset_of(call, asset_id, kind, "attachment_id")
        draft.attachments = [attached(call, draft.asset)]


def sticker_attachment(sticker: str) -> JsonDict:
    """A sticker by its id; the picture is known to the page alone."""
    address = f"https://zalo-api.zadn.vn/api/emoticon/sticker/webpc?eid={sticker}"
    return {"kind": "sticker", "id": sticker, "url": f"{address}&size=130"}


def read_list(call: Call, draft: Draft, payload: JsonDict) -> None:
    """Up to five elements, each with an action."""
    draft.kind = "list"
    draft.elements = elements_of(payload)
    for element in draft.elements:
        check_titles(element)
        action = element.get("default_action")
        if action is not None:
            if not isinstance(action, dict):
                raise invalid("default_action")
            check_action(action, url=action.get("url"))


def read_form(call: Call, draft: Draft, payload: JsonDict) -> None:
    """The form for contact data: exactly one element."""
    draft.kind = "request_user_info"
    draft.elements = elements_of(payload, exactly=1)
    check_titles(draft.elements[0])


def elements_of(payload: JsonDict, exactly: int | None = None) -> list[JsonDict]:
    """The elements, as many as allowed."""
    elements = payload.get("elements")
    if not isinstance(elements, list) or not elements:
        raise invalid("elements")
    if len(elements) > MOST_ELEMENTS or exactly not in (None, len(elements)):
        raise invalid("elements")
    if not all(isinstance(element, dict) for element in elements):
        raise invalid("elements")
    return elements


def check_titles(element: JsonDict) -> None:
    """A title is needed, a subtitle may be; both have limits."""
    title, subtitle = element.get("title"), element.get("subtitle", "")
    if not isinstance(title, str) or not title:
        raise invalid("title")
    if not isinstance(subtitle, str):
        raise invalid("subtitle")
    if longer(title, TITLE_LENGTH) or longer(subtitle, SUBTITLE_LENGTH):
        raise Refusal(-210)


def buttons_of(payload: JsonDict) -> list[JsonDict]:
    """Up to five buttons of known types."""
    buttons = payload.get("buttons", [])
    if not isinstance(buttons, list) or len(buttons) > MOST_BUTTONS:
        raise invalid("buttons")
    for button in buttons:
        title = button.get("title") if isinstance(button, dict) else None
        if not isinstance(title, str) or not title:
            raise invalid("buttons")
        if longer(title, TITLE_LENGTH):
            raise Refusal(-210)
        payload = button.get("payload")
        url = payload.get("url") if isinstance(payload, dict) else None
        check_action(button, url=url)
    return buttons


def check_action(action: JsonDict, url: Any) -> None:
    """The type and payload of a button or of a list element's action."""
    kind, payload = action.get("type"), action.get("payload")
    fields = payload if isinstance(payload, dict) else {}
    if kind == "oa.open.url":
        check_url(url, "url")
    elif kind in ("oa.query.show", "oa.query.hide"):
        if not isinstance(payload, str) or not payload:
            raise invalid("payload")
        if longer(payload, PAYLOAD_LENGTH):
            raise Refusal(-210)
    elif kind in ("oa.open.phone", "oa.open.sms"):
        if not fields.get("phone_code"):
            raise invalid("phone_code")
        if longer(str(fields.get("content", "")), SMS_LENGTH):
            raise Refusal(-210)
    else:
        raise invalid("type")


def check_url(url: Any, field_name: str) -> None:
    """A full http(s) address."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid(field_name)


def asset_of(call: Call, asset_id: Any, kind: str, field_name: str) -> Asset:
    """An upload of this account and kind: seven days, perhaps once."""
    asset = call.sim.state.assets.get(str(asset_id))
    if asset is None or asset.oa_id != call.account.oa_id or asset.kind != kind:
        raise invalid(field_name)
    if asset.expires <= call.now:
        raise Refusal(-100)
    if asset.used and call.account.single_use_assets:
        raise Refusal(-241)
    return asset


def attached(call: Call, asset: Asset) -> JsonDict:
    """An upload as the recipient sees it."""
    url = call.sim.media_url(call.sim.state.media[asset.media_id])
    item = {"kind": asset.kind, "url": url, "name": asset.name, "size": asset.size}
    if asset.kind == "file":
        suffix = asset.name.rpartition(".")[2].lower()
        return item | {"type": suffix, "checksum": asset.checksum}
    return item | {"thumbnail": url}


def longer(text: str, limit: int) -> bool:
    """Whether the text has more characters than that, in NFC."""
    return len(unicodedata.normalize("NFC", text)) > limit
