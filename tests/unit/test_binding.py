"""A pass completes the comment that it was issued for, also if it was corrected or shortened, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.web.post.pass_binding import MOST_WORDS, Binding
from captcha_guard.web.post.posted import NOTHING, Posted

KEY = b"the key that signs tokens today."
ADA, OTHER = "a" * 32, "c" * 32

SENTENCE = "the loop in part two never ends because its bound is read anew each time it comes round again"
LONG = " ".join(f"word{number} and its neighbour{number}" for number in range(2900))


def posted(body: str) -> Posted:
    return Posted((("body", body),), NOTHING.ours, {"author": "", "email": "", "url": "", "body": body})


def admits(before: str, now: str, sender: str = ADA) -> bool:
    bound = Binding.of(posted(before), ADA, KEY)
    assert bound is not None
    return Binding.read(bound.written()).admits(posted(now), [sender], KEY)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (SENTENCE, SENTENCE),
        (SENTENCE, SENTENCE.upper() + "!"),
        (SENTENCE, SENTENCE.replace("anew", "again")),
        (SENTENCE, SENTENCE.replace("the loop", "the first loop").replace("anew ", "")),
        (SENTENCE, "the loop in part two never ends"),
        (SENTENCE, SENTENCE + " thank you for the article"),
        (LONG, LONG.replace("word7 ", "word8 ")),
        (LONG, LONG[: len(LONG) // 2]),
        (LONG, LONG[: len(LONG) // 20]),
        ("Hi there, everyone.", "A wholly different and much longer text than those three words."),
        ("", "Anything."),
        ("Thanks for teh great post", "Thanks for the great post"),
        ("I think the secnd loop is worng", "I think the second loop is wrong"),
        ("Great write-up, thanks a lot!", "Great write-up, thanks a lot, Ada!"),
        ("这篇文章很好,谢谢你的分享。", "这篇文章很好,谢谢您的分享!"),
    ],
)
def test_a_correction_and_a_shortened_text_are_the_same_comment(before: str, now: str) -> None:
    assert admits(before, now)
    assert not admits(before, now, OTHER)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (SENTENCE, "cheap pills without a prescription our shop ships them overnight to you"),
        (SENTENCE, f"{SENTENCE} cheap pills without a prescription our shop ships them overnight to you"),
        (SENTENCE, "the loop in part two sells cheap pills without a prescription"),
        (SENTENCE, ""),
        (SENTENCE, "pills"),
        (SENTENCE, " ".join(reversed(SENTENCE.split()))),
        (LONG, " ".join(reversed(LONG.split()))),
        (LONG, f"{LONG[: len(LONG) // 2]} {' '.join(f'pill{number} cheap{number}' for number in range(6000))}"),
        (LONG, SENTENCE),
        (SENTENCE, LONG),
        (SENTENCE.replace(" ", ""), "Another text of several words."),
        ("这篇文章很好,谢谢你的分享。", "便宜的药品,无需处方,立即购买。"),
        ("Thanks for the great post", "Buy our great cheap pills"),
        (SENTENCE, "word " * (MOST_WORDS + 1)),
    ],
)
def test_another_text_is_another_comment(before: str, now: str) -> None:
    assert not admits(before, now)


def test_a_very_long_text_gets_no_pass() -> None:
    assert Binding.of(posted("word " * (MOST_WORDS + 1)), ADA, KEY) is None


def test_a_name_that_is_judged_like_a_body_is_bound_once_as_a_name_only() -> None:
    name = "Ottoline <Gatepost> of many long words that no other visitor has ever signed a comment with before"
    short = posted("Two posts make one gap, not two.")
    bound = Binding.of(short, ADA, KEY)
    assert bound is not None
    named = replace(short, parts={**short.parts, "author": name}, other=(name,))
    assert bound.admits(named, [ADA], KEY)
    assert not bound.admits(replace(named, other=(name, name)), [ADA], KEY)


def test_another_key_admits_nothing() -> None:
    bound = Binding.of(posted(SENTENCE), ADA, KEY)
    assert bound is not None
    assert not bound.admits(posted(SENTENCE), [ADA], b"another key than the one before.")


@given(st.text(), st.text())
def test_any_text_can_be_bound_and_admitted(before: str, now: str) -> None:
    bound = Binding.of(posted(before), ADA, KEY)
    assert bound is not None
    assert bound == Binding.of(posted(before), ADA, KEY)
    assert len(bound.written()) < 500
    assert admits(before, before)
    admits(before, now)
