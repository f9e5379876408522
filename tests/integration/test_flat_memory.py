"""A worker takes no more memory for having worked long, nor the store's file more room for a longer flood."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crowd.worker import BOTS, flood, run

#: POSTs; the first tenth warms the worker up.
POSTS = 6_000

#: Octets of the store's file with its log, for 256 bots at the usual limits, whatever they try.
ROOM = 8 << 20

pytestmark = pytest.mark.xdist_group("many workers")


def test_a_flood_of_tokens_leaves_a_workers_memory_and_the_stores_file_as_they_were(tmp_path: Path) -> None:
    [worker] = run(flood, POSTS, tmp_path)
    assert worker.statuses[422] >= BOTS
    assert worker.statuses[429] + worker.statuses[422] == POSTS
    assert abs(worker.drift) < 0.05, worker
    assert worker.file < ROOM, worker
