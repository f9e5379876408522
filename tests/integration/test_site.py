"""The documentation site is built without warnings, its links work, and its pages load nothing from other hosts."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.test_documents import DOCUMENTS, ROOT

#: The attributes whose address a browser fetches by itself. The links of a page are fetched when a reader follows them.
LOADED = {("audio", "src"), ("iframe", "src"), ("img", "src"), ("link", "href"), ("script", "src"), ("video", "src")}
#: ``link`` elements that name another page, which isn't fetched.
PAGES = {"author", "canonical", "genindex", "index", "next", "prev", "search", "top"}


@dataclass
class Page(HTMLParser):
    """The ids, links and loaded files of a page of the site."""

    text: str
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get("rel") not in PAGES:
            self.loaded += [value for name, value in given.items() if (tag, name) in LOADED]


pytestmark = pytest.mark.xdist_group("site")  # they share one build


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Run the command of ``make site``, which goes on after a warning here."""
    [command] = re.findall(r"python (-m sphinx .*) \. build/site", (ROOT / "Makefile").read_text())
    options = command.replace("build/doctrees", str(site.parent / "doctrees")).split()
    run = [sys.executable, *options, "--keep-going", str(source), str(site)]
    return subprocess.run(run, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site") / "html"
    built = build(ROOT, site)
    assert (built.returncode, built.stderr) == (0, "")
    return site


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text()) for path in site.rglob("*.html")}


def test_every_document_is_a_page_and_every_page_leads_to_all_of_them(site: Path, pages: dict[Path, Page]) -> None:
    expected = {site / document.relative_to(ROOT).with_suffix(".html") for document in DOCUMENTS}
    assert expected <= set(pages)
    for path in (site / "index.html", site / "docs/quickstart.html"):
        linked = {(path.parent / urlsplit(link).path).resolve() for link in pages[path].links if link != "#"}
        assert expected - {path} <= linked | {site / "README.html"}


def test_every_link_of_the_site_has_a_target(site: Path, pages: dict[Path, Page]) -> None:
    dead = []
    for path, page in pages.items():
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "data"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (target in pages and unquote(parts.fragment) not in {"", *pages[target].ids}):
                dead.append(f"{path.relative_to(site)}: {link}")
    assert dead == []


def test_no_page_loads_anything_from_another_host(site: Path, pages: dict[Path, Page]) -> None:
    loaded = [address for page in pages.values() for address in page.loaded]
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    loaded += re.findall(r"""(?:@import|url\()\s*["']?([^"')]+)""", styles)
    assert "_static/styles/furo.css" in " ".join(loaded)
    assert [address for address in loaded if re.match(r"(https?:)?//", address)] == []


def test_the_reference_has_the_docstrings_and_links_types_to_them(site: Path) -> None:
    text = (site / "docs/reference.html").read_text()
    assert "Guard the unsafe methods of a view, so that it runs only for accepted submissions." in text
    assert 'href="#captcha_guard.Verdict"' in text


def test_each_link_without_a_target_is_reported_and_fails_the_build(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "docs").mkdir(parents=True)
    shutil.copy(ROOT / "docs/conf.py", source / "docs")
    (source / "docs/README.md").write_text("# Documents\n\n## Start here\n\n| [All](README.md) | them |\n")
    written = [
        "[good](docs/README.md#start-here)",
        "[page](gone.md)",
        "[heading](#gone-here)",
        "[heading of a page](docs/README.md#gone-there)",
        "![picture](gone.png)",
        "<!-- site\n```{eval-rst}\n:class:`captcha_guard.Gone`\n```\n-->",
    ]
    (source / "README.md").write_text("# Project\n\n" + "\n\n".join(written))
    broken = build(source, tmp_path / "site")
    assert broken.returncode == 1
    warnings = [line for line in broken.stderr.splitlines() if "WARNING" in line]
    assert len(warnings) == 5, broken.stderr
    for target in ("gone.md", "gone-here", "gone-there", "gone.png", "captcha_guard.Gone"):
        assert [target in warning for warning in warnings].count(True) == 1
