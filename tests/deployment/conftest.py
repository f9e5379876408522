"""The document's blog, ready to be served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment.premises import Premises


@pytest.fixture
def premises(tmp_path: Path) -> Iterator[Premises]:
    made = Premises(tmp_path)
    try:
        yield made
    finally:
        made.close()
