"""Letter tricks lower nothing: the same spam in any mixture of disguises scores no less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.characters.look_alikes import FOREIGN as LOOK_ALIKES
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.lists.word_list import WordList
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission

FOREIGN = {meant: chr(drawn) for drawn, meant in reversed(LOOK_ALIKES.items())}


def shifted(small: int, large: int) -> Callable[[str], str]:
    table = {97 + place: small + place for place in range(26)} | {65 + place: large + place for place in range(26)}
    return lambda letter: letter.translate(table) if letter.isascii() else letter


TRICKS: dict[str, Callable[[str], str]] = {
    "none": lambda letter: letter,
    "homoglyph": lambda letter: FOREIGN.get(letter, letter),
    "zero width": lambda letter: f"{letter}\u200b",
    "joiner": lambda letter: f"{letter}\u2060",
    "soft hyphen": lambda letter: f"{letter}\u00ad",
    "bold": shifted(0x1D41A, 0x1D400),
    "fraktur": shifted(0x1D586, 0x1D56C),
    "circled": shifted(0x24D0, 0x24B6),
    "full width": shifted(0xFF41, 0xFF21),
    "struck": lambda letter: f"{letter}\u0336" if letter.isalpha() else letter,
}

SPAM = [
    "Check out my channel and subscribe to me, free gift cards at https://gifts.example/now",
    "Make money online, work from home jobs! Call +1 555 010 0100 or whatsapp: seller77",
    "I have bookmarked your site. Visit my web page for cheap viagra pills",
    "[url=https://casino.example]online casino bonus codes[/url]",
    "<a href='https://bit.ly/x1'>click here</a>",
    "Buy quality backlinks at rankfast . com",
    "free pills",
]

judge = Judge(standard(disallowed=WordList(["free pills"]), moderated=WordList(["part:viagr"])))


def as_posted(body: str, author: str) -> Submission:
    return Submission(scope="comment", body=body, author=author, email="ada@mail.example", seconds=60)


def disguised(text: str, tricks: list[str]) -> str:
    return "".join(TRICKS[tricks[place % len(tricks)]](letter) for place, letter in enumerate(text))


def scores_no_less(plain: Submission, tricked: Submission) -> bool:
    before, after = judge.judge(plain), judge.judge(tricked)
    return after.score >= before.score and after.action >= before.action and set(before.reasons) <= set(after.reasons)


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("spam", SPAM)
def test_spam_wholly_in_one_disguise_scores_no_less(spam: str, trick: str) -> None:
    plain = as_posted(spam, "Cheap Loans")
    tricked = as_posted(disguised(spam, [trick]), disguised("Cheap Loans", [trick]))
    assert scores_no_less(plain, tricked)


@given(st.sampled_from(SPAM), st.lists(st.sampled_from(sorted(TRICKS)), min_size=1, max_size=97))
def test_spam_in_any_mixture_of_disguises_scores_no_less(spam: str, tricks: list[str]) -> None:
    plain = as_posted(spam, "Cheap Loans")
    assert scores_no_less(plain, replace(plain, body=disguised(spam, tricks)))
    assert scores_no_less(plain, as_posted(disguised(spam, tricks), disguised("Cheap Loans", tricks)))
