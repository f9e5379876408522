"""The answer is in the picture, for people to read, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import re
import struct
import zlib

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard.challenge.image import ImageKind
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved, wrong

POST = "/posts/one/comments"

#: The chunks that a picture needs. Text, time, profiles and all others aren't allowed.
CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def spellings(answer: str) -> set[bytes]:
    """Return the ways in which an answer could be written: plain, in base64 or hexadecimal, reversed, hashed."""
    plain = {answer.encode(), answer.lower().encode(), answer[::-1].encode(), " ".join(answer).encode()}
    coded = {base64.b64encode(text).rstrip(b"=") for text in plain} | {text.hex().encode() for text in plain}
    hashes = {hashlib.new(name, text).digest() for name in ("md5", "sha1", "sha256") for text in plain}
    hexed = {digest.hex().encode() for digest in hashes}
    return plain | coded | hashes | hexed | {base64.urlsafe_b64encode(digest).rstrip(b"=") for digest in hashes}


def assert_silent(what: bytes, answer: str) -> None:
    """Fail if ``what`` contains the answer in any spelling, plain or in base64."""
    under = [what]
    for run in re.findall(rb"[A-Za-z0-9_+/-]{8,}", what):
        shifted = (run.translate(bytes.maketrans(b"-_", b"+/"))[skip:] for skip in range(4))
        under += [base64.b64decode(text[: len(text) // 4 * 4]) for text in shifted]
    for spelling in spellings(answer):
        assert not any(spelling in text for text in under), (answer, spelling)


def everything(response: TestResponse) -> bytes:
    """Return status line, headers and body of a response, and of its request."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers)
    return f"{response.request.url}\n{response.status}\n{headers}\n".encode() + response.get_data()


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Split a PNG into its chunks, to the last byte."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        kind, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        (check,) = struct.unpack_from(">I", png, place + 8 + length)
        assert check == zlib.crc32(kind + content)
        found.append((kind, content))
        place += length + 12
    assert place == len(png)
    return found


def test_this_search_finds_an_answer_in_every_spelling() -> None:
    for spelling in spellings("CDFHK"):
        with pytest.raises(AssertionError):
            assert_silent(b"x" + spelling + b"y", "CDFHK")
    inside = base64.urlsafe_b64encode(json.dumps([1, "CDFHK"]).encode())
    with pytest.raises(AssertionError):
        assert_silent(b"token=" + inside, "CDFHK")


@pytest.mark.parametrize("shown", ["/posts/one", "/essay", "/letters", "/queue", "/quiet"])
def test_no_page_contains_the_answer(client: FlaskClient, shown: str) -> None:
    page = client.get(shown)
    assert_silent(everything(page), solve(client, page.text))


@pytest.mark.parametrize("target", [POST, "/essay", "/letters", "/queue"])
def test_no_refusal_contains_an_old_or_new_answer(client: FlaskClient, target: str) -> None:
    first = client.post(target, data=COMMENT)
    again = client.post(target, data=wrong(first))
    for page in (first, again):
        for token in (first, again):
            assert_silent(everything(page), solve(client, token.text))


def test_no_json_contains_the_answer(client: FlaskClient) -> None:
    for response in (
        client.post("/captcha-guard/challenge", json={"scope": "api"}),
        client.post("/api/comments", json=COMMENT),
    ):
        document = response.get_json()
        token = document.get("challenge", document)["token"]
        assert_silent(everything(response), solve(client, token))


@pytest.mark.parametrize("scale", ["", "@2x"])
def test_no_picture_contains_the_answer_outside_of_its_pixels(client: FlaskClient, scale: str) -> None:
    for _ in range(5):
        token = fields_of(client.get("/posts/one"))[TOKEN]
        picture = client.get(f"/captcha-guard/{token}{scale}.png")
        assert picture.status_code == 200
        assert picture.mimetype == "image/png"
        assert picture.headers["Cache-Control"] == "no-store"
        assert "Content-Disposition" not in picture.headers
        assert "ETag" not in picture.headers
        found = chunks(picture.data)
        assert {kind for kind, _ in found} <= CHUNKS
        assert found[-1] == (b"IEND", b"")
        answer = solve(client, token)
        small = [content for kind, content in found if kind != b"IDAT"]
        assert_silent(everything(picture).replace(picture.data, b"\n".join(small)), answer)
        pixels = zlib.decompressobj()
        pixels.decompress(b"".join(content for kind, content in found if kind == b"IDAT"))
        assert pixels.eof
        assert pixels.unused_data == b""


def test_no_log_contains_an_answer_or_the_typed_text(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    blog.app.logger.setLevel(logging.DEBUG)
    client = blog.client()
    right = solved(client, client.get("/posts/one"), COMMENT)
    page = client.get("/posts/one")
    answers = [right[ANSWER], solve(client, page.text)]
    client.get(Page(page.text).pictures[0])
    client.post(POST, data=wrong(page, COMMENT | {"body": "to be refused"}))
    client.post(POST, data=right)
    client.post(POST, data=right)
    client.post("/api/comments", json=COMMENT | {TOKEN: "x", ANSWER: right[ANSWER]})
    logged = io.StringIO()
    for record in caplog.records:
        logged.write(f"{record.getMessage()} {record.__dict__}\n")
    for answer in answers:
        assert answer not in logged.getvalue()
    assert "WRONGWRONG" not in logged.getvalue()
    assert len(blog.stored) == 1


def test_the_same_token_is_the_same_picture_each_time(client: FlaskClient) -> None:
    """Pictures that differ could be averaged to remove the strokes."""
    (path,) = Page(client.get("/posts/one").text).pictures
    pictures = {client.get(path).data for _ in range(5)}
    assert len(pictures) == 1


def test_another_process_draws_the_same_picture(blog: Blog, client: FlaskClient) -> None:
    (path,) = Page(client.get("/posts/one").text).pictures
    image = blog.state.issuer.kinds["image"]
    assert isinstance(image, ImageKind)
    before = client.get(path).data
    image._rendered.cache_clear()
    image._style.cache_clear()
    assert client.get(path).data == before


def test_answers_are_independent(blog: Blog, client: FlaskClient) -> None:
    answers = [solve(client, fields_of(client.get("/posts/one"))[TOKEN]) for _ in range(200)]
    assert len(set(answers)) > 195
    assert {len(answer) for answer in answers} == {5, 6}


def test_nothing_reveals_whether_a_code_is_right_without_spending_it(blog: Blog) -> None:
    """Such an answer would label a solver's training set for free."""
    client = blog.client()
    for extra, status in (({"body": "x" * 70_000}, 413), ({"author": "y" * 300}, 413)):
        answers = []
        for code in ("right", "wrong"):
            fields = solved(client, client.get("/posts/one"), COMMENT | extra)
            answer = client.post(POST, data=fields if code == "right" else fields | {ANSWER: "WRONGWRONG"})
            assert client.get(f"/captcha-guard/{fields[TOKEN]}.png").status_code == 410
            answers.append((answer.status_code, sorted(answer.headers.keys()), answer.text))
        assert answers[0] == answers[1]
        assert answers[0][0] == status


def test_shared_caches_do_not_store_pages_with_a_code(client: FlaskClient) -> None:
    assert "private" in client.get("/posts/one").headers["Cache-Control"]
    assert client.post(POST, data=COMMENT).headers["Cache-Control"] == "private, no-cache"
