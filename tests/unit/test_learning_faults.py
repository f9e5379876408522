"""While its database can't be used, the filter abstains and logs that once, and no request fails."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Engine, MetaData
from sqlalchemy.exc import OperationalError

from captcha_guard.database.alchemy import AlchemyDatabase
from captcha_guard.database.connections import Connections
from captcha_guard.database.opening import open_database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.errors import ConfigError, DatabaseUnavailableError
from captcha_guard.health import FAULTS, REST
from captcha_guard.spam.filter import features, retraining, training
from captcha_guard.spam.filter import learner as learning
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.filter.stats import ENOUGH
from captcha_guard.spam.submission import Submission

ASKED = Submission(scope="post", body="cheap pills")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "learned.sqlite3"


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def learner(path: Path, now: list[float]) -> Iterator[Learner]:
    with closing(Learner(SQLiteDatabase(path, timeout=0.01, clock=lambda: now[0]))) as learner:
        for number in range(ENOUGH):
            for spam, body in ((True, "cheap pills"), (False, "kind words")):
                assert learner.teach(
                    Submission(scope="post", body=body), spam=spam, rules_score=0, key=f"{spam}{number}"
                )
        yield learner


def assert_it_abstains(learner: Learner, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    for _ in range(3):
        assert learner.score(ASKED, 50) is None
        assert learner.explain(ASKED, 50) == ()
        assert not learner.teach(ASKED, spam=True, rules_score=50, key="new")
        assert not learner.forget("True0")
    [told] = [record for record in caplog.records if record.name == "captcha_guard"]
    assert told.levelno == logging.WARNING
    assert "learning filter abstains" in told.getMessage()
    with pytest.raises(DatabaseUnavailableError):
        learner.retrain()


def test_a_locked_file(learner: Learner, path: Path, now: list[float], caplog: pytest.LogCaptureFixture) -> None:
    learner.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert_it_abstains(learner, caplog)
        other.execute("ROLLBACK")
    now[0] += REST / 2
    assert learner.score(ASKED, 50) is None
    assert learner.teach(ASKED, spam=True, rules_score=50, key="new")  # a moderator's decision is always tried
    assert caplog.messages[-1] == f"The judge's database {path} answers again, after 1.0 s."
    assert learner.score(ASKED, 50) is not None


def test_a_database_that_hangs_delays_two_requests_and_one_after_each_pause(path: Path, now: list[float]) -> None:
    class Hanging(SQLiteDatabase):
        asked = 0

        def reading(self) -> NoReturn:
            self.asked += 1
            raise DatabaseUnavailableError("no answer")

    database = Hanging(path, clock=lambda: now[0])
    learner = Learner(database)
    for rest, asked in ((0.0, FAULTS), (REST - 0.1, FAULTS), (0.1, FAULTS + 1), (REST, FAULTS + 2)):
        now[0] += rest
        assert [learner.score(ASKED, 50) for _ in range(5)] == [None] * 5
        assert database.asked == asked


@pytest.mark.parametrize("whole", [True, False])
def test_a_corrupt_file_is_renamed_and_the_filter_starts_from_nothing(
    learner: Learner, path: Path, caplog: pytest.LogCaptureFixture, whole: bool
) -> None:
    learner.close()
    octets = bytearray(path.read_bytes())
    octets[0 if whole else 4096 :] = b"\xff" * (len(octets) - (0 if whole else 4096))
    path.write_bytes(octets)
    assert learner.score(ASKED, 50) is None
    assert "learning filter abstains" in caplog.text
    assert learner.teach(ASKED, spam=True, rules_score=50, key="new")
    assert learner.stats().decisions == 1
    [aside] = [one for one in path.parent.iterdir() if ".corrupt-" in one.name and one.read_bytes() == octets]
    assert f"renamed to {aside}" in caplog.text


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE learning_tokens SET weight = 'heavy'",
        "UPDATE learning_tokens SET weight = 9e999",
        "UPDATE learning_tokens SET squares = -1",
        "UPDATE learning_tokens SET ham = -5, spam = x'00'",
        "UPDATE learning_model SET ham = 'many'",
        "DELETE FROM learning_model",
    ],
)
def test_tables_with_invalid_values(learner: Learner, path: Path, caplog: pytest.LogCaptureFixture, edit: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(edit)
        other.commit()
    assert_it_abstains(learner, caplog)
    assert "damaged" in caplog.text


def test_a_folder_at_the_path_of_the_file(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir(parents=True)
    with closing(Learner(SQLiteDatabase(path))) as learner:
        assert_it_abstains(learner, caplog)


def test_a_read_only_file(learner: Learner, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite itself refuses to write here, because the tests may run as root, who can write to any file."""
    score = learner.score(ASKED, 50)
    learner.close()
    database = SQLiteDatabase(path)
    database._connections = ReadOnly(path, schema=(), timeout=0)
    with closing(Learner(database)) as reader:
        assert reader.score(ASKED, 50) == score
        assert not reader.teach(ASKED, spam=True, rules_score=50, key="new")
        assert not reader.teach(ASKED, spam=True, rules_score=50, key="newer")
    assert len(caplog.records) == 1
    assert "readonly" in caplog.text


