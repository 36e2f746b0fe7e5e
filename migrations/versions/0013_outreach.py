"""What a message is for; reminders and who is away; how an occurrence of a job ended"""

import sqlalchemy as sa
from alembic import op

revision = "0013_outreach"
down_revision = "0014_campaigns"
branch_labels = None
depends_on = None

USUAL = (("reminder", "duty_reminder"), ("campaign", "campaign"))


def upgrade() -> None:
    message_columns()
    reminders()
    job_columns()


def message_columns() -> None:
    for name, usual in (("kind", "reply"), ("topic", "")):
        column = sa.Column(name, sa.String(), nullable=False, server_default=usual)
        op.add_column("outbox_message", column)
    for lane, kind in USUAL:
        op.execute(f"UPDATE outbox_message SET kind = '{kind}' WHERE lane = '{lane}'")


def reminders() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=True),
        sa.Column("unit_code", sa.String(), nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("message_key", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["official_id"],
            ["official.id"],
            name=op.f("fk_reminder_official_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    somebody = sa.text("official_id IS NOT NULL")
    op.create_index(
        "uq_reminder_official_id_day_on", "reminder", ["official_id", "day_on"],
        unique=True, sqlite_where=somebody, postgresql_where=somebody,
    )  # fmt: skip
    planned = sa.text("state = 'planned'")
    op.create_index(
        "ix_reminder_planned_at", "reminder", ["planned_at"],
        sqlite_where=planned, postgresql_where=planned,
    )  # fmt: skip
    op.create_index("ix_reminder_day_on", "reminder", ["day_on"])
    op.create_index(
        "ix_reminder_unit_code_day_on", "reminder", ["unit_code", "day_on"]
    )
    op.create_index("ix_reminder_message_key", "reminder", ["message_key"])
    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=False),
        sa.Column("substitute_id", sa.Integer(), nullable=True),
        sa.Column("since_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["official_id"],
            ["official.id"],
            name=op.f("fk_absence_official_id_official"),
        ),
        sa.ForeignKeyConstraint(
            ["substitute_id"],
            ["official.id"],
            name=op.f("fk_absence_substitute_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_official_id"), "absence", ["official_id"])


def job_columns() -> None:
    for column in (
        sa.Column("state", sa.String(), nullable=False, server_default="done"),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="1"),
    ):
        op.add_column("job_run", column)
    op.execute("UPDATE job_run SET state = 'failed' WHERE error IS NOT NULL")
    op.create_index("ix_job_run_job_due_at", "job_run", ["job", "due_at"])


def downgrade() -> None:
    op.drop_index("ix_job_run_job_due_at", table_name="job_run")
    with op.batch_alter_table("job_run") as batch_op:
        for name in ("attempts", "lease_until", "due_at", "reason", "state"):
            batch_op.drop_column(name)
    op.drop_table("absence")
    op.drop_table("reminder")
    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.drop_column("topic")
        batch_op.drop_column("kind")
