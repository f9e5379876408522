"""The pages for HTTP errors, in the journal's layout."""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template
from werkzeug.exceptions import HTTPException

EXPLANATIONS = {
    400: (
        "We could not read that",
        "What arrived was not a request we understand. Going back and trying again often helps.",
    ),
    403: ("Not for us to show", "This request was turned down."),
    404: (
        "No such page",
        "Nothing is printed under this address; perhaps it never was. The contents list everything we have.",
    ),
    405: ("Not that way", "This address exists, but not for that kind of request."),
    413: (
        "Too long for us",
        "What you sent is larger than we accept. Your browser's Back button should bring your text back; "
        "please shorten it, or send it in two comments.",
    ),
    429: ("One moment, please", "That was a great many requests in a short time. Please try again a little later."),
    500: ("Our mistake", "Something broke on our side. It has been noted; please try again later."),
}


def init_app(app: Flask) -> None:
    """Show a page of the journal for every HTTP error."""
    app.register_error_handler(HTTPException, show)


def show(error: HTTPException) -> Response | HTTPException:
    """Return the page for ``error``; an error that has its own response is returned unchanged."""
    if error.response is not None or error.code is None or error.code < 400:
        return error
    title, text = EXPLANATIONS.get(error.code, (error.name, "The request could not be completed."))
    response = make_response(render_template("error.html", title=title, text=text, code=error.code), error.code)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value  # for example Allow and Retry-After
    return response
