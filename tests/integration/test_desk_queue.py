"""The queue: lists, filters, pages, decisions with their notices and undo, and that hostile comments are only text."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from captcha_guard import Finding, Submission
from demo_blog.database import db
from demo_blog.desk import decisions, filters
from demo_blog.desk.filters import Filters
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentDomain, CommentState, Post

from .journal_fixtures import OWNER, POST, Page, Reader, journal, log_in, owner, printed_journal, reader, stranger

__all__ = ["journal", "owner", "printed_journal", "reader", "stranger"]

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HELD = "[one](https://one.example), [two](https://two.example)"


def store(journal: Flask, *, findings: tuple[Finding, ...] = (), domains: tuple[str, ...] = (), **fields: Any) -> int:
    """Put a comment directly into the table. By default, it is held."""
    with journal.app_context():
        post = db.session.scalars(select(Post).where(Post.slug == POST)).one()
        usual = {"author": "A", "email": "", "url": "", "body": "text", "state": CommentState.HELD, "action": "hold"}
        comment = Comment(post=post, **{**usual, **fields})
        comment.set_findings(findings)
        comment.domains = [CommentDomain(domain=domain) for domain in domains]
        db.session.add(comment)
        db.session.commit()
        return comment.id


def shown(page: Page) -> list[int]:
    """Return the ids of the comments in a page of the queue, in their order."""
    cases = [given for given in page.all("article") if given.get("class", "").startswith("case")]
    return [int(given["id"].removeprefix("comment-")) for given in cases]


def state_of(journal: Flask, comment_id: int) -> str:
    with journal.app_context():
        return db.session.get_one(Comment, comment_id).state


def press(owner: Reader, page: Page, **fields: Any) -> TestResponse:
    """Send the form of the queue's page with these fields, as a button would."""
    given = {name: page.fields[name] for name in ("csrf_token", "back") if name in page.fields}
    return owner.client.post("/desk/decide", data=given | fields)


def undo(owner: Reader, page: Page) -> Page:
    """Press the first Undo of a page, and open the page that follows."""
    given = {name: page.fields[name] for name in ("csrf_token", "batch", "back", "comment") if name in page.fields}
    response = owner.client.post("/desk/undo", data=given)
    return owner.open(response.location)


# What the queue shows


def test_each_list_has_the_comments_of_its_states(owner: Reader, journal: Flask) -> None:
    ids = {state: store(journal, state=state) for state in CommentState}
    for chosen, states in filters.LISTS.items():
        page = owner.open(f"/desk?list={chosen}")
        assert sorted(shown(page)) == sorted(ids[state] for state in states)
    assert shown(owner.open("/desk")) == [ids[CommentState.HELD]]
    assert shown(owner.open("/desk?list=nonsense")) == [ids[CommentState.HELD]]
    assert re.search(r"Held 1\s+Set aside 1\s+Published 1\s+All 3\s+Deleted 1", owner.open("/desk").text)


def test_a_comment_is_shown_with_everything_that_a_decision_needs(owner: Reader, journal: Flask) -> None:
    parent = store(journal, state="published", number=4)
    one = store(
        journal,
        author="Ottoline Gatepost",
        email="otto@example.org",
        url="https://example.org/~otto",
        body="*Very* nice [essay](https://one.example).\n\n<b>bold</b>",
        created=datetime(2026, 3, 14, 9, 5, tzinfo=UTC),
        score=62,
        client="0123456789abcdef0123456789abcdef",
        parent_id=parent,
        findings=(Finding("links", 30, "The comment has 2 links."), Finding("flattery", 20, "Short praise.")),
    )
    page = owner.open("/desk")
    case = page.under(f"comment-{one}")
    for text in (
        "Ottoline Gatepost",
        "The fence and its posts",
        "14 March 2026, 09:05 UTC",
        "in reply to № 4",
        "Held by the guard, with a score of 62 of 100, because:",
        "30 links The comment has 2 links.",
        "20 flattery Short praise.",
        "Very nice essay.",
        "*Very* nice [essay](https://one.example). <b>bold</b>",
        "otto@example.org",
        "https://example.org/~otto",
        "Client01234567, ban it ",
    ):
        assert text in case.replace("\xa0", " "), text
    assert "0123456789abcdef" not in case
    assert "https://one.example" in page.links
    assert "/desk?list=all&client=0123456789abcdef0123456789abcdef" in page.links
    assert "/desk?list=all&reason=links" in page.links


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": "published", "action": "accept", "score": 3}, "Published by the guard, with a score of 3 of 100."),
        ({"state": "spam", "action": "aside", "score": 97}, "Set aside as spam by the guard, with a score of 97"),
        ({"state": "spam", "action": "accept", "imported_from": "x"}, "Set aside as spam, as it was in the journal"),
        ({"state": "held", "action": "accept"}, "Held. The reason wasn't recorded."),
    ],
)
def test_the_reason_for_a_state_is_always_visible(
    owner: Reader, journal: Flask, fields: dict[str, Any], sentence: str
) -> None:
    one = store(journal, **fields)
    assert sentence in owner.open("/desk?list=all").under(f"comment-{one}")
    assert sentence in owner.open(f"/desk/comments/{one}").text


