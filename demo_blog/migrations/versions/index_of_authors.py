"""Add an index of the authors of comments, in which the desk searches."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_comment_author_email", "comment", ["author", "email"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_comment_author_email", "comment")
