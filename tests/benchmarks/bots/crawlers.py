"""Bots that don't read pictures: they post blindly, fill in what they find, guess, or post as fast as they can."""

from __future__ import annotations

import random
from collections.abc import Mapping

from captcha_guard.challenge.answer import ALPHABET
from tests.benchmarks.bots.bot import Bot
from tests.benchmarks.bots.site import BODY, Site
from tests.benchmarks.bots.texts import Writer
from tests.crowd.visitor import Answer, Visitor

#: Names that bots give to the text of a comment when they don't look at the form.
GUESSED_NAMES = (BODY, "comment", "text", "message")


class BlindPoster(Bot):
    """Posts to the form's address without opening the page first."""

    name = "blind poster"

    def __init__(self, write: Writer) -> None:
        self._write = write

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Post the usual field names."""
        spam = self._write(number)
        return visitor.post(f"{_page(site, number)}/comments", {**spam, **dict.fromkeys(GUESSED_NAMES, spam[BODY])})


class FormFiller(Bot):
    """Opens the page, waits as a person would, and fills in every input that it finds, also those for programs."""

    name = "form filler"
    wait = 8.0

    def __init__(self, write: Writer) -> None:
        self._write = write

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Fill in all empty inputs of the form."""
        page = visitor.get(_page(site, number))
        spam = self._write(number)
        site.clock.sleep(self.wait)
        fields = {name: value or self.fill(spam) for name, value in page.fields().items()}
        return visitor.post(f"{_page(site, number)}/comments", {**fields, **spam})

    def fill(self, spam: Mapping[str, str]) -> str:
        """Return the text for an input that the bot doesn't know."""
        return spam["author"]


class FastFiller(FormFiller):
    """The same without a pause, and it leaves inputs empty that it doesn't know."""

    name = "fast filler"
    wait = 0.0

    def fill(self, spam: Mapping[str, str]) -> str:  # noqa: ARG002 - it doesn't know the input
        """Return nothing."""
        return ""


class Guesser(FormFiller):
    """Guesses the code with the alphabet and the lengths of the package."""

    name = "guesser"

    def __init__(self, write: Writer, seed: int = 1) -> None:
        super().__init__(write)
        self._random = random.Random(seed)

    def fill(self, spam: Mapping[str, str]) -> str:  # noqa: ARG002 - a guess needs no text
        """Return a random code."""
        return "".join(self._random.choices(ALPHABET, k=self._random.choice((5, 6))))


class Flooder(Bot):
    """Opens one page, and posts its form again and again."""

    name = "flooder"

    def __init__(self, write: Writer) -> None:
        self._write = write

    def begin(self, site: Site, visitor: Visitor) -> None:
        """Open the page once."""
        self._fields = visitor.get(_page(site, 0)).fields()

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Post the form with a wrong code."""
        fields = {**self._fields, **self._write(number), site.answer or "answer": "WRONG"}
        return visitor.post(f"{_page(site, 0)}/comments", fields)


def _page(site: Site, number: int) -> str:
    return site.pages[number % len(site.pages)]
