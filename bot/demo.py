"""The demo's own settings: keys made once, Zalo's hosts pointed at the simulator.

Nothing here is used by ``serve``, ``web`` or ``worker``: a product configuration can't
reach the simulator.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlmodel import Session, col, select

from bot.channel.seal import Sealer
from bot.channel.tokens import ACCESS_TOKEN_LIFE
from bot.channel.zalo.answers import AccountInfo, TokenPair
from bot.clock import Clock
from bot.connecting import store_account
from bot.people import audit, joining
from bot.settings import Settings
from models import (
    Account,
    Channel,
    Contact,
    Membership,
    Official,
    Origin,
    Role,
    UnitChannel,
)

SIMULATOR_PATH = "/simulator"
DASHBOARD_PATH = "/demo/dashboard"  # a way in without a phone
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
        "alarm_webhook_url": None,  # nothing leaves the machine
        "alarm_smtp_url": None,
    }
    return settings.model_copy(update=changes)


def was_prepared(settings: Settings) -> bool:
    """True where ``demo`` has run before."""
    return (settings.data_dir / _KEYS_FILE).exists()


def clock_of(settings: Settings) -> Clock:
    """The clock which the simulator's page moves, for every process of the demo."""
    return Clock(offset_file=settings.data_dir / "demo-clock")


@dataclass(frozen=True, slots=True)
class Seat:
    """What somebody of the cast is in the office; who has not joined gets a code."""

    unit_code: str
    role: Role
    has_joined: bool


# Long enough to have decided about everything in ``demo_weeks``.
SERVED_FOR = timedelta(weeks=10)
# One to try joining with, one to try the official's day, one to see all from above.
SEATS = {
    "chi-lan": Seat("xa_can_duoc", Role.OFFICIAL, has_joined=False),
    "anh-dung": Seat("xa_can_duoc", Role.OFFICIAL, has_joined=True),
    "ong-sau": Seat("tay_ninh", Role.SUPERVISOR, has_joined=True),
}


# Communes and their simulated web sites, whose posts count as proofs.
SITES = {
    "xa_can_duoc": "xa-can-duoc",
    "xa_tan_lan": "xa-tan-lan",
    "xa_long_huu": "xa-long-huu",
    "xa_my_le": "xa-my-le",
    "xa_rach_kien": "xa-rach-kien",
    "xa_long_cang": "xa-long-cang",
}


def seat(
    session: Session,
    seat: Seat,
    contact: Contact,
    name: str,
    phone: str,
    now: datetime,
    today: date,
) -> str | None:
    """Put one of the cast in his place, once; the code to type if he is still to join."""
    official = session.scalars(
        select(Official).where(col(Official.phone) == phone)
    ).one_or_none()
    if official is None:
        official = joining.enrol(session, name, now, phone=phone)
        since = today - SERVED_FOR
        joining.appoint(session, official, seat.unit_code, seat.role, since)
    if official.joined_at is not None:
        return None
    number = official.id or 0
    joining.revoke_invitations(session, number, now)  # of an earlier start
    code = joining.invite(
        session, seat.unit_code, seat.role, audit.OPERATOR, now, official_id=number
    )
    if not seat.has_joined:
        return code
    session.add(contact)
    session.flush()
    joining.join(session, contact, code, now, today)
    return None


def open_sites(session: Session, settings: Settings) -> list[str]:
    """Let the simulated web sites be those of their communes; a line for each."""
    base = f"{settings.base_url}{SIMULATOR_PATH}/sites"
    for unit_code, key in SITES.items():
        address = f"{base}/{key}".partition("://")[2]
        session.merge(
            UnitChannel(
                id=f"{unit_code}:demo",
                unit_code=unit_code,
                channel=Channel.WEBSITE,
                address=address,
                origin=Origin.LOCAL,
            )
        )
    return [f"web site of {code}: {base}/{key}/" for code, key in SITES.items()]


def supervisor(session: Session) -> Official | None:
    """Whom the address of the demo lets into the dashboard."""
    return session.scalars(
        select(Official)
        .join(Membership, col(Membership.official_id) == col(Official.id))
        .where(
            col(Membership.role) == Role.SUPERVISOR,
            col(Official.joined_at).is_not(None),
        )
        .order_by(col(Official.id))
        .limit(1)
    ).first()


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
    """Store a simulated account with its first tokens, as a consent would do it."""
    pair = TokenPair(*tokens, lives_for=ACCESS_TOKEN_LIFE)
    info = AccountInfo(oa_id, name, oa_type=None, is_verified=False)
    sealer = Sealer(settings.secret("secret_key"))
    store_account(session, oa_id, pair, info, sealer, now)


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
