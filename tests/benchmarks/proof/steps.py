"""The steps of ``make proof``: which command measures each table, in the full run and in the quick one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.proof.plots import Bars

#: Versions that every table names.
_ALWAYS = ("Python", "captcha-guard")

_HOUR = 3600.0
_USUAL = 900.0  # seconds

#: The file of the trained network, with which one of the bots reads pictures.
NETWORK = "build/proof/network.pt"

#: Kinds of pictures that programs read in the quick run, too, what protects the sites that bots attack, and what reads.
_SEEN = ("easy", "medium", "captcha 240x80", "flask-simple-captcha")
_SITES = ("Flask-Limiter", "flask-simple-captcha", "flask-session-captcha", "altcha")
_READERS = ("Pillow", "ddddocr", "rapidocr", "Tesseract")

#: The proofs of the spam benchmark that are in its main table.
_SPAM = ("published", "time", "prequential", "rules", "bands", "leave-one-out", "queue", "cost", "sms")


@dataclass(frozen=True)
class Step:
    """One command, and the block of a document in ``docs/measurements`` that its output replaces.

    ``quick`` has the arguments of the quick run, or is None if the quick run leaves the step out. ``limit`` is in
    seconds. ``needs`` names programs and packages without which nothing can be measured, ``versions`` those that the
    table names. With ``data``, ``peers`` or ``network`` the command gets the folder or file of that option, if it is
    there. ``needs_data`` is for a command that measures nothing without the data.
    """

    name: str
    document: str
    module: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = None
    limit: float = _USUAL
    needs: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    data: bool = False
    needs_data: bool = False
    peers: bool = False
    network: bool = False
    bars: Bars | None = None

    def command(self, *, quick: bool, folders: Sequence[str] = ()) -> list[str]:
        """Return the arguments of Python for this step."""
        return ["-m", f"tests.benchmarks.{self.module}", *((self.quick or ()) if quick else self.arguments), *folders]

    @property
    def named(self) -> tuple[str, ...]:
        """The versions that the table names."""
        return (*_ALWAYS, *self.versions)


STEPS: tuple[Step, ...] = (
    Step(
        "render",
        "performance.md",
        "render",
        quick=("--rounds", "5", "--each", "10"),
        versions=("Pillow",),
        peers=True,
        bars=Bars("Processor time to draw a picture, median in ms", value=1, unit="ms"),
    ),
    Step(
        "ocr-untreated",
        "strength.md",
        "ocr",
        ("--untreated", "--count", "60", "--only", *_SEEN, "django-simple-captcha", "multicolorcaptcha"),
        ("--untreated", "--count", "30", "--only", *_SEEN),
        limit=_HOUR,
        versions=_READERS,
        peers=True,
        bars=Bars("Codes read from untreated pictures", value=2, names=(0, 1), unit="%"),
    ),
    Step("legibility", "strength.md", "legibility", ("kept",), ("kept",), versions=("Pillow",)),
    Step(
        "guard",
        "performance.md",
        "guard",
        quick=("--posts", "300"),
        versions=("Flask", "Flask-Limiter", "limits"),
    ),
    Step(
        "counters",
        "performance.md",
        "counters",
        quick=("--rounds", "1"),
        needs=("Redis",),
        versions=("limits", "redis", "Redis"),
    ),
    Step(
        "load",
        "performance.md",
        "load",
        ("--rounds", "2"),
        ("--quick", "--workers", "2"),
        limit=1800,
        needs=("Redis", "gunicorn"),
        versions=("Flask", "gunicorn", "limits", "Redis"),
        bars=Bars("Comments a second of the journal, by workers and store", value=6, names=(0, 1)),
    ),
    Step(
        "spam",
        "spam.md",
        "spam",
        ("--videos", "all", "--only", *_SPAM),
        ("--only", "published", "time", "rules", "bands"),
        limit=_HOUR,
        versions=("scikit-learn",),
        data=True,
        needs_data=True,
    ),
    Step(
        "ocr",
        "strength.md",
        "ocr",
        ("--results", "build/proof/ocr.jsonl"),
        limit=24 * _HOUR,
        versions=_READERS,
        peers=True,
    ),
    Step(
        "network",
        "strength.md",
        "universal",
        ("--save", NETWORK),
        limit=6 * _HOUR,
        needs=("torch",),
        versions=("Pillow", "torch"),
    ),
    Step(
        "bots",
        "bots.md",
        "bots",
        quick=("--quick",),
        limit=2 * _HOUR,
        versions=("Flask", "gunicorn", *_SITES, "ddddocr", "rapidocr", "Tesseract"),
        data=True,
        network=True,
    ),
    Step(
        "spam-owners",
        "spam.md",
        "spam",
        ("--videos", "all", "--only", "owners"),
        data=True,
        needs_data=True,
        bars=Bars("Spam that is published, by what the owner does", value=3, unit="%", ours="clears"),
    ),
    Step("spam-poisoning", "spam.md", "spam", ("--videos", "all", "--only", "poisoning"), data=True, needs_data=True),
    Step("technical", "technical.md", "technical", ("--videos", "all", "--messages"), data=True),
    Step("families", "families.md", "families", data=True),
    Step("hostile", "performance.md", "hostile", versions=("Flask", "Werkzeug")),
    Step("replay", "statistics.md", "replay"),
    Step(
        "statistics-cost",
        "statistics.md",
        "statistics",
        ("--submissions", "0"),
        versions=("Flask",),
    ),
    Step(
        "statistics-queries",
        "statistics.md",
        "statistics",
        ("--posts", "0"),
        limit=_HOUR,
        needs=("PostgreSQL",),
        versions=("psycopg", "PostgreSQL"),
    ),
    Step(
        "journal",
        "journal.md",
        "journal",
        limit=_HOUR,
        needs=("PostgreSQL",),
        versions=("Flask", "SQLAlchemy", "psycopg", "PostgreSQL"),
    ),
    Step("stores-flood", "stores.md", "flood", versions=("limits",)),
    Step("store-cost", "scaling.md", "store_cost", needs=("Redis",), versions=("redis", "Redis")),
    Step("tokens", "scaling.md", "endurance", ("tokens",), limit=_HOUR, needs=("Redis",), versions=("Redis",)),
    Step("limits", "scaling.md", "endurance", ("limits",), limit=_HOUR, needs=("Redis",), versions=("Redis",)),
    Step("faults", "scaling.md", "endurance", ("faults",), limit=_HOUR, needs=("Redis",), versions=("Redis",)),
    Step("challenges", "scaling.md", "endurance", ("challenges",), limit=2 * _HOUR),
    Step("flood", "scaling.md", "endurance", ("flood",), limit=8 * _HOUR),
    Step("soak", "scaling.md", "soak", limit=_HOUR, versions=("Flask", "gunicorn")),
    Step(
        "sound",
        "sound.md",
        "sound",
        ("--secret", "proof", "--codes", "40", "--singles", "300"),
        limit=2 * _HOUR,
        needs=("pocketsphinx",),
        versions=("numpy", "pocketsphinx"),
    ),
)
