"""Exact counts when real processes and threads race, and controls that show that these tests can fail."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from limits import parse
from limits.strategies import STRATEGIES

from captcha_guard.counters.client import SITE, Client
from captcha_guard.counters.limits import Limits, Policy
from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.store import open_storage
from tests.broken_counters import GetThenDelete, ReadThenWriteStorage
from tests.memcached_server import memcached_server
from tests.processes import fresh_processes, in_processes
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from limits.storage import Storage

    Together = Callable[[], object]
    Task = Callable[[Any, Together], Counter[str]]

TIMEOUT = 50  # seconds until the test fails because a process doesn't arrive at a barrier
PROCESSES = 4
THREADS = 16
HITS = 40
LIMIT = 100

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@pytest.fixture(params=["spawn", "fork"])
def start_method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/counters.sqlite3"


@pytest.fixture(scope="module")
def redis_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as uri:
        yield uri


def race(start_method: str, task: Task, argument: object, *, meeting: int = PROCESSES) -> Counter[str]:
    """Run a task in four processes that start at the same time, and return the sum of their results."""
    context: Any = fresh_processes() if start_method == "forkserver" else multiprocessing.get_context(start_method)
    start, meet = context.Barrier(PROCESSES), context.Barrier(meeting)
    results = in_processes(context, _run, [(task, argument, start, meet)] * PROCESSES)
    assert [result for result in results if isinstance(result, str)] == []
    return sum((Counter(result) for result in results), Counter[str]())


def _run(task: Task, argument: object, start: Any, meet: Any) -> Counter[str] | str:
    try:
        start.wait(TIMEOUT)
        return task(argument, lambda: meet.wait(TIMEOUT))
    except Exception:  # the other processes must not wait for this one
        meet.abort()
        return traceback.format_exc()


def patient(uri: str) -> Storage:
    """Open a store with long timeouts for a busy machine. The usual timeouts are tested elsewhere."""
    if uri.startswith("sqlite"):
        return SQLiteStorage(uri, timeout=TIMEOUT)
    wait = "timeout" if uri.startswith("memcached") else "socket_timeout"
    return open_storage(f"{uri}?{wait}=30")


# Limits


def hit_every_strategy(storage: str | Storage, together: Together) -> Counter[str]:
    """Try 40 hits with each strategy. With four processes that is 160 for a limit of 100."""
    storage = patient(storage) if isinstance(storage, str) else storage
    item = parse(f"{LIMIT} per year")
    return Counter(
        {name: sum(strategy(storage).hit(item, name) for _ in range(HITS)) for name, strategy in STRATEGIES.items()}
    )


EXACT = Counter(dict.fromkeys(STRATEGIES, LIMIT))


def test_processes_are_granted_exactly_the_limit(start_method: str, uri: str) -> None:
    assert race(start_method, hit_every_strategy, uri) == EXACT


def test_forked_processes_may_use_the_storage_their_parent_used(uri: str) -> None:
    with closing(SQLiteStorage(uri)) as storage:
        assert storage.incr("parent", 60) == 1
        assert race("fork", hit_every_strategy, storage) == EXACT
        assert storage.incr("parent", 60) == 2


@pytest.mark.redis
@pytest.mark.parametrize("client", ["redis", "valkey"])
def test_processes_are_granted_exactly_the_limit_on_redis(redis_uri: str, client: str) -> None:
    storage: Any = open_storage(redis_uri)
    with closing(storage.storage):
        storage.reset()
    assert race("forkserver", hit_every_strategy, redis_uri.replace("redis", client)) == EXACT


def hit_fixed_windows(uri: str, together: Together) -> Counter[str]:
    limiter, item = STRATEGIES["fixed-window"](patient(uri)), parse(f"{LIMIT} per day")
    return Counter({"fixed-window": sum(limiter.hit(item, "k") for _ in range(HITS))})


@pytest.mark.memcached
def test_processes_are_granted_exactly_the_limit_of_a_fixed_window_on_memcached() -> None:
    with memcached_server() as uri:
        assert race("forkserver", hit_fixed_windows, uri) == {"fixed-window": LIMIT}


@pytest.mark.parametrize("scheme", ["memory", "sqlite"])
def test_threads_are_granted_exactly_the_limit(scheme: str, uri: str) -> None:
    storage = patient(uri) if scheme == "sqlite" else open_storage("memory://")
    with ThreadPoolExecutor(THREADS) as pool:
        rounds = list(pool.map(lambda _: hit_every_strategy(storage, lambda: None), range(THREADS)))
    assert sum(rounds, Counter[str]()) == EXACT


def hit_read_then_write(uri: str, together: Together) -> Counter[str]:
    storage, item = ReadThenWriteStorage(uri, between=together), parse("10 per year")
    return Counter(
        {
            name: sum(STRATEGIES[name](storage).hit(item, name) for _ in range(10))
            for name in ("fixed-window", "moving-window")
        }
    )


def test_control_reading_then_writing_grants_every_process_its_own_limit(uri: str) -> None:
    with closing(SQLiteStorage(uri)) as storage:
        storage.check()
    assert race("forkserver", hit_read_then_write, uri) == {"fixed-window": 40, "moving-window": 40}


POLICY = Policy.parse("comments", "20 per hour; 50 per day")
CLIENTS = [Client(f"client{number}", ((SITE, "network"),)) for number in range(3)]


def hit_a_policy(uri: str, together: Together) -> Counter[str]:
    limits = Limits(patient(uri), policies={"comments": POLICY})
    return Counter({client.key: sum(limits.hit("comments", client).allowed for _ in range(15)) for client in CLIENTS})


def test_a_refused_client_does_not_use_up_its_neighbours_limits(uri: str) -> None:
    """Three clients of one network try 60 hits each: 20 of each are granted, all within the 80 of the network."""
    assert race("forkserver", hit_a_policy, uri) == dict.fromkeys(("client0", "client1", "client2"), 20)


@pytest.mark.redis
def test_a_refused_client_does_not_use_up_its_neighbours_limits_on_redis(redis_uri: str) -> None:
    assert race("forkserver", hit_a_policy, redis_uri) == dict.fromkeys(("client0", "client1", "client2"), 20)


# Spent nonces


def claim_with_threads(claim: Callable[[str, int], bool]) -> Counter[str]:
    with ThreadPoolExecutor(THREADS) as pool:
        wins = sum(pool.map(lambda _: claim("nonce", 900), range(THREADS)))
    return Counter({"nonce": wins})


def claim(uri: str, together: Together) -> Counter[str]:
    spent = Spent(patient(uri))

    def claim_at_once(nonce: str, ttl: int) -> bool:
        together()
        return spent.claim(nonce, ttl)

    return claim_with_threads(claim_at_once)


def test_a_nonce_is_spent_once_by_four_processes_of_sixteen_threads(start_method: str, uri: str) -> None:
    assert race(start_method, claim, uri, meeting=PROCESSES * THREADS) == {"nonce": 1}


@pytest.mark.redis
def test_a_nonce_is_spent_once_on_redis(redis_uri: str) -> None:
    assert race("forkserver", claim, redis_uri, meeting=PROCESSES * THREADS) == {"nonce": 1}


def test_a_nonce_is_spent_once_by_the_threads_of_one_process() -> None:
    spent = Spent(open_storage("memory://"))
    for _ in range(50):
        assert claim_with_threads(spent.claim) == {"nonce": 1}
        spent.release("nonce")


def get_then_delete(uri: str, together: Together) -> Counter[str]:
    return claim_with_threads(GetThenDelete(patient(uri), between=together).claim)


def test_control_looking_up_then_deleting_lets_every_process_through(uri: str) -> None:
    with closing(SQLiteStorage(uri)) as storage:
        GetThenDelete(storage).issue("nonce", 900)
    granted = race("forkserver", get_then_delete, uri, meeting=PROCESSES * THREADS)
    assert granted == {"nonce": PROCESSES * THREADS}
