"""What people report to their commune, and what they are asked: surveys and contests"""

import sqlalchemy as sa
from alembic import op

revision = "0019_feedback_and_surveys"
down_revision = "0018_versions_and_groups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("oa_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("unit_code", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("picture_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("picture_attempts", sa.Integer(), nullable=False),
        sa.Column("picture_sha256", sa.String(), nullable=True),
        sa.Column("picture_problem", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_feedback_contact_id_contact")
        ),
        sa.ForeignKeyConstraint(
            ["taken_by_id"],
            ["official.id"],
            name=op.f("fk_feedback_taken_by_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    with op.batch_alter_table("feedback") as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_contact_id"), ["contact_id"])
        batch_op.create_index(
            "ix_feedback_open",
            ["unit_code", "created_at"],
            sqlite_where=sa.text("state IN ('received', 'taken')"),
            postgresql_where=sa.text("state IN ('received', 'taken')"),
        )
        batch_op.create_index(
            "ix_feedback_picture_due_at",
            ["picture_due_at"],
            sqlite_where=sa.text("picture_due_at IS NOT NULL"),
            postgresql_where=sa.text("picture_due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_feedback_unit_code_created_at", ["unit_code", "created_at"]
        )

    op.create_table(
        "survey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.Column("thanks", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("guesses_count", sa.Boolean(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["official.id"], name=op.f("fk_survey_owner_id_official")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
    )
    with op.batch_alter_table("survey") as batch_op:
        batch_op.create_index(batch_op.f("ix_survey_owner_id"), ["owner_id"])
        batch_op.create_index("ix_survey_unit_code_state", ["unit_code", "state"])

    op.create_table(
        "feedback_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feedback_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=True),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_feedback_entry_contact_id_contact"),
        ),
        sa.ForeignKeyConstraint(
            ["feedback_id"],
            ["feedback.id"],
            name=op.f("fk_feedback_entry_feedback_id_feedback"),
        ),
        sa.ForeignKeyConstraint(
            ["official_id"],
            ["official.id"],
            name=op.f("fk_feedback_entry_official_id_official"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_entry")),
    )
    with op.batch_alter_table("feedback_entry") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_feedback_entry_contact_id"), ["contact_id"]
        )
        batch_op.create_index(
            batch_op.f("ix_feedback_entry_feedback_id"), ["feedback_id"]
        )
        batch_op.create_index(
            batch_op.f("ix_feedback_entry_official_id"), ["official_id"]
        )

    op.create_table(
        "survey_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("guess", sa.Integer(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_survey_sheet_contact_id_contact"),
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.id"], name=op.f("fk_survey_sheet_survey_id_survey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_sheet")),
    )
    with op.batch_alter_table("survey_sheet") as batch_op:
        batch_op.create_index(batch_op.f("ix_survey_sheet_contact_id"), ["contact_id"])
        batch_op.create_index(
            "ix_survey_sheet_survey_id_finished_at", ["survey_id", "finished_at"]
        )
        batch_op.create_index(
            "uq_survey_sheet_survey_id_contact_id_attempt",
            ["survey_id", "contact_id", "attempt"],
            unique=True,
        )


def downgrade() -> None:
    op.drop_table("survey_sheet")
    op.drop_table("feedback_entry")
    op.drop_table("survey")
    op.drop_table("feedback")
