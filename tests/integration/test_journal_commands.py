"""The command ``flask journal``, the posts' files, the migrations, the secret and ``python -m demo_blog``."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import httpx
import pytest
import time_machine
from flask import Flask
from sqlalchemy import NullPool, create_engine, func, select

from captcha_guard import Submission, aside_expired
from captcha_guard.testing import solve
from demo_blog import create_app, moderation, post_files, samples
from demo_blog.__main__ import HOST, listen, main
from demo_blog.database import db
from demo_blog.front_matter import PostFileError
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, Post
from demo_blog.secret import FILE_NAME, SecretError, site_secrets

from .journal_fixtures import POST, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

ROOT = Path(__file__).parent.parent.parent
HELD = "[one](https://one.example), [two](https://two.example)"
ASIDE = "[url=https://one.example]Ottoline Gatepost[/url] [url=https://two.example]Ottoline Gatepost[/url]"


def journal_says(app: Flask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=["journal", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def journal_refuses(app: Flask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=["journal", *arguments])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.output


# Moderation


def test_held_comments_are_listed_with_the_reasons(reader: Reader, journal: Flask) -> None:
    assert "Held: none" in journal_says(journal, "held")
    reader.comment(author="Ottoline Gatepost", body=HELD)
    listed = journal_says(journal, "held")
    assert "Held: 1" in listed
    assert f"1  Ottoline Gatepost, on {POST}" in listed
    assert "- links (30): " in listed


def test_an_approved_comment_is_public(reader: Reader, stranger: Reader, journal: Flask) -> None:
    reader.comment(body=HELD)
    assert "is now published" in journal_says(journal, "approve", "1")
    assert "one" in stranger.open().under("comment-1")
    assert "Awaiting moderation" not in reader.open().text
    assert "is already published" in journal_says(journal, "approve", "1")


def test_spam_is_hidden_and_listed_separately(reader: Reader, stranger: Reader, journal: Flask) -> None:
    reader.comment(body="Buy fences.")
    assert stranger.open().under("comment-1")
    assert "is now spam" in journal_says(journal, "spam", "1")
    assert not stranger.open().under("comment-1")
    assert re.search(r"Held: none\nSet aside as spam: 1\n +1  Ottoline", journal_says(journal, "held"))


def taught(app: Flask) -> tuple[int, int]:
    with app.app_context():
        stats = guard.filter_stats()
    return stats.ham, stats.spam


def test_every_decision_teaches_the_guard_at_once_and_the_last_one_counts(reader: Reader, journal: Flask) -> None:
    reader.comment(body=HELD)
    assert taught(journal) == (0, 0)
    for _ in range(2):
        journal_says(journal, "approve", "1")
        assert taught(journal) == (1, 0)
    journal_says(journal, "spam", "1")
    assert taught(journal) == (0, 1)


def test_approving_a_published_comment_teaches_the_guard_too(reader: Reader, journal: Flask) -> None:
    reader.comment(body="One post too many.")
    assert "is already published" in journal_says(journal, "approve", "1")
    assert taught(journal) == (1, 0)


def test_comments_set_aside_are_listed_separately_and_rescued_with_one_command(
    reader: Reader, stranger: Reader, journal: Flask
) -> None:
    reader.comment(body=HELD)
    reader.comment(body=ASIDE)
    listed = journal_says(journal, "held")
    assert re.search(r"Held: 1\n +1  .*\nSet aside as spam: 1\n +2  ", listed, re.DOTALL)
    assert "is now published" in journal_says(journal, "approve", "2")
    assert stranger.open().under("comment-2")
    assert taught(journal) == (1, 0)


def test_only_comments_set_aside_are_deleted_when_they_expire(
    reader: Reader, stranger: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    for body in (ASIDE, f"{ASIDE} rescued", HELD, "Printed."):
        reader.comment(body=body)
    journal_says(journal, "approve", "2")
    clock.shift(timedelta(days=31))
    with journal.app_context():
        assert guard.tidy().learned_aside == 1
        assert list(db.session.scalars(select(Comment.id).order_by(Comment.id))) == [2, 3, 4]
        assert guard.tidy().learned_aside == 0
        for case in db.session.scalars(select(Comment.case_id)):  # rescued at the same moment
            aside_expired.send(journal, id=case)
        assert list(db.session.scalars(select(Comment.id).order_by(Comment.id))) == [2, 3, 4]
    assert taught(journal) == (1, 1)
    assert stranger.open().under("comment-2")


def test_a_comment_older_than_the_guards_memory_is_taught_by_its_text(
    reader: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    reader.comment(body=HELD)
    clock.shift(timedelta(days=61))
    with journal.app_context():
        guard.tidy()
    assert "is now spam" in journal_says(journal, "spam", "1")
    assert taught(journal) == (0, 1)


@contextmanager
def judge_is_locked(journal: Flask) -> Iterator[None]:
    """Let another process hold a lock on the judge's tables."""
    with journal.app_context():
        server = db.engine.dialect.name == "postgresql"
        url = db.engine.url if server else f"sqlite:///{journal.instance_path}/captcha_guard.sqlite3"
        lock = "LOCK TABLE judge_cases, learning_decisions" if server else "BEGIN IMMEDIATE"
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(lock)
            yield


