"""Media still to be fetched, who reviews a proof, what a proof replaces"""

import sqlalchemy as sa
from alembic import op

revision = "0009_media_and_review"
down_revision = "0008_checks_of_proofs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.add_column(sa.Column("media_url", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column("media_attempts", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("media_due_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("decided_from", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("review_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("review_until", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_proof_replaces_id_proof"), "proof", ["replaces_id"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_proof_review_by_id_official"),
            "official",
            ["review_by_id"],
            ["id"],
        )
        batch_op.create_index(
            "ix_proof_media_due",
            ["media_due_at"],
            sqlite_where=sa.text("media_due_at IS NOT NULL"),
            postgresql_where=sa.text("media_due_at IS NOT NULL"),
        )
        batch_op.create_index("ix_proof_sent_by_id", ["sent_by_id"])


def downgrade() -> None:
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.drop_index("ix_proof_sent_by_id")
        batch_op.drop_index(
            "ix_proof_media_due",
            sqlite_where=sa.text("media_due_at IS NOT NULL"),
            postgresql_where=sa.text("media_due_at IS NOT NULL"),
        )
        batch_op.drop_constraint(
            batch_op.f("fk_proof_review_by_id_official"), type_="foreignkey"
        )
        batch_op.drop_constraint(
            batch_op.f("fk_proof_replaces_id_proof"), type_="foreignkey"
        )
        batch_op.drop_column("review_until")
        batch_op.drop_column("review_by_id")
        batch_op.drop_column("decided_from")
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("media_due_at")
        batch_op.drop_column("media_attempts")
        batch_op.drop_column("media_url")
