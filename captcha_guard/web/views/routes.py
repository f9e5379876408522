"""The guard's own pages: the files of challenges, and new challenges for scripts and JSON clients."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import NotFound

from ...challenge.kind import ChallengeKind
from ...challenge.token import Opened
from ...errors import ConfigError, StoreUnavailableError, TokenError, TokenExpiredError
from ...messages import message
from ..identity import client_here
from ..language import translated, use_page_language
from ..post.captcha_check import refused, spend
from ..post.origin import is_trusted, refuse_cross_site
from ..post.posted import PostedError, read_json
from ..post.refusal import Refusal
from ..registry import guarded_routes, protection_for
from ..scopes import check_scope
from ..state import NAME, State, current_state
from .assets import BlueprintWithAssets
from .field import fetched_field, issue, shows_picture
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

    The request is JSON with ``scope`` and optionally the ``token`` of the challenge that it replaces, the ``language``
    of the page, and ``"field": true`` for the whole field's markup.
    """
    state = current_state()
    if refusal := refuse_cross_site(request, state) or _limited(state, "challenges"):
        return problem(refusal)
    try:
        asked = read_json(request)
    except PostedError as error:
        return problem(error.refusal)
    scope, replaced, language = asked.get("scope"), asked.get("token", ""), asked.get("language", "")
    if isinstance(language, str):
        use_page_language(language)
    if not isinstance(scope, str) or not 0 < len(scope) <= LONGEST_SCOPE or not isinstance(replaced, str):
        # Translators: scope and token are members of a JSON document. most is 500.
        text = message(
            "The scope must be a text of 1 to %(most)d characters, and the token must be a text.", most=LONGEST_SCOPE
        )
        return problem(Refusal.saying("malformed", text))
    field = asked.get("field") is True
    if field and not _is_known(scope, state):
        return problem(Refusal.saying("malformed", message("No form has the scope '%(scope)s'.", scope=scope)))
    response = jsonify(_new_challenge(state, scope, replaced, field=field))
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_known(scope: str, state: State) -> bool:
    """Return whether a form can have this scope. A page that names another one could never send its form."""
    try:
        check_scope(scope, guarded_routes(), state)
    except ConfigError:
        return False
    return True


def _new_challenge(state: State, scope: str, replaced: str, *, field: bool) -> dict[str, Any]:
    """Return a challenge for ``scope``. It has the difficulty and the rights of the one that it replaces."""
    _, protection = protection_for(scope)
    difficulty = protection.difficulty or state.difficulty
    old, fresh = None, False
    if replaced:
        with suppress(TokenError, StoreUnavailableError):
            old = state.issuer.open(replaced, scope=scope)
            difficulty = state.issuer.difficulty(old)
            fresh = spend(state, old.challenge)
    tries = old.challenge.tries_left if old is not None and fresh else 0
    repeats = old is not None and fresh and old.challenge.repeats
    asked = tries > 0 or repeats
    shown = not field or asked or shows_picture(state, protection)
    ticket = issue(state, scope, difficulty, shown=shown, tries_left=max(0, tries - 1), repeats=repeats)
    document = challenge_json(state, ticket)
    if field:
        document["field"] = fetched_field(state, protection, ticket, shown=shown)
    return document


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
        return problem(Refusal.saying(error.reason, message("This code has expired; ask for a new one."), status=410))
    except TokenError as error:
        raise NotFound(translated(message("This file doesn't exist."))) from error
    if opened.challenge.is_pass:
        raise NotFound(translated(message("This file doesn't exist.")))
    # Count only requests with genuine tokens, because any site can make its visitors request false ones.
    if refusal := _limited(state, "pictures"):
        return problem(refusal)
    if _is_spent(state, opened):
        return problem(Refusal.saying("code_used", message("This code has been used; ask for a new one."), status=410))
    rendered = _rendered(state, opened, kind, medium)
    if rendered is None:
        return problem(Refusal.because("picture_unavailable", retry_after=RETRY_AFTER))
    response = current_app.response_class(rendered, mimetype=mimetype)
    response.make_conditional(
        request.environ, accept_ranges=_asks_for_part(len(rendered)), complete_length=len(rendered)
    )
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if is_trusted(request, state) else "same-origin"
    return response


def _asks_for_part(length: int) -> bool:
    """Return whether the request asks for one range of bytes. Any other ``Range`` is ignored (RFC 9110, section 14.2).

    A suffix that is longer than the file means the whole file.
    """
    asked = request.range
    return asked is not None and asked.units == "bytes" and len(asked.ranges) == 1 and asked.ranges[0][0] >= -length


def _rendered(state: State, opened: Opened, kind: str, medium: str) -> bytes | None:
    """Return the file, or ``None`` if it can't be made. The beginning and the end of such an outage are logged."""
    outage = state.rendering[kind]
    try:
        rendered = state.issuer.render(opened, kind, medium)
    except Exception:
        if outage.begins(state.clock()):
            logger.exception(
                "captcha_guard: codes of the kind %s can't be rendered; visitors are asked to get a new code", kind
            )
        return None
    if (seconds := outage.ends(state.clock())) is not None:
        logger.warning("captcha_guard: codes of the kind %s can be rendered again, after %.1f s", kind, seconds)
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
