"""One token lets one comment through, however often it is sent, from any address, at the same moment or later."""

from __future__ import annotations

import base64
import secrets
from collections import Counter
from dataclasses import replace
from pathlib import Path

from captcha_guard.errors import TokenError
from captcha_guard.testing import solve
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from captcha_guard.web.state import NAME
from tests.integration.conftest import MakeBlog, close_counters
from tests.integration.host_blog import COMMENT, Blog, fields_of, make_blog, solved
from tests.integration.race import PROCESSES, THREADS, GetThenDelete, Round, race

POST = "/posts/one/comments"


def nonce_of(blog: Blog, token: str) -> str:
    return blog.state.issuer.open(token).challenge.nonce


def test_exactly_one_of_64_parallel_posts_of_one_token_is_accepted(tmp_path: Path) -> None:
    config: dict[str, object] = {"SECRET_KEY": secrets.token_hex()}
    blog = make_blog(tmp_path, config)
    client, rounds = blog.client(), []
    for path, page, broken in [
        (POST, "/posts/one", False),
        ("/letters", "/letters", False),
        ("/api/comments", "/api", False),
        ("/essay", "/essay", False),
        (POST, "/posts/one", True),
    ]:
        shown = client.post("/api/comments", data=COMMENT) if page == "/api" else client.get(page)
        if path == "/essay":  # a pass is also spent by the first POST
            unsigned = COMMENT | {"author": "", "body": "Comment of thread 0 in process 0 on lap 3"}
            shown = client.post(path, data=solved(client, shown, unsigned))
            assert PASS in fields_of(shown)
        fields = solved(client, shown, COMMENT)
        nonce = nonce_of(blog, fields.get(PASS) or fields[TOKEN])
        rounds.append(Round(path, nonce, fields, broken))
        if broken:
            GetThenDelete(blog.state.spent._storage, nonce).store_unspent()
    close_counters(blog)

    results = race(tmp_path, config, rounds)

    assert all(result.total() == PROCESSES * THREADS for result in results)
    assert all(not 500 <= status < 600 for result in results for status in result if status != 503)
    accepted = [result[201] + result[303] for result in results]
    assert accepted[:4] == [1, 1, 1, 1], results
    assert accepted[4] > 1, f"the control lost no race, so this test could not fail: {results}"


def test_the_control_differs_from_the_guard_only_in_the_race(blog: Blog) -> None:
    client = blog.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    control = GetThenDelete(blog.state.spent._storage, nonce_of(blog, fields[TOKEN]))
    control.store_unspent()
    blog.app.extensions[NAME] = replace(blog.state, spent=control)
    answers = [client.post(POST, data=fields | {"body": body}).status_code for body in ("one", "two", "three")]
    assert answers == [303, 422, 422]


def test_a_token_is_spent_by_the_first_try_even_if_it_is_wrong(blog: Blog) -> None:
    client = blog.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    assert client.post(POST, data=fields | {ANSWER: "NOTTHECODE"}).status_code == 422
    assert client.post(POST, data=fields).status_code == 422
    assert blog.stored == []


def test_every_spelling_of_a_token_counts_as_that_token(blog: Blog) -> None:
    """Base64 isn't canonical: many strings decode to the same signature, and all of them are valid."""
    client = blog.client()
    token = fields_of(client.get("/posts/one"))[TOKEN]
    payload, stamp, signature = token.split(".")
    decoded = base64.urlsafe_b64decode(signature + "=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelt = [signature[:-1] + last for last in alphabet]
    same = [other for other in respelt if base64.urlsafe_b64decode(other + "=") == decoded]
    assert len(same) == 4
    spellings = [f"{payload}.{stamp}.{other}" for other in (*same, signature + "=", signature + "!", "\n" + signature)]
    genuine = [spelling for spelling in spellings if _opens(blog, spelling)]
    assert len(genuine) >= 4
    answers = Counter(
        client.post(
            POST, data=COMMENT | {"body": str(number), TOKEN: spelling, ANSWER: solve(client, token)}
        ).status_code
        for number, spelling in enumerate(spellings)
    )
    assert answers == {303: 1, 422: len(spellings) - 1}


def _opens(blog: Blog, token: str) -> bool:
    try:
        blog.state.issuer.open(token)
    except TokenError:
        return False
    return True


def test_a_spent_token_stays_spent_after_a_restart(blogs: MakeBlog) -> None:
    secret: dict[str, object] = {"SECRET_KEY": secrets.token_hex()}
    before, after = blogs(secret), blogs(secret)
    client = before.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    assert client.post(POST, data=fields).status_code == 303
    assert after.client().post(POST, data=fields | {"body": "Another."}).status_code == 422


def test_a_picture_cannot_be_fetched_after_its_code_was_tried(blog: Blog) -> None:
    client = blog.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    picture = f"/captcha-guard/{fields[TOKEN]}.png"
    assert client.get(picture).status_code == 200
    client.post(POST, data=fields)
    assert client.get(picture).status_code == 410


def test_a_code_that_was_replaced_by_a_new_one_is_spent(blog: Blog) -> None:
    client = blog.client()
    fields = solved(client, client.get("/posts/one"), COMMENT)
    new = client.post("/captcha-guard/challenge", json={"scope": "comment:one", "token": fields[TOKEN]})
    assert new.status_code == 200
    assert client.post(POST, data=fields).status_code == 422
    assert blog.stored == []
