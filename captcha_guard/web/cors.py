"""Lets pages of the trusted origins use the guard from a script: challenges, their files, and guarded routes.

A browser hides the answer to a script of another origin unless the answer allows that origin (Fetch Standard, CORS
protocol), and asks first, with a preflight, before it sends JSON or our headers. Only exact members of
``CAPTCHA_GUARD_TRUSTED_ORIGINS`` are allowed. Cookies aren't, unless the host's own extension allows them for that
origin: the guard never sends ``Access-Control-Allow-Credentials``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import Request, Response, current_app
from werkzeug.datastructures import HeaderSet
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from .method import FETCHING
from .post.posted import HEADERS
from .request_state import current_request_state
from .scopes import has_forms
from .state import NAME, current_state, this_request
from .unguarded import protection_of_method, sending_methods
from .views.fragments import MARK

#: Headers of our requests that browsers ask about first.
ALLOWED: Final = ("Content-Type", *HEADERS.values())

#: Headers of our answers that scripts may read, besides the few that they always may.
EXPOSED: Final = ("Retry-After", MARK, HEADERS["captcha_pass"])

#: Seconds for which a browser may reuse the answer to a preflight. A change of the trusted origins takes that long.
KEPT: Final = "600"

_ORIGIN: Final = "Access-Control-Allow-Origin"


def answer_preflight() -> Response | None:
    """Return the answer to a preflight from a trusted origin for a page of ours or a guarded route, else ``None``.

    It comes before anything of the host's that would refuse a request without cookies. A view with a handler of its own
    for OPTIONS keeps it.
    """
    request = this_request()
    method = request.headers.get("Access-Control-Request-Method", "")
    if request.method != "OPTIONS" or not method or not _trusted_origin(request):
        return None
    requested = request.url_rule
    if requested is not None and not getattr(requested, "provide_automatic_options", False):
        return None
    rule = requested if request.blueprint == NAME else _rule_for(request, method)
    methods = _open_methods(rule)
    if method not in methods:
        return None
    current_request_state().preflight_for = tuple(sorted(methods))
    response = current_app.response_class(status=204)
    del response.headers["Content-Type"]
    return response


def open_to_trusted(response: Response) -> Response:
    """Allow a trusted origin to read this response, if it comes from a page of ours or a guarded route.

    This must run after the host's own functions for responses, so that their headers are kept and none comes twice.
    """
    request = this_request()
    if not current_state().settings.trusted_origins or not _is_open(request):
        return response
    response.vary.add("Origin")
    if request.blueprint == NAME and (request.endpoint or "").endswith(".static"):
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the same public files for all sites
    origin = _trusted_origin(request)
    if not origin:
        return response
    if response.headers.get(_ORIGIN) not in ("*", origin):
        response.headers[_ORIGIN] = origin
        response.headers.pop("Access-Control-Allow-Credentials", None)  # the host meant them for another origin
    methods = current_request_state().preflight_for
    if not methods:
        _add(response, "Access-Control-Expose-Headers", EXPOSED)
        return response
    _add(response, "Access-Control-Allow-Methods", methods)
    _add(response, "Access-Control-Allow-Headers", ALLOWED)
    response.headers.setdefault("Access-Control-Max-Age", KEPT)
    return response


def _trusted_origin(request: Request) -> str:
    """Return the ``Origin`` of a request if it's trusted, else "". Browsers always write it in the same way."""
    origin = request.headers.get("Origin", "")
    return origin if origin in current_state().settings.trusted_origins else ""


def _is_open(request: Request) -> bool:
    request_state, endpoint = current_request_state(), request.endpoint or ""
    if request.method == "OPTIONS":
        return bool(request_state.preflight_for)
    if request.blueprint == NAME:
        return True
    if request.method in FETCHING:
        return False
    if request_state.results or request_state.built or endpoint in current_state().forms:
        return True
    return protection_of_method(current_app.view_functions.get(endpoint), request.method) is not None


def _rule_for(request: Request, method: str) -> Rule | None:
    """Return the route that a request with another method would get. One path may have several routes."""
    adapter = current_app.create_url_adapter(request)
    try:
        return None if adapter is None else adapter.match(method=method, return_rule=True)[0]
    except HTTPException:
        return None


def _open_methods(rule: Rule | None) -> set[str]:
    """Return the methods of a route that trusted origins may use.

    A form with a ``CaptchaField`` doesn't exist before its first request, which can be one after a preflight. So if
    any form has that field, a preflight for a view without a guard is allowed. Its answer stays hidden unless the view
    turns out to have the form.
    """
    if rule is None:
        return set()
    if rule.endpoint.startswith(f"{NAME}."):
        return (rule.methods or set()) - {"OPTIONS"}
    view = current_app.view_functions.get(rule.endpoint)
    sending = sending_methods(rule)
    guarded = {one for one in sending if protection_of_method(view, one) is not None}
    return guarded or (sending if rule.endpoint in current_state().forms or has_forms() else set())


def _add(response: Response, name: str, values: Iterable[str]) -> None:
    """Add values to a header that is a list. ``*`` already stands for all of them."""
    given = HeaderSet([word.strip() for word in response.headers.get(name, "").split(",") if word.strip()])
    if "*" not in given:
        given.update(values)
        response.headers[name] = given.to_header()
