"""Treatments of a piece of a picture before a program reads it. All take and return pictures in mode L."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from PIL import Image, ImageChops, ImageFilter, ImageOps

Treatment = Callable[[Image.Image], Image.Image]

ENLARGED = 3

#: The width of the median filter that finds the background around a stroke, in px of a picture at half size.
_AROUND = 15


def enlarged(picture: Image.Image) -> Image.Image:
    """Return the picture ``ENLARGED`` times as wide and high."""
    size = (picture.width * ENLARGED, picture.height * ENLARGED)
    return picture.resize(size, Image.Resampling.BICUBIC)


def dark_on_light(picture: Image.Image) -> Image.Image:
    """Return the picture, inverted if its background is dark. Most pixels are background."""
    return ImageOps.invert(picture) if _level_at(picture.histogram(), 0.5) < 128 else picture


def black_and_white(picture: Image.Image) -> Image.Image:
    """Return ink as black and background as white, divided at the level that separates them best (Otsu, 1979)."""
    level = max(_separations(picture.histogram()))[1]
    return picture.point([0] * (level + 1) + [255] * (255 - level))


def levelled(picture: Image.Image) -> Image.Image:
    """Return each pixel's difference from the background around it, dark on white, for light and for dark ink."""
    half = picture.resize((max(picture.width // 2, 1), max(picture.height // 2, 1)), Image.Resampling.BOX)
    background = half.filter(ImageFilter.MedianFilter(_AROUND)).resize(picture.size, Image.Resampling.BILINEAR)
    return ImageOps.invert(ImageOps.autocontrast(ImageChops.difference(picture, background), cutoff=(0, 1)))


def _stretched(factor: float) -> Treatment:
    """Return a treatment that changes the width, because recognisers miss letters that are too close or too distant."""
    return lambda picture: picture.resize(
        (max(round(picture.width * factor), 1), picture.height), Image.Resampling.BICUBIC
    )


def _without_margins(picture: Image.Image) -> Image.Image:
    """Return the picture without the rows and columns at its edges that only have the colour of the first corner."""
    corner = Image.new("L", picture.size, picture.getpixel((0, 0)))
    return enlarged(picture.crop(ImageChops.difference(picture, corner).getbbox()))


def _level_at(histogram: Sequence[int], share: float) -> int:
    wanted, below = share * sum(histogram), 0
    for level, count in enumerate(histogram):
        below += count
        if below >= wanted:
            return level
    return len(histogram) - 1


def _separations(histogram: Sequence[int]) -> Iterator[tuple[float, int]]:
    """Yield the variance between the two classes, and the level that separates them."""
    total, weighted = sum(histogram), sum(level * count for level, count in enumerate(histogram))
    dark = dark_weighted = 0
    yield 0.0, 127
    for level, count in enumerate(histogram):
        dark, dark_weighted = dark + count, dark_weighted + level * count
        if 0 < dark < total:
            gap = dark_weighted / dark - (weighted - dark_weighted) / (total - dark)
            yield dark * (total - dark) * gap * gap, level


def _smoothed(picture: Image.Image) -> Image.Image:
    return enlarged(dark_on_light(picture).filter(ImageFilter.MedianFilter(3)))


def _without_thin_lines(picture: Image.Image) -> Image.Image:
    """Return the picture without thin lines: dark ink is shrunk and grown again (morphological opening)."""
    plain = black_and_white(dark_on_light(enlarged(picture)))
    return plain.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7))


#: The treatments by name, from the smallest change to the largest.
TREATMENTS: Mapping[str, Treatment] = {
    "as it is": lambda picture: picture,
    "enlarged": enlarged,
    "widened": _stretched(1.5),
    "narrowed": _stretched(0.75),
    "inverted": lambda picture: ImageOps.invert(enlarged(picture)),
    "dark on light": lambda picture: dark_on_light(ImageOps.autocontrast(enlarged(picture))),
    "black and white": lambda picture: black_and_white(dark_on_light(enlarged(picture))),
    "without margins": _without_margins,
    "smoothed": _smoothed,
    "thin lines removed": _without_thin_lines,
    "levelled": lambda picture: enlarged(levelled(picture)),
}
