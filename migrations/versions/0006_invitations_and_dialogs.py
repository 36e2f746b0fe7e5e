"""Wrong invitation codes are counted, dialogs end by themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0006_invitations_and_dialogs"
down_revision = "0005_sender_shares"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("wrong_codes", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("wrong_code_at", sa.DateTime(timezone=True), nullable=True)
        )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("dialog_expires_at", sa.DateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_column("dialog_expires_at")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_column("wrong_code_at")
        batch_op.drop_column("wrong_codes")
