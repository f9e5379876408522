"""Addresses written so that they aren't links, which link counters miss."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ...messages import message
from ..history import hosts_of
from ..lists.known_hosts import is_forge, is_work
from ..submission import Submission
from ..text.link import name_of
from ..verdict import Finding

#: Endings that programs have, too, as in "main.rs" or ".NET".
_COMMON: Final = "com|net|org|info|biz|ru"
#: Endings of cheap domains, which are also English words, and those that a sentence may begin with.
_CHEAP: Final = "xyz|top|shop|site|online|club|store|vip|casino|poker"
_WORDS: Final = "live|win|bet|me|co"
#: A domain followed by a path. Without a path, as in "numpy.org" or "main.rs", it is often an ordinary mention.
PLAIN: Final = re.compile(
    r"(?<![\w./@:-])(?P<host>[a-z0-9][a-z0-9-]{1,62}(?:\.[a-z0-9-]{1,62}){0,3}\."
    rf"(?:{_COMMON}|{_CHEAP}|{_WORDS}))/[a-z0-9]"
)
#: A cheap domain without a path: two words with a hyphen, or a word after an invitation. Names in code have neither.
MENTIONED: Final = re.compile(
    r"(?:(?<![\w./@:`#$=%&?-])[a-z0-9]{2,30}+(?:-[a-z0-9]{2,30}+){1,4}"
    r"|\b(?:visit|join|(?:how|me|us|website|site)\ (?:at|is|on))\ (?:www\.)?+[a-z0-9]{4,30}+)"
    rf"\.(?:{_CHEAP}|{_WORDS})(?![\w@(=`/-]|\.\w)",
    re.VERBOSE,
)
_SPACE: Final = r"[^\S\x1e]{1,3}"
_BRACKETED: Final = r"\s?[\[(]\s?(?:dot|\.)\s?[\])]\s?"
#: A domain with white space on both sides of the dot, or before the dot only if a path follows. Readers write ".NET"
#: after any word, and ".NET/Java" too, so "name .net/x" doesn't count.
DISGUISED: Final = re.compile(
    rf"(?<![\w./@:-])[a-z][a-z0-9-]{{3,62}}+(?:{_SPACE}\.{_SPACE}(?:{_COMMON}|{_CHEAP})\b"
    rf"|{_BRACKETED}(?:{_COMMON}|{_CHEAP})\b|[\[(](?:dot|\.)[\])](?:{_WORDS})\b"
    rf"|{_SPACE}\.(?!net/)(?:{_COMMON}|{_CHEAP})/[a-z0-9])"
)
#: Every match of ``DISGUISED`` contains this, and searching for this first is much faster.
_APART: Final = re.compile(r"\s\.|[\[(]\s?(?:dot|\.)")


class BareDomain:
    """Scores a domain with a path or a cheap one, and a disguised one double: example . com, example[dot]com."""

    slug: ClassVar[str] = "bare_domain"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 15
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("A domain is written so that it isn't a link.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for domains without a scheme, outside the links."""
        plain = submission.text.plain
        if _APART.search(plain) and DISGUISED.search(plain):
            return Finding(self.slug, 2 * self.weight, message("A domain is disguised so that it isn't a link."))
        if "/" in plain and any(map(_is_foreign, PLAIN.findall(plain))):
            return Finding(self.slug, self.weight, message("A domain with a path is written without being a link."))
        if any(_host(match[0]) not in _own(submission) for match in MENTIONED.finditer(plain)):
            return Finding(self.slug, self.weight, message("A domain is written without being a link."))
        return None


def _is_foreign(host: str) -> bool:
    return not is_work(host) and not is_forge(host)


def _host(mentioned: str) -> str:
    return mentioned.rpartition(" ")[2].removeprefix("www.")


def _own(submission: Submission) -> set[str]:
    """Return the hosts that are links anyway, and that of the site itself."""
    return {name_of(submission.site), *hosts_of(submission.text)}
