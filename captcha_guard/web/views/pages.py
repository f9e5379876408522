"""The answers to refused requests: the host's own page, our interstitial, or a JSON problem."""

from __future__ import annotations

import json
from typing import Any

from flask import Request, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES

from ...spam.verdict import Action, Verdict
from ..decision import report_decision
from ..language import follows_header
from ..post.posted import OURS
from ..post.refusal import Refusal
from ..post.result import Result
from ..post.sizes import cap_size
from ..protection import Protection
from ..registry import is_guarded
from ..request_state import current_request_state
from ..state import NAME, State, current_state
from .addresses import own_address, request_address
from .carried import carry
from .field import Ticket, challenge_markup, mark_private, new_ticket, presented, repetition_field
from .fragments import is_htmx, layout, mark

PROBLEM = "application/problem+json"


def answer_refusal(result: Result) -> Response:
    """Return the response for a result with a refusal, with the refusal's status.

    Raises ``ValueError`` for a result without a refusal.
    """
    state, refusal = current_state(), result.refusal
    if refusal is None:
        raise ValueError("the result has no refusal, so the view must run instead")
    mark_private()
    if wants_json():
        return problem(refusal, challenge_json(state, _ticket(state, result)) if result.offers_code else None)
    if result.protection.on_challenge is not None and not refusal.is_cross_site:
        show = current_app.ensure_sync(result.protection.on_challenge)
        response = make_response(show(refusal, **(request.view_args or {})))
        mark(response, "host")
    else:
        current_request_state().own_page = True
        response = make_response(_page(state, result, refusal))
        mark(response, "code" if refusal.asks_code else "again" if result.resend else "refused")
    return stamp(response, refusal)


def refuse_too_large(request: Request) -> Response | None:
    """Return a refusal if a request to a guarded form is too large to parse, else ``None``."""
    endpoint = request.endpoint or ""
    if endpoint not in current_state().forms and not is_guarded(endpoint):
        return None
    try:
        cap_size(request)
    except RequestEntityTooLarge:
        refusal = Refusal.because("too_large")
        verdict = Verdict(Action.REJECT, (refusal.finding,))
        result = Result(endpoint, Protection(), verdict, refusal=refusal)
        report_decision(result, request, current_state())
        return answer_refusal(result)
    return None


def stamp(response: Response, refusal: Refusal) -> Response:
    """Set the status, the ``Retry-After`` header and the caching of a refusal, and return the response.

    Only the visitor's browser may cache it. ``no-store`` isn't used, because the browser then couldn't show this answer
    to a POST again after the Back button.
    """
    response.status_code = refusal.status
    if not response.cache_control.no_store:
        response.headers["Cache-Control"] = "private, no-cache"
    if follows_header():
        response.vary.add("Accept-Language")
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def problem(refusal: Refusal, challenge: dict[str, Any] | None = None) -> Response:
    """Return a refusal as problem details (RFC 9457). ``challenge`` is a new challenge to solve, if there is one."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(refusal.status, "Refused"),
        "status": refusal.status,
        "detail": refusal.message,
        "reason": refusal.reason,
    }
    if refusal.retry_after is not None:
        document["retry_after"] = refusal.retry_after
    if challenge is not None:
        document["challenge"] = challenge
    return stamp(Response(json.dumps(document), mimetype=PROBLEM), refusal)


def challenge_json(state: State, ticket: Ticket) -> dict[str, Any]:
    """Return a challenge for clients that read JSON.

    ``expires_in`` is in seconds, ``picture`` is an address, and ``width`` and ``height`` are its size in px. Addresses
    are paths on this site, or whole if a page of another origin asks.
    """
    return {
        "token": ticket.token,
        **presented(state, ticket, own_address),
        "expires_in": state.settings.ttl,
    }


def wants_json() -> bool:
    """Return whether to answer with JSON: the client posted or prefers it, or used a method that HTML forms can't send.

    htmx gets markup even if it posts JSON, unless it prefers JSON.
    """
    accepted = request.accept_mimetypes
    preferred = max(accepted["application/json"], accepted[PROBLEM]) > accepted["text/html"]
    return preferred or ((request.is_json or request.method not in ("GET", "HEAD", "POST")) and not is_htmx())


def _ticket(state: State, result: Result) -> Ticket:
    return new_ticket(state, result.protection, result.scope, result)


def _page(state: State, result: Result, refusal: Refusal) -> str:
    """Return the page for a visitor. If it can't carry every field, it has no form to complete the POST.

    With htmx, an answer that asks for a code always has the field for it, because the visitor's form stays in its page.
    """
    posted = result.posted
    again = request.method == "POST" and ((refusal.status in (429, 503) and not is_htmx()) or result.is_repetition)
    in_form = refusal.asks_code or again
    carried = carry(posted, in_form=in_form)
    too_much = not carried.complete
    if refusal.asks_code and (is_htmx() or not too_much):
        field = challenge_markup(state, _ticket(state, result), result, message=refusal.message)
        in_form = request.method == "POST" and not too_much
        return render_template(
            f"{NAME}/interstitial.html",
            action=request_address(),
            field=field,
            refusal=refusal,
            carried=carried,
            in_form=in_form,
            **layout(),
        )
    if in_form and too_much:
        again, carried = False, carry(posted, in_form=False)
    return render_template(
        f"{NAME}/refused.html",
        again=again,
        field=repetition_field(state, result) if result.is_repetition and again else "",
        action=request_address(),
        refusal=refusal,
        carried=carried,
        too_much=too_much,
        ours=[(name, posted.ours[name]) for name in OURS if posted.ours[name]] if result.carries_ours else [],
        **layout(),
    )
