"""The commands that teach the filter, ask it why, and keep what it was taught."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from click.testing import Result
from flask import Flask

from captcha_guard import CaptchaGuard, Submission, Verdict, aside_expired, submission_judged
from captcha_guard.cli import group
from tests.integration.bare_site import make_site
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import Blog, solved

ASIDE = "[url=https://a.example]Ladders[/url] [url=https://b.example]Ada Quill[/url]"
HAM = ["The loop in part two never ends.", "Thank you, that mended my build.", "I read it as the other parity."]
SPAM = ["Cheap pills at our shop.", "Earn money from home, ask me how.", "Visit my channel and subscribe."]


def run(app: Flask, *arguments: str, given: str | bytes | None = None) -> Result:
    return app.test_cli_runner().invoke(group, list(arguments), input=given)


def says(app: Flask, *arguments: str, given: str | bytes | None = None) -> str:
    result = run(app, *arguments, given=given)
    assert result.exit_code == 0, result.output
    return result.output


def refuses(app: Flask, *arguments: str, given: str | bytes | None = None) -> str:
    result = run(app, *arguments, given=given)
    assert result.exit_code in (1, 2), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def lines(each: int = 8) -> str:
    """Return a file of so many comments of each kind, the ham first."""
    told = [(HAM, False)] * each + [(SPAM, True)] * each
    comments = [{"body": f"{bodies[n % 3]} Number {n}.", "spam": spam} for n, (bodies, spam) in enumerate(told)]
    return "\n".join(map(json.dumps, comments)) + "\n"


def taught(app: Flask) -> tuple[int, int]:
    with app.app_context():
        stats = CaptchaGuard().filter_stats()
    return stats.ham, stats.spam


@pytest.fixture
def site(tmp_path: Path) -> Flask:
    return make_site(tmp_path)


@pytest.fixture
def blog(blogs: MakeBlog) -> Blog:
    return blogs()


def post(blog: Blog, body: str, author: str = "Ada Quill") -> str:
    """Post a comment to the moderated route; return its verdict's id."""
    client = blog.client()
    found: list[Verdict] = []

    def note(_app: Flask, *, verdict: Verdict, **_told: object) -> None:
        found.append(verdict)

    with submission_judged.connected_to(note, blog.app):
        page = client.get("/queue")
        response = client.post("/queue", data=solved(client, page, {"author": author, "body": body}))
    assert response.status_code == 303
    return found[-1].id


# teach


def test_ids_are_taught_and_a_second_word_corrects_the_first(blog: Blog) -> None:
    one, other = post(blog, HAM[0]), post(blog, HAM[1])
    assert says(blog.app, "teach", "--ham", one, other) == "Taught: 2 comments as ham.\n"
    assert taught(blog.app) == (2, 0)
    assert says(blog.app, "teach", "--spam", one) == "Taught: 1 comment as spam.\n"
    assert says(blog.app, "teach", one, "--spam") == "Taught: 1 comment as spam.\n"
    assert taught(blog.app) == (1, 1)


def test_an_id_that_nobody_knows_is_named_and_the_others_are_taught(blog: Blog) -> None:
    known = post(blog, HAM[0])
    said = refuses(blog.app, "teach", "--ham", known, "-X7nobody-knows_this0", "--nor-this")
    assert "Taught: 1 comment as ham." in said
    assert "there is no comment with the id: -X7nobody-knows_this0, --nor-this. An id is the verdict.id" in said
    assert "60 days; teach older comments with --file" in said


def test_what_a_blog_has_is_taught_from_a_file_or_a_pipe(site: Flask, tmp_path: Path) -> None:
    file = tmp_path / "comments.jsonl"
    file.write_text(lines(), encoding="utf-8")
    assert says(site, "teach", "--file", str(file)) == "Taught: 16 comments, 8 ham and 8 spam.\n"
    assert taught(site) == (8, 8)
    for again in (lines(), "\ufeff" + lines().replace("\n", "\r\n\r\n")):
        assert "16 comments" in says(site, "teach", "--file", "-", given=again.encode())
        assert taught(site) == (8, 8)


def test_all_fields_of_a_comment_are_learned(site: Flask) -> None:
    comment = {
        "body": "Hello",
        "author": "Zoltan",
        "email": None,
        "url": "https://z.example",
        "scope": "",
        "spam": True,
    }
    says(site, "teach", "--file", "-", given=lines(9) + json.dumps(comment))
    said = says(site, "export-decisions", "-")
    assert '"n:zoltan"' in said
    assert '"s:z.example"' in said


