"""RapidOCR: PaddleOCR's models for text in photographs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from importlib.metadata import version
from typing import Any, NamedTuple

from PIL import Image

from .ctc import Decoder
from .opponent import imported

#: Settings for small pictures: the px of the shorter side that the detector sees (the default, 736, reads no more and
#: takes four times as long), the least confidence in a box, and how much larger a box is than the core of its text.
_DETECTOR = {"Det.limit_side_len": 320, "Det.box_thresh": 0.3, "Det.unclip_ratio": 2.0}

#: One processor, all texts however uncertain, no search for pictures that are upside down, and no log lines.
_SETTINGS = {
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Global.text_score": 0.0,
    "Global.use_cls": False,
    "Global.log_level": "critical",
}


class Box(NamedTuple):
    """A text that the detector found: its left edge, vertical middle and height (all in px), and the text."""

    left: float
    middle: float
    height: float
    text: str


class Rapidocr:
    """RapidOCR's recogniser alone, which reads a picture as one line of text."""

    name = "rapidocr"
    modes = ("",)
    _detects = False

    def __init__(self, symbols: str = "") -> None:
        imported("onnxruntime")  # RapidOCR doesn't require it, because it can use others instead
        self._program = imported("rapidocr").RapidOCR(params={**_SETTINGS, **_DETECTOR})
        for use_det in {False, self._detects}:  # loads the models, which threads then share
            self._program(_pixels(Image.new("RGB", (96, 48))), use_det=use_det)
        self._program.use_det = self._detects
        recogniser = self._program.text_rec
        decoder = Decoder(recogniser.postprocess_op.character, symbols)

        def decode(lines: Any, *_: object, **__: object) -> tuple[list[tuple[str, float]], list[object]]:
            return [(decoder.text(columns), 1.0) for columns in lines], []

        recogniser.postprocess_op = decode

    @property
    def version(self) -> str:
        """The version of the package."""
        return version("rapidocr")

    def read(self, pictures: Sequence[Image.Image], mode: str) -> list[str]:  # noqa: ARG002 - it has no modes
        """Return the text that it reads in each picture."""
        return [self._read(_pixels(picture.convert("RGB"))) for picture in pictures]

    def _read(self, pixels: Any) -> str:
        return "".join(self._program(pixels).txts or ())


class RapidocrDetector(Rapidocr):
    """RapidOCR's detector and recogniser. The detector searches for texts first, so it finds rows by itself."""

    name = "rapidocr-detector"
    _detects = True

    def _read(self, pixels: Any) -> str:
        # The detector changes one of its attributes for each picture, so threads can't share it. Copies share models.
        program = copy(self._program)
        program.text_det = copy(program.text_det)
        found = program(pixels)
        if not found.txts or found.boxes is None:
            return ""
        return "".join(box.text for box in in_reading_order(map(_box, found.boxes, found.txts)))


def in_reading_order(boxes: Iterable[Box]) -> list[Box]:
    """Return boxes row by row, each row from left to right.

    A box begins a new row if its middle is at least half a height below the middle of the row's first box. So the boxes
    of a row overlap vertically by about half of their height or more.
    """
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box.middle):
        if rows and box.middle - rows[-1][0].middle < rows[-1][0].height / 2:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row, key=lambda box: box.left)]


def _box(corners: Sequence[Sequence[float]], text: str) -> Box:
    ys = [y for _, y in corners]
    return Box(min(x for x, _ in corners), (min(ys) + max(ys)) / 2, max(ys) - min(ys), text)


def _pixels(picture: Image.Image) -> Any:
    import numpy as np  # noqa: PLC0415 - comes with the extra

    return np.asarray(picture)
