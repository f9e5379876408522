"""The documents say what is so: the configuration page is fresh, and no link in them is dead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.configuration_page import page

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("fonts/*.md")])


def test_the_configuration_page_is_what_make_docs_prints() -> None:
    assert (ROOT / "docs/configuration.md").read_text() == page(), "stale: run make docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", document.read_text())
    dead = [target for target in targets if not (document.parent / target).exists()]
    assert dead == []


def test_nothing_says_to_install_an_extra_of_ours_which_no_index_has() -> None:
    sources = [*DOCUMENTS, *ROOT.glob("captcha_guard/**/*.py"), *ROOT.glob("demo_blog/**/*.py")]
    advice = re.compile(r"captcha[-_]guard\[\w|pip install ['\"]?captcha")
    advising = [one for one in sources if one.name != "CHANGELOG.md" and advice.search(one.read_text())]
    assert advising == []
