"""The extension: one class with one decorator. It calls the other parts and contains none of their logic."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from flask import Flask, Request, Response, current_app, has_request_context

from .catalogues import Localize
from .challenge.difficulty import Difficulty
from .doctor.automatic import ServingChecks, at_start
from .errors import ConfigError
from .for_moderators import ForModerators
from .setup import wire
from .spam.assembly import listed
from .spam.filter.explanation import Weighed
from .spam.filter.stats import Stats
from .spam.judge import Rule
from .spam.moderation import Tidied
from .spam.services import Context
from .spam.submission import Submission
from .spam.verdict import Verdict
from .web.cors import answer_preflight, open_to_trusted
from .web.decision import report_decision
from .web.every_host import find_own_page
from .web.first_request import FirstRequestChecks
from .web.guarded_views import attach_protection, attach_to_decorator
from .web.maintenance import tidy
from .web.method import FETCHING, head_as_get, only_fetches
from .web.post.after_response import settle, settle_error
from .web.post.duplicates import note_forgotten
from .web.post.handler import handle_post
from .web.post.origin import refuse_cross_site
from .web.post.result import Result
from .web.protection import Protection
from .web.request_state import current_request_state
from .web.state import NAME, current_state, this_request
from .web.unguarded import protection_of_method
from .web.views.assets import render_assets
from .web.views.field import render_field
from .web.views.frames import init_frames
from .web.views.pages import answer_refusal, refuse_too_large
from .web.views.routes import make_blueprint

if TYPE_CHECKING:
    from flask_limiter import Limiter
    from markupsafe import Markup

    from .web.protection import FactsCallback, OnChallenge

View = TypeVar("View", bound=Callable[..., Any])


class CaptchaGuard(ForModerators):
    """Guards forms against spam.

    ``limiter`` is the host's own Flask-Limiter, already initialised; the guard then uses its storage too. ``rules``
    replace the standard rules, and ``extra_rules`` run after them. ``describe`` returns more about a submission's page
    for Akismet. ``exempt_when()`` returns True for visitors that the guard doesn't check anywhere, such as moderators.
    ``localize(message, language)`` returns another wording of one of the guard's texts, or None to keep it.
    Pass the application here or, in a factory, to ``init_app``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        limiter: Limiter | None = None,
        rules: Iterable[Rule] | None = None,
        extra_rules: Iterable[Rule] = (),
        describe: Callable[[Submission], Context] | None = None,
        exempt_when: Callable[[], object] | None = None,
        localize: Localize | None = None,
    ) -> None:
        self._limiter = limiter
        self._rules = None if rules is None else listed("rules", rules)
        self._extra_rules = listed("extra_rules", extra_rules)
        self._describe = describe
        self._exempt_when = exempt_when
        if localize is not None and not callable(localize):
            raise ConfigError(f"localize is {localize!r}; allowed: a function of a message and a language, or None")
        self._localize = localize
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set up the guard for ``app``. Raises ``ConfigError`` for an invalid configuration."""
        if NAME in app.extensions:
            raise ConfigError("captcha_guard is already set up for this application: call init_app once")
        state = wire(
            app,
            limiter=self._limiter,
            rules=self._rules,
            extra_rules=self._extra_rules,
            describe=self._describe,
            exempt_when=self._exempt_when,
            localize=self._localize,
        )
        at_start(app, state)
        app.extensions[NAME] = state
        app.register_blueprint(make_blueprint(state.settings.url_prefix, state.issuer.kinds.values()))
        app.jinja_env.globals.update(captcha_guard=render_field, captcha_guard_assets=render_assets)
        app.before_request_funcs.setdefault(None, [])[:0] = [find_own_page, answer_preflight, _refuse_early]
        app.before_request(FirstRequestChecks(app, state).run)
        app.before_request(ServingChecks(app).before_request)
        init_frames(app)
        app.after_request(settle)
        app.after_request_funcs.setdefault(None, []).insert(0, open_to_trusted)  # Flask calls the first one last
        app.teardown_request(settle_error)

    @overload
    def protect(self, view: View) -> View: ...

    @overload
    def protect(
        self,
        *,
        scope: str | Callable[[], str] | None = None,
        mode: str | None = None,
        difficulty: str | Difficulty | None = None,
        limits: str | None = None,
        moderated: bool = False,
        fields: Mapping[str, str] | None = None,
        ignore: Collection[str] = (),
        facts: FactsCallback | None = None,
        exempt_when: Callable[[], object] | None = None,
        on_challenge: OnChallenge | None = None,
    ) -> Callable[[View], View]: ...

    def protect(
        self,
        view: Callable[..., Any] | None = None,
        *,
        scope: str | Callable[[], str] | None = None,
        mode: str | None = None,
        difficulty: str | Difficulty | None = None,
        limits: str | None = None,
        moderated: bool = False,
        fields: Mapping[str, str] | None = None,
        ignore: Collection[str] = (),
        facts: FactsCallback | None = None,
        exempt_when: Callable[[], object] | None = None,
        on_challenge: OnChallenge | None = None,
    ) -> Any:
        """Guard the unsafe methods of a view, so that it runs only for accepted submissions.

        ``scope`` binds challenges to a form. It defaults to the endpoint's name; ``"comment:{slug}"`` is filled in from
        the view's arguments. ``mode``, ``difficulty`` and ``limits`` override the configuration for this route.
        ``moderated=True`` means that the view keeps held comments (``guard.verdict.held``). ``fields`` maps our terms
        (author, email, url, body) to the names of the form's fields, or in JSON to dotted paths. ``ignore`` names
        fields that never contain a visitor's text. ``facts(**view_args)`` returns ``Facts`` that only the host knows,
        such as the visitor's confirmed account and the post's age. ``exempt_when()`` returns True for visitors that
        the guard doesn't check here, such as moderators. ``on_challenge(refusal, **view_args)`` returns the host's own
        page instead of the interstitial. Raises ``ConfigError`` for a value that isn't allowed.
        """
        if view is not None and not callable(view):
            raise ConfigError(f"protect({view!r}): write the scope with its name, protect(scope={view!r})")
        protection = Protection.from_options(
            scope=scope,
            mode=mode,
            difficulty=difficulty,
            limits=limits,
            moderated=moderated,
            fields=fields,
            ignore=ignore,
            facts=facts,
            exempt_when=exempt_when,
            on_challenge=on_challenge,
        )
        if view is None:
            return attach_to_decorator(lambda guarded: _with_guard(guarded, protection))
        return _with_guard(view, protection)

    @property
    def verdict(self) -> Verdict:
        """The verdict on this request's submission. Its action is ``accept`` if nothing was judged."""
        verdicts = (
            [result.verdict for result in current_request_state().results.values()] if has_request_context() else []
        )
        return max(verdicts, key=lambda one: one.action, default=Verdict())

    def stored(self) -> None:
        """Report that the view has stored the comment, so that it can't be sent again with the same code.

        A redirect, or a page below 400 without the captcha field, doesn't need this call. The last call counts.
        """
        current_request_state().stored = True

    def not_stored(self) -> None:
        """Report that the view hasn't stored the comment, so that the form's pass lets the visitor send it again.

        A status of 400 or more, or an error in a form with a ``CaptchaField``, doesn't need this call. The last call
        counts.
        """
        current_request_state().stored = False

    def field(self, scope: str | None = None) -> Markup:
        """Return the captcha field as markup, for pages built in Python. Templates call ``captcha_guard()``."""
        return render_field(scope)

    def check(self, submission: Submission) -> Verdict:
        """Return the verdict of the rules and the filter on a submission. Nothing is counted or stored.

        Works in any application context.
        """
        state = current_state()
        return state.in_site_language(state.judge.judge(submission))

    def teach(self, comment: Submission | str, *, spam: bool) -> bool:
        """Record a moderator's decision about a comment, given by its verdict's ``id`` or as a submission.

        The filter learns the decision, the judge's memory stores it, and a service that judged otherwise gets a
        correction. A later decision replaces an earlier one. Returns whether the decision was recorded. An id is valid
        for 60 days, and only for comments that a route with ``moderated=True`` has stored.
        """
        _check_comment(comment)
        if not isinstance(spam, bool):
            raise TypeError(f"guard.teach(spam={spam!r}): pass True or False")
        state = current_state()
        return state.moderation.teach(comment, spam=spam, now=state.clock())

    def explain(self, comment: Submission | str) -> tuple[Weighed, ...]:
        """Return the ten tokens with the largest weights in the learning filter, the largest first.

        Returns an empty tuple while the filter abstains, when it is off, and for an unknown id.
        """
        _check_comment(comment)
        return current_state().moderation.explain(comment)

    def forget(self, comment: Submission | str) -> bool:
        """Erase all stored data about a comment, including what the filter learned from it.

        Returns whether anything was found and erased. The same comment can then be posted again.
        """
        _check_comment(comment)
        state = current_state()
        if key := state.moderation.key_of(comment):
            note_forgotten(key, state)
        erased = state.records.forget(comment if isinstance(comment, str) else "", key, now=state.clock())
        return erased is not None and state.moderation.forget(comment, now=state.clock(), also_erased=erased)

    def filter_stats(self) -> Stats:
        """Return how many decisions the filter has learned, and how many tokens it knows.

        Raises ``ConfigError`` when the filter is off, ``DatabaseUnavailableError`` when its database can't be used.
        """
        return current_state().moderation.stats()

    def retrain(self) -> int:
        """Train the filter again on all stored decisions, and return their number. Raises as ``filter_stats``."""
        return current_state().moderation.retrain()

    def tidy(self, now: float | None = None) -> Tidied:
        """Run the maintenance that is due at ``now`` (seconds since 1970), and return what was done.

        It also runs automatically after POSTs, once a minute. Comments that were set aside 30 days ago and not rescued
        are learned as spam, and the signal ``aside_expired`` is sent. Services that didn't answer are asked again, and
        pending corrections are sent.
        """
        return tidy(now)


