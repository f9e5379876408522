"""The extension: one object, one decorator. It wires the rooms and holds no logic of theirs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from flask import Flask, Response, current_app, has_request_context, request

from .challenge.difficulty import Difficulty
from .challenge.fonts import FontFace, bundled_folder, font_pool
from .challenge.issuer import Issuer, Look
from .checks import BUNDLED
from .config import Settings, read, read_secrets
from .counters.limits import Limits, Policy
from .counters.spent import Spent
from .errors import ConfigError, StoreUnavailableError
from .spam.assembly import assemble
from .spam.judge import Judge, Rule
from .spam.memory import SQLiteMemory
from .spam.submission import Submission
from .spam.verdict import Verdict
from .web.field import render_assets, render_field, solved_pass
from .web.gate import Outcome, ask_harder, pass_through
from .web.journey import current_journey
from .web.limiter import storage_for, strategy_of
from .web.pages import answer_refusal, stamp, wants_json
from .web.protection import SAFE_METHODS, Protection
from .web.registry import mark, refuse_unguarded
from .web.routes import make_blueprint
from .web.state import NAME, State, current_state

if TYPE_CHECKING:
    from flask_limiter import Limiter
    from limits.storage import Storage
    from markupsafe import Markup

    from .web.protection import OnChallenge

View = TypeVar("View", bound=Callable[..., Any])

#: Seconds in a day.
DAY = 86_400


class CaptchaGuard:
    """Stands between a form and the spammers.

    ``limiter`` is the host's own Flask-Limiter (initialised first); its storage then counts for both. ``rules`` replace
    the standard ones, ``extra_rules`` run after them. Give the application here or, in a factory, to ``init_app``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        limiter: Limiter | None = None,
        rules: Iterable[Rule] | None = None,
        extra_rules: Iterable[Rule] = (),
    ) -> None:
        self._limiter = limiter
        self._rules = None if rules is None else tuple(rules)
        self._extra_rules = tuple(extra_rules)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set the guard up for ``app``; raises ``ConfigError`` when the configuration can't be right."""
        if NAME in app.extensions:
            raise ConfigError("captcha_guard is already set up for this application: call init_app once")
        settings = read(app.config)
        secrets = read_secrets(app.config)
        fonts = _fonts(settings, app.root_path)
        uri = settings.storage_uri or f"sqlite:///{app.instance_path}/captcha_guard.sqlite3"
        storage = storage_for(app, uri, self._limiter)
        spent = Spent(storage)
        memory = SQLiteMemory(_memory_file(uri, app.instance_path), secret=secrets[0])
        judge = assemble(
            settings,
            root=Path(app.root_path),
            known=lambda mark: _known(spent, mark),
            memory=memory,
            rules=self._rules,
            extra_rules=self._extra_rules,
        )
        app.extensions[NAME] = _wire(settings, secrets, fonts, storage, spent=spent, judge=judge, memory=memory)
        app.register_blueprint(make_blueprint(settings.url_prefix))
        app.jinja_env.globals.update(captcha_guard=render_field, captcha_guard_assets=render_assets)
        app.before_request(refuse_unguarded)
        app.after_request(_finish)
        app.teardown_request(_forget_after_error)

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
        on_challenge: OnChallenge | None = None,
    ) -> Any:
        """Guard the unsafe methods of a view: it runs only for submissions that may be taken.

        ``scope`` binds challenges to a form (default: the endpoint's name; ``"comment:{slug}"`` is filled in from the
        view's arguments). ``mode``, ``difficulty`` and ``limits`` override the configuration for this route.
        ``moderated=True`` says that the view keeps held comments (``guard.verdict.held``). ``fields`` maps our words
        (author, email, url, body) to the form's names. ``on_challenge(refusal, **view_args)`` returns the host's own
        page instead of the interstitial. Raises ``ConfigError`` for a value that can't be.
        """
        protection = Protection.told(
            scope=scope,
            mode=mode,
            difficulty=difficulty,
            limits=limits,
            moderated=moderated,
            fields=fields,
            on_challenge=on_challenge,
        )
        if view is None:
            return lambda guarded: _guarded(guarded, protection)
        return _guarded(view, protection)

    @property
    def verdict(self) -> Verdict:
        """The verdict on this request's submission; an accepting one where nothing was judged."""
        verdicts = [outcome.verdict for outcome in current_journey().outcomes.values()] if has_request_context() else []
        return max(verdicts, key=lambda one: one.action, default=Verdict())

    def field(self, scope: str | None = None, *, difficulty: str | Difficulty | None = None) -> Markup:
        """Return the captcha field as markup, as ``captcha_guard()`` does in templates, for pages built in Python."""
        return render_field(scope, difficulty=difficulty)

    def check(self, submission: Submission) -> Verdict:
        """Judge a submission by the rules alone, in any application context; nothing is counted or remembered."""
        return current_state().judge.judge(submission)


