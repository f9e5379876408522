"""The form of the bare host in a visitor's browser."""

from __future__ import annotations

from flask import Flask
from playwright.sync_api import Locator, Page, expect

from captcha_guard.testing import solve

TOKEN = 'input[name="captcha_token"]'
LABEL = "Enter Security Code"


class CommentForm:
    """One visitor's page. ``app`` solves its picture."""

    def __init__(self, page: Page, app: Flask, *, button: str = "Post comment") -> None:
        self.page = page
        self.app = app
        self.box = page.locator("[data-captcha-guard]")
        self.code = page.get_by_label(LABEL)
        self.picture = page.get_by_role("img", name="Security code")
        self.new_code = page.get_by_text("New code", exact=True)
        self.status = page.get_by_role("status")
        self.button = page.get_by_role("button", name=button)

    def write(self, *, author: str = "Ada", body: str) -> None:
        """Fill in name and comment."""
        self.field("Name").fill(author)
        self.field("Comment").fill(body)

    def field(self, label: str) -> Locator:
        """Return the host's field with this label."""
        return self.page.get_by_label(label, exact=True)

    def token(self) -> str:
        """Return the form's current token."""
        return self.page.locator(TOKEN).input_value()

    def answer(self) -> str:
        """Return the code in the picture."""
        return solve(self.app, self.token())

    def solve(self) -> None:
        """Type the code in the picture."""
        self.code.fill(self.answer())

    def post(self) -> None:
        """Press the host's button, and wait for the next page."""
        self.button.click()
        self.page.wait_for_load_state()

    def be_refused_once(self, body: str) -> None:
        """Send a comment with a wrong code. The text stays in the form, and the input has the focus."""
        self.write(body=body)
        self.code.fill("WRONG")
        self.button.click()
        expect(self.page.get_by_text("That was not the code.")).to_be_visible()
        expect(self.code).to_be_focused()
        expect(self.code).to_have_attribute("aria-invalid", "true")
        expect(self.field("Comment")).to_have_value(body)
