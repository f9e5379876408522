"""How well a comment agrees with its post, on made-up posts."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.spam.filter import topic
from captcha_guard.spam.filter.features import WORDS, kind_of
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.filter.regression import Weight
from captcha_guard.spam.filter.stats import ENOUGH
from captcha_guard.spam.filter.topic import LEVELS, Post, agreement, post_of
from captcha_guard.spam.submission import Submission

BREAD = """# Sourdough without a scale

The starter is flour and water that ferments. Feed the starter each morning with rye flour, and it doubles by noon.
Mix the dough wet, fold it four times, and let it rest in the fridge overnight. A hot pot gives the crust its colour.
"""
CLOCKS = """# A clock that never drifts

The crystal swings 32,768 times a second, and a counter divides the swings by two until one a second is left. Heat
changes the crystal, so the clock drifts by a second a day. The radio signal corrects it each night.
"""
ON_BREAD = "My starter only doubles with rye flour. Does the dough rest longer if the fridge is cold?"
ON_CLOCKS = "Which crystal drifts least in the heat? The radio signal is weak here at night."
SPAM = "Buy cheap watches and pills online, best casino bonus for new players, visit my channel today"
#: What the site's readers write elsewhere.
CHATTER = (
    "thanks for the post, I have read it twice and it was a good one",
    "is there a way to do this in a small room, and how long does it take",
    "I do not think that this is the right way, but it is a nice idea with the old one",
    "we had the same thing here, and it was only the cold that made it so slow",
)


def post(text: str) -> Post:
    found = post_of(text)
    assert found is not None
    return found


def known(times: int = 20) -> dict[str, Weight]:
    """Return the words of a site that was taught each text this many times."""
    counts = Counter(word for body in CHATTER for word in set(words(body)))
    tokens = {f"w:{word}": Weight(ham=times * count) for word, count in counts.items()}
    return tokens | {WORDS: Weight(ham=times * sum(counts.values()))}


def words(body: str) -> tuple[str, ...]:
    return Submission(scope="post", body=body).text.words


def level(body: str, text: str, tokens: dict[str, Weight] | None = None) -> int:
    return LEVELS.index(agreement(words(body), post(text), known() if tokens is None else tokens))


def test_a_comment_agrees_with_its_own_post_more_than_with_another() -> None:
    assert level(ON_BREAD, BREAD) > level(ON_BREAD, CLOCKS)
    assert level(ON_CLOCKS, CLOCKS) > level(ON_CLOCKS, BREAD)


def test_spam_does_not_agree_with_any_post() -> None:
    assert max(level(SPAM, BREAD), level(SPAM, CLOCKS)) < min(level(ON_BREAD, BREAD), level(ON_CLOCKS, CLOCKS))


def test_the_agreement_is_the_mean_of_the_logarithms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared with a slow and simple implementation of the formula."""
    body, tokens = "the starter likes flour and the radio", known()
    own, site = set(words(body)), Decimal(tokens[WORDS].ham)
    of_post = Counter(words(BREAD))
    total = Decimal(0)
    for word in own:
        there = (Decimal(tokens.get(f"w:{word}", Weight()).ham) + Decimal("0.5")) / (site + 1000)
        total += ((Decimal("0.7") * of_post[word] / sum(of_post.values()) + Decimal("0.3") * there) / there).ln()
    mean = float(total / len(own))
    for end, place in ((mean + 1e-6, 0), (mean - 1e-6, 1)):
        monkeypatch.setattr(topic, "_ENDS", (end,))
        assert level(body, BREAD, tokens) == place


def test_words_that_are_copied_from_the_post_gain_nothing() -> None:
    copy = "Feed the starter each morning with rye flour, and it doubles by noon."
    assert level(f"{copy} {SPAM}", BREAD) == level(SPAM, BREAD)
    only = agreement(words(copy), post(BREAD), known())
    assert only == "t:only_copied_words"
    assert kind_of(only) == "agreement with the post"


