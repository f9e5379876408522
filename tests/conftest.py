"""Settings and fixtures of all tests. A skipped test fails in CI, and hypothesis tries the same cases everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2.bccache import Bucket, BytecodeCache
from limits.storage import MemoryStorage

from captcha_guard.counters.store import open_storage
from tests.postgresql_server import PostgreSQL, postgresql_server

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("default")


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates for all applications of the tests. Most tests make an application of their own."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": CompiledTemplates()}

#: Noon UTC on 15 January 2027, in seconds since 1970.
NOON = 1_800_014_400.0


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Freeze the time at noon. A test moves it with ``clock.shift``."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Both storages that need no server."""
    with local_storage(request.param, tmp_path) as one:
        yield one


@contextmanager
def local_storage(name: str, folder: Path) -> Iterator[Any]:
    """Open the storage "memory", "sqlite" (a file in ``folder``) or "limits' memory", and close it afterwards."""
    if name == "sqlite":
        storage: Any = open_storage(f"sqlite:///{folder}/counters.sqlite3")
        with closing(storage):
            yield storage
    else:
        yield open_storage("memory://") if name == "memory" else MemoryStorage()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    if skipped := reporter.stats.get("skipped", []):
        reporter.write_line(f"{len(skipped)} skipped: in CI that is a failure", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgresql_of_process() -> Iterator[PostgreSQL]:
    """One server for all tests of a process."""
    with postgresql_server() as server:
        yield server


@pytest.fixture
def postgresql(postgresql_of_process: PostgreSQL) -> Iterator[PostgreSQL]:
    """A server on which the test makes its own databases."""
    yield postgresql_of_process
    postgresql_of_process.drop()
