"""Add the key of an owner's private feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Owners have no feed until they make an address for it."""
    with op.batch_alter_table("owner") as table:
        table.add_column(sa.Column("feed_key", sa.String(64), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("owner") as table:
        table.drop_column("feed_key")
