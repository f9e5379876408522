"""One link and the host it leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Final

_HOST: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,20}:)?(?://)?(?:[^/?# \t-\r@]{0,100}@)?([^/?#\s:@\\<>\"'\[\](),]{1,253})"
)
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
_BARE_END: Final = r"""[)\].,;:!?'"*_`>\u2019\u201d\u00bb\u2026]*+(?:[ \t\r\n]|<[^\s@\\/?\#]{0,100}+(?:[\s/]|$)|$)"""
#: What follows a host that certainly ends there, by the form of the link. A slash, ``?`` and ``#`` end every host.
#: Other characters, such as brackets and quotes, may continue the host or a user name before ``@`` in a browser.
_ENDS: Final = {
    form: re.compile(rf"[/?\#]|{ending}")
    for form, ending in {
        "bare": _BARE_END,
        "auto": r">",
        "inline": r"[) \t-\r]|$",
        "definition": r"[ \t-\r]|$",
        "<": r">",
        '"': r"""\"(?:[ \t-\r/>]|$)""",
        "'": r"'(?:[ \t-\r/>]|$)",
        "unquoted": r"[ \t-\r>]|$",
        "[url=": r"\]",
        '[url="': r"""["']\]""",
        "[url]": r"\[/",
        "field": r"$",
    }.items()
}
_BBCODE: Final = re.compile(r"\[(?:url|link)\s*+$", re.IGNORECASE)


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
    ``is_tag`` is true for HTML and BBCode, unless the label is the address. ``is_bare`` is true if the URL is written
    without any markup. ``is_certain`` is true if the text around the URL leaves no doubt about where its host ends.
    """

    url: str
    host: str
    marked_up: bool = False
    label: str = ""
    context: Context = Context.PROSE
    is_tag: bool = field(default=False, compare=False)
    is_bare: bool = field(default=True, compare=False)
    is_certain: bool = field(default=False, compare=False)

    @property
    def certain_host(self) -> str:
        """The host without www if every parser takes the link as leading there, else an empty string."""
        match = _PLAIN.match(self.url.strip()) if self.is_certain else None
        return _name(match).removeprefix("www.") if match else ""

    @property
    def address(self) -> str:
        """The host and the path, for comparing links; empty if parsers may disagree about the host.

        Left out are the scheme, www, the fragment, a closing slash, and punctuation after a bare URL.
        """
        url = self.url.strip()
        match = _PLAIN.match(url) if self.is_certain else None
        if not match:
            return ""
        path = url[match.end() :].partition("#")[0].rstrip(_AFTER_URL).rstrip("/")
        return _name(match).removeprefix("www.") + path


def host_of(url: str) -> str:
    """Return the host that ``url`` leads to, in lower case and without www; empty if it has no host."""
    match = _HOST.match(_DOTS.sub(".", url.strip().lower()))
    host = match[1].strip(".").removeprefix("www.") if match else ""
    return host if _DOMAIN.fullmatch(host) else ""


def leads_home(text: str, site: str, start: int = 0, kind: str = "field") -> bool:
    """Return whether every parser takes the URL at ``start`` as leading to a local host or to ``site``."""
    match = certain_match(text, start, kind)
    if not match:
        return False
    host = _name(match)
    return _LOCAL.fullmatch(host) is not None or (site != "" and host.removeprefix("www.") == name_of(site))


def certain_match(text: str, start: int = 0, kind: str = "field") -> re.Match[str] | None:
    """Match the scheme, the host and the port of the URL at ``start`` if every parser finds the same host in it."""
    match = _PLAIN.match(text, start)
    return match if match and _ENDS[_form(text, start, kind)].match(text, match.end()) else None


def _name(match: re.Match[str]) -> str:
    return match["host"].lower().rstrip(".")


def _form(text: str, start: int, kind: str) -> str:
    """Return the form of a link: its kind, or the character or the tag that opens its URL."""
    if kind in ("bare", "auto", "field"):
        return kind
    opener = _before(text, start)
    if kind in ("inline", "definition"):
        return "<" if text[opener : opener + 1] == "<" else kind
    if text[opener] == "]":
        return "[url]"
    quote = text[opener] if text[opener] in "\"'" else ""
    equals = _before(text, opener) if quote else opener
    if _BBCODE.search(text, max(0, equals - 20), equals):
        return '[url="' if quote else "[url="
    return quote or "unquoted"


def _before(text: str, place: int) -> int:
    """Return the position of the last character before ``place`` that isn't white space."""
    place -= 1
    while place > 0 and text[place].isspace():
        place -= 1
    return max(place, 0)


@lru_cache(maxsize=64)
def name_of(site: str) -> str:
    """Return the site's host without its port and without www."""
    name = site.strip().lower()
    port = name.rfind(":") if name.rpartition(":")[2].isdecimal() else len(name)
    return name[:port].rstrip(".").removeprefix("www.")
