"""The rows of the learning filter's three tables, as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

from ...database.table import Row
from .features import FOUND, NOTHING_FOUND
from .regression import Rules, Weight, untaught_rules

#: Comments are counted in units of 1/64, because a weaker decision counts as less than one comment.
UNIT: Final = 64
#: How much a published comment counts that no moderator marked.
UNMARKED: Final = 0.5
#: In rows of this version of the features, the unit is a whole comment.
_WHOLE: Final = 1

#: The column ``rules`` of a decision has the rules' score in the lowest bits, then 64 minus the strength in units, then
#: one bit for an unmarked comment. So a row of an earlier version has full strength.
_SCORE_BITS: Final = 7
_MISSING_BITS: Final = 7
_UNMARKED_BIT: Final = 1 << (_SCORE_BITS + _MISSING_BITS)


@dataclass(frozen=True, slots=True)
class Model:
    """The one row of ``learning_model``: the version of the features, and how many comments were taught.

    Every transaction raises ``revision``. ``ham`` and ``spam`` count each decision, and half of each unmarked comment.
    ``last_token`` and ``last_decision`` are the last numbers that were used. No number is used twice.
    """

    version: int = 0
    revision: int = 0
    ham: float = 0.0
    spam: float = 0.0
    last_token: int = 0
    last_decision: int = 0

    @classmethod
    def read(cls, row: Sequence[int]) -> Model:
        """Return the model of a row, without its id."""
        version, revision, ham, spam, last_token, last_decision = map(int, row)
        unit = _unit(version)
        return cls(version, revision, ham / unit, spam / unit, last_token, last_decision)

    @property
    def row(self) -> Row:
        """The row of the table, without its id and revision."""
        unit = _unit(self.version)
        return self.version, round(self.ham * unit), round(self.spam * unit), self.last_token, self.last_decision

    def counting(self, *, spam: bool, by: float) -> Model:
        """Return the model with ``by`` added to the comments of a kind."""
        return replace(self, spam=self.spam + by) if spam else replace(self, ham=self.ham + by)


@dataclass(slots=True)
class Token(Weight):
    """A row of ``learning_tokens``: a token's weight and counts, and its number."""

    number: int = 0

    @property
    def counts(self) -> dict[bool, float]:
        """The number of comments that had the token, by label (True for spam)."""
        return {False: self.ham, True: self.spam}

    def count(self, *, spam: bool, by: float) -> None:
        """Add ``by`` to the comments of a kind."""
        if spam:
            self.spam += by
        else:
            self.ham += by


@dataclass(frozen=True, slots=True)
class Decision:
    """A row of ``learning_decisions``: the label of a comment, and the numbers of its tokens in rising order.

    ``name`` is a 63-bit hash of the comment's key. ``rules`` is the rules' score. ``strength`` is how much it counts,
    up to 1. ``unmarked`` means that the comment was published and no moderator decided.
    """

    number: int
    name: int
    spam: bool
    rules: int
    tokens: tuple[int, ...]
    strength: float = 1.0
    unmarked: bool = False

    @property
    def full_strength(self) -> float:
        """The strength if few comments come from its sources."""
        return UNMARKED if self.unmarked else 1.0


def packed(numbers: Iterable[int]) -> bytes:
    """Return rising numbers as their differences in LEB128: seven bits per byte, the lowest first."""
    packed_bytes, before = bytearray(), 0
    for number in numbers:
        difference, before = number - before, number
        while difference > 0x7F:
            packed_bytes.append(difference & 0x7F | 0x80)
            difference >>= 7
        packed_bytes.append(difference)
    return bytes(packed_bytes)


def unpacked(packed_bytes: bytes) -> tuple[int, ...]:
    """Return the numbers that :func:`packed` turned into bytes."""
    numbers, number, difference, shift = [], 0, 0, 0
    for byte in packed_bytes:
        difference |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            number += difference
            numbers.append(number)
            difference = shift = 0
    return tuple(numbers)


def rules_of(tokens: dict[str, Token]) -> Rules:
    """Return the weights of the rules. Their tokens are added to ``tokens`` if they are missing there."""
    start = untaught_rules()
    for name in (FOUND, NOTHING_FOUND):
        tokens.setdefault(name, Token(start.weight, start.squares))
    return Rules(tokens[FOUND], tokens[NOTHING_FOUND])


def in_units(strength: float) -> float:
    """Return a strength rounded to 1/64, at least 1/64 and at most 1."""
    return min(UNIT, max(1, round(strength * UNIT))) / UNIT


def token_row(name: str, token: Token) -> Row:
    """Return a token as its row."""
    return token.number, name, token.weight, token.squares, round(token.ham * UNIT), round(token.spam * UNIT)


def read_token(row: tuple[str, int, float, float, int, int]) -> tuple[str, Token]:
    """Return the token of a row, with its name.

    :raises ValueError: the filter never wrote these numbers.
    :raises TypeError: the filter never wrote these types.
    """
    name, number, weight, squares, ham, spam = row
    if not (isfinite(weight) and squares > 0 and isfinite(ham + spam)):
        raise ValueError(f"the token {name!r} has impossible numbers")
    return name, Token(weight, squares, ham / UNIT, spam / UNIT, number)


def decision_row(decision: Decision) -> Row:
    """Return a decision as its row."""
    missing = UNIT - round(decision.strength * UNIT)
    rules = decision.rules | missing << _SCORE_BITS | (_UNMARKED_BIT if decision.unmarked else 0)
    return decision.number, decision.name, int(decision.spam), rules, packed(decision.tokens)


def read_decision(row: tuple[int, int, int, int, bytes]) -> Decision:
    """Return the decision of a row."""
    number, name, spam, rules, tokens = row
    missing = rules >> _SCORE_BITS & (1 << _MISSING_BITS) - 1
    return Decision(
        number,
        name,
        bool(spam),
        rules & (1 << _SCORE_BITS) - 1,
        unpacked(bytes(tokens)),
        1 - missing / UNIT,
        bool(rules & _UNMARKED_BIT),
    )


def _unit(version: int) -> int:
    return 1 if version == _WHOLE else UNIT
