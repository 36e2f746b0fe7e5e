"""Articles on their way to an account, reminders people set for themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0015_articles_and_own_reminders"
down_revision = "0012_disappeared_proofs"
branch_labels = None
depends_on = None

DUE = "due_at IS NOT NULL"
WAITING = "done_at IS NULL"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "oa_article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("palette", sa.String(), nullable=False),
        sa.Column("calendar_key", sa.String(), nullable=True),
        sa.Column("cover_sha256", sa.String(), nullable=True),
        sa.Column("picture_sha256", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("submitted_at", moment, nullable=True),
        sa.Column("approved_at", moment, nullable=True),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("call_began_at", moment, nullable=True),
        sa.Column("job_token", sa.String(), nullable=True),
        sa.Column("article_id", sa.String(), nullable=True),
        sa.Column("article_link", sa.String(), nullable=True),
        sa.Column("published_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["official.id"], name=op.f("fk_oa_article_owner_id_official")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"],
            ["official.id"],
            name=op.f("fk_oa_article_approved_by_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oa_article")),
    )
    op.create_index("ix_oa_article_unit_code", "oa_article", ["unit_code", "id"])
    for column in ("cover_sha256", "picture_sha256", "owner_id", "approved_by_id"):
        op.create_index(op.f(f"ix_oa_article_{column}"), "oa_article", [column])
    _partial("ix_oa_article_due", "oa_article", "due_at", DUE)
    op.create_table(
        "own_reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("done_at", moment, nullable=True),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_own_reminder_contact_id_contact")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_reminder")),
    )
    op.create_index("ix_own_reminder_contact_id", "own_reminder", ["contact_id", "at"])
    _partial("ix_own_reminder_waiting", "own_reminder", "at", WAITING)


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(
        name, table, [column],
        sqlite_where=sa.text(where), postgresql_where=sa.text(where),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("own_reminder")
    op.drop_table("oa_article")