def test_the_owners_decision_is_the_reason_after_it(owner: Reader, journal: Flask) -> None:
    one = store(journal, score=62, findings=(Finding("links", 30, "The comment has 2 links."),))
    press(owner, owner.open("/desk"), approve=one)
    case = owner.open("/desk?list=published").under(f"comment-{one}")
    assert f"Approved by {OWNER} on " in case
    assert "The guard's verdict was “hold”, with a score of 62 of 100, because:" in case
    assert "The comment has 2 links." in case
    with journal.app_context():
        decisions.decide([db.session.get_one(Comment, one)], "spam", None)
    assert "Marked as spam by an editor on " in owner.open(f"/desk/comments/{one}").text


def test_a_comments_page_shows_the_words_that_the_filter_weighs_most(
    reader: Reader, owner: Reader, journal: Flask
) -> None:
    reader.comment(body=f"Fences! {HELD}")
    assert "The filter has no result yet" in owner.open("/desk/comments/1").text
    with journal.app_context():
        for number in range(8):
            guard.teach(Submission(scope="one", body=f"the loop ends {number}"), spam=False)
            guard.teach(Submission(scope="two", body=f"cheap fences {number}"), spam=True)
    page = owner.open("/desk/comments/1")
    assert re.search(r"fences\s*\+\d\.\d\d\s*word\s*0\s*8", page.text)
    assert len(page.all("tr")) <= 11
    assert owner.client.get("/desk/comments/2").status_code == 404


def test_the_queue_shows_the_ten_heaviest_tokens_of_each_comment_that_waits(owner: Reader, journal: Flask) -> None:
    body = "fences and gates and bolts and hinges and posts and rails and planks and nails and paint"
    held, aside = store(journal, body=body), store(journal, body=body, state=CommentState.SPAM, action="aside")
    published = store(journal, body=body, state=CommentState.PUBLISHED, action="accept")
    assert owner.open("/desk").under(f"tokens-{held}") == ""
    with journal.app_context():
        for number in range(8):
            guard.teach(Submission(scope="one", body=f"the loop ends {number}"), spam=False)
            guard.teach(Submission(scope="two", body=f"{body} {number}"), spam=True)
    for chosen, comment in (("held", held), ("aside", aside), ("all", held), ("all", aside)):
        tokens = owner.open(f"/desk?list={chosen}").under(f"tokens-{comment}")
        assert len(re.findall(r"[+-]\d\.\d", tokens)) == 10
        assert re.search(r"hinges \+\d\.\d", tokens)
    assert owner.open("/desk?list=published").under(f"tokens-{published}") == ""


# Filters


