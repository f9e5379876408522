"""One link and the host it leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
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
#: Hosts that can't be reached from elsewhere: loopback and private addresses (RFC 1918, RFC 3927), and names of local
#: networks.
_LOCAL: Final = re.compile(
    r"(?:[a-z0-9_-]{1,63}\.){0,9}(?:localhost|local|internal|lan)|(?:127|10)(?:\.[0-9]{1,3}){3}|\[::1\]|0\.0\.0\.0"
    r"|(?:192\.168|169\.254|172\.(?:1[6-9]|2[0-9]|3[01]))(?:\.[0-9]{1,3}){2}"
)
#: What ends the host, by the kind of link. Other characters, such as brackets and quotes, may continue the host in a
#: browser.
_ENDS: Final = {
    "bare": re.compile(r"""[/?\#]|[)\].,;:!?'"*_`>\u2019\u201d\u00bb\u2026]*+(?:[\s<\[]|$)"""),
    "inline": re.compile(r"[/?#]|[)>\s]|$"),
    "given": re.compile(r"[/?#]|[ >\]\[]|$"),
}


#: What can follow a bare URL without being part of it.
_AFTER_URL: Final = ")].,;:!?'\"*_`>\u2019\u201d\u00bb\u2026"


class Context(Enum):
    """Where a link is written."""

    PROSE = "prose"
    CODE = "code"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its ``url`` as written and its ``host`` (lower case, without www, empty if the URL has no host).

    ``marked_up`` is true if the link is written in HTML, BBCode or Markdown; ``label`` is then its link text.
    ``is_tag`` is true for HTML and BBCode, unless the label is the address.
    """

    url: str
    host: str
    marked_up: bool = False
    label: str = ""
    context: Context = Context.PROSE
    is_tag: bool = field(default=False, compare=False)


def host_of(url: str) -> str:
    """Return the host that ``url`` leads to, in lower case and without www; empty if it has no host."""
    match = _HOST.match(_DOTS.sub(".", url.strip().lower()))
    host = match[1].strip(".").removeprefix("www.") if match else ""
    return host if _DOMAIN.fullmatch(host) else ""


def leads_home(text: str, site: str, start: int = 0, kind: str = "bare") -> bool:
    """Return whether every parser takes the URL at ``start`` as leading to a local host or to ``site``."""
    host, end = _certain(text, start, kind)
    return end > 0 and (
        _LOCAL.fullmatch(host) is not None or (site != "" and host.removeprefix("www.") == name_of(site))
    )


def address_of(url: str) -> str:
    """Return the host and the path of ``url``, for comparing links; empty if parsers may disagree about the host.

    Left out are the scheme, www, the fragment, a closing slash, and punctuation after a bare URL.
    """
    url = url.strip()
    host, end = _certain(url, 0, "bare")
    if not end:
        return ""
    path = url[end:].partition("#")[0].rstrip(_AFTER_URL).rstrip("/")
    return host.removeprefix("www.") + path


def certain_host(url: str) -> str:
    """Return the host of ``url`` without www if every parser takes the URL as leading there, else an empty string."""
    host, end = _certain(url.strip(), 0, "bare")
    return host.removeprefix("www.") if end else ""


def _certain(text: str, start: int, kind: str) -> tuple[str, int]:
    """Return the host that every parser finds in the URL at ``start``, and where it ends; otherwise "" and 0."""
    match = _PLAIN.match(text, start)
    if not match:
        return "", 0
    if kind == "given" and start and text[start - 1] in "\"'":
        ended = text[match.end() : match.end() + 1] in ("/", "?", "#", text[start - 1])
    else:
        ended = _ENDS.get(kind, _ENDS["inline"]).match(text, match.end()) is not None
    return (match["host"].lower().rstrip("."), match.end()) if ended else ("", 0)


@lru_cache(maxsize=64)
def name_of(site: str) -> str:
    """Return the site's host without its port and without www."""
    name = site.strip().lower()
    port = name.rfind(":") if name.rpartition(":")[2].isdecimal() else len(name)
    return name[:port].rstrip(".").removeprefix("www.")
