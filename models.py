"""All tables, in one file so that the whole state of the bot can be read at once.

No queries, no HTTP, no clock. Every ``datetime`` is an aware instant (SQLModel's
``UTCDateTime`` refuses naive ones and gives UTC back, on SQLite too); fields that end in
``_on`` are local calendar dates. Enums are ``StrEnum`` stored as plain strings, so that a
new member needs no migration. ``table=True`` classes do not validate: parse first.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

# Tables do not validate, so nobody needs the validators of their classes.
SQLModel.model_config["defer_build"] = True
SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _enum(default: StrEnum) -> Any:
    """A string column: the enum's value is stored, never its Python name."""
    return Field(default=default, sa_type=String, sa_column_kwargs={"nullable": False})


def _json(default_factory: type) -> Any:
    return Field(
        default_factory=default_factory, sa_column=Column(JSON, nullable=False)
    )


# --- accounts and people -----------------------------------------------------------------


class AccountKind(StrEnum):
    UNKNOWN = "unknown"
    BUSINESS = "business"
    GOVERNMENT = "government"


class ApiGeneration(StrEnum):
    """Which message endpoint this account takes; AUTO until Zalo's answer tells."""

    AUTO = "auto"
    V2 = "v2"
    V3 = "v3"


class Account(SQLModel, table=True):
    """One Zalo Official Account (tài khoản OA) served by this installation."""

    __tablename__ = "account"

    oa_id: str = Field(primary_key=True)
    name: str = ""
    kind: AccountKind = _enum(AccountKind.UNKNOWN)
    api_generation: ApiGeneration = _enum(ApiGeneration.AUTO)
    takes_buttons: bool = False
    unit_code: str | None = None
    access_token_sealed: str | None = Field(default=None, sa_type=Text)
    refresh_token_sealed: str | None = Field(default=None, sa_type=Text)
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    refreshed_at: datetime | None = None
    refresh_lease_until: datetime | None = None
    token_problem: str | None = None
    paused_until: datetime | None = None
    pause_reason: str | None = None
    calls_per_minute: int | None = None  # below the app's own limit; None: only that
    created_at: datetime


class AccountWatch(SQLModel, table=True):
    """What is known of one account's flow of messages: how far Zalo's history was compared
    with our events, and how long people usually do not write."""

    __tablename__ = "account_watch"

    oa_id: str = Field(primary_key=True)
    known_until: datetime | None = None  # each message until then has its event
    # a comparison that did not come to its end: until when, and where in the list of chats
    comparing_until: datetime | None = None
    comparing_offset: int = 0
    looked_at: datetime | None = None
    refused_at: datetime | None = None  # this kind of account may not read its history
    usual_gaps: dict[str, float] = _json(dict)  # part of the week: seconds awake
    learnt_at: datetime | None = None


class ConsentRequest(SQLModel, table=True):
    """A permission link (cấp quyền) on its way: half an hour, used once.

    Of ``state`` only the digest is kept; the verifier of PKCE is sealed.
    """

    __tablename__ = "consent_request"

    id: int | None = Field(default=None, primary_key=True)
    state_sha256: str = Field(unique=True)
    verifier_sealed: str = Field(sa_type=Text)
    created_at: datetime
    expires_at: datetime
    unit_code: str | None = None  # whom the account will speak for, if it was said
    used_at: datetime | None = None
    oa_id: str | None = None  # the account that was connected by it


class PrivacyChoice(StrEnum):
    UNASKED = "unasked"
    NOTICED = "noticed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Contact(SQLModel, table=True):
    """One person as one account sees him (người nhắn tin: công dân hoặc cán bộ).

    The row is locked while one of this person's events is handled: one at a time, in order,
    while other people's run beside it. ``lease_until`` is of the first release, and unused.
    """

    __tablename__ = "contact"
    __table_args__ = (
        Index("uq_contact_oa_id_user_id", "oa_id", "user_id", unique=True),
        Index("ix_contact_user_id_by_app", "user_id_by_app"),
    )

    id: int | None = Field(default=None, primary_key=True)
    oa_id: str
    user_id: str
    user_id_by_app: str | None = None
    created_at: datetime
    last_interaction_at: datetime | None = None
    is_follower: bool | None = None
    greeted_at: datetime | None = None
    privacy_choice: PrivacyChoice = _enum(PrivacyChoice.UNASKED)
    privacy_version: str | None = None
    privacy_at: datetime | None = None
    unit_code: str | None = None
    silent_until: datetime | None = None
    official_id: int | None = Field(default=None, index=True)
    wrong_codes: int = 0  # invitation codes guessed wrong, the last one at …
    wrong_code_at: datetime | None = None
    unreachable_reason: str | None = None
    lease_until: datetime | None = None
    # not a person but a group the account is in, see AccountGroup: only digests go there
    is_group: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class AccountGroup(SQLModel, table=True):
    """Nhóm của OA: a group the account is in, and the unit whose digests go there.

    Its ``contact`` is what messages are addressed to; ``unit_code`` None: to nobody's.
    """

    __tablename__ = "account_group"

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    oa_id: str = Field(index=True)
    group_id: str
    name: str = ""  # as Zalo tells it, when it is asked
    unit_code: str | None = Field(default=None, index=True)
    tied_by_id: int | None = Field(default=None, foreign_key="official.id", index=True)
    tied_at: datetime | None = None
    seen_at: datetime
    left_at: datetime | None = None  # the account is not in it any more


class ConsentRecord(SQLModel, table=True):
    """Append-only proof of what a person was told and chose (Luật 91/2025/QH15, Điều 9)."""

    __tablename__ = "consent_record"

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    purpose: str
    choice: str
    text_version: str
    recorded_at: datetime


# --- officials ------------------------------------------------------------------------------


class Role(StrEnum):
    """What a person may do for a unit; each includes the ones before it."""

    OFFICIAL = "official"  # cán bộ, công chức: proves the unit's posts
    LEADER = "leader"  # lãnh đạo đơn vị
    SUPERVISOR = "supervisor"  # theo dõi, thẩm định các đơn vị bên dưới
    ADMINISTRATOR = "administrator"  # quản trị


class Official(SQLModel, table=True):
    """Cán bộ, công chức: one person, whichever accounts he writes to.

    ``pseudonym`` stands for him in the audit log; erasing this row takes the key away.
    """

    __tablename__ = "official"

    id: int | None = Field(default=None, primary_key=True)
    pseudonym: str = Field(unique=True)
    name: str
    phone: str | None = None  # to be called when Zalo cannot reach him
    created_at: datetime
    joined_at: datetime | None = None  # None: on the roster, has not come yet
    left_at: datetime | None = None


class Membership(SQLModel, table=True):
    """One official serving one unit in one role, with its days (``until_on`` is the last)."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_unit_code_role", "unit_code", "role"),)

    id: int | None = Field(default=None, primary_key=True)
    official_id: int = Field(foreign_key="official.id", index=True)
    unit_code: str
    role: Role = _enum(Role.OFFICIAL)
    since_on: date
    until_on: date | None = None


class Invitation(SQLModel, table=True):
    """A code that makes whoever types it an official; used once, only its digest is kept."""

    __tablename__ = "invitation"

    id: int | None = Field(default=None, primary_key=True)
    code_sha256: str = Field(unique=True)
    unit_code: str
    role: Role = _enum(Role.OFFICIAL)
    official_id: int | None = Field(default=None, foreign_key="official.id")
    created_at: datetime
    created_by: str  # pseudonym, or "operator"
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class AuditEntry(SQLModel, table=True):
    """One change by one person, chained by hash: an altered or missing row shows.

    Holds pseudonymous ids only, so a person can be forgotten and the chain still verifies.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str  # pseudonym, "operator" (command line) or "program"
    action: str
    subject: str = Field(index=True)  # "proof:17", "unit:xa_can_duoc"
    detail: dict[str, Any] = _json(dict)
    previous_sha256: str
    sha256: str = Field(unique=True)


