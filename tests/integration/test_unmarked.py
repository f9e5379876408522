"""A site whose owner only clears the queue: unmarked comments are learned, and new authors wait while spam arrives."""

from __future__ import annotations

import logging
import threading

import pytest
import time_machine

from captcha_guard import Submission, Tidied, unmarked_learned
from captcha_guard.cli import group
from captcha_guard.spam.memory.judged_comments import JudgedComments
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import Blog, ids_sent, post_comment, teach

DAY = 86_400
READERS = (
    "Reading the second part again, I see why the bound of the loop moves.",
    "My compiler warns about this, so I keep the limit in a constant.",
    "Does the same hold if the list is empty when the loop starts?",
    "I tried it on an old laptop and the numbers are nearly the same.",
    "There is a typing mistake in the third figure, the arrow points up.",
    "We had this bug for a year, and only a debugger showed where it was.",
    "Thanks, the picture of the stack made it clear to my students.",
    "In the second edition the author writes that recursion is easier here.",
    "Would a while statement not say the same with fewer lines?",
    "I disagree, because a reader must keep two counters in mind.",
)
BAD = "Cheap pills without a prescription, our shop ships them overnight, offer {}."


def post(blog: Blog, body: str, number: int = 0, page: str = "/queue", **fields: str) -> str:
    """Post a comment from an address of its own; return its id."""
    typed = {"author": f"Author {number}", "email": f"author{number}@example.org", "body": body} | fields
    assert post_comment(blog.client(f"198.51.100.{number}"), page, headers=None, **typed).status_code == 303
    return blog.stored[-1]["id"]


def mark_spam(blog: Blog, number: int = 200) -> None:
    """Post spam, and mark it as its moderator would."""
    name = post(blog, BAD.format(number), number)
    with blog.app.app_context():
        assert blog.guard.teach(name, spam=True)


def settle(blog: Blog, clock: time_machine.Traveller, days: float = 31) -> Tidied:
    """Let days pass; a moderator decides about one comment of them, and maintenance runs."""
    clock.shift(days * DAY - 60)
    mark_spam(blog)
    clock.shift(60)
    with blog.app.app_context():
        return blog.guard.tidy()


# Unmarked comments


