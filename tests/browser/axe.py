"""Checks a page with axe-core, by the rules of WCAG 2.2 AA and axe's best practices."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page) -> list[str]:
    """Return one line for each violation in the page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html']} {node.get('failureSummary', '')}" for rule in found for node in rule["nodes"]
    ]
