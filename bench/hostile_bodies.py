"""Webhook bodies that nobody should send: Zalo's samples, mutated by who knows them.

Seeded: the same number always gives the same bodies. Each body is one to four mutations
away from a sample, and some are then spoiled as bytes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "zalo_samples"
PEOPLE = 200
HEARD = 0.7  # share of samples that reach a handler
FIRST_MS = 1_790_000_000_000  # in September 2026
LONGEST_TEXT = 60_000

WORDS = (
    "đăng ký khai sinh", "1", "9", "0", "-1", "00", "menu", "lệ phí", "thêm", "749",
    "xóa dữ liệu", "dừng", "đồng ý", "từ chối", "gặp cán bộ", "038090001234", "OTP 4821",
    "#", "#:", "#menu", "#service:", "#service:1.001193", "#service:' OR 1=1 --",
    "#fee:nothing", "#group:", "#group:tu-phap@-5", "#group:x@99999999999999999999",
    "#documents_in:topic:x@1e9", "#documents_by:", "#document:I-10-a", "#document:\x00",
    "#more_choices:@", "#more_choices:khai sinh@-3", "#more_choices:@99999999999999999",
    "#unit:", "#my_commune:nowhere", "#topic:{{ 7*7 }}", "#desk:%s%n", "{{ config }}",
    "<script>alert(1)</script>", "{% for x in [] %}", "${jndi:ldap://x}", "../../etc/passwd",
    "\u202eđảo ngược", "👨‍👩‍👧‍👦" * 40, "a\u0301" * 2000, "ế" * 3000, " \n\t\u00a0\u200b ",
    "\ud800", "x\udfffy", "\x00", "tin\x00nhắn", "\ufeff", "١٢٣", "𝟏𝟐𝟑", "ＭＥＮＵ",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**53 + 1, 2**63, 10**30, 10**400, -(10**20), 0.5,
    -0.0, 1e308, float("nan"), float("inf"), "", " ", "null", "true", "NaN", "1e5", "0x10",
    [], {}, [[]], [None], {"": ""}, {"id": {}}, [{"id": []}], "9" * 300, "x" * 129,
)  # fmt: skip
TIMESTAMPS: tuple[Any, ...] = (
    0, -1, 1, "0", "-1", "1", 10**9, "1758441600", 10**18, "9" * 19, "9" * 25, 10**40,
    253402300800000, "253402300800000", "", " ", "abc", "1.5e12", 1758441600000.5, None,
    " 1758441600000", "1758441600000 ", "+1758441600000", "١٧٥٨٤٤١٦٠٠٠٠٠", "\ud800", [], {},
)  # fmt: skip
IDS: tuple[Any, ...] = (
    0, -5, 7263549817263549810, 7.2e18, 10**60, "", " ", "\x00", "a|b", "\ud800", "x" * 5000,
    " 7263549817263549810 ", "7263549817263549810\n", True, None, [], {"id": "1"}, "'; --",
)  # fmt: skip
ATTACHMENTS: tuple[Any, ...] = (
    None, 1, "x", [], {}, {"type": None}, {"type": "image"}, {"type": "image", "payload": 1},
    {"type": "image", "payload": {"url": "javascript:alert(1)"}}, {"type": {}, "payload": []},
    {"type": "location", "payload": {"coordinates": {"latitude": "1e400", "longitude": "x"}}},
    {"type": "location", "payload": {"coordinates": {"latitude": 91, "longitude": 1e9}}},
    {"type": "location", "payload": {"coordinates": [21.0, 105.8]}},
    {"type": "link", "payload": {"url": "http://" + "a" * 9000, "description": "[" * 5000}},
    {"type": "file", "payload": {"size": "9" * 40, "name": "../../x\x00", "checksum": 1}},
    {"type": "sticker", "payload": {"id": [], "url": None}},
    {"type": "business_card", "payload": {"description": '{"phone": {"a": 1}}'}},
    {"type": "hologram" * 50, "payload": {"url": "https://\ud800"}},
)  # fmt: skip

Mutation = Callable[["HostileBodies", dict[str, Any]], None]


class HostileBodies:
    """An endless row of bodies."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._samples = list(_event_samples())
        self._heard = [one for one in self._samples if _is_heard(one["event_name"])]
        self.names = sorted({sample["event_name"] for sample in self._samples})

    def next(self) -> bytes:
        of_heard = self.rng.random() < HEARD
        body = deepcopy(self.rng.choice(self._heard if of_heard else self._samples))
        self._make_somebodys(body)
        for _ in range(self.rng.choice((1, 1, 1, 2, 2, 3, 4))):
            self.rng.choice(MUTATIONS)(self, body)
        return self._printed(body)

    def _make_somebodys(self, body: dict[str, Any]) -> None:
        """Many people, and every message a new one: else nearly all were redeliveries."""
        number = self.rng.randrange(PEOPLE)
        body["timestamp"] = str(FIRST_MS + self.rng.randrange(10**9))
        for side in ("sender", "recipient", "follower"):
            party = body.get(side)
            if isinstance(party, dict) and len(str(party.get("id"))) == 19:
                is_account = party["id"] == OA
                party["id"] = OA if is_account else f"72635498172635{number:05}"
        message = body.get("message")
        if isinstance(message, dict) and "msg_id" in message:
            message["msg_id"] = f"{self.rng.getrandbits(80):020x}"
        if isinstance(message, dict) and "text" in message and self.rng.random() < 0.6:
            message["text"] = self.rng.choice(WORDS)

    def _printed(self, body: dict[str, Any]) -> bytes:
        compact = self.rng.random() < 0.8
        text = json.dumps(
            body,
            ensure_ascii=self.rng.random() < 0.5,
            separators=(",", ":") if compact else None,
        )
        if self.rng.random() < 0.08:
            text = self._spoiled(text)
        encoding = self.rng.choice(("utf-8",) * 60 + ("utf-16", "utf-8-sig", "latin-1"))
        raw = text.encode(encoding, "surrogatepass" if "utf" in encoding else "replace")
        if self.rng.random() < 0.04:
            place = self.rng.randrange(len(raw) + 1)
            raw = raw[:place] + self.rng.randbytes(self.rng.randrange(4)) + raw[place:]
        if self.rng.random() < 0.02:
            raw = raw[: self.rng.randrange(len(raw) + 1)]
        return raw

    def _spoiled(self, text: str) -> str:
        """What a dictionary cannot hold: keys that stand twice, nesting without end."""
        kind = self.rng.randrange(5)
        if kind == 0:
            return '{"timestamp":"1758441600001",' + text[1:]
        if kind == 1:
            return text[:-1] + ',"event_name":"follow"}'
        if kind == 2:
            return text[:-1] + ',"sender":{"id":"1"}}'
        depth = self.rng.choice((31, 32, 33, 200, 3_000, 100_000))
        opening, closing = self.rng.choice((("[", "]"), ('{"a":', "}")))
        nested = opening * depth + "1" + closing * depth
        return text[:-1] + f',"extra":{nested}}}'


