"""The learning filter works the same in every database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from captcha_guard.database.database import Database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.spam.filter import retraining
from captcha_guard.spam.filter.learner import RETRAIN_EVERY, Learner
from captcha_guard.spam.filter.regression import Rules, Weight, learn
from captcha_guard.spam.filter.retraining import PASSES
from captcha_guard.spam.filter.rows import Token
from captcha_guard.spam.filter.source import DAY, sources_of
from captcha_guard.spam.filter.stats import ENOUGH, Stats
from captcha_guard.spam.filter.word_store import WordStore
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action
from tests.databases import DATABASES, opener

HAM = ("the bridge in the third verse is what makes this song", "thanks, that fixed the build for me", "I disagree")
SPAM = ("cheap pills at our shop", "earn money from home, ask me how", "visit my channel and subscribe")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    return opener(request, tmp_path / "learned.sqlite3")


@pytest.fixture
def learner(database: Callable[[], Database]) -> Iterator[Learner]:
    with closing(Learner(database())) as learner:
        yield learner


def comment(body: str, author: str = "") -> Submission:
    return Submission(scope="post", body=body, author=author)


def teach(learner: Learner, each: int = ENOUGH) -> None:
    """Teach this many comments of each kind, alternately."""
    for number in range(each):
        for spam, bodies in ((False, HAM), (True, SPAM)):
            body = f"{bodies[number % 3]} number{number}"
            assert learner.teach(comment(body), spam=spam, rules_score=0, key=f"{spam} {number}")


def test_it_abstains_until_eight_of_both_kinds_were_taught(learner: Learner) -> None:
    asked = comment(SPAM[0])
    teach(learner, ENOUGH - 1)
    assert learner.teach(comment("good point"), spam=False, rules_score=0, key="eighth")
    assert learner.score(asked, 0) is None
    assert learner.explain(asked, 0) == ()
    assert not learner.stats().speaks
    learner.teach(comment(SPAM[1]), spam=True, rules_score=0, key="eighth of the other kind")
    assert learner.stats().speaks
    assert learner.score(asked, 0) is not None


def test_it_distinguishes_taught_ham_from_taught_spam(learner: Learner) -> None:
    teach(learner)
    for ham in HAM:
        assert (learner.score(comment(ham), 0) or 1) < 0.5
    for spam in SPAM:
        assert (learner.score(comment(spam), 0) or 0) > 0.5


def test_a_higher_rules_score_raises_the_chance_of_spam(learner: Learner) -> None:
    for number in range(ENOUGH):
        learner.teach(comment(HAM[number % 3]), spam=False, rules_score=0, key=f"ham {number}")
        learner.teach(comment(SPAM[number % 3]), spam=True, rules_score=60, key=f"spam {number}")
    unknown = comment("zyx")
    scores = [learner.score(unknown, rules_score) or 0 for rules_score in (0, 30, 60, 100)]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 0.1


def test_another_process_has_the_same_model(learner: Learner, database: Callable[[], Database]) -> None:
    teach(learner)
    with closing(Learner(database())) as other:
        assert other.score(comment(SPAM[0]), 0) == learner.score(comment(SPAM[0]), 0)
        assert other.stats() == learner.stats()


def test_a_decision_that_is_repeated_counts_once(learner: Learner) -> None:
    teach(learner)
    before, score = learner.stats(), learner.score(comment(SPAM[0]), 0)
    assert learner.teach(comment(f"{SPAM[0]} number0"), spam=True, rules_score=0, key="True 0")
    assert learner.stats() == before
    assert learner.score(comment(SPAM[0]), 0) == score


def test_the_other_label_corrects_a_decision(learner: Learner) -> None:
    teach(learner)
    corrected = comment("a very particular sentence about lichen")
    learner.teach(corrected, spam=True, rules_score=0, key="corrected")
    before = learner.stats()
    learner.teach(corrected, spam=False, rules_score=0, key="corrected")
    after = learner.stats()
    assert (after.ham, after.spam, after.decisions) == (before.ham + 1, before.spam - 1, before.decisions)
    assert after.tokens == before.tokens
    assert (learner.score(corrected, 0) or 1) < 0.5
    lichen = [one for one in learner.explain(corrected, 0) if one.token == "w:lichen"]
    assert [(one.ham, one.spam) for one in lichen] in ([], [(1, 0)])


def test_a_correction_changes_the_verdict_against_rules_and_other_decisions(learner: Learner) -> None:
    """One learning step isn't enough, so there are several."""
    for number in range(30):
        learner.teach(comment(HAM[number % 3]), spam=False, rules_score=0, key=f"ham {number}")
        learner.teach(comment(SPAM[number % 3]), spam=True, rules_score=90, key=f"spam {number}")
    corrected = comment("visit my grandmother")
    learner.teach(corrected, spam=True, rules_score=90, key="corrected")
    assert (learner.score(corrected, 90) or 0) > 0.97
    learner.teach(corrected, spam=False, rules_score=90, key="corrected")
    assert (learner.score(corrected, 90) or 1) < 0.5


