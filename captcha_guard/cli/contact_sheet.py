"""A contact sheet: pictures side by side, each with a caption below it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

SHEET = "#f5f5f3"
INK = "#1d1e20"
FAINT = "#5c6066"
MARGIN = 20  # px at scale 1, like all lengths here
GAP = 14
HEADING = 26
CAPTION = 22
COLUMN = 240  # the minimum, so that a caption fits below a small picture
TYPE = 13


class Cell(NamedTuple):
    """A PNG and its caption."""

    png: bytes
    caption: str


class Row(NamedTuple):
    """Pictures that belong together, and their heading."""

    heading: str
    cells: Sequence[Cell]


def contact_sheet(rows: Sequence[Row], *, scale: int = 1) -> Image.Image:
    """Return the rows one below the other, in RGB. Lengths and text grow with ``scale``. Pictures may vary in size."""
    sizes = [Image.open(io.BytesIO(cell.png)).size for row in rows for cell in row.cells]
    width, height = max(COLUMN * scale, *(size[0] for size in sizes)), max(size[1] for size in sizes)
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
            picture = Image.open(io.BytesIO(cell.png)).convert("RGB")
            sheet.paste(picture, (left, top + heading))
            pen.text((left, top + heading + picture.height + 4 * scale), cell.caption, FAINT, type_)
    return sheet
