"""The fonts a picture is written in: found, read once, and checked before the first challenge."""

from __future__ import annotations

import functools
import io
import statistics
import threading
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from captcha_guard.errors import FontError

GLYPHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MASTER_HEIGHT = 128  # px; every glyph's ink is exactly this high before it is scaled
MIN_STEM = 0.12  # of the glyph's height; thinner stems fade when a picture is 80 px high
_SUFFIXES = (".ttf", ".otf")
_RENDER_SIZE = 180  # px per em; cap heights of 0.6 to 0.75 em land near MASTER_HEIGHT
_NO_GLYPH = "\U0010fffe"  # a noncharacter; what a font draws for it is its box for missing glyphs
_MAY_BE_TWINS = (
    {"O", "0"},
    {"I", "1"},
)  # answers fold these, so a font may draw them alike


class FontFace:
    """One font, read from ``path``; its glyphs are drawn when first asked for and kept.

    Raises :class:`FontError` naming the file when it is no font.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem
        self._masters: dict[str, Image.Image] = {}
        self._lock = threading.Lock()
        try:
            content = io.BytesIO(path.read_bytes())
            self._font = ImageFont.truetype(content, _RENDER_SIZE, layout_engine=ImageFont.Layout.BASIC)
        except OSError as error:
            msg = f"the font {path} can't be read ({error}); replace the file or take it out of the folder"
            raise FontError(msg) from error

    def __repr__(self) -> str:
        return f"FontFace({self.name!r})"

    def master(self, glyph: str) -> Image.Image:
        """Return the glyph's mask (mode L, ink 255), cut to its ink and ``MASTER_HEIGHT`` px high; don't alter it."""
        found = self._masters.get(glyph)
        if found is None:
            with self._lock:  # one FreeType face is not for two threads at once
                found = self._masters[glyph] = self._draw(glyph)
        return found

    @functools.cached_property
    def stem(self) -> float:
        """The width of a typical stem as a share of the glyph's height: 0.16 is a bold, 0.3 a black cut."""
        return statistics.median(run for glyph in "DFHKNPR" for run in _first_runs(self.master(glyph))) / MASTER_HEIGHT

    def check(self) -> None:
        """Raise :class:`FontError` unless every one of A-Z and 0-9 is there, has its own shape and is heavy enough."""
        seen: dict[bytes, str] = {}
        missing = self._draw(_NO_GLYPH, may_be_empty=True).tobytes()
        for glyph in GLYPHS:
            shape = self.master(glyph).tobytes()
            if shape == missing:
                msg = f"the font {self.path} has no glyph for {glyph!r}; A-Z and 0-9 are needed"
                raise FontError(msg)
            twin = seen.setdefault(shape, glyph)
            if twin != glyph and {twin, glyph} not in _MAY_BE_TWINS:
                msg = f"the font {self.path} draws {twin!r} and {glyph!r} alike; each needs a shape of its own"
                raise FontError(msg)
        if self.stem < MIN_STEM:
            msg = (
                f"the font {self.path} has stems of {self.stem:.3f} of a glyph's height; "
                f"{MIN_STEM} or more can be read, so take a bolder cut"
            )
            raise FontError(msg)

    def _draw(self, glyph: str, *, may_be_empty: bool = False) -> Image.Image:
        left, top, right, bottom = self._font.getbbox(glyph)
        drawn = Image.new("L", (max(int(right - left), 1), max(int(bottom - top), 1)))
        ImageDraw.Draw(drawn).text((-left, -top), glyph, 255, self._font)
        box = drawn.getbbox()
        if box is None:
            if may_be_empty:
                return drawn
            msg = f"the font {self.path} has no glyph for {glyph!r}; A-Z and 0-9 are needed"
            raise FontError(msg)
        width = max(round((box[2] - box[0]) * MASTER_HEIGHT / (box[3] - box[1])), 1)
        return drawn.resize((width, MASTER_HEIGHT), Image.Resampling.BICUBIC, box=box)


def bundled_folder() -> Path:
    """Return the folder of the fonts that come along: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "fonts"
    return installed if installed.is_dir() else package.parent / "fonts"


@functools.lru_cache(maxsize=8)
def font_pool(folder: Path | None = None) -> tuple[FontFace, ...]:
    """Return every font under ``folder`` (the bundled ones unless given), sorted by name; read once per process.

    Fonts of one's own are checked here, the bundled ones in the package's tests. Raises :class:`FontError` naming the
    folder when it is missing or holds no font, or the file that can't be used.
    """
    root = bundled_folder() if folder is None else folder
    if not root.is_dir():
        msg = f"the font folder {root} does not exist; name a folder of .ttf or .otf files"
        raise FontError(msg)
    paths = [path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES]
    if not paths:
        msg = f"the font folder {root} holds no .ttf or .otf file"
        raise FontError(msg)
    faces = tuple(FontFace(path) for path in sorted(paths, key=lambda path: path.name))
    if folder is not None:
        for face in faces:
            face.check()
    return faces


def _first_runs(master: Image.Image) -> list[int]:
    """Return the widths in px of the first inked run in a few rows of the mask."""
    runs = []
    for share in (0.3, 0.66, 0.78):
        y = int(MASTER_HEIGHT * share)
        row = master.crop((0, y, master.width, y + 1)).point(lambda value: 255 * (value > 127)).tobytes()
        ink = row.lstrip(b"\0")
        if ink:
            runs.append(len(ink) if (end := ink.find(b"\0")) < 0 else end)
    return runs
