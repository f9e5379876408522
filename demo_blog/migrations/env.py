"""Alembic's environment: it uses the database of the current application."""

from __future__ import annotations

from alembic import context

from demo_blog.database import Base, db, is_compared
from demo_blog.desk import models  # noqa: F401 - the tables register themselves


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
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:  # which copies a table to change it, and drops the old one
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            include_name=is_compared,
            transactional_ddl=True,
        )
        try:
            with context.begin_transaction():
                if is_sqlite:  # Python's driver doesn't begin a transaction for a statement that changes tables
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                context.run_migrations()
        finally:
            if is_sqlite:  # so that no request gets a connection that doesn't check foreign keys
                connection.invalidate()


run()
