"""Several processes at once: bans, lists of words and records, in SQLite files and in PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.errors import ConfigError
from captcha_guard.replay.record import Found, Record
from captcha_guard.replay.records import Records
from captcha_guard.spam.code_demand import CodeState
from captcha_guard.spam.lists.stored_words import StoredWords
from captcha_guard.spam.memory.bans import Bans
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action
from tests.integration.test_learning_processes import PATIENCE, Opened, opened, path
from tests.processes import fresh_processes, in_processes

__all__ = ["opened", "path"]

PROCESSES = 4
RECORDS = 60
SECRET = b"sixteen bytes ..."
NOW = 1_800_000_000.0


def work(opened: Opened, path: Path, number: int, start: Barrier) -> tuple[bool, int, bool]:
    """Save a list, ban a client and record submissions. Returns whether the list was saved, and what is seen after."""
    with closing(opened(path)) as database:
        words, bans, writer = StoredWords(database, fields=["body"]), Bans(database), BackgroundWriter(database)
        records = Records(database, writer, secret=SECRET)
        words.entries("moderated")
        start.wait(PATIENCE)
        try:
            words.save("moderated", [f"word{number}"], expected=())
            saved = True
        except ConfigError:
            saved = False
        bans.ban(f"{number:032x}", seconds=3_600)
        for turn in range(RECORDS):
            records.add(record(number, turn))
            if turn % 20 == 0:
                writer.write(insist=True)
        written = writer.write(insist=True)
        start.wait(PATIENCE)
        seen = sum(bans.find(f"{other:032x}") is not None for other in range(PROCESSES))
        found = words.current("moderated").find(Submission(scope="x", body=" ".join(f"word{n}" for n in range(9))))
        writer.stop()
        return saved, seen, written and found is not None


def record(process: int, turn: int) -> Record:
    findings = (Found("links", 30, Action.HOLD),)
    code = CodeState("always", moderated=True, solved=True)
    name = f"id{process}-{turn}"
    return Record(
        NOW + turn, name, "a" * 32, (), b"12345678", f"{turn:032x}", Action.HOLD, None, findings, "", code, counted=True
    )


def test_processes_share_bans_lists_and_records_and_lose_none(opened: Opened, path: Path) -> None:
    context = fresh_processes()
    start = context.Barrier(PROCESSES)
    results = in_processes(context, work, [(opened, path, number, start) for number in range(PROCESSES)])
    assert sum(saved for saved, _, _ in results) == 1
    assert {seen for _, seen, _ in results} == {PROCESSES}
    assert all(complete for _, _, complete in results)
    with closing(opened(path)) as database:
        records = Records(database, BackgroundWriter(database), secret=SECRET)
        found = list(records.read(NOW, NOW + RECORDS))
        assert len({name for _, name, *_ in found}) == len(found) == PROCESSES * RECORDS
        assert [at for at, *_ in found] == sorted(at for at, *_ in found)
