"""Bots and people of the benchmark against real applications, over sockets: what became of each attempt is counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from captcha_guard.web.post.posted import ANSWER
from captcha_guard.web.state import current_state
from demo_blog import create_app
from demo_blog.database import db
from tests.benchmarks.bots import plain, tables
from tests.benchmarks.bots.bot import ASIDE, HELD, PUBLISHED, REFUSED, Attempt, Plan, Record, run
from tests.benchmarks.bots.clock import Clock, moving_clock
from tests.benchmarks.bots.crawlers import BlindPoster, FormFiller
from tests.benchmarks.bots.forgers import CrossSitePoster
from tests.benchmarks.bots.people import Comment, Person, mistypes, sees, together
from tests.benchmarks.bots.poster import Poster
from tests.benchmarks.bots.replays import PassForker, Replayer
from tests.benchmarks.bots.site import AUTHOR, BODY, Comments, Site, answers_of_header, answers_of_token
from tests.benchmarks.bots.solvers import Farm
from tests.benchmarks.bots.texts import random_spam
from tests.benchmarks.bots.writers import HONEST, SPAM
from tests.crowd.journal import DATABASE, copy_journal
from tests.crowd.visitor import Visitor, addresses

from .journal_fixtures import POST, printed_journal

__all__ = ["printed_journal"]

TEXT = {AUTHOR: "Ada Quill", BODY: HONEST}


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    """A clock that bots and the applications of this process share."""
    with moving_clock(tmp_path) as clock:
        yield clock


@pytest.fixture
def site(clock: Clock, printed_journal: Path, tmp_path: Path) -> Iterator[Site]:
    """The journal with its default configuration, on a socket."""
    folder = tmp_path / "journal"
    copy_journal(printed_journal, folder)
    app = create_app({"DEMO_BLOG_INSTANCE": folder})
    with on_socket(app) as port, closing(Comments(folder / DATABASE)) as comments:
        page = f"/posts/{POST}"
        yield Site("journal", port, (page,), ANSWER, clock, comments, lambda page: answers_of_token(app, page))
    with app.app_context():
        current_state().writer.stop()
        db.engine.dispose()


@pytest.fixture
def unprotected(clock: Clock, tmp_path: Path) -> Iterator[Site]:
    """The application without any protection, on a socket."""
    folder = tmp_path / "plain"
    plain.make_folder(folder)
    app = plain.create_app("unprotected", folder)
    with on_socket(app) as port, closing(Comments(folder / plain.DATABASE)) as comments:
        yield Site("unprotected", port, (plain.PAGE,), "", clock, comments, answers_of_header)


@contextmanager
def on_socket(app: Flask) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def outcomes(record: Record) -> dict[str, int]:
    found = {outcome: record.count(outcome) for outcome in (PUBLISHED, HELD, ASIDE, REFUSED)}
    return {outcome: number for outcome, number in found.items() if number}


def test_a_site_without_protection_publishes_everything_that_a_blind_bot_posts(unprotected: Site) -> None:
    record = run(BlindPoster(random_spam), unprotected, Plan(6, 2, 60), addresses())
    assert outcomes(record) == {PUBLISHED: 6}
    assert record.most_in_an_hour == 3
    assert record.addresses == 2


def test_bots_without_a_right_code_publish_nothing(site: Site) -> None:
    home = addresses()
    for bot in (
        BlindPoster(random_spam),
        FormFiller(random_spam),
        Replayer(Farm(), random_spam),
        PassForker(Farm(), random_spam),
        CrossSitePoster("cross-site poster", Farm(), random_spam),
    ):
        record = run(bot, site, Plan(4, 2, 360), home)
        assert outcomes(record) == {REFUSED: 4}, bot.name
        assert 429 not in record.statuses(), bot.name


def test_one_farm_gets_no_more_than_the_limits_and_its_spam_is_held(site: Site) -> None:
    texts = [TEXT | {BODY: f"{HONEST} {word}"} for word in ("Thanks.", "Well done.", "Good.", "Fine.")]
    farm = Poster("farm", Farm(), lambda number: texts[number] if number < 4 else {AUTHOR: "Bo", BODY: SPAM})
    record = run(farm, site, Plan(4), addresses())
    assert outcomes(record) == {PUBLISHED: 2, REFUSED: 2}
    assert record.statuses() == {429: 2}
    assert (record.read, record.right) == (4, 4)
    site.clock.sleep(60)
    record = run(farm, site, Plan(5, 5, 360), islice(addresses(), 1, None))
    assert record.attempts[-1].outcome in (HELD, ASIDE)


def test_a_person_is_published_at_once_and_mistyping_costs_only_another_code(site: Site) -> None:
    home = addresses()
    right = Person(site, Visitor(site.port, next(home)), sees).comment(site.pages[0], TEXT)
    assert (right.outcome, right.asked, right.tries, right.waited) == (PUBLISHED, 1, 1, 0)
    other = TEXT | {AUTHOR: "Bruno Falk", BODY: "I read it twice, and the second time the fence made sense to me."}
    wrong = Person(site, Visitor(site.port, next(home)), mistypes).comment(site.pages[0], other)
    assert wrong.outcome == PUBLISHED
    assert wrong.asked == wrong.tries
    assert wrong.tries >= 2


def test_people_who_share_an_address_wait_and_lose_nothing(site: Site) -> None:
    notes = {
        "Ada": "Counting the gaps first made the second drawing clear to me.",
        "Bruno": "Does the same happen when the fence is a ring?",
        "Carla": "I would have liked the proof before the picture.",
        "Dora": "My teacher used a garden path instead, with lamps.",
    }
    comments = [Comment() for _ in notes]
    together(
        site,
        [
            Person(site, Visitor(site.port, "127.9.9.9"), sees).steps(site.pages[0], {AUTHOR: name, BODY: text}, done)
            for (name, text), done in zip(notes.items(), comments, strict=True)
        ],
    )
    assert [one.outcome for one in comments] == [PUBLISHED] * 4
    assert sum(one.waited > 0 for one in comments) == 2
    assert all(one.asked == 1 for one in comments)


def test_the_most_in_an_hour_is_counted_for_each_address() -> None:
    times = ((0, "a"), (10, "a"), (20, "b"), (3599, "a"), (3601, "a"), (7300, "b"))
    attempts = [Attempt(at, address, PUBLISHED, 303) for at, address in times]
    attempts.append(Attempt(30, "a", REFUSED, 429))
    assert Record("bot", "site", 2, attempts, hours=2.0).most_in_an_hour == 3
    assert Record("bot", "site", 2, attempts, hours=2.0).per_hour_and_address == 6 / 4


@pytest.mark.parametrize(("held", "published", "met"), [(10, 0, "yes"), (2, 8, "**no**")])
def test_a_target_is_met_if_all_spam_is_held_and_missed_if_much_less_is_than_expected(
    held: int, published: int, met: str
) -> None:
    row = tables.Judged("farm", published, held, 0, alone=1.0)
    assert tables.targets([], {}, [], [row]).splitlines()[-1].endswith(f"| {met} |")
