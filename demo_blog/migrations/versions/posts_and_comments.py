"""Create the tables of posts and comments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("series", sa.String(200), nullable=True),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_post"),
        sa.UniqueConstraint("slug", name="uq_post_slug"),
        sa.UniqueConstraint("series", "part", name="uq_post_series_part"),
    )
    op.create_index("ix_post_date", "post", ["date"])
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(245), nullable=False),
        sa.Column("email", sa.String(100), nullable=False),
        sa.Column("url", sa.String(255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("author_key", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_comment_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_comment"),
    )
    op.create_index("ix_comment_post_id", "comment", ["post_id"])
    op.create_index("ix_comment_state", "comment", ["state"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("comment")
    op.drop_table("post")
