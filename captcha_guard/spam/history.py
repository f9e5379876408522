"""What the rules want to know of the past; where it is kept is not their business."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from .submission import Submission
from .text.normalised import Text


class Party(StrEnum):
    """Whose past it is: a client's, a linked host's, a confirmed account's, or that of a typed name with its e-mail."""

    CLIENT = "client"
    HOST = "host"
    ACCOUNT = "account"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class History:
    """How many comments of one party were kept, and how many turned out to be spam."""

    ham: int = 0
    spam: int = 0


class Memory(Protocol):
    """What is remembered of comments that were taken. ``None`` stands for: nobody can tell now."""

    def history(self, party: Party, names: tuple[str, ...]) -> History | None:
        """Return the past of those names of a party together."""
        ...

    def alike(self, submission: Submission) -> int | None:
        """Return how many other comments of the last 24 hours say nearly the same, anywhere on the site."""
        ...


def author_of(submission: Submission) -> tuple[str, ...]:
    """Return the name under which a typed author's past is kept; empty without an e-mail, which is not published."""
    email = submission.email.strip().casefold()
    return (f"{submission.text.author}\n{email}",) if email and submission.text.author else ()


def client_of(submission: Submission) -> tuple[str, ...]:
    """Return the client's key; empty where it stands for everyone whose address is not known."""
    return () if submission.client in ("", "shared") else (submission.client,)


def hosts_of(text: Text) -> tuple[str, ...]:
    """Return the hosts that the texts and the website's field lead to, 20 at most."""
    links = [*text.links, *([text.site] if text.site else [])]
    return tuple(dict.fromkeys(link.host for link in links if link.host))[:20]


def shown(host: str, submission: Submission) -> str:
    """Return a linked host as findings name it, who must not quote what was typed into a password's field."""
    return host[:60] if host in hosts_of(submission.kept_text) else "a host"
