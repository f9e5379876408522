"""Upgrades the data of earlier versions: moves it into the configured database, and deletes old tables.

Before ``CAPTCHA_GUARD_DATABASE_URI``, each host had one file for everything but the filter. A site that configures no
database keeps using this file. A later release will drop this module.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ..database.database import Access, Database
from ..database.table import Kind, Table
from .filter.retraining import import_decisions
from .filter.rows import Model, read_decision
from .filter.training import LabelledComment, labelled_comment
from .filter.word_store import SIDE_TABLES, Transaction
from .filter.word_store import TABLES as FILTER
from .lists import stored_words
from .memory import bans, judged_comments
from .memory.tables import COMMENTS, HISTORY
from .services import outbox, sent_forms

_MOVED: Final = Table("judge_moved", {"file": Kind.KEY}, key=("file",))
_FILES_NAME: Final = (
    "CREATE TABLE IF NOT EXISTS judge_moved (file TEXT PRIMARY KEY)",
    "SELECT file FROM judge_moved",
    "INSERT INTO judge_moved VALUES (?)",
)
_ADD_HISTORY: Final = (
    f"{HISTORY.insert} ON CONFLICT (party) DO UPDATE SET ham = judge_history.ham + excluded.ham, "
    "spam = judge_history.spam + excluded.spam, "
    "expires = CASE WHEN judge_history.expires > excluded.expires THEN judge_history.expires ELSE excluded.expires END"
)
#: The statement that adds a row to each table. A row with the same key may exist.
_ADD: Final = {
    HISTORY: _ADD_HISTORY,
    COMMENTS: COMMENTS.upsert("expires"),
    judged_comments.TABLE: judged_comments.TABLE.upsert(),
    sent_forms.TABLE: sent_forms.TABLE.upsert("expires"),
    bans.TABLE: bans.TABLE.upsert(),
    stored_words.TABLE: f"{stored_words.TABLE.insert} ON CONFLICT (name) DO NOTHING",
}
_WAITING: Final = "SELECT 1 FROM service_outbox WHERE service = :service AND kind = :kind AND mark = :mark"
_ADD_WAITING: Final = (
    "INSERT INTO service_outbox (service, kind, task, mark, form, born, due, tries, taken_until) "
    "VALUES (:service, :kind, :task, :mark, :form, :born, :due, :tries, 0)"
)
_WRITE_MODEL: Final = (
    "UPDATE learning_model SET version = :version, revision = revision + :revision, ham = :ham, spam = :spam, "
    "tokens = :tokens, decisions = :decisions WHERE id = 1"
)
_TABLES: Final = (*_ADD, outbox.TABLE, *FILTER)
#: Tables that earlier versions used for sketches, with an index more. A sketch is kept for a day, so they are deleted.
_DELETED: Final = ("judge_shingles", "judge_sketches")

logger = logging.getLogger("captcha_guard")


def delete_old_tables(database: Database) -> None:
    """Have the tables deleted that the present format doesn't use, when ``database`` is used next."""
    database.drop_tables(*_DELETED)


def move_into(database: Database, file: Path, *, more: Mapping[Table, str] = MappingProxyType({})) -> None:
    """Add the judge's data in ``file`` to ``database``, once, and delete it from the file.

    The counts of several hosts are added up. If both filters have learned decisions, all of them are learned again. If
    only the old one has, it is copied. After an interruption, the next call continues without losing or counting
    anything twice. A file that can't be used is logged and left unchanged.

    :param more: further tables to move, each with the statement that adds one of its rows.
    :raises DatabaseUnavailableError: the database can't be used.
    """
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=5.0, isolation_level=None)) as old:
            _move(database, old, file, more)
    except sqlite3.Error:
        logger.exception("captcha_guard: the judge's data in %s could not be moved", file)


def _move(database: Database, old: sqlite3.Connection, file: Path, more: Mapping[Table, str]) -> None:
    there = {name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = [table for table in (*_TABLES, *more) if table.name in there]
    if not tables:
        return
    database.add_tables(*_TABLES, *SIDE_TABLES, *more, _MOVED)
    name = _name_of(old)
    with database.writing() as access:
        if not access.rows("SELECT file FROM judge_moved WHERE file = :file", (name,)):
            _copy(access, old, tables, {**_ADD, **more})
            access.run(_MOVED.insert, (name,))
    old.execute("BEGIN IMMEDIATE")
    for name in (*(table.name for table in tables), *_DELETED):
        old.execute(f"DROP TABLE IF EXISTS {name}")
    old.execute("COMMIT")
    logger.warning("captcha_guard: the judge's data in %s was moved to %s", file, database.where)


def _name_of(old: sqlite3.Connection) -> str:
    """Return the random name of the file. The database stores the names of the files that it has imported."""
    create, read, write = _FILES_NAME
    old.execute("BEGIN IMMEDIATE")
    old.execute(create)
    if not old.execute(read).fetchone():
        old.execute(write, (secrets.token_hex(16),))
    old.execute("COMMIT")
    return str(old.execute(read).fetchone()[0])


def _copy(access: Access, old: sqlite3.Connection, tables: Sequence[Table], statements: Mapping[Table, str]) -> None:
    for table in tables:
        if table in statements:
            access.change(statements[table], old.execute(table.select).fetchall())
    if outbox.TABLE in tables:
        for row in old.execute(
            "SELECT service, kind, task, mark, form, born, due, tries FROM service_outbox"
        ).fetchall():
            if not access.rows(_WAITING, (row[0], row[1], row[3])):
                access.run(_ADD_WAITING, row)
    if set(FILTER) <= set(tables):
        _copy_filter(access, old)


def _copy_filter(access: Access, old: sqlite3.Connection) -> None:
    model_table, tokens, decisions = FILTER
    for _, *counts in old.execute(model_table.select).fetchall():
        model = Model.read(counts)
        if not model.last_decision:
            return
        transaction = Transaction.begin(access)
        if transaction.model.last_decision:
            import_decisions(transaction, _labelled_comments(old, decisions))
            transaction.end()
            return
        access.run("DELETE FROM learning_tokens")
        access.change(tokens.insert, old.execute(tokens.select).fetchall())
        access.change(decisions.insert, old.execute(decisions.select).fetchall())
        access.run(_WRITE_MODEL, (counts[0], model.revision, *model.row[1:]))


def _labelled_comments(old: sqlite3.Connection, decisions: Table) -> list[LabelledComment]:
    names = dict(old.execute("SELECT id, token FROM learning_tokens").fetchall())
    return [labelled_comment(one, names) for one in map(read_decision, old.execute(decisions.select).fetchall())]
