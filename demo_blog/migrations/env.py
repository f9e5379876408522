"""Alembic's environment: it uses the database of the current application."""

from __future__ import annotations

from alembic import context

from demo_blog import models  # noqa: F401 - the tables register themselves
from demo_blog.database import Base, db


def run() -> None:
    """Run the requested migrations in one transaction."""
    if context.is_offline_mode():
        context.configure(
            url=db.engine.url.render_as_string(hide_password=False), target_metadata=Base.metadata, literal_binds=True
        )
        with context.begin_transaction():
            context.run_migrations()
        return
    with db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


run()
