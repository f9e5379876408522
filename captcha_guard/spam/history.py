"""What rules ask about earlier comments. The memory behind it is in :mod:`.memory`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .submission import Submission
from .text.normalised import Text


class Party(StrEnum):
    """Whom a history belongs to: a client, a linked host, a confirmed account, or an author's typed name and email."""

    CLIENT = "client"
    HOST = "host"
    ACCOUNT = "account"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class History:
    """How many comments of one party were kept, and how many were spam."""

    ham: int = 0
    spam: int = 0


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
    return () if submission.client in ("", "shared") else (submission.client,)


def hosts_of(text: Text) -> tuple[str, ...]:
    """Return the hosts of the links in the texts and of the website field, 20 at most."""
    links = [*text.links, *([text.site] if text.site else [])]
    return tuple(dict.fromkeys(link.host for link in links if link.host))[:20]


def shown(host: str, submission: Submission) -> str:
    """Return a linked host as findings name it. A host that is only in a password field isn't shown."""
    return host[:60] if host in hosts_of(submission.kept_text) else "a host"
