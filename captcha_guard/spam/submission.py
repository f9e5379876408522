"""What a visitor posts, in our words, whatever the host's form calls its fields."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from .text.invisible import without_unseen
from .text.normalised import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What only the host knows of a submission.

    ``account`` is the name of the confirmed account that posts, never anything typed into the form; ``closed`` says
    that the post takes no more comments; ``post_age`` is the post's age in seconds, ``None`` if it isn't known.
    ``topic`` is the title and text of what is commented on, or a function without arguments that returns it and is
    called only when the filter needs it.
    """

    account: str = ""
    closed: bool = False
    post_age: float | None = None
    topic: str | Callable[[], str] = ""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One comment (or letter, or sign-up) as it was posted.

    ``scope`` names the form and, where narrowed, the post. ``client`` is the rate-limit key, never the address in
    clear. ``posted_at`` is in seconds since 1970. ``honeypot`` is what came in the field no person sees;
    ``seconds`` is how long the form was open, ``None`` where nothing tells.

    ``other`` holds every further text that was posted, whatever its field is called, and is judged like the body.
    ``private`` holds the values of fields named like passwords: rules see them, and they are never stored, learned or
    sent to a service. ``site`` is the host that serves the form; links to it don't count. ``whole`` is a digest of all
    that was posted and of where: it tells comments apart that say the same with another rating or to another parent.

    Only the host knows the rest, see :class:`Facts`: ``account``, ``closed``, ``post_age`` and ``topic``.
    """

    scope: str
    body: str
    author: str = ""
    email: str = ""
    url: str = ""
    client: str = ""
    user_agent: str = ""
    referrer: str = ""
    posted_at: float = 0.0
    honeypot: str = ""
    seconds: float | None = None
    account: str = ""
    closed: bool = False
    post_age: float | None = None
    topic: str | Callable[[], str] = field(default="", compare=False, repr=False)
    other: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    site: str = ""
    whole: str = ""

    @cached_property
    def text(self) -> Text:
        """What it says, normalised; what rules look at. Worked out once."""
        return Text.of(self.body, self.author, self.url, other=self.other, private=self.private, site=self.site)

    @cached_property
    def kept_text(self) -> Text:
        """What it says without ``private``: what is learned and remembered of it."""
        if not self.private:
            return self.text
        return Text.of(self.body, self.author, self.url, other=self.other, site=self.site)

    @cached_property
    def topic_text(self) -> str:
        """The title and text of what is commented on, "" if the host doesn't say.

        :raises TypeError: ``topic`` is not a text, or its function doesn't return one.
        """
        text: object = self.topic() if callable(self.topic) else self.topic
        if not isinstance(text, str):
            raise TypeError(f"Facts(topic=...) is {text!r}; a text is needed, or a function that returns a text")
        return text

    @property
    def content(self) -> str:
        """The body and all other texts but the private ones, one below the other; what services are sent."""
        return "\n\n".join(filter(None, (self.body, *self.other)))

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that identify scope, author, e-mail and body.

        If the body is empty, all texts without a role are used instead.
        """
        said = (self.body,) if self.body.strip() else self.other
        return _digest(self.scope, self.author, self.email, *said)

    @cached_property
    def duplicate_key(self) -> str:
        """32 hexadecimal digits that are the same only for the same POST by the same sender.

        Senders without a name and e-mail are told apart by their client.
        """
        nameless = not (self.author.strip() or self.email.strip())
        return _digest(self.fingerprint, self.whole, self.client if nameless else "")

    @property
    def can_be_duplicate(self) -> bool:
        """Whether the same POST again would be a duplicate. One without text, such as that of a button, wouldn't."""
        return bool(self.body.strip()) or any(len(text.split(maxsplit=1)) > 1 for text in self.other)


@lru_cache(maxsize=8)  # one POST makes several submissions of the same texts
def _digest(*parts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        written = " ".join(without_unseen(part).split()).encode("utf-8", "surrogatepass")
        digest.update(len(written).to_bytes(8, "big") + written)
    return digest.hexdigest()
