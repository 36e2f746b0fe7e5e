"""Posts found on units' own pages and accounts, and how far these were read"""

import sqlalchemy as sa
from alembic import op

revision = "0010_found_items"
down_revision = "0009_media_and_review"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("plan_duty", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "credits_found", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
    op.create_table(
        "feed_state",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_feed_state")),
    )
    op.create_index(op.f("ix_feed_state_next_read_at"), "feed_state", ["next_read_at"])
    op.create_table(
        "found_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("canonical_url", sa.String(), nullable=True),
        sa.Column("text_sha256", sa.String(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("proof_id", sa.Integer(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["proof_id"], ["proof.id"], name=op.f("fk_found_item_proof_id_proof")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_found_item")),
        sa.UniqueConstraint("source_key", name=op.f("uq_found_item_source_key")),
    )
    op.create_index(
        "ix_found_item_unit_code_text_sha256",
        "found_item",
        ["unit_code", "channel", "text_sha256"],
    )
    op.create_index("ix_found_item_canonical_url", "found_item", ["canonical_url"])
    op.create_index("ix_found_item_origin", "found_item", ["origin", "published_on"])
    op.create_index("ix_found_item_proof_id", "found_item", ["proof_id"])
    op.create_index(
        "ix_found_item_untold",
        "found_item",
        ["first_seen_at"],
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("found_item")
    op.drop_table("feed_state")
    with op.batch_alter_table("plan_duty", schema=None) as batch_op:
        batch_op.drop_column("credits_found")