OA = "4071625384950617283"


def _is_heard(name: str) -> bool:
    """Whether anybody answers or uses such an event."""
    own = ("follow", "unfollow", "oa_send_text")
    return name in own or (name.startswith("user_") and "group" not in name)


def _event_samples() -> Iterator[dict[str, Any]]:
    index = json.loads((SAMPLES / "index.json").read_text(encoding="utf-8"))["files"]
    for name, about in sorted(index.items()):
        if about["kind"] == "event":
            yield json.loads((SAMPLES / name).read_text(encoding="utf-8"))


# --- mutations --------------------------------------------------------------------------------


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    keys: Any = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _somewhere(bodies: HostileBodies, body: dict[str, Any]) -> tuple[Any, Any]:
    places = list(_places(body))
    return bodies.rng.choice(places) if places else (body, "empty")


def swap_type(bodies: HostileBodies, body: dict[str, Any]) -> None:
    holder, key = _somewhere(bodies, body)
    holder[key] = deepcopy(bodies.rng.choice(ODD_VALUES))


def drop(bodies: HostileBodies, body: dict[str, Any]) -> None:
    holder, key = _somewhere(bodies, body)
    holder.pop(key, None) if isinstance(holder, dict) else holder.pop(key)


def copy_elsewhere(bodies: HostileBodies, body: dict[str, Any]) -> None:
    """A value where another one belongs, itself in itself."""
    (source, from_key), (holder, key) = (
        _somewhere(bodies, body),
        _somewhere(bodies, body),
    )
    holder[key] = deepcopy(
        source.get(from_key) if isinstance(source, dict) else source[from_key]
    )


