"""Which links of a submission count.

Technical readers refer to documentation, to code and to the page itself, and paste code with addresses in it. Such
links don't count, within limits that leave spammers little to gain.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .history import Memory, Party, link_name
from .lists.known_hosts import is_forge, is_work
from .submission import Submission
from .text.link import Context, Link, host_of, name_of
from .text.quotes import addresses_in
from .text.registrable import registrable_domain
from .text.technical import is_on_subject, is_pasted

#: The most links to sites for programmers that don't count.
MOST_FORGES: Final = 3
#: The most domains whose links in code don't count.
MOST_CODE_DOMAINS: Final = 2
#: Words for each link of a text that explains its links, and of a text in which links in code don't count.
EXPLAINED: Final = 8
#: The same for a text with a message of a program or a command line, which readers paste without many words.
EXPLAINED_BY_MESSAGE: Final = 2
#: Up to this many explained links to one domain count as one.
MOST_OF_ONE_DOMAIN: Final = 3
#: An address within the path or the query of another one. The linked page may redirect to it.
_REDIRECT: Final = re.compile(r"(?:[/=?&]|%2f|%3d)(?:https?(?::|%3a)|www\.)", re.IGNORECASE)

#: The name of a link reference definition, ``[name]: https://...``.
_DEFINED: Final = re.compile(r"\[([^\[\]]{1,999}+)\]:[\s>]*+<?+(?=[a-z]{2,10}:|[\\/])")
_NUMBER: Final = re.compile(r"\^?\d{1,3}")
#: A reference whose text isn't its name, ``[text][name]``.
_FULL_REFERENCE: Final = re.compile(r"\][\s>]{0,3}\[[^\[\]]{0,999}+\](?!:)")


class Counted(NamedTuple):
    """The links that count, whether the text around them explains them, and links to sites for programmers."""

    links: tuple[Link, ...]
    explained: bool = False
    forges: tuple[Link, ...] = ()


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
        return Counted(counted[:1], forges=tuple(counting.forges))
    return Counted(counted, explained, tuple(counting.forges))


class _Counting:
    """Decides for one link after the other whether it counts, with limits for the whole submission."""

    def __init__(self, submission: Submission, memory: Memory | None) -> None:
        self._submission = submission
        self._memory = memory
        self._home = registrable_domain(name_of(submission.site)) if submission.site else ""
        self.forges: list[Link] = []
        self._code_domains: set[str] = set()

    def counts(self, link: Link) -> bool:
        host = link.certain_host
        if not host or _REDIRECT.search(link.url, len(host)):
            return True
        address = link.address
        path = address.removeprefix(host)
        if is_work(host, path) or (self._home and registrable_domain(host) == self._home):
            return False
        if self._submission.topic and address in addresses_in(self._submission.topic_text):
            return False
        if is_forge(host, path):
            self.forges.append(link)
            return len(self.forges) > MOST_FORGES
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

    No link may be repeated, have a text of its own, or lead to the author's own website.
    """
    text = submission.text
    if len({link.address for link in links}) < max(2, len(links)) or any(map(_has_own_text, links)):
        return False
    if any(_has_named_references(passage.tagged) for passage in text.passages):
        return False
    own = registrable_domain(text.site.host) if text.site else ""
    needed = EXPLAINED_BY_MESSAGE if is_pasted(text.cased) else EXPLAINED
    if len(text.words) < len(links) * needed or own in {registrable_domain(link.host) for link in links}:
        return False
    return is_on_subject(text.cased, text.words, submission.topic_text if submission.topic else "")


def _has_own_text(link: Link) -> bool:
    """Return whether a link shows another text than its address."""
    if not link.marked_up:
        return link.is_tag
    label = link.label.strip(" *_~<>")
    return link.is_tag or len(label.split()) != 1 or host_of(label) != link.host


def _has_named_references(text: str) -> bool:
    """Return whether a text uses reference definitions, as in ``[text][1]``, except for plain numbers, ``[1]``."""
    names = _DEFINED.findall(text)
    return bool(names) and (not all(map(_NUMBER.fullmatch, names)) or _FULL_REFERENCE.search(text) is not None)
