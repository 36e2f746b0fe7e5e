"""Traces of what proofs show, and whom a check was told"""

import sqlalchemy as sa
from alembic import op

revision = "0008_checks_of_proofs"
down_revision = "0007_ratio_duties"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proof_trace",
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("proof_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proof_id"],
            ["proof.id"],
            name=op.f("fk_proof_trace_proof_id_proof"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("value", "proof_id", name=op.f("pk_proof_trace")),
    )
    op.create_index(
        op.f("ix_proof_trace_proof_id"), "proof_trace", ["proof_id"], unique=False
    )
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.create_index(
            "ix_proof_next_check_at",
            ["next_check_at"],
            unique=False,
            sqlite_where=sa.text("next_check_at IS NOT NULL"),
            postgresql_where=sa.text("next_check_at IS NOT NULL"),
        )
    with op.batch_alter_table("proof_check", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("told_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.create_index(
            "uq_proof_check_proof_id_number", ["proof_id", "number"], unique=True
        )
        batch_op.create_index(
            "ix_proof_check_untold",
            ["id"],
            unique=False,
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("proof_check", schema=None) as batch_op:
        batch_op.drop_index("ix_proof_check_untold")
        batch_op.drop_index("uq_proof_check_proof_id_number")
        batch_op.drop_column("told_at")
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.drop_index("ix_proof_next_check_at")
    op.drop_index(op.f("ix_proof_trace_proof_id"), table_name="proof_trace")
    op.drop_table("proof_trace")
