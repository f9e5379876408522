"""Bar charts as SVG from a Markdown table. They are readable on light and dark pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

#: px: a row, a bar, the longest bar and the figure behind it, the title, and a letter of a name and its margins.
_ROW, _BAR, _LONGEST, _FIGURE, _TITLE, _LETTER, _MARGINS = 26, 16, 340, 110, 34, 8, 20

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_RULE = re.compile(r"^\|(?: ?:?-+:? ?\|)+$")

_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.name { text-anchor: end }
rect { fill: #3b6ea5 }
.ours { fill: #b4540a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  rect { fill: #6ea8e0 }
  .ours { fill: #f0a35e }
}"""


class PlotError(ValueError):
    """A table can't be drawn. The message has the reason."""


@dataclass(frozen=True)
class Bars:
    """A bar for each row of the first table: the title, the columns of names and of the value, and the value's unit.

    Rows whose name starts with ``ours`` have another colour. Rows without a number are left out.
    """

    title: str
    value: int
    names: tuple[int, ...] = (0,)
    unit: str = ""
    ours: str = "captcha_guard"

    def drawn(self, markdown: str) -> str:
        """Return the SVG. Raises ``PlotError`` if the table has no number in the column."""
        rows = [
            (", ".join(cells[column] for column in self.names), float(found[0].replace(",", "")))
            for cells in rows_of(markdown)
            if len(cells) > self.value and (found := _NUMBER.match(cells[self.value]))
        ]
        if not rows:
            raise PlotError(f"no row has a number for {self.title!r}")
        return _svg(self, rows)


def rows_of(markdown: str) -> list[list[str]]:
    """Return the cells of the first table's rows, without its head. Raises ``PlotError`` if the table is missing."""
    lines = markdown.splitlines()
    rules = [number for number, line in enumerate(lines) if _RULE.match(line)]
    if not rules:
        raise PlotError("the text has no table")
    rows = []
    for line in lines[rules[0] + 1 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def _svg(bars: Bars, rows: list[tuple[str, float]]) -> str:
    top = max(value for _, value in rows) or 1.0
    left = _MARGINS + _LETTER * max(len(name) for name, _ in rows)
    width, height = left + _LONGEST + _FIGURE, _TITLE + _ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(bars.title)}">',
        f"<style>\n{_STYLE}\n</style>",
        f'<text class="title" x="8" y="20">{escape(bars.title)}</text>',
    ]
    for number, (name, value) in enumerate(rows):
        y = _TITLE + _ROW * number
        length = max(round(_LONGEST * value / top, 1), 1)
        ours = ' class="ours"' if name.startswith(bars.ours) else ""
        parts += [
            f'<text class="name" x="{left - 8}" y="{y + 13}">{escape(name)}</text>',
            f'<rect{ours} x="{left}" y="{y}" width="{length:g}" height="{_BAR}" rx="2"/>',
            f'<text x="{left + length + 6:g}" y="{y + 13}">{escape(f"{value:g} {bars.unit}".strip())}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
