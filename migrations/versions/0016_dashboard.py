"""Login links and sessions of the dashboard"""

import sqlalchemy as sa
from alembic import op

revision = "0016_dashboard"
down_revision = "0013_outreach"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["official_id"],
            ["official.id"],
            name=op.f("fk_login_link_official_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_link")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_login_link_token_sha256")),
    )
    op.create_index(op.f("ix_login_link_official_id"), "login_link", ["official_id"])
    op.create_table(
        "dashboard_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_sha256", sa.String(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["official_id"],
            ["official.id"],
            name=op.f("fk_dashboard_session_official_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dashboard_session")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_dashboard_session_key_sha256")),
    )
    op.create_index(
        op.f("ix_dashboard_session_official_id"), "dashboard_session", ["official_id"]
    )


def downgrade() -> None:
    op.drop_table("dashboard_session")
    op.drop_table("login_link")
