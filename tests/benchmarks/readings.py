"""Readings of pictures by vision-language models that didn't know the codes, compared as the guard compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from captcha_guard.challenge.answer import matches, normalise
from captcha_guard.cli.options import presets
from captcha_guard.statistics.interval import Share

_COLUMNS = ("number", "answer", "level", "style", "look")


class ReadingsError(ValueError):
    """A key or a file of readings can't be used. The message has the place and the reason."""


class Shown(NamedTuple):
    """One picture of the key: its code, its level, the secret of its style, and its look within that style.

    ``answer`` may be several codes, separated by ``|``, each of which is right.
    """

    number: int
    answer: str
    level: str
    style: str
    look: str

    @property
    def codes(self) -> list[str]:
        """The right codes. Slips are counted against the first."""
        return self.answer.split("|")

    def is_right(self, typed: str) -> bool:
        """Return whether the guard would accept the typed text as one of the codes."""
        return any(matches(code, typed) for code in self.codes)

    def is_reordered(self, typed: str) -> bool:
        """Return whether a misreading has the symbols of one of the codes, in another order."""
        symbols = sorted(normalise(typed))
        return not self.is_right(typed) and any(sorted(normalise(code)) == symbols for code in self.codes)

    def slips(self, typed: str) -> list[Slip]:
        """Return the symbols that were read wrongly. Empty if only the order is wrong."""
        return [] if self.is_right(typed) or self.is_reordered(typed) else slips(self.codes[0], typed)


class Model(NamedTuple):
    """One model's readings: picture number -> typed text. Pictures that were left out are missing."""

    name: str
    typed: Mapping[int, str]


class Slip(NamedTuple):
    """One symbol read wrongly. ``wanted`` is empty for an additional symbol, ``got`` for a missing one."""

    wanted: str
    got: str


def key_text(shown: Sequence[Shown]) -> str:
    """Return the key as tab-separated text with a heading line."""
    return "".join("\t".join(map(str, line)) + "\n" for line in (_COLUMNS, *shown))


def read_key(text: str) -> list[Shown]:
    """Return the pictures of a text that :func:`key_text` wrote. Raises ``ReadingsError`` for any other text."""
    heading, *lines = text.splitlines() or [""]
    rows = [line.split("\t") for line in lines]
    if tuple(heading.split("\t")) != _COLUMNS or any(
        len(row) != len(_COLUMNS) or "" in row[1].split("|") for row in rows
    ):
        raise ReadingsError("this is no key; `draw` writes it to the file that --key names")
    return [Shown(int(number), *rest) for number, *rest in rows]


def read_readings(name: str, text: str, shown: Sequence[Shown]) -> Model:
    """Return the readings in ``text``: a line for each, with number and code separated by a tab or spaces.

    Raises ``ReadingsError`` with the line if it has no number, or the number of a picture that wasn't shown or was
    already read. Only the first try counts.
    """
    known = {one.number for one in shown}
    typed: dict[int, str] = {}
    at: dict[int, int] = {}
    for line_number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        first, *rest = line.split(maxsplit=1)
        if not (first.isascii() and first.isdigit()):
            raise ReadingsError(f"{name}, line {line_number}: {line[:40]!r} does not begin with a picture's number")
        number = int(first)
        if number not in known:
            raise ReadingsError(f"{name}, line {line_number}: the key has no picture {number}")
        if number in typed:
            raise ReadingsError(
                f"{name}, line {line_number}: picture {number} was read in line {at[number]} already; keep the first"
            )
        typed[number], at[number] = rest[0].strip() if rest else "", line_number
    return Model(name, typed)


def slips(answer: str, typed: str) -> list[Slip]:
    """Return the fewest slips that turn ``answer`` into ``typed``, both folded as the guard folds (Levenshtein, 1966).

    Of several solutions it is one that pairs as many symbols as possible. Slips are in the order of the code.
    """
    wanted, got = normalise(answer), normalise(typed)
    cost = [[row + column for column in range(len(got) + 1)] for row in range(len(wanted) + 1)]
    for row, one in enumerate(wanted, 1):
        for column, other in enumerate(got, 1):
            paired = cost[row - 1][column - 1] + (one != other)
            cost[row][column] = min(paired, cost[row - 1][column] + 1, cost[row][column - 1] + 1)
    found: list[Slip] = []
    row, column = len(wanted), len(got)
    while row or column:
        one, other = wanted[row - 1 : row] if row else "", got[column - 1 : column] if column else ""
        if row and column and cost[row][column] == cost[row - 1][column - 1] + (one != other):
            row, column = row - 1, column - 1
            if one != other:
                found.append(Slip(one, other))
        elif row and cost[row][column] == cost[row - 1][column] + 1:
            row -= 1
            found.append(Slip(one, ""))
        else:
            column -= 1
            found.append(Slip("", other))
    return found[::-1]


