"""Signatures of Zalo: webhooks and ``appsecret_proof``.

Source: official Java helper, live captures and documentation agree (September 2026):
plain SHA-256 over the joined texts, not an HMAC; the bytes are those on the wire.
"""

from __future__ import annotations

import hashlib
import hmac


def webhook_mac(
    app_id: str, raw_body: bytes, timestamp: str, oa_secret_key: str
) -> str:
    """Lower-case hex SHA-256 of app id + raw body + timestamp + OA secret key."""
    digest = hashlib.sha256(app_id.encode())
    digest.update(raw_body)
    digest.update(timestamp.encode())
    digest.update(oa_secret_key.encode())
    return digest.hexdigest()


def appsecret_proof(app_secret: str, access_token: str) -> str:
    """Hex HMAC-SHA256 with the app secret as key over the access token."""
    return hmac.new(
        app_secret.encode(), access_token.encode(), hashlib.sha256
    ).hexdigest()
