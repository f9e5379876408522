"""Texts that can be translated later. Each is an English sentence that also carries its parts.

``message`` and ``message_n`` mark a text for the catalogues, so their first arguments must be literal strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

#: The language in which the texts are written.
SOURCE: Final = "en"

#: A value that a text contains: a name or quote, a number, or another message.
Value = str | int | float

_NUMBER: Final = re.compile(r"(%\(\w+\))d")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a message.

    ``msgid`` is the English sentence with placeholders such as ``%(name)s``. ``plural`` is its plural form, and
    ``number`` selects one of the two; they are ``None`` for texts without a plural. ``values`` fill the
    placeholders.
    """

    msgid: str
    plural: str | None
    number: int | None
    values: Mapping[str, Value]


class Message(str):
    """A text for visitors or moderators. As a string it is the English sentence, or a translation of it.

    ``language`` is the tag of the language that the string was translated to, ``None`` before that.
    """

    __slots__ = ("language", "parts")

    parts: Parts
    language: str | None

    def __new__(cls, text: str, parts: Parts, language: str | None = None) -> Message:
        """Return a message whose string is ``text``. Write :func:`message` or :func:`message_n` to get a new one."""
        made = super().__new__(cls, text)
        made.parts, made.language = parts, language
        return made

    def __getnewargs__(self) -> tuple[str, Parts, str | None]:  # type: ignore[override]  # for copies and pickles
        return str(self), self.parts, self.language

    @property
    def msgid(self) -> str:
        """The English sentence with placeholders, in the singular if it has a plural."""
        return self.parts.msgid

    @property
    def plural(self) -> str | None:
        """The plural form of the English sentence, ``None`` if it has none."""
        return self.parts.plural

    @property
    def number(self) -> int | None:
        """The number that selects the singular or the plural, ``None`` if there is no plural."""
        return self.parts.number

    @property
    def values(self) -> Mapping[str, Value]:
        """The values of the placeholders."""
        return self.parts.values

    @property
    def english(self) -> str:
        """The English sentence."""
        return fill(english_form(self.parts), self.values, english_value)

    def filled(self, **values: Value) -> Message:
        """Return the message with these values for its placeholders."""
        return _made(replace(self.parts, values=values))

    def translated(self, text: str, language: str) -> Message:
        """Return the same message with its translation as the string."""
        return Message(text, self.parts, language)


def message(msgid: str, **values: Value) -> Message:
    """Return a message. ``values`` fill placeholders such as ``%(name)s`` and, for numbers, ``%(name)d``.

    Without values the text isn't formatted, so that :meth:`Message.filled` can do it later.
    """
    return _made(Parts(msgid, None, None, values))


def message_n(singular: str, plural: str, count: int, **values: Value) -> Message:
    """Return a message whose wording depends on ``count``, which is also the value ``%(count)d``."""
    return _made(Parts(singular, plural, count, {"count": count, **values}))


def sentences(first: str, second: str) -> Message:
    """Return two whole sentences, one after the other. Each can be a message or any other text."""
    # Translators: joins two sentences, each with its full stop. Languages without spaces leave the space out.
    return message("%(first)s %(second)s", first=first, second=second)


def in_english(text: str) -> str:
    """Return a message in English. Any other text is returned unchanged."""
    return Message(text.english, text.parts) if isinstance(text, Message) else text


def joined(items: Iterable[str]) -> str:
    """Return the items as a list in a sentence. Each can be a message or any other text."""
    *first, last = items
    listed: str = last
    for item in reversed(first):
        # Translators: joins the items of a list; the second part may be a list, too.
        listed = message("%(item)s, %(more)s", item=item, more=listed)
    return listed


def english_form(parts: Parts) -> str:
    """Return the English sentence with placeholders, in the singular or plural."""
    return parts.msgid if parts.plural is None or parts.number == 1 else parts.plural


def english_value(value: Value) -> str:
    """Return a value as English texts show it."""
    if isinstance(value, Message):
        return value.english
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.12g}"


def fill(sentence: str, values: Mapping[str, Value], shown: Callable[[Value], str]) -> str:
    """Return a sentence with its placeholders replaced. ``shown`` returns a value as text.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` for a placeholder that is wrong or has no value.
    """
    if not values:
        return sentence
    return _NUMBER.sub(r"\1s", sentence) % {name: shown(value) for name, value in values.items()}


def _made(parts: Parts) -> Message:
    return Message(fill(english_form(parts), parts.values, english_value), parts)
