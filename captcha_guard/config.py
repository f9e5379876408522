"""Every ``CAPTCHA_GUARD_*`` key: its name, type, default, check and one line of explanation.

The one place where a setting is defined; ``docs/configuration.md`` is made from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

from . import checks
from .checks import PREFIX, SHORTEST_SECRET, Check
from .errors import ConfigError
from .scripts import SCRIPTS

#: What people leave in from tutorials and templates.
PLACEHOLDER: Final = re.compile(
    r"""change[-_ ]?(me|this|it) | replace[-_ ]?(me|this) | your[-_ ]?(own[-_ ])?(very[-_ ])?secret | placeholder
    | insecure | not[-_ ]?so[-_ ]?secret | super[-_ ]?secret | ^(my[-_ ]?)?secret[-_ ]?key$
    | ^dev(elopment)?[-_ ]?(secret)?[-_ ]?(key)?$ | 192b9bdd22ab9ed4d12e236c78afcb9a""",
    re.IGNORECASE | re.VERBOSE,
)
HOW_TO_MAKE_ONE: Final = 'make one with: python -c "import secrets; print(secrets.token_hex())"'


class Key(NamedTuple):
    """What is known of one setting besides its default: its check, what is allowed, one line of explanation."""

    check: Check
    allowed: str
    doc: str


def _key(default: object, check: Check, allowed: str, doc: str) -> Any:
    metadata = {"key": Key(check, allowed, doc)}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application, checked."""

    mode: str = _key(
        "always",
        checks.choice("always", "suspicious", "off"),
        "`always`, `suspicious`, `off`",
        "When a code is asked for: with every form; only when the verdict asks; never (rules and limits only).",
    )
    difficulty: object = _key(
        "medium",
        checks.difficulty,
        "`easy`, `medium`, `hard`, `classica`, or a `Difficulty(...)`",
        "How hard the pictures are.",
    )
    style_seed: bytes = _key(
        b"",
        checks.seed,
        "16 octets or more",
        "Another seed is another style; keep it secret. Empty: the secret decides.",
    )
    style_rotation: int = _key(
        30,
        checks.number(0, 3650, unit=" days"),
        "0 to 3650 days",
        "After so many days the site's style changes by itself; 0: never.",
    )
    fonts: tuple[Path | str, ...] = _key(
        (),
        checks.fonts,
        'a folder, or a list of folders and the word `"bundled"`',
        "What codes are written in: the .ttf and .otf files in these folders; empty: the fonts that come along.",
    )
    size: tuple[int, int] = _key(
        (240, 80),
        checks.pair((160, 60), (480, 160), "(width, height) in px, 160 x 60 to 480 x 160"),
        "(160, 60) to (480, 160)",
        "Width and height of a picture in px; `classica` is always 160 x 30.",
    )
    length: tuple[int, int] = _key(
        (5, 6),
        checks.pair((4, 4), (8, 8), "(shortest, longest), 4 to 8 symbols", rising=True),
        "(4, 4) to (8, 8)",
        "The shortest and the longest code, in symbols; each challenge draws its own length.",
    )
    alphabet: str = _key(
        "2345689CDFHMRTW",
        checks.alphabet,
        "12 to 36 different capitals and digits",
        "The symbols that codes are made of.",
    )
    ttl: int = _key(900, checks.number(60, 3600, unit=" s"), "60 to 3600 s", "How long a challenge can be solved.")
    min_seconds: float = _key(
        3,
        checks.number(0, 60, unit=" s", whole=False),
        "0 to 60 s",
        "A form that comes back sooner weighs as too fast.",
    )
    storage_uri: str = _key(
        "",
        checks.address("a storage URI such as 'sqlite:////var/lib/blog/counters.sqlite3'"),
        "a storage URI of `limits`, or `sqlite:///path`",
        "Where limits and spent codes are counted; empty: `captcha_guard.sqlite3` in the instance folder.",
    )
    faults: Mapping[str, str] = _key(
        MappingProxyType({"limits": "strict", "codes": "hold"}),
        checks.faults,
        '`"limits"`: `"strict"`, `"refuse"`; `"codes"`: `"hold"`, `"refuse"`',
        "What to do while the store fails: [Faults](faults.md).",
    )
    workers: int = _key(
        4,
        checks.number(1, 100_000),
        "1 to 100000",
        "Processes that serve the site, on all hosts; while the store fails, each grants this share of a limit.",
    )
    client_key: object = _key(
        None,
        checks.function,
        "a function without arguments",
        "Names the client of a request in place of its address: [Limits](limits.md#who-a-client-is).",
    )
    ratelimit_headers: bool = _key(
        default=False,
        check=checks.switch,
        allowed="`True`, `False`",
        doc="Tell clients in `RateLimit` and `RateLimit-Policy` how many comments they have left.",
    )
    comment_limits: str = _key(
        "2 per minute; 10 per hour; 30 per day",
        checks.limits,
        "limits",
        "Comments of one client; its wider network may post four times as many.",
    )
    challenge_limits: str = _key("20 per minute", checks.limits, "limits", "New codes that one client may ask for.")
    picture_limits: str = _key("60 per minute", checks.limits, "limits", "Pictures that one client may fetch.")
    wrong_limits: str = _key("10 per 10 minutes", checks.limits, "limits", "Wrong codes that one client may type.")
    wrong_waits: tuple[int, int] = _key(
        (30, 3600),
        checks.pair((0, 0), (3600, 86_400), "(first, longest) in s, 0 to 3600 and 0 to 86400", rising=True),
        "(first, longest) in s; 0: none",
        "After 5 wrong codes in a row a client waits so long for the next, then twice that, up to the longest.",
    )
    surge: int = _key(
        60,
        checks.number(0, 1_000_000, unit=" per minute"),
        "0 to 1000000 comments per minute",
        "As many comments from all clients together, or more, and every form asks for a hard code; 0: never.",
    )
    escalate: bool = _key(
        default=True,
        check=checks.switch,
        allowed="`True`, `False`",
        doc="3 wrong codes within 10 minutes make a client's next pictures one level harder.",
    )
    max_links: int = _key(
        2,
        checks.number(0, 1000),
        "0 to 1000",
        "A comment with so many links or more is held; 0: links are not counted.",
    )
    thresholds: Mapping[str, int] = _key(
        MappingProxyType({"challenge": 30, "hold": 60, "aside": 90}),
        checks.thresholds,
        "three rising scores of 1 to 101",
        "From which score on a submission is challenged, held, set aside; 101: never.",
    )
    weights: Mapping[str, int] = _key(
        MappingProxyType({}),
        checks.weights,
        "scores of 0 to 100 by slug",
        "Scores in place of the rules' own; 0 switches a rule off. The slugs: [Judging](judging.md).",
    )
    learning: str = _key(
        "on",
        checks.choice("on", "off", "strict"),
        "`on`, `off`, `strict`",
        "Whether a filter learns from what is taught; `strict`: everything is held until it was taught enough.",
    )
    learning_uri: str = _key(
        "",
        checks.address("a URI such as 'sqlite:////var/lib/blog/learned.sqlite3'"),
        "`sqlite:///path`, or a database URL of SQLAlchemy",
        "Where it keeps what it learned; empty: beside the judge's memory ([Judging](judging.md#what-is-remembered)).",
    )
    learning_bands: tuple[float, float] = _key(
        (0.10, 0.97),
        checks.bands,
        "two rising chances, 0 to 1",
        "Up to which chance of spam the filter accepts, and from which on it sets aside; it holds between the two.",
    )
    log: str = _key(
        "text",
        checks.choice("text", "json", "off"),
        "`text`, `json`, `off`",
        "The form of the line that each decision leaves in the log `captcha_guard.decisions`.",
    )
    shadow: tuple[str, ...] = _key(
        (),
        checks.shadow,
        "`True`, `False`, or a list of slugs",
        "These rules' findings are recorded and not counted; `True`: nothing that is well-formed is refused or held.",
    )
    disallowed_words: tuple[Path | str, ...] = _key(
        (),
        checks.entries,
        "a list of entries, or the path of a file",
        "A comment with one of these words or phrases is refused, and its text shown back.",
    )
    disallowed_message: str = _key(
        "The comment has words in it that are not taken here. Please put it differently.",
        checks.text(r"(?s).{1,500}", "a text of 1 to 500 characters"),
        "1 to 500 characters",
        "What the visitor reads then.",
    )
    moderated_words: tuple[Path | str, ...] = _key(
        (),
        checks.entries,
        "a list of entries, or the path of a file",
        "A comment with one of these words or phrases is held.",
    )
    word_fields: tuple[str, ...] = _key(
        ("author", "email", "url", "body"),
        checks.some_of("author", "email", "url", "body", "user_agent", "referrer"),
        "some of `author`, `email`, `url`, `body`, `user_agent`, `referrer`",
        "Where these words are looked for.",
    )
    disposable_domains: tuple[Path | str, ...] = _key(
        (),
        checks.entries,
        "a list of domains, or the path of a file",
        "E-mail addresses at these domains weigh against a comment.",
    )
    scripts: tuple[str, ...] = _key(
        (),
        checks.some_of(*SCRIPTS),
        "some of " + ", ".join(f"`{script}`" for script in SCRIPTS),
        "The scripts that readers of the site write in; others weigh. Empty: all are welcome.",
    )
    first_comment: str = _key(
        "accept", checks.choice("accept", "hold"), "`accept`, `hold`", "What becomes of an author's first comment."
    )
    trust_after: int = _key(
        3,
        checks.number(0, 1000),
        "0 to 1000",
        "After so many kept comments a confirmed account is not looked at closely; 0: never.",
    )
    old_post: int = _key(
        365,
        checks.number(0, 36_500, unit=" days"),
        "0 to 36500 days",
        "From this age of a post on a comment weighs; 0: never.",
    )
    url_prefix: str = _key(
        "/captcha-guard",
        checks.text(r"(/[A-Za-z0-9._~-]+)+", "a path such as '/captcha-guard'"),
        "a path",
        "Where pictures and new codes are served.",
    )
    akismet_key: str = _key(
        "",
        checks.credential,
        "6 to 64 letters and digits",
        "Akismet's key for this site, never shown in logs; empty: Akismet is not asked.",
    )
    akismet_blog: str = _key(
        "",
        checks.text(r"|https?://[^\s/?#@]+(/[^\s?#]*)?", "the address of a front page, such as 'https://blog.example'"),
        "an address with `http` or `https`",
        "The site's front page, as Akismet knows it; to be set with `AKISMET_KEY`.",
    )
    akismet_discard: bool = _key(
        default=False,
        check=checks.switch,
        allowed="`True`, `False`",
        doc="Reject what Akismet calls blatant spam; else it goes aside with the other spam.",
    )
    stopforumspam: bool = _key(
        default=False,
        check=checks.switch,
        allowed="`True`, `False`",
        doc="Look each comment's address, e-mail and name up at StopForumSpam.",
    )
    service_timeout: float = _key(
        1.5,
        checks.number(0.1, 10, unit=" s", whole=False),
        "0.1 to 10 s",
        "How long a service may take, all in all; then the comment is judged without it.",
    )


