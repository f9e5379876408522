"""Two gunicorns of four workers count as one, on either store: over sockets, all eight at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crowd.race import RACERS, Racers, race_for_limits, race_for_tokens, racers, settings_of
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import post_comment
from tests.redis_server import redis_server

#: More than the eight POSTs that race for a token, so that the limits don't refuse any.
ALLOWED = 20

TOKENS = 300

pytestmark = pytest.mark.xdist_group("many workers")


@pytest.fixture(scope="module")
def redis_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as uri:
        yield uri


@pytest.fixture(scope="module", params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def crew(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Racers]:
    folder = tmp_path_factory.mktemp("blog")
    sqlite = request.param == "sqlite"
    uri = f"sqlite:///{folder}/counters.sqlite3" if sqlite else request.getfixturevalue("redis_uri")
    with racers(folder, settings_of(uri, {"CAPTCHA_GUARD_COMMENT_LIMITS": f"{ALLOWED} per hour"})) as crew:
        yield crew


def test_each_of_300_tokens_sent_to_eight_workers_at_once_is_accepted_once(crew: Racers) -> None:
    outcome = race_for_tokens(crew, TOKENS)
    assert outcome.statuses == {201: TOKENS, 422: TOKENS * (RACERS - 1)}
    assert outcome.accepted == {1: TOKENS}


@pytest.mark.redis
def test_control_looking_a_nonce_up_then_deleting_it_accepts_tokens_more_than_once(
    tmp_path: Path, redis_uri: str
) -> None:
    with racers(tmp_path, settings_of(redis_uri), control=True) as crew:
        outcome = race_for_tokens(crew, 50)
    assert outcome.statuses.keys() == {201, 422}
    assert outcome.stored > 50, f"the control lost no race, so the test above could not fail: {outcome}"


@pytest.mark.parametrize("forged", [False, True], ids=["as it is", "under forged headers"])
def test_eight_workers_grant_a_client_exactly_its_limit(crew: Racers, forged: bool) -> None:
    assert race_for_limits(crew, 4, ALLOWED // RACERS + 2, forged=forged) == [ALLOWED] * 4


def test_all_addresses_of_one_64_are_one_client(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "3 per hour"})

    def post(address: str) -> int:
        return post_comment(blog.client(address), body=f"From {address}.").status_code

    one = ["2001:db8:0:7::1", "2001:db8:0:7::ffff", "2001:db8:0:7:abcd::", "2001:db8:0:7:ffff:ffff:ffff:ffff"]
    assert [post(address) for address in one] == [303, 303, 303, 429]
    assert post("2001:db8:0:8::1") == 303
