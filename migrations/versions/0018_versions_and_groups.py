"""Versions of published articles, groups that accounts are in"""

import sqlalchemy as sa
from alembic import op

revision = "0018_versions_and_groups"
down_revision = "0017_pages_of_the_office"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    with op.batch_alter_table("oa_article") as batch_op:
        batch_op.add_column(
            sa.Column(
                "is_hidden", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
    with op.batch_alter_table("contact") as batch_op:
        batch_op.add_column(
            sa.Column(
                "is_group", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
    op.create_table(
        "article_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("oa_article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("cover_sha256", sa.String(), nullable=False),
        sa.Column("picture_sha256", sa.String(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("published_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["oa_article_id"],
            ["oa_article.id"],
            name=op.f("fk_article_version_oa_article_id_oa_article"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["official.id"],
            name=op.f("fk_article_version_owner_id_official"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"],
            ["official.id"],
            name=op.f("fk_article_version_approved_by_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_version")),
        sa.UniqueConstraint(
            "oa_article_id", "number", name=op.f("uq_article_version_oa_article_id_number")
        ),
    )
    for column in ("cover_sha256", "picture_sha256", "owner_id", "approved_by_id"):
        op.create_index(
            op.f(f"ix_article_version_{column}"), "article_version", [column]
        )
    op.create_table(
        "account_group",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("tied_by_id", sa.Integer(), nullable=True),
        sa.Column("tied_at", moment, nullable=True),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("left_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_account_group_contact_id_contact"),
        ),
        sa.ForeignKeyConstraint(
            ["tied_by_id"],
            ["official.id"],
            name=op.f("fk_account_group_tied_by_id_official"),
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_account_group")),
    )
    for column in ("oa_id", "unit_code", "tied_by_id"):
        op.create_index(op.f(f"ix_account_group_{column}"), "account_group", [column])
    _keep_what_is_out()


def _keep_what_is_out() -> None:
    """What was published before versions were kept is version 1."""
    connection = op.get_bind()
    article = sa.table(
        "oa_article",
        sa.column("id"),
        sa.column("title"),
        sa.column("description"),
        sa.column("body"),
        sa.column("points", sa.JSON()),
        sa.column("link"),
        sa.column("layout"),
        sa.column("palette"),
        sa.column("calendar_key"),
        sa.column("cover_sha256"),
        sa.column("picture_sha256"),
        sa.column("owner_id"),
        sa.column("approved_by_id"),
        sa.column("published_at", sa.DateTime(timezone=True)),
        sa.column("state"),
    )
    version = sa.table(
        "article_version",
        *(
            sa.column(name)
            for name in (
                "oa_article_id", "number", "cover_sha256", "picture_sha256", "owner_id",
                "approved_by_id",
            )
        ),
        sa.column("words", sa.JSON()),
        sa.column("is_hidden", sa.Boolean()),
        sa.column("published_at", sa.DateTime(timezone=True)),
    )  # fmt: skip
    out = connection.execute(
        sa.select(article).where(
            article.c.state.in_(("published", "removing")),
            article.c.published_at.is_not(None),
            article.c.picture_sha256.is_not(None),
            article.c.cover_sha256.is_not(None),
        )
    ).mappings()
    words = (
        "title", "description", "body", "points", "link", "layout", "palette",
        "calendar_key",
    )  # fmt: skip
    same = (
        "cover_sha256", "picture_sha256", "owner_id", "approved_by_id", "published_at",
    )  # fmt: skip
    rows = [
        {"oa_article_id": one["id"], "number": 1, "is_hidden": False}
        | {name: one[name] for name in same}
        | {"words": {name: one[name] for name in words}}
        for one in out
    ]
    if rows:
        connection.execute(version.insert(), rows)


def downgrade() -> None:
    op.drop_table("account_group")
    op.drop_table("article_version")
    with op.batch_alter_table("contact") as batch_op:
        batch_op.drop_column("is_group")
    with op.batch_alter_table("oa_article") as batch_op:
        batch_op.drop_column("is_hidden")
