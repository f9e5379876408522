"""The tokens that the learning filter makes of a submission."""

from __future__ import annotations

import time
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.spam.filter.features import KINDS, VERSION, kind_of, scope_token, tokens_of
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.text.normalised import Text


def tokens(body: str, author: str = "", url: str = "") -> set[str]:
    return set(tokens_of(Text.of(body, author, url)))


def shapes(body: str, author: str = "", url: str = "") -> set[str]:
    return {token.removeprefix("m:") for token in tokens(body, author, url) if token.startswith("m:")}


def test_tokens_are_words_links_author_and_shapes() -> None:
    body = "Nice post! See <a href='https://www.Pills.example/buy'>this</a>"
    assert tokens(body, "Ann Example", "https://ann.example.org/") == {
        *("w:nice", "w:post", "w:see", "w:this"),
        *("h:pills.example", "d:example", "s:ann.example.org", "d:org"),
        *("n:ann", "n:example", "m:name_words_2", "m:website"),
        *("m:links_1", "m:words_5", "m:marked_up_link", "m:capitals_30", "m:script_latin", "m:exclamations_1"),
    }


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("write to ann@example.org", "email"),
        ("call +44 20 7946 0958 now", "phone"),
        ("only $5 a day", "money"),
        ("sooo good", "repeated_sign"),
        ("why?", "question"),
        ("HELLO OUT THERE", "capitals_more"),
        ("привет всем", "script_cyrillic"),
        ("こんにちは", "script_east_asian"),
        ("1234 5678", "no_letters"),
        ("@ann I agree", "mentions"),
        ("first line\nsecond line", "paragraphs"),
        ("look \N{PARTY POPPER}", "pictures"),
        ("nice :)", "smiley"),
        ("http://shop.example/", "little_but_links"),
        ("so I went to http://shop.example/", "ends_with_link"),
        ("see http://www.shop.example/", "links_a_front_page"),
        ("in 2015", "numbers"),
        ("buy now " * 20, "repeats_words"),
        ("", "words_0"),
        ("one two three", "words_5"),
    ],
)
def test_a_shape_is_recognised(body: str, shape: str) -> None:
    assert shape in shapes(body)
    assert shape not in shapes("This is quite an ordinary sentence about a song that somebody likes.")


def test_a_website_that_is_also_linked_is_recognised() -> None:
    assert "website_linked_too" in shapes("see http://pills.example/a", "Bob", "http://www.pills.example")


def test_long_numbers_differ_by_length_only() -> None:
    assert tokens("07911123456") == tokens("07922654321")
    assert "w:2015" in tokens("in 2015")


SPAM = "cheap pills at our shop today"


@pytest.mark.parametrize(
    "tricked",
    [
        SPAM.translate({ord("a"): "\u0430", ord("p"): "\u0440", ord("o"): "\u043e"}),  # Cyrillic look-alikes
        SPAM.replace("ea", "e\u200ba").replace("ll", "l\u200bl"),
        SPAM.translate({ord(letter): chr(ord(letter) - ord("a") + 0x1D41A) for letter in "cheapils"}),  # bold, for sums
        SPAM.translate({ord(letter): chr(ord(letter) + 0xFEE0) for letter in "cheapils"}),  # full width
        SPAM.replace("cheap", "c\u0336h\u0336e\u0336a\u0336p\u0336"),
        SPAM.replace("i", "&#105;"),
    ],
)
def test_letter_tricks_change_no_token(tricked: str) -> None:
    """So no trick can make known spam look new. A rule scores the tricks."""
    assert tricked != SPAM
    assert tokens(tricked) == tokens(SPAM)


def test_address_client_and_user_agent_are_not_learned() -> None:
    bare = Submission(scope="post", body="hello")
    full = Submission(
        scope="post",
        body="hello",
        email="ann@example.org",
        client="4f2a",
        user_agent="Mozilla",
        referrer="http://x/",
    )
    assert tokens_of(bare.text, bare.scope) == tokens_of(full.text, full.scope)


def test_the_scope_is_one_token_in_words() -> None:
    [scope] = set(tokens_of(Text.of("hello"), "comment:tea")) - set(tokens_of(Text.of("hello")))
    assert (scope, kind_of(scope)) == ("p:comment:tea", "form or post")


def test_posts_with_long_names_stay_different() -> None:
    one, other = (scope_token(f"comment:2026/a-very-long-title-of-a-post-in-{part}-parts") for part in ("two", "six"))
    assert one != other
    assert max(len(one), len(other)) <= 42


@given(st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_every_text_has_tokens_that_can_be_stored(body: str, author: str, url: str) -> None:
    found = tokens_of(Text.of(body, author, url))
    assert list(found) == sorted(set(found))
    assert all(len(token) <= 64 and kind_of(token) in KINDS.values() for token in found)
    assert all(token.encode("utf-8", "replace") for token in found)


@pytest.mark.parametrize(
    "piece", ["@", "a@", "1 ", "+1-", "!", "a b ", "w\N{PARTY POPPER}", "http://a.example/ ", "<a href=x>"]
)
def test_hostile_text_takes_a_time_that_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = Text.of((piece * length)[:length])
        laps = []
        for _ in range(5):
            before = time.process_time()
            tokens_of(text)
            laps.append(time.process_time() - before)
        return min(laps)

    assert seconds(8000) < 60 * max(seconds(1000), 50e-6)


def test_the_version_is_raised_with_the_tokens() -> None:
    """A change of the tokens changes this hash, and must raise VERSION."""
    body = "Check out http://my.shop.example/?a=1 NOW!!! Only 5 $ each, mail bob@example.org or +49 30 901820"
    assert (VERSION, hash_of(tokens_of(Text.of(body, "Bob 99", "shop.example"), "c:tea"))) == (2, "9a8acc0ad61af2fd")


def hash_of(found: tuple[str, ...]) -> str:
    return blake2b("\n".join(found).encode(), digest_size=8).hexdigest()


def test_the_token_of_a_scope_can_be_stored_in_any_database() -> None:
    token = scope_token("comment:\x00\ud800one")
    assert token.startswith("p:comment:")
    assert "\x00" not in token
    token.encode()
