"""Checks a page with axe-core, by the rules of WCAG 2.2 AA and axe's best practices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: The size of targets (WCAG 2.5.8) is a rule that axe-core leaves out by default.
EVERY_RULE: Final = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
COLOURS: Final = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}


def violations(page: Page, options: Mapping[str, object] = EVERY_RULE) -> list[str]:
    """Return one line for each violation in the page. ``COLOURS`` as ``options`` only checks the contrast of texts."""
    found = Axe().run(page, options=dict(options)).response["violations"]
    return [
        f"{rule['id']}: {node['html']} {node.get('failureSummary', '')}" for rule in found for node in rule["nodes"]
    ]
