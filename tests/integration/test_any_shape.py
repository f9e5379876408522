"""In any shape of a request, spam isn't judged more mildly, and good text not more strictly, than in ``body``."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from captcha_guard import Submission, Verdict
from captcha_guard.signals import submission_judged
from tests.integration.conftest import MakeBlog
from tests.unit.good_comments import GOOD

SPAM = (
    "Buy cheap viagra online, casino bonus for you: http://a.example http://b.example",
    "I make 5000 dollars every week from home, ask me how: https://a.example/?ref=7",
    "Subscribe to my channel please, and check out my new video https://a.example/watch",
    "Great post! Visit my website at www.pills.example for cheap pills without a prescription",
    "Free bitcoin giveaway, send me 0.1 BTC and get 0.2 back at http://btc.example",
    "Hello dear, your blog loads so fast! What theme do you use? [url=http://a.example]replica watches[/url]",
    '<a href="http://a.example">payday loans</a> <a href="http://b.example">online casino</a>',
)
HONEST = tuple(comment.body for comment in GOOD.values() if len(comment.body) < 2000)

#: Includes names that have a role. In these, too, spam is judged like the body.
NAMES = st.one_of(
    st.sampled_from(
        [
            "review",
            "msg",
            "c-body",
            "comment[body]",
            "feedback",
            "body",
            "comment",
            "text",
            "message",
            "name",
            "author",
            "email",
            "url",
            "website",
            "title",
            "next",
            "csrf_token",
            "password",
            "x",
            "stars",
            "bödy",
            "a.b",
            "comment.text",
        ]
    ),
    st.text(string.ascii_letters + "-_[]." + "éя中", min_size=1, max_size=12),
)
FREE_NAMES = NAMES.filter(lambda name: not _has_role(name) and re.fullmatch(r"[\w\-\[\].]+", name) is not None)


@dataclass(frozen=True)
class Shape:
    """A request that contains a text somewhere: the arguments for the test client, and how it was made."""

    sent: Mapping[str, Any]
    query: Mapping[str, str] = field(default_factory=dict)


@pytest.fixture
def judge(blogs: MakeBlog) -> Iterator[Callable[[Shape], Verdict]]:
    """Post a shape to a moderated route that stores nothing, so that one request doesn't change the next."""
    blog = blogs({"CAPTCHA_GUARD_MODE": "off"})
    blog.app.add_url_rule("/any", "any", blog.guard.protect(moderated=True)(lambda: ("", 422)), methods=["POST"])
    heard: list[Verdict] = []

    def listen(_: object, submission: Submission, verdict: Verdict) -> None:
        heard.append(verdict)

    def post(shape: Shape) -> Verdict:
        heard.clear()
        blog.client().post("/any", query_string=shape.query, **shape.sent)
        (verdict,) = heard
        return verdict

    with submission_judged.connected_to(listen):
        yield post


def plain(text: str) -> Shape:
    return Shape({"data": {"body": text}})


@st.composite
def placed(draw: st.DrawFn, text: str, names: st.SearchStrategy[str]) -> Shape:
    """Put a text somewhere in a request, together with other fields."""
    name = draw(names)
    beside = draw(st.sampled_from([{}, {"parent": "7"}, {"name": "Ada"}, {"name": "Ada", "email": "ada@mail.example"}]))
    others = {key: value for key, value in beside.items() if key != name}
    shapes = {
        "form": Shape({"data": {**others, name: text}}),
        "twice": Shape({"data": {**others, name: draw(st.permutations(["Fine.", text]))}}),
        "multipart": Shape({"data": {**others, name: text}, "content_type": "multipart/form-data"}),
        "query": Shape({"data": {**others, "parent": "7"}}, {name: text}),
        "file": Shape({"data": {**others, name: (BytesIO(b"x"), text)}}),
        "json": Shape({"json": {**others, name: nested(draw, name, text)}}),
        "list": Shape({"json": ["Fine.", nested(draw, name, text)]}),
        "key": Shape({"json": {**others, "inside": {text: 1}}}),
        "name": Shape({"data": {**others, text: "1"}}),
    }
    if '"' in text:  # browsers send another character instead
        del shapes["file"]
    return shapes[draw(st.sampled_from(sorted(shapes)))]


def nested(draw: st.DrawFn, name: str, text: str) -> object:
    document: object = text
    for _ in range(draw(st.integers(0, 6))):
        document = draw(st.sampled_from([{name: document}, [document], {"a": 1, name: document}, ["Fine.", document]]))
    return document


def _has_role(name: str) -> bool:
    private = re.search("csrf|token|passw|secret", name.lower()) is not None
    return private or name.rpartition("-")[2] in {
        *("body", "comment", "text", "content", "message", "name", "author", "email", "mail", "url", "website"),
        "homepage",
    }


