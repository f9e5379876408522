"""What tests of the counters share: a clock that stands at noon, and the two storages that need no server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from limits.storage import Storage

from captcha_guard.counters.store import open_storage

NOON = 1_800_014_400.0  # 12:00 UTC


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return open_storage("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/c.sqlite3")
