"""Add threads, numbers and findings of comments, tags and old addresses of posts, and the tables of the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, time

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FINDING = re.compile(r"(?P<reason>[\w.-]{1,64}) \((?P<score>\d+)\): (?P<sentence>.*)")

_COMMENT = sa.table(
    "comment",
    sa.column("id", sa.Integer),
    sa.column("post_id", sa.Integer),
    sa.column("number", sa.Integer),
    sa.column("state", sa.String),
    sa.column("findings", sa.Text),
)
_POST = sa.table("post", sa.column("id", sa.Integer), sa.column("last_number", sa.Integer))


def _set_modified() -> None:
    """Give every post the time at which its day began. It isn't known whether it was changed later."""
    posts = sa.table("post", sa.column("id"), sa.column("date", sa.Date), sa.column("modified", sa.DateTime))
    connection = op.get_bind()
    for post, day in connection.execute(sa.select(posts.c.id, posts.c.date)).all():
        begins = datetime.combine(day, time.min)
        connection.execute(sa.update(posts).where(posts.c.id == post).values(modified=begins))


def upgrade() -> None:
    """Add the columns and tables. The findings move to a table of their own, and published comments get numbers."""
    with op.batch_alter_table("post") as table:
        table.add_column(sa.Column("format", sa.String(16), nullable=False, server_default="markdown"))
        table.add_column(sa.Column("draft", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("closed", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("modified", sa.DateTime(), nullable=True))
        table.add_column(sa.Column("last_number", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("imported_from", sa.String(255), nullable=True))
        table.create_unique_constraint("uq_post_imported_from", ["imported_from"])
    _set_modified()
    with op.batch_alter_table("post") as table:
        table.alter_column("modified", existing_type=sa.DateTime(), nullable=False)
    with op.batch_alter_table("comment") as table:
        table.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("number", sa.Integer(), nullable=True))
        table.add_column(sa.Column("format", sa.String(16), nullable=False, server_default="markdown"))
        table.add_column(sa.Column("edited", sa.DateTime(), nullable=True))
        table.add_column(sa.Column("decided", sa.DateTime(), nullable=True))
        table.add_column(sa.Column("action", sa.String(16), nullable=False, server_default="accept"))
        table.add_column(sa.Column("score", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("client", sa.String(64), nullable=False, server_default=""))
        table.add_column(sa.Column("noticed", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("imported_from", sa.String(255), nullable=True))
        table.create_foreign_key("fk_comment_parent_id", "comment", ["parent_id"], ["id"], ondelete="SET NULL")
        table.create_unique_constraint("uq_comment_post_id_number", ["post_id", "number"])
        table.create_unique_constraint("uq_comment_imported_from", ["imported_from"])
        table.drop_index("ix_comment_state")
    op.create_index("ix_comment_parent_id", "comment", ["parent_id"])
    op.create_index("ix_comment_client", "comment", ["client"])
    op.create_index("ix_comment_state_created", "comment", ["state", "created", "id"])
    op.create_index("ix_comment_created", "comment", ["created", "id"])
    _create_tables()
    _move_findings_to_table()
    _number_published_comments()
    with op.batch_alter_table("comment") as table:
        table.drop_column("findings")


def downgrade() -> None:
    """Write the findings back into a column, then drop the new columns and tables."""
    with op.batch_alter_table("comment") as table:
        table.add_column(sa.Column("findings", sa.Text(), nullable=False, server_default=""))
    _move_findings_to_column()
    for name in (
        "digest",
        "decision",
        "log_in_link",
        "owner",
        "comment_domain",
        "comment_finding",
        "old_slug",
        "tag",
    ):
        op.drop_table(name)
    op.drop_index("ix_comment_created", "comment")
    op.drop_index("ix_comment_state_created", "comment")
    op.drop_index("ix_comment_client", "comment")
    op.drop_index("ix_comment_parent_id", "comment")
    with op.batch_alter_table("comment") as table:
        table.drop_constraint("uq_comment_imported_from", type_="unique")
        table.drop_constraint("uq_comment_post_id_number", type_="unique")
        table.drop_constraint("fk_comment_parent_id", type_="foreignkey")
        for column in (
            "parent_id",
            "number",
            "format",
            "edited",
            "decided",
            "action",
            "score",
            "client",
            "noticed",
            "imported_from",
        ):
            table.drop_column(column)
        table.create_index("ix_comment_state", ["state"])
    with op.batch_alter_table("post") as table:
        table.drop_constraint("uq_post_imported_from", type_="unique")
        for column in ("format", "draft", "closed", "modified", "last_number", "imported_from"):
            table.drop_column(column)


def _create_tables() -> None:
    op.create_table(
        "tag",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_tag_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "name", name="pk_tag"),
    )
    op.create_index("ix_tag_name", "tag", ["name"])
    op.create_table(
        "old_slug",
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_old_slug_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("slug", name="pk_old_slug"),
    )
    op.create_index("ix_old_slug_post_id", "old_slug", ["post_id"])
    op.create_table(
        "comment_finding",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name="fk_comment_finding_comment_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "position", name="pk_comment_finding"),
    )
    op.create_index("ix_comment_finding_reason", "comment_finding", ["reason"])
    op.create_table(
        "comment_domain",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("domain", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name="fk_comment_domain_comment_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", "domain", name="pk_comment_domain"),
    )
    op.create_index("ix_comment_domain_domain", "comment_domain", ["domain"])
    op.create_table(
        "owner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("session_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_owner"),
        sa.UniqueConstraint("name", name="uq_owner_name"),
        sa.UniqueConstraint("session_key", name="uq_owner_session_key"),
    )
    op.create_table(
        "log_in_link",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_log_in_link_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name="pk_log_in_link"),
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.Column("was", sa.String(16), nullable=False),
        sa.Column("became", sa.String(16), nullable=False),
        sa.Column("undone", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_decision_comment_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_decision_owner_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    for column in ("batch", "comment_id", "made"):
        op.create_index(f"ix_decision_{column}", "decision", [column])
    op.create_table(
        "digest",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sent", sa.DateTime(), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_digest"),
    )
    op.create_index("ix_digest_sent", "digest", ["sent"])


def _finding_table() -> sa.TableClause:
    return sa.table(
        "comment_finding",
        sa.column("comment_id", sa.Integer),
        sa.column("position", sa.Integer),
        sa.column("reason", sa.String),
        sa.column("score", sa.Integer),
        sa.column("sentence", sa.Text),
    )


def _move_findings_to_table() -> None:
    connection = op.get_bind()
    for comment_id, findings in connection.execute(sa.select(_COMMENT.c.id, _COMMENT.c.findings)).all():
        for row in _findings_of(comment_id, findings):
            connection.execute(sa.insert(_finding_table()).values(**row))


def _findings_of(comment_id: int, findings: str) -> Iterator[dict[str, object]]:
    for position, line in enumerate(findings.splitlines()):
        parsed = _FINDING.fullmatch(line)
        found = parsed.groupdict() if parsed else {"reason": "unknown", "score": "0", "sentence": line}
        yield {"comment_id": comment_id, "position": position, **found, "score": int(found["score"])}


def _move_findings_to_column() -> None:
    connection, table = op.get_bind(), _finding_table()
    lines: dict[int, list[str]] = {}
    for found in connection.execute(sa.select(table).order_by(table.c.comment_id, table.c.position)):
        lines.setdefault(found.comment_id, []).append(f"{found.reason} ({found.score}): {found.sentence}")
    for comment_id, findings in lines.items():
        changed = sa.update(_COMMENT).where(_COMMENT.c.id == comment_id)
        connection.execute(changed.values(findings="\n".join(findings)))


def _number_published_comments() -> None:
    connection = op.get_bind()
    published = sa.select(_COMMENT.c.id, _COMMENT.c.post_id).where(_COMMENT.c.state == "published")
    numbers: dict[int, int] = {}
    for comment_id, post_id in connection.execute(published.order_by(_COMMENT.c.id)).all():
        numbers[post_id] = numbers.get(post_id, 0) + 1
        connection.execute(sa.update(_COMMENT).where(_COMMENT.c.id == comment_id).values(number=numbers[post_id]))
    for post_id, last in numbers.items():
        connection.execute(sa.update(_POST).where(_POST.c.id == post_id).values(last_number=last))
