"""Serves the guard's own pages on every host and subdomain of an application."""

from __future__ import annotations

from typing import Final

from flask import current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from .state import NAME, current_state

#: Errors of the requested host's own routing that may be replaced. Others, such as an untrusted host, are kept.
REPLACEABLE: Final = (type(None), NotFound, MethodNotAllowed, RequestRedirect)


def find_own_page() -> None:
    """Route a request below the guard's prefix to our page, even if the requested host has another or no route for it.

    With ``host_matching`` or ``subdomain_matching`` a route belongs to one host. A catch-all route of the application
    (``/<path:page>``) would take precedence over a route of ours that accepts any host. So our routes are registered on
    the default host only, and this function looks them up there. It must run before anything that uses the endpoint.
    """
    if request.blueprint == NAME or not request.path.startswith(f"{current_state().settings.url_prefix}/"):
        return
    if not isinstance(request.routing_exception, REPLACEABLE):
        return
    default_host = current_app.url_map.bind("", request.script_root)
    try:
        rule, arguments = default_host.match(request.path, request.method, return_rule=True)
    except HTTPException:
        return
    if rule.endpoint.startswith(f"{NAME}."):
        request.url_rule, request.view_args, request.routing_exception = rule, dict(arguments), None
        for preprocess in current_app.url_value_preprocessors[NAME]:  # Flask has only run the other route's
            preprocess(request.endpoint, request.view_args)
