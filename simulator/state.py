"""All state of the fake Zalo behind one lock.

Guarantees: every change of a message gets a new sequence number; the ledger (every
message that left an account) is complete and never cut; looking up what changed since
a number costs only what changed. The lock is never held while HTTP runs.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.records import (
    Account,
    App,
    Article,
    ArticleJob,
    Asset,
    AuthCode,
    Group,
    GroupAsset,
    JsonDict,
    Media,
    Message,
    Person,
    PhoneMessage,
    PhoneTemplate,
    Relation,
    TokenPair,
    Visitor,
)

LOG_ROWS = 5000  # a side panel shows a few hundred; bodies of 2 kB make 10 MB


@dataclass
class Chat:
    """The messages of one conversation and the order in which they changed."""

    oa_id: str
    chat_id: str
    messages: list[Message] = field(default_factory=list)
    changes: list[tuple[int, Message]] = field(default_factory=list)

    def since(self, seq: int) -> list[Message]:
        """Messages changed after ``seq``, each once, in order of arrival."""
        start = bisect_right(self.changes, seq, key=lambda change: change[0])
        changed = {m.message_id: m for _, m in self.changes[start:]}
        return sorted(changed.values(), key=lambda message: message.number)


class State:
    """Tables of records with the indexes that the calls need."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.app = App()
        self.seq = 0
        self.revision = 0  # counts changes, so that a snapshot knows it is stale
        self.changed = threading.Event()
        self._forget_cast()
        self._forget_traffic()

    def _forget_cast(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.people: dict[str, Person] = {}
        self.relations: dict[str, Relation] = {}
        self.tokens: dict[str, TokenPair] = {}
        self.refresh_tokens: dict[str, TokenPair] = {}
        self.codes: dict[str, AuthCode] = {}
        self.groups: dict[str, Group] = {}
        self.group_assets: dict[str, GroupAsset] = {}
        self.templates: dict[str, PhoneTemplate] = {}
        self.pairs: dict[tuple[str, str], Relation] = {}
        self.phones: dict[str, Person] = {}

    def _forget_traffic(self) -> None:
        self.assets: dict[str, Asset] = {}
        self.media: dict[str, Media] = {}
        self.articles: dict[str, Article] = {}
        self.jobs: dict[str, ArticleJob] = {}
        self.visitors: dict[str, Visitor] = {}
        self.phone_messages: dict[str, PhoneMessage] = {}
        self.messages: dict[str, Message] = {}
        self.chats: dict[tuple[str, str], Chat] = {}
        self.ledger: list[Message] = []
        self.calls: deque[JsonDict] = deque(maxlen=LOG_ROWS)
        self.deliveries: deque[JsonDict] = deque(maxlen=LOG_ROWS)

    def reset(self, everything: bool) -> None:
        """Forget the traffic, or everything there is."""
        self._forget_traffic()
        for relation in self.relations.values():
            relation.asked_for_info = False
        if everything:
            self.app = App()
            self._forget_cast()
        self.touch()

    def touch(self) -> int:
        """Count a change; the number is the new ``seq`` of what changed."""
        self.seq += 1
        self.revision += 1
        self.changed.set()
        return self.seq

    # People

    def add_person(self, person: Person) -> Person:
        """Keep a person, findable by key and phone."""
        self.people[person.key] = person
        if person.phone:
            self.phones[person.phone] = person
        self.touch()
        return person

    def relation(self, oa_id: str, person: str) -> Relation:
        """The person as this account sees them; made on first use."""
        found = self.pairs.get((oa_id, person))
        if found is None:
            by_app = self.people[person].user_id_by_app
            found = Relation(new_decimal_id(), oa_id, person, by_app)
            self.add_relation(found)
        return found

    def add_relation(self, relation: Relation) -> None:
        """Keep a relation, findable by user id and by the pair."""
        self.relations[relation.user_id] = relation
        self.pairs[relation.oa_id, relation.person] = relation
        self.touch()

    def user(self, oa_id: str, user_id: object) -> Relation | None:
        """The relation of a user id, if it belongs to this account."""
        found = self.relations.get(str(user_id))
        return found if found and found.oa_id == oa_id else None

    def known_users(self, oa_id: str) -> Iterator[Relation]:
        """Everybody who follows the account or has interacted with it."""
        for relation in self.relations.values():
            known = relation.follows or relation.last_interaction is not None
            if relation.oa_id == oa_id and known:
                yield relation

    # Tokens

    def add_tokens(self, pair: TokenPair) -> None:
        """Keep a pair, findable by either token."""
        self.tokens[pair.access_token] = pair
        self.refresh_tokens[pair.refresh_token] = pair
        self.touch()

    # Messages

    def chat(self, oa_id: str, chat_id: str) -> Chat:
        """The conversation, empty when nobody has written yet."""
        return self.chats.setdefault((oa_id, chat_id), Chat(oa_id, chat_id))

    def add_message(self, message: Message) -> Message:
        """Put a message into its conversation and, if an account's, into the ledger."""
        self.messages[message.message_id] = message
        self.chat(message.oa_id, message.chat_id).messages.append(message)
        self.message_changed(message)
        message.number = message.seq
        if message.sender in ("oa", "admin"):
            self.ledger.append(message)
        return message

    def message_changed(self, message: Message) -> None:
        """Give the message a new sequence number."""
        message.seq = self.touch()
        self.chat(message.oa_id, message.chat_id).changes.append((message.seq, message))

    def log(self, rows: deque[JsonDict], row: JsonDict) -> None:
        """Add a row to a log."""
        row["seq"] = self.touch()
        rows.append(row)


def rows_since(
    rows: deque[JsonDict], seq: int | None, limit: int, **wanted: Any
) -> list[JsonDict]:
    """The newest rows after ``seq`` whose fields equal ``wanted``, oldest first."""
    after = -1 if seq is None else seq
    newer = itertools.takewhile(lambda row: row["seq"] > after, reversed(rows))
    fits = (row for row in newer if all(row[k] == v for k, v in wanted.items()))
    return list(itertools.islice(fits, limit))[::-1]


def new_message_id() -> str:
    """20 hexadecimal digits, the length of Zalo's message ids."""
    return secrets.token_hex(10)


def new_decimal_id() -> str:
    """19 decimal digits as text: always above 2^53, as Zalo's user ids are."""
    return str(10**18 + secrets.randbelow(8 * 10**18))
