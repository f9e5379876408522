"""Add the full-text index of the posts, and an index that counts the published comments of a post."""

from __future__ import annotations

import re
import string

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MARKUP = re.compile(r"^(?:```|~~~|\| ---).*$|\[!aside\]|\]\([^)]*\)|<[^>]*>|^#+ |[*`|[]", re.MULTILINE)
_PUNCTUATION = string.punctuation  # PostgreSQL would read words with some of these as a host, a path, a number or a tag


def upgrade() -> None:
    """Create the indexes and add the posts that exist to the first."""
    op.create_index("ix_comment_post_id_state", "comment", ["post_id", "state"])
    op.drop_index("ix_comment_post_id", "comment")
    if op.get_context().dialect.name == "postgresql":
        _create_for_postgresql()
    else:
        op.execute(
            "CREATE VIRTUAL TABLE post_search"
            " USING fts5(title, summary, text, tokenize = 'porter unicode61 remove_diacritics 2')"
        )
    _add_posts()


def downgrade() -> None:
    """Drop the indexes."""
    op.create_index("ix_comment_post_id", "comment", ["post_id"])
    op.drop_index("ix_comment_post_id_state", "comment")
    op.drop_table("post_search")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TEXT SEARCH CONFIGURATION journal")
        op.execute("DROP TEXT SEARCH DICTIONARY journal_stem")


def _create_for_postgresql() -> None:
    # The configuration "english" ignores words such as "not" and "who", which a reader may search for.
    op.execute("CREATE TEXT SEARCH DICTIONARY journal_stem (TEMPLATE = snowball, Language = english)")
    op.execute("CREATE TEXT SEARCH CONFIGURATION journal (COPY = english)")
    op.execute("ALTER TEXT SEARCH CONFIGURATION journal ALTER MAPPING REPLACE english_stem WITH journal_stem")
    quoted = _PUNCTUATION.replace("'", "''")
    spaces = " " * len(_PUNCTUATION)
    words = " || ".join(
        f"setweight(to_tsvector('journal', translate({column}, '{quoted}', '{spaces}')), '{weight}')"
        for column, weight in (("title", "A"), ("summary", "B"), ("text", "D"))
    )
    op.create_table(
        "post_search",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.dialects.postgresql.TSVECTOR(), sa.Computed(words, persisted=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_post_search_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name="pk_post_search"),
    )
    op.create_index("ix_post_search_words", "post_search", ["words"], postgresql_using="gin")


def _add_posts() -> None:
    connection = op.get_bind()
    key = "post_id" if connection.dialect.name == "postgresql" else "rowid"
    insert = sa.text(f"INSERT INTO post_search ({key}, title, summary, text) VALUES (:id, :title, :summary, :text)")  # noqa: S608
    for post in connection.execute(sa.text("SELECT id, title, summary, body FROM post")).all():
        plain = " ".join(_MARKUP.sub(" ", post.body).split())
        connection.execute(insert, {"id": post.id, "title": post.title, "summary": post.summary, "text": plain})
