"""The documents are correct: the configuration page is up to date, and their links work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import captcha_guard
from captcha_guard import errors, metrics, testing, wtf
from captcha_guard.challenge.difficulty import KNOBS, LONGEST, SHORTEST
from tests import reference_page
from tests.configuration_page import page

ROOT = Path(__file__).parents[2]
KNOB = re.compile(r"^\| `(\w+)` \| (\d+) to (\d+)(?: ([^|]+))? \|", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PARTS = ("captcha_guard", "demo_blog", "docs", "tests")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("fonts/*.md")])


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub creates for the headings of a document."""
    headings = HEADING.findall(CODE.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_configuration_page_is_what_make_docs_prints() -> None:
    assert (ROOT / "docs/configuration.md").read_text() == page(), "stale: run make docs"


def test_the_reference_is_what_make_docs_prints() -> None:
    assert (ROOT / "docs/reference.md").read_text() == reference_page.page(), "stale: run make docs"


def test_the_reference_has_every_public_name() -> None:
    names = {f"captcha_guard.{name}" for name in captcha_guard.__all__}
    for module in (errors, metrics, testing, wtf):
        own = (name for name, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__)
        names |= {f"{module.__name__}.{name}" for name in own if not name.startswith("_")}
    names -= {
        "captcha_guard.errors.CaptchaGuardError",
        "captcha_guard.errors.ConfigError",
        "captcha_guard.wtf.NotRobot",
    }
    listed = re.findall(r"^\| `(captcha_guard[\w.]+)` \|", (ROOT / "docs/reference.md").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert names <= set(listed), names - set(listed)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_between_documents_has_a_target(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [file for file, _ in links if not (document.parent / file).exists()] == []
    pages = [(document.parent / file if file else document, anchor) for file, anchor in links if anchor]
    dead = [f"{named(page.resolve())}#{anchor}" for page, anchor in pages if anchor not in anchors(page)]
    assert dead == []


def test_the_index_lists_every_document() -> None:
    index = (ROOT / "docs/README.md").read_text()
    pages = [page.relative_to(ROOT / "docs") for page in ROOT.glob("docs/**/*.md")]
    assert [str(page) for page in pages if f"]({page})" not in index and page.name != "README.md"] == []


def test_the_table_of_knobs_has_every_knob_with_its_range_and_unit() -> None:
    table = (ROOT / "docs/tuning.md").read_text().partition("### The knobs")[2].partition("\n## ")[0]
    rows = {name: (low, high, unit) for name, low, high, unit in KNOB.findall(table)}
    assert list(rows) == [*KNOBS, "length"]
    assert rows.pop("length")[:2] == (str(SHORTEST), str(LONGEST))
    for name, (low, high, unit) in rows.items():
        knob = KNOBS[name]
        assert (low, high) == (str(knob.low), str(knob.high)), name
        assert knob.unit.startswith(unit), name


def test_the_shares_in_the_readmes_comparison_are_the_largest_measured_ones() -> None:
    table = (ROOT / "README.md").read_text().partition("| programs read |")[2].partition("\n\n")[0]
    cells = [line.strip("| *").split(" | ") for line in table.splitlines()[2:]]
    shown = {row[0].split()[0].strip("*"): re.findall(r"[\d.]+(?= %)", row[-1]) for row in cells}
    assert [len(shares) for shares in shown.values()] == [1, 1, 1, 0, 1, 0, 0, 0]
    measured = (ROOT / "docs/measurements/strength.md").read_text().replace("`", "").splitlines()
    for name, shares in shown.items():
        rows = [row for row in measured if re.match(rf"\| {name}[ ,](?! ?classica).*(ddddocr|RapidOCR|rapidocr)", row)]
        read = [re.findall(r"([\d.]+) ?%", re.sub(r"\([^)]*\)|at \d+ %", "", row)) for row in rows]
        assert not shares or float(shares[0]) == max(float(share) for row in read for share in row), name


def test_no_document_installs_our_extras_from_a_package_index() -> None:
    sources = [*DOCUMENTS, *ROOT.glob("captcha_guard/**/*.py"), *ROOT.glob("demo_blog/**/*.py")]
    advice = re.compile(r"captcha[-_]guard\[\w|pip install ['\"]?captcha")
    advising = [one for one in sources if one.name != "CHANGELOG.md" and advice.search(one.read_text())]
    assert advising == []


def test_the_architecture_names_only_files_and_packages_that_exist() -> None:
    named_there = set(
        re.findall(r"`([\w/]+(?:/|\.py|\.js|\.html|\.json))`", (ROOT / "docs/architecture.md").read_text())
    )
    there = {f"/{named(path)}{'/' if path.is_dir() else ''}" for part in PARTS for path in (ROOT / part).rglob("*")}
    assert [one for one in sorted(named_there) if not any(path.endswith(f"/{one}") for path in there)] == []
