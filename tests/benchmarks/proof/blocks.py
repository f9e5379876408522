"""The generated parts of the documents: ``<!-- proof: NAME -->``, the tables of a step, ``<!-- end of proof -->``.

A marker is a whole line.
"""

from __future__ import annotations

import re

_BLOCK = re.compile(
    r"^<!-- proof: (?P<name>[a-z-]+) -->\n(?P<content>.*?)^<!-- end of proof -->$", re.DOTALL | re.MULTILINE
)
_MARKER = re.compile(r"^<!-- (?:proof: .*|end of proof) -->$", re.MULTILINE)


class BlockError(ValueError):
    """A document lacks a block, or its markers don't match. The message has the name of the block."""


def names(document: str) -> list[str]:
    """Return the names of a document's blocks in order. Raises ``BlockError`` if markers don't come in pairs."""
    found = [block["name"] for block in _BLOCK.finditer(document)]
    if len(_MARKER.findall(document)) != 2 * len(found):
        raise BlockError("a marker <!-- proof: NAME --> or <!-- end of proof --> has no partner")
    return found


def replaced(document: str, name: str, content: str) -> str:
    """Return the document with ``content`` as the block's new content.

    Raises ``BlockError`` if the document doesn't have exactly one block of this name, or if ``content`` has markers.
    """
    if (times := names(document).count(name)) != 1:
        raise BlockError(f"the document has {times} blocks <!-- proof: {name} -->; it needs one")
    if _MARKER.search(content):
        raise BlockError(f"the content for the block {name} has markers of blocks")

    def block(found: re.Match[str]) -> str:
        if found["name"] != name:
            return found[0]
        return f"<!-- proof: {name} -->\n{content.strip()}\n<!-- end of proof -->"

    return _BLOCK.sub(block, document)
