"""The documents say what is so: the configuration page is fresh, and no link in them is dead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from captcha_guard.challenge.difficulty import KNOBS, LONGEST, SHORTEST
from tests.configuration_page import page

ROOT = Path(__file__).parents[2]
KNOB = re.compile(r"^\| `(\w+)` \| (\d+) to (\d+)(?: ([^|]+))? \|", re.MULTILINE)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("fonts/*.md")])


def test_the_configuration_page_is_what_make_docs_prints() -> None:
    assert (ROOT / "docs/configuration.md").read_text() == page(), "stale: run make docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", document.read_text())
    dead = [target for target in targets if not (document.parent / target).exists()]
    assert dead == []


def test_the_table_of_knobs_has_every_knob_with_its_range_and_unit() -> None:
    table = (ROOT / "docs/tuning.md").read_text().partition("### The knobs")[2].partition("\n## ")[0]
    rows = {name: (low, high, unit) for name, low, high, unit in KNOB.findall(table)}
    assert list(rows) == [*KNOBS, "length"]
    assert rows.pop("length")[:2] == (str(SHORTEST), str(LONGEST))
    for name, (low, high, unit) in rows.items():
        knob = KNOBS[name]
        assert (low, high) == (str(knob.low), str(knob.high)), name
        assert knob.unit.startswith(unit), name


def test_nothing_says_to_install_an_extra_of_ours_which_no_index_has() -> None:
    sources = [*DOCUMENTS, *ROOT.glob("captcha_guard/**/*.py"), *ROOT.glob("demo_blog/**/*.py")]
    advice = re.compile(r"captcha[-_]guard\[\w|pip install ['\"]?captcha")
    advising = [one for one in sources if one.name != "CHANGELOG.md" and advice.search(one.read_text())]
    assert advising == []
