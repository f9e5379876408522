"""ddddocr: a recogniser trained on captchas, and the usual choice for solving them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from PIL import Image

from .ctc import Decoder
from .opponent import imported

HEIGHT = 64  # px: the height of the pictures that its models were trained on


class Ddddocr:
    """One of ddddocr's two models for text: the default one, or the one that it calls beta."""

    name = "ddddocr"
    modes = ("",)
    beta = False

    def __init__(self, symbols: str = "") -> None:
        program = imported("ddddocr").DdddOcr(show_ad=False, beta=self.beta)
        onnxruntime = imported("onnxruntime")
        engine = program.ocr_engine
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # ddddocr has no setting for this, so its model is opened again
        self._model = onnxruntime.InferenceSession(
            Path(engine.session._model_path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._model.get_inputs()[0].name
        self._decoder = Decoder(engine.get_charset(), symbols)

    @property
    def version(self) -> str:
        """The version of the package."""
        return version("ddddocr")

    def read(self, pictures: Sequence[Image.Image], mode: str) -> list[str]:  # noqa: ARG002 - it has no modes
        """Return the text that it reads in each picture."""
        return [self._read(picture) for picture in pictures]

    def _read(self, picture: Image.Image) -> str:
        import numpy as np  # noqa: PLC0415 - comes with the extra

        width = max(round(picture.width * HEIGHT / picture.height), 1)
        sized = picture.convert("L").resize((width, HEIGHT), Image.Resampling.LANCZOS)
        pixels = np.asarray(sized, np.float32)[None, None] / 255
        [columns] = self._model.run(None, {self._input: pixels})
        return self._decoder.text(columns[:, 0])


class DdddocrBeta(Ddddocr):
    """The newer and larger model."""

    name = "ddddocr-beta"
    beta = True