def test_a_word_that_is_repeated_counts_once() -> None:
    assert level("casino " + "starter " * 30, BREAD) == level("casino starter", BREAD)


def test_there_is_no_level_before_the_site_has_words_or_for_a_comment_without_words() -> None:
    assert agreement(words(ON_BREAD), post(BREAD), {}) == ""
    assert agreement(words(ON_BREAD), post(BREAD), known(times=2)) == ""
    assert agreement((), post(BREAD), known()) == ""
    assert post_of(" \n<br> ") is None


def test_a_very_long_post_is_read_to_a_limit() -> None:
    assert post("word " * 200_000).length <= 4_000


@given(st.lists(st.text(max_size=10), max_size=30), st.text(max_size=300), st.floats(0, 1e6))
def test_a_comment_has_one_level_at_most(comment: list[str], text: str, count: float) -> None:
    found = post_of(text)
    if found is not None:
        assert agreement(comment, found, {WORDS: Weight(ham=count)}) in ("", *LEVELS)


def about(body: str, text: str) -> Submission:
    return Submission(scope="post", body=body, topic=text)


def taught(path: Path) -> Learner:
    """Return a filter that saw on-topic readers and off-topic spam under both posts."""
    learner = Learner(SQLiteDatabase(path))
    for number in range(3 * ENOUGH):
        for text, own in ((BREAD, ON_BREAD), (CLOCKS, ON_CLOCKS)):
            chatter = CHATTER[number % 4]
            assert learner.teach(about(f"{own} {chatter}", text), spam=False, rules_score=0, key=f"ham {text}{number}")
            other = ON_CLOCKS if own is ON_BREAD else ON_BREAD
            assert learner.teach(about(f"{other} {SPAM}", text), spam=True, rules_score=0, key=f"spam {text}{number}")
    return learner


def test_the_filter_learns_and_explains_the_agreement(tmp_path: Path) -> None:
    with closing(taught(tmp_path / "learned.sqlite3")) as learner:
        # The same words, once under the post that they are about: everything else about the two is equal.
        fitting, stray = (learner.score(about(ON_BREAD, text), 0) or 0 for text in (BREAD, CLOCKS))
        assert fitting < stray
        kinds = {one.kind: one.token for one in learner.explain(about(ON_BREAD, BREAD), 0)}
        assert kinds["agreement with the post"] in LEVELS


def test_the_stored_tokens_are_those_that_were_scored(tmp_path: Path) -> None:
    with closing(taught(tmp_path / "learned.sqlite3")) as learner:
        asked = about(ON_BREAD, BREAD)
        scored = learner.score(asked, 0)
        tokens = learner.tokens(asked)
        assert len(set(tokens) & set(LEVELS)) == 1
        assert set(tokens) == set(learner.tokens(about(ON_BREAD, BREAD)))
        learner.forget("nothing")
        assert learner.score(about(ON_BREAD, BREAD), 0) == scored


def test_the_text_of_a_post_is_requested_only_if_the_filter_needs_it(tmp_path: Path) -> None:
    asked: list[str] = []

    def text() -> str:
        asked.append("asked")
        return BREAD

    with closing(Learner(SQLiteDatabase(tmp_path / "empty.sqlite3"))) as learner:
        assert learner.score(Submission(scope="post", body=ON_BREAD, topic=text), 0) is None
        assert asked == []
    with closing(taught(tmp_path / "learned.sqlite3")) as learner:
        one = Submission(scope="post", body=ON_BREAD, topic=text)
        assert learner.score(one, 0) == learner.score(about(ON_BREAD, BREAD), 0)
        learner.tokens(one)
        assert asked == ["asked"]


@pytest.mark.parametrize("wrong", [3, b"bytes", lambda: None])
def test_a_topic_that_is_not_text_raises_an_error(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"Facts\(topic=\.\.\.\) is .*; a text is needed"):
        _ = Submission(scope="post", body="hello", topic=wrong).topic_text  # type: ignore[arg-type]
