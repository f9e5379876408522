"""Every text that was posted is judged; passwords are, too, and nothing of them is kept, sent or shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.spam.filter.features import tokens_of
from captcha_guard.spam.history import hosts_of
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.lists.word_list import WordList
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.text.excerpt import BUDGET, SEPARATOR, excerpts
from captcha_guard.spam.verdict import Verdict
from tests.unit.good_comments import GOOD

LIST = WordList(["greed is good", "part:agra"])
JUDGE = Judge(standard(scripts=["Latin"]))
REFUSING = Judge(standard(disallowed=LIST, scripts=["Latin"]))
MODERATING = Judge(standard(moderated=LIST, scripts=["Latin"]))
SPAM = (
    "Buy cheap viagra online, casino bonus for you: http://a.example http://b.example",
    "https://a.example",
    "Great post. https://a.example",
    "I have bookmarked your site.",
    "Call +1 555 010 0100 or mail a@b.example",
    "[url=https://a.example]tables[/url]",
    "See <a href='https://a.example'>tables</a>",
    "see example . com",
    "bit.ly: https://bit.ly/x",
    "\u0421\u043f\u0430\u0441\u0438\u0431\u043e \u0437\u0430 \u0441\u0442\u0430\u0442\u044c\u044e",
    "The l\u200boad fr\u0430ctor",
    "greed is good",
    "check out my channel",
    "\u0440\u0430\u0443 now for free gift cards",
    "<x make money online>",
    "\u200b",
)
HONEST = [GOOD[name].body for name in ("code", "short thanks", "German", "cryptography", "long", "emoji", "numbers")]


def post(body: str, *other: str, private: tuple[str, ...] = (), **fields: Any) -> Submission:
    return Submission(scope="c", body=body, other=other, private=private, seconds=60, **fields)


@pytest.mark.parametrize("judge", [JUDGE, REFUSING, MODERATING])
@given(
    spam=st.sampled_from(SPAM),
    before=st.lists(st.sampled_from([*HONEST, "5", "", " "])),
    after=st.lists(st.sampled_from(HONEST)),
)
def test_spam_in_any_field_is_judged_no_milder_than_in_the_body(
    judge: Judge, spam: str, before: list[str], after: list[str]
) -> None:
    body = judge.judge(post(spam, url="https://c.example"))
    other = (*before[1:], spam, *after)
    for posted in (
        post(before[0] if before and spam != "\u200b" else "", *other, url="https://c.example"),
        post(spam, *before, *after, url="https://c.example"),
        post("Hello", *before, private=(spam,), url="https://c.example"),
    ):
        if spam == "\u200b" and posted.body != spam:
            continue  # beside other texts it is an empty field
        verdict = judge.judge(posted)
        assert verdict.action >= body.action
        assert verdict.score >= body.score


@given(st.lists(st.sampled_from([*HONEST, "5", "4 stars", "", "on", "2024-05-17", "Berlin"]), max_size=8))
def test_honest_text_in_any_field_is_accepted(texts: list[str]) -> None:
    assert JUDGE.judge(post("", *texts)) == Verdict()
    assert JUDGE.judge(post("The load factor should be 0.7.", *texts)) == Verdict()


def test_no_phrase_reaches_from_one_text_into_the_next() -> None:
    assert REFUSING.judge(post("greed", "is good", "payday", "loans", "apply for", "a loan")).reasons == ()
    assert JUDGE.judge(post("I use example", ". com <b", "x> call", "1 555 010 0100")).reasons == ()
    assert JUDGE.judge(post("a ``` b", "free gift cards [url=x]", "c ```")).reasons == ("bbcode", "phrases")


def test_a_comment_of_a_body_alone_is_read_as_before() -> None:
    alone = post("Nice post! See <a href='https://www.a.example/b'>this</a>")
    assert len(alone.text.passages) == 1
    assert SEPARATOR not in alone.text.tagged
    assert alone.kept_text is alone.text


PRIVATE = post(
    "Hello there", "a rating", private=("viagra online at https://bit.ly/x casino bonus codes",), author="Ada"
)


def test_a_password_is_seen_by_rules_and_by_nothing_else() -> None:
    bare = replace(PRIVATE, private=())
    assert "phrases" in MODERATING.judge(PRIVATE).reasons
    assert PRIVATE.kept_text == bare.text
    assert tokens_of(PRIVATE.kept_text) == tokens_of(bare.text)
    assert hosts_of(PRIVATE.kept_text) == ()
    assert PRIVATE.content == "Hello there\n\na rating"
    assert PRIVATE.fingerprint == bare.fingerprint == replace(bare, other=()).fingerprint


def test_no_finding_quotes_a_password() -> None:
    for judge in (JUDGE, REFUSING, MODERATING):
        said = " ".join(f"{one.sentence} {one.reply}" for one in judge.judge(PRIVATE).findings)
        assert said
        assert not any(word in said for word in ("viagra", "agra", "bit.ly", "casino", "bonus"))
    public = MODERATING.judge(replace(PRIVATE, other=PRIVATE.private, private=()))
    assert "bit.ly" in " ".join(one.sentence for one in public.findings)


def test_what_is_learned_and_sent_has_every_other_text() -> None:
    posted = post("Hello", "the second field", "http://a.example")
    assert {"w:hello", "w:second", "h:a.example"} <= set(tokens_of(posted.kept_text))
    assert posted.content == "Hello\n\nthe second field\n\nhttp://a.example"


def test_no_text_pushes_another_out_of_sight() -> None:
    long = GOOD["long"].body * 40
    for posted in (
        post("\ufdfa" * 5000, "\ufdfa" * 5000, "free gift cards"),
        post(long, "free gift cards"),
        post("free gift cards", long, long),
        post(long, *HONEST * 20, "free gift cards"),
    ):
        assert "phrases" in JUDGE.judge(posted).reasons
    assert (
        "phrases"
        in JUDGE.judge(post("Hi", *(f"{number}: {HONEST[3][:40]}" for number in range(1999)), SPAM[0][:50])).reasons
    )


@pytest.mark.parametrize("place", [0.1, 0.4, 0.5, 0.7, 0.95])
def test_the_middle_of_a_long_text_is_looked_at(place: float) -> None:
    filler = GOOD["cryptography"].body + " "
    size = round(40_000 * place)
    spam = " Buy cheap viagra online, casino bonus for you. "
    body = (filler * 300)[:size] + spam + (filler * 300)[: 40_000 - size]
    assert "phrases" in JUDGE.judge(post(body)).reasons
    assert JUDGE.judge(post((filler * 300)[:40_000])).reasons == ()


@given(st.lists(st.integers(0, 9000), min_size=1, max_size=30), st.integers(0, 9000))
def test_so_much_is_looked_at_and_no_more_and_short_texts_in_full(lengths: list[int], place: int) -> None:
    texts = [f"{number:02} ".ljust(length, "x")[:length] for number, length in enumerate(lengths)]
    seen = excerpts(texts, [[place] if place < length else [] for length in lengths])
    gaps = sum(text.count(SEPARATOR) for text in seen)
    assert sum(map(len, seen)) - gaps <= BUDGET
    others = len(texts) - 1
    fair = [BUDGET // 4 if others else BUDGET // 2, *[BUDGET // 4 // max(1, others)] * others]
    for text, whole, least in zip(seen, texts, fair, strict=True):
        assert text == whole or len(whole) > least
        assert len(text) >= min(len(whole), least)
    if sum(lengths) <= BUDGET:
        assert seen == texts


def test_comments_without_a_body_are_known_by_their_other_texts() -> None:
    one, two = post("", "As described.", "5"), post(" ", "It came a day early.", "5")
    assert one.fingerprint != two.fingerprint
    assert one.fingerprint == post("", "As  described.", "5").fingerprint
    assert post("As described.", "4").fingerprint == post("As described.", "5").fingerprint
