"""The recipes of docs/deployment.md, read from its text: files by their captions, commands by their sections."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs/deployment.md").read_text()

#: The text under a caption like `blog.py`.
FILES: dict[str, str] = dict(re.findall(r"^`([^`\n]+)`\n\n```\w*\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))

#: The folder of the blog in the document.
HOME = "/srv/blog"


def section(title: str) -> str:
    """Return the text under a heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/deployment.md has no section {title!r}"
    return found[1]


def commands(title: str, program: str) -> list[str]:
    """Return the command lines of a section that start ``program``."""
    blocks = re.findall(r"^```sh\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)
    found = [line for block in blocks for line in block.splitlines() if line.startswith(f"{program} ")]
    assert found, f"the section {title!r} runs no {program}"
    return found


def settings(text: str) -> dict[str, str]:
    """Return the variables that lines of NAME=VALUE set."""
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z_]+=", line))


def put(text: str, replaced: dict[str, str]) -> str:
    """Return the recipe with this machine's ports and folders. Each replaced text must be in the recipe."""
    for old, new in replaced.items():
        assert old in text, f"the recipe says nothing of {old!r} any more:\n{text}"
        text = text.replace(old, new)
    return text
