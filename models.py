"""All tables, in one file so that the whole state of the bot can be read at once.

No queries, no HTTP, no clock. Every ``datetime`` is an aware instant (SQLModel's
``UTCDateTime`` refuses naive ones and gives UTC back, on SQLite too); fields that end in
``_on`` are local calendar dates. Enums are ``StrEnum`` stored as plain strings, so that a
new member needs no migration. ``table=True`` classes do not validate: parse first.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, MetaData, String, Text, text
from sqlmodel import Field, SQLModel

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
    created_at: datetime


class PrivacyChoice(StrEnum):
    UNASKED = "unasked"
    NOTICED = "noticed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Contact(SQLModel, table=True):
    """One person as one account sees him (người nhắn tin: công dân hoặc cán bộ).

    ``lease_*`` guards "this person's waiting events": whoever holds it handles them one at
    a time, in order, while other people's events run beside it.
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
    unreachable_reason: str | None = None
    lease_until: datetime | None = None


class ConsentRecord(SQLModel, table=True):
    """Append-only proof of what a person was told and chose (Luật 91/2025/QH15, Điều 9)."""

    __tablename__ = "consent_record"

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    purpose: str
    choice: str
    text_version: str
    recorded_at: datetime


# --- the channel: what came in, what goes out -----------------------------------------------


class EventStatus(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"
    DEAD = "dead"


class WebhookEvent(SQLModel, table=True):
    """One event from Zalo, stored before it is answered with 200.

    ``payload`` is masked (ID numbers, one-time codes) before it is written; of the raw body
    only its SHA-256 stays. ``event_key`` is unique: a redelivery is a no-op.
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


class OutboxMessage(SQLModel, table=True):
    """One message to leave, once in effect. ``dedupe_key`` says why the row exists."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_open",
            "lane_rank",
            "due_at",
            "id",
            sqlite_where=text("status IN ('waiting', 'sending')"),
            postgresql_where=text("status IN ('waiting', 'sending')"),
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
    )

    id: int | None = Field(default=None, primary_key=True)
    dedupe_key: str = Field(unique=True)
    oa_id: str
    contact_id: int = Field(foreign_key="contact.id")
    lane: Lane = _enum(Lane.REPLY)
    lane_rank: int = 0
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


class SendAttempt(SQLModel, table=True):
    """One call to Zalo for one message: never a token, never the text."""

    __tablename__ = "send_attempt"

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="outbox_message.id", index=True)
    started_at: datetime
    duration_ms: int
    endpoint: str
    http_status: int | None = None
    zalo_code: int | None = None
    outcome: str


# --- the conversation -------------------------------------------------------------------------


class Conversation(SQLModel, table=True):
    """What a number, "thêm" or "lệ phí" means for this person right now.

    ``offers`` are the numbered options last shown ([{"label", "command"}]); ``focus`` is
    the record last answered ("service:1.001193"); ``more`` the command behind "thêm".
    A dialog in progress keeps its name, step and draft here too. All of it ends at
    ``expires_at``.
    """

    __tablename__ = "conversation"

    contact_id: int = Field(foreign_key="contact.id", primary_key=True)
    offers: list[dict[str, str]] = _json(list)
    focus: str | None = None
    more: str | None = None
    dialog: str | None = None
    step: str | None = None
    draft: dict[str, Any] = _json(dict)
    expires_at: datetime


class UnansweredQuestion(SQLModel, table=True):
    """A question the bot could not answer (masked), for the weekly review."""

    __tablename__ = "unanswered_question"

    id: int | None = Field(default=None, primary_key=True)
    oa_id: str
    text: str = Field(sa_type=Text)
    outcome: str
    asked_at: datetime
    resolved_at: datetime | None = None


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


class CatalogueVersion(SQLModel, table=True):
    """One row; counts every change of the catalogue, so that each process rebuilds its
    search index soon after one."""

    __tablename__ = "catalogue_version"

    id: int = Field(default=1, primary_key=True)
    version: int = 0
    changed_at: datetime


# --- the clock --------------------------------------------------------------------------------------


class JobRun(SQLModel, table=True):
    """One occurrence of a job; the unique row makes it happen once among all workers."""

    __tablename__ = "job_run"

    job: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    started_at: datetime
    finished_at: datetime | None = None
    result: dict[str, Any] = _json(dict)
    error: str | None = Field(default=None, sa_type=Text)


class WorkerBeat(SQLModel, table=True):
    """The last sign of life of each worker, for ``/readyz``."""

    __tablename__ = "worker_beat"

    worker: str = Field(primary_key=True)
    started_at: datetime
    beat_at: datetime
