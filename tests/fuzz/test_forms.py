"""No form causes a server error, loses what was typed, or is accepted without a right code."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from itertools import count
from typing import Final

import pytest
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from captcha_guard.testing import solve
from captcha_guard.web.post.entry import is_private
from captcha_guard.web.post.posted import ANSWER, NO_CODE, PASS, TOKEN
from tests.fuzz.budget import fuzz
from tests.fuzz.cost import Cost, words
from tests.fuzz.forms import ENCODINGS, EXTRA, Body, Encoding, Fields
from tests.fuzz.host import Host, fuzz_host
from tests.fuzz.texts import texts
from tests.fuzz.tokens import MUTATIONS, Mutation, mutated, same_bytes

#: Statuses of answers to a POST to a guarded form.
ANSWERS: Final = {303, 400, 403, 409, 413, 415, 422, 429}

#: A word that stands in each typed text, so that a test finds the text again. Its number tells the fields apart.
MARK: Final = "mark%dmark"

OURS: Final = {TOKEN, ANSWER, PASS, NO_CODE}
PLAIN: Final = Encoding("plain", 0, "")


@dataclass(frozen=True)
class Case:
    """A form: how its token is changed, whether its answer is right, its texts, further fields, and its encoding."""

    mutation: Mutation
    is_right: bool
    author: str
    body: str
    extra: Fields
    encoding: Encoding
    path: str


CASES: Final = st.builds(
    Case,
    st.one_of(st.just(()), st.just(()), MUTATIONS),
    st.sampled_from([True, True, False]),
    texts(3, halves=True),
    texts(10, halves=True),
    EXTRA,
    ENCODINGS,
    st.sampled_from(["/comment", "/queue"]),
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with fuzz_host(tmp_path_factory.mktemp("host")) as made:
        yield made


class Form(HTMLParser):
    """The ``fields`` that a browser sends from a page, in order. Buttons aren't pressed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "name" in given and (tag == "textarea" or (tag == "input" and given.get("type") not in {"file", "submit"})):
            self.fields.append((given["name"], given.get("value", "")))
            self._area = given["name"] if tag == "textarea" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[-1] = (self._area, self.fields[-1][1] + data)


def marked(fields: Fields) -> list[tuple[str, str]]:
    """Put a mark into the middle of every text that isn't ours."""
    return [
        (name, value if name in OURS else f"{value} {MARK % number} {value}")
        for number, (name, value) in enumerate(fields)
    ]


def missing(fields: Fields, text: str) -> list[str]:
    """Return the names of the fields whose mark isn't in a text. Fields such as passwords are never shown."""
    fields = [("", "") if is_private(name) else (name, value) for name, value in fields]
    return [name for number, (name, value) in enumerate(fields) if MARK % number in value and MARK % number not in text]


def post(host: Host, path: str, body: Body) -> TestResponse:
    return host.client.post(
        path, input_stream=BytesIO(body.data), content_length=len(body.data), content_type=body.content_type
    )


def sender(host: Host, case: Case, number: Callable[[], int]) -> Callable[[], tuple[Fields, str, str, Body]]:
    """Return a function that makes the form of a case with a new code: its fields, both tokens, and its body."""

    def make() -> tuple[Fields, str, str, Body]:
        scope = case.path[1:]
        token, right = host.code(scope)
        sent = mutated(case.mutation, [token, *(host.code(other)[0] for other in ("comment", "queue"))])
        typed = marked([("author", f"A{case.author}"), ("body", f"{case.body} {number()}"), *case.extra])
        fields = [*typed, (TOKEN, sent), (ANSWER, right if case.is_right else f"{right}X")]
        return fields, token, sent, case.encoding.encode(fields)

    return make


def test_no_form_causes_an_error_loses_a_text_or_is_accepted_without_a_right_code(host: Host) -> None:
    cost, numbers = Cost(), count()

    def check(case: Case) -> None:
        make = sender(host, case, lambda: next(numbers))

        def odd() -> None:
            fields, token, sent, body = make()
            before = len(host.stored)
            answer = post(host, case.path, body)
            assert answer.status_code in ANSWERS, answer.status_code
            stored = host.stored[before:]
            if stored:
                assert len(stored) == 1
                # On a moderated form, a comment may be sent to the moderator without a code.
                assert stored[0].held or case.is_right, "a comment with a wrong code was accepted"
                assert stored[0].held or sent == token or same_bytes(token, sent), sent
            if body.intact and answer.status_code != 413:
                shown = stored[0].text if stored else html.unescape(answer.text)
                assert missing(fields, shown) == []

        def plain() -> None:
            token, right = host.code(case.path[1:])
            text = words(len(make()[3].data), next(numbers))
            post(host, case.path, PLAIN.encode([("author", "A"), ("body", text), (TOKEN, token), (ANSWER, right)]))

        cost.check(odd, plain)

    fuzz("forms", CASES, check)


def test_a_pass_completes_its_own_comment_once_and_no_mutation_of_it_completes_any(host: Host) -> None:
    numbers = count()

    def check(case: tuple[Mutation, bool]) -> None:
        mutation, is_used_first = case
        token, right = host.code("queue")
        text = words(200, next(numbers))

        def send(ours: dict[str, str], author: str = "Ada") -> TestResponse:
            # The texts differ a little, so that none is refused as a duplicate of another one.
            body = f"{text} {next(numbers)}"
            return post(host, "/queue", PLAIN.encode([("author", author), ("body", body), *ours.items()]))

        given = dict(Form(send({TOKEN: token, ANSWER: right}, "").text).fields)[PASS]
        sent, before = mutated(mutation, [given, token, host.code()[0]]), len(host.stored)
        if is_used_first:
            assert send({PASS: given}).status_code == 303
        for one in (sent, given if is_used_first else sent):
            for ours in ({PASS: one}, {TOKEN: one, ANSWER: right}, {PASS: one, TOKEN: token, ANSWER: right}):
                assert send(ours).status_code in ANSWERS
        more = len(host.stored) - before
        assert more == 1 if is_used_first or sent == given or same_bytes(given, sent) else more == 0, sent

    fuzz("passes", st.tuples(MUTATIONS, st.booleans()), check)


def test_a_refused_comment_is_stored_with_every_text_once_its_page_is_sent_with_a_right_code(host: Host) -> None:
    numbers = count()

    def check(extra: Fields) -> None:
        typed = marked([("author", f"Ada {next(numbers)}"), *extra])
        asked = post(host, "/queue", PLAIN.encode(typed))
        form = Form(asked.text).fields
        if asked.status_code != 422 or TOKEN not in dict(form):
            assert asked.status_code in ANSWERS
            return
        right = solve(host.app, dict(form)[TOKEN])
        before = len(host.stored)
        answer = post(
            host, "/queue", PLAIN.encode([(name, right if name == ANSWER else value) for name, value in form])
        )
        assert answer.status_code == 303, answer.status_code
        assert missing(typed, host.stored[before].text) == []

    fuzz("pages", EXTRA, check)
