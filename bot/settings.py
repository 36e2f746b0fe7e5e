"""Settings: read once from the environment, passed on, never read anywhere else.

A wrong or missing value stops the start with one line that names the setting.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import OperatorError

# Hosts from which Zalo serves what people send (read 2026-09, unconfirmed by Zalo).
ZALO_MEDIA_HOSTS = ("zdn.vn", "zadn.vn", "dlfl.vn", "dlmd.me")


SECRETS = (
    "secret_key",
    "zalo_app_secret",
    "zalo_oa_secret_key",
    "zalo_access_token",
    "zalo_refresh_token",
    "zalo_code_verifier",
    "alarm_webhook_url",
    "alarm_smtp_url",
    "metrics_token",
)
LEAST_TOKEN_LENGTH = 20  # characters; nobody guesses that through a web server
# PKCE (RFC 7636): as the console stores it, or as we make it.
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class SettingsError(OperatorError):
    """One line for the operator: which setting, what is wrong."""


class Settings(BaseSettings):
    """Every setting of the program; names in the environment are these in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: str = "sqlite:///data/bot.db"
    data_dir: Path = Path("data")
    content_dir: Path = Path("content")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    secret_key: SecretStr | None = None
    zalo_app_id: str | None = None
    zalo_app_secret: SecretStr | None = None
    zalo_oa_secret_key: SecretStr | None = None
    zalo_oa_id: str | None = None
    zalo_access_token: SecretStr | None = None
    zalo_refresh_token: SecretStr | None = None
    zalo_code_verifier: SecretStr | None = None
    zalo_openapi_url: str = "https://openapi.zalo.me"
    zalo_business_url: str = "https://business.openapi.zalo.me"
    zalo_oauth_url: str = "https://oauth.zaloapp.com"
    zalo_media_hosts: Annotated[tuple[str, ...], NoDecode] = ZALO_MEDIA_HOSTS
    zalo_verifier_code: str | None = None
    accept_ok_proofs: bool = True
    publish_compliance: bool = False  # on the public page, all units together
    proof_allow_private_hosts: bool = False  # tests only
    broker_url: str = ""
    alarm_webhook_url: SecretStr | None = None
    alarm_smtp_url: SecretStr | None = None
    metrics_token: SecretStr | None = None
    timezone: str = "Asia/Ho_Chi_Minh"
    clock_file: str = ""  # tests only: seconds by which the program's clock is moved

    @field_validator("zalo_media_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(host.strip() for host in value.split(",") if host.strip())
        return value

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://")):
            raise ValueError("empty, or an address that begins with redis://")
        return value

    @field_validator("zalo_code_verifier")
    @classmethod
    def _is_verifier(cls, value: SecretStr | None) -> SecretStr | None:
        plain = value.get_secret_value() if value else ""
        if plain and not _VERIFIER.fullmatch(plain):
            raise ValueError("must be 43 to 128 letters, digits, '-', '_', '.', '~'")
        return value

    @field_validator("alarm_webhook_url")
    @classmethod
    def _is_web_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value and value.get_secret_value():
            parts = urlsplit(value.get_secret_value())
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("must begin with https://HOST")
        return value

    @field_validator("alarm_smtp_url")
    @classmethod
    def _is_mail_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value and value.get_secret_value():
            from bot.watching.mail import Mail  # who has none need not load it

            Mail.from_url(value.get_secret_value())
        return value

    @field_validator("metrics_token")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value and 0 < len(value.get_secret_value()) < LEAST_TOKEN_LENGTH:
            raise ValueError(f"must have {LEAST_TOKEN_LENGTH} characters or more")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"unknown time zone {value!r}") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def base_url(self) -> str:
        """Address people and Zalo reach us under, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    def require(self, *names: str) -> None:
        """Refuse to start without these; a missing secret never switches a check off."""
        missing = [name.upper() for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError(
                f"missing setting: {', '.join(missing)} (see .env.example)"
            )

    def secret(self, name: str) -> str:
        """The plain value of a required secret."""
        self.require(name)
        value: SecretStr = getattr(self, name)
        return value.get_secret_value()


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment (``.env`` is loaded in ``app.py``).

    A secret may also stand in a file: ``SECRET_KEY_FILE=/run/secrets/key``.
    """
    try:
        return Settings(**(_secrets_from_files() | overrides))  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        raise SettingsError(f"setting {name}: {first['msg']}") from error


def hand_down(defaults: Mapping[str, str]) -> None:
    """Put these into the environment of this process and of those it starts; what an
    operator has set stays."""
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _secrets_from_files() -> dict[str, object]:
    found: dict[str, object] = {}
    for name in SECRETS:
        file = os.environ.get(f"{name.upper()}_FILE")
        if not file or os.environ.get(name.upper()):
            continue
        try:
            found[name] = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"setting {name.upper()}_FILE: {error}") from error
    return found
