"""Finds the fonts of the pictures, reads each file once, and checks a site's own fonts before the first challenge."""

from __future__ import annotations

import functools
import io
import os
import statistics
import threading
from itertools import combinations
from pathlib import Path
from typing import cast

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from ...characters.look_alikes import LOOK_ALIKES
from ...errors import FontError

GLYPHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MASTER_HEIGHT = 96  # px. Every glyph's ink is exactly this high before it is scaled.
MIN_STEM = 0.12  # as a share of the glyph's height. Thinner stems can't be seen at real size.
#: The least difference of two glyphs, as :func:`difference` measures it. In the bundled fonts, O and 0 differ by 0.00
#: to 0.65, and symbols that don't count as look-alikes by 0.66 or more.
MIN_DIFFERENCE = 0.5
_SUFFIXES = (".ttf", ".otf")
_RENDER_SIZE = 135  # px per em. Usual cap heights of 0.6 to 0.75 em are then close to MASTER_HEIGHT.
_MOST_EMS = 8  # the largest glyph. Normal glyphs are up to 2 em wide, and a broken one could fill the memory.
_NO_GLYPH = "\U0010fffe"  # a noncharacter, for which a font draws its box for missing glyphs
_STEMMED = "DFHR"
_BOX = 64  # px. Two glyphs are compared in a square of this size.
_PATCH = 4  # px around the middle of a patch, which is 9 px wide, about as wide as a stem


class FontFace:
    """One font, read from ``path``. Its glyphs are drawn at their first use and then cached.

    Raises :class:`FontError` if the file isn't a font. All its errors name the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem
        self._masters: dict[str, Image.Image | None] = {}
        self._lock = threading.Lock()
        try:
            content = io.BytesIO(path.read_bytes())
            self._font = ImageFont.truetype(content, _RENDER_SIZE, layout_engine=ImageFont.Layout.BASIC)
        except OSError as error:
            raise self._unreadable(error) from error

    def __repr__(self) -> str:
        return f"FontFace({self.name!r})"

    def has(self, glyph: str) -> bool:
        """Return whether the font has ``glyph``. If not, it would draw its box for missing glyphs."""
        return self._kept(glyph) is not None

    def master(self, glyph: str) -> Image.Image:
        """Return the glyph's mask (mode L, ink 255), cut to its ink and ``MASTER_HEIGHT`` px high.

        It's cached: don't change it. Raises :class:`FontError` if the font doesn't have the glyph.
        """
        found = self._kept(glyph)
        if found is None:
            raise self._lacking([glyph])
        return found

    @functools.cached_property
    def stem(self) -> float:
        """The width of a typical stem as a share of the glyph's height: about 0.16 in bold fonts, 0.3 in black ones."""
        stemmed = [glyph for glyph in _STEMMED if self.has(glyph)] or [glyph for glyph in GLYPHS if self.has(glyph)]
        runs = [run for glyph in stemmed for run in _first_runs(self.master(glyph))]
        return statistics.median(runs or [0]) / MASTER_HEIGHT

    def check(self, alphabet: str = GLYPHS) -> None:
        """Raise :class:`FontError` if a glyph of ``alphabet`` is missing or too thin, or looks like another one.

        Glyphs that count as look-alikes in answers, such as O and 0, may look alike.
        """
        if lost := [glyph for glyph in alphabet if not self.has(glyph)]:
            raise self._lacking(lost)
        if self.stem < MIN_STEM:
            msg = (
                f"the font {self.path} has stems of {self.stem:.3f} of a glyph's height; "
                f"at least {MIN_STEM} is needed, so use a bolder font"
            )
            raise FontError(msg)
        boxed = {glyph: self.master(glyph).resize((_BOX, _BOX), Image.Resampling.BOX) for glyph in alphabet}
        for one, other in combinations(alphabet, 2):
            folded = one.translate(LOOK_ALIKES) == other.translate(LOOK_ALIKES)
            if not folded and difference(boxed[one], boxed[other]) < MIN_DIFFERENCE:
                msg = (
                    f"in the font {self.path}, {one!r} and {other!r} look alike; remove the file from the folder, "
                    "or one of the two from CAPTCHA_GUARD_ALPHABET"
                )
                raise FontError(msg)

    def _kept(self, glyph: str) -> Image.Image | None:
        if glyph not in self._masters:
            with self._lock:  # two threads can't use one FreeType face at the same time
                drawn = self._draw(glyph)
                if drawn is not None and _same(drawn, self._box_for_missing):
                    drawn = None
                self._masters[glyph] = drawn
        return self._masters[glyph]

    @functools.cached_property
    def _box_for_missing(self) -> Image.Image | None:
        return self._draw(_NO_GLYPH)

    def _draw(self, glyph: str) -> Image.Image | None:
        """Return what the font draws for ``glyph``, in the form of :meth:`master`, or ``None`` if it has no ink."""
        try:
            left, top, right, bottom = (int(side) for side in self._font.getbbox(glyph))
            if max(right - left, bottom - top) > _MOST_EMS * _RENDER_SIZE:
                msg = (
                    f"in the font {self.path}, {glyph!r} is larger than {_MOST_EMS} em; remove the file from the folder"
                )
                raise FontError(msg)
            drawn = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
            ImageDraw.Draw(drawn).text((-left, -top), glyph, 255, self._font)
        except OSError as error:
            raise self._unreadable(error) from error
        box = drawn.getbbox()
        if box is None:
            return None
        width = max(round((box[2] - box[0]) * MASTER_HEIGHT / (box[3] - box[1])), 1)
        return drawn.resize((width, MASTER_HEIGHT), Image.Resampling.BICUBIC, box=box)

    def _unreadable(self, error: OSError) -> FontError:
        why = error.strerror or error
        return FontError(f"the font {self.path} can't be read ({why}); replace the file, or remove it from the folder")

    def _lacking(self, glyphs: list[str]) -> FontError:
        return FontError(
            f"the font {self.path} has no glyph for {', '.join(map(repr, glyphs))}; remove the file from the folder, "
            "or the symbol from CAPTCHA_GUARD_ALPHABET"
        )


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return how much two glyphs differ, 0 to 1, in the patch where they differ most.

    Both are masks (mode L) in a square of ``_BOX`` px. A patch is about as wide and high as a stem. 0 means equal
    patches, 1 means ink in one and paper in the other. The ink that whole glyphs share would be a poor measure: a heavy
    B and D share 92 % of it and are easy to distinguish.
    """
    patches = ImageChops.difference(one, other).filter(ImageFilter.BoxBlur(_PATCH))
    return cast("float", patches.getextrema()[1]) / 255


def bundled_folder() -> Path:
    """Return the folder of the bundled fonts: inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "fonts"
    return installed if installed.is_dir() else package.parent / "fonts"