@pytest.fixture
def searched(journal: Flask) -> dict[str, int]:
    """Comments that each search finds alone."""
    return {
        "reason": store(journal, findings=(Finding("links", 30, "x"),)),
        "author": store(journal, author="Zoë 100% Quill"),
        "email": store(journal, email="zoe_1@example.org"),
        "domain": store(journal, domains=("shop.evil.example", "other.example")),
        "client": store(journal, client="abcdef0123456789"),
        "text": store(journal, body="Buy a FENCE_post today"),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("reason=links", "reason"),
        ("author=100%25+quill", "author"),
        ("author=zoe_1", "email"),
        ("domain=evil.example", "domain"),
        ("domain=SHOP.evil.example.", "domain"),
        ("client=ABCDEF01", "client"),
        ("text=fence_post", "text"),
        ("text=fence_post&author=A", "text"),
    ],
)
def test_a_search_finds_what_it_names(owner: Reader, searched: dict[str, int], query: str, found: str) -> None:
    assert shown(owner.open(f"/desk?list=all&{query}")) == [searched[found]]


@pytest.mark.parametrize(
    "query",
    ["author=100_", "text=%25", "text=fence.post", "domain=vil.example", "client=_", "reason=link", "text=%00x%00y"],
)
def test_a_search_takes_its_words_literally(owner: Reader, searched: dict[str, int], query: str) -> None:
    page = owner.open(f"/desk?list=all&{query}")
    assert shown(page) == []
    assert "No comment matches." in page.text


def test_every_known_reason_can_be_chosen(owner: Reader, searched: dict[str, int], journal: Flask) -> None:
    store(journal, findings=(Finding("bbcode", 40, "x"), Finding("links", 30, "y")))
    page = owner.open("/desk?list=all&reason=bbcode")
    assert [given for given in page.all("option") if "selected" in given] == [{"selected": ""}]
    assert re.search(r"any\s+bbcode\s*links", page.text)


# Pages


