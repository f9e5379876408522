"""No header causes a server error, and a right code is accepted with odd headers, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.fuzz.budget import fuzz
from tests.fuzz.cost import words
from tests.fuzz.host import Host, fuzz_host
from tests.fuzz.texts import latin
from tests.fuzz.tokens import MUTATIONS, Mutation, mutated, same_bytes

LANGUAGES: Final = (
    *("de", "en", "pt-BR", "zh-Hant-TW", "*", "x", "i-klingon", "de-DE;q=0.5", "en;q=nan", "en;q=1e999", "en;q=-1"),
    *("en;q=", ";q=1", ",,,", "en_US.UTF-8", "a" * 5000, "de;q=0.1234567890123", "fr;q=0", "-", "en-" * 300, "de;x=y"),
)
RANGES: Final = (
    *("bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-0", "bytes=5-2", "bytes=0-0,2-3", "bytes=-999999999999", "bytes="),
    *("bytes=9999999999999999999999-", "bytes=1-99999999999999999999", "items=0-1", "bytes=a-b", "bytes=0-1;", "0-1"),
    *("bytes=٣-", "bytes=+1-2", "bytes= 1 - 2 ", "bytes=1_0-", "bytes=" + "0-1," * 900, "bytes=--1", "bytes==1-2"),
)
ADDRESSES: Final = (
    *("203.0.113.9", "2001:db8::1", "[2001:db8::1]:443", "::ffff:203.0.113.9", "fe80::1%eth0", "unknown", "", " ", ","),
    *(
        "1.2.3.4, 5.6.7.8",
        "999.1.1.1",
        "0x7f.1",
        "127.1",
        "1.2.3.4:99999",
        '"1.2.3.4"',
        "_hidden",
        "a" * 5000,
        ":" * 99,
    ),
)
TYPES: Final = (
    "text/html",
    "*/*",
    "application/json",
    "text/html;q=0.1, application/problem+json",
    "a/b;q=x",
    ";",
    "/",
)
OTHERS: Final = (
    *("Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode", "User-Agent", "Cookie", "HX-Request", "Turbo-Frame"),
    *("If-None-Match", "If-Modified-Since", "If-Range", "Captcha-Token", "Captcha-Answer", "Captcha-Pass", "Forwarded"),
    *("Captcha-No-Code", "X-Forwarded-Proto", "X-Requested-With", "Content-Encoding", "Authorization", "Date", "TE"),
)


def _mixed(known: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(known), latin(), st.lists(st.sampled_from(known), max_size=4).map(", ".join))


HEADERS: Final = st.fixed_dictionaries(
    {},
    optional={
        "Accept-Language": _mixed(LANGUAGES),
        "Range": _mixed(RANGES),
        "X-Forwarded-For": _mixed(ADDRESSES),
        "Accept": _mixed(TYPES),
        **{name: st.one_of(latin(), st.sampled_from(("null", "same-origin", "1", "true", "W/x"))) for name in OTHERS},
    },
)
#: Headers with which a browser says that a form comes from another site, or with which our fields can be sent.
DECISIVE: Final = (
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
    "Captcha-Token",
    "Captcha-Answer",
    "Captcha-Pass",
    "Captcha-No-Code",
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with fuzz_host(tmp_path_factory.mktemp("host")) as made:
        yield made


def test_a_right_code_is_accepted_whatever_the_headers_say_about_the_visitor(host: Host) -> None:
    numbers = count()

    def check(headers: Mapping[str, str]) -> None:
        token, right = host.code()
        given = {"author": "Ada", "body": words(100, next(numbers)), TOKEN: token}
        before = len(host.stored)
        wrong = host.client.post("/comment", data=given | {ANSWER: f"{right}X"}, headers=headers)
        assert wrong.status_code in {403, 422}, wrong.status_code
        assert len(host.stored) == before
        token, right = host.code()
        answer = host.client.post("/comment", data=given | {TOKEN: token, ANSWER: right}, headers=headers)
        if not any(name in headers for name in DECISIVE):
            assert answer.status_code == 303, answer.status_code
        assert answer.status_code in {303, 400, 403, 422}, answer.status_code
        assert host.client.get("/page", headers=headers).status_code == 200

    fuzz("headers", HEADERS, check)


def test_a_part_of_a_file_is_the_part_of_the_whole_file(host: Host) -> None:
    token, _ = host.code()
    whole = {ending: host.client.get(f"/captcha-guard/{token}{ending}").data for ending in (".png", "@2x.png", ".wav")}

    def check(case: tuple[Mapping[str, str], str, Mutation]) -> None:
        headers, ending, mutation = case
        sent = mutated(mutation, [token]) if mutation else token
        address = f"/captcha-guard/{quote(sent, safe='', errors='surrogatepass')}{ending}"
        answer = host.client.get(address, headers=headers)
        assert answer.status_code in {200, 206, 304, 308, 403, 404, 405, 416}, answer.status_code
        if answer.status_code in {200, 206} and answer.mimetype in {"image/png", "audio/wav"}:
            assert sent == token or same_bytes(token, sent), sent
        if answer.status_code == 206:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers["Content-Range"])
            assert found is not None
            start, last, length = map(int, found.groups())
            assert (answer.data, length) == (whole[ending][start : last + 1], len(whole[ending]))
        elif answer.status_code == 200 and not mutation:
            assert answer.data == whole[ending]

    fuzz("files", st.tuples(HEADERS, st.sampled_from(sorted(whole)), st.one_of(st.just(()), MUTATIONS)), check)