def is_not_milder(one: Verdict, other: Verdict) -> bool:
    return one.action >= other.action and one.score >= other.score


@settings(max_examples=400)
@given(st.data())
def test_spam_is_not_judged_more_mildly_in_any_place(judge: Callable[[Shape], Verdict], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SPAM))
    shape = data.draw(placed(text, NAMES))
    found, usual = judge(shape), judge(plain(text))
    assert is_not_milder(found, usual), (shape, found, usual)


@settings(max_examples=300)
@given(st.data())
def test_good_text_without_a_role_is_not_judged_more_strictly(
    judge: Callable[[Shape], Verdict], data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from(HONEST))
    shape = data.draw(placed(text, FREE_NAMES))
    found, usual = judge(shape), judge(plain(text))
    assert is_not_milder(usual, found), (shape, found, usual)


#: Characters that a reader doesn't see.
UNSEEN = st.sampled_from(
    [
        *map(chr, (*range(1, 9), 11, 12, *range(14, 32), 127, *range(0x80, 0xA0))),
        *"\u00ad\u200b\u200c\u200d\u2060\ufeff\u180e\u061c\u034f\u115f\u3164\ufe0f\u2062\u2069",
        *("\U000e0041", "\U0001d173", "\ufff9", "\ufffa", "&#1;", "&shy;", "&ZeroWidthSpace;"),
    ]
)


@settings(max_examples=200)
@given(text=st.sampled_from(SPAM[:5]), unseen=UNSEEN, every=st.integers(1, 9), start=st.integers(0, 9))
@example(text=SPAM[0], unseen="\x01", every=3, start=1)
def test_invisible_characters_do_not_make_spam_milder(
    judge: Callable[[Shape], Verdict], text: str, unseen: str, every: int, start: int
) -> None:
    pieces = [text[place : place + every] for place in range(start, len(text), every)]
    disguised = text[:start] + unseen.join(pieces)
    found, usual = judge(plain(disguised)), judge(plain(text))
    assert is_not_milder(found, usual), (disguised, found, usual)


def spelt(host: str) -> st.SearchStrategy[str]:
    """Return ways to write a link to a host that Markdown or a browser follows."""
    return st.sampled_from(
        [
            *(f"http://{host}", f"HTTP://{host}", f"<http://{host}>", f"https://user@{host}:8080/x?y#z"),
            *(f"[a](http\\://{host})", f"[a](<http\\://{host}>)", f"[a](//{host})", f"[a](https:{host})"),
            *(f"[a](http:/{host})", f"[a](https:\\\\{host})", f"[a](\\//{host})", f"![a](http://{host})"),
            *(f"&#104;ttp&#58;//{host}", f"[a](&#x68;ttp://{host})", f"[a]( <//{host}> 'title')"),
            *(f'<a href="//{host}">a</a>', f"<A HREF=' ht\ntp://{host}'>a</A>", f"<a\nhref=http://{host}>a</a>"),
            *(f"[url]http://{host}[/url]", f"[url=http://{host}]a[/url]", f"www.{host}"),
            *(
                f"[a [b] c](http://{host})",
                f"[a](http://{host}/(x))",
                f"[*a*](http://{host})",
                f"[a\\]](http://{host})",
            ),
        ]
    )


@settings(max_examples=200)
@given(st.data())
def test_two_links_are_found_in_every_spelling(judge: Callable[[Shape], Verdict], data: st.DataObject) -> None:
    one, other = data.draw(spelt("a.example")), data.draw(spelt("b.example"))
    before = data.draw(st.sampled_from(["", "I like this. ", "x" * 7000 + " ", "# A heading\n\n", "> "]))
    body = f"{before}{one} and {other}"
    verdict = judge(plain(body))
    assert "links" in verdict.reasons, (body, verdict)


def test_two_reference_links_are_found_by_their_uses(judge: Callable[[Shape], Verdict]) -> None:
    for body in (
        "See [a][1] and [b][1].\n\n[1]: http://a.example",
        "See [one][] and [two].\n\n[one]: http://a.example\n[two]: <//b.example>",
        "[1]: http://a.example\n\nSee [a] [1], [1] and [b][1]",
    ):
        assert "links" in judge(plain(body)).reasons, body


def test_every_shape_reaches_the_judge(judge: Callable[[Shape], Verdict]) -> None:
    """A control: the shapes above contain their text, so the tests above can fail."""
    for shape in (
        plain(SPAM[0]),
        Shape({"json": {"a": [{"b": SPAM[0]}]}}),
        Shape({"data": {"x": "1"}}, {"q": SPAM[0]}),
    ):
        assert "links" in judge(shape).reasons, json.dumps(str(shape))