GOOD = '{"body": "Fine.", "spam": false}\n'


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (
            GOOD + '{"body": "x", spam: true}',
            "line 2: not valid JSON (Expecting property name enclosed in double quotes,",
        ),
        (GOOD + '{"body":\n' + GOOD, "line 2: not valid JSON (Expecting value, column 9)"),
        (GOOD + '\n["x"]', "line 3: not a JSON object"),
        ('{"body": "x"}', 'line 1: "spam" is missing'),
        ('{"body": "x", "spam": "no"}', "line 1: \"spam\" is 'no', not true or false"),
        ('{"spam": true}', 'line 1: "body" is missing or empty'),
        ('{"body": 7, "spam": true}', 'line 1: "body" isn\'t a string'),
        ('{"body": "x", "spam": true, "autor": "Ada"}', "line 1: 'autor' isn't a field of a comment"),
        (b"\xff\xfe{}", "line 1: not valid UTF-8"),
        ("[" * 100_000, "line 1: nested too deeply"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_taught(site: Flask, given: str | bytes, complaint: str) -> None:
    said = refuses(site, "teach", "--file", "-", given=given)
    assert f"standard input, {complaint}" in said
    assert '"spam": false}' in said
    assert taught(site) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--spam"], "give the ids of comments, or a file of comments with --file"),
        (["an-id"], "give the label of these comments: --spam or --ham"),
        (["--ham", "--file", "-"], "leave out --spam, --ham and ids"),
        (["--file", "-", "an-id"], "leave out --spam, --ham and ids"),
        (["--file", "missing.jsonl"], "'missing.jsonl': No such file or directory"),
        (["--file", "/"], "'/': Is a directory"),
    ],
)
def test_teach_says_what_is_missing_or_too_much(site: Flask, arguments: list[str], sentence: str) -> None:
    assert sentence in refuses(site, "teach", *arguments, given="")


# explain


def test_a_text_is_explained_by_findings_and_by_the_tokens_that_weigh_most(site: Flask) -> None:
    says(site, "teach", "--file", "-", given=lines(10))
    said = says(site, "explain", "--text", "Subscribe to cheap pills: https://a.example https://b.example")
    assert "links (30): The comment has 2 links" in said
    assert re.search(r"^(hold|aside), score (\d\d), chance of spam 0\.\2$", said, re.MULTILINE)
    table = said[said.index("  weight") :].splitlines()
    assert table[0].split() == ["weight", "token", "kind", "ham", "spam"]
    assert len({len(line) for line in table}) == 1
    assert 1 < len(table) <= 11
    weights = [abs(float(line.split()[0])) for line in table[1:]]
    assert weights == sorted(weights, reverse=True)
    assert re.search(r"^ +\+\d\.\d\d  pills +word +0 +\d$", said, re.MULTILINE)


def test_a_case_is_explained_by_its_id(blog: Blog) -> None:
    says(blog.app, "teach", "--file", "-", given=lines(10))
    said = says(blog.app, "explain", post(blog, "Where is the loop? https://a.example"))
    assert re.search(r"judged \d{4}-\d\d-\d\d \d\d:\d\d UTC: \w+, the rules' score 10, chance of spam 0\.\d\d\n", said)
    assert "- single_link (10): The comment has a link.\n" in said
    assert re.search(r"loop +word", said)


def test_a_filter_that_abstains_says_so_instead_of_a_table(site: Flask) -> None:
    said = says(site, "explain", "--text", "Fine.")
    assert "accept, score 0" in said
    assert "The rules found nothing." in said
    assert "abstains until it is taught 8 more ham and 8 more spam" in said
    assert "weight" not in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give the id of a comment, or a text with --text"),
        (["id", "--text", "x"], "give the id of a comment, or a text with --text"),
        (["-no-such-case"], "there is no comment with the id '-no-such-case'"),
    ],
)
def test_explain_says_what_it_needs(site: Flask, arguments: list[str], sentence: str) -> None:
    assert sentence in refuses(site, "explain", *arguments)


# filter-stats, retrain, tidy


def test_the_filter_tells_how_much_it_was_taught_and_what_it_lacks(site: Flask) -> None:
    assert "until it is taught 8 more ham and 8 more spam" in says(site, "filter-stats")
    says(site, "teach", "--file", "-", given=lines(7) + GOOD)
    said = says(site, "filter-stats")
    assert "Taught: 8 ham and 7 spam." in said
    assert "Kept: 15 decisions, " in said
    assert "until it is taught 0 more ham and 1 more spam" in said
    says(site, "teach", "--file", "-", given='{"body": "Buy!", "spam": true}')
    assert says(site, "filter-stats").endswith("The filter decides.\n")


def test_retraining_says_how_many_decisions_were_learned(site: Flask) -> None:
    assert says(site, "retrain") == "Trained again with 0 decisions.\n"
    says(site, "teach", "--file", "-", given=GOOD)
    assert says(site, "retrain") == "Trained again with 1 decision.\n"


def test_tidying_learns_what_nobody_rescued_once_and_not_before_its_time(
    blog: Blog, clock: time_machine.Traveller
) -> None:
    case, rescued = post(blog, ASIDE), post(blog, ASIDE + " and more")
    says(blog.app, "teach", "--ham", rescued)
    expired: list[object] = []

    def note(_app: Flask, **told: object) -> None:
        expired.append(told["id"])

    with aside_expired.connected_to(note, blog.app):
        clock.shift(timedelta(days=29))
        assert says(blog.app, "tidy").startswith("Learned as spam after 30 days aside: 0.")
        clock.shift(timedelta(days=2))
        assert says(blog.app, "tidy").startswith("Learned as spam after 30 days aside: 1.")
        assert says(blog.app, "tidy").startswith("Learned as spam after 30 days aside: 0.")
    assert expired == [case]
    assert taught(blog.app) == (1, 1)


