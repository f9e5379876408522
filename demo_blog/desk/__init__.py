"""The desk: the pages on which the owner moderates comments and sees how the guard works.

Each module of ``MODULES`` has a blueprint ``bp``. Its views are below ``/desk``, and named ``desk.<blueprint>.<view>``.
A module with a ``TITLE`` is in the navigation, by its view ``page``.
"""

from __future__ import annotations

from types import ModuleType

from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from demo_blog.desk import (
    accounts,
    bans,
    decision_links,
    export,
    history,
    notices,
    plots,
    queue,
    replay,
    words,
)

MODULES: tuple[ModuleType, ...] = (queue, plots, words, bans, replay, history, notices, export)
"""The modules that only the owner may use, in the order of the navigation."""


def init_app(app: Flask) -> None:
    """Add the pages of the desk to ``app``."""
    desk = Blueprint("desk", __name__, url_prefix=accounts.DESK)
    for module in (accounts, decision_links, *MODULES):
        desk.register_blueprint(module.bp)
    desk.context_processor(lambda: {"navigation": navigation(), "owner": accounts.current_owner()})
    desk.after_request(_keep_out_of_caches)
    desk.register_error_handler(CSRFError, _show_late)
    app.register_blueprint(desk)
    app.context_processor(lambda: {"owner_is_here": _owner_is_here()})


def navigation() -> list[tuple[str, str]]:
    """Return the titles of the pages in the navigation, with their endpoints."""
    return [(module.TITLE, f"desk.{module.bp.name}.page") for module in MODULES if hasattr(module, "TITLE")]


def _owner_is_here() -> bool:
    """Whether the owner reads a page of the journal. Without a session cookie, no session is read."""
    return current_app.config["SESSION_COOKIE_NAME"] in request.cookies and accounts.current_owner() is not None


def _keep_out_of_caches(response: Response) -> Response:
    if not accounts.is_public():  # a browser couldn't go back to a page with a security code, as the guard explains
        response.headers["Cache-Control"] = "no-store"
    return response


def _show_late(error: CSRFError) -> ResponseReturnValue:
    back = url_for("desk.queue.page") if accounts.current_owner() else url_for("desk.accounts.log_in_page")
    return render_template("desk/late.html", back=back, reason=error.description, method=request.method), 400
