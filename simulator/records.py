"""What the fake Zalo remembers: flat records whose fields are plain JSON values.

Flat so that a snapshot is ``vars()`` of each record and a restore is ``Class(**row)``.
Instants are milliseconds of the simulated clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JsonDict = dict[str, Any]


@dataclass
class App:
    """The Zalo app: the switches of the developer console."""

    active: bool = True  # off: -209 on the OA host, -14002 at the token endpoint
    removed: bool = False  # -219
    product_registered: bool = True  # off: -212
    callback_url: str | None = None  # None: any loopback redirect is accepted
    stored_challenge: str | None = None  # PKCE challenge saved in the console
    proof_required: bool = False  # appsecret_proof demanded
    kill_old_access_token: bool = True  # a refresh kills the previous access token
    rate_limit_per_minute: int = 4000  # documented: OA calls per minute and app
    article_rate_limit_per_minute: int = 4000  # documented: counted apart


@dataclass
class Account:
    """An official account (OA) and its switches; defaults are the documented rules."""

    oa_id: str
    name: str
    kind: str = "business"  # or government
    alias: str = ""
    description: str = ""
    category: str = ""
    avatar: str = ""
    generation: str = "by_kind"
    refuse_interactive: bool = False
    refuse_lists: bool = False
    refuse_v3_users: bool = False
    v2_profile_wants_number: bool = False
    send_needs_follow: bool = False
    legacy_replies: bool = False
    strict_welcome: bool = False
    reply_counters: bool = False
    verified: bool = True
    package: str = "advanced"
    status: str = "active"
    granted: bool = True
    sub_quota_total: int = 500  # lower end of the published 500-2000 a month
    sub_quota_left: int = 500
    cloud_linked: bool = False
    cloud_money_vnd: int = 0
    promotion_daily: int = 1
    promotion_monthly: int = 4  # sources say 4 or 30: the stricter
    old_templates_open: bool = False
    uploads_left: int = 5000  # documented: a month
    accept_xlsx: bool = False
    single_use_assets: bool = False
    articles_left: int = 100  # unpublished; enough for a demo
    article_media_fails: bool = False
    phone_quota_daily: int = 500
    phone_quota_left: int = 500
    phone_money_vnd: int = 1_000_000
    phone_night: bool = False
    sending_mode_3: bool = False
    group_event_style: str = "plain"
    banned_words: list[str] = field(default_factory=list)


# What may be changed on an account from outside, with the allowed texts where limited.
CHOICES = {
    "kind": ("business", "government"),
    "generation": ("by_kind", "v2_only", "v3_only", "both", "none"),
    "package": ("basic", "trial", "advanced", "premium"),
    "status": ("active", "disabled", "deleted"),
    "group_event_style": ("plain", "react"),
}


@dataclass
class Person:
    """Somebody with Zalo on the phone; one person may know several accounts."""

    key: str
    display_name: str
    user_id_by_app: str
    phone: str = ""
    note: str = ""
    role: str = ""
    age: int | None = None
    avatar: str = ""
    inactive: bool = False
    auto_seen: bool = True
    no_zalo: bool = False
    refuses_templates: bool = False


@dataclass
class Relation:
    """One person as one account sees them: the ``user_id`` belongs to the pair."""

    user_id: str
    oa_id: str
    person: str
    user_id_by_app: str
    follows: bool = False
    has_written: bool = False
    last_interaction: int | None = None
    welcome_left: int = 0
    blocked: bool = False
    refused_kinds: list[str] = field(default_factory=list)
    alias: str = ""
    tags: list[str] = field(default_factory=list)
    shared_info: JsonDict = field(default_factory=dict)
    asked_for_info: bool = False
    clicked_chatnow: bool = False
    replies_used: int = 0
    promotions: list[int] = field(default_factory=list)
    broadcasts: list[int] = field(default_factory=list)


@dataclass
class TokenPair:
    """An access and a refresh token of one account."""

    access_token: str
    refresh_token: str
    oa_id: str
    access_expires: int
    refresh_expires: int
    access_dead: bool = False
    refresh_used: bool = False


@dataclass
class AuthCode:
    """An authorization code: ten minutes, once."""

    code: str
    oa_id: str
    challenge: str
    expires: int
    used: bool = False


@dataclass
class Asset:
    """An uploaded picture, gif or file; usable for seven days."""

    asset_id: str
    oa_id: str
    kind: str
    media_id: str
    name: str
    size: int
    checksum: str
    expires: int
    used: bool = False


@dataclass
class Media:
    """A stored file; its bytes lie in the media store."""

    media_id: str
    name: str
    content_type: str
    size: int
    checksum: str


@dataclass
class Article:
    """A piece of news of an account."""

    article_id: str
    oa_id: str
    content: JsonDict
    created: int
    updated: int
    views: int = 0


@dataclass
class ArticleJob:
    """A creation, change or video conversion under way, known by its token."""

    token: str
    oa_id: str
    ready: int
    content: JsonDict
    article_id: str | None = None
    is_update: bool = False
    is_video: bool = False


@dataclass
class Group:
    """A chat group with the account in it (GMF)."""

    group_id: str
    oa_id: str
    name: str
    description: str = ""
    asset_id: str = ""
    members: list[str] = field(default_factory=list)  # user ids
    admins: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    status: str = "enabled"
    oa_member: bool = True


@dataclass
class GroupAsset:
    """A bought group package; one group each."""

    asset_id: str
    oa_id: str
    valid_through: str
    used_id: str = ""


@dataclass
class Visitor:
    """Somebody who writes from the web widget without a Zalo account."""

    anonymous_id: str
    oa_id: str
    conversation_id: str
    name: str = ""


@dataclass
class PhoneTemplate:
    """An approved template for messages by phone number."""

    key: str  # oa_id:template_id
    oa_id: str
    template_id: str
    name: str
    params: list[JsonDict]
    tag: str = "TRANSACTION"
    status: str = "ENABLE"
    by_user_id: bool = True
    price_vnd: int = 200
    created: int = 0


@dataclass
class PhoneMessage:
    """One accepted message by phone."""

    msg_id: str
    oa_id: str
    phone: str  # as the caller gave it: number or hash
    template_id: str
    template_data: JsonDict
    tracking_id: str
    sent: int
    delivered: int | None = None
    ratings: list[JsonDict] = field(default_factory=list)


@dataclass
class Message:
    """One bubble: of a person, of the account, of an official, or a system note."""

    message_id: str
    oa_id: str
    chat_id: str
    sender: str  # person, oa, admin, system
    kind: str
    at: int
    text: str = ""
    person: str | None = None
    admin_id: str | None = None
    api: str | None = None
    event: str | None = None
    buttons: list[JsonDict] = field(default_factory=list)
    elements: list[JsonDict] = field(default_factory=list)
    attachments: list[JsonDict] = field(default_factory=list)
    quote_id: str | None = None
    reactions: list[JsonDict] = field(default_factory=list)
    quota_type: str | None = None
    tracking_id: str | None = None
    state: str = "sent"
    hidden: bool = False
    number: int = 0  # order of arrival, fixed
    seq: int = 0  # latest change
