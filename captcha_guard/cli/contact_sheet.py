"""Pictures side by side on one sheet, each with a line below it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

SHEET = "#f5f5f3"
INK = "#1d1e20"
FAINT = "#5c6066"
MARGIN = 20  # px at scale 1, as everything here
GAP = 14
HEADING = 26
CAPTION = 22
TYPE = 13


class Cell(NamedTuple):
    """A PNG and what stands below it."""

    png: bytes
    caption: str


class Row(NamedTuple):
    """Pictures that belong together and the line above them."""

    heading: str
    cells: Sequence[Cell]


def contact_sheet(rows: Sequence[Row], *, scale: int = 1) -> Image.Image:
    """Return the rows one below the other, in RGB; all pictures are of one size, and type grows with ``scale``."""
    width, height = Image.open(io.BytesIO(rows[0].cells[0].png)).size
    margin, gap, heading, caption = (length * scale for length in (MARGIN, GAP, HEADING, CAPTION))
    columns, deep = max(len(row.cells) for row in rows), heading + height + caption + gap
    sheet = Image.new("RGB", (2 * margin + columns * (width + gap) - gap, 2 * margin + len(rows) * deep - gap), SHEET)
    pen = ImageDraw.Draw(sheet)
    type_ = ImageFont.load_default(TYPE * scale)
    for number, row in enumerate(rows):
        top = margin + number * deep
        pen.text((margin, top), row.heading, INK, type_)
        for column, cell in enumerate(row.cells):
            left = margin + column * (width + gap)
            sheet.paste(Image.open(io.BytesIO(cell.png)).convert("RGB"), (left, top + heading))
            pen.text((left, top + heading + height + 4 * scale), cell.caption, FAINT, type_)
    return sheet