@functools.lru_cache(maxsize=8)
def font_pool(folders: tuple[Path, ...] = (), alphabet: str = GLYPHS) -> tuple[FontFace, ...]:
    """Return every font under ``folders``, folder by folder. Without folders, return the bundled fonts.

    Files are read once per process. A site's own fonts are checked for ``alphabet`` here; the bundled ones are checked
    by the package's tests. Raises :class:`FontError` with the name of a folder that can't be read or has no font, or of
    a file that can't be used.
    """
    bundled = bundled_folder()
    pool: dict[Path, FontFace] = {}
    for folder in folders or (bundled,):
        for face in _read(folder):
            if folder != bundled:
                face.check(alphabet)
            pool.setdefault(face.path.resolve(), face)
    return tuple(pool.values())


@functools.lru_cache(maxsize=32)
def _read(folder: Path) -> tuple[FontFace, ...]:
    """Return every font under ``folder``, sorted by file name, so that the order is the same in all processes."""
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        raise _refused(folder, "does not exist") from None
    except NotADirectoryError:
        raise _refused(folder, "is a file") from None
    except OSError as error:
        raise _refused(folder, f"can't be read ({error.strerror or error})") from error
    paths = [path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and not path.is_dir()]
    if not paths:
        raise _refused(folder, "has no .ttf or .otf file")
    return tuple(FontFace(path) for path in sorted(paths, key=lambda path: (path.name, path.relative_to(folder))))


def _refused(folder: Path, why: str) -> FontError:
    return FontError(f"the font folder {folder} {why}; set CAPTCHA_GUARD_FONTS to a folder of .ttf or .otf files")


def _same(one: Image.Image, other: Image.Image | None) -> bool:
    return other is not None and one.size == other.size and one.tobytes() == other.tobytes()


def _first_runs(master: Image.Image) -> list[int]:
    """Return the width in px of the first run of ink in each of three rows of the mask."""
    runs = []
    for share in (0.3, 0.66, 0.78):
        y = int(MASTER_HEIGHT * share)
        row = master.crop((0, y, master.width, y + 1)).point(lambda value: 255 * (value > 127)).tobytes()
        ink = row.lstrip(b"\0")
        if ink:
            runs.append(len(ink) if (end := ink.find(b"\0")) < 0 else end)
    return runs
