"""Zalo's webhook signature: plain SHA-256 over the bytes exactly as received.

``X-ZEvent-Signature: mac=<hex>`` with
``hex = sha256(app_id + raw_body + timestamp + oa_secret_key)``, all UTF-8, no separators,
not an HMAC; ``timestamp`` is the value of that field inside the body (Zalo documentation
and its official Java helper, read 2026-09). Because the timestamp is taken from the very
bytes that are hashed, a signature seen once cannot be moved to other bytes: shifting a
byte from the timestamp to the body or back gives a body that is not JSON, or one whose
own timestamp differs.
"""

from __future__ import annotations

import hashlib
import hmac
import json

# A wrongly configured key shows on any small event; bigger bodies from strangers are not
# worth five more hashes.
DIAGNOSED_BYTES = 16 * 1024


def sign(app_id: str, raw_body: bytes, timestamp: str, secret: str) -> str:
    """The lower-case hex digest Zalo would send for these bytes."""
    return _digest(_utf8(app_id), raw_body, _utf8(timestamp), _utf8(secret))


def verify(
    header: str | None, raw: bytes, timestamp: str, app_id: str, secret: str
) -> bool:
    """True when the header, with or without ``mac=``, signs exactly these bytes."""
    claimed = _claimed(header)
    expected = sign(app_id, raw, timestamp, secret).encode("ascii")
    return bool(claimed) and hmac.compare_digest(claimed, expected)


def diagnose(
    header: str | None,
    raw: bytes,
    timestamp: str,
    app_id: str,
    secret: str,
    app_secret: str | None = None,
    oa_id: str | None = None,
) -> str | None:
    """Which well-known mistake would have matched: a hint for the log, never a pass."""
    claimed = _claimed(header)
    if not claimed or len(raw) > DIAGNOSED_BYTES:
        return None
    wrong = _wrong_variants(raw, timestamp, app_id, secret, app_secret, oa_id)
    for name, digest in wrong.items():
        if hmac.compare_digest(claimed, digest.encode("ascii")):
            return name
    return None


def _wrong_variants(
    raw: bytes,
    timestamp: str,
    app_id: str,
    secret: str,
    app_secret: str | None,
    oa_id: str | None,
) -> dict[str, str]:
    key = _utf8(secret)
    signed = _utf8(app_id) + raw + _utf8(timestamp)
    variants = {
        "hmac_over_body": hmac.new(key, raw, hashlib.sha256).hexdigest(),
        "hmac_over_parts": hmac.new(key, signed, hashlib.sha256).hexdigest(),
    }
    if app_secret:
        variants["app_secret"] = sign(app_id, raw, timestamp, app_secret)
    if oa_id:
        variants["oa_id_first"] = sign(oa_id, raw, timestamp, secret)
    for name, other in _reserialised(raw).items():
        variants[name] = sign(app_id, other, timestamp, secret)
    return variants


def _reserialised(raw: bytes) -> dict[str, bytes]:
    """The body as a framework would print it again after parsing."""
    try:
        parsed = json.loads(raw)
        return {
            "reserialised_sorted": json.dumps(
                parsed, sort_keys=True, separators=(",", ":")
            ).encode("ascii"),
            "reserialised_compact": _utf8(
                json.dumps(parsed, ensure_ascii=False, separators=(",", ":"))
            ),
        }
    except (ValueError, RecursionError):
        return {}


def _claimed(header: str | None) -> bytes:
    """The digest in the header; servers hand headers over as Latin-1, so any byte fits."""
    return _utf8((header or "").strip().removeprefix("mac=").strip())


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _utf8(text: str) -> bytes:
    # JSON can spell half a surrogate pair: it must give a wrong digest, not an exception
    return text.encode("utf-8", "surrogatepass")