def test_a_decision_is_stored_while_the_guard_cannot_be_taught(
    reader: Reader, stranger: Reader, journal: Flask
) -> None:
    reader.comment(body=HELD)
    with judge_is_locked(journal):
        output = journal_says(journal, "approve", "1")
    assert "is now published" in output
    assert "could not be taught" in output
    assert stranger.open().under("comment-1")
    journal_says(journal, "approve", "1")
    assert taught(journal) == (1, 0)


def test_a_journal_without_a_filter_still_takes_and_explains_decisions(journal: Flask) -> None:
    app = create_app({"DEMO_BLOG_INSTANCE": journal.instance_path, "CAPTCHA_GUARD_LEARNING": "off"})
    with app.app_context():
        samples.add_samples()
    assert "could not be taught" not in journal_says(app, "spam", "7")
    assert "CAPTCHA_GUARD_LEARNING is 'off'" in journal_says(app, "explain", "7")
    with app.app_context():
        db.engine.dispose()


def test_the_command_explains_a_comment_by_findings_and_words(reader: Reader, journal: Flask) -> None:
    reader.comment(body=f"Fences! {HELD}")
    output = journal_says(journal, "explain", "1")
    assert f"Comment 1 by Ottoline Gatepost, on {POST}, is held." in output
    assert "links (30): " in output
    assert "The filter has no result yet: it has learned 0 kept and 0 spam comments." in output
    for number in range(8):
        for slug, label in (("one", "--ham"), ("two", "--spam")):
            words = "the loop ends" if label == "--ham" else "cheap fences"
            with journal.app_context():
                guard.teach(Submission(scope=slug, body=f"{words} {number}"), spam=label == "--spam")
    output = journal_says(journal, "explain", "1")
    assert re.search(r"^  \+\d\.\d\d  fences \(word; in 0 kept and 8 spam comments\)$", output, re.MULTILINE)


@pytest.mark.parametrize("command", ["approve", "spam", "explain"])
def test_an_unknown_number_is_refused_with_the_command_to_list_them(journal: Flask, command: str) -> None:
    output = journal_refuses(journal, command, "99")
    assert "there is no comment 99" in output
    assert "journal held" in output


@pytest.mark.parametrize("command", [["held"], ["load"], ["approve", "1"], ["explain", "1"], ["create-owner", "otto"]])
def test_without_tables_the_command_reports_what_to_run(tmp_path: Path, command: list[str]) -> None:
    app = create_app({"DEMO_BLOG_INSTANCE": tmp_path})
    assert "journal init" in journal_refuses(app, *command)
    with app.app_context():
        db.engine.dispose()


# Tables and post files


def test_init_and_load_can_be_repeated(tmp_path: Path) -> None:
    app = create_app({"DEMO_BLOG_INSTANCE": tmp_path})
    count = len(post_files.read_all())
    for added, unchanged in ((count, 0), (0, count)):
        journal_says(app, "init")
        assert f"{added} added, 0 changed, {unchanged} unchanged" in journal_says(app, "load")
    assert app.test_client().get("/").status_code == 200
    with app.app_context():
        db.engine.dispose()


def test_a_changed_file_changes_its_post_and_keeps_the_comments(reader: Reader, journal: Flask) -> None:
    reader.comment(body="Still here?")
    with journal.app_context():
        db.session.scalars(select(Post).where(Post.slug == POST)).one().title = "An older title"
        db.session.commit()
    assert "0 added, 1 changed" in journal_says(journal, "load")
    page = reader.open()
    assert "An older title" not in page.text
    assert "Still here?" in page.under("comment-1")