attach_to_decorator(CaptchaGuard.protect)  # for classes that list it in ``decorators`` without arguments


def _check_comment(comment: object) -> None:
    if not isinstance(comment, str | Submission):
        raise TypeError(f"the comment is {comment!r}; pass the id of its verdict, or a Submission")


def judge_request(protection: Protection, scope: str) -> Result:
    """Return the result of this request's POST. The POST is handled at the first call for each scope."""
    results, state = current_request_state().results, current_state()
    if scope not in results:
        request = this_request()
        results[scope] = handle_post(request, state, protection, scope)
        report_decision(results[scope], request, state)
    return results[scope]


def _refuse_early() -> Response | None:
    """Return a refusal for a request that is too large or comes from another site, before anything else parses it.

    The host's CSRF check would also parse the form and fail. But many hosts then show the form again, filled in and
    ready to be sent.
    """
    request = this_request()
    return refuse_too_large(request) or _refuse_cross_site_early(request)


def _refuse_cross_site_early(request: Request) -> Response | None:
    if request.method in (*FETCHING, "OPTIONS"):  # OPTIONS is a preflight, which Flask answers itself
        return None
    state, endpoint = current_state(), request.endpoint or ""
    protection = protection_of_method(current_app.view_functions.get(endpoint), request.method)
    if protection is None and endpoint in state.forms:  # a view may show the posted text before it validates its form
        protection = Protection()
    if protection is None or state.judge.shadow is True or refuse_cross_site(request, state) is None:
        return None
    scope = endpoint if callable(protection.scope) else protection.scope_for(endpoint, request.view_args or {})
    return answer_refusal(judge_request(protection, scope))


def _with_guard(view: View, protection: Protection) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        request = this_request()
        if not only_fetches(request):
            scope = protection.scope_for(request.endpoint or "", request.view_args or {})
            result = judge_request(protection, scope)
            if result.refusal is not None:
                return answer_refusal(result)
        with head_as_get(request):
            return current_app.ensure_sync(view)(*args, **kwargs)

    return attach_protection(cast("View", guarded), view, protection)
