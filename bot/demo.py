"""The demo's own settings: keys made once, Zalo's hosts pointed at the simulator.

Nothing here is used by ``serve``, ``web`` or ``worker``: a product configuration can't
reach the simulator.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlmodel import Session

from bot.channel.accounts import store_tokens
from bot.channel.seal import Sealer
from bot.channel.zalo.answers import TokenPair
from bot.clock import Clock
from bot.people import units
from bot.search.fold import fold
from bot.settings import Settings
from models import Account

ACCESS_TOKEN_LIFE = timedelta(hours=25)
SIMULATOR_PATH = "/simulator"
_KEYS_FILE = "demo-keys.json"
_KEYS = ("secret_key", "zalo_app_secret", "zalo_oa_secret_key")


def settings_of(settings: Settings) -> Settings:
    """The given settings with demo keys, and every Zalo host on our own port."""
    keys = _keys(settings.data_dir / _KEYS_FILE)
    simulator = f"{settings.base_url}{SIMULATOR_PATH}"
    changes: dict[str, object] = {name: SecretStr(keys[name]) for name in _KEYS}
    changes |= {
        "zalo_app_id": keys["zalo_app_id"],
        "zalo_oa_id": None,
        "zalo_openapi_url": f"{simulator}/openapi",
        "zalo_business_url": f"{simulator}/business",
        "zalo_oauth_url": f"{simulator}/oauth",
        "zalo_media_hosts": (settings.host,),
    }
    return settings.model_copy(update=changes)


def clock_of(settings: Settings) -> Clock:
    """The clock which the simulator's page moves, for every process of the demo."""
    return Clock(offset_file=settings.data_dir / "demo-clock")


def is_connected(session: Session, oa_id: str) -> bool:
    account = session.get(Account, oa_id)
    return account is not None and account.refresh_token_sealed is not None


def connect(
    session: Session,
    settings: Settings,
    oa_id: str,
    name: str,
    tokens: tuple[str, str],
    now: datetime,
) -> None:
    """Store a simulated account with its first tokens, and the commune it speaks for."""
    account = session.get(Account, oa_id) or Account(oa_id=oa_id, created_at=now)
    account.name = name
    account.unit_code = _commune_in(session, name, now)
    session.add(account)
    session.flush()
    pair = TokenPair(*tokens, lives_for=ACCESS_TOKEN_LIFE)
    store_tokens(session, oa_id, pair, Sealer(settings.secret("secret_key")), now)


def _commune_in(session: Session, name: str, now: datetime) -> str | None:
    for unit in units.communes_on(session, now.date()):
        if fold(unit.name) in fold(name):
            return unit.code
    return None


def _keys(file: Path) -> dict[str, str]:
    if file.exists():
        stored: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return stored
    keys = {name: secrets.token_urlsafe(32) for name in _KEYS}
    keys["zalo_app_id"] = str(secrets.randbelow(9 * 10**18) + 10**18)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(keys), encoding="utf-8")
    file.chmod(0o600)
    return keys
