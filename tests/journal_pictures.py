"""Makes docs/pictures/journal.png and desk.png: ``python -m tests.journal_pictures``. It needs Chromium.

The journal has its sample comments. The statistics of the desk are made up.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import time_machine
from flask import Flask
from flask_migrate import upgrade
from PIL import Image
from playwright.sync_api import Page

from captcha_guard.web.state import current_state
from demo_blog import create_app, post_files, samples
from demo_blog.database import db
from demo_blog.desk import accounts, links
from tests.benchmarks.statistics import END, Year
from tests.browser.conftest import launch
from tests.browser.server import served

FOLDER = Path(__file__).parents[1] / "docs/pictures"
HEIGHT = 700


@contextmanager
def journal() -> Iterator[Flask]:
    """The journal with its sample comments, and a year of statistics."""
    with TemporaryDirectory() as folder, time_machine.travel(END):
        app = create_app({"DEMO_BLOG_INSTANCE": folder, "TESTING": True, "SECRET_KEY": "of the pictures, 2a91c7e05b"})
        with app.app_context():
            upgrade()
            post_files.load(post_files.read_all())
            samples.add_samples()
            Year(current_state().database).fill(40_000)
            db.session.remove()
        yield app
        with app.app_context():
            current_state().writer.stop()
            db.engine.dispose()


def save(page: Page, name: str) -> None:
    """Write what the page shows as a PNG with few colours."""
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    target = FOLDER / f"{name}.png"
    shot.quantize(96).save(target, optimize=True)
    print(f"{target} written, {target.stat().st_size:,} bytes")


def main() -> None:
    with ExitStack() as stack:
        app = stack.enter_context(journal())
        address = stack.enter_context(served(app))
        page = launch(stack).new_context(base_url=address, viewport={"width": 760, "height": HEIGHT}).new_page()
        page.goto("/posts/the-fence-and-its-posts")
        page.get_by_label("Name").fill("Ottoline Gatepost")
        page.locator("#comments").scroll_into_view_if_needed()
        page.evaluate("document.querySelector('#comments').scrollIntoView()")
        page.wait_for_load_state("networkidle")
        save(page, "journal")
        with app.app_context():
            token = links.create(accounts.create_owner("otto", "nine gaps between ten posts"))
            db.session.remove()
        page.goto(f"/desk/link/{token}")
        page.get_by_role("button", name="Log in").click()
        page.set_viewport_size({"width": 1100, "height": HEIGHT})
        page.goto("/desk/statistics?span=month")
        save(page, "desk")


if __name__ == "__main__":
    main()
