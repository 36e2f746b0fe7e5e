"""Duties that are counted as a ratio, and indexes to count with"""

import sqlalchemy as sa
from alembic import op

revision = "0007_ratio_duties"
down_revision = "0006_invitations_and_dialogs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("plan_duty", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("counting", sa.String(), nullable=False, server_default="items")
        )
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.drop_index("ix_proof_duty_id_period")
        batch_op.create_index(
            "ix_proof_cell", ["period", "duty_id", "unit_code", "channel"]
        )
        batch_op.create_index(
            "ix_proof_link_of_duty", ["duty_id", "canonical_url", "id"]
        )
        batch_op.create_index("ix_proof_file_of_duty", ["duty_id", "file_sha256", "id"])


def downgrade() -> None:
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.drop_index("ix_proof_file_of_duty")
        batch_op.drop_index("ix_proof_link_of_duty")
        batch_op.drop_index("ix_proof_cell")
        batch_op.create_index("ix_proof_duty_id_period", ["duty_id", "period"])
    with op.batch_alter_table("plan_duty", schema=None) as batch_op:
        batch_op.drop_column("counting")
