"""What rules ask about earlier comments and about bans. The memory behind it is in :mod:`.memory`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from ..messages import Message, message_n, sentences
from .lists.known_hosts import PLATFORMS, is_forge, is_listed, is_work
from .submission import Submission
from .text.link import Link
from .text.normalised import Text
from .text.registrable import registrable_domain

#: The host and the parts of a path that tell pages of a platform apart: /user/project/issues, /document/d/identifier.
_SEGMENTS: Final = 4

#: The key that all clients without a known address share.
SHARED_CLIENT: Final = "shared"


class Party(StrEnum):
    """Whom a history belongs to.

    A client, a linked site, a confirmed account, an author's typed name and email, or a link within one scope.
    """

    CLIENT = "client"
    HOST = "host"
    ACCOUNT = "account"
    AUTHOR = "author"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class History:
    """How many comments of one party were kept, and how many were spam."""

    ham: int = 0
    spam: int = 0


@dataclass(frozen=True, slots=True)
class Ban:
    """A client that may not post until a time. ``client`` is its key. ``since`` and ``until`` are in UTC."""

    client: str
    since: datetime
    until: datetime
    note: str = ""


class Memory(Protocol):
    """What is remembered about stored comments. ``None`` means that the memory can't be read now."""

    def history(self, party: Party, names: tuple[str, ...]) -> History | None:
        """Return the added counts of these names of a party."""
        ...

    def alike(self, submission: Submission) -> int | None:
        """Return how many other comments of the last 24 hours are nearly the same, on the whole site."""
        ...


def author_of(submission: Submission) -> tuple[str, ...]:
    """Return the name of a typed author's history.

    It is empty without an email: the name alone could be anybody's, but the email isn't published.
    """
    email = submission.email.strip().casefold()
    return (f"{submission.text.author}\n{email}",) if email and submission.text.author else ()


def client_of(submission: Submission) -> tuple[str, ...]:
    """Return the client's key. It is empty for the key that all clients without a known address share."""
    return () if submission.client in ("", SHARED_CLIENT) else (submission.client,)


def hosts_of(text: Text) -> tuple[str, ...]:
    """Return the hosts of the links in the texts and of the website field, 20 at most."""
    links = [*text.links, *([text.site] if text.site else [])]
    return tuple(dict.fromkeys(link.host for link in links if link.host))[:20]


def sites_of(text: Text) -> tuple[str, ...]:
    """Return the names of the linked sites' histories, 20 at most.

    A name is the registrable domain or, on a platform that many people publish on, the host and the beginning of the
    path. Works of reference have no history, because spam that links to them says nothing about other comments.
    """
    links = [*text.links, *([text.site] if text.site else [])]
    return tuple(dict.fromkeys(name for link in links if (name := _site_name(link))))[:20]


def _site_name(link: Link) -> str:
    host = link.host
    address = link.address.lower() or host
    path = address.removeprefix(host)
    if not host or is_work(host, path):
        return ""
    if not is_listed(host, PLATFORMS) and not is_forge(host, path):
        return registrable_domain(host)
    segments = address.split("/")
    return "/".join(segments[:_SEGMENTS]).partition("?")[0] if len(segments) > 2 else address


def links_of(submission: Submission) -> tuple[str, ...]:
    """Return the names of the histories of the submission's links, 5 at most."""
    names = (link_name(submission.scope, link) for link in submission.kept_text.links)
    return tuple(dict.fromkeys(filter(None, names)))[:5]


def link_name(scope: str, link: Link) -> str:
    """Return the name of a link's history in this scope. It is empty if the link's host is uncertain."""
    return f"{scope}\n{link.address}" if link.address else ""


def with_kept(sentence: Message, past: History) -> Message:
    """Return a sentence about spam of a party. If other comments of it were kept, a second sentence says how many."""
    if not past.ham:
        return sentence
    # Translators: follows "3 comments that linked to example.com were spam."
    kept = message_n("%(count)d other comment was kept.", "%(count)d other comments were kept.", past.ham)
    return sentences(sentence, kept)


def shown(host: str, submission: Submission) -> str:
    """Return a linked host as findings name it. A host that is only in a password field isn't shown."""
    known = (*hosts_of(submission.kept_text), *sites_of(submission.kept_text))
    return host[:60] if host in known else "a host"
