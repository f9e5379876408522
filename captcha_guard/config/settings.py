"""Every ``CAPTCHA_GUARD_*`` key: its name, type, default, check and one line of explanation.

Settings are defined only here; ``docs/configuration.md`` is generated from this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..characters.scripts import SCRIPTS
from . import validators as checks
from .setting import read_settings, setting, switch


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application, checked."""

    mode: str = setting(
        "always",
        checks.choice("always", "suspicious", "off"),
        "`always`, `suspicious`, `off`",
        "When a code is asked for: with every form; only when the verdict asks; never (rules and limits only).",
    )
    difficulty: object = setting(
        "medium",
        checks.difficulty,
        "`easy`, `medium`, `classica`, or a `Difficulty(...)`",
        "How hard the pictures are; `classica` is there for its old look, and programs read it.",
    )
    style_seed: bytes = setting(
        b"",
        checks.seed,
        "16 octets or more",
        "Another seed is another style; keep it secret. Empty: the secret decides.",
    )
    style_rotation: int = setting(
        30,
        checks.number(0, 3650, unit=" days"),
        "0 to 3650 days",
        "After so many days the site's style changes by itself; 0: never.",
    )
    fonts: tuple[Path | str, ...] = setting(
        (),
        checks.fonts,
        'a folder, or a list of folders and the word `"bundled"`',
        "What codes are written in: the .ttf and .otf files in these folders; empty: the fonts that come along.",
    )
    size: tuple[int, int] = setting(
        (240, 120),
        checks.pair((200, 100), (480, 240), "(width, height) in px, 200 x 100 to 480 x 240, as two rows need"),
        "(200, 100) to (480, 240)",
        "Width and height of a picture in px, which has its code in two rows; `classica` is always 160 x 30.",
    )
    colours: tuple[tuple[int, int, int], tuple[int, int, int]] | None = setting(
        None,
        checks.colours,
        '`("#1d3557", "#f1faee")` and the like: (ink, paper), as `#rgb` or `#rrggbb`; contrast 6:1 or more',
        "The colours of all pictures except `classica`; `None`: [the secret decides](tuning.md#colours-of-your-own).",
    )
    length: tuple[int, int] = setting(
        (5, 6),
        checks.pair((4, 4), (8, 8), "(shortest, longest), 4 to 8 symbols", rising=True),
        "(4, 4) to (8, 8)",
        "The shortest and the longest code, in symbols; each challenge draws its own length.",
    )
    alphabet: str = setting(
        "25689CDFHMRTW",
        checks.alphabet,
        "12 to 36 different capitals and digits; look-alikes (0 O Q D, 1 I L J ...) count once",
        "The symbols that codes are made of.",
    )
    ttl: int = setting(900, checks.number(60, 3600, unit=" s"), "60 to 3600 s", "How long a challenge can be solved.")
    min_seconds: float = setting(
        3,
        checks.number(0, 60, unit=" s", whole=False),
        "0 to 60 s",
        "A form that comes back sooner weighs as too fast.",
    )
    storage_uri: str = setting(
        "",
        checks.address("a storage URI such as 'sqlite:////var/lib/blog/counters.sqlite3'"),
        "a storage URI of `limits`, or `sqlite:///path`",
        "Where limits and spent codes are counted; empty: `captcha_guard.sqlite3` in the instance folder.",
    )
    faults: Mapping[str, str] = setting(
        MappingProxyType({"limits": "strict", "codes": "hold"}),
        checks.faults,
        '`"limits"`: `"strict"`, `"refuse"`; `"codes"`: `"hold"`, `"refuse"`',
        "What to do while the store fails: [Faults](faults.md).",
    )
    workers: int = setting(
        4,
        checks.number(1, 100_000),
        "1 to 100000",
        "Processes that serve the site, on all hosts; while the store fails, each grants this share of a limit.",
    )
    trusted_origins: tuple[str, ...] = setting(
        (),
        checks.origins,
        "a list of origins such as `https://other.example`",
        "Other sites whose pages may send comments here: [Integration](integration.md#other-sites).",
    )
    client_key: object = setting(
        None,
        checks.function,
        "a function without arguments",
        "Names the client of a request in place of its address: [Limits](limits.md#who-a-client-is).",
    )
    comment_limits: str = setting(
        "2 per minute; 10 per hour; 30 per day",
        checks.limits,
        "limits",
        "Comments of one client; [the networks around it](limits.md#networks) may post more.",
    )
    challenge_limits: str = setting("20 per minute", checks.limits, "limits", "New codes that one client may ask for.")
    picture_limits: str = setting("60 per minute", checks.limits, "limits", "Pictures that one client may fetch.")
    wrong_limits: str = setting("10 per 10 minutes", checks.limits, "limits", "Wrong codes that one client may type.")
    wrong_waits: tuple[int, int] = setting(
        (30, 3600),
        checks.pair((0, 0), (3600, 86_400), "(first, longest) in s, 0 to 3600 and 0 to 86400", rising=True),
        "(first, longest) in s; 0: none",
        "After 5 wrong codes in a row a client waits so long for the next, then twice that, up to the longest.",
    )
    surge: int = setting(
        60,
        checks.number(0, 1_000_000, unit=" per minute"),
        "0 to 1000000 comments per minute",
        "When all clients together post this many comments a minute, every form asks for a code. 0 turns this off.",
    )
    max_links: int = setting(
        2,
        checks.number(0, 1000),
        "0 to 1000",
        "A comment with so many links or more is held; 0: links are not counted.",
    )
    thresholds: Mapping[str, int] = setting(
        MappingProxyType({"challenge": 30, "hold": 60, "aside": 90}),
        checks.thresholds,
        "three rising scores of 1 to 101",
        "From which score on a submission is challenged, held, set aside; 101: never.",
    )
    weights: Mapping[str, int] = setting(
        MappingProxyType({}),
        checks.weights,
        "scores of 0 to 100 by slug",
        "Scores in place of the rules' own; 0 switches a rule off. The slugs: [Judging](judging.md).",
    )
    learning: str = setting(
        "on",
        checks.choice("on", "off", "strict"),
        "`on`, `off`, `strict`",
        "Whether a filter learns from what is taught; `strict`: everything is held until it was taught enough.",
    )
    learning_uri: str = setting(
        "",
        checks.address("a URI such as 'sqlite:////var/lib/blog/learned.sqlite3'"),
        "`sqlite:///path`, or a database URL of SQLAlchemy",
        "Where it keeps what it learned; empty: beside the judge's memory ([Judging](judging.md#what-is-remembered)).",
    )
    learning_bands: tuple[float, float] = setting(
        (0.10, 0.97),
        checks.bands,
        "two rising chances, 0 to 1",
        "Up to which chance of spam the filter accepts, and from which on it sets aside; it holds between the two.",
    )
    log: str = setting(
        "text",
        checks.choice("text", "json", "off"),
        "`text`, `json`, `off`",
        "The form of the line that each decision leaves in the log `captcha_guard.decisions`.",
    )
    shadow: tuple[str, ...] = setting(
        (),
        checks.shadow,
        "`True`, `False`, or a list of slugs",
        "These rules' findings are recorded and not counted; `True`: nothing that is well-formed is refused or held.",
    )
    disallowed_words: tuple[Path | str, ...] = setting(
        (),
        checks.entries,
        "a list of entries, or the path of a file",
        "A comment with one of these words or phrases is refused, and its text shown back.",
    )
    disallowed_message: str = setting(
        "The comment has words in it that are not taken here. Please put it differently.",
        checks.text(r"(?s).{1,500}", "a text of 1 to 500 characters"),
        "1 to 500 characters",
        "What the visitor reads then.",
    )
    moderated_words: tuple[Path | str, ...] = setting(
        (),
        checks.entries,
        "a list of entries, or the path of a file",
        "A comment with one of these words or phrases is held.",
    )
    word_fields: tuple[str, ...] = setting(
        ("author", "email", "url", "body"),
        checks.some_of("author", "email", "url", "body", "user_agent", "referrer"),
        "some of `author`, `email`, `url`, `body`, `user_agent`, `referrer`",
        "Where these words are looked for.",
    )
    disposable_domains: tuple[Path | str, ...] = setting(
        (),
        checks.entries,
        "a list of domains, or the path of a file",
        "E-mail addresses at these domains weigh against a comment.",
    )
    scripts: tuple[str, ...] = setting(
        (),
        checks.some_of(*SCRIPTS),
        "some of " + ", ".join(f"`{script}`" for script in SCRIPTS),
        "The scripts that readers of the site write in; others weigh. Empty: all are welcome.",
    )
    first_comment: str = setting(
        "accept", checks.choice("accept", "hold"), "`accept`, `hold`", "What becomes of an author's first comment."
    )
    trust_after: int = setting(
        3,
        checks.number(0, 1000),
        "0 to 1000",
        "After so many kept comments a confirmed account is not looked at closely; 0: never.",
    )
    old_post: int = setting(
        365,
        checks.number(0, 36_500, unit=" days"),
        "0 to 36500 days",
        "From this age of a post on a comment weighs; 0: never.",
    )
    url_prefix: str = setting(
        "/captcha-guard",
        checks.text(r"(/[A-Za-z0-9._~-]+)+", "a path such as '/captcha-guard'"),
        "a path",
        "Where pictures and new codes are served.",
    )
    akismet_key: str = setting(
        "",
        checks.credential,
        "6 to 64 letters and digits",
        "Akismet's key for this site, never shown in logs; empty: Akismet is not asked.",
    )
    akismet_blog: str = setting(
        "",
        checks.text(r"|https?://[^\s/?#@]+(/[^\s?#]*)?", "the address of a front page, such as 'https://blog.example'"),
        "an address with `http` or `https`",
        "The site's front page, as Akismet knows it; to be set with `AKISMET_KEY`.",
    )
    akismet_discard: bool = switch(
        default=False,
        doc="Reject what Akismet calls blatant spam; else it goes aside with the other spam.",
    )
    stopforumspam: bool = switch(
        default=False,
        doc="Look each comment's address, e-mail and name up at StopForumSpam.",
    )
    service_timeout: float = setting(
        1.5,
        checks.number(0.1, 10, unit=" s", whole=False),
        "0.1 to 10 s",
        "How long a service may take, all in all; then the comment is judged without it.",
    )


def read(config: Mapping[str, object]) -> Settings:
    """Return the settings in a Flask configuration, each checked. Raises ``ConfigError`` as ``read_settings`` does."""
    return read_settings(Settings, config)
