"""A pass completes the comment that it was issued for, also if it was corrected or shortened, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.challenge.token import Challenge, Opened
from captcha_guard.web.post.pass_binding import MOST_WORDS, Binding, completes, is_too_short
from captcha_guard.web.post.posted import NOTHING, Posted

KEY = b"the key that signs tokens today."
ADA, OTHER = "a" * 32, "c" * 32

SENTENCE = "the loop in part two never ends because its bound is read anew each time it comes round again"
#: What an earlier build wrote for a text by Ada.
WRITTEN = (
    "NlQixJ0jpFwAPQEAARgDVAHq1HsISTBuCqNXQwvZm4QMx0c0EfGRPhaX92oY0QYiHD1kMx3UyPEeEGY3Jha7hizKdtM4K-X8O7jPUz4KPeFFRfV-"
    "S6AnhE7jXyhUzEr0W2iKCWpvZl9t7ls7bsew2XLOx3R5xrOLe6nXo333o7Z-SI5RfvWFTICF2IaCW5bRg9WV64bRSFKI6P79iUG5e40O2hmXsof-"
    "mocu_5wAP-Ke9FOgomIcnqLw8zOkUT-QpdE0JK8aQmKzDEM6t1WlV8IaB-bCG6EYy5T-VM0u6qHUEW9B5RuGLeWhscDni7e76vgRS-6TeWT1vjqE"
    "-fgnnA"
)
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


def test_a_text_of_the_most_words_gets_a_pass_and_is_completed_by_it() -> None:
    text = " ".join(f"word{number}" for number in range(MOST_WORDS))
    assert admits(text, text)
    assert not admits(text, text + " more")


def digits(count: int) -> str:
    """Return one word of ``count`` characters."""
    return "".join(str(number) for number in range(1000, 1000 + count))[:count]


def test_a_text_of_400_characters_is_compared_by_characters_and_a_longer_one_by_words() -> None:
    assert admits(digits(400), "x" + digits(400)[1:])
    assert not admits(digits(401), "x" + digits(401)[1:])


def test_a_short_text_may_be_replaced_by_one_of_at_most_1600_characters() -> None:
    """Characters in a row say little about a much longer text."""
    repeated = digits(390) * 5
    assert admits(digits(390), repeated[:1600])
    assert not admits(digits(390), repeated[:1601])


@pytest.mark.parametrize(
    ("kept", "added", "same"),
    [
        (42, 18, True),
        (41, 19, False),
        (28, 12, True),  # a shortened text
        (27, 13, False),
    ],
)
def test_seven_tenths_of_the_pairs_of_words_must_stay(kept: int, added: int, same: bool) -> None:
    words = [f"longword{number}" for number in range(61)]  # 60 pairs, all of which the pass carries
    now = [*words[: kept + 1], *(f"other{number}" for number in range(added))]
    assert admits(" ".join(words), " ".join(now)) == same


def test_every_new_shingle_counts_while_the_pass_carries_all_of_the_first_text() -> None:
    """Only the hashes of a longer text are a sample. Then a new hash above the largest of them says nothing."""
    assert not admits("ha ha ha ha ha", "ha ha ha ha ha ab")
    words = [f"longword{number}" for number in range(65)]  # 64 pairs
    for number in (7, 8, 10, 19, 22):
        added = [f"other{number}", *(f"new{number}{place}" for place in range(19))]
        assert not admits(" ".join(words), " ".join([*words[:45], *added]))


@pytest.mark.parametrize(
    ("body", "short"),
    [
        ("one two three four", True),
        ("one two three four five", False),
        ("x" * 39, True),
        ("x" * 40, False),
        ("x" * 20 + " " + "x" * 20, False),
        ("", True),
    ],
)
def test_a_text_below_five_words_and_forty_characters_is_too_short_to_be_recognised(body: str, short: bool) -> None:
    assert is_too_short(posted(body)) == short
    bound = Binding.of(posted(body), ADA, KEY)
    assert bound is not None
    assert bound.free == short


def test_a_pass_completes_its_own_comment_from_the_same_client() -> None:
    bound = Binding.of(posted(SENTENCE), ADA, KEY)
    assert bound is not None
    solved = Challenge("nonce", "scope", "en", "easy", 0, 0, generation=1, bound_to=bound.written())
    opened = Opened(solved, KEY, 5)
    assert completes(opened, posted(SENTENCE), [OTHER, ADA])
    assert not completes(opened, posted(SENTENCE), [OTHER])
    assert not completes(opened, posted("Another text of several words, and long enough."), [ADA])


def test_a_name_that_is_judged_like_a_body_is_bound_once_as_a_name_only() -> None:
    name = "Ottoline <Gatepost> of many long words that no other visitor has ever signed a comment with before"
    short = posted("Two posts make one gap, not two.")
    bound = Binding.of(short, ADA, KEY)
    assert bound is not None
    named = replace(short, parts={**short.parts, "author": name}, other=(name,))
    assert bound.admits(named, [ADA], KEY)
    assert not bound.admits(replace(named, other=(name, name)), [ADA], KEY)


def test_the_pass_of_an_earlier_build_still_completes_its_comment() -> None:
    """This pins the digest and the layout. If one of them changes on purpose, the token's ``VERSION`` must change."""
    body = "the loop \udc80 never ends because its bound is read anew"
    whole = replace(posted(body), other=("a second text",))
    bound = Binding.of(whole, ADA, KEY)
    assert bound is not None
    assert bound.written() == WRITTEN
    assert Binding.read(WRITTEN).admits(whole, [ADA], KEY)


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
