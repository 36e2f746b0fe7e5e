"""An index over accepted proofs whose page is gone"""

import sqlalchemy as sa
from alembic import op

revision = "0012_disappeared_proofs"
down_revision = "0016_dashboard"
branch_labels = None
depends_on = None

GONE = sa.text("reason = 'disappeared'")


def upgrade() -> None:
    op.create_index(
        "ix_proof_disappeared",
        "proof",
        ["reason"],
        sqlite_where=GONE,
        postgresql_where=GONE,
    )


def downgrade() -> None:
    op.drop_index("ix_proof_disappeared", table_name="proof")