class LoginLink(SQLModel, table=True):
    """A link into the dashboard (bảng điều khiển): five minutes, used once, only its digest
    is kept."""

    __tablename__ = "login_link"

    id: int | None = Field(default=None, primary_key=True)
    token_sha256: str = Field(unique=True)
    official_id: int = Field(foreign_key="official.id", index=True)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class DashboardSession(SQLModel, table=True):
    """Somebody who is in the dashboard, by one browser; only the digest of its key is kept."""

    __tablename__ = "dashboard_session"

    id: int | None = Field(default=None, primary_key=True)
    key_sha256: str = Field(unique=True)
    official_id: int = Field(foreign_key="official.id", index=True)
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None


class Alarm(SQLModel, table=True):
    """Something an administrator must look at; one open row for each kind and subject."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq_alarm_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str  # an OA id, a job, "" for the whole installation
    detail: dict[str, Any] = _json(dict)
    raised_at: datetime
    told_at: datetime | None = None  # when an administrator was last told
    ended_at: datetime | None = None


class AlarmNotice(SQLModel, table=True):
    """What one recipient was told of an alarm by one way, and how often it was tried."""

    __tablename__ = "alarm_notice"

    alarm_id: int = Field(foreign_key="alarm.id", primary_key=True)
    way: str = Field(primary_key=True)  # zalo, log, hook, mail
    recipient: str = Field(primary_key=True)  # id of an official for zalo, else ""
    tries: int = 0  # in vain, since it last succeeded
    tried_at: datetime | None = None
    told_at: datetime | None = None
    end_told_at: datetime | None = None
    message_key: str | None = None  # of the outbox row, for zalo


# --- the channel: what came in, what goes out -----------------------------------------------


class EventStatus(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"
    DEAD = "dead"


class WebhookEvent(SQLModel, table=True):
    """One event from Zalo, stored before it is answered with 200.

    ``payload`` is masked (ID numbers, one-time codes) before it is written; of the raw body
    only its SHA-256 stays. ``event_key`` is unique: a redelivery is a no-op. What was found in
    Zalo's history because the webhook never brought it has no body: ``body_sha256`` is "".
    """

    __tablename__ = "webhook_event"
    __table_args__ = (
        Index(
            "ix_webhook_event_waiting",
            "contact_id",
            "id",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("ix_webhook_event_received_at", "received_at"),
        Index("ix_webhook_event_oa_id_received_at", "oa_id", "received_at"),
        Index(
            "ix_webhook_event_dead",
            "id",
            sqlite_where=text("status = 'dead'"),
            postgresql_where=text("status = 'dead'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    event_key: str = Field(unique=True)
    oa_id: str
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    event_name: str
    payload: dict[str, Any] = _json(dict)
    body_sha256: str
    occurred_at: datetime
    received_at: datetime
    status: EventStatus = _enum(EventStatus.WAITING)
    reason: str | None = None
    attempts: int = 0
    due_at: datetime
    processed_at: datetime | None = None


class Lane(StrEnum):
    """Order of service: a campaign never delays an answer."""

    REPLY = "reply"
    REMINDER = "reminder"
    CAMPAIGN = "campaign"


class MessageKind(StrEnum):
    """What a message is for: decides its hours, its caps and whose wish it needs."""

    REPLY = "reply"
    RECEIPT = "receipt"  # biên nhận
    HANDOVER = "handover"  # chuyển cán bộ
    OWN_REMINDER = "own_reminder"  # a person set it himself
    ALARM = "alarm"  # to operators
    DESK_NOTICE = "desk_notice"  # an official: people wait for an answer
    DUTY_REMINDER = "duty_reminder"  # nhắc việc
    DIGEST = "digest"  # bản tin tổng hợp
    CAMPAIGN = "campaign"  # chiến dịch tuyên truyền
    ARTICLE_BROADCAST = "article_broadcast"
    EMERGENCY = "emergency"  # thông báo khẩn


KIND_OF_LANE = {
    Lane.REPLY: MessageKind.REPLY,
    Lane.REMINDER: MessageKind.DUTY_REMINDER,
    Lane.CAMPAIGN: MessageKind.CAMPAIGN,
}
LANE_RANK = {Lane.REPLY: 0, Lane.REMINDER: 1, Lane.CAMPAIGN: 2}


class MessageStatus(StrEnum):
    WAITING = "waiting"  # due now or at due_at
    SENDING = "sending"  # committed before the call; outcome unknown past its lease
    SENT = "sent"
    DELIVERED = "delivered"
    SEEN = "seen"
    PARKED = "parked"  # window closed: waits for the person to write
    EXPIRED = "expired"  # no longer useful
    CANCELLED = "cancelled"
    UNREACHABLE = "unreachable"  # blocked, not following, inactive
    REFUSED = "refused"  # Zalo says the request itself is wrong
    DEAD = "dead"  # retries used up


UNSENT = "status IN ('waiting', 'sending', 'parked', 'dead')"


class OutboxMessage(SQLModel, table=True):
    """One message to leave, once in effect. ``dedupe_key`` says why the row exists;
    ``paid_vnd`` is what is set aside for it in ``PaidSpending`` of ``paid_month``."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_queue",
            "oa_id",
            "lane_rank",
            "due_at",
            "id",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_outbox_message_lease",
            "lease_until",
            sqlite_where=text("status = 'sending'"),
            postgresql_where=text("status = 'sending'"),
        ),
        Index(
            "ix_outbox_message_contact_open",
            "contact_id",
            "id",
            sqlite_where=text("status IN ('waiting', 'sending')"),
            postgresql_where=text("status IN ('waiting', 'sending')"),
        ),
        Index("ix_outbox_message_zalo_message_id", "zalo_message_id"),
        Index("ix_outbox_message_contact_id", "contact_id"),
        Index("ix_outbox_message_created_at", "created_at"),
        Index(
            "ix_outbox_message_campaign",
            "campaign_id",
            "campaign_run",
            "status",
            sqlite_where=text("campaign_id IS NOT NULL"),
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        # what an operator counts: small, whatever has been sent before
        Index(
            "ix_outbox_message_unsent",
            "lane",
            "status",
            "due_at",
            sqlite_where=text(UNSENT),
            postgresql_where=text(UNSENT),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    dedupe_key: str = Field(unique=True)
    oa_id: str
    contact_id: int = Field(foreign_key="contact.id")
    lane: Lane = _enum(Lane.REPLY)
    lane_rank: int = 0
    kind: MessageKind = Field(
        default=MessageKind.REPLY,
        sa_type=String,
        sa_column_kwargs={"nullable": False, "server_default": "reply"},
    )
    # of which news ("" all), for campaigns; what was released, for emergencies
    topic: str = Field(default="", sa_column_kwargs={"server_default": ""})
    content: dict[str, Any] = _json(dict)
    status: MessageStatus = _enum(MessageStatus.WAITING)
    reason: str | None = None
    due_at: datetime
    useful_until: datetime | None = None
    attempts: int = 0
    lease_until: datetime | None = None
    created_at: datetime
    zalo_message_id: str | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    seen_at: datetime | None = None
    paid_vnd: int = 0
    paid_month: str | None = None
    campaign_id: int | None = (
        None  # of the campaign that wrote it, and which occurrence
    )
    campaign_run: int | None = None


class SendAttempt(SQLModel, table=True):
    """One call to Zalo for one message: never a token, never the text."""

    __tablename__ = "send_attempt"
    __table_args__ = (Index("ix_send_attempt_started_at", "started_at"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="outbox_message.id", index=True)
    started_at: datetime
    duration_ms: int
    endpoint: str
    http_status: int | None = None
    zalo_code: int | None = None
    outcome: str


class PaceBudget(SQLModel, table=True):
    """Calls to Zalo, shared out among all workers: one row for the app, one for each account
    with a limit of its own. All calls until ``spoken_for_until`` belong to somebody."""

    __tablename__ = "pace_budget"

    name: str = Field(primary_key=True)  # "app", or the account's id
    per_minute: int | None = None  # what Zalo's header said last
    spoken_for_until: datetime
    paused_until: datetime | None = None
    only_replies_until: datetime | None = None


class PaidBudget(SQLModel, table=True):
    """Hạn mức gửi có phí: what an account may spend on one lane in a month.

    No row: paid sends of this lane are off.
    """

    __tablename__ = "paid_budget"

    oa_id: str = Field(primary_key=True)
    lane: Lane = Field(sa_type=String, primary_key=True)
    monthly_vnd: int
    changed_at: datetime


class PaidSpending(SQLModel, table=True):
    """What is spent or set aside in one local month ("2026-11"); never above the budget."""

    __tablename__ = "paid_spending"

    oa_id: str = Field(primary_key=True)
    lane: Lane = Field(sa_type=String, primary_key=True)
    month: str = Field(primary_key=True)
    reserved_vnd: int = 0
    warned_at: datetime | None = None
    stopped_at: datetime | None = None


class UploadedAsset(SQLModel, table=True):
    """A stored file as Zalo knows it: ``handle`` is its attachment id or file token there.

    Zalo keeps an upload for 7 days. ``lease_until``: somebody is uploading it right now.
    """

    __tablename__ = "uploaded_asset"

    oa_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    name: str = Field(primary_key=True)  # a file shows its name to the person
    handle: str | None = None
    uploaded_at: datetime | None = None
    lease_until: datetime | None = None


# --- the conversation -------------------------------------------------------------------------


class Conversation(SQLModel, table=True):
    """What a number, "thêm" or "lệ phí" means for this person right now.

    ``offers`` are the numbered options last shown ([{"label", "command"}]); ``focus`` is
    the record last answered ("service:1.001193"); ``more`` the command behind "thêm".
    All of it ends at ``expires_at``. A dialog in progress keeps its name, step and draft
    here too, until ``dialog_expires_at``.
    """

    __tablename__ = "conversation"

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    offers: list[dict[str, str]] = _json(list)
    focus: str | None = None
    more: str | None = None
    dialog: str | None = None
    step: str | None = None
    draft: dict[str, Any] = _json(dict)
    dialog_expires_at: datetime | None = None
    expires_at: datetime


class Resolution(StrEnum):
    """What became of a question that the bot could not answer."""

    ALIAS = "alias"  # found by another name now
    NOT_OURS = "not_ours"


class UnansweredQuestion(SQLModel, table=True):
    """A question the bot could not answer (masked), for the weekly review."""

    __tablename__ = "unanswered_question"
    __table_args__ = (
        Index(
            "ix_unanswered_question_open",
            "asked_at",
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    oa_id: str
    text: str = Field(sa_type=Text)
    outcome: str
    asked_at: datetime
    resolved_at: datetime | None = None
    resolution: Resolution | None = Field(default=None, sa_type=String)
    resolved_by: str | None = None  # pseudonym
    alias_id: int | None = None  # of the other name by which it is found now


class Handover(SQLModel, table=True):
    """Chuyển cán bộ: somebody asked for a person, and who takes care of him.

    One open row a person; ``done_at`` ends it.
    """

    __tablename__ = "handover"
    __table_args__ = (
        Index(
            "uq_handover_open",
            "contact_id",
            unique=True,
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_handover_oa_id_asked_at", "oa_id", "asked_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    oa_id: str
    asked_at: datetime  # the last time, if he asked again while it was open
    taken_by_id: int | None = Field(default=None, foreign_key="official.id")
    taken_at: datetime | None = None  # by somebody in Zalo's console: without a name
    done_by_id: int | None = Field(default=None, foreign_key="official.id")
    done_at: datetime | None = None


# --- the catalogue ------------------------------------------------------------------------------


class Origin(StrEnum):
    PACK = "pack"
    LOCAL = "local"


class PackRecord(SQLModel):
    """Three-way loading: ``pack_digest`` is the pack version this row was loaded from.

    A row whose own digest still equals it is untouched and follows the pack; one that was
    edited here stays, and is listed as a conflict when the pack changes under it.
    """

    origin: Origin = _enum(Origin.PACK)
    pack_digest: str | None = None


class ProcedureStatus(StrEnum):
    ACTIVE = "active"
    REPLACED = "replaced"
    TO_VERIFY = "to_verify"
    UNVERIFIED = "unverified"
    INDEX_ONLY = "index_only"  # known from the national index, no details


class Procedure(PackRecord, table=True):
    """Thủ tục hành chính. Times and fees are kept as the portal prints them: a unit that
    is not printed stays unknown. Lists are "; "-separated, as in the pack."""

    __tablename__ = "procedure"

    code: str = Field(primary_key=True)
    position: int = 0  # row in the pack: common ones first
    name: str = Field(sa_type=Text)
    group: str = ""
    field: str = ""
    level: str = ""
    issuer: str = ""
    agency: str = Field(default="", sa_type=Text)
    decision_no: str = ""
    channels: str = ""
    online_level: str = ""
    time_online: str = Field(default="", sa_type=Text)
    time_direct: str = Field(default="", sa_type=Text)
    time_postal: str = Field(default="", sa_type=Text)
    time_note: str = Field(default="", sa_type=Text)
    fee_online: str = Field(default="", sa_type=Text)
    fee_direct: str = Field(default="", sa_type=Text)
    fee_note: str = Field(default="", sa_type=Text)
    papers: str = Field(default="", sa_type=Text)
    submit_at: str = Field(default="", sa_type=Text)
    legal_basis: str = Field(default="", sa_type=Text)
    aliases: str = Field(default="", sa_type=Text)
    note: str = Field(default="", sa_type=Text)
    status: ProcedureStatus = _enum(ProcedureStatus.ACTIVE)
    replaced_by: str = ""
    portal_url: str = ""
    sources: str = ""
    confidence: str = ""
    detail_confidence: str = ""
    checked_on: date | None = None


class DocumentLevel(StrEnum):
    CENTRAL = "central"  # I, Văn bản của Trung ương
    PROVINCE = "province"  # II, Văn bản cấp tỉnh
    DISTRICT = "district"  # III, Văn bản cấp huyện


class Document(PackRecord, table=True):
    """Văn bản of Phụ lục I: one row per document, oddities of the source kept."""

    __tablename__ = "document"

    id: str = Field(primary_key=True)  # "I-10-a": group, row, letter
    level: DocumentLevel = _enum(DocumentLevel.CENTRAL)
    row: int = 0
    kind: str = ""
    number: str = ""
    symbol: str = Field(default="", index=True)
    issued_on: date | None = None
    issuer: str = ""
    title: str = Field(default="", sa_type=Text)
    raw: str = Field(default="", sa_type=Text)
    topics: list[str] = _json(list)
    aliases: list[str] = _json(list)
    oddities: list[str] = _json(list)
    refers_to: list[str] = _json(list)
    state: str = "unknown"
    state_note: str = Field(default="", sa_type=Text)
    checked_on: date | None = None


class UnitLevel(StrEnum):
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class AdminUnit(PackRecord, table=True):
    """Đơn vị hành chính, with its days in force (``valid_to`` is the last one)."""

    __tablename__ = "admin_unit"

    code: str = Field(primary_key=True)
    name: str
    kind: str = ""  # tỉnh, huyện, xã, phường, thị trấn, đặc khu
    level: UnitLevel = _enum(UnitLevel.COMMUNE)
    parent_code: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    note: str = Field(default="", sa_type=Text)
    sources: str = ""
    confidence: str = ""


class UnitSuccession(PackRecord, table=True):
    """One old unit passing, whole or in part, into a new one."""

    __tablename__ = "unit_succession"

    predecessor_code: str = Field(primary_key=True)
    successor_code: str = Field(primary_key=True)
    effective_on: date | None = None


class OneStopDesk(PackRecord, table=True):
    """Bộ phận một cửa of a unit. An empty field is answered "chưa có"."""

    __tablename__ = "one_stop_desk"

    unit_code: str = Field(primary_key=True)
    address: str = ""
    hours: str = ""
    phone: str = ""
    closing_days: str = ""
    note: str = ""
    source: str = ""
    checked_on: date | None = None


class PublicBody(PackRecord, table=True):
    """A body or an app/portal named in the plan, and what is known of it today."""

    __tablename__ = "public_body"

    id: str = Field(primary_key=True)
    name: str
    kind: str = ""  # body | channel
    status: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    successor: str = ""
    fact: str = Field(default="", sa_type=Text)
    gap: str = Field(default="", sa_type=Text)
    sources: str = ""
    confidence: str = ""


class Duty(PackRecord, table=True):
    """Nhiệm vụ of Phụ lục II and III, as written; ``quota`` is null where none is given."""

    __tablename__ = "duty"

    id: str = Field(primary_key=True)  # "II-2.1b"
    source: str = ""
    obligation: str = Field(default="", sa_type=Text)
    owner: str = Field(default="", sa_type=Text)
    cooperators: list[str] = _json(list)
    cadence: str = ""
    quota: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    evidence: list[str] = _json(list)
    check_by_chat: str = Field(default="", sa_type=Text)
    oddities: list[str] = _json(list)
    note: str = Field(default="", sa_type=Text)


class Topic(PackRecord, table=True):
    """A general answer that belongs to no procedure ("hồ sơ của tôi tới đâu rồi")."""

    __tablename__ = "topic"

    id: str = Field(primary_key=True)
    title: str
    text: str = Field(sa_type=Text)
    aliases: list[str] = _json(list)
    sources: str = ""
    checked_on: date | None = None


class LocalAlias(SQLModel, table=True):
    """Tên gọi khác added here: how people ask for a record. Beside the record, so that the
    record itself goes on following its pack."""

    __tablename__ = "local_alias"
    __table_args__ = (Index("ix_local_alias_record", "kind", "record_id"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str  # as in the search: service, document, unit, info
    record_id: str
    text: str = Field(sa_type=Text)
    added_by: str  # pseudonym
    added_at: datetime
    removed_at: datetime | None = None


class RevisionCause(StrEnum):
    EDIT = "edit"  # on a page
    IMPORT = "import"
    CHECK = "check"  # compared with its source, nothing else changed
    UNDO = "undo"


class ContentRevision(SQLModel, table=True):
    """One change of one record of the catalogue: who, when, what it said before and after.

    ``before`` is null for a new row, ``after`` for one that was taken away; both hold only
    the fields that differ. All rows of one import share ``batch``.
    """

    __tablename__ = "content_revision"
    __table_args__ = (
        Index("ix_content_revision_record", "record_table", "record_key", "id"),
        Index("ix_content_revision_batch", "batch"),
    )

    id: int | None = Field(default=None, primary_key=True)
    record_table: str
    record_key: str
    cause: RevisionCause = _enum(RevisionCause.EDIT)
    batch: str
    changed_by: str  # pseudonym
    changed_at: datetime
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    undone_at: datetime | None = None


class ContentImport(SQLModel, table=True):
    """Nhập tệp: an office's sheet, kept sealed between the look at its difference and its
    end, with what became of it. Its rows are the revisions of ``batch``."""

    __tablename__ = "content_import"

    id: int | None = Field(default=None, primary_key=True)
    kind: str  # as in bot/catalogue/import_kinds
    file_name: str
    sealed: str = Field(default="", sa_type=Text)  # empty once it is not needed
    uploaded_by: str  # pseudonym
    uploaded_at: datetime
    expires_at: datetime
    applied_at: datetime | None = Field(default=None, index=True)
    batch: str = ""
    added: int = 0
    changed: int = 0
    undone_at: datetime | None = None


class OwnWording(SQLModel, table=True):
    """Lời riêng: what this office says instead of a text that ships with the program.

    ``shipped`` is the text it was written for, so that a later release that says something
    else there is noticed. Its changes are revisions of the table ``texts``.
    """

    __tablename__ = "own_wording"

    key: str = Field(primary_key=True)
    wording: str = Field(sa_type=Text)
    shipped: str = Field(sa_type=Text)
    changed_by: str  # pseudonym
    changed_at: datetime


class CatalogueVersion(SQLModel, table=True):
    """One row; counts every change of the catalogue, so that each process rebuilds its
    search index soon after one."""

    __tablename__ = "catalogue_version"

    id: int = Field(default=1, primary_key=True)
    version: int = 0
    changed_at: datetime


# --- duties, proofs, credits ------------------------------------------------------------------


class Cadence(StrEnum):
    """How often a duty falls due; the reporting week is Monday to Sunday, local time."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
    ONCE = "once"


class Channel(StrEnum):
    """Where a unit publishes."""

    WEBSITE = "website"  # trang thông tin điện tử
    ZALO_OA = "zalo_oa"
    RADIO = "radio"  # truyền thanh, cụm loa
    SCREEN = "screen"  # bảng điện tử, màn hình
    OTHER = "other"


class EvidenceKind(StrEnum):
    LINK = "link"
    PICTURE = "picture"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"
    NUMBERS = "numbers"


class Counting(StrEnum):
    """What fills a quota."""

    ITEMS = "items"  # posts, broadcasts, confirmations: one proof is one
    RATIO = "ratio"  # numbers done/total, in percent: the newest report counts


class Plan(PackRecord, table=True):
    """Kế hoạch of one year; ``is_assumed`` where no source names who owns its duties."""

    __tablename__ = "plan"

    id: str = Field(primary_key=True)  # "2026"
    title: str
    valid_from: date
    valid_to: date
    is_assumed: bool = False
    note: str = Field(default="", sa_type=Text)
    source: str = ""


class PlanDuty(PackRecord, table=True):
    """How a duty is counted in one plan: what the seed leaves open is decided here.

    ``quota`` per channel or over all ``channels`` (``counts_per_channel``), in percent
    where ``counting`` is a ratio; None: the duty has no number in the plan and is only
    followed. ``due_after_days`` counts from the last
    day of the period (0: that day; negative: before it ends); what is received up to
    ``grace_days`` later is still on time.
    """

    __tablename__ = "plan_duty"

    plan_id: str = Field(primary_key=True)
    duty_id: str = Field(primary_key=True)
    position: int = 0
    short_title: str = ""
    cadence: Cadence = _enum(Cadence.WEEKLY)
    counting: Counting = _enum(Counting.ITEMS)
    quota: int | None = None
    channels: list[str] = _json(list)
    counts_per_channel: bool = True
    due_after_days: int = 0
    grace_days: int = 0
    evidence: list[str] = _json(list)  # EvidenceKind
    needs_link: bool = True  # a picture or sound alone stays doubtful
    keywords: list[str] = _json(list)  # what a post in scope speaks of
    credits_found: bool = False  # a post that the program finds counts by itself
    reason: str = Field(default="", sa_type=Text)  # why it is counted like this


class Assignment(PackRecord, table=True):
    """Nhiệm vụ được giao: one duty of a plan, owned by one unit, with its days."""

    __tablename__ = "assignment"
    __table_args__ = (Index("ix_assignment_unit_code", "unit_code"),)

    id: str = Field(primary_key=True)  # "2026:II-2.2:xa_can_duoc"
    plan_id: str
    duty_id: str
    unit_code: str
    valid_from: date
    valid_to: date | None = None


class UnitChannel(PackRecord, table=True):
    """Where a unit publishes, so that a link can be known as its own.

    ``address`` is a host ("canduoc.tayninh.gov.vn"), an OA id, or "" where there is none.
    """

    __tablename__ = "unit_channel"
    __table_args__ = (Index("ix_unit_channel_unit_code", "unit_code"),)

    id: str = Field(primary_key=True)
    unit_code: str
    channel: Channel = _enum(Channel.WEBSITE)
    address: str = ""
    feed_url: str = ""  # RSS, Atom or sitemap to read credits from
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


class ExemptionState(StrEnum):
    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    ENDED = "ended"


class Exemption(SQLModel, table=True):
    """A unit need not do a duty in a period: who asked, who decided, why."""

    __tablename__ = "exemption"
    __table_args__ = (Index("ix_exemption_unit_code_period", "unit_code", "period"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: str
    duty_id: str
    unit_code: str
    period: str  # "2026-W47", "2026-11", "2026-Q4", "2026"
    state: ExemptionState = _enum(ExemptionState.ASKED)
    reason: str = Field(default="", sa_type=Text)
    asked_by_id: int | None = Field(default=None, foreign_key="official.id")
    decided_by_id: int | None = Field(default=None, foreign_key="official.id")
    asked_at: datetime
    decided_at: datetime | None = None


class ProofState(StrEnum):
    RECEIVED = "received"  # waits for its check
    OK = "ok"  # checked, nothing against it; waits for a supervisor
    DOUBTFUL = "doubtful"
    FAILED = "failed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ProofSource(StrEnum):
    CHAT = "chat"
    OWN_OA = "own_oa"  # found among the account's own articles
    FEED = "feed"  # found in a registered site's feed
    DASHBOARD = "dashboard"


class Proof(SQLModel, table=True):
    """Minh chứng: one thing that shows that a duty was done in a period.

    ``unit_code`` is the unit that earned it, for ever, whatever unit follows it.
    ``published_on`` is the day of the post, ``received_at`` when we heard of it.
    ``canonical_url``, ``file_sha256``, ``text_sha256`` find the same thing again.
    ``media_url`` is where Zalo keeps what was sent, until it lies here. ``review_*``: who
    has it on his screen to decide; ``decided_from`` is the state he saw.
    """

    __tablename__ = "proof"
    __table_args__ = (
        Index("ix_proof_unit_code_period", "unit_code", "period"),
        # the table: one period and its duties, already in the order of the cells
        Index("ix_proof_cell", "period", "duty_id", "unit_code", "channel"),
        # whether the same link or file was accepted for this duty before
        Index("ix_proof_link_of_duty", "duty_id", "canonical_url", "id"),
        Index("ix_proof_file_of_duty", "duty_id", "file_sha256", "id"),
        Index("ix_proof_canonical_url", "canonical_url"),
        Index("ix_proof_file_sha256", "file_sha256"),
        Index("ix_proof_text_sha256", "text_sha256"),
        Index("ix_proof_state", "state", "id"),
        # accepted, and its page is gone since: a supervisor decides
        Index(
            "ix_proof_disappeared",
            "reason",
            sqlite_where=text("reason = 'disappeared'"),
            postgresql_where=text("reason = 'disappeared'"),
        ),
        Index(
            "ix_proof_media_due",
            "media_due_at",
            sqlite_where=text("media_due_at IS NOT NULL"),
            postgresql_where=text("media_due_at IS NOT NULL"),
        ),
        Index("ix_proof_sent_by_id", "sent_by_id"),
        Index(
            "ix_proof_next_check_at",
            "next_check_at",
            sqlite_where=text("next_check_at IS NOT NULL"),
            postgresql_where=text("next_check_at IS NOT NULL"),
        ),
        # one item of a feed or of an account is one proof of a duty, whoever reads it
        Index(
            "uq_proof_source_key",
            "duty_id",
            "source_key",
            unique=True,
            sqlite_where=text("source_key IS NOT NULL"),
            postgresql_where=text("source_key IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan_id: str
    duty_id: str
    unit_code: str
    channel: str = ""
    period: str
    kind: EvidenceKind = _enum(EvidenceKind.LINK)
    url: str | None = Field(default=None, sa_type=Text)
    canonical_url: str | None = None
    file_sha256: str | None = Field(default=None, foreign_key="stored_file.sha256")
    text_sha256: str | None = None
    title: str = Field(default="", sa_type=Text)
    numbers: dict[str, int] | None = Field(default=None, sa_type=JSON)
    published_on: date | None = None
    received_at: datetime
    source: ProofSource = _enum(ProofSource.CHAT)
    source_key: str | None = None
    sent_by_id: int | None = Field(default=None, foreign_key="official.id")
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    media_url: str | None = Field(default=None, sa_type=Text)
    media_attempts: int = 0
    media_due_at: datetime | None = None
    replaces_id: int | None = Field(default=None, foreign_key="proof.id")
    state: ProofState = _enum(ProofState.RECEIVED)
    reason: str = ""  # code of a sentence, or a supervisor's own words
    decided_at: datetime | None = None
    decided_by: str | None = None  # "rule", or the pseudonym of a supervisor
    decided_from: str | None = None
    review_by_id: int | None = Field(default=None, foreign_key="official.id")
    review_until: datetime | None = None
    check_lease_until: datetime | None = None
    next_check_at: datetime | None = None
    checks_done: int = 0


class ProofCheck(SQLModel, table=True):
    """What was seen when a proof was looked at; the first time and on days 1, 7, 30."""

    __tablename__ = "proof_check"
    __table_args__ = (
        Index("uq_proof_check_proof_id_number", "proof_id", "number", unique=True),
        Index(
            "ix_proof_check_untold",
            "id",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    proof_id: int = Field(foreign_key="proof.id", index=True)
    number: int  # 0 the first, then the re-checks
    checked_at: datetime
    verdict: ProofState = _enum(ProofState.OK)
    findings: list[dict[str, Any]] = _json(list)  # [{"code", "ok", …}] in order seen
    page_title: str = Field(default="", sa_type=Text)
    page_text_sha256: str | None = None
    snapshot_sha256: str | None = None  # stored text of the page
    picture_sha256: str | None = None  # stored picture of the page
    told_at: datetime | None = None  # when its sender was told, or need not be


class ProofTrace(SQLModel, table=True):
    """What the like of a proof's text or picture shares with it: many values for each.

    ``value`` says of which kind it is (``bot/duties/proofs/traces.py``).
    """

    __tablename__ = "proof_trace"

    value: int = Field(primary_key=True, sa_type=BigInteger)
    proof_id: int = Field(
        primary_key=True, foreign_key="proof.id", index=True, ondelete="CASCADE"
    )


class StoredFile(SQLModel, table=True):
    """A file in ``DATA_DIR/files``, named by its content."""

    __tablename__ = "stored_file"

    sha256: str = Field(primary_key=True)
    media_type: str
    size_bytes: int
    created_at: datetime
    picture_hash: str | None = None  # perceptual, hexadecimal
    taken_at: datetime | None = None  # from EXIF, where the picture says so


class FoundOutcome(StrEnum):
    """What became of an item that was read in a feed or among an account's articles."""

    CREDITED = "credited"
    DOUBTFUL = "doubtful"  # a proof that waits for a supervisor
    OUT_OF_SCOPE = "out_of_scope"  # another subject, or nothing is owed
    OLD = "old"  # from before the time that is looked back to
    FOREIGN = "foreign"  # of no unit of ours on that day
    REPUBLISHED = "republished"  # the same words of this unit counted before
    KNOWN = "known"  # somebody sent this link, or a supervisor refused it


class FoundItem(SQLModel, table=True):
    """A post that was read on a unit's own page or account, and what became of it.

    It is never judged twice under one ``source_key``, so what was refused stays refused.
    """

    __tablename__ = "found_item"
    __table_args__ = (
        Index(
            "ix_found_item_unit_code_text_sha256",
            "unit_code",
            "channel",
            "text_sha256",
        ),
        Index("ix_found_item_canonical_url", "canonical_url"),
        Index("ix_found_item_origin", "origin", "published_on"),
        Index("ix_found_item_proof_id", "proof_id"),
        # what its officials have not been told of
        Index(
            "ix_found_item_untold",
            "first_seen_at",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    source_key: str = Field(unique=True)
    origin: str  # key of the ``FeedState`` it was read from first
    unit_code: str | None = None
    channel: Channel = _enum(Channel.WEBSITE)
    title: str = Field(default="", sa_type=Text)
    canonical_url: str | None = None
    text_sha256: str | None = None
    published_on: date | None = None
    outcome: FoundOutcome = _enum(FoundOutcome.OUT_OF_SCOPE)
    proof_id: int | None = Field(default=None, foreign_key="proof.id")
    first_seen_at: datetime
    hidden_at: datetime | None = None  # no longer shown since
    told_at: datetime | None = None


class FeedState(SQLModel, table=True):
    """How far a feed, or the articles of an account, has been read."""

    __tablename__ = "feed_state"

    key: str = Field(primary_key=True)  # "feed:<address>" or "oa:<id>"
    etag: str | None = None
    last_modified: str | None = None
    read_at: datetime | None = None  # the last time it could be read
    next_read_at: datetime = Field(index=True)
    failures: int = 0  # in a row
    failing_since: datetime | None = None
    problem: str = ""  # code of the last failure


class PeriodVersion(SQLModel, table=True):
    """A closed period: its table as it was, frozen; what changes later is the next version."""

    __tablename__ = "period_version"
    __table_args__ = (
        Index(
            "uq_period_version_plan_id_period_version",
            "plan_id",
            "period",
            "version",
            unique=True,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan_id: str
    period: str
    version: int
    closed_at: datetime
    closed_by: str  # pseudonym, or "program"
    reason: str = Field(default="", sa_type=Text)
    content: str = Field(sa_type=Text)  # canonical JSON: the same bytes for ever
    sha256: str


# --- reminders -------------------------------------------------------------------------------


class ReminderState(StrEnum):
    PLANNED = "planned"  # waits for its hour
    QUEUED = "queued"  # a message of the outbox, or part of one
    DROPPED = "dropped"  # not sent, and need not be: ``reason``
    UNREACHABLE = "unreachable"  # nobody could be written to: somebody has to call


class Reminder(SQLModel, table=True):
    """Nhắc việc: what one official is reminded of on one day, all his duties in it.

    ``items`` are the open cells with the step of the ladder that brought each here. Without
    ``official_id`` nobody of the unit was there to be reminded.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        Index(
            "uq_reminder_official_id_day_on",
            "official_id",
            "day_on",
            unique=True,
            sqlite_where=text("official_id IS NOT NULL"),
            postgresql_where=text("official_id IS NOT NULL"),
        ),
        Index(
            "ix_reminder_planned_at",
            "planned_at",
            sqlite_where=text("state = 'planned'"),
            postgresql_where=text("state = 'planned'"),
        ),
        Index("ix_reminder_day_on", "day_on"),
        Index("ix_reminder_unit_code_day_on", "unit_code", "day_on"),
        Index("ix_reminder_message_key", "message_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    official_id: int | None = Field(default=None, foreign_key="official.id")
    unit_code: str  # his unit, or the one that has nobody
    day_on: date
    planned_at: datetime
    items: list[dict[str, Any]] = _json(list)
    state: ReminderState = _enum(ReminderState.PLANNED)
    reason: str | None = None
    message_key: str | None = None  # of the outbox row
    created_at: datetime
    settled_at: datetime | None = None


class Absence(SQLModel, table=True):
    """Nghỉ phép: who is away until a day, and who is reminded in his place."""

    __tablename__ = "absence"

    id: int | None = Field(default=None, primary_key=True)
    official_id: int = Field(foreign_key="official.id", index=True)
    substitute_id: int | None = Field(default=None, foreign_key="official.id")
    since_on: date
    until_on: date  # the last day away
    created_at: datetime
    ended_at: datetime | None = None  # he came back earlier


# --- campaigns --------------------------------------------------------------------------------


class CampaignKind(StrEnum):
    MESSAGE = "message"  # one message to each person of the audience
    BROADCAST = "broadcast"  # an article, which Zalo hands to the followers by itself


class CampaignState(StrEnum):
    """draft → waiting_approval → approved → running ⇄ paused → done | cancelled; a
    repeated one goes back to approved until its last occurrence is over."""

    DRAFT = "draft"
    WAITING_APPROVAL = "waiting_approval"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class Repeat(StrEnum):
    NEVER = "never"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class WhenClosed(StrEnum):
    """What becomes of somebody whom Zalo does not pass messages on to just now."""

    PARK = "park"  # delivered when he writes, while it is still useful
    LEAVE_OUT = "leave_out"


class Campaign(SQLModel, table=True):
    """Chiến dịch tuyên truyền: what is said, to whom, when, and who answers for it.

    ``audience`` and ``targets`` as ``bot/outreach/campaigns/audience.py`` reads them.
    ``revision`` grows with every change of what is said or to whom, and an approval is of
    one revision. ``run`` is the occurrence in hand, 1 but for repeated ones.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id <> owner_id OR is_emergency",
            name="ck_campaign_second_person",
        ),
        Index("ix_campaign_state_starts_at", "state", "starts_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    title: str
    kind: CampaignKind = _enum(CampaignKind.MESSAGE)
    text: str = Field(default="", sa_type=Text)
    link: str = ""
    asset: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    article_id: str = ""  # of a broadcast
    topic: str = ""  # what people may opt out of; "" only of news as a whole
    audience: dict[str, Any] = _json(dict)
    targets: dict[str, Any] = _json(dict)  # of a broadcast
    is_emergency: bool = False
    when_closed: WhenClosed = _enum(WhenClosed.PARK)
    useful_hours: int = 72
    spread_minutes: int = 0
    starts_at: datetime | None = None  # None: when somebody starts it
    repeat: Repeat = _enum(Repeat.NEVER)
    repeat_until: datetime | None = None
    first_at: datetime | None = None  # begin of the first of several occurrences
    state: CampaignState = _enum(CampaignState.DRAFT)
    revision: int = 1
    run: int = 1
    owner_id: int | None = Field(default=None, foreign_key="official.id", index=True)
    approved_by_id: int | None = Field(
        default=None, foreign_key="official.id", index=True
    )
    approved_at: datetime | None = None
    told_at: datetime | None = None  # when those who may approve were asked
    created_at: datetime
    changed_at: datetime


class CampaignRun(SQLModel, table=True):
    """One occurrence: how far its list is made (``listed_to``, a contact's number), and how
    far it has gone out (``fed_to``). Cursors move in the transaction of their chunk.

    ``counts`` are people by verdict as the list shows them; ``list_sha256`` is the digest
    of the list as shown, ``sent_sha256`` of the same list as it was carried out.
    """

    __tablename__ = "campaign_run"

    campaign_id: int = Field(foreign_key="campaign.id", primary_key=True)
    run: int = Field(primary_key=True)
    revision: int = 1
    planned_at: datetime  # the instant for which the verdicts of the list hold
    listed_to: int = 0
    listed_at: datetime | None = None
    list_sha256: str = ""
    counts: dict[str, int] = _json(dict)
    price_vnd: int = 0
    started_at: datetime | None = None
    fed_to: int = 0
    fed_at: datetime | None = None
    fates: dict[str, int] = _json(dict)  # people by the verdict they were dealt with
    sent_sha256: str = ""
    ended_at: datetime | None = None


class CampaignRecipient(SQLModel, table=True):
    """One person of an occurrence's list: the verdict he was shown with, and the one with
    which he was dealt when his turn came (None: not yet)."""

    __tablename__ = "campaign_recipient"

    campaign_id: int = Field(primary_key=True)
    run: int = Field(primary_key=True)
    contact_id: int = Field(primary_key=True, foreign_key="contact.id", index=True)
    verdict: str
    fate: str | None = None


class BroadcastState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"  # committed before the call
    ACCEPTED = "accepted"
    REFUSED = "refused"  # Zalo said no
    UNKNOWN = "unknown"  # no answer came back: never repeated


class CampaignBroadcast(SQLModel, table=True):
    """One call to Zalo for a broadcast: one account in one occurrence, called once."""

    __tablename__ = "campaign_broadcast"

    campaign_id: int = Field(foreign_key="campaign.id", primary_key=True)
    run: int = Field(primary_key=True)
    oa_id: str = Field(primary_key=True)
    state: BroadcastState = _enum(BroadcastState.WAITING)
    reason: str | None = None
    due_at: datetime
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    zalo_message_id: str | None = None


class ContactTag(SQLModel, table=True):
    """Nhãn: a group that somebody was put into, mostly in Zalo's own console."""

    __tablename__ = "contact_tag"
    __table_args__ = (Index("ix_contact_tag_tag", "tag", "contact_id"),)

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    tag: str = Field(primary_key=True)


# --- speaking first ---------------------------------------------------------------------------


class ArticleState(StrEnum):
    DRAFT = "draft"
    WAITING_APPROVAL = "waiting_approval"
    CREATING = "creating"  # approved; is to be, or is being, handed to Zalo
    UPDATING = "updating"  # out already: other words, hidden, or shown again
    VERIFYING = "verifying"  # Zalo has taken it, and fetches its pictures
    PUBLISHED = "published"
    FAILED = "failed"
    REMOVING = "removing"
    REMOVED = "removed"
    DROPPED = "dropped"  # given up before it was published


class OaArticle(SQLModel, table=True):
    """Bài đăng trên OA, from the first draft until it is published, or failed.

    ``points`` and the look make the picture; ``cover_sha256`` and ``picture_sha256`` are
    None until they are drawn. ``revision`` counts what was submitted: an approval holds for
    the one that was shown. ``call_began_at`` is set from before a call that creates until
    its outcome is known: then Zalo is asked what it has before anything is created again.
    """

    __tablename__ = "oa_article"
    __table_args__ = (
        Index("ix_oa_article_unit_code", "unit_code", "id"),
        Index(
            "ix_oa_article_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    oa_id: str
    unit_code: str
    title: str
    description: str
    body: str = Field(sa_type=Text)  # paragraphs, parted by an empty line
    points: list[str] = _json(list)
    link: str
    layout: str
    palette: str
    calendar_key: str | None = None  # the draft of the yearly calendar it was made from
    cover_sha256: str | None = Field(default=None, index=True)
    picture_sha256: str | None = Field(default=None, index=True)
    state: ArticleState = _enum(ArticleState.DRAFT)
    reason: str = Field(
        default="", sa_type=Text
    )  # a code, or words of who sent it back
    revision: int = 0
    owner_id: int | None = Field(default=None, foreign_key="official.id", index=True)
    approved_by_id: int | None = Field(
        default=None, foreign_key="official.id", index=True
    )
    created_at: datetime
    submitted_at: datetime | None = None
    approved_at: datetime | None = None
    due_at: datetime | None = None  # when the next step is to be taken by the program
    lease_until: datetime | None = None
    attempts: int = 0
    call_began_at: datetime | None = None
    job_token: str | None = None
    article_id: str | None = None
    article_link: str | None = None
    published_at: datetime | None = None  # for the first time
    is_hidden: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class ArticleVersion(SQLModel, table=True):
    """Bản đã đăng của một bài: the words that were out, the newest are what people read.

    A change that is written but not approved yet, or was given up, leaves these alone.
    """

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("oa_article_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    oa_article_id: int = Field(foreign_key="oa_article.id")
    number: int
    words: dict[str, Any] = _json(dict)
    cover_sha256: str = Field(index=True)
    picture_sha256: str = Field(index=True)
    is_hidden: bool = False
    owner_id: int | None = Field(default=None, foreign_key="official.id", index=True)
    approved_by_id: int | None = Field(
        default=None, foreign_key="official.id", index=True
    )
    published_at: datetime


class OwnReminder(SQLModel, table=True):
    """Nhắc việc do chính người đó đặt: what, and when. Once it is written ``what`` is
    emptied: the message has it, and nobody else needs it."""

    __tablename__ = "own_reminder"
    __table_args__ = (
        Index("ix_own_reminder_contact_id", "contact_id", "at"),
        Index(
            "ix_own_reminder_waiting",
            "at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id")
    what: str = Field(sa_type=Text)
    at: datetime
    created_at: datetime
    done_at: datetime | None = None  # written, or cancelled
    is_cancelled: bool = False


# --- feedback ---------------------------------------------------------------------------------


class FeedbackState(StrEnum):
    RECEIVED = "received"  # nobody has taken it
    TAKEN = "taken"  # an official takes care of it
    ANSWERED = "answered"
    CLOSED = "closed"  # ended without a remedy, with the reason
    WITHDRAWN = "withdrawn"  # by the person himself; its words are gone


FEEDBACK_OPEN = "state IN ('received', 'taken')"


class Feedback(SQLModel, table=True):
    """Phản ánh, kiến nghị: what somebody reported to a unit, and how far it has come.

    ``text`` is masked. The picture is fetched after it was filed (``picture_due_at``), without
    what the camera wrote into it. Words, place and picture go some time after the end;
    the row stays as a count without leading to a person.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        Index("ix_feedback_unit_code_created_at", "unit_code", "created_at"),
        Index(
            "ix_feedback_open",
            "unit_code",
            "created_at",
            sqlite_where=text(FEEDBACK_OPEN),
            postgresql_where=text(FEEDBACK_OPEN),
        ),
        Index(
            "ix_feedback_picture_due_at",
            "picture_due_at",
            sqlite_where=text("picture_due_at IS NOT NULL"),
            postgresql_where=text("picture_due_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    oa_id: str
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    unit_code: str  # whose it is now
    area: str  # of content/feedback_areas.toml
    text: str = Field(sa_type=Text)
    latitude: float | None = None
    longitude: float | None = None
    state: FeedbackState = _enum(FeedbackState.RECEIVED)
    taken_by_id: int | None = Field(default=None, foreign_key="official.id")
    created_at: datetime
    waiting_since: datetime  # since it last came to a unit that has to act
    ended_at: datetime | None = None
    reopened: int = 0
    rating: int | None = None  # 1-5, of the answer, given once
    picture_url: str | None = Field(default=None, sa_type=Text)
    picture_due_at: datetime | None = None
    picture_attempts: int = 0
    picture_sha256: str | None = None
    picture_problem: str | None = None


class FeedbackStep(StrEnum):
    """One thing that happened to a feedback."""

    FILED = "filed"
    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    TRANSFERRED = "transferred"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"
    RATED = "rated"
    WITHDRAWN = "withdrawn"


class FeedbackEntry(SQLModel, table=True):
    """The course of a feedback, step by step: who, when, and the words said with it.

    ``official_id`` None: its author. ``contact_id`` is always the author of the feedback.
    """

    __tablename__ = "feedback_entry"

    id: int | None = Field(default=None, primary_key=True)
    feedback_id: int = Field(foreign_key="feedback.id", index=True)
    at: datetime
    step: FeedbackStep = _enum(FeedbackStep.FILED)
    official_id: int | None = Field(default=None, foreign_key="official.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    text: str = Field(default="", sa_type=Text)
    unit_code: str | None = None  # of TRANSFERRED: where to


# --- surveys and contests ---------------------------------------------------------------------


class SurveyKind(StrEnum):
    SURVEY = "survey"  # khảo sát
    CONTEST = "contest"  # cuộc thi tìm hiểu: questions with right answers


class SurveyState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"  # between its dates, people may answer
    CLOSED = "closed"


class Survey(SQLModel, table=True):
    """Khảo sát, or cuộc thi: what a unit asks, of whom, from when to when.

    ``questions`` as ``bot/surveys/questions.py`` reads them; they do not change once
    somebody has answered.
    """

    __tablename__ = "survey"
    __table_args__ = (Index("ix_survey_unit_code_state", "unit_code", "state"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: SurveyKind = _enum(SurveyKind.SURVEY)
    unit_code: str  # asks everybody of this unit and of those below it
    title: str
    intro: str = Field(default="", sa_type=Text)
    thanks: str = Field(default="", sa_type=Text)
    rules: str = Field(default="", sa_type=Text)  # thể lệ
    questions: list[dict[str, Any]] = _json(list)
    tries: int = 1  # of a contest; the best one counts
    guesses_count: bool = False  # a contest's tie: how many will take part?
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    state: SurveyState = _enum(SurveyState.DRAFT)
    template: str = ""  # the pack it was made from
    owner_id: int | None = Field(default=None, foreign_key="official.id", index=True)
    created_at: datetime
    changed_at: datetime


class SurveySheet(SQLModel, table=True):
    """Phiếu trả lời: one person's answers so far; one a person, in a contest one a try."""

    __tablename__ = "survey_sheet"
    __table_args__ = (
        Index(
            "uq_survey_sheet_survey_id_contact_id_attempt",
            "survey_id",
            "contact_id",
            "attempt",
            unique=True,
        ),
        Index("ix_survey_sheet_survey_id_finished_at", "survey_id", "finished_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    survey_id: int = Field(foreign_key="survey.id")
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    attempt: int = 1
    answers: dict[str, Any] = _json(dict)  # key of a question: answer, None: left out
    name: str = ""  # of a contest, as he wants to stand in the list
    guess: int | None = None  # how many will take part; -1: he did not say
    score: int | None = None
    started_at: datetime
    finished_at: datetime | None = None


# --- the clock --------------------------------------------------------------------------------------


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # nobody did it: ``reason`` says why


class JobRun(SQLModel, table=True):
    """One occurrence of a job; the unique row makes it happen once among all workers.

    ``due_at`` is the planned time. Whoever runs it holds ``lease_until``; past it the job
    hangs or its worker died, and another may take it over (``attempts``).
    """

    __tablename__ = "job_run"
    __table_args__ = (
        Index(
            "ix_job_run_failed",
            "job",
            "started_at",
            sqlite_where=text("error IS NOT NULL"),
            postgresql_where=text("error IS NOT NULL"),
        ),
        Index("ix_job_run_job_due_at", "job", "due_at"),
    )

    job: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    state: JobState = Field(
        default=JobState.RUNNING,
        sa_type=String,
        sa_column_kwargs={"nullable": False, "server_default": "done"},
    )
    reason: str | None = None  # of SKIPPED: missed, superseded, abandoned
    due_at: datetime | None = None
    started_at: datetime
    lease_until: datetime | None = None
    attempts: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    finished_at: datetime | None = None
    result: dict[str, Any] = _json(dict)
    error: str | None = Field(default=None, sa_type=Text)


class WorkerBeat(SQLModel, table=True):
    """The last sign of life of each worker, for ``/readyz``; ``ticked_at`` is when the clock
    last went through its jobs there."""

    __tablename__ = "worker_beat"

    worker: str = Field(primary_key=True)
    started_at: datetime
    beat_at: datetime
    ticked_at: datetime | None = None
