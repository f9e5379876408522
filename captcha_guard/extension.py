"""The extension: one object, one decorator. It wires the rooms and holds no logic of theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from flask import Flask, Request, Response, current_app, has_request_context

from .challenge.difficulty import Difficulty
from .doctor.automatic import ServingChecks, at_start
from .errors import ConfigError
from .setup import wire
from .spam.assembly import listed
from .spam.filter.learner import Stats, Weighed
from .spam.judge import Rule
from .spam.moderation import Tidied
from .spam.services import Context
from .spam.submission import Submission
from .spam.verdict import Verdict
from .web.decision_log import log_decision
from .web.every_host import find_own_page
from .web.first_request import FirstLook
from .web.maintenance import tidy
from .web.marks import mark, mark_decorator
from .web.method import SHOWING, head_as_get, only_shows
from .web.post.after_response import settle, settle_error
from .web.post.duplicates import note_forgotten
from .web.post.handler import pass_through
from .web.post.origin import refuse_cross_site
from .web.post.result import Outcome
from .web.protection import Protection
from .web.request_state import current_journey
from .web.state import NAME, current_state, this_request
from .web.unguarded import protection_of_method
from .web.views.field import render_assets, render_field
from .web.views.frames import init_frames
from .web.views.pages import answer_refusal, refuse_too_large
from .web.views.routes import make_blueprint

if TYPE_CHECKING:
    from flask_limiter import Limiter
    from markupsafe import Markup

    from .web.protection import Know, OnChallenge

View = TypeVar("View", bound=Callable[..., Any])


class CaptchaGuard:
    """Stands between a form and the spammers.

    ``limiter`` is the host's own Flask-Limiter (initialised first); its storage then counts for both. ``rules`` replace
    the standard ones, ``extra_rules`` run after them. ``describe`` tells Akismet more of a submission's page.
    ``exempt_when()`` returns True for visitors of whom nothing is asked anywhere, such as moderators. Give the
    application here or, in a factory, to ``init_app``.
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
    ) -> None:
        self._limiter = limiter
        self._rules = None if rules is None else listed("rules", rules)
        self._extra_rules = listed("extra_rules", extra_rules)
        self._describe = describe
        self._exempt_when = exempt_when
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set the guard up for ``app``; raises ``ConfigError`` when the configuration can't be right."""
        if NAME in app.extensions:
            raise ConfigError("captcha_guard is already set up for this application: call init_app once")
        state = wire(
            app,
            limiter=self._limiter,
            rules=self._rules,
            extra_rules=self._extra_rules,
            describe=self._describe,
            exempt_when=self._exempt_when,
        )
        at_start(app, state)
        app.extensions[NAME] = state
        app.register_blueprint(make_blueprint(state.settings.url_prefix))
        app.jinja_env.globals.update(captcha_guard=render_field, captcha_guard_assets=render_assets)
        app.before_request_funcs.setdefault(None, [])[:0] = [find_own_page, _screen]
        app.before_request(FirstLook(app, state).look)
        app.before_request(ServingChecks(app).before_request)
        init_frames(app)
        app.after_request(settle)
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
        facts: Know | None = None,
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
        facts: Know | None = None,
        exempt_when: Callable[[], object] | None = None,
        on_challenge: OnChallenge | None = None,
    ) -> Any:
        """Guard the unsafe methods of a view: it runs only for submissions that may be taken.

        ``scope`` binds challenges to a form (default: the endpoint's name; ``"comment:{slug}"`` is filled in from the
        view's arguments). ``mode``, ``difficulty`` and ``limits`` override the configuration for this route.
        ``moderated=True`` says that the view keeps held comments (``guard.verdict.held``). ``fields`` maps our terms
        (author, email, url, body) to the form's names, in JSON to dotted paths. ``ignore`` names fields that hold no
        visitor's text. ``facts(**view_args)`` returns a ``Facts`` of what only the host
        knows: the visitor's confirmed account, the post's age. ``exempt_when()`` returns True for visitors of whom
        nothing is asked here, such as moderators. ``on_challenge(refusal, **view_args)`` returns the host's own page
        instead of the interstitial. Raises ``ConfigError`` for a value that can't be.
        """
        if view is not None and not callable(view):
            raise ConfigError(f"protect({view!r}): write the scope with its name, protect(scope={view!r})")
        protection = Protection.told(
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
            return mark_decorator(lambda guarded: _guarded(guarded, protection))
        return _guarded(view, protection)

    @property
    def verdict(self) -> Verdict:
        """The verdict on this request's submission; an accepting one where nothing was judged."""
        verdicts = [outcome.verdict for outcome in current_journey().outcomes.values()] if has_request_context() else []
        return max(verdicts, key=lambda one: one.action, default=Verdict())

    def stored(self) -> None:
        """Say, in a view whose answer doesn't, that the comment is stored: it can't be sent again with the same code.

        A redirect, or a page below 400 without the captcha field, says so by itself. The last call counts.
        """
        current_journey().stored = True

    def not_stored(self) -> None:
        """Say, in a view whose answer doesn't, that the comment isn't stored: the form's pass lets it be sent again.

        A status of 400 or more, or an error in a form with a ``CaptchaField``, says so by itself. The last call counts.
        """
        current_journey().stored = False

    def field(self, scope: str | None = None) -> Markup:
        """Return the captcha field as markup, as ``captcha_guard()`` does in templates, for pages built in Python."""
        return render_field(scope)

    def check(self, submission: Submission) -> Verdict:
        """Judge a submission by rules and filter, in any application context; nothing is counted or remembered."""
        return current_state().judge.judge(submission)

    def teach(self, comment: Submission | str, *, spam: bool) -> bool:
        """Take in a moderator's word about a comment: its verdict's ``id``, or the submission; the last word counts.

        The filter learns it, the judge's memory keeps it, and a service that was wrong is told. Returns whether it was
        kept: an id is good for 60 days, and only of comments that a route with ``moderated=True`` has stored.
        """
        state = current_state()
        return state.moderation.teach(comment, spam=spam, now=state.clock())

    def explain(self, comment: Submission | str) -> tuple[Weighed, ...]:
        """Return the ten tokens that weigh most for the learning filter, the heaviest first.

        There are none while it abstains, when it is switched off, or for an id that is not known.
        """
        return current_state().moderation.explain(comment)

    def forget(self, comment: Submission | str) -> bool:
        """Erase what is kept of a comment, with what it taught; returns whether there was anything, and it is gone.

        The same comment can be posted again.
        """
        state = current_state()
        known_as = state.moderation.known_as(comment)
        if known_as:
            note_forgotten(known_as, state)
        return state.moderation.forget(comment, now=state.clock())

    def filter_stats(self) -> Stats:
        """Tell how much the filter was taught.

        Raises ``ConfigError`` when it is switched off, ``LearningUnavailableError`` when its database can't be used.
        """
        return current_state().moderation.stats()

    def retrain(self) -> int:
        """Let the filter learn all that it keeps again; returns how many comments. Raises as ``filter_stats``."""
        return current_state().moderation.retrain()

    def tidy(self, now: float | None = None) -> Tidied:
        """Do what has come due, at ``now`` in seconds since 1970; happens by itself after POSTs, once a minute.

        What was set aside 30 days ago and rescued by nobody is learned as spam, and ``aside_expired`` tells of it;
        services are asked again, and told of corrections.
        """
        return tidy(now)


mark_decorator(CaptchaGuard.protect)  # as it stands, bare, in a class's ``decorators``


def judge_request(protection: Protection, scope: str) -> Outcome:
    """Take this request's POST the whole way, once per scope however often it is asked for."""
    outcomes, state = current_journey().outcomes, current_state()
    if scope not in outcomes:
        asked = this_request()
        outcomes[scope] = pass_through(asked, state, protection, scope)
        log_decision(outcomes[scope], asked.remote_addr, form=state.settings.log)
    return outcomes[scope]


def _screen() -> Response | None:
    """Refuse what is too large, or was sent by another site, before anything else parses or answers it.

    A CSRF check would parse the form, and fail, too; but many hosts then show it again, with the text to be sent once
    more.
    """
    asked = this_request()
    return refuse_too_large(asked) or _refuse_cross_site_first(asked)


def _refuse_cross_site_first(asked: Request) -> Response | None:
    if asked.method in (*SHOWING, "OPTIONS"):  # OPTIONS is a preflight, which Flask answers in place of the view
        return None
    state, endpoint = current_state(), asked.endpoint or ""
    protection = protection_of_method(current_app.view_functions.get(endpoint), asked.method)
    if protection is None and endpoint in state.forms:  # a view may show what was sent before it validates its form
        protection = Protection()
    if protection is None or state.judge.shadow is True or refuse_cross_site(asked, state) is None:
        return None
    scope = endpoint if callable(protection.scope) else protection.scope_for(endpoint, asked.view_args or {})
    return answer_refusal(judge_request(protection, scope))


def _guarded(view: View, protection: Protection) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        asked = this_request()
        if not only_shows(asked):
            scope = protection.scope_for(asked.endpoint or "", asked.view_args or {})
            outcome = judge_request(protection, scope)
            if outcome.refusal is not None:
                return answer_refusal(outcome)
        with head_as_get(asked):
            return current_app.ensure_sync(view)(*args, **kwargs)

    return mark(cast("View", guarded), view, protection)
