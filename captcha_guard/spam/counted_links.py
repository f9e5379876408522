"""Which links of a submission count.

Technical readers refer to documentation, to code and to the page itself, and paste code with addresses in it. Such
links don't count, within limits that leave spammers little to gain.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from .history import Memory, Party, link_name
from .lists.known_hosts import FORGES, WORKS, is_listed
from .submission import Submission
from .text.link import Context, Link, name_of
from .text.link_scanner import scan
from .text.registrable import registrable_domain
from .text.technical import is_on_subject

#: The most links to sites for programmers that don't count.
MOST_FORGES: Final = 3
#: The most domains whose links in code don't count.
MOST_CODE_DOMAINS: Final = 2
#: Words for each link of a text that explains its links, and of a text in which links in code don't count.
EXPLAINED: Final = 8
#: Up to this many explained links to one domain count as one.
MOST_OF_ONE_DOMAIN: Final = 3
#: An address within the path or the query of another one. The linked page may redirect to it.
_REDIRECT: Final = re.compile(r"(?:[/=?&]|%2f|%3d)(?:https?(?::|%3a)|www\.)", re.IGNORECASE)


class Counted(NamedTuple):
    """The links that count, and whether the text around them explains them."""

    links: tuple[Link, ...]
    explained: bool = False


def counted_links(submission: Submission, memory: Memory | None = None) -> Counted:
    """Return the links that count.

    These don't count: links to the site's own domain, to works of reference and to addresses that the post links, the
    first three links to sites for programmers, links in code to at most two domains, and quoted links that are in a
    published comment of the same scope. Up to three links to one domain count as one in a text that explains them. A
    link counts if parsers may disagree about its host or if it has another address in its path.
    """
    links = submission.text.links
    if not links:
        return Counted(())
    counting = _Counting(submission, memory)
    counted = tuple(link for link in links if counting.counts(link))
    explained = _explained(submission, counted)
    if explained and len(counted) <= MOST_OF_ONE_DOMAIN and len({registrable_domain(one.host) for one in counted}) == 1:
        return Counted(counted[:1])
    return Counted(counted, explained)


class _Counting:
    """Decides for one link after the other whether it counts, with limits for the whole submission."""

    def __init__(self, submission: Submission, memory: Memory | None) -> None:
        self._submission = submission
        self._memory = memory
        self._home = registrable_domain(name_of(submission.site)) if submission.site else ""
        self._forges = 0
        self._code_domains: set[str] = set()

    def counts(self, link: Link) -> bool:
        host = link.certain_host
        if not host or _REDIRECT.search(link.url, len(host)):
            return True
        if is_listed(host, WORKS) or (self._home and registrable_domain(host) == self._home):
            return False
        if self._submission.topic and link.address in _addresses(self._submission.topic_text):
            return False
        if is_listed(host, FORGES):
            self._forges += 1
            return self._forges > MOST_FORGES
        if link.context == Context.CODE and len(self._submission.text.words) >= EXPLAINED:
            return not self._has_room_in_code(registrable_domain(host))
        return not (link.context == Context.QUOTE and self._is_published(link))

    def _has_room_in_code(self, domain: str) -> bool:
        if domain not in self._code_domains and len(self._code_domains) < MOST_CODE_DOMAINS:
            self._code_domains.add(domain)
        return domain in self._code_domains

    def _is_published(self, link: Link) -> bool:
        """Return whether the link is in a published comment of this scope, and in no spam."""
        name = link_name(self._submission.scope, link)
        past = self._memory.history(Party.LINK, (name,)) if self._memory and name else None
        return past is not None and past.ham > 0 and not past.spam


def _explained(submission: Submission, links: tuple[Link, ...]) -> bool:
    """Return whether the text is about its subject and has some words for each link.

    No link may be repeated, written in HTML or BBCode with a text of its own, or lead to the author's own website.
    """
    text = submission.text
    if len({link.address for link in links}) < max(2, len(links)) or any(link.is_tag for link in links):
        return False
    own = registrable_domain(text.site.host) if text.site else ""
    if len(text.words) < len(links) * EXPLAINED or own in {registrable_domain(link.host) for link in links}:
        return False
    return is_on_subject(text.cased, text.words, submission.topic_text if submission.topic else "")


@lru_cache(maxsize=8)  # one POST asks for the same topic several times
def _addresses(topic: str) -> frozenset[str]:
    """Return the addresses that a post links to."""
    return frozenset(filter(None, (found.link.address for found in scan(topic))))
