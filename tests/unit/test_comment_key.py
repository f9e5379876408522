"""The keyed hashes of a comment: what changes them, what doesn't, and that stored ones stay valid."""

from __future__ import annotations

from dataclasses import replace

from captcha_guard.spam.comment_key import comment_key, duplicate_key, sketch_key
from captcha_guard.spam.submission import Submission

SECRET = b"sixteen bytes ..."
SAID = Submission(
    scope="comment:tea",
    author="Ada",
    email="ada@mail.example",
    url="https://ada.example",
    body="I like tea.",
    client="0123456789abcdef",
    posted_at=1_760_000_000.0,
    whole="0" * 32,
)


def test_the_keys_under_which_comments_are_stored_stay_the_same_in_later_releases() -> None:
    assert comment_key(SAID, SECRET) == "7b4cdab33e64346ff47c6491f79ad979"
    assert sketch_key(SAID, SECRET).hex() == "7b4cdab33e64346ffa8b033b93aa292b"
    assert duplicate_key(SAID, SECRET) == "7b4cdab33e64346fa663723cc692dbec"
    assert duplicate_key(replace(SAID, author="", email=""), SECRET) == "96f56166301cb9ee6504cd5d19b90b31"
    assert sketch_key(replace(SAID, whole="\udc80"), SECRET).hex() == "7b4cdab33e64346fdc85de87db6da6eb"


def test_scope_author_email_and_body_make_a_comment() -> None:
    other = [replace(SAID, **{name: "other"}) for name in ("scope", "author", "email", "body")]  # type: ignore[arg-type]
    assert len({comment_key(one, SECRET) for one in (SAID, *other)}) == 5


def test_a_comment_that_the_host_rebuilt_has_the_same_key() -> None:
    rebuilt = Submission(scope=SAID.scope, author=SAID.author, email=SAID.email, body=f" {SAID.body}\r\n")
    assert comment_key(rebuilt, SECRET) == comment_key(SAID, SECRET)


def test_other_fields_make_another_post_of_the_same_comment() -> None:
    other = replace(SAID, whole="1" * 32)
    assert comment_key(other, SECRET) == comment_key(SAID, SECRET)
    assert duplicate_key(other, SECRET) != duplicate_key(SAID, SECRET)
    assert sketch_key(other, SECRET) != sketch_key(SAID, SECRET)


def test_only_senders_without_a_name_are_told_apart_by_their_client() -> None:
    elsewhere = replace(SAID, client="fedcba9876543210")
    assert duplicate_key(elsewhere, SECRET) == duplicate_key(SAID, SECRET)
    for known in (replace(SAID, author=""), replace(SAID, email=" ")):
        assert duplicate_key(replace(known, client="fedcba9876543210"), SECRET) == duplicate_key(known, SECRET)
    nameless, elsewhere = (replace(one, author=" ", email="") for one in (SAID, elsewhere))
    assert duplicate_key(elsewhere, SECRET) != duplicate_key(nameless, SECRET)
    assert comment_key(elsewhere, SECRET) == comment_key(nameless, SECRET)


def test_all_keys_begin_with_half_of_the_comment_key() -> None:
    half = comment_key(SAID, SECRET)[:16]
    assert duplicate_key(SAID, SECRET)[:16] == sketch_key(SAID, SECRET).hex()[:16] == half


def test_each_secret_has_its_own_keys() -> None:
    for key in (comment_key, duplicate_key, sketch_key):
        assert key(SAID, SECRET) != key(SAID, b"another secret")
