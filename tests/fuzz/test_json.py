"""No JSON document causes a server error, or is accepted without a right code."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import count
from typing import Final

import pytest
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.fuzz.budget import fuzz
from tests.fuzz.cost import Cost, words
from tests.fuzz.documents import DOCUMENTS, Document
from tests.fuzz.host import Host, fuzz_host
from tests.fuzz.tokens import MUTATIONS, Mutation, mutated, same_bytes

ANSWERS: Final = {201, 303, 400, 403, 409, 413, 415, 422, 429}
PROBLEM: Final = "application/problem+json"

CASES: Final = st.tuples(
    DOCUMENTS,
    st.sampled_from([True, True, False]),
    st.one_of(st.just(()), st.just(()), MUTATIONS),
    st.sampled_from(["api", "comment"]),
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with fuzz_host(tmp_path_factory.mktemp("host")) as made:
        yield made


def post(host: Host, path: str, data: bytes, content_type: str) -> TestResponse:
    return host.client.post(path, input_stream=BytesIO(data), content_length=len(data), content_type=content_type)


def test_no_document_causes_an_error_or_is_accepted_without_a_right_code(host: Host) -> None:
    cost, numbers = Cost(), count()

    def check(case: tuple[Document, bool, Mutation, str]) -> None:
        document, is_right, mutation, scope = case

        def fields() -> tuple[str, str, list[tuple[str, object]]]:
            token, right = host.code(scope)
            sent = mutated(mutation, [token, host.code("queue")[0]])
            comment: list[tuple[str, object]] = [("author", "Ada"), ("body", words(100, next(numbers)))]
            return token, sent, [*comment, (TOKEN, sent), (ANSWER, right if is_right else f"{right}X")]

        def odd() -> None:
            token, sent, given = fields()
            before = len(host.stored)
            answer = post(host, f"/{scope}", document.written(given), document.content_type)
            assert answer.status_code in ANSWERS, answer.status_code
            if len(host.stored) > before:
                assert len(host.stored) == before + 1
                assert is_right, "a comment with a wrong code was accepted"
                assert sent == token or same_bytes(token, sent), sent
            elif answer.mimetype == PROBLEM:
                assert answer.json is not None
                assert answer.json["status"] == answer.status_code
            if document.is_plain and document.content_type == "application/json" and sent == token:
                assert answer.status_code == (201 if is_right else 422), answer.text
                if not is_right:
                    assert answer.json is not None
                    assert solve(host.app, answer.json["challenge"]["token"])

        def plain() -> None:
            _, _, given = fields()
            size = len(document.written(given))
            text = Document([("more", f'"{words(size, next(numbers))}"')], "whole", "utf-8", "application/json", 0)
            post(host, f"/{scope}", text.written(given), "application/json")

        cost.check(odd, plain)

    fuzz("JSON", CASES, check)


def test_no_document_causes_an_error_where_a_new_challenge_is_asked_for(host: Host) -> None:
    def check(case: tuple[Document, Mutation]) -> None:
        document, mutation = case
        token, _ = host.code()
        sent = mutated(mutation, [token]) if mutation else token
        data = document.written([("scope", "comment"), ("token", sent), ("field", document.much % 3 == 0)])
        answer = post(host, "/captcha-guard/challenge", data, document.content_type)
        assert answer.status_code in {200, 400, 413, 415}, answer.status_code
        assert answer.json is not None
        if document.is_plain and document.content_type == "application/json":
            assert solve(host.app, answer.json["token"])

    fuzz("challenges", st.tuples(DOCUMENTS, st.one_of(st.just(()), MUTATIONS)), check)
