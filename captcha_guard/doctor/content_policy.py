"""Finds out what a Content-Security-Policy (CSP level 3) allows a page to load, for the requests of the field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from .browser import origin_of

Policy = Mapping[str, Sequence[str]]

#: The directives that apply to each kind of request. The first one in the policy is used.
DIRECTIVES: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("img-src", "default-src"),
    "audio": ("media-src", "default-src"),
    "style": ("style-src-elem", "style-src", "default-src"),
    "script": ("script-src-elem", "script-src", "default-src"),
    "empty": ("connect-src", "default-src"),
    "form": ("form-action",),
}

_HOST: Final = re.compile(r"(?:([a-z][a-z0-9+.-]*)://)?(\*|[^:/'\s]+|\[[0-9a-f:.]+\])(?::([0-9]+|\*))?(/\S*)?", re.I)
_USUAL_PORTS: Final = {"http": 80, "https": 443}


def parse(text: str) -> Iterator[Policy]:
    """Yield the policies of a header. If a policy has a directive twice, the first one is used."""
    for policy in text.split(","):
        found: dict[str, Sequence[str]] = {}
        for part in policy.split(";"):
            name, *sources = part.split() or [""]
            if name:
                found.setdefault(name.lower(), sources)
        yield found


def blocking(policy: Policy, kind: str, url: str, page: str) -> str:
    """Return the directive, as written, that keeps a page from loading a URL. Empty if the policy allows it."""
    directive = next((name for name in DIRECTIVES[kind] if name in policy), None)
    if directive is None:
        return ""
    sources = policy[directive]
    ignores_hosts = kind == "script" and "'strict-dynamic'" in [source.lower() for source in sources]
    if not ignores_hosts and any(_matches(source, url, page) for source in sources):
        return ""
    return " ".join((directive, *sources))


def _matches(source: str, url: str, page: str) -> bool:
    (scheme, host, port), (page_scheme, page_host, page_port) = origin_of(url), origin_of(page)
    if source.lower() == "'self'":
        upgraded = scheme == "https" and port == 443 and page_port == _USUAL_PORTS.get(page_scheme)
        return host == page_host and ((scheme, port) == (page_scheme, page_port) or upgraded)
    if source == "*":
        return scheme in ("http", "https")
    if source.endswith(":"):
        return _same_scheme(source[:-1], scheme)
    given = _HOST.fullmatch(source)
    if given is None:
        return False
    return (
        _same_scheme(given[1] or page_scheme, scheme)
        and _same_host(given[2].lower(), host)
        and (given[3] == "*" or port == int(given[3] or _USUAL_PORTS.get(scheme, 0)))
        and _same_path(given[4] or "", urlsplit(url).path)
    )


def _same_scheme(allowed: str, scheme: str) -> bool:
    return scheme == allowed.lower() or (allowed.lower() == "http" and scheme == "https")


def _same_host(allowed: str, host: str) -> bool:
    return allowed in ("*", host) or (allowed.startswith("*.") and host.endswith(allowed[1:]))


def _same_path(allowed: str, path: str) -> bool:
    if allowed in ("", "/"):
        return True
    return unquote(path).startswith(unquote(allowed)) if allowed.endswith("/") else unquote(path) == unquote(allowed)
