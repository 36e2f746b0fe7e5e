"""Permission links on their way, and who was told of an alarm"""

import sqlalchemy as sa
from alembic import op

revision = "0003_consent_and_notices"
down_revision = "0002_officials_and_duties"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state_sha256", sa.String(), nullable=False),
        sa.Column("verifier_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("oa_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_request")),
        sa.UniqueConstraint("state_sha256", name=op.f("uq_consent_request_state_sha256")),
    )
    op.create_table(
        "alarm_notice",
        sa.Column("alarm_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_key", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alarm_id"], ["alarm.id"], name=op.f("fk_alarm_notice_alarm_id_alarm")
        ),
        sa.PrimaryKeyConstraint(
            "alarm_id", "way", "recipient", name=op.f("pk_alarm_notice")
        ),
    )


def downgrade() -> None:
    op.drop_table("alarm_notice")
    op.drop_table("consent_request")