def test_a_correction_with_another_text_removes_the_old_words(learner: Learner) -> None:
    """The author may have edited the comment between the two decisions."""
    teach(learner)
    learner.teach(comment("basalt"), spam=False, rules_score=0, key="as long")
    before = learner.stats()
    learner.teach(comment("quartz"), spam=True, rules_score=0, key="edited")
    learner.teach(comment("feldspar"), spam=False, rules_score=0, key="edited")
    assert learner.stats() == Stats(before.ham + 1, before.spam, before.decisions + 1, before.tokens + 1)


def test_a_forgotten_comment_has_no_effect(learner: Learner) -> None:
    teach(learner)
    learner.retrain()
    asked = [comment(body) for body in (*HAM, *SPAM, "zebra crossing")]
    before, scores = learner.stats(), [learner.score(one, 0) for one in asked]
    learner.teach(comment("zebra crossing pills"), spam=True, rules_score=60, key="secret")
    assert [learner.score(one, 0) for one in asked] != scores
    assert learner.forget("secret")
    assert learner.stats() == before
    assert [learner.score(one, 0) for one in asked] == pytest.approx(scores, abs=1e-12)
    assert "zebra" not in "".join(learner.export())
    assert not learner.forget("secret")


def test_retraining_depends_on_the_decisions_only(learner: Learner, tmp_path: Path) -> None:
    """Neither their order nor earlier weights have an effect."""
    teach(learner)
    learner.retrain()
    once = learner.score(comment(SPAM[0]), 0)
    learner.retrain()
    assert learner.score(comment(SPAM[0]), 0) == once
    head, *lines = learner.export()
    with closing(Learner(SQLiteDatabase(tmp_path / "other.sqlite3"))) as other:
        other.load([head, *reversed(lines)])
        assert other.score(comment(SPAM[0]), 0) == pytest.approx(once, abs=1e-12)


def topical(learner: Learner, number: int, *, level: str = "t:high") -> None:
    """Teach one comment whose agreement with its post is known."""
    spam = bool(number % 2)
    body = (HAM, SPAM)[spam][number % 3]
    tokens = [*learner.tokens(comment(f"{body} number{number}")), *([level] if level else [])]
    assert learner.teach(tokens, spam=spam, rules_score=0, key=f"topical {number}")


def test_the_filter_is_trained_again_after_every_100_decisions(
    learner: Learner, database: Callable[[], Database]
) -> None:
    for number in range(RETRAIN_EVERY - 1):
        topical(learner, number)
    assert learner.retrain_if_due() == 0
    topical(learner, RETRAIN_EVERY)
    before = learner.score(comment(SPAM[0]), 0)
    assert learner.retrain_if_due() == RETRAIN_EVERY
    assert learner.retrain_if_due() == 0
    after = learner.score(comment(SPAM[0]), 0)
    assert after != before
    with closing(Learner(database())) as other:  # as another process sees it
        assert other.score(comment(SPAM[0]), 0) == after
        assert other.retrain_if_due() == 0
    learner.retrain()
    assert learner.score(comment(SPAM[0]), 0) == after


