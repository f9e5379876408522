"""Settings of Sphinx, which builds the documentation site with ``make site``.

Sphinx reads the whole repository, so a relative link has the same target on the site and in a repository browser. Text
in a comment ``<!-- site ... -->`` is on the site only. The tables of docs/README.md decide the order of the pages.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that the docstrings are those of this checkout

import captcha_guard  # noqa: E402 - it has to be found first

project = "captcha_guard"
author = "The captcha_guard founders"
release = version = metadata.version("captcha-guard")
html_title = f"captcha_guard {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "fonts/README.md", "sounds/README.md"]
exclude_patterns = [".*", "build", "dist", "captcha_guard", "demo_blog", "tests"]
myst_heading_anchors = 4

html_theme = "furo"
html_copy_source = False
html_show_sphinx = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"

nitpicky = True
# Other projects document these. The site doesn't fetch their lists of names, because it is built without a network.
_OTHERS = [
    "abc",
    "blinker",
    "collections",
    "datetime",
    "enum",
    "flask",
    "flask_limiter",
    "markupsafe",
    "pathlib",
    "prometheus_client",
    "random",
    "typing",
    "wtforms",
    "Flask",
    "Limiter",
    "Markup",
]
# Types in public signatures that an application doesn't need to name.
_UNNAMED = ("Colour", "FactsCallback", "FontFace", "Localize", "Message", "OnChallenge", "Text", "Variant", "View")
nitpick_ignore_regex = [
    ("py:.*", rf"({'|'.join(_OTHERS)})(\..*)?"),
    ("py:class", rf"(captcha_guard\..*\.)?({'|'.join(_UNNAMED)})"),
]

_SITE_ONLY = re.compile(r"<!-- site\n(.*?)-->", re.DOTALL)
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_PAGE = re.compile(r"^\| \[([^\]]+)\]\(([^)]+)\.md\)", re.MULTILINE)


def _contents(root: Path) -> str:
    """Return the table of contents: one list of pages for each section of docs/README.md.

    Other documents at the top of the repository, such as the code of conduct, are added to the last one.
    """
    sections, listed = [], {root_doc}
    for caption, text in _SECTION.findall((root / "docs/README.md").read_text(encoding="utf-8")):
        pages = [(title, posixpath.normpath(f"docs/{page}")) for title, page in _PAGE.findall(text)]
        lines = [f"{title} </{page}>" for title, page in pages if page != root_doc]
        listed.update(page for _, page in pages)
        sections.append((caption, lines))
    sections[-1][1].extend(f"/{page.stem}" for page in sorted(root.glob("*.md")) if page.stem not in listed)
    return "\n".join(_toctree(caption, "\n".join(lines)) for caption, lines in sections)


def _toctree(caption: str, lines: str) -> str:
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"


def _prepare(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the table of contents to the front page, and show what is for the site only."""
    if docname == root_doc:
        source[0] += f"\n\n{_contents(app.srcdir)}"
    source[0] = _SITE_ONLY.sub(r"\1", source[0])


def _find_public_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: Element) -> Element | None:
    """Link a class of the package to its public name. Annotations name the module that defines it."""
    target = node.get("reftarget", "")
    name = target.rpartition(".")[2]
    public = f"captcha_guard.{name}"
    if name not in captcha_guard.__all__ or target == public:
        return None
    domain = env.domains.python_domain
    return domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], public, node, contnode)


def _copy_front_page(app: Sphinx, error: Exception | None) -> None:
    """Copy the front page to the name under which web servers look for it."""
    if error is None and app.builder.format == "html":
        shutil.copyfile(app.outdir / f"{root_doc}.html", app.outdir / "index.html")


def setup(app: Sphinx) -> None:
    """Connect these functions to Sphinx."""
    app.connect("source-read", _prepare)
    app.connect("missing-reference", _find_public_name)
    app.connect("build-finished", _copy_front_page)