def test_pages_show_every_comment_once_in_both_directions(owner: Reader, journal: Flask) -> None:
    ids = [store(journal, created=NOON + timedelta(seconds=number // 3)) for number in range(23)]
    newest_first = sorted(ids, reverse=True)
    with journal.app_context():
        forward: list[int] = []
        before = None
        while True:
            page = filters.page(Filters(), before=before, after=None, size=5)
            forward += [comment.id for comment in page.comments]
            assert (page.newer is None) == (before is None)
            if page.older is None:
                break
            before = page.older
        assert forward == newest_first
        backward: list[int] = []
        after: str | None = filters.position_of(db.session.get_one(Comment, newest_first[-1]))
        while after is not None:
            page = filters.page(Filters(), before=None, after=after, size=5)
            backward = [comment.id for comment in page.comments] + backward
            after = page.newer
        assert backward == newest_first[:-1]


def test_a_page_has_20_comments_and_links_to_its_neighbours(owner: Reader, journal: Flask) -> None:
    ids = [store(journal, created=NOON + timedelta(seconds=number), author="Otto & Co.") for number in range(22)]
    first = owner.open("/desk?author=Otto")
    assert shown(first) == ids[:1:-1]
    older = next(link for link in first.links if "before=" in link)
    store(journal, author="Otto, later")  # doesn't move the pages
    second = owner.open(older)
    assert shown(second) == ids[1::-1]
    newer = next(link for link in second.links if "after=" in link)
    assert shown(owner.open(newer)) == ids[:1:-1]


def test_characters_that_databases_refuse_are_no_error(owner: Reader, journal: Flask) -> None:
    store(journal)
    for name in ("list", "before", "after", "done", "reason", "author", "domain", "client", "text"):
        for address in ("/desk", "/desk/decisions", "/desk/comments.csv"):
            assert owner.client.get(f"{address}?{name}=%00%ed%a0%80%ff").status_code == 200


@pytest.mark.parametrize("position", ["x", "1", "1.x", "-1.1", "9" * 40 + ".1", "1." + "9" * 40, "%00.%00", "1e9.1"])
def test_a_position_that_cannot_be_read_is_ignored(owner: Reader, journal: Flask, position: str) -> None:
    one = store(journal)
    for name in ("before", "after"):
        page = owner.open(f"/desk?{name}={position}")
        assert page.response.status_code == 200
        assert shown(page) in ([one], [])


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    statements: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "after_cursor_execute", listen)
    yield statements
    event.remove(db.engine, "after_cursor_execute", listen)


def test_the_number_of_statements_does_not_depend_on_the_number_of_comments(owner: Reader, journal: Flask) -> None:
    numbers = []
    for _ in range(2):
        for number in range(5):
            parent = store(journal, state="published", body=f"p {number}")
            store(journal, parent_id=parent, findings=(Finding("links", 30, "x"),))
        with journal.app_context(), counted_statements() as statements:
            owner.open("/desk?list=all")
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]


# Decisions


AFTER = {
    "approve": ("published", "1 comment approved.", (1, 0)),
    "spam": ("spam", "1 comment marked as spam.", (0, 1)),
    "delete": ("deleted", "1 comment deleted. You can restore it for a day.", (0, 0)),
}


@pytest.mark.parametrize("button", AFTER)
def test_one_comment_is_decided_taught_and_undone(reader: Reader, owner: Reader, journal: Flask, button: str) -> None:
    reader.comment(body=HELD)
    state, notice, taught = AFTER[button]
    page = owner.open("/desk")
    response = press(owner, page, **{button: 1})
    assert response.status_code == 303
    page = owner.open(response.location)
    assert notice in page.text
    assert state_of(journal, 1) == state
    with journal.app_context():
        stats = guard.filter_stats()
        assert (stats.ham, stats.spam) == taught
    page = undo(owner, page)
    assert "Undone for 1 comment." in page.text
    assert shown(page) == [1]
    assert state_of(journal, 1) == "held"


def test_chosen_comments_are_decided_and_undone_together(owner: Reader, journal: Flask) -> None:
    ids = [store(journal) for _ in range(4)]
    page = owner.open("/desk")
    page = owner.open(press(owner, page, spam="chosen", id=ids[:3]).location)
    assert "3 comments marked as spam." in page.text
    assert shown(page) == [ids[3]]
    with journal.app_context():
        again = db.session.get_one(Comment, ids[0])
        decisions.decide([again], "published", None)
    page = undo(owner, page)
    assert "Undone for 3 comments. 1 of them has a later decision, which still counts." in " ".join(page.text.split())
    assert [state_of(journal, one) for one in ids] == ["published", "held", "held", "held"]


def test_all_comments_on_a_page_are_decided_with_one_tick(owner: Reader, journal: Flask) -> None:
    ids = [store(journal, created=NOON + timedelta(seconds=number)) for number in range(22)]
    page = owner.open("/desk")
    response = press(owner, page, spam="chosen", everything="1", shown=page.fields["shown"])
    assert "20 comments marked as spam." in owner.open(response.location).text
    assert [state_of(journal, one) for one in (ids[0], ids[1], ids[2], ids[21])] == ["held", "held", "spam", "spam"]


def rewrite(journal: Flask, comment_id: int, body: str = "Buy tickets here") -> None:
    """Change the text of a comment as its author does."""
    with journal.app_context():
        db.session.get_one(Comment, comment_id).body = body
        db.session.commit()


def test_a_text_that_changed_after_the_page_was_opened_is_not_published(owner: Reader, journal: Flask) -> None:
    one = store(journal)
    page = owner.open("/desk")
    rewrite(journal, one)
    page = owner.open(press(owner, page, approve=one, seen=page.fields["seen"]).location)
    assert "An author has changed a comment since you opened the page." in page.text
    assert "Buy tickets here" in page.text
    assert state_of(journal, one) == "held"
    press(owner, page, approve=one, seen=page.fields["seen"])
    assert state_of(journal, one) == "published"


def test_of_chosen_comments_only_those_that_changed_wait(owner: Reader, journal: Flask) -> None:
    ids = [store(journal) for _ in range(3)]
    page = owner.open("/desk")
    seen = [given["value"] for given in page.all("input") if given.get("name") == "seen"][-1]
    rewrite(journal, ids[1])
    page = owner.open(press(owner, page, approve="chosen", id=ids, seen=seen).location)
    assert "Not decided: 1." in page.text
    assert "2 comments approved." in page.text
    assert [state_of(journal, one) for one in ids] == ["published", "held", "published"]


def test_the_form_on_a_comments_own_page_is_for_the_text_that_it_shows(owner: Reader, journal: Flask) -> None:
    one = store(journal)
    page = owner.open(f"/desk/comments/{one}")
    rewrite(journal, one)
    response = owner.client.post("/desk/decide", data=page.fields | {"approve": str(one)})
    assert "An author has changed a comment" in owner.open(response.location).text
    assert state_of(journal, one) == "held"


def test_a_button_without_a_choice_changes_nothing(owner: Reader, journal: Flask) -> None:
    one = store(journal)
    page = owner.open("/desk")
    page = owner.open(press(owner, page, delete="chosen").location)
    assert "Nothing was changed. Tick comments," in page.text
    assert state_of(journal, one) == "held"


@pytest.mark.parametrize(
    "fields",
    [
        {"spam": "x"},
        {"spam": "-1"},
        {"spam": "9" * 30},
        {"spam": "chosen", "id": ["x", "", "9" * 18]},
        {"spam": "chosen", "everything": "1", "shown": "1;2"},
        {"spam": "chosen", "everything": "1", "shown": ",".join(map(str, range(1, 60)))},
    ],
)
def test_damaged_choices_change_nothing(owner: Reader, journal: Flask, fields: dict[str, Any]) -> None:
    one = store(journal)
    response = press(owner, owner.open("/desk"), **fields)
    assert response.status_code == 303
    assert "Nothing was changed." in owner.open(response.location).text
    assert state_of(journal, one) == "held"


def test_a_form_without_a_button_is_a_400(owner: Reader, journal: Flask) -> None:
    store(journal)
    assert press(owner, owner.open("/desk")).status_code == 400


def test_after_a_decision_the_same_list_is_shown_at_the_next_comment(owner: Reader, journal: Flask) -> None:
    one, other = (store(journal, author="Otto & Co.") for _ in range(2))
    page = owner.open("/desk?list=all&author=Otto+%26+Co.")
    response = press(owner, page, approve=other, then=one)
    path, _, query = response.location.partition("?")
    assert path == "/desk"
    assert "list=all&author=Otto+%26+Co." in query
    assert query.endswith(f"#comment-{one}")
    assert "done=" not in owner.open(response.location).fields["back"]


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "list=x&next=//evil.example", "%00", "&&=&"]
)
def test_the_page_after_a_decision_is_always_the_queue(owner: Reader, journal: Flask, back: str) -> None:
    one = store(journal)
    token = owner.open("/desk").fields["csrf_token"]
    data = {"csrf_token": token, "back": back, "approve": one, "then": "//evil.example"}
    response = owner.client.post("/desk/decide", data=data)
    assert response.location.startswith("/desk?list=held&done=")
    assert "evil" not in response.location


