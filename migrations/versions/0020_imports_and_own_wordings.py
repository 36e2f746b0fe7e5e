"""Sheets between their difference and their end; texts that an office words itself"""

import sqlalchemy as sa
from alembic import op

revision = "0020_imports_and_own_wordings"
down_revision = "0019_feedback_and_surveys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_import")),
    )
    op.create_index(
        op.f("ix_content_import_applied_at"), "content_import", ["applied_at"]
    )
    op.create_table(
        "own_wording",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("shipped", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_own_wording")),
    )


def downgrade() -> None:
    op.drop_table("own_wording")
    op.drop_index(op.f("ix_content_import_applied_at"), table_name="content_import")
    op.drop_table("content_import")
