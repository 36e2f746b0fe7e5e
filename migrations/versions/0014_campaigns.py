"""Campaigns, their lists and broadcasts; which campaign a message is of; tags"""

import sqlalchemy as sa
from alembic import op

revision = "0014_campaigns"
down_revision = "0011_watching"
branch_labels = None
depends_on = None

OF_CAMPAIGN = sa.text("campaign_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("asset", sa.JSON(), nullable=True),
        sa.Column("article_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column("when_closed", sa.String(), nullable=False),
        sa.Column("useful_hours", sa.Integer(), nullable=False),
        sa.Column("spread_minutes", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("repeat", sa.String(), nullable=False),
        sa.Column("repeat_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id <> owner_id OR is_emergency",
            name=op.f("ck_campaign_second_person"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["official.id"], name=op.f("fk_campaign_owner_id_official")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"],
            ["official.id"],
            name=op.f("fk_campaign_approved_by_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index("ix_campaign_state_starts_at", "campaign", ["state", "starts_at"])
    op.create_index(op.f("ix_campaign_owner_id"), "campaign", ["owner_id"])
    op.create_index(op.f("ix_campaign_approved_by_id"), "campaign", ["approved_by_id"])
    op.create_table(
        "campaign_run",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listed_to", sa.Integer(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("list_sha256", sa.String(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("price_vnd", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fed_to", sa.Integer(), nullable=False),
        sa.Column("fed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fates", sa.JSON(), nullable=False),
        sa.Column("sent_sha256", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_run_campaign_id_campaign"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", "run", name=op.f("pk_campaign_run")),
    )
    op.create_table(
        "campaign_recipient",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("fate", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_campaign_recipient_contact_id_contact"),
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "run", "contact_id", name=op.f("pk_campaign_recipient")
        ),
    )
    op.create_index(
        op.f("ix_campaign_recipient_contact_id"), "campaign_recipient", ["contact_id"]
    )
    op.create_table(
        "campaign_broadcast",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zalo_message_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_broadcast_campaign_id_campaign"),
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "run", "oa_id", name=op.f("pk_campaign_broadcast")
        ),
    )
    op.create_table(
        "contact_tag",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_contact_tag_contact_id_contact"),
        ),
        sa.PrimaryKeyConstraint("contact_id", "tag", name=op.f("pk_contact_tag")),
    )
    op.create_index("ix_contact_tag_tag", "contact_tag", ["tag", "contact_id"])
    op.add_column(
        "outbox_message", sa.Column("campaign_id", sa.Integer(), nullable=True)
    )
    op.add_column(
        "outbox_message", sa.Column("campaign_run", sa.Integer(), nullable=True)
    )
    op.create_index(
        "ix_outbox_message_campaign",
        "outbox_message",
        ["campaign_id", "campaign_run", "status"],
        sqlite_where=OF_CAMPAIGN,
        postgresql_where=OF_CAMPAIGN,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_message_campaign", table_name="outbox_message")
    with op.batch_alter_table("outbox_message") as batch_op:
        batch_op.drop_column("campaign_run")
        batch_op.drop_column("campaign_id")
    for table in (
        "contact_tag",
        "campaign_broadcast",
        "campaign_recipient",
        "campaign_run",
        "campaign",
    ):
        op.drop_table(table)
