"""Tesseract, a reading program that is a package of most systems."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from .opponent import AttackError, NotInstalledError

PAGE_END = "\f"


class Tesseract:
    """The program found on the path. Its modes are its page segmentation modes: a block, a line, a word, a raw line."""

    name = "tesseract"
    modes = ("psm 6", "psm 7", "psm 8", "psm 13")

    def __init__(self, symbols: str = "") -> None:
        program = shutil.which("tesseract")
        if program is None:
            raise NotInstalledError("tesseract", "apt install tesseract-ocr")
        self._program, self._symbols = program, symbols

    @property
    def version(self) -> str:
        """The program's version, such as ``5.3.0``."""
        return self._run(["--version"]).stdout.split(maxsplit=2)[1]

    def read(self, pictures: Sequence[Image.Image], mode: str) -> list[str]:
        """Return the text that it reads in each picture, in one run. The text is "" if it crashes at a picture."""
        with TemporaryDirectory(prefix="captcha_guard") as folder:
            paths = [Path(folder, f"{number}.pgm") for number in range(len(pictures))]
            for path, picture in zip(paths, pictures, strict=True):
                picture.convert("L").save(path)
            listed = Path(folder, "pictures.txt")
            listed.write_text("".join(f"{path}\n" for path in paths))
            settings = ["-c", f"page_separator={PAGE_END}"]
            if self._symbols:
                settings += ["-c", f"tessedit_char_whitelist={self._symbols}"]
            ended = self._run([str(listed), "-", "--psm", mode.removeprefix("psm "), *settings], may_crash=True)
        if ended.returncode:
            half = len(pictures) // 2
            return self.read(pictures[:half], mode) + self.read(pictures[half:], mode) if half else [""]
        texts = [text.strip() for text in ended.stdout.split(PAGE_END)]
        if len(texts) == len(pictures) + 1 and not texts[-1]:
            texts.pop()  # before 4.1 a separator also followed the last page
        if len(texts) != len(pictures):
            raise AttackError(f"tesseract got {len(pictures)} pictures but returned {len(texts)} texts")
        return texts

    def _run(self, arguments: list[str], *, may_crash: bool = False) -> subprocess.CompletedProcess[str]:
        # One thread each, because several run in parallel, and threads don't help with such small pictures.
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        ended = subprocess.run(  # noqa: S603 - a fixed program and our own arguments
            [self._program, *arguments], capture_output=True, text=True, env=environment, check=False
        )
        if ended.returncode > 0 or (ended.returncode and not may_crash):
            last = (ended.stderr.strip().splitlines() or [f"it exited with status {ended.returncode}"])[-1]
            raise AttackError(f"tesseract failed: {last}")
        return ended
