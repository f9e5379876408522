"""The guard's own pages: the files of challenges, and new challenges for scripts and JSON clients."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import NotFound

from ...challenge.kind import ChallengeKind
from ...challenge.token import Opened
from ...errors import StoreUnavailableError, TokenError, TokenExpiredError
from ..identity import client_here
from ..post.captcha_check import refused, spend
from ..post.origin import is_trusted, refuse_cross_site
from ..post.posted import PostedError, read_json
from ..post.refusal import Refusal
from ..registry import protection_for
from ..state import NAME, State, current_state
from .assets import BlueprintWithAssets
from .field import Ticket, issue
from .pages import challenge_json, problem

#: The most characters of a scope in a request. Ours are endpoints and short names.
LONGEST_SCOPE = 500

#: Seconds after which a client may request a picture again that couldn't be drawn.
RETRY_AFTER = 5

logger = logging.getLogger("captcha_guard")


def make_blueprint(url_prefix: str, kinds: Iterable[ChallengeKind]) -> Blueprint:
    """Return the blueprint ``captcha_guard`` under ``url_prefix``: templates, static files, and the files of kinds."""
    blueprint = BlueprintWithAssets(
        NAME, "captcha_guard", url_prefix=url_prefix, template_folder="templates", static_folder="static"
    )
    blueprint.url_value_preprocessor(_exempt_from_csrf)
    for kind in kinds:
        for name, medium in kind.media.items():
            blueprint.add_url_rule(f"/<token>{medium.ending}", name, _media_view(kind.name, name, medium.mimetype))
    blueprint.add_url_rule("/challenge", "challenge", challenge, methods=["POST"])
    return blueprint


def challenge() -> Response:
    """Return a new challenge as JSON, see ``challenge_json``.

    The request is JSON with ``scope`` and optionally the ``token`` of the challenge that it replaces.
    """
    state = current_state()
    if refusal := refuse_cross_site(request, state) or _limited(state, "challenges"):
        return problem(refusal)
    try:
        asked = read_json(request)
    except PostedError as error:
        return problem(error.refusal)
    scope, replaced = asked.get("scope"), asked.get("token", "")
    if not isinstance(scope, str) or not 0 < len(scope) <= LONGEST_SCOPE or not isinstance(replaced, str):
        message = f"Name the form: scope is a text of 1 to {LONGEST_SCOPE} characters, token a text."
        return problem(Refusal("malformed", message, 400))
    response = jsonify(challenge_json(state, _replacement(state, scope, replaced)))
    response.headers["Cache-Control"] = "no-store"
    return response


def _replacement(state: State, scope: str, replaced: str) -> Ticket:
    """Return a challenge for ``scope`` with the difficulty of the one that it replaces, which is spent."""
    _, protection = protection_for(scope)
    difficulty, tries_left = protection.difficulty or state.difficulty, 0
    if replaced:
        try:
            old = state.issuer.open(replaced, scope=scope)
            difficulty = state.issuer.difficulty(old)
            tries_left = max(0, old.challenge.tries_left - 1) if spend(state, old.challenge) else 0
        except (TokenError, StoreUnavailableError):
            tries_left = 0
    return issue(state, scope, difficulty, tries_left=tries_left)


def _media_view(kind: str, medium: str, mimetype: str) -> Callable[[str], Response]:
    """Return the view that serves one kind's files of one medium. Tools that list routes show its name."""

    def view(token: str) -> Response:
        return media(token, kind=kind, medium=medium, mimetype=mimetype)

    view.__name__ = medium
    return view


def media(token: str, *, kind: str, medium: str, mimetype: str) -> Response:
    """Return a file of a challenge, or the requested range of it. It has the same bytes each time.

    The status is 403 for requests from other sites' pages, 404 for a token that isn't genuine, and 410 for a challenge
    that has expired or was used.
    """
    state = current_state()
    if refusal := refuse_cross_site(request, state):
        return problem(refusal)
    try:
        opened = state.issuer.open(token)
    except TokenExpiredError as error:
        return problem(Refusal(error.reason, "This picture has expired; ask for a new code.", 410))
    except TokenError as error:
        raise NotFound("There is no such picture.") from error
    if opened.challenge.is_pass:
        raise NotFound("There is no such picture.")
    # Count only requests with genuine tokens, because any site can make its visitors request false ones.
    if refusal := _limited(state, "pictures"):
        return problem(refusal)
    if _is_spent(state, opened):
        return problem(Refusal("code_used", "This code has been used; ask for a new one.", 410))
    rendered = _rendered(state, opened, kind, medium)
    if rendered is None:
        return problem(Refusal.because("picture_unavailable", retry_after=RETRY_AFTER))
    response = current_app.response_class(rendered, mimetype=mimetype)
    response.make_conditional(request.environ, accept_ranges=True, complete_length=len(rendered))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if is_trusted(request, state) else "same-origin"
    return response


def _rendered(state: State, opened: Opened, kind: str, medium: str) -> bytes | None:
    """Return the file, or ``None`` if it can't be made. The beginning and the end of such an outage are logged."""
    try:
        rendered = state.issuer.render(opened, kind, medium)
    except Exception:
        if state.drawing.begins(state.clock()):
            logger.exception("captcha_guard: pictures can't be drawn; visitors are asked to get a new code")
        return None
    if (seconds := state.drawing.ends(state.clock())) is not None:
        logger.warning("captcha_guard: pictures can be drawn again, after %.1f s", seconds)
    return rendered


def _is_spent(state: State, opened: Opened) -> bool:
    try:
        return state.spent.is_spent(opened.challenge.nonce)
    except StoreUnavailableError:
        return False


def _limited(state: State, policy: str) -> Refusal | None:
    client = client_here()
    return refused(state.limits.hit(policy, client), state, policy, client)


def _exempt_from_csrf(endpoint: str | None, values: dict[str, Any] | None) -> None:  # noqa: ARG001 - Flask's signature
    """Exempt our pages from Flask-WTF's CSRFProtect before it checks the request. They change no visitor's state."""
    csrf = current_app.extensions.get("csrf")
    if csrf is not None and hasattr(csrf, "exempt"):
        csrf.exempt(current_app.blueprints[NAME])
