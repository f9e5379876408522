"""The packages that captcha_guard and its extras install: ``python -m tests.dependencies``.

Prints the table of docs/dependencies.md: for each package, what it is used for, its licence, the lowest version that
pyproject.toml allows, the lowest one without a known vulnerability that we could find, and the one installed here.
Licences and versions are read from the installed packages. Add a package here when pyproject.toml gets one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]

#: Extras that a site installs. The others are for measurements and for the development.
EXTRAS: Final = (
    *("wtf", "redis", "valkey", "memcached", "mongodb", "services", "sqlalchemy", "patterns", "metrics", "demo"),
)


@dataclass(frozen=True)
class Use:
    """What a package is used for, and the lowest version without a known vulnerability; "" if none is known."""

    what: str
    safe: str = ""


USES: Final = {
    "alembic": Use("migrations of the journal, by Flask-Migrate"),
    "anyio": Use("by httpx"),
    "argon2-cffi": Use("passwords of the journal's owners"),
    "argon2-cffi-bindings": Use("by argon2-cffi"),
    "babel": Use("catalogues of the guard's texts, numbers", "2.9.1"),
    "blinker": Use("signals, by Flask"),
    "certifi": Use("by requests and httpx", "2024.7.4"),
    "cffi": Use("by argon2-cffi"),
    "charset-normalizer": Use("by requests"),
    "click": Use("commands, by Flask"),
    "deprecated": Use("by limits"),
    "dnspython": Use("by pymongo", "2.6.1"),
    "filelock": Use("by tldextract, for a cache that the guard turns off", "4.2.1"),
    "flask": Use("the framework", "3.1.3"),
    "flask-limiter": Use("the connection of limits with Flask"),
    "flask-login": Use("log-ins of the journal's owners"),
    "flask-migrate": Use("migrations of the journal"),
    "flask-sqlalchemy": Use("the journal's database"),
    "flask-wtf": Use("CSRF tokens of the journal, and CaptchaField", "0.9.5"),
    "gunicorn": Use("the journal's server", "22.0.0"),
    "h11": Use("by httpx", "0.16.0"),
    "httpcore": Use("by httpx"),
    "httpx": Use("Akismet and StopForumSpam"),
    "idna": Use("by requests and httpx", "3.7"),
    "itsdangerous": Use("signatures"),
    "jinja2": Use("templates", "3.1.6"),
    "limits": Use("strategies and storages of rate limits"),
    "mako": Use("by Alembic, for new migrations", "1.3.12"),
    "markdown-it-py": Use("Markdown of posts and comments", "2.2.0"),
    "markupsafe": Use("escaping"),
    "mdurl": Use("by markdown-it-py"),
    "nh3": Use("cleans the HTML of comments and posts"),
    "ordered-set": Use("by Flask-Limiter"),
    "packaging": Use("by limits"),
    "pillow": Use("draws pictures; opens none of strangers", "12.3.0"),
    "prometheus-client": Use("metrics"),
    "psycopg": Use("PostgreSQL"),
    "psycopg-binary": Use("PostgreSQL"),
    "pycparser": Use("by cffi"),
    "pygments": Use("highlights code of posts", "2.20.0"),
    "pymemcache": Use("memcached"),
    "pymongo": Use("MongoDB", "4.6.3"),
    "redis": Use("Redis", "4.5.4"),
    "regex": Use("regular expressions of moderators, with a time limit"),
    "requests": Use("by tldextract, for a download that the guard turns off", "2.33.0"),
    "requests-file": Use("by tldextract"),
    "sqlalchemy": Use("databases of the journal, and the judge's if it isn't a file", "1.3.0"),
    "tldextract": Use("the public suffix list in it"),
    "typing-extensions": Use("by several"),
    "urllib3": Use("by requests", "2.7.0"),
    "valkey": Use("Valkey"),
    "werkzeug": Use("HTTP, by Flask", "3.1.6"),
    "wrapt": Use("by deprecated"),
    "wtforms": Use("by Flask-WTF"),
}


def project() -> dict[str, list[Requirement]]:
    """Return what pyproject.toml requires, by the extra; "" has what everybody installs."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": written["dependencies"], **written["optional-dependencies"]}
    return {name: [Requirement(one) for one in required] for name, required in groups.items()}


def installed_by(extras: Iterable[str]) -> dict[str, set[str]]:
    """Return the packages that the given extras install, and the extras that bring them."""
    found: dict[str, set[str]] = {}
    for extra in extras:
        seen: set[tuple[str, frozenset[str]]] = set()
        waiting = list(project()[extra])
        while waiting:
            one = waiting.pop()
            name, asked = canonicalize_name(one.name), frozenset(one.extras)
            if (name, asked) in seen:
                continue
            seen.add((name, asked))
            found.setdefault(name, set()).add(extra)
            waiting += _required_by(name, asked)
    return found


def _required_by(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    for line in metadata.requires(name) or []:
        required = Requirement(line)
        if required.marker is None or any(required.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield required


def licence(name: str) -> str:
    """Return the licence that an installed package declares."""
    given = metadata.metadata(name)
    if "License-Expression" in given:
        return given["License-Expression"]
    classifiers = [one.split(" :: ")[-1] for one in given.get_all("Classifier") or [] if one.startswith("License ::")]
    return ", ".join(classifiers) or str(given["License"]).partition("\n")[0]


def rows() -> Iterator[Sequence[str]]:
    """Return the rows of the table."""
    named = [one for extra in (*reversed(EXTRAS), "") for one in project()[extra]]
    lowest = {str(canonicalize_name(one.name)): str(one.specifier) for one in named}
    for name, extras in sorted(installed_by(("", *EXTRAS)).items()):
        use = USES.get(name, Use("by another package"))
        where = "always" if "" in extras else ", ".join(f"`{extra}`" for extra in sorted(extras))
        versions = (lowest.get(name, ""), use.safe, metadata.version(name))
        yield (name, where, use.what, licence(name), *versions)


if __name__ == "__main__":
    print("| package | installed with | used for | licence | allowed | without known vulnerabilities from | here |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows():
        print("| " + " | ".join(row) + " |")
