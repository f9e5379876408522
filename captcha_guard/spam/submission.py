"""What a visitor posts, in the guard's terms, whatever the names of the form's fields."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from .text.invisible import without_unseen
from .text.normalised import Text
from .text.quotes import has_quotes, without_known_quotes

logger = logging.getLogger("captcha_guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What only the host knows about a submission.

    ``account`` is the name of the confirmed account that posts, never something typed into the form. ``closed`` means
    that the post takes no more comments. ``post_age`` is the post's age in seconds, ``None`` if it is unknown.
    ``topic`` is the title and text of what is commented on, or a function without arguments that returns it and is
    called only when it is needed. Quotes of it aren't judged, and its links don't count. ``replaces`` is the id of the
    verdict on the stored comment that this one replaces, as an edit does. The two aren't compared, and once the view
    has stored the new one, the guard forgets the old one.
    """

    account: str = ""
    closed: bool = False
    post_age: float | None = None
    topic: str | Callable[[], str] = ""
    replaces: str = ""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One comment (or letter, or sign-up) as it was posted.

    ``scope`` names the form and, if the host narrows it, the post. ``client`` is the rate-limit key, a keyed hash of
    the address. ``posted_at`` is in seconds since 1970. ``honeypot`` is the content of the hidden field. ``seconds``
    is how long the form was open, ``None`` if it is unknown.

    ``other`` contains all other texts, whatever their fields are called. They are judged like the body. ``private``
    contains the values of fields named like passwords. Rules see them, but they are never stored, learned or sent to a
    service. ``site`` is the host that serves the form; links to it don't count. ``whole`` is a digest of everything
    that was posted. It differs for comments with the same text but another rating or another parent.

    ``account``, ``closed``, ``post_age`` and ``topic`` are the host's :class:`Facts`. ``replaces`` is the comment key
    of the stored comment that this one replaces.
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
    replaces: str = ""

    @cached_property
    def text(self) -> Text:
        """The normalised text, which rules look at."""
        return self._read(self.private)

    @cached_property
    def kept_text(self) -> Text:
        """The normalised text without ``private``, which the filter learns and the memory stores."""
        if not self.private:
            return self.text
        return self._read(())

    def _read(self, private: tuple[str, ...]) -> Text:
        body = self.body
        if has_quotes(body) and self.topic_text:
            body = without_known_quotes(body, self.topic_text)
        return Text.of(body, self.author, self.url, other=self.other, private=private, site=self.site)

    @cached_property
    def topic_text(self) -> str:
        """The title and text of what is commented on, "" if the host doesn't say.

        If it isn't a text, or its function fails, this is logged, and the submission is judged without it: quotes and
        links of the post then count.
        """
        if not self.topic:
            return ""
        try:
            return _checked(self.topic() if callable(self.topic) else self.topic)
        except Exception:
            logger.exception(
                "captcha_guard: the topic of %.200r failed, so the submission is judged without it", self.scope
            )
            return ""

    @property
    def content(self) -> str:
        """The body and all other texts except the private ones, which services get."""
        return "\n\n".join(filter(None, (self.body, *self.other)))

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that identify scope, author, email and body.

        If the body is empty, all texts without a role are used instead. The fingerprint isn't stored.
        """
        texts = (self.body,) if self.body.strip() else self.other
        return _digest(self.scope, self.author, self.email, *texts)

    @property
    def can_be_duplicate(self) -> bool:
        """Whether the same POST again would be a duplicate. A POST without text, as from a button, wouldn't."""
        return bool(self.body.strip()) or any(len(text.split(maxsplit=1)) > 1 for text in self.other)


def _checked(topic: object) -> str:
    if not isinstance(topic, str):
        raise TypeError(f"Facts(topic=...) is {topic!r}; a text is needed, or a function that returns a text")
    return topic


@lru_cache(maxsize=8)  # one POST makes several submissions of the same texts
def _digest(*parts: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        written = " ".join(without_unseen(part).split()).encode("utf-8", "surrogatepass")
        digest.update(len(written).to_bytes(8, "big") + written)
    return digest.hexdigest()