def test_a_site_without_topics_is_not_retrained_by_itself(learner: Learner) -> None:
    """Without the agreement with the post, retraining sets more good comments aside."""
    for number in range(RETRAIN_EVERY + 10):
        topical(learner, number, level="t:high" if number % 3 == 0 else "")
    assert learner.retrain_if_due() == 0


def test_decisions_during_a_training_are_not_lost(
    learner: Learner, database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds for comments that are corrected or forgotten meanwhile."""
    teach(learner, 20)
    train = retraining.train
    more = iter(range(2))

    def train_and_teach(*arguments: Any, **named: Any) -> dict[str, Token]:
        trained = train(*arguments, **named)
        with closing(Learner(database())) as other:  # another process, in the middle of the retraining
            for number in more:
                body = f"late words about lichen{number}"
                assert other.teach(comment(body), spam=True, rules_score=0, key=f"late {number}")
                if number:
                    assert other.teach(comment(f"{HAM[0]} number0"), spam=True, rules_score=0, key="False 0")
                    monkeypatch.setattr(retraining, "train", train)
                    assert other.forget("True 1")
                break
        return trained

    monkeypatch.setattr(retraining, "train", train_and_teach)
    assert learner.retrain() == 40
    assert (learner.stats().ham, learner.stats().spam) == (20, 21)
    assert counts_of(learner, "late words", "w:lichen0") == (0, 1)
    monkeypatch.setattr(retraining, "train", train_and_teach)
    learner.retrain()
    assert (learner.stats().ham, learner.stats().spam, learner.stats().decisions) == (19, 22, 41)
    assert counts_of(learner, "late words", "w:lichen1") == (0, 1)
    assert "number1 " not in "".join(learner.export())
    scores = [learner.score(comment(body), 0) for body in (*HAM, *SPAM)]
    learner.retrain()
    assert [learner.score(comment(body), 0) for body in (*HAM, *SPAM)] == pytest.approx(scores, abs=1e-12)


def counts_of(learner: Learner, body: str, token: str) -> tuple[int, int]:
    found = {one.token: one for one in learner.explain([token, *learner.tokens(comment(body))], 0)}[token]
    return found.ham, found.spam


def test_training_leaves_a_comments_own_count_out_of_its_evidence(
    database: Callable[[], Database],
) -> None:
    """Otherwise the counts would already predict its label, and its weights would be too small."""
    with closing(Learner(database())) as learner:
        for number in range(20):
            for spam in (False, True):
                learner.teach([f"w:{spam}{number}"], spam=spam, rules_score=50, key=f"{spam} {number}")
        learner.retrain()
    alone = Weight()
    for _ in range(PASSES):
        learn([alone], [1.0], Rules(), 50, 0.0, spam=True)
    store = WordStore(database())
    with closing(store), store.reading() as reader:
        assert reader.tokens(["w:True3"])["w:True3"].weight == pytest.approx(alone.weight)


def test_many_spam_decisions_in_a_row_do_not_turn_ham_into_spam(learner: Learner) -> None:
    """The spam is written in words that readers use, too. Their comments stay ham."""
    teach(learner, 20)
    for number in range(150):
        body = f"I like this song number{number}, thanks for the verse, it is fixed on my page{number}"
        learner.teach(comment(body), spam=True, rules_score=0, key=f"queue {number}")
    assert [round(learner.score(comment(ham), 0) or 1) for ham in HAM] == [0, 0, 0]


def test_exceptions_that_a_moderator_made_do_not_become_the_rule(learner: Learner) -> None:
    """A check of old decisions misjudges them, but so do the counts, so they aren't learned again."""
    teach(learner, 20)
    for number in range(12):
        learner.teach(comment(f"{SPAM[0]} odd{number}"), spam=False, rules_score=80, key=f"odd {number}")
    for number in range(60):
        learner.teach(comment(f"{SPAM[number % 3]} more{number}"), spam=True, rules_score=60, key=f"more {number}")
    assert (learner.score(comment(SPAM[0]), 60) or 0) > 0.5


def test_what_is_exported_can_be_loaded_elsewhere(learner: Learner, tmp_path: Path) -> None:
    teach(learner)
    learner.teach(comment("Grüße aus Köln \N{PARTY POPPER}"), spam=False, rules_score=5, key="umlauts")
    learner.retrain()
    lines = list(learner.export())
    with closing(Learner(SQLiteDatabase(tmp_path / "other.sqlite3"))) as other:
        assert other.load(lines) == 2 * ENOUGH + 1
        assert other.stats() == learner.stats()
        for body in (*HAM, *SPAM):
            assert other.score(comment(body), 0) == pytest.approx(learner.score(comment(body), 0))
        assert list(other.export()) == lines
        assert other.load(lines) == 2 * ENOUGH + 1
        assert other.stats() == learner.stats()


def test_loading_an_invalid_export_changes_nothing(learner: Learner) -> None:
    teach(learner)
    before = learner.stats()
    lines = list(learner.export())
    broken = (
        ["{}"],
        ['{"format": "another"}'],
        ["not JSON"],
        [*lines, "[]"],
        [*lines, '{"name": "zz", "spam": true, "rules": 0, "tokens": []}'],
        [*lines, '{"name": "0a", "spam": 1, "rules": 0, "tokens": []}'],
        [*lines, '{"name": "0a", "spam": true, "rules": 101, "tokens": []}'],
        [*lines, '{"name": "0a", "spam": true, "rules": 0, "strength": 1.5, "tokens": []}'],
        [*lines, '{"name": "0a", "spam": true, "rules": 0, "unmarked": 1, "tokens": []}'],
        [*lines, '{"name": "0a", "spam": true, "rules": 0, "tokens": ["' + "x" * 65 + '"]}'],
        [*lines, "[" * 100_000],
    )
    for one in broken:
        with pytest.raises(ValueError, match=f"Line {len(one)} wasn't written by an export"):
            learner.load(one)
    assert learner.stats() == before


def test_every_call_works_on_an_empty_filter(learner: Learner) -> None:
    assert learner.score(comment("hello"), 50) is None
    assert learner.explain(comment("hello"), 50) == ()
    assert learner.stats() == Stats(0, 0, 0, 0)
    assert len(list(learner.export())) == 1
    assert learner.retrain() == 0
    assert not learner.forget("nothing")


def test_with_a_smaller_maximum_each_decision_deletes_four_old_ones(
    database: Callable[[], Database],
) -> None:
    with closing(Learner(database(), keep=100)) as learner:
        teach(learner, 20)
    with closing(Learner(database(), keep=10)) as learner:
        kept = []
        for number in range(12):
            assert learner.teach(comment(f"{HAM[0]} more{number}"), spam=False, rules_score=0, key=f"more {number}")
            kept.append(learner.stats().decisions)
    assert kept == [37, 34, 31, 28, 25, 22, 19, 16, 13, 10, 10, 10]


def test_the_oldest_decisions_are_deleted_with_the_words_that_only_they_had(database: Callable[[], Database]) -> None:
    with closing(Learner(database(), keep=20)) as learner:
        for number in range(60):
            body = f"{(HAM, SPAM)[number % 2][number % 3]} only{number}once"
            learner.teach(comment(body), spam=bool(number % 2), rules_score=0, key=str(number))
        stats = learner.stats()
        assert (stats.ham, stats.spam, stats.decisions) == (30, 30, 20)
        exported = "".join(learner.export())
        assert "only40once" in exported
        assert "only39once" not in exported
        assert stats.tokens < 80
        learner.retrain()
        assert learner.stats().decisions == 20


def test_all_words_of_a_long_comment_are_learned(learner: Learner) -> None:
    body = " ".join(f"word{number}x" for number in range(700))
    assert learner.teach(comment(body), spam=True, rules_score=0, key="long")
    assert learner.stats().tokens > 500
    assert learner.forget("long")
    assert learner.stats().tokens <= 4


def test_an_explanation_has_the_largest_weights_first(learner: Learner) -> None:
    for number in range(ENOUGH):
        learner.teach(comment(HAM[number % 3]), spam=False, rules_score=0, key=f"ham {number}")
        learner.teach(comment(SPAM[number % 3]), spam=True, rules_score=60, key=f"spam {number}")
    explained = learner.explain(comment("cheap pills at the bridge"), 100)
    assert [abs(one.weight) for one in explained] == sorted((abs(one.weight) for one in explained), reverse=True)
    [rules] = [one for one in explained if one.kind == "rules"]
    assert rules.weight > 0
    words = {one.token: one for one in explained if one.kind == "word"}
    pills = words["w:pills"]
    assert pills.weight > 0
    assert (pills.ham, pills.spam) == (0, 3)
    assert words["w:bridge"].weight < 0


def test_an_explanation_has_ten_tokens_at_most(learner: Learner) -> None:
    teach(learner)
    assert len(learner.explain(comment(" ".join((*HAM, *SPAM))), 0)) == 10


def test_the_judge_uses_the_filter_once_enough_was_taught(learner: Learner) -> None:
    judge = Judge((), learner=learner, strict=True)
    assert judge.judge(comment(HAM[0])).action is Action.HOLD
    teach(learner, 30)
    assert judge.judge(comment(HAM[0])).action is Action.ACCEPT
    verdict = judge.judge(comment(SPAM[0]))
    assert verdict.action >= Action.HOLD
    assert verdict.chance == learner.score(comment(SPAM[0]), 0)


def test_one_client_changes_the_filter_little_on_one_day(database: Callable[[], Database]) -> None:
    """After fifty comments in readers' words are marked as spam, the readers' comments are still good."""
    bodies = [f"the verse about the bridge number{number} is what makes this song" for number in range(50)]
    chances = []
    for bounded in (True, False):
        with closing(Learner(database(), keep=1_000)) as learner:
            for name in [f"attack {number}" for number in range(50)]:
                learner.forget(name)
            teach(learner, 20)
            for number, body in enumerate(bodies):
                sources = sources_of([b"one client"] if bounded else [], "", spam=True, posted_at=20_000 * DAY)
                tokens = learner.tokens(comment(body))
                key = f"attack {number}"
                assert learner.teach(tokens, spam=True, rules_score=0, key=key, sources=sources)
            stats = learner.stats()
            assert (stats.ham, stats.spam, stats.decisions) == (20, 70, 90)
            assert (counts_of(learner, bodies[0], "w:bridge")[1] < 5) is bounded
            chances.append(learner.score(comment(HAM[0]), 0) or 1)
    assert 2 * chances[0] < chances[1]


def test_an_unmarked_comment_counts_less_and_never_replaces_a_decision(learner: Learner) -> None:
    teach(learner)
    words = learner.tokens(comment("a particular sentence about lichen"))

    def lichen() -> tuple[int, int, int]:
        stats = learner.stats()
        return stats.ham, stats.spam, stats.decisions

    for number in range(2):
        assert learner.teach(words, spam=False, rules_score=0, key=f"silent {number}", unmarked=True)
    assert lichen() == (9, 8, 18)  # two halves
    assert learner.teach(words, spam=False, rules_score=0, key="silent 0")
    assert lichen() == (9, 8, 18)  # one and a half, rounded down
    assert learner.teach(words, spam=False, rules_score=0, key="silent 1")
    assert lichen() == (10, 8, 18)
    assert learner.teach(words, spam=True, rules_score=0, key="silent 1")
    assert learner.teach(words, spam=False, rules_score=0, key="silent 1", unmarked=True)
    assert lichen() == (9, 9, 18)
    lines = list(learner.export())
    assert learner.teach(words, spam=False, rules_score=0, key="more", unmarked=True)
    assert sum('"strength": 0.5, "unmarked": true' in line for line in learner.export()) == 1
    learner.load(lines)
    learner.retrain()
    assert lichen() == (9, 9, 19)
