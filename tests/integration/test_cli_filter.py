"""The commands that teach the filter, explain it, and export and import its decisions."""

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
    """Return a file with this many comments of each kind, the ham first."""
    labels = [(HAM, False)] * each + [(SPAM, True)] * each
    comments = [{"body": f"{bodies[n % 3]} Number {n}.", "spam": spam} for n, (bodies, spam) in enumerate(labels)]
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
    """Post a comment to the moderated route. Returns its verdict's id."""
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


def test_ids_are_taught_and_a_second_decision_corrects_the_first(blog: Blog) -> None:
    one, other = post(blog, HAM[0]), post(blog, HAM[1])
    assert says(blog.app, "teach", "--ham", one, other) == "Taught: 2 comments as ham.\n"
    assert taught(blog.app) == (2, 0)
    assert says(blog.app, "teach", "--spam", one) == "Taught: 1 comment as spam.\n"
    assert says(blog.app, "teach", one, "--spam") == "Taught: 1 comment as spam.\n"
    assert taught(blog.app) == (1, 1)


def test_an_unknown_id_is_reported_and_the_others_are_taught(blog: Blog) -> None:
    known = post(blog, HAM[0])
    output = refuses(blog.app, "teach", "--ham", known, "-X7nobody-knows_this0", "--nor-this")
    assert "Taught: 1 comment as ham." in output
    assert "there is no comment with the id: -X7nobody-knows_this0, --nor-this. An id is the verdict.id" in output
    assert "60 days; teach older comments with --file" in output


def test_existing_comments_are_taught_from_a_file_or_a_pipe(site: Flask, tmp_path: Path) -> None:
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
    output = says(site, "export-decisions", "-")
    assert '"n:zoltan"' in output
    assert '"s:z.example"' in output


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
def test_an_invalid_line_is_reported_and_nothing_is_taught(site: Flask, given: str | bytes, complaint: str) -> None:
    output = refuses(site, "teach", "--file", "-", given=given)
    assert f"standard input, {complaint}" in output
    assert '"spam": false}' in output
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
def test_teach_reports_missing_and_superfluous_options(site: Flask, arguments: list[str], sentence: str) -> None:
    assert sentence in refuses(site, "teach", *arguments, given="")


# explain


def test_a_text_is_explained_by_findings_and_the_tokens_with_the_largest_weights(site: Flask) -> None:
    says(site, "teach", "--file", "-", given=lines(10))
    output = says(site, "explain", "--text", "Subscribe to cheap pills: https://a.example https://b.example")
    assert "links (30): The comment has 2 links" in output
    assert re.search(r"^(hold|aside), score (\d\d), chance of spam 0\.\2$", output, re.MULTILINE)
    table = output[output.index("  weight") :].splitlines()
    assert table[0].split() == ["weight", "token", "kind", "ham", "spam"]
    assert len({len(line) for line in table}) == 1
    assert 1 < len(table) <= 11
    weights = [abs(float(line.split()[0])) for line in table[1:]]
    assert weights == sorted(weights, reverse=True)
    assert re.search(r"^ +\+\d\.\d\d  pills +word +0 +\d$", output, re.MULTILINE)


def test_a_comment_is_explained_by_its_id(blog: Blog) -> None:
    says(blog.app, "teach", "--file", "-", given=lines(10))
    output = says(blog.app, "explain", post(blog, "Where is the loop? https://a.example"))
    assert re.search(
        r"judged \d{4}-\d\d-\d\d \d\d:\d\d UTC: \w+, the rules' score 10, chance of spam 0\.\d\d\n", output
    )
    assert "- single_link (10): The comment has a link.\n" in output
    assert re.search(r"loop +word", output)


def test_an_abstaining_filter_is_reported_instead_of_a_table(site: Flask) -> None:
    output = says(site, "explain", "--text", "Fine.")
    assert "accept, score 0" in output
    assert "The rules found nothing." in output
    assert "abstains until it is taught 8 more ham and 8 more spam" in output
    assert "weight" not in output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give the id of a comment, or a text with --text"),
        (["id", "--text", "x"], "give the id of a comment, or a text with --text"),
        (["-no-such-case"], "there is no comment with the id '-no-such-case'"),
    ],
)
def test_explain_reports_missing_options(site: Flask, arguments: list[str], sentence: str) -> None:
    assert sentence in refuses(site, "explain", *arguments)


# filter-stats, retrain, tidy


def test_the_stats_show_how_much_was_taught_and_how_much_is_missing(site: Flask) -> None:
    assert "until it is taught 8 more ham and 8 more spam" in says(site, "filter-stats")
    says(site, "teach", "--file", "-", given=lines(7) + GOOD)
    output = says(site, "filter-stats")
    assert "Taught: 8 ham and 7 spam." in output
    assert "Kept: 15 decisions, " in output
    assert "until it is taught 0 more ham and 1 more spam" in output
    says(site, "teach", "--file", "-", given='{"body": "Buy!", "spam": true}')
    assert says(site, "filter-stats").endswith("The filter decides.\n")


def test_retraining_prints_the_number_of_decisions(site: Flask) -> None:
    assert says(site, "retrain") == "Trained again with 0 decisions.\n"
    says(site, "teach", "--file", "-", given=GOOD)
    assert says(site, "retrain") == "Trained again with 1 decision.\n"


