"""What the judge stores works the same in every database: memory, judged comments, forms and the outbox."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from captcha_guard.database.database import Database
from captcha_guard.database.table import Kind, Table
from captcha_guard.errors import DatabaseUnavailableError
from captcha_guard.spam.history import History, Party
from captcha_guard.spam.memory.judged_comments import RETENTION, JudgedComment, JudgedComments
from captcha_guard.spam.memory.reputation import DAY, HISTORY_KEPT, Reputation
from captcha_guard.spam.services import sent_forms
from captcha_guard.spam.services.outbox import AGAIN, EXPIRES, FIRST, Job, Outbox, Task
from captcha_guard.spam.services.sent_forms import Label, SentForms
from captcha_guard.spam.services.service import Fault
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action

NOW = 1_700_000_000.0
COUNTED = Table("counted", {"number": Kind.WHOLE, "amount": Kind.WHOLE}, key=("number",))
SAID = Submission(
    scope="comment:one",
    author="Ada Quill",
    email="ada@mail.example",
    client="0123456789abcdef",
    body="Our shop has the very best lawn mowers of the whole county, at prices that none beats: https://mowers.example",
    posted_at=NOW,
)
FORM = {"user_ip": "203.0.113.9", "comment_content": "Grüße \ud800 \0"}
DOWN = Fault("akismet", "timeout", "akismet did not answer within 1.5 s.")


@pytest.fixture
def memory(database: Database) -> Reputation:
    return Reputation(database, secret=b"sixteen bytes ...")


@pytest.fixture
def judged_comments(database: Database) -> JudgedComments:
    return JudgedComments(database)


def judged_comment(memory: Reputation, number: int = 0, action: Action = Action.HOLD) -> JudgedComment:
    said = replace(SAID, body=f"{SAID.body} {number}", posted_at=NOW + number)
    trace = memory.trace(said)
    return JudgedComment(
        f"id{number}",
        ("w:lawn", "w:é"),
        30,
        action,
        NOW + number,
        trace,
        f"{number:032x}",
        None,
        0.25,
        (("links", 30),),
    )


def test_a_comment_is_remembered_compared_taught_and_forgotten(memory: Reputation) -> None:
    copy = replace(SAID, scope="comment:two", author="Bea", email="bea@mail.example", posted_at=NOW + 60)
    assert (memory.alike(copy), memory.history(Party.CLIENT, (SAID.client,))) == (0, History())
    memory.note(SAID, Action.ACCEPT)
    assert memory.alike(copy) == 1
    assert memory.alike(replace(copy, posted_at=NOW + DAY)) == 0
    for spam, past in ((True, History(0, 1)), (True, History(0, 1)), (False, History(1, 0))):
        assert memory.teach(SAID, spam=spam, now=NOW)
        assert memory.history(Party.CLIENT, (SAID.client,)) == past
        assert memory.history(Party.HOST, ("mowers.example", "other.example")) == past
    assert memory.forget(SAID, now=NOW)
    assert memory.forget(SAID, now=NOW) is False
    assert memory.history(Party.CLIENT, (SAID.client,)) == History()
    assert memory.alike(copy) == 0


def test_expired_rows_are_deleted_and_the_oldest_beyond_the_maximum(
    memory: Reputation, judged_comments: JudgedComments, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.note(SAID, Action.ACCEPT)
    for number in range(5):
        judged_comments.remember(judged_comment(memory, number))
    monkeypatch.setattr(RETENTION, "most", 3)
    assert judged_comments.sweep(NOW) == 2
    assert [judged_comments.find(f"id{number}") is not None for number in range(5)] == [False, False, True, True, True]
    assert judged_comments.sweep(NOW + 60 * DAY + 2) == 1
    assert memory.sweep(NOW + 2 * DAY) == 9
    assert memory.sweep(NOW + HISTORY_KEPT) == 3


def test_a_judged_comment_is_found_by_id_and_by_key_in_another_process(
    memory: Reputation, judged_comments: JudgedComments, opened: Callable[[], Database]
) -> None:
    judged = judged_comment(memory)
    judged_comments.remember(judged)
    judged_comments.remember(judged)
    with closing(opened()) as database:
        other = JudgedComments(database)
        assert other.find("id0") == other.find_latest(judged.comment_key) == judged
        other.decide(judged.comment_key, spam=True)
    decided = judged_comments.find("id0")
    assert decided is not None
    assert decided.spam is True


@pytest.mark.parametrize("name", ["", "unknown", "id0\0", "x" * 1000, "'; --", "é"])
def test_an_unknown_id_is_not_found(judged_comments: JudgedComments, memory: Reputation, name: str) -> None:
    judged_comments.remember(judged_comment(memory))
    assert judged_comments.find(name) is None
    assert judged_comments.find("id0") is not None


def test_only_one_caller_claims_an_overdue_comment(memory: Reputation, judged_comments: JudgedComments) -> None:
    judged_comments.remember(judged := judged_comment(memory, action=Action.ASIDE))
    judged_comments.remember(judged_comment(memory, 1))
    assert judged_comments.overdue(NOW + DAY) == [judged]
    assert [judged_comments.claim(judged), judged_comments.claim(judged)] == [True, False]
    judged_comments.reopen(judged)
    assert judged_comments.claim(judged)
    assert judged_comments.overdue(NOW + DAY) == []
    assert [judged_comments.forget(judged.comment_key), judged_comments.forget(judged.comment_key)] == [True, False]


def test_the_outbox_keeps_the_last_correction_and_tries_again(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    jobs: list[Job] = []

    def work(job: Job, _: float) -> Fault | None:
        jobs.append(job)
        return DOWN if len(jobs) == 1 else None

    outbox = Outbox(database, work)
    with database.writing() as access:
        for task in (Task.SPAM, Task.HAM, Task.CHECK):
            outbox.put(access, "akismet", task, "m1", FORM, now=NOW)
        assert outbox.holds(access, "akismet", Task.SPAM, "m1")
    assert [outbox.run(NOW), outbox.run(NOW + FIRST), outbox.run(NOW + FIRST + AGAIN)] == [0, 2, 0]
    assert [(job.task, job.tries, job.form) for job in jobs] == [("ham", 1, FORM), ("ham", 2, FORM), ("check", 1, FORM)]
    with database.writing() as access:
        outbox.put(access, "akismet", Task.SPAM, "m2", FORM, now=NOW)
    assert [outbox.expire(NOW + EXPIRES - 1), outbox.expire(NOW + EXPIRES)] == [0, 1]
    assert "tasks for services were deleted, because they are 7 days old or too many: 1" in caplog.text


def test_a_sent_form_is_found_relabelled_and_forgotten(database: Database) -> None:
    database.add_tables(sent_forms.TABLE)
    with database.writing() as access:
        sent = SentForms(access)
        for label in (Label.UNKNOWN, Label.HAM):
            sent.keep("akismet", "m1", FORM, label, now=NOW)
        sent.relabel("akismet", "m1", Label.SPAM)
        asked = sent.find("akismet", "m1", now=NOW)
        assert asked is not None
        assert (asked.form, asked.label) == (FORM, Label.SPAM)
        assert [sent.forget("m1"), sent.forget("m1")] == [1, 0]


def test_a_transaction_that_fails_writes_nothing(
    database: Database, memory: Reputation, judged_comments: JudgedComments
) -> None:
    def write() -> None:
        with database.writing() as access:
            judged_comments.store_step(judged_comment(memory))(access)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert judged_comments.find("id0") is None


def test_a_statement_that_fails_raises_an_error_that_names_the_database(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"can't be used: ") as caught, database.reading() as access:
        access.rows("SELECT nothing FROM nowhere")
    assert database.where in str(caught.value)
    assert database.read(lambda access: access.rows("SELECT nothing FROM nowhere")) is None
    assert database.read(lambda access: access.rows("SELECT 1"), insist=True) == [(1,)]


def test_tables_that_are_missing_after_a_restored_backup_are_created_again(database: Database) -> None:
    database.add_tables(COUNTED)
    with database.writing() as access:
        access.run(COUNTED.insert, (1, 2))
    with database.writing() as access:
        access.run("DROP TABLE counted")
    with suppress(DatabaseUnavailableError), database.reading() as access:  # finds out that the table is missing
        access.rows(COUNTED.select)
    with database.writing() as access:
        access.run(COUNTED.insert, (1, 3))
        assert access.rows(COUNTED.select) == [(1, 3)]


def test_a_transaction_of_the_same_thread_discards_what_was_read_ahead(database: Database, memory: Reputation) -> None:
    query = "SELECT said FROM judge_comments WHERE said > :least", (0,)
    with database.prefetching(lambda: [query]):
        assert database.read(lambda access: access.rows(*query)) == []
        assert memory.teach(SAID, spam=True, now=NOW)
        assert database.read(lambda access: access.rows(*query)) == [(3,)]


def test_a_query_outside_the_prefetched_ones_is_read(database: Database, memory: Reputation) -> None:
    assert memory.teach(SAID, spam=True, now=NOW)
    with database.prefetching(lambda: [("SELECT 1", ()), ("SELECT 2", ())]):
        assert database.read(lambda access: [access.rows(f"SELECT {number}") for number in (3, 1, 4)]) == [
            [(3,)],
            [(1,)],
            [(4,)],
        ]
