"""What a fetch gives: the content, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Refusal(StrEnum):
    """Why nothing was fetched."""

    BAD_LINK = "bad_link"  # not a link to a public page
    PRIVATE_ADDRESS = "private_address"
    FOREIGN_HOST = "foreign_host"  # media that is not on Zalo's hosts
    NO_SUCH_HOST = "no_such_host"
    UNREACHABLE = "unreachable"  # nobody listens there, or he hangs up
    BAD_CERTIFICATE = "bad_certificate"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    ROBOTS = "robots"
    NOT_FOUND = "not_found"  # 404, 410
    FORBIDDEN = "forbidden"  # 401, 403, 451 …
    SERVER_ERROR = "server_error"  # 429, 5xx
    NOT_MODIFIED = "not_modified"  # 304, to a question that allowed for it


# What may well be over when asked again later.
PASSING = frozenset({Refusal.UNREACHABLE, Refusal.TOO_SLOW, Refusal.SERVER_ERROR})


@dataclass(frozen=True, slots=True)
class Fetched:
    """``url`` is where the ``redirects`` ended; ``content`` is unpacked; names of
    ``headers`` are in lower case."""

    url: str
    content_type: str
    content: bytes
    charset: str | None = None
    redirects: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal
    url: str
    status: int | None = None

    @property
    def is_passing(self) -> bool:
        return self.reason in PASSING
