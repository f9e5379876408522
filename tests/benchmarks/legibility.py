"""Measures how many pictures vision-language models read: draws pictures for them, and scores their readings.

``python -m tests.benchmarks.legibility draw --out FOLDER --key FILE`` writes numbered pictures of all levels, mixed,
for a model, and the codes to a file that the model doesn't get. Pictures have the size of ``--scale`` 1 or 2, and are
never enlarged. The model writes a line for each picture: its number and the code, row by row. ``python -m
tests.benchmarks.legibility score --key FILE --readings FILE...``, with one file for each model, prints as Markdown how
many were read, which symbols were confused, and which styles are worst.

``python -m tests.benchmarks.legibility kept`` scores the readings in tests/data/legibility. The first line of each file
names the level, the scale, the seed and a fingerprint of the pictures. They are drawn again, and a file whose pictures
have changed since isn't scored.
"""

from __future__ import annotations

import argparse
import io
import random
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from captcha_guard.challenge.answer import derive
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.challenge.drawing.picture import draw, readings
from captcha_guard.challenge.drawing.style import Style
from captcha_guard.challenge.drawing.variant import Variant
from tests.benchmarks.kept_readings import Head, Scored, kept_table, pixels_of
from tests.benchmarks.readings import ReadingsError, Shown, key_text, read_key, read_readings, report

_GROUND = "#f5f5f3"
_INK = "#1d1e20"
_GAP = 16  # px of a sheet, like the lengths below
_NUMBER = 44  # the width of the text beside a picture
_TYPE = 20
_LARGEST = (1100, 1000)  # width and height of a sheet. Viewers may scale larger ones down.
_GRIDS = {1: (3, 4), 2: (2, 3)}  # columns and rows of a sheet, by the scale of its pictures


#: The folder of the readings that are in the repository, and the number of pictures and styles of each.
KEPT = Path(__file__).parents[1] / "data" / "legibility"
COUNT, STYLES = 120, 20


class Numbered(NamedTuple):
    """A picture for the model: its number and its PNG."""

    number: int
    png: bytes


def exam(levels: Sequence[str], *, count: int, styles: int, seed: str, scale: int = 1) -> list[tuple[Shown, Numbered]]:
    """Return ``count`` pictures of each level in its usual size, spread over the styles, in an order mixed by ``seed``.

    The same arguments give the same pictures. The levels share the styles, but no codes.
    """
    looks = [f"{seed} {index}" for index in range(styles)]
    todo = [(level, index) for level in levels for index in range(count)]
    random.Random(seed).shuffle(todo)
    made = []
    for number, (level, index) in enumerate(todo, 1):
        secret = looks[index % styles]
        style, nonce = Style.from_secret(secret.encode()), f"{level} {index}".encode()
        code = derive(seed.encode(), nonce)
        drawing, difficulty = seed.encode() + b" " + nonce, Difficulty.named(level)
        png = draw(code, seed=drawing, style=style, difficulty=difficulty, scale=scale)
        codes = "|".join(readings(code, seed=drawing, style=style, difficulty=difficulty))
        look = level if difficulty.is_classica else _look_of(style.pick(random.Random(drawing)))
        made.append((Shown(number, codes, level, secret, look), Numbered(number, png)))
    return made