def nest(bodies: HostileBodies, body: dict[str, Any]) -> None:
    holder, key = _somewhere(bodies, body)
    value = holder.get(key) if isinstance(holder, dict) else holder[key]
    for _ in range(bodies.rng.choice((1, 2, 5, 20, 40))):
        value = {key if isinstance(key, str) else "x": value}
    holder[key] = value


def rename(bodies: HostileBodies, body: dict[str, Any]) -> None:
    holder, key = _somewhere(bodies, body)
    if isinstance(holder, dict) and key in holder:
        names = (key.upper(), key + "\x00", "\ud800", "", "x" * 3000, f" {key}")
        holder[bodies.rng.choice(names)] = holder.pop(key)


def odd_text(bodies: HostileBodies, body: dict[str, Any]) -> None:
    texts = (*WORDS, "chữ " * bodies.rng.randrange(LONGEST_TEXT // 4))
    message = body.get("message")
    if isinstance(message, dict):
        message["text"] = bodies.rng.choice(texts)
    else:
        body["message"] = {"text": bodies.rng.choice(texts)}


def odd_id(bodies: HostileBodies, body: dict[str, Any]) -> None:
    value = deepcopy(bodies.rng.choice(IDS))
    side = bodies.rng.choice(("sender", "recipient", "follower", "message", None))
    party = body.get(side) if side else body
    names = ("id", "msg_id", "quote_msg_id", "admin_id")
    if not side:
        names = ("user_id_by_app", "oa_id", "user_id", "app_id")
    if isinstance(party, dict):
        party[bodies.rng.choice(names)] = value


def odd_time(bodies: HostileBodies, body: dict[str, Any]) -> None:
    body["timestamp"] = deepcopy(bodies.rng.choice(TIMESTAMPS))


def other_name(bodies: HostileBodies, body: dict[str, Any]) -> None:
    unknown = (
        "user_send_hologram",
        "USER_SEND_TEXT",
        "x" * 200,
        "follow\x00",
        " follow ",
    )
    body["event_name"] = bodies.rng.choice((*bodies.names, *unknown))


def odd_attachments(bodies: HostileBodies, body: dict[str, Any]) -> None:
    count = bodies.rng.choice((0, 1, 1, 1, 2, 3, 60))
    message = body.get("message")
    if not isinstance(message, dict):
        message = body["message"] = {}
    message["attachments"] = [
        deepcopy(bodies.rng.choice(ATTACHMENTS)) for _ in range(count)
    ]
    if bodies.rng.random() < 0.5:
        body["event_name"] = bodies.rng.choice(
            [name for name in bodies.names if name.startswith("user_send_")]
        )


def masked_kinds(bodies: HostileBodies, body: dict[str, Any]) -> None:
    """What we add ourselves to a stored payload, as if Zalo had sent it."""
    body["masked_kinds"] = deepcopy(bodies.rng.choice((["otp"], [1], {}, "x", [None])))


MUTATIONS: tuple[Mutation, ...] = (
    swap_type, swap_type, drop, drop, copy_elsewhere, nest, rename, odd_text, odd_text,
    odd_text, odd_id, odd_id, odd_time, other_name, odd_attachments, masked_kinds,
)  # fmt: skip
