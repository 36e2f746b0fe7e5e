"""Who asked for a person, names added here, the history of content, what became of questions"""

import sqlalchemy as sa
from alembic import op

revision = "0017_pages_of_the_office"
down_revision = "0015_articles_and_own_reminders"
branch_labels = None
depends_on = None

OPEN = "done_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_handover_contact_id_contact"),
        ),
        sa.ForeignKeyConstraint(
            ["taken_by_id"],
            ["official.id"],
            name=op.f("fk_handover_taken_by_id_official"),
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"],
            ["official.id"],
            name=op.f("fk_handover_done_by_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_contact_id"), "handover", ["contact_id"])
    op.create_index("ix_handover_oa_id_asked_at", "handover", ["oa_id", "asked_at"])
    op.create_index(
        "uq_handover_open",
        "handover",
        ["contact_id"],
        unique=True,
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )
    op.create_table(
        "local_alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_alias")),
    )
    op.create_index("ix_local_alias_record", "local_alias", ["kind", "record_id"])
    op.create_table(
        "content_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_table", sa.String(), nullable=False),
        sa.Column("record_key", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_revision")),
    )
    op.create_index(
        "ix_content_revision_record",
        "content_revision",
        ["record_table", "record_key", "id"],
    )
    op.create_index("ix_content_revision_batch", "content_revision", ["batch"])
    with op.batch_alter_table("unanswered_question") as batch_op:
        batch_op.add_column(sa.Column("resolution", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("resolved_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("alias_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("unanswered_question") as batch_op:
        batch_op.drop_column("alias_id")
        batch_op.drop_column("resolved_by")
        batch_op.drop_column("resolution")
    op.drop_table("content_revision")
    op.drop_table("local_alias")
    op.drop_table("handover")
