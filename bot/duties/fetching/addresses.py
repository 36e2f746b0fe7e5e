"""Which links may be fetched at all: what can be said of them before any connection.

A page of an office has a name in the public DNS and listens on the usual port. Whatever
is written as a number (decimal, octal, hexadecimal, IPv6), has no dot, carries a user name
or another port is refused, however it is disguised: the host is first read as browsers
read it (UTS 46, so full-width digits and dots count). What the name resolves to is judged
where the connection is made (``fetching``).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

import idna

PORTS = {"http": 80, "https": 443}
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
MAX_LENGTH = 2000  # browsers and proxies cut longer ones
# Names of these never lead to a page for the public (RFC 6761, 6762, 8375, 9476).
_PRIVATE_ENDINGS = (
    *(".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp"),
    *(".home.arpa", ".in-addr.arpa", ".ip6.arpa", ".onion", ".alt", ".invalid"),
)
_BLANKS = re.compile(r"[\x00-\x20\x7f\\]")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)


class BadLinkError(ValueError):
    """Not a link to a public page."""


class PrivateHostError(BadLinkError):
    """A link to a machine inside some network."""


def split_link(url: str, *, allow_loopback: bool = False) -> SplitResult:
    """The parts of a link that may be fetched; ``BadLinkError`` says that it may not.

    ``allow_loopback`` lets this machine through under its plain names, and any port (for
    tests and the demo).
    """
    if len(url) > MAX_LENGTH or _BLANKS.search(url):
        raise BadLinkError("blanks, backslashes or too long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadLinkError(str(error)) from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadLinkError("not http or https")
    host = plain_host(parts.hostname)
    if allow_loopback and is_loopback(host):
        return parts
    if parts.username is not None or parts.password is not None:
        raise BadLinkError("a user name")
    _refuse_private(host)
    if port not in (None, PORTS[parts.scheme]) and not allow_loopback:
        raise BadLinkError("an unusual port")
    return parts


def plain_host(host: str) -> str:
    """The host as browsers read it: ASCII, lower case, no dot at the end."""
    if ":" in host:  # urlsplit has taken the brackets off
        return host.lower()
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower()
    plain = plain.rstrip(".")
    if plain.isascii():
        return plain
    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise BadLinkError(f"host: {error}") from error


def is_within(host: str, parents: Iterable[str]) -> bool:
    """The host is one of these or below one."""
    return any(host == one or host.endswith(f".{one}") for one in parents)


def is_loopback(host: str) -> bool:
    """This machine, under one of its plain names or 127.x.y.z."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet.

    Stricter than ``is_global`` alone: also what carries an IPv4 address inside (mapped,
    compatible, 6to4, Teredo, NAT64) and multicast is refused.
    """
    found = ipaddress.ip_address(address.strip("[]"))
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not found.is_multicast
    return found in _PUBLIC_IPV6 and not any(found in net for net in _TUNNELS)


_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")  # all that is allocated (IANA, 2026)
_TUNNELS = tuple(
    map(
        ipaddress.ip_network,
        ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "3ffe::/16"),
    )
)


def _refuse_private(host: str) -> None:
    if ":" in host:
        raise PrivateHostError("an address instead of a name")
    labels = host.split(".")
    # the WHATWG rule: a host whose last label is a number is an IPv4 address
    if _NUMBER.fullmatch(labels[-1]):
        raise PrivateHostError("an address instead of a name")
    if len(labels) < 2 or not all(labels):
        raise PrivateHostError("a name without a dot")
    if f".{host}".endswith(_PRIVATE_ENDINGS):
        raise PrivateHostError("a name of private networks")
