"""Checks that a page doesn't break its policy, throw an error, or load anything from another host."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI}`));
"""

#: Chromium's console also reports every answer above 399. Those are checked in the tests.
REFUSED = "Failed to load resource: the server responded with a status of 4"


class Watch:
    """Records the events of browser contexts. ``complaints`` has the violations. ``url`` is the only allowed host."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Watch every page of ``context``."""
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._read)
        context.on("request", self._follow)
        context.on("weberror", lambda error: self.complaints.append(f"thrown: {error.error}"))

    def _read(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            self.complaints.append(f"{message.type}: {message.text}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.complaints.append(f"left the host: {request.url}")
