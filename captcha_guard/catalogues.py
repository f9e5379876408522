"""The translations in ``translations/``: finds the catalogues, reads them, and translates messages with them.

A catalogue is the file ``translations/<tag>/LC_MESSAGES/captcha_guard.po``. It is read at its first use in a process.
Babel is imported then, so a site that only uses English never loads it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from functools import cache, lru_cache, partial
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from .messages import SOURCE, Message, Value, english_form, fill

#: The folder of the catalogues.
FOLDER: Final = Path(__file__).with_name("translations")

#: The characters that keep a text of unknown direction from changing the order of the sentence around it.
ISOLATE: Final = "\u2068"
END_ISOLATE: Final = "\u2069"

#: A host's function that replaces texts. It takes a message and a language tag, and returns the replacement with the
#: same placeholders, or ``None`` for the catalogue's text.
Localize = Callable[[Message, str], str | None]

#: The most characters of a wanted tag that are compared. Real tags have fewer than 50.
LONGEST_TAG: Final = 100

logger = logging.getLogger("captcha_guard")


@cache
def available() -> tuple[str, ...]:
    """Return the tags of the languages that have a catalogue: English first, then the others in order."""
    found = {path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/captcha_guard.po")}
    return (SOURCE, *sorted(found - {SOURCE}))


def path_of(tag: str) -> Path:
    """Return the file of a language's catalogue."""
    return FOLDER / tag / "LC_MESSAGES" / "captcha_guard.po"


@cache
def catalogue(tag: str) -> GNUTranslations:
    """Return the translations of a language. Texts without a translation stay English."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - only sites in other languages need it
    from babel.messages.pofile import read_po  # noqa: PLC0415 - the same

    with path_of(tag).open("rb") as file:
        read = read_po(file, locale=tag.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def direction(tag: str) -> str:
    """Return the direction in which a language is written: ``ltr`` or ``rtl``."""
    if tag == SOURCE:
        return "ltr"
    from babel import Locale  # noqa: PLC0415 - only sites in other languages need it

    return Locale.parse(tag, sep="-").text_direction


def closest(tag: str, allowed: Collection[str]) -> str | None:
    """Return the tag in ``allowed`` for a wanted one, such as de for de-AT, or ``None`` without a match.

    The wanted tag may be any text. Case doesn't matter, and it may have underscores.
    """
    known = {one.lower(): one for one in allowed}
    wanted = tag[:LONGEST_TAG].strip().lower().replace("_", "-")
    while wanted:
        if wanted in known:
            return known[wanted]
        wanted = wanted.rpartition("-")[0]
    return None


@lru_cache(maxsize=1000)
def _formatted(number: float, tag: str) -> str:
    from babel.numbers import format_decimal  # noqa: PLC0415 - only sites in other languages need it

    return format_decimal(number, locale=tag.replace("-", "_"))


class Translator:
    """Translates messages. ``localize`` is the host's function, which comes before the catalogues."""

    def __init__(self, localize: Localize | None = None) -> None:
        self._localize = localize

    def changes(self, tag: str) -> bool:
        """Return whether texts in the language of ``tag`` can differ from the English ones in the code."""
        return tag != SOURCE or self._localize is not None

    def translate(self, text: str, tag: str) -> str:
        """Return a message in the language of ``tag``. It is still a message. Any other text is returned unchanged."""
        if not isinstance(text, Message) or text.language == tag:
            return text
        if text.language is None and not self.changes(tag):
            return text
        return text.translated(self._worded(text, tag), tag)

    def _worded(self, text: Message, tag: str) -> str:
        shown = partial(self._shown, tag=tag)
        if (own := self._localized(text, tag)) is not None:
            try:
                return fill(own, text.values, shown)
            except (KeyError, TypeError, ValueError):
                logger.exception(
                    "captcha_guard: localize returned %r for %r; keep its placeholders and write %% as %%%%",
                    own,
                    text.msgid,
                )
        return fill(_sentence(text, tag), text.values, shown)

    def _localized(self, text: Message, tag: str) -> str | None:
        """Return the host's text. One that is only the English sentence again doesn't replace the translation."""
        if self._localize is None:
            return None
        try:
            own = self._localize(text, tag)
            own = None if own is None else str(own)  # a lazy text does its work here
        except Exception:
            logger.exception("captcha_guard: localize failed for %r, so the catalogue's text is used", text.msgid)
            return None
        return None if own in (text.msgid, text.plural) else own

    def _shown(self, value: Value, *, tag: str) -> str:
        if isinstance(value, Message):
            return str(self.translate(value, tag))
        if isinstance(value, str):
            return f"{ISOLATE}{value}{END_ISOLATE}" if direction(tag) == "rtl" else value
        return _formatted(value, tag)


def _sentence(text: Message, tag: str) -> str:
    """Return the translated sentence with placeholders."""
    if tag == SOURCE:
        return english_form(text.parts)
    if text.plural is None or text.number is None:
        return catalogue(tag).gettext(text.msgid)
    return catalogue(tag).ngettext(text.msgid, text.plural, text.number)
