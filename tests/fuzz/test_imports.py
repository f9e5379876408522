"""No file causes a traceback in the commands that import one, and a refused file changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import pytest
from flask import Flask
from hypothesis import strategies as st
from sqlalchemy import func

from captcha_guard.cli import group
from captcha_guard.testing import relax
from demo_blog import create_app
from demo_blog.cli import journal as journal_commands
from demo_blog.database import db
from demo_blog.models import Comment, Post
from tests.fuzz.budget import fuzz
from tests.fuzz.documents import VALUES
from tests.fuzz.host import Host, fuzz_host
from tests.fuzz.texts import texts
from tests.integration.journal_fixtures import printed_journal

__all__ = ["printed_journal"]

SAMPLES: Final = Path(__file__).parent.parent / "data" / "wordpress"

#: Elements of an item and of a comment, whose texts are replaced.
ITEM: Final = (
    *(
        "title",
        "link",
        "dc:creator",
        "content:encoded",
        "excerpt:encoded",
        "wp:post_id",
        "wp:post_name",
        "wp:post_type",
    ),
    *("wp:status", "wp:post_password", "wp:comment_status", "wp:post_date", "wp:post_date_gmt", "wp:post_modified_gmt"),
    *("category", "wp:comment", "wp:postmeta"),
)
COMMENT: Final = tuple(
    f"wp:comment_{name}"
    for name in (
        "id",
        "author",
        "author_email",
        "author_url",
        "date",
        "date_gmt",
        "content",
        "approved",
        "type",
        "parent",
    )
)
TEXTS: Final = st.one_of(
    texts(6),
    st.sampled_from(
        (
            *("0", "1", "2", "-1", "9" * 30, "9" * 4400, "1.5", "٣", "publish", "draft", "private", "trash", "spam"),
            *("2019-05-01 10:00:00", "0000-00-00 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "2019-13-99"),
            *(
                "2019-05-01T10:00:00Z",
                "post",
                "page",
                "attachment",
                "comment",
                "pingback",
                "open",
                "closed",
                "x" * 9000,
            ),
            *(
                "<p>a<b>b</p></b>",
                "[caption]x[/caption]",
                "<pre>\n\n</pre>",
                "<!--more-->",
                "<ul><li><ul>" * 200,
                "`" * 900,
            ),
            *(
                "[gallery ids=1]",
                "<script>x</script>",
                "&#0;&#xD800;&#x110000;",
                "<" * 2000,
                "*" * 3000,
                "http://" * 400,
            ),
        )
    ),
)
HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><link>https://tiny.example</link><wp:wxr_version>1.2</wp:wxr_version>
"""
DOCTYPES: Final = (
    '<!DOCTYPE rss [<!ENTITY a "aaaa">]>',
    '<!DOCTYPE rss SYSTEM "file:///etc/passwd">',
    "<?xml-stylesheet ?>",
)


@dataclass(frozen=True)
class Export:
    """A WordPress export: its items as elements with their texts, and where and how its bytes are damaged."""

    items: list[list[tuple[str, str]]]
    damage: str
    place: int
    text: str

    def written(self) -> bytes:
        """Return the bytes of the file."""
        if self.damage == "sample":
            data = sorted(SAMPLES.glob("*.xml"))[self.place % 3].read_bytes()
            place = self.place * 7 % len(data)
            return data[:place] + self.text.encode() + data[place + len(self.text) :]
        items = "".join(f"<item>{''.join(_element(*one) for one in item)}</item>" for item in self.items)
        text = f"{HEAD}{items}</channel></rss>\n"
        place = self.place % (len(text) + 1)
        text = {
            "insert": text[:place] + self.text + text[place:],
            "cut": text[:place],
            "doctype": text.replace("<rss", f"{DOCTYPES[self.place % len(DOCTYPES)]}<rss", 1),
            "twice": text + text,
            "encoding": text.replace(' encoding="UTF-8"', ""),
            "deep": text.replace("<item>", "<item>" + "<a>" * (self.place % 60) + "</a>" * (self.place % 60), 1),
            "version": text.replace("1.2", ("9.9", "1.0", "", "1.1")[self.place % 4]),
        }.get(self.damage, text)
        encodings = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32")
        return text.encode(encodings[self.place % 6] if self.damage == "encoding" else "utf-8", "xmlcharrefreplace")


def _element(name: str, text: str) -> str:
    if name == "wp:comment":
        inside = "".join(f"<{COMMENT[n % 10]}>{escape(text)}</{COMMENT[n % 10]}>" for n in range(len(text) % 10, 10))
        return f"<{name}>{inside}</{name}>"
    if name == "category":
        return f'<category domain="post_tag" nicename="x">{escape(text)}</category>'
    return f"<{name}>{escape(text)}</{name}>" if len(text) % 2 else f"<{name}><![CDATA[{text}]]></{name}>"


EXPORTS: Final = st.builds(
    Export,
    st.lists(
        st.builds(
            lambda number, own: [("wp:post_id", str(number)), ("wp:status", "publish"), ("wp:post_type", "post"), *own],
            st.integers(1, 30),
            st.lists(st.tuples(st.sampled_from(ITEM), TEXTS), max_size=8),
        ),
        max_size=3,
    ),
    st.sampled_from(
        ["none", "none", "none", "insert", "cut", "doctype", "twice", "deep", "version", "encoding", "sample"]
    ),
    st.integers(0, 30_000),
    texts(3),
)


