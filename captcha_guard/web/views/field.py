"""The captcha field in the host's form: picture, input, honeypot and token, or the pass for a solved code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import has_request_context, render_template, request
from markupsafe import Markup

from ...challenge.difficulty import Difficulty
from ...errors import ConfigError
from ...signals import challenge_issued
from .. import counting
from ..identity import client_here, is_exempt
from ..language import template_texts, translated, visitor_language
from ..post.captcha_check import mode_in
from ..post.pass_binding import Binding
from ..post.posted import ANSWER, NO_CODE, PASS, TOKEN
from ..post.result import Result
from ..protection import Protection
from ..registry import guarded_routes, protection_for
from ..request_state import current_request_state
from ..scopes import check_scope
from ..state import NAME, State, current_state, this_app
from .addresses import own_address, own_path
from .assets import render_assets
from .input_attributes import LABEL, InputAttributes
from .kept_code import KeptCode, kept_code


@dataclass(frozen=True, slots=True)
class Ticket:
    """A challenge for a form, spoken in ``language``. ``age`` is in seconds.

    ``typed`` is the input's initial text. ``without_code`` ticks the box to send the comment without a code.
    """

    token: str
    scope: str
    difficulty: Difficulty
    language: str
    typed: str = ""
    age: int = 0
    without_code: bool = False


def result_for(scope: str) -> Result | None:
    """Return the result of this request's POST, or None if the request has none for ``scope``."""
    return current_request_state().results.get(scope)


def render_field(
    scope: str | None = None,
    *,
    protection: Protection | None = None,
    message: bool = True,
    attributes: InputAttributes | None = None,
) -> Markup:
    """Return the captcha field as markup for a form. In templates this is ``captcha_guard()``.

    ``scope`` defaults to the current endpoint's scope if that is guarded, else to that of the only guarded route. After
    a refusal the field shows the refusal's text, unless ``message`` is false. A field with its own ``attributes`` that
    has no input shows nothing. If an unguarded view shows the form again, such as a preview, the field keeps the code
    that came with it. Raises ``ConfigError`` if the form can't be determined, and for a scope that no form
    has.
    """
    if not has_request_context():
        raise ConfigError("captcha_guard() was called outside of a request; call it in a view or its template")
    state = current_state()
    protection, scope = _form_protection(scope, protection)
    mark_private()
    result = result_for(scope)
    kept = kept_code(state, scope) if result is None else None
    text = result.refusal.message if message and result is not None and result.refusal is not None else ""
    if (carried := kept.token if kept is not None and kept.is_pass else _pass_of(result)) is not None:
        bare = attributes is not None
        return _markup("pass", name=PASS, token=carried, state=state, message=text, bare=bare)
    shown = shows_picture(state, protection) or (_asks_for_code(result) if kept is None else kept.is_asked)
    ticket = _kept_ticket(state, scope, kept) if kept else new_ticket(state, protection, scope, result, shown=shown)
    if not shown:
        return _markup("quiet", name=TOKEN, token=ticket.token, scope=scope, state=state, message=text)
    return challenge_markup(state, ticket, result, message=text, attributes=attributes, protection=protection)


def fetched_field(state: State, protection: Protection, ticket: Ticket, *, shown: bool) -> Markup:
    """Return the field for a page whose script has fetched it, with addresses that work on that page.

    ``shown`` means that it shows a code now.
    """
    if shown:
        return challenge_markup(state, ticket, None, message="", protection=protection, fetched=True)
    token, scope = ticket.token, ticket.scope
    return _markup("quiet", fetched=True, name=TOKEN, token=token, scope=scope, state=state, message="")


def shows_input(protection: Protection, scope: str) -> bool:
    """Return whether a form shows a picture and an input now. Otherwise it only has hidden fields."""
    state, result = current_state(), result_for(scope)
    if result is None and (kept := kept_code(state, scope)) is not None:
        return not kept.is_pass and (kept.is_asked or shows_picture(state, protection))
    return _pass_of(result) is None and (shows_picture(state, protection) or _asks_for_code(result))


