"""Queues by account, a pace for all workers, paid budgets, uploads"""

import sqlalchemy as sa
from alembic import op

revision = "0005_sender_shares"
down_revision = "0003_consent_and_notices"
branch_labels = None
depends_on = None

OPEN = sa.text("status IN ('waiting', 'sending')")
WAITING = sa.text("status = 'waiting'")
SENDING = sa.text("status = 'sending'")


def upgrade() -> None:
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("calls_per_minute", sa.Integer(), nullable=True))
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("paid_vnd", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("paid_month", sa.String(), nullable=True))
        batch_op.drop_index("ix_outbox_message_open")
        batch_op.create_index(
            "ix_outbox_message_queue",
            ["oa_id", "lane_rank", "due_at", "id"],
            unique=False,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        )
        batch_op.create_index(
            "ix_outbox_message_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=SENDING,
            postgresql_where=SENDING,
        )
    op.create_table(
        "pace_budget",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=True),
        sa.Column("spoken_for_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("only_replies_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pace_budget")),
    )
    op.create_table(
        "paid_budget",
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("monthly_vnd", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("oa_id", "lane", name=op.f("pk_paid_budget")),
    )
    op.create_table(
        "paid_spending",
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("reserved_vnd", sa.Integer(), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("oa_id", "lane", "month", name=op.f("pk_paid_spending")),
    )
    op.create_table(
        "uploaded_asset",
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint(
            "oa_id", "digest", "name", name=op.f("pk_uploaded_asset")
        ),
    )


def downgrade() -> None:
    for table in ("uploaded_asset", "paid_spending", "paid_budget", "pace_budget"):
        op.drop_table(table)
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_message_lease")
        batch_op.drop_index("ix_outbox_message_queue")
        batch_op.create_index(
            "ix_outbox_message_open",
            ["lane_rank", "due_at", "id"],
            unique=False,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        )
        batch_op.drop_column("paid_month")
        batch_op.drop_column("paid_vnd")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_column("calls_per_minute")
