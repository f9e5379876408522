"""A worker's memory doesn't grow with its work, and the store's file doesn't grow with a longer flood."""

from __future__ import annotations

from pathlib import Path

import pytest

from captcha_guard.database.checkpoints import MOST_BYTES
from tests.crowd.worker import BOTS, flood, run

#: The number of POSTs. The first tenth warms up the worker.
POSTS = 6_000

#: The most bytes of the store's file, for 256 bots at the usual limits.
ROOM = 8 << 20

pytestmark = pytest.mark.xdist_group("many workers")


def test_a_flood_of_tokens_does_not_grow_a_workers_memory_and_the_stores_file(tmp_path: Path) -> None:
    [worker] = run(flood, POSTS, tmp_path)
    assert worker.statuses[422] >= BOTS
    assert worker.statuses[429] + worker.statuses[422] == POSTS
    assert abs(worker.drift) < 0.05, worker
    assert worker.file < ROOM, worker
    assert worker.log < 2 * MOST_BYTES, worker