class ReadOnly(Connections):
    def _apply_schema(self, lease: Any) -> None:
        lease.connection.execute("PRAGMA query_only = ON")


def test_a_database_that_recovers_is_used_and_its_next_fault_is_logged(
    learner: Learner, path: Path, now: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        learner.close()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            assert_it_abstains(learner, caplog)
            other.execute("ROLLBACK")
        now[0] += REST
        assert learner.score(ASKED, 50) is not None
        assert learner.teach(
            ASKED, spam=True, rules_score=50, key="another"
        )  # reading works again, and writing is tried


def test_missing_tables_are_created_by_the_next_connection(learner: Learner, path: Path) -> None:
    learner.close()
    with closing(sqlite3.connect(path)) as other:
        for table in ("learning_model", "learning_tokens", "learning_decisions"):
            other.execute(f"DROP TABLE {table}")
    assert learner.score(ASKED, 50) is None
    assert learner.stats().decisions == 0
    assert learner.teach(ASKED, spam=True, rules_score=50, key="new")


def test_a_sqlalchemy_database_that_does_not_exist(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(Learner(AlchemyDatabase(f"sqlite:///{tmp_path}/no/such/folder/learned.sqlite3"))) as learner:
        assert_it_abstains(learner, caplog)


@pytest.mark.parametrize("others", [1, 4])
def test_sqlalchemy_tables_that_other_processes_create_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """Each of three tables and an index exists already when it is about to be created."""
    made, there = MetaData.create_all, ["table already exists"] * others

    def create_all(tables: MetaData, engine: Engine) -> None:
        if there:
            raise OperationalError("CREATE TABLE", {}, sqlite3.OperationalError(there.pop()))
        made(tables, engine)

    monkeypatch.setattr(MetaData, "create_all", create_all)
    with closing(Learner(AlchemyDatabase(f"sqlite:///{tmp_path}/learned.sqlite3"))) as learner:
        assert learner.teach(ASKED, spam=True, rules_score=50, key="new")


def test_a_uri_chooses_the_database(tmp_path: Path) -> None:
    assert isinstance(open_database(f"sqlite:///{tmp_path}/learned.sqlite3"), SQLiteDatabase)
    assert isinstance(open_database(f"sqlite:///{tmp_path}/learned.sqlite3?timeout=5"), AlchemyDatabase)
    for uri in ("nonsense", "nosuch://host/database"):
        with pytest.raises(ConfigError, match="isn't a database that SQLAlchemy can open"):
            open_database(uri)
    with pytest.raises(ConfigError, match="needs a driver that isn't installed: pip install 'pymysql'"):
        open_database("mysql+pymysql://host/database")


def test_no_message_shows_the_password_of_a_database() -> None:
    with pytest.raises(ConfigError, match="isn't a database") as caught:
        open_database("nosuch://guard:hunter2@db.example/learned?password=hunter2")
    assert "hunter2" not in str(caught.value)


def test_only_its_owner_can_read_the_file(learner: Learner, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_model_of_other_features_is_trained_again(learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of one set of features are wrong for another."""
    learned = learner.score(ASKED, 0)
    for module in (learning, retraining, training):
        monkeypatch.setattr(module, "VERSION", features.VERSION + 1)
    anew = learner.score(ASKED, 0)
    assert anew != learned
    learner.retrain()
    assert learner.score(ASKED, 0) == anew
    assert learner.stats().decisions == 2 * ENOUGH


def test_a_model_of_other_features_is_trained_again_before_a_decision_is_learned(
    learner: Learner, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = Submission(scope="post", body="kind pills")
    learner.close()
    shutil.copy(path, tmp_path / "copy.sqlite3")
    learner.retrain()
    learner.teach(more, spam=False, rules_score=0, key="more")
    for module in (learning, retraining, training):
        monkeypatch.setattr(module, "VERSION", features.VERSION + 1)
    with closing(Learner(SQLiteDatabase(tmp_path / "copy.sqlite3"))) as other:
        other.teach(more, spam=False, rules_score=0, key="more")
        score = other.score(ASKED, 0)
    monkeypatch.undo()
    assert learner.score(ASKED, 0) == pytest.approx(score)
