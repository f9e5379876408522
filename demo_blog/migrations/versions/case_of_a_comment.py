"""Add the guard's id of a comment, which is needed to teach the guard about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Existing comments have no case id."""
    op.add_column("comment", sa.Column("case_id", sa.String(32), nullable=True))
    op.create_index("ix_comment_case_id", "comment", ["case_id"])


def downgrade() -> None:
    """Drop the column."""
    op.drop_index("ix_comment_case_id", "comment")
    with op.batch_alter_table("comment") as table:  # old SQLite versions can't drop a column
        table.drop_column("case_id")
