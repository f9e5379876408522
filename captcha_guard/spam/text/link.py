"""One link and the host it leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]{0,20}:)?(?://)?(?:[^/?#\s@]{0,100}@)?([^/?#\s:@\\<>\"'\[\](),]{1,253})")
_DOMAIN: Final = re.compile(r"[^\s.]{1,63}(?:\.[^\s.]{1,63}){1,30}")
#: Characters that browsers treat as a dot in a host name.
_DOTS: Final = re.compile("[\u3002\uff0e\uff61]")

#: A URL that every parser understands in the same way, up to the end of its host and port.
_PLAIN: Final = re.compile(
    r"(?:(?:https?:)?//)?(?P<host>[a-z0-9._-]{1,253}+|\[[0-9a-f:.]{2,45}+\])(?::[0-9]{1,5}+)?", re.IGNORECASE
)
_LOOPBACK: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.){0,9}localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]|0\.0\.0\.0")
#: What ends the host, by the kind of link. Other characters, such as brackets and quotes, may continue the host in a
#: browser.
_ENDS: Final = {
    "bare": re.compile(r"""[/?\#]|[)\].,;:!?'"*_`>\u2019\u201d\u00bb\u2026]*+(?:[\s<\[]|$)"""),
    "inline": re.compile(r"[/?#]|[)>\s]|$"),
    "given": re.compile(r"[/?#]|[ >\]\[]|$"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its ``url`` as written and its ``host`` (lower case, without www, empty if the URL has no host).

    ``marked_up`` is true if the link is written in HTML, BBCode or Markdown; ``label`` is then its link text.
    """

    url: str
    host: str
    marked_up: bool = False
    label: str = ""


def host_of(url: str) -> str:
    """Return the host that ``url`` leads to, in lower case and without www; empty if it has no host."""
    match = _HOST.match(_DOTS.sub(".", url.strip().lower()))
    host = match[1].strip(".").removeprefix("www.") if match else ""
    return host if _DOMAIN.fullmatch(host) else ""


def leads_home(text: str, site: str, start: int = 0, kind: str = "bare") -> bool:
    """Return whether every parser takes the URL at ``start`` as leading to a loopback host or to ``site``."""
    match = _PLAIN.match(text, start)
    if not match:
        return False
    host = match["host"].lower().rstrip(".")
    if not _LOOPBACK.fullmatch(host) and (not site or host.removeprefix("www.") != _name(site)):
        return False
    ends = _ENDS.get(kind, _ENDS["inline"])
    if kind == "given" and start and text[start - 1] in "\"'":
        return text[match.end() : match.end() + 1] in ("/", "?", "#", text[start - 1])
    return ends.match(text, match.end()) is not None


@lru_cache(maxsize=64)
def _name(site: str) -> str:
    """Return the site's host without its port and without www."""
    name = site.strip().lower()
    port = name.rfind(":") if name.rpartition(":")[2].isdecimal() else len(name)
    return name[:port].rstrip(".").removeprefix("www.")
