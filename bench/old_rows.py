"""Years of traffic, put into a database at once: events, people, messages long done."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import TextClause, bindparam, text
from sqlmodel.sql.sqltypes import UTCDateTime

from bench.stage import OA
from bot.clock import Clock
from bot.db import Database

EVENTS_A_PERSON = 10
AT_ONCE = 5_000  # rows of one statement; they share an instant
SPAN = timedelta(days=365)
PAYLOAD = (
    '{"app_id": "1928374650192837465", "sender": {"id": "7263549817263540000"}, '
    '"user_id_by_app": "5182736450918200000", "recipient": {"id": "2874650193847560192"}, '
    '"event_name": "user_send_text", "message": {"text": "xin hỏi đăng ký khai sinh cho '
    'cháu cần giấy tờ gì, nộp ở đâu", "msg_id": "0123456789abcdef0123"}, '
    '"timestamp": "1795000000000"}'
)
CONTENT = (
    '{"text": "Thủ tục đăng ký khai sinh: giấy chứng sinh, tờ khai …", "buttons": [], '
    '"quote_message_id": null, "about": "service:1.001193"}'
)
_NUMBERS = (
    "WITH RECURSIVE n(i) AS "
    "(SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
)
_CONTACTS = (
    _NUMBERS + "INSERT INTO contact (oa_id, user_id, user_id_by_app, created_at, "
    "last_interaction_at, privacy_choice) "
    f"SELECT '{OA}', 'old-' || CAST(i AS TEXT), 'app-' || CAST(i AS TEXT), :at, :at, "
    "'noticed' FROM n"
)
_EVENTS = (
    _NUMBERS + "INSERT INTO webhook_event (event_key, oa_id, contact_id, event_name, "
    "payload, body_sha256, occurred_at, received_at, status, reason, attempts, due_at, "
    "processed_at) "
    f"SELECT 'user_send_text|{OA}|old-' || CAST(i AS TEXT), '{OA}', :contact + i % :people,"
    " 'user_send_text', :payload, '0123456789abcdef0123456789abcdef', :at, :at, 'done', "
    "'search', 0, :at, :at FROM n"
)
_MESSAGES = (
    _NUMBERS + "INSERT INTO outbox_message (dedupe_key, oa_id, contact_id, lane, "
    "lane_rank, content, status, due_at, attempts, created_at, zalo_message_id, sent_at) "
    f"SELECT 'event:old-' || CAST(i AS TEXT), '{OA}', :contact + i % :people, 'reply', 0, "
    ":content, 'sent', :at, 1, :at, 'old-' || CAST(i AS TEXT), :at FROM n"
)


def fill_up(database: Database, already: int, wanted: int) -> None:
    """Add rows until ``wanted`` old events and as many messages are there."""
    now = Clock().now()
    people = max(1, (wanted - already) // EVENTS_A_PERSON)
    first_person = already // EVENTS_A_PERSON
    with database.writing() as session:
        connection = session.connection()
        connection.execute(
            _timed(_CONTACTS, now - SPAN),
            {"first": first_person, "last": first_person + people - 1},
        )
        contact = connection.execute(
            text("SELECT min(id) FROM contact WHERE user_id = :user"),
            {"user": f"old-{first_person}"},
        ).scalar_one()
    own = {"contact": contact, "people": people}
    json_type = "TEXT" if database.is_sqlite else "JSON"
    for first in range(already, wanted, AT_ONCE):
        at = now - SPAN * (1 - first / wanted)
        rows = {"first": first, "last": min(first + AT_ONCE, wanted) - 1} | own
        with database.writing() as session:
            connection = session.connection()
            for statement, name, value in (
                (_EVENTS, "payload", PAYLOAD),
                (_MESSAGES, "content", CONTENT),
            ):
                typed = statement.replace(f":{name}", f"CAST(:{name} AS {json_type})")
                connection.execute(_timed(typed, at), rows | {name: value})
    _gather_statistics(database)


def _timed(statement: str, at: datetime) -> TextClause:
    return text(statement).bindparams(bindparam("at", at, type_=UTCDateTime()))


def _gather_statistics(database: Database) -> None:
    """What PostgreSQL's autovacuum would have done over the year."""
    if database.is_sqlite:
        return
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("VACUUM ANALYZE"))