@pytest.fixture(scope="module")
def journal(printed_journal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("journal")
    for name in ("journal.sqlite3", "secret_key"):
        shutil.copy(printed_journal / name, folder)
    app = create_app({"TESTING": True, "DEMO_BLOG_INSTANCE": folder})
    relax(app)
    yield app
    with app.app_context():
        app.extensions["captcha_guard"].writer.stop()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with fuzz_host(tmp_path_factory.mktemp("host")) as made:
        yield made


GROUPS: Final = {"captcha-guard": group, "journal": journal_commands}


def command(app: Flask, *arguments: str) -> tuple[int, str]:
    """Run a command. Returns its exit status and its output, and raises an error that the command didn't catch."""
    result = app.test_cli_runner().invoke(GROUPS[arguments[0]], arguments[1:])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_no_export_of_wordpress_causes_a_traceback_or_leaves_a_page_that_fails(journal: Flask, tmp_path: Path) -> None:
    file = tmp_path / "export.xml"

    def size() -> tuple[int | None, int | None]:
        with journal.app_context():
            posts = db.session.scalar(db.select(func.count(Post.id)))
            return posts, db.session.scalar(db.select(func.count(Comment.id)))

    def check(export: Export) -> None:
        file.write_bytes(export.written())
        before = size()
        expected, report = command(journal, "journal", "import-wordpress", "--dry-run", str(file))
        assert size() == before
        status, said = command(journal, "journal", "import-wordpress", str(file))
        assert status == expected, (report, said)
        if status:
            assert "Nothing was imported" in said
            assert size() == before
        with journal.app_context():
            newest = db.session.scalar(db.select(Post.slug).where(~Post.draft).order_by(Post.id.desc()))
        for path in (f"/posts/{newest}", "/", "/feed.atom", "/archive"):
            assert journal.test_client().get(path).status_code == 200, path

    fuzz("WordPress", EXPORTS, check, examples=12)


#: Values of a member of a line, as Python values or as they are written.
MEMBERS: Final = st.one_of(texts(3, halves=True).map(json.dumps), st.sampled_from(VALUES))
LINES: Final = st.lists(
    st.tuples(
        st.sampled_from(
            ("name", "spam", "rules", "tokens", "strength", "unmarked", "body", "author", "url", "scope", "x")
        ),
        MEMBERS,
    ),
    max_size=3,
)
FILES: Final = st.tuples(
    st.lists(LINES, max_size=3),
    st.sampled_from(["lines", "lines", "cut", "bytes", "header", "encoding"]),
    st.integers(0, 900),
)


def written(given: list[list[tuple[str, str]]], base: dict[str, object], header: str, damage: str, place: int) -> bytes:
    """Return a file of JSON lines. Each line is the ``base`` with other members."""
    lines = [header] if damage != "header" else []
    for members in given:
        parts = {name: json.dumps(value) for name, value in base.items()} | dict(members)
        lines.append("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in parts.items()) + "}")
    text = "\n".join(line for line in lines if line) + "\n"
    if damage == "cut":
        text = text[: place % (len(text) + 1)]
    encodings = ("utf-8-sig", "utf-16", "latin-1", "utf-32")
    data = text.encode(encodings[place % 4] if damage == "encoding" else "utf-8", "replace")
    return data[:place] + b"\xff\0" + data[place:] if damage == "bytes" else data


def test_no_file_of_decisions_causes_a_traceback_and_a_refused_one_changes_nothing(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "decisions.jsonl"
    header = command(host.app, "captcha-guard", "export-decisions", "-")[1].splitlines()[0]
    base: dict[str, object] = {"name": "00000000000000ff", "spam": True, "rules": 5, "tokens": ["w:loop", "w:never"]}

    def check(case: tuple[Any, str, int]) -> None:
        lines, damage, place = case
        file.write_bytes(written(lines, base, header, damage, place))
        before = command(host.app, "captcha-guard", "export-decisions", "-")
        status, said = command(host.app, "captcha-guard", "import-decisions", str(file))
        after = command(host.app, "captcha-guard", "export-decisions", "-")
        assert status in {0, 1}, said
        if status:
            assert "nothing was changed" in said, said
            assert after == before
        again = tmp_path / "again.jsonl"
        again.write_text(after[1], "utf-8")
        assert command(host.app, "captcha-guard", "import-decisions", str(again))[0] == 0
        assert command(host.app, "captcha-guard", "export-decisions", "-") == after

    fuzz("decisions", FILES, check, examples=20)


def test_no_file_of_comments_causes_a_traceback(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "comments.jsonl"
    base: dict[str, object] = {"body": "The loop in part two never ends.", "spam": False}

    def check(case: tuple[Any, str, int]) -> None:
        lines, damage, place = case
        file.write_bytes(written(lines, base, "", damage, place))
        status, said = command(host.app, "captcha-guard", "teach", "--file", str(file))
        assert status in {0, 1}, said

    fuzz("comments to teach", FILES, check, examples=20)
