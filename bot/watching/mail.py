"""Alarms by mail: SMTP, encrypted wherever the server offers it.

The address is one URL: ``smtp://user:password@host:port?from=a@b&to=c@d`` (``smtps`` from
the first byte on; ``to`` may stand several times). A password never leaves unencrypted.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from bot.watching.bulletins import Bulletin, TellingFailed

TIMEOUT_SECONDS = 10.0  # for each step; a mail server may look the sender up first
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Mail:
    """One server, one sender, some recipients."""

    host: str
    port: int
    is_tls: bool
    user: str
    password: str
    sender: str
    recipients: tuple[str, ...]

    name = "mail"

    @classmethod
    def from_url(cls, url: str) -> Mail:
        """``ValueError`` says what is missing, without showing the rest."""
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("must begin with smtp://HOST or smtps://HOST")
        if not options.get("from") or not options.get("to"):
            raise ValueError("needs ?from=ADDRESS&to=ADDRESS")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            is_tls=parts.scheme == "smtps",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            sender=options["from"][0],
            recipients=tuple(options["to"]),
        )

    def send(self, bulletin: Bulletin) -> None:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Subject"] = bulletin.heading
        message.set_content(bulletin.text)
        try:
            with self._connected() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise TellingFailed(type(error).__name__) from None

    def _connected(self) -> smtplib.SMTP:
        secure = ssl.create_default_context()
        if self.is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT_SECONDS, context=secure
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            self._log_in(server, secure)
        except BaseException:
            server.close()
            raise
        return server

    def _log_in(self, server: smtplib.SMTP, secure: ssl.SSLContext) -> None:
        server.ehlo()
        is_secure = self.is_tls
        if not is_secure and server.has_extn("starttls"):
            server.starttls(context=secure)
            server.ehlo()
            is_secure = True
        if not self.user:
            return
        if not is_secure:
            raise TellingFailed("no_encryption_for_the_password")
        server.login(self.user, self.password)
