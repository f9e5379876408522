"""Draws docs/pictures/styles.png: three codes of each of three sites. Run by ``make docs``."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from captcha_guard import Difficulty, Style, draw

CODES = ("8FC2D", "MW59TD", "C8RM6", "M2RTF", "R6M9DW", "FW25C", "T8W2D", "C9FR56", "FD5R2")
GAP = 12


def sheet() -> Image.Image:
    """Return three pictures at 1x of each site, a row for each."""
    canvas = Image.new("RGB", (3 * 240 + 4 * GAP, 3 * 120 + 4 * GAP), "white")
    for number, code in enumerate(CODES):
        style = Style.from_secret(f"the secret of site {number // 3}".encode())
        png = draw(code, seed=f"seed {number}".encode(), style=style, difficulty=Difficulty.medium)
        corner = (GAP + number % 3 * (240 + GAP), GAP + number // 3 * (120 + GAP))
        canvas.paste(Image.open(io.BytesIO(png)).convert("RGB"), corner)
    return canvas


if __name__ == "__main__":
    target = Path(__file__).parents[1] / "docs/pictures/styles.png"
    sheet().quantize(64).save(target, optimize=True)
    print(f"{target} written")