def challenge_markup(
    state: State,
    ticket: Ticket,
    result: Result | None,
    *,
    message: str,
    attributes: InputAttributes | None = None,
    protection: Protection | None = None,
    fetched: bool = False,
) -> Markup:
    """Return the markup of a challenge, the input and their parts. A refusal's ``message`` is shown at the input.

    It offers the way without a code on a moderated route: that of the ``result``, or else of the ``protection``.
    ``fetched`` means that a script inserts it into a page, which may be of another origin.
    """
    attributes = attributes or InputAttributes(_new_id(ticket.token), translated(LABEL))
    refusal = result.refusal if result is not None else None
    return _markup(
        "challenge",
        fetched=fetched,
        state=state,
        ticket=ticket,
        parts=[f"{NAME}/{kind.template}.html" for kind in state.issuer.kinds.values()],
        **presented(state, ticket, _addresses(fetched=fetched)),
        message=message,
        invalid=refusal is not None and refusal.is_mistake,
        plain=refusal is not None and refusal.is_first_request,
        longest=4 * max(state.settings.length[1], state.settings.sound_length),
        expires_in=state.settings.ttl - ticket.age,
        field_id=attributes.id,
        attributes=attributes,
        names={"token": TOKEN, "answer": ANSWER, "no_code": NO_CODE},
        offers_moderator=result.offers_moderator if result is not None else bool(protection and protection.moderated),
    )


def presented(state: State, ticket: Ticket, address: Callable[[str], str]) -> dict[str, int | str]:
    """Return what shows a challenge in all kinds: the addresses of its files, and the kinds' properties."""
    values: dict[str, int | str] = {}
    for kind in state.issuer.kinds.values():
        values |= {name: address(f"{ticket.token}{medium.ending}") for name, medium in kind.media.items()}
        values |= kind.properties(ticket.difficulty, ticket.language)
    return values


def repetition_field(state: State, result: Result) -> Markup:
    """Return the field for a repetition of a stored comment: the pass of a solved code, or a new challenge."""
    if (earned := pass_for(result)) is not None:
        return _markup("pass", name=PASS, token=earned, state=state, message="")
    ticket = new_ticket(state, result.protection, result.scope, result)
    return challenge_markup(state, ticket, None, message="")


def new_ticket(
    state: State, protection: Protection, scope: str, result: Result | None, *, shown: bool = True
) -> Ticket:
    """Return a new challenge for the form, or the same one if the POST hasn't spent it.

    ``shown`` means that the visitor sees it now.
    """
    if result is not None and result.resend and (unspent := result.code.opened) is not None:
        ours, issuer = result.posted.ours, state.issuer
        difficulty = issuer.difficulty(unspent)
        return Ticket(ours[TOKEN], scope, difficulty, unspent.challenge.language, ours[ANSWER], unspent.age)
    difficulty = protection.difficulty or state.difficulty
    return issue(state, scope, difficulty, shown=shown, tries_left=_tries_left(result), repeats=_repeats(result))


def _kept_ticket(state: State, scope: str, kept: KeptCode) -> Ticket:
    difficulty, language = state.issuer.difficulty(kept.opened), kept.opened.challenge.language
    return Ticket(kept.token, scope, difficulty, language, kept.typed, kept.opened.age, kept.without_code)


def shows_picture(state: State, protection: Protection) -> bool:
    """Return whether a form shows its picture from the beginning."""
    usual = protection.mode or state.settings.mode
    return mode_in(usual, surge=state.surge.seen(state.clock())) == "always" and not is_exempt(protection)


def _tries_left(result: Result | None) -> int:
    """Return the number of tries for the next code that the limits have already counted. 0 if no code is needed now.

    A page may show the form more than once. Only one of its challenges gets the tries.
    """
    if result is None or not _asks_for_code(result) or result.scope in current_request_state().tries_given:
        return 0
    current_request_state().tries_given.add(result.scope)
    return result.tries_left


