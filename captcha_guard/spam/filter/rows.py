"""The rows of the learning filter's three tables, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isfinite

from ...database.table import Row
from .regression import Weight


@dataclass(frozen=True, slots=True)
class Model:
    """The one row: ``version`` of the features, ``revision`` that every change raises, how many comments were taught.

    ``tokens`` and ``decisions`` are the numbers given last; none is given twice.
    """

    version: int = 0
    revision: int = 0
    ham: int = 0
    spam: int = 0
    tokens: int = 0
    decisions: int = 0

    @property
    def counts(self) -> Mapping[bool, int]:
        """How many comments were taught, by whether they are spam."""
        return {False: self.ham, True: self.spam}

    def counting(self, *, spam: bool, by: int) -> Model:
        """Return the row with so many more (or fewer) comments of a kind."""
        return replace(self, spam=self.spam + by) if spam else replace(self, ham=self.ham + by)


@dataclass(slots=True)
class Token(Weight):
    """A row of ``learning_tokens``: what it was taught, and its number."""

    number: int = 0

    def count(self, *, spam: bool, by: int) -> None:
        """Count it in so many more (or fewer) comments of a kind."""
        if spam:
            self.spam += by
        else:
            self.ham += by


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of ``learning_decisions``: a comment that was taught. ``tokens`` are numbers, in rising order."""

    number: int
    name: int
    spam: bool
    rules: int
    tokens: tuple[int, ...]


def packed(numbers: Iterable[int]) -> bytes:
    """Return rising numbers as differences, seven bits an octet, the lowest first (LEB128)."""
    octets, before = bytearray(), 0
    for number in numbers:
        difference, before = number - before, number
        while difference > 0x7F:
            octets.append(difference & 0x7F | 0x80)
            difference >>= 7
        octets.append(difference)
    return bytes(octets)


def unpacked(octets: bytes) -> tuple[int, ...]:
    """Return the numbers that :func:`packed` made into octets."""
    numbers, number, difference, shift = [], 0, 0, 0
    for octet in octets:
        difference |= (octet & 0x7F) << shift
        shift += 7
        if octet < 0x80:
            number += difference
            numbers.append(number)
            difference = shift = 0
    return tuple(numbers)


def token_row(name: str, token: Token) -> Row:
    """Return a token as its row."""
    return token.number, name, token.weight, token.squares, token.ham, token.spam


def read_token(row: tuple[str, int, float, float, int, int]) -> tuple[str, Token]:
    """Return the token of a row, with its name.

    :raises ValueError: the row holds what no lesson wrote; ``TypeError`` likewise.
    """
    name, number, weight, squares, ham, spam = row
    if not (isfinite(weight) and squares > 0 and isfinite(ham + spam)):
        raise ValueError(f"the token {name!r} has impossible numbers")
    return name, Token(weight, squares, ham, spam, number)


def read_decision(row: tuple[int, int, int, int, bytes]) -> Decision:
    """Return the decision of a row."""
    number, name, spam, rules, tokens = row
    return Decision(number, name, bool(spam), rules, unpacked(bytes(tokens)))