def test_a_comment_is_decided_on_its_own_page_and_its_decisions_are_listed(owner: Reader, journal: Flask) -> None:
    one = store(journal)
    for button in ("approve", "spam"):
        token = owner.open(f"/desk/comments/{one}").fields["csrf_token"]
        response = owner.client.post("/desk/decide", data={"csrf_token": token, "comment": one, button: one})
        assert response.location.startswith(f"/desk/comments/{one}?done=")
    page = owner.open(response.location)
    lines = " ".join(page.text.split())
    assert f"From published to spam, by {OWNER}," in lines
    assert f"From held to published, by {OWNER}," in lines
    page = undo(owner, page)
    assert "Published" in page.text or "Approved" in page.text
    assert state_of(journal, one) == "published"
    assert "; undone " in page.text


def test_the_page_of_decisions_undoes_any_of_them(owner: Reader, journal: Flask) -> None:
    assert "No decision has been made yet." in owner.open("/desk/decisions").text
    one, other = store(journal), store(journal)
    press(owner, owner.open("/desk"), spam=one)
    press(owner, owner.open("/desk"), approve=other)
    page = owner.open("/desk/decisions")
    assert page.text.index(f"comment {other} approved") < page.text.index(f"comment {one} marked as spam")
    assert f"/desk/comments/{one}" in page.links
    page = undo(owner, page)  # the approval, which is the newest
    assert "Undone for 1 comment." in page.text
    assert [state_of(journal, one), state_of(journal, other)] == ["spam", "held"]


