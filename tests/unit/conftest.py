"""The two storages that need no server, for tests of the counters."""

from __future__ import annotations

from pathlib import Path

import pytest
from limits.storage import Storage

from captcha_guard.counters.store import open_storage


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return open_storage("memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/c.sqlite3")
