"""Alarms by hook and by mail, against servers on this machine."""

from __future__ import annotations

import base64
import email
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
from flask import Flask, Response, redirect, request
from pydantic import SecretStr

from bot.settings import Settings, SettingsError, load_settings
from bot.watching.bulletins import Bulletin, TellingFailed
from bot.watching.hook import Hook
from bot.watching.mail import Mail
from bot.watching.telling import ways_outside
from simulator.serving import served

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
BULLETIN = Bulletin(
    kind="token_dead",
    subject="4071",
    raised_at=AT,
    ended_at=None,
    heading="[Trợ lý Zalo] OA mất quyền gửi tin",
    text="⚠️ OA không gửi được tin.\n\nAnh/chị cần làm: cấp quyền lại.",
)


# --- the hook -----------------------------------------------------------------------------


@dataclass
class Listener:
    """The operator's program."""

    url: str = ""
    bodies: list[object] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()
    app = Flask("listener", static_folder=None)

    def hear() -> str:
        heard.bodies.append(json.loads(request.data))
        return "thanks"

    app.add_url_rule("/hear", view_func=hear, methods=["POST"])
    app.add_url_rule(
        "/elsewhere", "elsewhere", lambda: redirect("/hear", 307), methods=["POST"]
    )
    app.add_url_rule(
        "/broken", "broken", lambda: Response(status=503), methods=["POST"]
    )
    with served(app) as address:
        heard.url = address
        yield heard


def test_the_hook_gets_the_promised_fields(listener: Listener) -> None:
    Hook(f"{listener.url}/hear").send(BULLETIN)
    assert listener.bodies == [
        {
            "kind": "token_dead",
            "subject": "4071",
            "raised_at": "2026-03-02T01:30:00+00:00",
            "ended_at": None,
            "text": BULLETIN.text,
        }
    ]


@pytest.mark.parametrize(
    ("path", "reason"), [("elsewhere", "http_307"), ("broken", "http_503")]
)
def test_a_redirect_is_not_followed_and_a_failure_is_one(
    listener: Listener, path: str, reason: str
) -> None:
    with pytest.raises(TellingFailed, match=reason):
        Hook(f"{listener.url}/{path}").send(BULLETIN)
    assert listener.bodies == []


def test_a_hook_that_is_not_there_fails_without_showing_its_address() -> None:
    with pytest.raises(TellingFailed) as failed:
        Hook("http://127.0.0.1:9/secret-path").send(BULLETIN)
    assert str(failed.value) == "ConnectionError"


# --- mail ---------------------------------------------------------------------------------


class MailServer(socketserver.ThreadingTCPServer):
    """Just enough of SMTP; ``offers`` are the extensions it names."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *offers: str) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.offers = offers
        self.commands: list[str] = []
        self.mails: list[EmailMessage] = []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join()


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            command = line.decode().strip()
            self.server.commands.append(command)
            word = command.split(" ")[0].upper()
            if word == "EHLO":
                self._say("250-here")
                for offer in self.server.offers:
                    self._say(f"250-{offer}")
                self._say("250 end")
            elif word == "DATA":
                self._say("354 go on")
                self.server.mails.append(self._mail())
                self._say("250 ok")
            elif word == "STARTTLS":
                self._say("220 go on")
                return  # no certificate: the handshake ends here
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _mail(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        return email.message_from_bytes(b"".join(lines), policy=policy.default)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def plain() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def encrypting() -> Iterator[MailServer]:
    server = MailServer("STARTTLS", "AUTH PLAIN")
    yield server
    server.stop()


def test_a_mail_arrives_whole_with_all_its_recipients(plain: MailServer) -> None:
    url = f"smtp://{plain.address}?from=bot@xa.vn&to=lan@xa.vn&to=minh@xa.vn"
    Mail.from_url(url).send(BULLETIN)
    [mail] = plain.mails
    assert mail["Subject"] == BULLETIN.heading
    assert (mail["From"], mail["To"]) == ("bot@xa.vn", "lan@xa.vn, minh@xa.vn")
    assert mail.get_content().strip().splitlines() == BULLETIN.text.splitlines()
    assert sum(command.upper().startswith("RCPT") for command in plain.commands) == 2


def test_encryption_is_used_where_it_is_offered(encrypting: MailServer) -> None:
    url = f"smtp://lan:mat%20khau@{encrypting.address}?from=bot@xa.vn&to=lan@xa.vn"
    with pytest.raises(TellingFailed):
        Mail.from_url(url).send(BULLETIN)
    assert [command.split(" ")[0].upper() for command in encrypting.commands] == [
        "EHLO",
        "STARTTLS",
    ]
    assert encrypting.mails == []


def test_a_password_never_leaves_unencrypted(plain: MailServer) -> None:
    url = f"smtp://lan:mat%20khau@{plain.address}?from=bot@xa.vn&to=lan@xa.vn"
    with pytest.raises(TellingFailed, match="no_encryption"):
        Mail.from_url(url).send(BULLETIN)
    told = " ".join(plain.commands)
    assert "mat khau" not in told
    assert base64.b64encode(b"mat khau").decode() not in told
    assert plain.mails == []


def test_a_mail_server_that_is_not_there_fails() -> None:
    with pytest.raises(TellingFailed, match="ConnectionRefusedError"):
        Mail.from_url("smtp://127.0.0.1:9?from=a@b.vn&to=a@b.vn").send(BULLETIN)


# --- settings -----------------------------------------------------------------------------


def test_ways_are_those_of_the_settings(settings: Settings) -> None:
    assert ways_outside(settings) == []
    both = settings.model_copy(
        update={
            "alarm_webhook_url": SecretStr("https://example.org/hook"),
            "alarm_smtp_url": SecretStr("smtp://mail?from=a@b.vn&to=c@d.vn"),
        }
    )
    assert [way.name for way in ways_outside(both)] == ["hook", "mail"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alarm_webhook_url", "ftp://example.org/geheim"),
        ("alarm_webhook_url", "geheim"),
        ("alarm_smtp_url", "smtp://lan:geheim@mail"),
        ("alarm_smtp_url", "smtp://lan:geheim@mail:port?from=a@b.vn&to=a@b.vn"),
        ("alarm_smtp_url", "https://geheim@mail?from=a@b.vn&to=a@b.vn"),
        ("zalo_code_verifier", "geheim"),
    ],
)
def test_a_wrong_address_refuses_the_start_without_showing_its_secret(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=name.upper()) as refused:
        load_settings(**{name: value})
    assert "geheim" not in str(refused.value)
    load_settings(**{name: ""})