def judge_request(protection: Protection, scope: str) -> Outcome:
    """Take this request's POST the whole way, once per scope however often it is asked for.

    Whoever asks again may want a harder code than the one that was enough before.
    """
    outcomes, state = current_journey().outcomes, current_state()
    if scope not in outcomes:
        outcomes[scope] = pass_through(request, state, protection, scope)
    elif outcomes[scope].protection != protection:
        outcomes[scope] = ask_harder(outcomes[scope], state, protection, request.remote_addr)
    return outcomes[scope]


def _fonts(settings: Settings, root_path: str) -> tuple[FontFace, ...] | None:
    """Return the site's own fonts, checked; ``None``, and nothing read, where the bundled ones will do."""
    if not settings.fonts:
        return None
    folders = [bundled_folder() if entry == BUNDLED else Path(root_path, entry) for entry in settings.fonts]
    return font_pool(tuple(folders), settings.alphabet)


def _wire(
    settings: Settings,
    secrets: list[bytes],
    fonts: tuple[FontFace, ...] | None,
    storage: Storage,
    *,
    spent: Spent,
    judge: Judge,
    memory: SQLiteMemory,
) -> State:
    difficulty = settings.difficulty
    rotation = settings.style_rotation * DAY
    look = Look(settings.size, settings.alphabet, settings.length, settings.style_seed, rotation, fonts)
    policies = {
        "comments": settings.comment_limits,
        "challenges": settings.challenge_limits,
        "pictures": settings.picture_limits,
        "wrong": settings.wrong_limits,
    }
    return State(
        settings=settings,
        difficulty=difficulty if isinstance(difficulty, Difficulty) else Difficulty.named(str(difficulty)),
        issuer=Issuer(secrets, ttl=settings.ttl, look=look),
        limits=Limits(
            storage,
            strategy=strategy_of(storage),
            policies={name: Policy.parse(name, text) for name, text in policies.items()},
        ),
        spent=spent,
        judge=judge,
        memory=memory,
        secret=secrets[0],
        clock=time.time,
    )


def _memory_file(storage_uri: str, instance_path: str) -> Path:
    """Return the file of the judge's memory: that of the counters, where they are kept in one."""
    scheme, _, path = storage_uri.partition(":///")
    return Path(path) if scheme == "sqlite" else Path(instance_path, "captcha_guard.sqlite3")


def _known(spent: Spent, fingerprint: str) -> bool:
    try:
        return spent.is_spent(fingerprint)
    except StoreUnavailableError:
        return False


def _guarded(view: View, protection: Protection) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if request.method not in SAFE_METHODS:
            scope = protection.scope_for(request.endpoint or "", request.view_args or {})
            outcome = judge_request(protection, scope)
            if outcome.refusal is not None:
                return answer_refusal(outcome)
        return current_app.ensure_sync(view)(*args, **kwargs)

    return mark(cast("View", guarded), view, protection)


def _finish(response: Response) -> Response:
    """Send every judged response out with its exact status, and take back what did not come to pass."""
    journey = current_journey()
    if journey.private and not response.cache_control:
        response.cache_control.private = True
    for outcome in journey.outcomes.values():
        if outcome.refusal is not None and response.status_code == 200:
            stamp(response, outcome.refusal)
        stored = response.status_code < 400 and not journey.pass_shown
        if not stored:
            _release(outcome)
            if outcome.refusal is None and outcome.proof.solved and wants_json():
                response.headers["Captcha-Pass"] = solved_pass(outcome)
    journey.finished = True
    return response


def _forget_after_error(error: BaseException | None) -> None:
    journey = current_journey()
    if error is not None and not journey.finished:
        for outcome in journey.outcomes.values():
            _release(outcome)


def _release(outcome: Outcome) -> None:
    if not outcome.claimed:
        return
    try:
        current_state().spent.release(outcome.claimed)
    except StoreUnavailableError:
        current_app.logger.warning("captcha_guard: a comment that was not stored may count as a duplicate for a day")
