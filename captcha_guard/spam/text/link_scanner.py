"""Finds every link that a CommonMark renderer or a browser would follow, in time linear in the text.

Regular expressions find the positions where a link can start: a bare URL, the destination of a Markdown link, image or
reference definition, an autolink, an HTML attribute, a BBCode tag. A limited number of them are then parsed. No two
quantifiers in an expression can match the same characters, which keeps the search linear.

The text must have its invisible characters removed and its entities decoded, see :mod:`.invisible`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import Final, NamedTuple

from .link import Link, certain_match, host_of, leads_home

#: The maximum number of links that are parsed. More links don't change a verdict.
MOST_LINKS: Final = 100
#: The maximum number of links to the site itself and to loopback hosts that are skipped. Further ones count as links.
_MOST_SKIPPED: Final = 1000
#: The maximum number of hosts that are compared with the posted text. Further ones are uncertain.
_MOST_COMPARED: Final = 200
#: Characters of a URL that are read for the host of an uncertain link.
_LONGEST_AUTHORITY: Final = 500

#: Browsers remove these characters from a URL.
_DROPPED: Final = r"[\t\n\r]*+"
#: What a host can start with.
_HOST: Final = r"""(?:\[[0-9a-f:.]++\]|[^\s\\/<>"'()\[\]?\#])"""
_WEB: Final = rf"(?:{_DROPPED.join('http')}(?:{_DROPPED}s)?+|{_DROPPED.join('ftp')}){_DROPPED}\\?+:"
#: An absolute destination. Some parsers also follow ``https:x.example``, ``http:/x`` and ``https:\\x`` to another host.
_ABSOLUTE: Final = (
    rf"(?=[a-z\\/])(?:{_WEB}|[a-z][a-z0-9+.-]{{1,31}}+\\?+:(?=[\\/]{{2}})|(?=[\\/]{_DROPPED}[\\/]))[\\/\t\n\r]*+{_HOST}"
)
#: A host without a scheme, as programs also write it in an attribute or tag.
_NAMED: Final = r"""(?:[a-z0-9-]{1,63}+\.){1,5}+[a-z]{2,18}+(?=[/?\#\s"'<>\[\]]|$)"""

#: The kind of link, a string that every such link contains, and the expression for its start. They are searched in the
#: lower-case text. Each expression starts with literal characters, which makes the search fast.
_STARTS: Final = tuple(
    (kind, sign, re.compile(expression))
    for kind, sign, expression in (
        ("bare", "http", rf"http(?<![a-z0-9]http)s?+\\?+:(?=[\\/])[\\/]++{_HOST}"),
        ("bare", "ftp", rf"ftp(?<![a-z0-9]ftp)\\?+:(?=[\\/])[\\/]++{_HOST}"),
        ("bare", "www.", rf"""www\.(?<![a-z0-9.@-]www\.)[^\s.\\/<>"'()\[\]]++\.{_HOST}"""),
        ("inline", "](", rf"\]\([\s>]*+<?+\s*+(?={_ABSOLUTE})"),
        ("definition", "]:", rf"\]:[\s>]*+<?+(?={_ABSOLUTE})"),
        ("auto", "<", rf"<(?=[a-z]++[a-z0-9+.-]*+:)(?!//)(?={_ABSOLUTE})"),
        ("given", "href", rf"""href\s*+=\s*+\\?+["'`]?+\s*+(?={_ABSOLUTE}|{_NAMED})"""),
        ("given", "[url", rf"""\[url[=\]]\s*+["']?+\s*+(?={_ABSOLUTE}|{_NAMED})"""),
        ("given", "[link", rf"""\[link[=\]]\s*+["']?+\s*+(?={_ABSOLUTE}|{_NAMED})"""),
        ("shown", "src", rf"""src(?:set)?+\s*+=\s*+\\?+["'`]?+\s*+(?={_ABSOLUTE})"""),
    )
)
#: "http://`" is a scheme in code, and "http://..." stands for any address.
_HAS_HOST: Final = re.compile(r"[\\/]{2,}[^\w\\/]{0,9}\w|www\.\S*\w", re.IGNORECASE)
#: The rest of a URL. A bare URL may contain round brackets, as Wikipedia's do; a URL in markup ends at the bracket.
_REST: Final = re.compile(r"""[^\s<>"'\[\]]{0,2000}+""")
_TARGET: Final = re.compile(r"""(?:[^\s<>"'()\[\]]|(?<=/)\[[0-9a-fA-F:.]++\]){0,2000}+""")
_BEGINNING: Final = re.compile(r"^((?:https?|ftp):)[\\/]*|^()[\\/]{2,}", re.IGNORECASE)
_LAYOUT: Final = re.compile(r"[\t\n\r]")
_VALUE: Final = re.compile(r"""[^<>"'\[\] ]{0,2000}+""")

#: The text of an HTML or BBCode link, after its address.
_LABEL: Final = re.compile(
    r"[^<>\[\]]{0,1000}+(?:>(?P<html>[^<>]{0,300}+)</a\s*+>|\](?P<code>[^\[\]]{0,500}+)\[/(?:url|link)\])",
    re.IGNORECASE,
)
_LONGEST_LABEL: Final = 300

_REFERENCE: Final = re.compile(r"\[([^\[\]]{1,999}+)\]")
_DEFINITION: Final = re.compile(
    rf"\[(?P<label>[^\[\]]{{1,999}}+)\]:[\s>]*+<?+(?P<url>(?={_ABSOLUTE})[^\s<>()\[\]]*+)", re.IGNORECASE
)
#: Escaped brackets are part of a label. They are replaced with control characters, which the text doesn't contain, of
#: the same length.
_ESCAPED: Final = (("\\\\", "\x01\x01"), ("\\[", "\x02\x02"), ("\\]", "\x03\x03"))


class Found(NamedTuple):
    """A link and the position of its URL in the text."""

    place: int
    link: Link


def scan(text: str, site: str = "", most: int = MOST_LINKS, posted: str = "") -> list[Found]:
    """Return the links in ``text`` with their positions, at most ``most``.

    ``posted`` is the text before entities were decoded and invisible characters removed, if it differs. A link whose
    host and next characters aren't in it as they are here is uncertain, because some parsers see other characters.

    A marked-up link whose label is its own URL counts once. A reference counts as often as it is used or as its URL is
    written, whichever is more. Links to loopback hosts and to ``site`` don't count.
    """
    lowered = text.replace("\u0130", "i").lower()  # of the same length
    streams = [_starts(kind, start, lowered) for kind, sign, start in _STARTS if sign in lowered]
    if not streams:
        return []
    found: list[Found] = []
    hosts = _Hosts(text, posted)
    labelled = skipped = place = 0
    for start, end, kind in streams[0] if len(streams) == 1 else merge(*streams):
        if skipped < _MOST_SKIPPED and (start < place or hosts.lead_home(site, start, kind)):
            skipped += 1
            place = max(place, start + 1)
            continue
        rest = (_REST if kind in ("bare", "auto") else _TARGET).match(text, start)
        place = max(end, rest.end() if rest else 0)
        if kind == "bare" and not _HAS_HOST.search(text, start, place):
            continue
        link = hosts.link(start, place, kind)
        if kind == "inline":
            _add_inline(found, text, Found(start, link))
        elif kind == "given":
            labelled = max(labelled, _add_given(found, text, start, place, link))
        elif start >= labelled or kind != "bare":
            found.append(Found(start, link))
        if len(found) >= most:
            break
    return [*found, *_further_uses(text, site, most - len(found), hosts)]


def _starts(kind: str, start: re.Pattern[str], lowered: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the earliest possible end and the kind of each URL, in order."""
    for match in start.finditer(lowered):
        yield (match.start() if kind == "bare" else match.end()), match.end(), kind


class _Hosts:
    """Decides which links of a text certainly lead to the host that they seem to lead to."""

    def __init__(self, text: str, posted: str) -> None:
        self._text = text
        self._posted = posted if posted != text else ""
        self._compared: dict[str, bool] = {}

    def link(self, start: int, end: int, kind: str) -> Link:
        """Return the link from ``start`` to ``end``; the host of an uncertain one is the one that browsers find."""
        url = self._text[start:end]
        is_certain = self._is_certain(start, kind)
        further = "" if is_certain else host_of(_plain(self._text[start : start + _LONGEST_AUTHORITY]))
        return Link(url, further or host_of(_plain(url)), is_bare=kind == "bare", is_certain=is_certain)

    def lead_home(self, site: str, start: int, kind: str) -> bool:
        """Return whether the URL at ``start`` certainly leads to a local host or to ``site``."""
        return leads_home(self._text, site, start, kind) and self._is_certain(start, kind)

    def _is_certain(self, start: int, kind: str) -> bool:
        match = certain_match(self._text, start, kind)
        if not match or not self._posted:
            return match is not None
        written = self._text[start : match.end() + 2]
        if written not in self._compared:
            self._compared[written] = len(self._compared) < _MOST_COMPARED and (
                self._text.count(written) == self._posted.count(written)
            )
        return self._compared[written]


def _plain(url: str) -> str:
    """Return a URL in its usual form."""
    return _BEGINNING.sub(r"\1\2//", _LAYOUT.sub("", url).replace("\\:", ":").replace("\\.", "."), count=1)


def _add_inline(found: list[Found], text: str, one: Found) -> None:
    """Add a Markdown link; it replaces a bare link that is its whole label."""
    end = text.rfind("](", 0, one.place)
    start = text.rfind("[", max(0, end - _LONGEST_LABEL - 1), end) + 1
    label = text[start:end] if start else ""
    if "]" in label or "\n" in label:
        label = ""
    before = found[-1] if found else None
    if (
        before
        and before.place >= start
        and before.link.host == one.link.host
        and before.link.url == label.strip(" *_~<>")
    ):
        found.pop()
    found.append(Found(one.place, replace(one.link, marked_up=True, label=label.strip())))


def _add_given(found: list[Found], text: str, start: int, end: int, link: Link) -> int:
    """Add a link of HTML or BBCode; return the end of its label if the label is its URL, else 0."""
    value = _VALUE.match(text, start)
    url = _LAYOUT.sub("", value[0] if value else text[start:end])
    behind = _LABEL.match(text, end)
    label = (behind["html"] or behind["code"] or "").strip() if behind else ""
    if not label and text[start - 1] == "]":
        label = url
    host = link.host if not link.is_certain else host_of(_plain(url))
    is_address = bool(host) and host_of(label) == host and len(label.split()) == 1
    found.append(Found(start, replace(link, url=url, host=host, marked_up=True, label=label, is_tag=not is_address)))
    return behind.end() if behind and is_address else 0


def _further_uses(text: str, site: str, most: int, hosts: _Hosts) -> list[Found]:
    """Return the uses of reference definitions that exceed the number of times their URLs are written.

    What looks like a second definition of a label may be a use of the first one.
    """
    if most <= 0 or "]:" not in text:
        return []
    for written, stand_in in _ESCAPED:
        text = text.replace(written, stand_in)
    defined: dict[str, list[re.Match[str]]] = {}
    for match in islice(_DEFINITION.finditer(text), MOST_LINKS + _MOST_SKIPPED):
        if not hosts.lead_home(site, match.start("url"), "definition"):
            defined.setdefault(_label(match["label"]), []).append(match)
    if not defined:
        return []
    uses: Counter[str] = Counter()
    for label, times in Counter(_REFERENCE.findall(text)).items():
        uses[_label(label)] += times
    further: list[Found] = []
    for label, ones in defined.items():
        one = Found(ones[0].start("url"), replace(hosts.link(*ones[0].span("url"), "definition"), marked_up=True))
        further += [one] * min(most - len(further), max(0, uses[label] - 1 - len(ones)))
    return further


def _label(written: str) -> str:
    """Return a reference's label in the form in which CommonMark compares it."""
    return " ".join(written.split()).casefold()