def test_tidying_learns_unrescued_comments_once_and_only_when_due(blog: Blog, clock: time_machine.Traveller) -> None:
    case, rescued = post(blog, ASIDE), post(blog, ASIDE + " and more")
    says(blog.app, "teach", "--ham", rescued)
    expired: list[object] = []

    def note(_app: Flask, **named: object) -> None:
        expired.append(named["id"])

    with aside_expired.connected_to(note, blog.app):
        clock.shift(timedelta(days=29))
        assert says(blog.app, "tidy").startswith("Learned as spam after 30 days aside: 0.")
        clock.shift(timedelta(days=2))
        assert says(blog.app, "tidy").startswith("Learned as spam after 30 days aside: 1.")
        assert says(blog.app, "tidy").startswith("Learned as spam after 30 days aside: 0.")
    assert expired == [case]
    assert taught(blog.app) == (1, 1)


# export, import


def test_decisions_can_be_moved_to_another_site(site: Flask, tmp_path: Path) -> None:
    says(site, "teach", "--file", "-", given=lines())
    file = tmp_path / "decisions.jsonl"
    assert says(site, "export-decisions", str(file)) == f"{file} written: 16 decisions.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "(replaced an existing file)" in says(site, "export-decisions", str(file))
    assert says(site, "export-decisions", "-") == file.read_text(encoding="utf-8")

    other = make_site(tmp_path / "other")
    for given in (None, file.read_bytes()):
        name = str(file) if given is None else "-"
        output = says(other, "import-decisions", name, given=given)
        assert output.startswith("16 decisions imported from ")
        assert taught(other) == (8, 8)
    assert says(other, "explain", "--text", "pills") == says(site, "explain", "--text", "pills")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "it is empty"),
        (GOOD, "Line 1 wasn't written by an export"),
        ('{"format": "captcha_guard learning", "version": 1}\n\n{"name": "x"}', "Line 3 wasn't written by an export"),
        (b"\xff", "it isn't valid UTF-8"),
    ],
)
def test_a_file_that_is_not_an_export_changes_nothing(site: Flask, given: str | bytes, complaint: str) -> None:
    says(site, "teach", "--file", "-", given=lines(2))
    output = refuses(site, "import-decisions", "-", given=given)
    assert "wasn't written by export-decisions, so nothing was changed" in output
    assert complaint in output
    assert taught(site) == (2, 2)


def test_a_folder_that_cannot_be_written_is_reported(site: Flask) -> None:
    assert "/no/such/file can't be written: No such file or directory" in refuses(
        site, "export-decisions", "/no/such/file"
    )
    assert "'missing': No such file" in refuses(site, "import-decisions", "missing")


# Errors of all commands


EVERY = [["teach", "--spam", "x"], ["teach", "--file", "-"], ["filter-stats"], ["retrain"], ["export-decisions", "-"]]


def test_without_a_filter_the_judges_memory_is_still_taught_by_id(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_LEARNING": "off"})
    assert says(blog.app, "teach", "--spam", post(blog, "See https://a.example")) == "Taught: 1 comment as spam.\n"
    with blog.app.app_context():
        verdict = blog.guard.check(Submission(scope="other", body="Look at https://a.example"))
    assert "linked_host" in verdict.reasons


@pytest.mark.parametrize("command", [*EVERY[1:], ["import-decisions", "-"]])
def test_the_error_for_a_site_without_a_filter_explains_how_to_turn_it_on(tmp_path: Path, command: list[str]) -> None:
    output = refuses(make_site(tmp_path, LEARNING="off"), *command, given=GOOD)
    assert "CAPTCHA_GUARD_LEARNING is 'off'" in output
    assert "set it to 'on'" in output


@pytest.mark.parametrize("command", [*EVERY, ["import-decisions", "-"], ["explain", "x"], ["tidy"]])
def test_the_error_for_an_application_without_the_guard_explains_the_set_up(command: list[str]) -> None:
    output = refuses(Flask("bare"), *command, given=GOOD)
    assert output == "Error: captcha_guard isn't set up for this application: call guard.init_app(app)"


@pytest.fixture
def locked(site: Flask) -> Iterator[Flask]:
    """A site whose file another program keeps locked."""
    says(site, "teach", "--file", "-", given=lines(2))
    with closing(sqlite3.connect(Path(site.instance_path) / "captcha_guard.sqlite3")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield site


def test_a_known_id_is_not_reported_as_unknown_while_the_database_is_locked(blog: Blog) -> None:
    case = post(blog, HAM[0])
    with closing(sqlite3.connect(Path(blog.app.instance_path) / "captcha_guard.sqlite3")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        output = refuses(blog.app, "teach", "--ham", case)
    assert f"not taught: {case}. The filter's database can't be written, the log says why" in output
    assert says(blog.app, "teach", "--ham", case) == "Taught: 1 comment as ham.\n"


@pytest.mark.parametrize("command", [["teach", "--file", "-"], ["retrain"], ["import-decisions", "-"]])
def test_a_locked_database_is_reported_without_a_traceback(locked: Flask, command: list[str]) -> None:
    given = says(locked, "export-decisions", "-") if command[0] == "import-decisions" else GOOD.replace("Fine", "Good")
    output = refuses(locked, *command, given=given)
    assert "locked" in output or "can't be written" in output


def test_a_damaged_database_is_reported_without_a_traceback(site: Flask) -> None:
    Path(site.instance_path).mkdir(parents=True, exist_ok=True)
    for command in EVERY:
        for old in Path(site.instance_path).glob("captcha_guard.sqlite3*"):
            old.unlink()
        path = Path(site.instance_path) / "captcha_guard.sqlite3"
        path.write_bytes(b"no database" * 1000)
        assert f"{path} can't be used: file is not a database" in refuses(site, *command, given=GOOD)
