"""Indexes for what operators count, how far history was read, the clock's beat"""

import sqlalchemy as sa
from alembic import op

revision = "0011_watching"
down_revision = "0010_found_items"
branch_labels = None
depends_on = None

UNSENT = "status IN ('waiting', 'sending', 'parked', 'dead')"
PARTIAL = (
    ("ix_webhook_event_dead", "webhook_event", ["id"], "status = 'dead'"),
    ("ix_outbox_message_unsent", "outbox_message", ["lane", "status", "due_at"], UNSENT),
    (
        "ix_unanswered_question_open",
        "unanswered_question",
        ["asked_at"],
        "resolved_at IS NULL",
    ),
    ("ix_job_run_failed", "job_run", ["job", "started_at"], "error IS NOT NULL"),
)
WHOLE = (
    ("ix_webhook_event_oa_id_received_at", "webhook_event", ["oa_id", "received_at"]),
    ("ix_outbox_message_created_at", "outbox_message", ["created_at"]),
    ("ix_send_attempt_started_at", "send_attempt", ["started_at"]),
)
# A message has one key, whether the webhook brought it or the history.
OLD_KEYS = """
UPDATE webhook_event
SET event_key = 'message' || substr(event_key, length(event_name) + 1)
WHERE event_name LIKE 'user\\_send\\_%' ESCAPE '\\'
  AND event_name NOT LIKE 'user\\_send\\_group\\_%' ESCAPE '\\'
  AND substr(event_key, 1, length(event_name) + 1) = event_name || '|'
"""
NEW_KEYS = """
UPDATE webhook_event
SET event_key = event_name || substr(event_key, length('message') + 1)
WHERE substr(event_key, 1, length('message') + 1) = 'message|'
"""


def upgrade() -> None:
    for name, table, columns, where in PARTIAL:
        op.create_index(
            name, table, columns,
            sqlite_where=sa.text(where), postgresql_where=sa.text(where),
        )  # fmt: skip
    for name, table, columns in WHOLE:
        op.create_index(name, table, columns)
    op.add_column(
        "worker_beat", sa.Column("ticked_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "account_watch",
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comparing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comparing_offset", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usual_gaps", sa.JSON(), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("oa_id", name=op.f("pk_account_watch")),
    )
    op.execute(OLD_KEYS)


def downgrade() -> None:
    op.execute(NEW_KEYS)
    op.drop_table("account_watch")
    with op.batch_alter_table("worker_beat") as batch_op:
        batch_op.drop_column("ticked_at")
    for name, table, *_ in (*WHOLE, *PARTIAL):
        op.drop_index(name, table_name=table)