def test_an_unknown_batch_changes_nothing(owner: Reader, journal: Flask) -> None:
    store(journal)
    token = owner.open("/desk").fields["csrf_token"]
    response = owner.client.post("/desk/undo", data={"csrf_token": token, "batch": "unknown"})
    assert owner.open(response.location).response.status_code == 200


def test_the_owner_learns_that_the_guard_could_not_be_taught(owner: Reader, journal: Flask) -> None:
    file = Path(journal.instance_path) / "captcha_guard.sqlite3"
    if journal.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
        return  # the judge's tables are in the same database, which would be locked as a whole
    one = store(journal)
    page = owner.open("/desk")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        response = press(owner, page, approve=one)
    assert "The guard couldn't learn 1 of these decisions" in owner.open(response.location).text
    assert state_of(journal, one) == "published"


def test_every_form_of_the_desk_needs_a_csrf_token(owner: Reader, journal: Flask) -> None:
    one = store(journal)
    press(owner, owner.open("/desk"), spam=one)
    for address in ("/desk?list=all", f"/desk/comments/{one}", "/desk/decisions"):
        page = owner.open(address)
        forms = [given for given in page.all("form") if given["method"] == "post"]
        tokens = [given for given in page.all("input") if given.get("name") == "csrf_token"]
        assert len(tokens) == len(forms) >= 2
    for rule in journal.url_map.iter_rules():
        if rule.rule.startswith("/desk/") and "POST" in (rule.methods or ()) and not rule.arguments:
            assert owner.client.post(rule.rule).status_code == 400, rule.rule
    assert state_of(journal, one) == "spam"


# Hostile comments


PAYLOADS = (
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</textarea></pre></title></details><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}<b>",
    "javascript:alert(1)",
    '" autofocus onfocus="alert(1)',
    "<!--<script>",
    "[x](javascript:alert(1)) ![x](https://evil.example/x.png) <https://a.example/\"onclick='alert(1)'>",
)


@pytest.mark.parametrize("kind", ["markdown", "html"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_field_of_a_comment_brings_markup_into_the_desk(
    owner: Reader, journal: Flask, payload: str, kind: str
) -> None:
    one = store(
        journal,
        author=payload,
        email=payload[:100],
        url=payload,
        body=payload,
        format=kind,
        client=payload[:64],
        action=payload[:16],
        imported_from=payload if payload.startswith("<") else None,
        findings=(Finding(payload[:64], 30, payload),),
        domains=(payload,),
    )
    press(owner, owner.open("/desk"), spam=one)
    query = {"author": payload, "text": payload, "domain": payload, "client": payload, "reason": payload[:64]}
    pages = [owner.open(f"/desk?list={chosen}") for chosen in ("all", "aside")]
    pages += [owner.open(f"/desk/comments/{one}"), owner.open("/desk/decisions")]
    pages.append(Page(owner.client.get("/desk", query_string=query)))
    pages.append(Page(owner.client.get("/desk", query_string={"done": payload, "before": payload, "list": payload})))
    for page in pages:
        assert page.response.status_code == 200
        allowed = {"script": ["/static/desk.js"], "img": []}
        for tag, sources in allowed.items():
            assert [given["src"].partition("?")[0] for given in page.all(tag)] == sources
        assert not page.all("svg")
        for tag, given in page.tags:
            assert not [name for name in given if name.startswith("on")], (tag, given)
            assert not given.get("href", "").strip().lower().startswith(("javascript:", "data:")), (tag, given)
            assert "style" not in given
            assert given.get("autofocus") is None
        assert "49" not in page.under(f"comment-{one}-author")


def test_a_hostile_owners_name_and_user_agent_are_only_text(journal: Flask, reader: Reader) -> None:
    hostile = '<img src=x onerror="alert(1)">'
    reader.client.environ_base["HTTP_USER_AGENT"] = hostile
    reader.comment(body=HELD)
    owner = log_in(journal, hostile)
    press(owner, owner.open("/desk"), spam=1)
    for address in ("/desk?list=all", "/desk/comments/1", "/desk/decisions"):
        page = owner.open(address)
        assert page.all("img") == []
        assert hostile in page.text