def whole(shown: Sequence[Shown], model: Model) -> Share:
    """Return how many of the pictures one model read completely right. Pictures left out count as not read."""
    return Share(sum(one.is_right(model.typed.get(one.number, "")) for one in shown), len(shown))


def mean(shares: Sequence[Share]) -> Share:
    """Return the models' mean share, with as many trials as there were pictures and rounded hits.

    Another model reads the same pictures, so it doesn't make the interval narrower.
    """
    return Share(round(sum(share.hits for share in shares) / len(shares)), shares[0].trials)


def report(shown: Sequence[Shown], models: Sequence[Model]) -> str:
    """Return the whole report as Markdown: by level, by symbol, by style, by look."""
    levels = [level for level in presets() if any(one.level == level for one in shown)]
    parts = ["## Read whole by vision-language models at the first try\n", *_by_level(shown, models, levels)]
    parts += ["\n## Which symbol was read as which\n", *_by_symbol(shown, models)]
    parts += ["\n## By style, the worst first\n", *_by("style", shown, models, levels)]
    parts += ["\n## By look, the worst first\n", *_by("look", shown, models, levels)]
    return "\n".join(parts) + "\n"


def _by_level(shown: Sequence[Shown], models: Sequence[Model], levels: Sequence[str]) -> list[str]:
    lines = [
        "| level | model | read | rate | 95 % interval | misread | in another order | symbols wrong | left out |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for level in levels:
        those = [one for one in shown if one.level == level]
        shares = [whole(those, model) for model in models]
        for model, share in zip(models, shares, strict=True):
            counted = f"{model.name} | {share.hits} of {share.trials} | {share.rate:.1%}"
            lines.append(f"| {level} | {counted} | {_interval(share)} | {_misread(those, [model])} |")
        if len(models) > 1:
            counted = f"mean of {len(models)} |  | {sum(share.rate for share in shares) / len(shares):.1%}"
            lines.append(f"| {level} | {counted} | {_interval(mean(shares))} | {_misread(those, models)} |")
    return lines


def _interval(share: Share) -> str:
    low, high = share.wilson()
    return f"{low:.1%} to {high:.1%}"


def _misread(shown: Sequence[Shown], models: Sequence[Model]) -> str:
    """Return four cells: misread pictures, those in another order, symbols read wrongly, and pictures left out."""
    read = [(one, model.typed[one.number]) for model in models for one in shown if one.number in model.typed]
    misread = sum(not one.is_right(typed) for one, typed in read)
    reordered = sum(one.is_reordered(typed) for one, typed in read)
    symbols = sum(len(one.codes[0]) for one, _ in read)
    wrong = sum(len(one.slips(typed)) for one, typed in read)
    share = f"{wrong / symbols:.1%} ({wrong} of {symbols})" if symbols else "none read"
    return f"{misread} | {reordered} | {share} | {len(shown) * len(models) - len(read)}"


def _by_symbol(shown: Sequence[Shown], models: Sequence[Model]) -> list[str]:
    seen: Counter[str] = Counter()
    slipped: Counter[Slip] = Counter()
    for model in models:
        for one in shown:
            if one.number in model.typed:
                seen.update(normalise(one.codes[0]))
                slipped.update(one.slips(model.typed[one.number]))
    lines = ["| in the picture | read as | times | of its showings |", "| --- | --- | ---: | ---: |"]
    for slip, times in sorted(slipped.items(), key=lambda item: (-item[1], item[0])):
        share = f"{times / seen[slip.wanted]:.1%}" if slip.wanted else ""
        lines.append(f"| {slip.wanted or '(nothing)'} | {slip.got or '(left out)'} | {times} | {share} |")
    return lines if slipped else ["No slip."]


def _by(column: str, shown: Sequence[Shown], models: Sequence[Model], levels: Sequence[str]) -> list[str]:
    """Return a line for each value of one column of the key."""

    def pooled(those: Sequence[Shown]) -> Share:
        return Share(sum(whole(those, model).hits for model in models), len(those) * len(models))

    alike: dict[str, list[Shown]] = {}
    for one in shown:
        alike.setdefault(getattr(one, column), []).append(one)
    lines = [f"| {column} | {' | '.join(levels)} | all |", f"| --- | {'---: | ' * (len(levels) + 1)}".rstrip()]
    for value, those in sorted(alike.items(), key=lambda item: pooled(item[1]).rate):
        by_level = [pooled([one for one in those if one.level == level]) for level in levels]
        cells = [f"{share.hits} of {share.trials}" if share.trials else "" for share in by_level]
        lines.append(f"| {value} | {' | '.join(cells)} | {pooled(those).rate:.0%} |")
    return lines
