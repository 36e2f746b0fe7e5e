"""Tokens at rest: readable only with ``SECRET_KEY``.

Fernet (AES-128-CBC + HMAC) with a key derived by HKDF-SHA256. Whoever copies the database
or a backup without the environment holds no usable token.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# Names the purpose, so that other uses of SECRET_KEY never share a key with this one.
_PURPOSE = b"zalo-oa-assistant: sealed tokens, version 1"
_KEY_BYTES = 32  # what Fernet takes


class SealError(Exception):
    """A sealed value cannot be opened; the message says what to do."""


class Sealer:
    """Seals and opens short texts with a key derived from one secret."""

    def __init__(self, secret: str) -> None:
        if not secret:
            raise SealError("SECRET_KEY is empty: set it before tokens are stored")
        derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE)
        key = derive.derive(secret.encode("utf-8"))
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode("utf-8")).decode("ascii")

    def open(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode("utf-8")
        except (InvalidToken, UnicodeEncodeError) as error:
            raise SealError(
                "stored tokens were sealed with another SECRET_KEY: restore that key, "
                "or connect the account again"
            ) from error
