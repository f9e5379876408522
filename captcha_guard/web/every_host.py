"""Finds the guard's own pages on every host and subdomain that an application serves."""

from __future__ import annotations

from typing import Final

from flask import current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from .state import NAME, current_state

#: What the routes of the host that was asked may have said. All else, as of a host that isn't trusted, stands.
ELSEWHERE: Final = (type(None), NotFound, MethodNotAllowed, RequestRedirect)


def find_own_page() -> None:
    """Lead a request below the guard's prefix to our page, where the host that was asked leads it elsewhere.

    With ``host_matching`` or ``subdomain_matching`` a route belongs to one host, and a host's own route that takes any
    path (``/<path:page>``) would come before one of ours that takes any host. So our routes stand on the default host
    only, and are looked up there. Runs before all else that goes by the endpoint.
    """
    if request.blueprint == NAME or not request.path.startswith(f"{current_state().settings.url_prefix}/"):
        return
    if not isinstance(request.routing_exception, ELSEWHERE):
        return
    default_host = current_app.url_map.bind("", request.script_root)
    try:
        rule, arguments = default_host.match(request.path, request.method, return_rule=True)
    except HTTPException:
        return
    if rule.endpoint.startswith(f"{NAME}."):
        request.url_rule, request.view_args, request.routing_exception = rule, dict(arguments), None
        for preprocess in current_app.url_value_preprocessors[NAME]:  # Flask has run those of the other route
            preprocess(request.endpoint, request.view_args)
