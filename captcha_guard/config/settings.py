"""Every ``CAPTCHA_GUARD_*`` key: its name, type, default, check and one line of explanation.

Settings are defined only here; ``docs/configuration.md`` is generated from this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ..characters.scripts import SCRIPTS
from ..messages import message
from . import validators as checks
from .setting import read_settings, setting, switch

DISALLOWED_MESSAGE: Final = message("The comment contains words that aren't allowed here. Please rephrase it.")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application, checked."""

    mode: str = setting(
        "always",
        checks.choice("always", "suspicious", "off"),
        "`always`, `suspicious`, `off`",
        "When visitors must enter a code: always, if a comment is suspicious, or only if it would be held.",
    )
    difficulty: object = setting(
        "medium",
        checks.difficulty,
        "`easy`, `medium`, `classica`, or a `Difficulty(...)`",
        "How hard the pictures are. Programs can read `classica`, which exists only for its old look.",
    )
    style_seed: bytes = setting(
        b"",
        checks.seed,
        "16 bytes or more",
        "A different seed gives a different style. Keep it secret. If empty, the style is derived from `SECRET_KEY`.",
    )
    style_rotation: int = setting(
        30,
        checks.number(0, 3650, unit=" days"),
        "0 to 3650 days",
        "The site's style changes after this many days. 0 turns this off.",
    )
    fonts: tuple[Path | str, ...] = setting(
        (),
        checks.fonts,
        'a folder, or a list of folders and the word `"bundled"`',
        "Folders with the .ttf and .otf files for codes. If empty, the bundled fonts are used.",
    )
    size: tuple[int, int] = setting(
        (240, 120),
        checks.pair((200, 100), (480, 240), "(width, height) in px, 200 x 100 to 480 x 240, as two rows need"),
        "(200, 100) to (480, 240)",
        "Width and height of a picture in px. `classica` is always 160 x 30.",
    )
    colours: tuple[tuple[int, int, int], tuple[int, int, int]] | None = setting(
        None,
        checks.colours,
        '`("#1d3557", "#f1faee")` and the like: (ink, paper), as `#rgb` or `#rrggbb`; contrast 6:1 or more',
        "[Colours](tuning.md#colours-of-your-own) of all pictures except `classica`. `None`: derived from the secret.",
    )
    length: tuple[int, int] = setting(
        (5, 6),
        checks.pair((4, 4), (8, 8), "(shortest, longest), 4 to 8 symbols", rising=True),
        "(4, 4) to (8, 8)",
        "The shortest and the longest code, in symbols. Each challenge has a random length in this range.",
    )
    alphabet: str = setting(
        "25689CDFHMRTW",
        checks.alphabet,
        "12 to 36 different capitals and digits; look-alikes (0 O Q D, 1 I L J ...) count once",
        "The symbols of codes.",
    )
    sound_length: int = setting(
        6, checks.number(4, 10), "4 to 10", "The number of digits in a spoken code. More digits take longer to hear."
    )
    ttl: int = setting(900, checks.number(60, 3600, unit=" s"), "60 to 3600 s", "How long a challenge is valid.")
    min_seconds: float = setting(
        3,
        checks.number(0, 60, unit=" s", whole=False),
        "0 to 60 s",
        "A form that is posted earlier than this gets the finding `too_fast`.",
    )
    storage_uri: str = setting(
        "",
        checks.address("a storage URI such as 'sqlite:////var/lib/blog/counters.sqlite3'"),
        "a storage URI of `limits`, or `sqlite:///path`",
        "Where limits and spent codes are counted. If empty, in `captcha_guard.sqlite3` in the instance folder.",
    )
    faults: Mapping[str, str] = setting(
        MappingProxyType({"limits": "strict", "codes": "hold"}),
        checks.faults,
        '`"limits"`: `"strict"`, `"refuse"`; `"codes"`: `"hold"`, `"refuse"`',
        "What to do while the store is down: [Faults](faults.md).",
    )
    workers: int = setting(
        4,
        checks.number(1, 100_000),
        "1 to 100000",
        "How many processes serve the site, on all hosts. While the store is down, each allows its share of a limit.",
    )
    trusted_origins: tuple[str, ...] = setting(
        (),
        checks.origins,
        "a list of origins such as `https://other.example`",
        "Other sites whose pages may send comments here, also by script: [Integration](integration.md#other-sites).",
    )
    client_key: object = setting(
        None,
        checks.function,
        "a function without arguments",
        "Returns a name for the client, used instead of its address: [Limits](limits.md#who-a-client-is).",
    )
    comment_limits: str = setting(
        "2 per minute; 10 per hour; 30 per day",
        checks.limits,
        "limits",
        "How many comments one client may post. [Networks](limits.md#networks) may post more.",
    )
    challenge_limits: str = setting(
        "20 per minute", checks.limits, "limits", "How many new codes one client may request."
    )
    picture_limits: str = setting(
        "60 per minute", checks.limits, "limits", "How many pictures and sounds one client may fetch."
    )
    wrong_limits: str = setting(
        "10 per 10 minutes", checks.limits, "limits", "How many wrong codes one client may send."
    )
    wrong_waits: tuple[int, int] = setting(
        (30, 3600),
        checks.pair((0, 0), (3600, 86_400), "(first, longest) in s, 0 to 3600 and 0 to 86400", rising=True),
        "(first, longest) in s; 0 for none",
        "The wait after 5 wrong codes in a row. It doubles with each further one, up to the longest.",
    )
    surge: int = setting(
        60,
        checks.number(0, 1_000_000, unit=" per minute"),
        "0 to 1000000 comments per minute",
        "If all clients together post this many comments a minute, every form asks for a code. 0 turns this off.",
    )
    max_links: int = setting(
        2,
        checks.number(0, 1000),
        "0 to 1000",
        "A comment with this many links or more is held. 0 turns this off.",
    )
    thresholds: Mapping[str, int] = setting(
        MappingProxyType({"challenge": 30, "hold": 60, "aside": 90}),
        checks.thresholds,
        "three rising scores of 1 to 101",
        "The scores from which a submission is challenged, held or set aside. 101 turns one off.",
    )
    weights: Mapping[str, int] = setting(
        MappingProxyType({}),
        checks.weights,
        "scores of 0 to 100 by slug",
        "Your own scores for rules. 0 turns a rule off. [Judging](judging.md#the-rules) lists the slugs.",
    )
    learning: str = setting(
        "on",
        checks.choice("on", "off", "strict"),
        "`on`, `off`, `strict`",
        "Whether the filter learns. `strict` holds every comment until the filter has learned enough.",
    )
    database_uri: str = setting(
        "",
        checks.address("a URI such as 'sqlite:////var/lib/blog/judge.sqlite3'"),
        "`sqlite:///path`, or a database URL of SQLAlchemy",
        "Where the judge stores its data. If empty, in the counters' SQLite file or in the instance folder "
        "([Judging](judging.md#what-is-remembered)).",
    )
    learning_bands: tuple[float, float] = setting(
        (0.10, 0.97),
        checks.bands,
        "two rising chances, 0 to 1",
        "Up to the first chance of spam the filter accepts. From the second it sets aside. Between them it holds.",
    )
    learn_unmarked: bool = switch(
        default=True,
        doc="Whether published comments on [moderated routes](judging.md#unmarked-comments) that stay unmarked for "
        "30 days count as good.",
    )
    log: str = setting(
        "text",
        checks.choice("text", "json", "off"),
        "`text`, `json`, `off`",
        "The format of [the log](judging.md#the-log) `captcha_guard.decisions`, which has one line for each decision.",
    )
    shadow: tuple[str, ...] = setting(
        (),
        checks.shadow,
        "`True`, `False`, or a list of slugs",
        "Rules whose findings are recorded but not counted. `True` refuses and holds nothing that is well-formed.",
    )
    disallowed_words: tuple[Path | str, ...] = setting(
        (),
        checks.entries,
        "a list of entries, or the path of a file",
        "A comment with one of these words or phrases is refused, and its text is shown back.",
    )
    disallowed_message: str = setting(
        DISALLOWED_MESSAGE,
        checks.text(r"(?s).{1,500}", "a text of 1 to 500 characters"),
        "1 to 500 characters",
        "The message for the visitor in that case.",
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
        "The fields in which both lists of words are searched.",
    )
    disposable_domains: tuple[Path | str, ...] = setting(
        (),
        checks.entries,
        "a list of domains, or the path of a file",
        "Email addresses at these domains add to the score.",
    )
    scripts: tuple[str, ...] = setting(
        (),
        checks.some_of(*SCRIPTS),
        "some of " + ", ".join(f"`{script}`" for script in SCRIPTS),
        "The scripts of your readers' languages. Others add to the score. If empty, all are accepted.",
    )
    first_comment: str = setting(
        "accept", checks.choice("accept", "hold"), "`accept`, `hold`", "What happens to an author's first comment."
    )
    trust_after: int = setting(
        3,
        checks.number(0, 1000),
        "0 to 1000",
        "A confirmed account with this many kept comments skips most rules. 0 turns this off.",
    )
    old_post: int = setting(
        365,
        checks.number(0, 36_500, unit=" days"),
        "0 to 36500 days",
        "Comments on a post of this age or older get a higher score. 0 turns this off.",
    )
    url_prefix: str = setting(
        "/captcha-guard",
        checks.text(r"(/[A-Za-z0-9._~-]+)+", "a path such as '/captcha-guard'"),
        "a path",
        "The path below which pictures, sounds and new codes are served.",
    )
    locale: str = setting(
        "en",
        checks.language,
        "the tag of [a language](languages.md)",
        "The language of the sentences for moderators, and of visitors whose language isn't offered.",
    )
    locales: tuple[str, ...] = setting(
        (),
        checks.languages,
        "a list of tags of [languages](languages.md)",
        "The languages that visitors can get, besides `LOCALE`. If empty, all of them.",
    )
    akismet_key: str = setting(
        "",
        checks.credential,
        "6 to 64 letters and digits",
        "Akismet's key for this site. It never appears in logs. If empty, Akismet isn't used.",
    )
    akismet_blog: str = setting(
        "",
        checks.text(r"|https?://[^\s/?#@]+(/[^\s?#]*)?", "the address of a front page, such as 'https://blog.example'"),
        "an address with `http` or `https`",
        "The site's front page, as registered with Akismet. Needed with `AKISMET_KEY`.",
    )
    akismet_discard: bool = switch(
        default=False,
        doc="Reject comments that Akismet calls blatant spam. Otherwise they are set aside like other spam.",
    )
    stopforumspam: bool = switch(
        default=False,
        doc="Look up each comment's IP address, email and name at StopForumSpam.",
    )
    service_timeout: float = setting(
        1.5,
        checks.number(0.1, 10, unit=" s", whole=False),
        "0.1 to 10 s",
        "How long a service may take in total. After that the comment is judged without it.",
    )


def read(config: Mapping[str, object]) -> Settings:
    """Return the settings in a Flask configuration, each checked. Raises ``ConfigError`` as ``read_settings`` does."""
    return read_settings(Settings, config)