def test_a_published_comment_that_stayed_unmarked_for_30_days_is_learned_as_good_once(
    blog: Blog, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    names = [post(blog, READERS[number], number) for number in range(2)]
    with ids_sent(blog, unmarked_learned) as learned, caplog.at_level(logging.INFO, logger="captcha_guard"):
        assert settle(blog, clock, 29.99) == Tidied()
        clock.shift(DAY)
        with blog.app.app_context():
            assert blog.guard.tidy() == Tidied(learned_unmarked=2)
            assert blog.guard.tidy() == Tidied()
            assert (blog.guard.filter_stats().ham, blog.guard.filter_stats().decisions) == (1, 3)  # each counts half
            kept = JudgedComments(blog.state.database).find(names[0])
    assert sorted(learned) == sorted(names)
    assert f"the comment {names[0]} was published 30 days ago and not marked, so it counts as good" in caplog.text
    assert kept is not None
    assert (kept.spam, kept.unmarked) == (None, True)
    said = blog.app.test_cli_runner().invoke(group, ["explain", names[0]]).output
    assert "unmarked for 30 days, so it counts as ham" in said


def test_a_later_word_replaces_the_silence(blog: Blog, clock: time_machine.Traveller) -> None:
    names = [post(blog, READERS[number], number) for number in range(2)]
    settle(blog, clock)
    with blog.app.app_context():
        assert blog.guard.teach(names[0], spam=False)
        assert blog.guard.teach(names[1], spam=True)
        stats = blog.guard.filter_stats()
        assert (stats.ham, stats.spam, stats.decisions) == (1, 2, 3)
        clock.shift(10 * DAY)
        assert blog.guard.tidy() == Tidied()


def test_what_was_held_marked_or_posted_without_a_moderator_is_not_learned(
    blog: Blog, clock: time_machine.Traveller
) -> None:
    marked = post(blog, READERS[1], 1)
    post(blog, "See https://one.example and https://two.example for the loop.", 2)
    assert blog.stored[-1]["action"] == "HOLD"
    post_comment(blog.client("198.51.100.3"), "/essay", body=READERS[3])
    with blog.app.app_context():
        assert blog.guard.teach(marked, spam=True)
    with ids_sent(blog, unmarked_learned) as learned:
        assert settle(blog, clock) == Tidied()
    assert learned == []


def test_silence_says_nothing_where_no_moderator_is_active(blog: Blog, clock: time_machine.Traveller) -> None:
    """An owner who never looks publishes much spam; it must not become the filter's idea of a good comment."""
    post(blog, READERS[1], 1)
    mark_spam(blog)
    clock.shift(31 * DAY)
    with blog.app.app_context():
        assert blog.guard.tidy() == Tidied()
    assert settle(blog, clock, 5) == Tidied(learned_unmarked=1)


def test_one_setting_turns_it_off(blogs: MakeBlog, clock: time_machine.Traveller) -> None:
    blog = blogs({"CAPTCHA_GUARD_LEARN_UNMARKED": False})
    post(blog, READERS[1])
    assert settle(blog, clock) == Tidied()


def test_while_everything_is_in_shadow_nothing_is_learned_from_silence(
    blogs: MakeBlog, clock: time_machine.Traveller
) -> None:
    """Everything is published then, spam as well."""
    blog = blogs({"CAPTCHA_GUARD_SHADOW": True})
    post(blog, READERS[1])
    assert settle(blog, clock) == Tidied()


def test_a_receiver_that_fails_is_called_again(blog: Blog, clock: time_machine.Traveller) -> None:
    post(blog, READERS[1])
    calls: list[str] = []

    def fails_at_first(sender: object, id: str) -> None:  # noqa: A002 - the signal's argument
        calls.append(id)
        if len(calls) == 1:
            raise OSError("disk full")

    with unmarked_learned.connected_to(fails_at_first, blog.app):
        assert settle(blog, clock) == Tidied()
        with blog.app.app_context():
            assert blog.guard.tidy() == Tidied(learned_unmarked=1)
    assert len(calls) == 2


def test_it_is_learned_by_one_process_only(blog: Blog, clock: time_machine.Traveller) -> None:
    name = post(blog, READERS[1])
    judged = JudgedComments(blog.state.database)
    one = judged.find(name)
    assert one is not None
    assert judged.claim(one, spam=False)
    assert not judged.claim(one, spam=False)
    assert settle(blog, clock) == Tidied()


# New authors on a new site


def test_new_authors_wait_while_spam_arrives_until_eight_good_comments_are_known(
    blog: Blog, caplog: pytest.LogCaptureFixture
) -> None:
    post(blog, READERS[0], 0)
    assert blog.stored[-1]["action"] == "ACCEPT"  # no spam is known yet
    for number in range(200, 208):
        mark_spam(blog, number)
    for number in range(1, 9):
        name = post(blog, READERS[number], number)
        assert (blog.stored[-1]["action"], blog.stored[-1]["why"]) == ("HOLD", "new_site")
        with blog.app.app_context():
            assert blog.guard.filter_stats().missing == (
                f"To start the filter, confirm {9 - number} published or held comment{'' if number == 8 else 's'}."
            )
            assert blog.guard.teach(name, spam=False)
    post(blog, READERS[9], 9)
    assert blog.stored[-1]["action"] == "ACCEPT"
    lines = [message for message in caplog.messages if "new authors are held" in message]
    assert len(lines) == 1  # a day
    assert "To start the filter, confirm 8 published or held comments. Mark 7 comments as spam, too." in lines[0]


def test_with_eight_good_comments_known_only_much_spam_holds_new_authors(blog: Blog) -> None:
    """On a site with little spam, it takes months until eight are known."""
    for number in range(8):
        name = post(blog, READERS[number], number)
        with blog.app.app_context():
            assert blog.guard.teach(name, spam=False)
    actions = []
    for number in range(3):
        mark_spam(blog, 200 + number)
        post(blog, (READERS[8], READERS[9], "Nothing is nearly the same.")[number], 8 + number)
        actions.append(blog.stored[-1]["action"])
    assert actions == ["ACCEPT", "ACCEPT", "HOLD"]
    assert blog.stored[-1]["why"] == "new_site"


def test_an_author_who_was_kept_is_not_held(blog: Blog) -> None:
    post(blog, READERS[1], 1)
    mark_spam(blog)
    post(blog, READERS[2], 1)
    assert blog.stored[-1]["action"] == "ACCEPT"
    post(blog, READERS[3], 1, author="Another name")
    assert blog.stored[-1]["action"] == "HOLD"


def test_it_ends_when_no_spam_arrives(blog: Blog, clock: time_machine.Traveller) -> None:
    mark_spam(blog)
    clock.shift(15 * DAY)
    post(blog, READERS[1], 1)
    assert blog.stored[-1]["action"] == "ACCEPT"


def test_unmarked_spam_holds_no_new_author(blog: Blog) -> None:
    """If the owner never looks at the queue, new authors must not wait endlessly."""
    post(blog, BAD.format(1), 1)
    post(blog, READERS[2], 2)
    assert blog.stored[-1]["action"] == "ACCEPT"


def test_a_route_without_a_moderator_holds_no_new_author(blog: Blog) -> None:
    mark_spam(blog)
    post(blog, READERS[1], 1, page="/essay")
    assert blog.stored[-1]["why"] == ""


@pytest.mark.parametrize("config", [{"CAPTCHA_GUARD_WEIGHTS": {"new_site": 0}}, {"CAPTCHA_GUARD_SHADOW": ["new_site"]}])
def test_it_can_be_turned_off_or_only_recorded(blogs: MakeBlog, config: dict[str, object]) -> None:
    blog = blogs(config)
    mark_spam(blog)
    post(blog, READERS[1], 1)
    assert blog.stored[-1]["action"] == "ACCEPT"
    assert (blog.stored[-1]["meant"] == "HOLD") is ("CAPTCHA_GUARD_SHADOW" in config)


def test_the_command_says_what_is_missing(blog: Blog) -> None:
    mark_spam(blog)
    said = blog.app.test_cli_runner().invoke(group, ["filter-stats"]).output
    assert "To start the filter, confirm 8 published or held comments. Mark 7 comments as spam, too." in said


# What one client can teach


@pytest.mark.parametrize("bounded", [True, False])
def test_fifty_comments_of_one_client_leave_honest_words_good(
    blog: Blog, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, bounded: bool
) -> None:
    """The filter holds each for its unknown words, and a busy moderator marks all of them as spam."""
    if not bounded:
        monkeypatch.setattr("captcha_guard.spam.moderation.sources_of", lambda *_, **__: ())
    teach(blog)
    for number in range(60):
        name = post(blog, f"{READERS[number % 10]} {READERS[(number + 3) % 10]}", number)
        with blog.app.app_context():
            assert blog.guard.teach(name, spam=False)
        clock.shift(DAY)
    for number in range(50):
        name = post(blog, f"{READERS[number % 10]} xqzt{number} vrbl{number}", 99)
        with blog.app.app_context():
            assert blog.guard.teach(name, spam=True)
    clock.shift(2 * DAY)  # nothing is nearly the same as another comment of that day
    later = blog.state.clock()
    with blog.app.app_context():
        asked = [Submission(scope="queue", body=body, posted_at=later) for body in READERS]
        chances = [blog.guard.check(one).chance or 1 for one in asked]
    assert (sum(chances) / len(chances) < 0.3) is bounded


# Maintenance after a POST


def test_a_post_after_the_clock_has_moved_learns_unmarked_comments(
    blog: Blog, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    class Noted(threading.Thread):
        def start(self) -> None:
            threads.append(self)
            super().start()

    monkeypatch.setattr("captcha_guard.web.maintenance.threading.Thread", Noted)
    name = post(blog, READERS[1], 1)
    clock.shift(31 * DAY)
    mark_spam(blog)
    monkeypatch.setattr(blog.state.timetable, "_clock", blog.state.clock)
    with ids_sent(blog, unmarked_learned) as learned:
        post(blog, READERS[2], 2)
        threads[-1].join(10)
    assert learned == [name]