def test_another_database_can_be_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}")
    app = create_app({"DEMO_BLOG_INSTANCE": tmp_path / "instance"})
    journal_says(app, "init")
    assert (tmp_path / "elsewhere.sqlite3").exists()
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("A Post.md", "", "use a-z, 0-9"),
        ("post.md", "no front matter", "begin with a line '---'"),
        ("post.md", "---\ntitle: T\n", "begin with a line '---'"),
        ("post.md", "---\ntitle: T\n---\n", "add date, author, summary"),
        ("post.md", "---\ntitel: T\n---\n", "'titel: T' isn't front matter"),
        ("post.md", "---\ntitle: T\ntitle: U\n---\n", "'title: U' isn't front matter"),
        ("post.md", "---\ntitle: T\ndate: 1.2.26\nauthor: A\nsummary: S\n---\n", "write it as 2026-03-14"),
        (
            "post.md",
            "---\ntitle: T\ndate: 2026-01-02\nauthor: A\nsummary: S\npart: 1\n---\n",
            "has only one of series and part",
        ),
        (
            "post.md",
            "---\ntitle: T\ndate: 2026-01-02\nauthor: A\nsummary: S\nseries: S\npart: 0\n---\n",
            "parts are numbered",
        ),
    ],
)
def test_a_damaged_file_is_refused_with_its_name_and_the_fix(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(PostFileError, match=re.escape(complaint)) as refused:
        post_files.read_all(tmp_path)
    assert name in str(refused.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PostFileError, match=r"contains no \.md file"):
        post_files.read_all(tmp_path)


def test_sample_comments_are_added_once_and_only_to_an_empty_journal(journal: Flask) -> None:
    with journal.app_context():
        added = samples.add_samples()
        assert added >= 5
        assert samples.add_samples() == 0
        states = {state for (state,) in db.session.execute(select(Comment.state))}
        assert states == set(CommentState) - {CommentState.DELETED}
        assert db.session.scalar(select(func.count()).select_from(Comment)) == added


def test_the_guard_learns_the_decisions_about_the_samples(journal: Flask) -> None:
    with journal.app_context():
        samples.add_samples()
        states = [state for (state,) in db.session.execute(select(Comment.state))]
    assert taught(journal) == (states.count(CommentState.PUBLISHED), states.count(CommentState.SPAM))


# The secret


def test_the_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = create_app({"DEMO_BLOG_INSTANCE": tmp_path}).secret_key
    assert create_app({"DEMO_BLOG_INSTANCE": tmp_path}).secret_key == first
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert len(str(first)) >= 40


def test_a_new_instance_folder_is_closed_to_other_users(tmp_path: Path) -> None:
    create_app({"DEMO_BLOG_INSTANCE": tmp_path / "instance"})
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


def test_two_journals_have_two_secrets(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    assert len({site_secrets(folder)[0] for folder in folders}) == 2


def test_concurrent_calls_return_the_same_secret(tmp_path: Path) -> None:
    start, secrets = threading.Barrier(16), []

    def ask() -> None:
        start.wait()
        secrets.append(site_secrets(tmp_path)[0])

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(secrets) == 16
    assert len(set(secrets)) == 1


def test_a_secret_with_a_byte_order_mark_is_refused_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("0" * 64, encoding="utf-8-sig")
    with pytest.raises(SecretError, match=r"byte 1 of .* without a byte order mark"):
        site_secrets(tmp_path)


def test_a_damaged_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("short\n")
    with pytest.raises(SecretError, match=r"holds 5 characters.* delete the file"):
        site_secrets(tmp_path)


def test_a_new_first_line_in_the_file_is_the_secret_and_the_lines_below_are_older_ones(tmp_path: Path) -> None:
    first = str(create_app({"DEMO_BLOG_INSTANCE": tmp_path}).secret_key)
    (tmp_path / FILE_NAME).write_text(f"{first[::-1]}\n{first}\n")
    app = create_app({"DEMO_BLOG_INSTANCE": tmp_path, "SECRET_KEY_FALLBACKS": ["0c7a1f66d3b84e02a95d"]})
    assert app.secret_key == first[::-1]
    assert app.config["SECRET_KEY_FALLBACKS"] == [first, "0c7a1f66d3b84e02a95d"]
    (tmp_path / FILE_NAME).write_text(f"{first[::-1]}\nshort\n")
    with pytest.raises(SecretError, match=r"line 2 of .* holds 5 characters"):
        site_secrets(tmp_path)


def test_a_configured_secret_makes_no_file(tmp_path: Path) -> None:
    app = create_app({"DEMO_BLOG_INSTANCE": tmp_path, "SECRET_KEY": "0c7a1f66d3b84e02a95d"})
    assert app.secret_key == "0c7a1f66d3b84e02a95d"
    assert not (tmp_path / FILE_NAME).exists()


# python -m demo_blog


@contextmanager
def served(instance: Path, *endings: signal.Signals) -> Iterator[tuple[str, str]]:
    """Run ``python -m demo_blog`` and end it by signals (default: Ctrl-C). Yields its address and what it printed."""
    command = [sys.executable, "-m", "demo_blog", "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "DEMO_BLOG_INSTANCE": str(instance), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if "Ctrl-C" in line:
                break
        address = re.search(rf"http://{re.escape(HOST)}:\d+/", output)
        assert address, output
        yield address.group(), output
        for ending in endings or [signal.SIGINT]:
            process.send_signal(ending)
        rest, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "is closed" in rest
    assert "Traceback" not in errors


@pytest.mark.parametrize("endings", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]])
def test_one_command_opens_the_journal_and_ctrl_c_closes_it(tmp_path: Path, endings: list[signal.Signals]) -> None:
    with served(tmp_path, *endings) as (address, output), urllib.request.urlopen(address) as response:  # noqa: S310 - our own address
        assert response.status == 200
        assert b"The Carry Bit" in response.read()
    assert re.search(r"Sample comments: [1-9]", output)


def test_a_second_start_duplicates_nothing_and_keeps_a_comment_sent_just_before_ctrl_c(tmp_path: Path) -> None:
    def counts(app: Flask) -> list[int | None]:
        with app.app_context():
            found = [db.session.scalar(select(func.count()).select_from(model)) for model in (Post, Comment)]
            db.session.remove()
            db.engine.dispose()
        return found

    with served(tmp_path) as (address, _):
        app = create_app({"DEMO_BLOG_INSTANCE": tmp_path})
        before = counts(app)
        with httpx.Client(base_url=address) as browser:
            page = browser.get(f"/posts/{POST}").text
            token = re.search(r'name="captcha_token" value="([^"]+)"', page)
            csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
            assert token
            assert csrf
            typed = {"author": "Late Reader", "body": "Sent a moment before the end.", "csrf_token": csrf[1]}
            code = {"captcha_token": token[1], "captcha_answer": solve(app, token[1])}
            assert browser.post(f"/posts/{POST}/comments", data=typed | code).status_code == 303
    with served(tmp_path) as (_, output):
        assert f"Posts: 0 added, 0 changed, {before[0]} unchanged." in output
        assert "Sample comments" not in output
    posts, comments = before
    assert counts(app) == [posts, (comments or 0) + 1]


def test_the_sample_comments_teach_the_filter_enough_to_decide(journal: Flask) -> None:
    with journal.app_context():
        samples.add_samples()
        assert guard.filter_stats().speaks
        held = list(db.session.scalars(select(Comment).where(Comment.state == CommentState.HELD)))
        assert len(held) >= 4
        assert all(comment.findings and comment.action == "hold" for comment in held)
        replies = select(Comment.id).where(Comment.parent_id.is_not(None))
        assert len(db.session.scalars(replies).all()) >= 3


def test_an_interrupted_first_start_is_completed_by_the_next(journal: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(comment: Comment, **_: object) -> bool:
        if comment.number == 3:
            raise KeyboardInterrupt
        return teach(comment)

    teach = moderation.teach
    with journal.app_context():
        monkeypatch.setattr(moderation, "teach", interrupt)
        with pytest.raises(KeyboardInterrupt):
            samples.add_samples()
        db.session.remove()
        monkeypatch.undo()
        stored = samples.add_samples()
        assert stored
        held = len(Comment.in_state(CommentState.HELD))
        stats = guard.filter_stats()
        assert stats.ham + stats.spam >= stored - held


def test_three_first_starts_at_once_set_up_one_journal(tmp_path: Path) -> None:
    environment = {"DEMO_BLOG_INSTANCE": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "demo_blog", "--port", "0"]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    outputs = []
    for process in processes:
        assert process.stdout is not None
        outputs.append("".join(takewhile(lambda line: "Ctrl-C" not in line, process.stdout)))
    for process in processes:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert all("is open at" in output for output in outputs), outputs
    assert sorted(output.count("Sample comments") for output in outputs) == [0, 0, 1]


def test_the_next_free_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with listen([port, 0]) as listener:
            assert listener.getsockname()[1] != port


@pytest.mark.parametrize("port", ["taken", "70000"])
def test_a_port_that_cannot_be_used_is_reported_with_the_fix(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        number = str(taken.getsockname()[1]) if port == "taken" else port
        assert main(["--port", number]) == 1
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["flask_migrate", "nh3"])
def test_a_package_that_the_journal_lacks_is_named_with_the_command_that_installs_all(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; import demo_blog"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = f"The journal needs {package}, which isn't installed. In its folder: pip install --editable '.[demo]'"
    assert done.stderr.endswith(f"ModuleNotFoundError: {said}\n")


@pytest.mark.parametrize("command", ["approve", "spam", "explain"])
@pytest.mark.parametrize("number", ["99999999999999999999999", "0", "x"])
def test_an_id_that_no_comment_can_have_is_refused(journal: Flask, command: str, number: str) -> None:
    result = journal.test_cli_runner().invoke(args=["journal", command, number])
    assert result.exit_code == 2
    assert "Invalid value for 'ID'" in result.output


def test_a_name_that_is_taken_is_refused_before_the_password_is_asked_for(journal: Flask) -> None:
    journal_says(journal, "create-owner", "otto", "--password", "nine gaps between ten posts")
    assert "there is already an owner otto" in journal_refuses(journal, "create-owner", "otto")
    assert "1 to" in journal_refuses(journal, "create-owner", "")


def damage(folder: Path) -> None:
    (folder / "journal.sqlite3").write_bytes(b"no database" * 1000)


def shorten_the_secret(folder: Path) -> None:
    (folder / "secret_key").write_text("short")


@pytest.mark.parametrize(
    ("break_", "variables", "said"),
    [
        (damage, {}, r"the database sqlite:.*journal\.sqlite3 can't be used: file is not a database\. Restore"),
        (shorten_the_secret, {}, "holds 5 characters"),
        (lambda _: None, {"JOURNAL_URL": "blog"}, "JOURNAL_URL is 'blog'"),
        (
            lambda _: None,
            {"DATABASE_URL": "garbage"},
            "DATABASE_URL can't be used as the address of a database: it isn't",
        ),
        (lambda _: None, {"DATABASE_URL": "mysql://u:hush@h/d"}, "DATABASE_URL .* the package MySQLdb isn't installed"),
        (
            lambda _: None,
            {"DATABASE_URL": "postgresql://127.0.0.1:1/d?user=u&password=hush"},
            r"the database postgresql\+psycopg://127\.0\.0\.1:1/d can't be used: .* Check DATABASE_URL",
        ),
        (lambda _: None, {"JOURNAL_COMMENTS_CLOSE_AFTER": "soon"}, "JOURNAL_COMMENTS_CLOSE_AFTER is 'soon'"),
    ],
)
def test_a_first_start_that_fails_ends_with_one_line_that_says_why(
    tmp_path: Path, break_: Callable[[Path], None], variables: dict[str, str], said: str
) -> None:
    break_(tmp_path)
    environment = {**os.environ, "DEMO_BLOG_INSTANCE": str(tmp_path), **variables}
    command = [sys.executable, "-m", "demo_blog", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.match(f"The journal can't start: .*{said}", done.stderr.splitlines()[-1])
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr


def test_commands_say_what_is_wrong_with_a_damaged_database(tmp_path: Path) -> None:
    damage(tmp_path)
    app = create_app({"DEMO_BLOG_INSTANCE": tmp_path, "SQLALCHEMY_ENGINE_OPTIONS": {"poolclass": NullPool}})
    for command in ("held", "init"):
        assert "journal.sqlite3 can't be used: file is not a database" in journal_refuses(app, command)
