"""Links in a text, and the hosts that they lead to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

#: Links of the body that are taken apart; no verdict changes after as many.
MOST_LINKS: Final = 100

#: A link has a scheme, a leading www, or markup around it: "ASP.NET" is none. Markup and the URL inside count once.
#: No part can run over the start of another of its kind: the time to search hostile text stays linear.
LINK: Final = re.compile(
    r"""\[(?P<said>[^\[\]\n]{0,300})\]\(\s*(?P<drawn>(?:https?://|www\.)[^)\s]*)\)?
    | <a\s(?=[^<>]{0,500}href)(?P<tag>[^<>]{0,1000})>
      (?:(?P<text>[^<>]{0,300})</a\s*>|\s*(?:https?://|www\.)[^\s<]*)?
    | \[(?:url|link)(?:=(?P<at>[^\[\]\s]{0,500}))?\]
      (?:(?P<inside>[^\[\]]{0,500})\[/(?:url|link)\]|\s*(?:https?://|www\.)[^\s\[]*)?
    | \b(?P<bare>(?:https?|ftp)://[^\s<>"']+)
    | (?<![\w.@-])(?P<www>www\.[a-z0-9-]+\.[^\s<>"']+)""",
    re.IGNORECASE | re.VERBOSE,
)

#: No link goes without one of these; most comments have none, and are spared the expression.
SIGNS: Final = ("://", "www.", "<a", "[url", "[link")

_HREF: Final = re.compile(r"""href\s?=\s?["']?([^\s"'<>]{0,500})""", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]{0,20}:)?(?://)?(?:[^/?#\s@]{0,100}@)?([^/?#\s:@\\<>\"'\[\](),]{1,253})")
_DOMAIN: Final = re.compile(r"[^\s.]{1,63}(?:\.[^\s.]{1,63}){1,30}")


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its ``url`` as written, the ``host`` it leads to (lower case, without www, empty where there is none).

    ``marked_up`` says that HTML, BBCode or Markdown made it one; ``label`` is the text that stands for it then.
    """

    url: str
    host: str
    marked_up: bool = False
    label: str = ""


def find_links(text: str) -> tuple[Link, ...]:
    """Return the links in ``text``, 100 at most; a marked-up one counts once."""
    lowered = text.lower()
    if not any(sign in lowered for sign in SIGNS):
        return ()
    return tuple(_link(match) for match in islice(LINK.finditer(text), MOST_LINKS))


def host_of(url: str) -> str:
    """Return the host that ``url`` leads to, in lower case and without www; empty where it names none."""
    match = _HOST.match(url.strip().lower())
    host = match[1].strip(".").removeprefix("www.") if match else ""
    return host if _DOMAIN.fullmatch(host) else ""


def _link(match: re.Match[str]) -> Link:
    found = match.groupdict()
    bare = found["bare"] or found["www"]
    if bare:
        return Link(bare, host_of(bare))
    label = found["said"] or found["text"] or found["inside"] or ""
    if found["tag"] is not None:
        href = _HREF.search(found["tag"])
        url = href[1] if href else ""
    else:
        url = found["drawn"] or found["at"] or label.strip()
    return Link(url, host_of(url), marked_up=True, label=label.strip())