def sheet(pictures: Sequence[Numbered], *, columns: int) -> Image.Image:
    """Return the pictures in rows, without scaling, each with its number on its left (RGB).

    Raises ``ReadingsError`` if the sheet would be too large for viewers to show without scaling.
    """
    images = [Image.open(io.BytesIO(one.png)).convert("RGB") for one in pictures]
    wide = max(image.width for image in images)
    high = max(image.height for image in images)
    rows = -(-len(images) // columns)
    size = (columns * (_NUMBER + wide + _GAP) + _GAP, rows * (high + _GAP) + _GAP)
    if size[0] > _LARGEST[0] or size[1] > _LARGEST[1]:
        raise ReadingsError(
            f"a sheet of {columns} x {rows} pictures is {size[0]} x {size[1]} px; {_LARGEST[0]} x {_LARGEST[1]} px are "
            "allowed: draw each in a file of its own, with --single"
        )
    whole = Image.new("RGB", size, _GROUND)
    pen, type_ = ImageDraw.Draw(whole), ImageFont.load_default(_TYPE)
    for place, (one, image) in enumerate(zip(pictures, images, strict=True)):
        left = _GAP + place % columns * (_NUMBER + wide + _GAP)
        top = _GAP + place // columns * (high + _GAP)
        pen.text((left, top + high // 2), str(one.number), _INK, type_, anchor="lm")
        whole.paste(image, (left + _NUMBER, top))
    return whole


def _look_of(variant: Variant) -> str:
    """Return the variant's attributes in words, without its colours."""
    return ", ".join((variant.fill, f"{variant.strokes} strokes", f"{variant.fields} fields", variant.background))


def _write(given: argparse.Namespace) -> str:
    if given.key.resolve().is_relative_to(given.out.resolve()):
        raise ReadingsError(f"{given.key} lies in {given.out}, which the model gets; put the key elsewhere")
    if given.key.exists() or (given.out.exists() and any(given.out.iterdir())):
        raise ReadingsError(f"{given.out} or {given.key} is there already; take a new folder and a new key")
    made = exam(given.levels, count=given.count, styles=given.styles, seed=given.seed, scale=given.scale)
    given.out.mkdir(parents=True, exist_ok=True)
    given.key.parent.mkdir(parents=True, exist_ok=True)
    given.key.write_text(key_text([shown for shown, _ in made]), encoding="utf-8")
    pictures = [numbered for _, numbered in made]
    if given.single:
        for one in pictures:
            (given.out / f"{one.number:03}.png").write_bytes(one.png)
        return f"{len(pictures)} pictures in {given.out}, their codes in {given.key}"
    columns, rows = _GRIDS[given.scale]
    each = columns * rows
    for page, start in enumerate(range(0, len(pictures), each), 1):
        drawn = sheet(pictures[start : start + each], columns=columns)
        drawn.save(given.out / f"sheet-{page:02}.png")
    return f"{len(pictures)} pictures on {page} sheets in {given.out}, their codes in {given.key}"


def _score(given: argparse.Namespace) -> str:
    shown = read_key(given.key.read_text(encoding="utf-8"))
    names = [path.stem for path in given.readings]
    if len(set(names)) < len(names):
        raise ReadingsError(f"the models are named by their files, and two are alike: {', '.join(names)}")
    return report(
        shown,
        [
            read_readings(name, path.read_text(encoding="utf-8"), shown)
            for name, path in zip(names, given.readings, strict=True)
        ],
    )


def score_kept(path: Path) -> Scored:
    """Return what a model read of the pictures that a file of readings names. Raises ``ReadingsError``."""
    first, _, text = path.read_text(encoding="utf-8").partition("\n")
    head = Head.of(first, path.name)
    made = exam([head.level], count=COUNT, styles=STYLES, seed=head.seed, scale=head.scale)
    if pixels_of(numbered.png for _, numbered in made) != head.pixels:
        return Scored(head, [], None)
    shown = [one for one, _ in made]
    return Scored(head, shown, read_readings(path.name, text, shown))


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return value


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw, or score and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    doing = options.add_subparsers(required=True)
    keeping = doing.add_parser("kept", help="score the readings that are in the repository")
    keeping.set_defaults(do=lambda _: kept_table([score_kept(path) for path in sorted(KEPT.glob("*.txt"))]))
    drawing = doing.add_parser("draw", help="write pictures and their key")
    drawing.set_defaults(do=_write)
    drawing.add_argument("--out", type=Path, required=True, help="a new folder, for the model")
    drawing.add_argument("--key", type=Path, required=True, help="a new file outside it, for the codes")
    drawing.add_argument("--count", type=_positive, default=COUNT, help=f"pictures of each level ({COUNT})")
    drawing.add_argument("--styles", type=_positive, default=STYLES, help=f"how many styles they share ({STYLES})")
    drawing.add_argument("--seed", default=secrets.token_hex(4), help="the same seed draws the same pictures")
    drawing.add_argument("--levels", nargs="+", default=["easy", "medium"], metavar="LEVEL")
    drawing.add_argument("--scale", type=int, choices=(1, 2), default=1, help="2: as a dense screen gets them (1)")
    drawing.add_argument("--single", action="store_true", help="a file for each picture, in place of sheets")
    scoring = doing.add_parser("score", help="compare readings with the key")
    scoring.set_defaults(do=_score)
    scoring.add_argument("--key", type=Path, required=True)
    scoring.add_argument("--readings", type=Path, nargs="+", required=True, help="lines of a number and what was read")
    given = options.parse_args(arguments)
    try:
        print(given.do(given))
    except (OSError, ValueError) as error:
        options.error(str(error))


if __name__ == "__main__":
    main()