def _repeats(result: Result | None) -> bool:
    """Return whether a solution of the next code lets a stored comment be posted again.

    It does if the comment was refused as a duplicate, or if an earlier code for a duplicate wasn't solved.
    """
    if result is None:
        return False
    opened = result.code.opened
    return result.is_repetition or (opened is not None and opened.challenge.repeats and not result.code.solved)


def issue(
    state: State,
    scope: str,
    difficulty: Difficulty,
    *,
    shown: bool,
    language: str | None = None,
    tries_left: int = 0,
    repeats: bool = False,
) -> Ticket:
    """Return a new challenge, by default in the visitor's language, and send the signal ``challenge_issued``."""
    state.spent.remember()
    state.health.recover()
    language = language or visitor_language()
    token = state.issuer.issue(scope, difficulty=difficulty, language=language, tries_left=tries_left, repeats=repeats)
    if shown:
        state.recorder.count(counting.code_shown)
    challenge_issued.send(this_app(), scope=scope, difficulty=difficulty.spec(), shown=shown)
    return Ticket(token, scope, difficulty, language)


def pass_for(result: Result) -> str | None:
    """Return the pass for the code that was solved in this request, so that the same comment can be sent again.

    Every call in one request returns the same pass. Returns None if no code was solved, if the view has reported the
    comment as stored, if the response has begun (a stream renders the rest), if the last possible pass was already
    issued, or if the text is too long for a pass.
    """
    request_state, state = current_request_state(), current_state()
    opened = result.code.opened
    if not result.code.solved or opened is None or request_state.stored or request_state.finished:
        return None
    if result.scope not in request_state.passes:
        bound_to = Binding.of(result.posted, client_here().key, state.issuer.key)
        token = None if bound_to is None else state.issuer.issue_pass(opened, bound_to.written())
        if token is None:
            return None
        request_state.passes[result.scope] = token
    return request_state.passes[result.scope]


def mark_private() -> None:
    """Mark this response as one with a challenge, so that shared caches don't store it."""
    current_request_state().private = True


def _pass_of(result: Result | None) -> str | None:
    """Return the pass for the form: a new one if a code was just solved, or the posted one if it is still valid."""
    if result is None:
        return None
    if not _asks_for_code(result) and (earned := pass_for(result)) is not None:
        return earned
    return (result.posted.ours[PASS] or None) if result.resend else None


def _asks_for_code(result: Result | None) -> bool:
    """Return whether the form needs a code now, or has a typed code that wasn't checked yet."""
    if result is None or result.refusal is None:
        return False
    return result.refusal.asks_code or (result.resend and bool(result.posted.ours[ANSWER]))


def _form_protection(scope: str | None, protection: Protection | None) -> tuple[Protection, str]:
    endpoint = request.endpoint or ""
    if protection is None:
        if scope is not None:
            check_scope(scope, guarded_routes(), current_state())
        endpoint, protection = protection_for(scope)
    return protection, scope or protection.scope_for(endpoint, request.view_args or {})


def _new_id(token: str) -> str:
    """Return an id for the next field of this page.

    It contains a part of the token, because one page may have fields from several responses that scripts have inserted.
    """
    request_state = current_request_state()
    request_state.fields += 1
    return f"captcha-guard-{request_state.fields}-{token[-8:]}"


def _addresses(*, fetched: bool) -> Callable[[str], str]:
    return own_address if fetched else own_path


def _markup(template: str, *, state: State, fetched: bool = False, **context: object) -> Markup:
    html = render_template(
        f"{NAME}/{template}.html",
        guard_assets="" if fetched else render_assets(),
        challenge_path=_addresses(fetched=fetched)("challenge"),
        honeypot=state.honeypot,
        **template_texts(),
        **context,
    )
    return Markup(html)  # noqa: S704 - the template has escaped it
