"""Makes the project's URLs and the description of the package index from one address and the README.

The address is ``repository`` under ``[tool.hatch.metadata.hooks.custom]`` in ``pyproject.toml``. A package index shows
the README by itself, so a link to a file beside it would lead nowhere there. With the address, such links lead to the
file of this version in the repository. Without it, only the text of such links remains, and pictures are left out.
"""

from __future__ import annotations

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A fenced listing, or a link or picture whose target has no scheme and isn't an anchor of the page itself.
_LISTING_OR_LINK = re.compile(
    r"^```.*?^```|(!?)\[([^\[\]]*)\]\((?!\w+:|#)([^()\s#]+)(#[^()\s]+)?\)", re.MULTILINE | re.DOTALL
)


class RepositoryHook(MetadataHookInterface):
    """Fills in ``readme`` and ``urls`` of the project's metadata."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add both to ``metadata``."""
        repository, version = str(self.config["repository"]).rstrip("/"), f"v{metadata['version']}"
        text = described((Path(self.root) / "README.md").read_text(encoding="utf-8"), repository, version)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = project_urls(repository, version)


def project_urls(repository: str, version: str) -> dict[str, str]:
    """Return the project's URLs by their labels. ``version`` is a tag of the repository. Empty without a repository."""
    if not repository:
        return {}
    return {
        "Source": repository,
        "Documentation": f"{repository}/blob/{version}/docs/README.md",
        "Changelog": f"{repository}/blob/{version}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


def described(readme: str, repository: str, version: str) -> str:
    """Return ``readme`` with links that work outside of the repository. ``version`` is a tag of the repository."""

    def changed(match: re.Match[str]) -> str:
        picture, text, file, anchor = match.groups()
        if file is None:
            return match[0]
        if not repository:
            return "" if picture else text
        return f"{picture}[{text}]({repository}/{'raw' if picture else 'blob'}/{version}/{file}{anchor or ''})"

    return _LISTING_OR_LINK.sub(changed, readme)
