"""A visitor who comments with one of the front ends, for the tests of the matrix."""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import Page, expect

from captcha_guard.web.state import NAME, State

from .comment_form import LABEL, TOKEN
from .matrix_host import MatrixHost

READ_FORM: Final = "Object.fromEntries(new FormData(document.querySelector('form')))"


class Visitor:
    """One tab. ``text`` is the comment that the visitor writes into the form of ``front_end``."""

    def __init__(self, page: Page, host: MatrixHost, front_end: str, text: str, *, script: bool = True) -> None:
        self.page = page
        self.script = script
        self.host = host
        self.front_end = front_end
        self.text = text
        self.code = page.get_by_label(LABEL)
        self.new_code = page.get_by_role("button", name="New code")
        self.status = page.get_by_role("status")
        self.body = page.locator("form [name=body]")
        self.button = page.get_by_role("button", name=re.compile("^(Post comment|Send)$"))

    def write(self, *, author: str = "Ada") -> None:
        """Open the form and fill it in, without the code."""
        self.page.goto(f"/{self.front_end}")
        self.page.get_by_label("Name").fill(author)
        self.page.get_by_label("Comment").fill(self.text)

    def get_code(self) -> None:
        """Send a form that has no field, so that the interstitial page asks for a code."""
        if self.front_end.endswith("interstitial"):
            self.button.click()
            self.sees("Please type the security code.")
            self.keeps_text()

    def answer(self, kind: str = "image") -> str:
        """Return the code in the picture, or the one of another kind."""
        state: State = self.host.app.extensions[NAME]
        return state.issuer.answers(state.issuer.open(self.page.locator(TOKEN).input_value()))[kind][0]

    def send(self, code: str | None = None) -> None:
        """Type a code, by default the right one, and send the form."""
        self.code.fill(self.answer() if code is None else code)
        self.button.click()

    def use_code_elsewhere(self) -> None:
        """Post another comment with this form's code, which stores it."""
        answer = self.answer()  # first, because it waits for a field that the element fetches
        # The script replaces a code whose picture can't be loaded, and a used code has no picture.
        expect(self.page.get_by_role("img", name="Security code")).not_to_have_js_property("naturalWidth", 0)
        posted = self.page.evaluate(READ_FORM) | {"body": "Another comment.", "captcha_answer": answer}
        self.page.request.post(f"/{self.front_end}", form=posted)
        assert self.host.comments == [("Ada", "Another comment.")]
        self.host.comments.clear()
        self.host.solved.clear()

    def go_back(self) -> None:
        """Press the Back button. The form still has the text, and a script renews its code."""
        self.page.go_back(wait_until="domcontentloaded")
        self.keeps_text()
        has_field = self.page.locator("captcha-guard:not([src])").count() > 0  # with src, it has just been fetched
        if has_field and self.script:
            self.sees("Here is a new code.")

    def sees(self, message: str) -> None:
        """Check that the page shows a message."""
        expect(self.page.get_by_text(message).first).to_be_visible()

    def keeps_text(self) -> None:
        """Check that the form still has the comment, and that the page shows it."""
        expect(self.body).to_have_value(self.text)
        if self.body.get_attribute("type") == "hidden":
            expect(self.page.locator("pre").last).to_have_text(self.text)
        else:
            expect(self.body).to_be_visible()

    def sees_comment(self) -> None:
        """Check that the page shows the stored comment."""
        expect(self.page.get_by_role("listitem").last).to_have_text(f"Ada: {self.text}")
