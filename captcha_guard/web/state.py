"""The parts of one application's guard, kept in ``app.extensions["captcha_guard"]``."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, Request, current_app, request
from limits.storage import Storage

from ..breaker import Outage
from ..catalogues import Translator, available
from ..challenge.difficulty import Difficulty
from ..challenge.image import Appearance
from ..challenge.issuer import Issuer
from ..config.settings import Settings
from ..counters.limits import Limits
from ..counters.spent import Spent
from ..counters.surge import Surge
from ..database.background_writer import BackgroundWriter
from ..database.database import Database
from ..errors import ConfigError
from ..health import Health
from ..replay.records import Records
from ..spam.judge import Judge
from ..spam.lists.stored_words import StoredWords
from ..spam.memory.bans import Bans
from ..spam.moderation import Moderation
from ..spam.services import Services
from ..spam.verdict import Verdict
from ..statistics.recorder import Recorder
from .timetable import Timetable

NAME = "captcha_guard"

#: Neutral words, so that browsers don't fill in the honeypot as an address or a phone number.
HONEYPOT_WORDS = ("subject", "topic", "notes", "reference", "remark", "details", "title", "summary")


@dataclass(frozen=True, slots=True)
class State:
    """The parts of one application's guard. ``clock`` returns seconds since 1970.

    ``storage`` is the counters' store, and ``health`` tracks whether it works. ``database`` has the data of the judge
    and the statistics. ``writer`` writes to it in the background what ``recorder`` counts, and the ``records`` of
    POSTs. ``bans`` are the banned clients, and ``words`` the lists of words that moderators edit.
    ``secret`` is the key for signatures. ``secrets`` lists it first, then the older ones. ``exempt_when()`` returns
    True for visitors that the guard doesn't check. ``translator`` translates its texts. ``reconnect`` returns a new
    state of the same application with other settings and another storage at a URI.

    These outages are logged at their begin: ``naming`` (the host's function for client keys fails), ``rehosted``
    (browsers use another host name than the one that reaches us), and for each kind of challenge ``rendering`` (its
    files can't be made).

    ``forms`` has the endpoints at which this process has seen a ``CaptchaField``. The other sets have what was already
    logged, so that it's logged only once: endpoints whose POSTs have no field for the body (``bodiless``), endpoints
    whose form lacks its ``CaptchaField`` (``fieldless``), endpoints with pictures that programs can read
    (``classica``), and scopes that look misspelt (``doubtful``).
    """

    settings: Settings
    difficulty: Difficulty
    issuer: Issuer
    appearance: Appearance
    storage: Storage
    health: Health
    limits: Limits
    spent: Spent
    surge: Surge
    judge: Judge
    services: Services | None
    moderation: Moderation
    writer: BackgroundWriter
    records: Records
    bans: Bans
    words: StoredWords
    timetable: Timetable
    secret: bytes
    secrets: tuple[bytes, ...]
    database: Database
    recorder: Recorder
    clock: Callable[[], float]
    reconnect: Callable[[Settings, str, Storage], State]
    exempt_when: Callable[[], object] | None = None
    translator: Translator = field(default_factory=Translator)
    naming: Outage = field(default_factory=Outage)
    rehosted: Outage = field(default_factory=Outage)
    rendering: defaultdict[str, Outage] = field(default_factory=lambda: defaultdict(Outage))
    forms: set[str] = field(default_factory=set)
    bodiless: set[str] = field(default_factory=set)
    fieldless: set[str] = field(default_factory=set)
    classica: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)

    def in_site_language(self, verdict: Verdict) -> Verdict:
        """Return the verdict with its sentences in ``CAPTCHA_GUARD_LOCALE``, for moderators."""
        tag = self.settings.locale
        if not self.translator.changes(tag):
            return verdict
        return verdict.worded(self.site_text)

    def site_text(self, text: str) -> str:
        """Return a text for moderators in ``CAPTCHA_GUARD_LOCALE``."""
        return self.translator.translate(text, self.settings.locale)

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags of the languages that visitors can get."""
        chosen = self.settings.locales or available()
        return chosen if self.settings.locale in chosen else (self.settings.locale, *chosen)

    @property
    def honeypot(self) -> str:
        """The name of the hidden honeypot field. It differs from site to site."""
        digest = hmac.digest(self.secret, b"captcha_guard.honeypot", "sha256")
        return f"{HONEYPOT_WORDS[digest[0] % len(HONEYPOT_WORDS)]}_{digest[1:4].hex()}"


def current_state() -> State:
    """Return the guard of the current application. Raises ``ConfigError`` if it has none."""
    try:
        state = current_app.extensions[NAME]
    except KeyError:
        raise ConfigError("captcha_guard isn't set up for this application: call guard.init_app(app)") from None
    if not isinstance(state, State):
        raise ConfigError(f"app.extensions[{NAME!r}] belongs to another extension; remove that extension")
    return state


def this_request() -> Request:
    """Return the request object itself, because Flask's proxy finds the request anew at every access."""
    return request._get_current_object()  # type: ignore[attr-defined, no-any-return]


def this_app() -> Flask:
    """Return the application object itself, because signals compare senders by identity."""
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