# export, import


def test_what_one_site_was_taught_can_be_taken_to_another(site: Flask, tmp_path: Path) -> None:
    says(site, "teach", "--file", "-", given=lines())
    file = tmp_path / "decisions.jsonl"
    assert says(site, "export-decisions", str(file)) == f"{file} written: 16 decisions.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "(replaced an existing file)" in says(site, "export-decisions", str(file))
    assert says(site, "export-decisions", "-") == file.read_text(encoding="utf-8")

    other = make_site(tmp_path / "other")
    for given in (None, file.read_bytes()):
        name = str(file) if given is None else "-"
        said = says(other, "import-decisions", name, given=given)
        assert said.startswith("16 decisions imported from ")
        assert taught(other) == (8, 8)
    assert says(other, "explain", "--text", "pills") == says(site, "explain", "--text", "pills")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "it is empty"),
        (GOOD, "Line 1 is none that an export wrote"),
        ('{"format": "captcha_guard learning", "version": 1}\n\n{"name": "x"}', "Line 3 is none that an export wrote"),
        (b"\xff", "it isn't valid UTF-8"),
    ],
)
def test_a_file_that_is_no_export_changes_nothing(site: Flask, given: str | bytes, complaint: str) -> None:
    says(site, "teach", "--file", "-", given=lines(2))
    said = refuses(site, "import-decisions", "-", given=given)
    assert "wasn't written by export-decisions, so nothing was changed" in said
    assert complaint in said
    assert taught(site) == (2, 2)


def test_a_folder_that_can_not_be_written_is_named(site: Flask) -> None:
    assert "/no/such/file can't be written: No such file or directory" in refuses(
        site, "export-decisions", "/no/such/file"
    )
    assert "'missing': No such file" in refuses(site, "import-decisions", "missing")


# What all of them say when they can't


EVERY = [["teach", "--spam", "x"], ["teach", "--file", "-"], ["filter-stats"], ["retrain"], ["export-decisions", "-"]]


def test_without_a_filter_the_histories_are_still_taught_by_id(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LEARNING": "off"})
    assert says(blog.app, "teach", "--spam", post(blog, "See https://a.example")) == "Taught: 1 comment as spam.\n"
    with blog.app.app_context():
        told = blog.guard.check(Submission(scope="other", body="Look at https://a.example"))
    assert "linked_host" in told.reasons


@pytest.mark.parametrize("command", [*EVERY[1:], ["import-decisions", "-"]])
def test_a_site_without_a_filter_is_told_how_to_get_one(tmp_path: Path, command: list[str]) -> None:
    said = refuses(make_site(tmp_path, LEARNING="off"), *command, given=GOOD)
    assert "CAPTCHA_GUARD_LEARNING is 'off'" in said
    assert "set it to 'on'" in said


@pytest.mark.parametrize("command", [*EVERY, ["import-decisions", "-"], ["explain", "x"], ["tidy"]])
def test_an_application_without_the_guard_is_told_how_to_set_it_up(command: list[str]) -> None:
    said = refuses(Flask("bare"), *command, given=GOOD)
    assert said == "Error: captcha_guard isn't set up for this application: call guard.init_app(app)"


@pytest.fixture
def locked(site: Flask) -> Iterator[Flask]:
    """A site whose file another program keeps locked."""
    says(site, "teach", "--file", "-", given=lines(2))
    with closing(sqlite3.connect(Path(site.instance_path) / "captcha_guard.sqlite3")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield site


def test_an_id_that_is_known_is_not_said_to_be_unknown_while_the_database_is_locked(blog: Blog) -> None:
    case = post(blog, HAM[0])
    with closing(sqlite3.connect(Path(blog.app.instance_path) / "captcha_guard.sqlite3")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        said = refuses(blog.app, "teach", "--ham", case)
    assert f"not taught: {case}. The filter's database can't be written, the log says why" in said
    assert says(blog.app, "teach", "--ham", case) == "Taught: 1 comment as ham.\n"


@pytest.mark.parametrize("command", [["teach", "--file", "-"], ["retrain"], ["import-decisions", "-"]])
def test_a_locked_database_is_told_of_without_a_traceback(locked: Flask, command: list[str]) -> None:
    given = says(locked, "export-decisions", "-") if command[0] == "import-decisions" else GOOD.replace("Fine", "Good")
    said = refuses(locked, *command, given=given)
    assert "locked" in said or "can't be written" in said


def test_a_damaged_database_is_told_of_without_a_traceback(site: Flask) -> None:
    Path(site.instance_path).mkdir(parents=True, exist_ok=True)
    for command in EVERY:
        for old in Path(site.instance_path).glob("captcha_guard.sqlite3*"):
            old.unlink()
        path = Path(site.instance_path) / "captcha_guard.sqlite3"
        path.write_bytes(b"no database" * 1000)
        assert f"{path} can't be used: file is not a database" in refuses(site, *command, given=GOOD)