def read(config: Mapping[str, object]) -> Settings:
    """Return the settings in a Flask configuration, each checked.

    Raises ``ConfigError`` on an unknown key (naming the nearest right one), a wrong type or a value out of range.
    """
    keys = {setting.name: cast("Key", setting.metadata["key"]) for setting in fields(Settings)}
    given = {name.removeprefix(PREFIX): value for name, value in config.items() if name.startswith(PREFIX)}
    for name in given:
        if name.lower() not in keys or name != name.upper():
            raise _unknown(name, keys)
    checked = {name.lower(): keys[name.lower()].check(name, value) for name, value in given.items()}
    return Settings(**cast("dict[str, Any]", checked))


def read_secrets(config: Mapping[str, object]) -> list[bytes]:
    """Return ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS`` as octets, the newest first.

    Raises ``ConfigError`` when one is missing, shorter than 16 octets, or a placeholder.
    """
    fallbacks = config.get("SECRET_KEY_FALLBACKS") or ()
    if isinstance(fallbacks, (str, bytes)) or not isinstance(fallbacks, Sequence):
        raise ConfigError("SECRET_KEY_FALLBACKS must be a list of secrets")
    secrets = [_secret("SECRET_KEY", config.get("SECRET_KEY"))]
    return secrets + [_secret("SECRET_KEY_FALLBACKS", old) for old in fallbacks]


def _secret(name: str, value: object) -> bytes:
    if not value:
        raise ConfigError(f"{name} is not set, so nothing can be signed; {HOW_TO_MAKE_ONE}")
    if not isinstance(value, (str, bytes)):
        raise ConfigError(f"{name} is of type {type(value).__name__}; a text or octets are needed; {HOW_TO_MAKE_ONE}")
    octets = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    if len(octets) < SHORTEST_SECRET:
        raise ConfigError(f"{name} is {len(octets)} octets long; {SHORTEST_SECRET} are the least; {HOW_TO_MAKE_ONE}")
    if PLACEHOLDER.search(octets.decode("utf-8", "replace")) or len(set(octets)) < 6:
        raise ConfigError(f"{name} looks like a placeholder, which others know too; {HOW_TO_MAKE_ONE}")
    return octets


def _unknown(name: str, keys: Mapping[str, Key]) -> ConfigError:
    near = get_close_matches(name.lower(), keys, 1, 0.5)
    hint = f"did you mean {PREFIX}{near[0].upper()}?" if near else "docs/configuration.md lists them all"
    return ConfigError(f"{PREFIX}{name} is no setting of captcha_guard; {hint}")
