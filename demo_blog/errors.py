"""The pages for HTTP errors, in the journal's layout."""

from __future__ import annotations

import re

from flask import Flask, Response, current_app, make_response
from markupsafe import Markup
from sqlalchemy.exc import DatabaseError
from werkzeug.exceptions import HTTPException

from demo_blog import stylesheet
from demo_blog.rendering import JOURNAL, MOTTO

EXPLANATIONS = {
    400: (
        "We could not read that",
        "We couldn't understand this request. Please go back and try again.",
    ),
    403: ("Not allowed", "This request was refused."),
    404: (
        "No such page",
        "There is no page at this address. The contents list all our pages.",
    ),
    405: ("Not that way", "This address doesn't accept this kind of request."),
    413: (
        "Too long for us",
        "Your text is longer than we accept. Use your browser's Back button to get it back. "
        "Then shorten it, or send it in two comments.",
    ),
    429: ("One moment, please", "You've sent many requests in a short time. Please try again in a few minutes."),
    500: ("Our mistake", "An error occurred on our server, and was logged. Please try again later."),
}

WITHOUT_TEMPLATE = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>{title} · {journal}</title><link rel="stylesheet" href="{style}">'
    '<main><h1>{title}</h1><p>{text}</p><p><a href="/">To the contents</a></p></main></html>'
)
"""The page for an error in the template ``error.html`` or one that it uses."""


MISSING_TABLES = re.compile(r"no such (table|column)|(relation|column) \S+ does not exist")
"""What SQLite and PostgreSQL say of tables that are missing or were made by an earlier version."""


def init_app(app: Flask) -> None:
    """Show a page of the journal for every HTTP error."""
    app.register_error_handler(HTTPException, show)


def show(error: HTTPException) -> Response | HTTPException:
    """Return the page for ``error``. An error that has its own response is returned unchanged."""
    if error.response is not None or error.code is None or error.code < 400:
        return error
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, DatabaseError) and MISSING_TABLES.search(str(cause.orig)):
        current_app.logger.error(
            "The database has no tables, or those of an earlier version. "
            "Create or upgrade them with: flask --app demo_blog journal init"
        )
    title, text = EXPLANATIONS.get(error.code, (error.name, "The request could not be completed."))
    response = make_response(_page(title, text, error.code), error.code)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value  # for example Allow and Retry-After
    return response


def _page(title: str, text: str, code: int) -> str:
    # Without the context processors of extensions: one that looks up the visitor fails if the database is down.
    values = {"journal": JOURNAL, "motto": MOTTO, "title": title, "text": text, "code": code}
    try:
        return current_app.jinja_env.get_template("error.html").render(values)
    except Exception:
        current_app.logger.exception("The page for the error %s can't be rendered; sending a plain page", code)
        style = stylesheet.address()
        return str(WITHOUT_TEMPLATE.format(title=title, text=text, journal=JOURNAL, style=style))
