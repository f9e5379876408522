"""Checks that every deployment must pass."""

from __future__ import annotations

from captcha_guard.web.views.assets import hashed_name
from tests.deployment.premises import Premises
from tests.deployment.visitor import Visitor
from tests.integration.host_blog import Page


def takes_comments(premises: Premises, port: int) -> None:
    """A comment with a solved code is accepted, its picture and all files are served, and the code can be used once."""
    reader = Visitor(port, premises.solve)
    page = reader.read()
    for path in (
        "/static/blog.css",
        "/captcha-guard/static/captcha_guard.css",
        "/captcha-guard/static/captcha_guard.js",
        *(f"/captcha-guard/static/{hashed_name(name)}" for name in ("captcha_guard.css", "captcha_guard.js")),
    ):
        served = reader.ask("GET", path)
        assert served.status == 200, path
        assert served.body, path
    [picture] = Page(page.body.decode()).pictures
    drawn = reader.ask("GET", picture)
    assert (drawn.status, drawn.headers["Content-Type"], drawn.body[:4]) == (200, "image/png", b"\x89PNG")
    form = reader.filled(page, f"What the reader at {reader.address} thinks of it.")
    assert reader.ask("POST", "/", form).status == 303
    assert premises.comments[-1] == form["body"]
    again = reader.ask("POST", "/", {**form, "body": "The same code, and another comment."})
    assert again.status == 422
    assert premises.comments[-1] == form["body"]


def counts_visitors_by_their_own_address(premises: Premises, port: int) -> None:
    """A client may post two comments a minute. A forged header doesn't make it another client, another address does."""
    flooder = Visitor(port, premises.solve)
    statuses = [
        flooder.comment(f"Number {number} from {flooder.address}.", X_Forwarded_For=f"198.51.100.{number}").status
        for number in range(4)
    ]
    assert statuses == [303, 303, 429, 429]
    last = flooder.comment("Once more.", X_Forwarded_For="203.0.113.5, 198.51.100.7", X_Real_IP="203.0.113.6")
    assert last.status == 429
    assert int(last.headers["Retry-After"]) >= 1
    other = Visitor(port, premises.solve)
    assert other.comment(f"From somebody else, {other.address}.").status == 303
