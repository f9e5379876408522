"""The captcha packages that ours is measured against, each drawing in a process of its own.

Two of them own the same top-level package, so each is installed into a folder of its own:

    for name in captcha django-simple-captcha flask-simple-captcha multicolorcaptcha; do
        pip install --target PEERS/$name $name; done

Run as a program (``python peers.py NAME SEED STYLES``) this file is the worker: it reads a count from each
line of its input and answers with as many pictures.
"""

from __future__ import annotations

import base64
import io
import json
import os
import random
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALPHABET = "2345689CDFHMRTW"  # ours; a worker has no package but its own to import it from
STYLES = 20  # that pictures of ours are spread over, unless told otherwise
OURS = ("easy", "medium", "hard")
DISTRIBUTIONS = {
    "captcha 160x60": "captcha",
    "captcha 240x80": "captcha",
    "django-simple-captcha": "django-simple-captcha",
    "flask-simple-captcha": "flask-simple-captcha",
    "multicolorcaptcha": "multicolorcaptcha",
}


@dataclass(frozen=True)
class Drawn:
    """One picture: what stands in it, its octets, and the ms of processor time it took to draw and encode."""

    answer: str
    octets: bytes
    ms: float


class Worker:
    """A process that draws pictures of one package at its defaults; a context manager."""

    def __init__(self, name: str, *, peers: Path | None = None, seed: str = "bench", styles: int = STYLES) -> None:
        self.name = name
        self.peak_mib = 0.0
        folder = Path(__file__).resolve().parents[2]
        if name not in OURS:
            if peers is None:
                msg = f"{name} needs the folder of peers; see the top of {Path(__file__).name}"
                raise ValueError(msg)
            folder = peers / DISTRIBUTIONS[name]
        self._process = subprocess.Popen(
            [sys.executable, __file__, name, seed, str(styles)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def draw(self, count: int) -> list[Drawn]:
        """Return ``count`` new pictures; raises ``RuntimeError`` when the worker is gone."""
        if self._process.stdin is None or self._process.stdout is None or self._process.poll() is not None:
            raise RuntimeError(self.name)
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        self.peak_mib = told["peak_kib"] / 1024
        return [Drawn(answer, base64.b64decode(octets), ms) for answer, octets, ms in told["drawn"]]


def _timed(draw: Callable[[], bytes]) -> tuple[bytes, float]:
    start = time.process_time()
    octets = draw()
    return octets, (time.process_time() - start) * 1000


def _ours(name: str, seed: str, styles: int) -> Iterator[Drawn]:
    level = import_module("captcha_guard.challenge.difficulty").Difficulty.named(name)
    draw = import_module("captcha_guard.challenge.picture").draw
    style_of = import_module("captcha_guard.challenge.style").Style.from_secret
    looks = [style_of(f"{seed} {index}".encode()) for index in range(styles)]
    rng = random.Random(seed)
    while True:
        answer = "".join(rng.choice(ALPHABET) for _ in range(rng.choice((5, 6))))
        arguments: dict[str, Any] = {"seed": rng.randbytes(16), "style": rng.choice(looks), "difficulty": level}
        yield Drawn(answer, *_timed(lambda given=arguments, text=answer: draw(text, **given)))  # type: ignore[misc]


def _captcha(name: str, seed: str, _styles: int) -> Iterator[Drawn]:
    make = import_module("captcha.image").ImageCaptcha
    maker = make() if name.endswith("160x60") else make(width=240, height=80)
    rng = random.Random(seed)
    while True:
        answer = "".join(rng.choice(ALPHABET) for _ in range(5))
        yield Drawn(answer, *_timed(lambda text=answer: maker.generate(text).getvalue()))  # type: ignore[misc]


def _django_simple(_name: str, _seed: str, _styles: int) -> Iterator[Drawn]:
    import_module("django.conf").settings.configure(
        INSTALLED_APPS=["captcha"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        SECRET_KEY="bench",
    )
    import_module("django").setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)
    store = import_module("captcha.models").CaptchaStore
    view = import_module("captcha.views").captcha_image
    request = import_module("django.test").RequestFactory().get("/")
    while True:
        key = store.generate_key()
        answer = store.objects.get(hashkey=key).challenge
        yield Drawn(answer, *_timed(lambda known=key: view(request, known).content))  # type: ignore[misc]


def _flask_simple(_name: str, seed: str, _styles: int) -> Iterator[Drawn]:
    package = import_module("flask_simple_captcha")
    drawing = import_module("flask_simple_captcha.img")
    maker = package.CAPTCHA(package.DEFAULT_CONFIG)
    rng = random.Random(seed)

    def jpeg(answer: str, font: str) -> bytes:
        # What its create() does, less the scrypt of its token, which is not drawing.
        octets = io.BytesIO()
        drawing.create_text_img(answer, font).convert("RGB").save(octets, "JPEG")
        return octets.getvalue()

    while True:
        answer = "".join(rng.choice(sorted(maker.characters)) for _ in range(6))
        font = rng.choice(maker.fonts).path
        yield Drawn(answer, *_timed(lambda text=answer, path=font: jpeg(text, path)))  # type: ignore[misc]


def _multicolor(_name: str, seed: str, _styles: int) -> Iterator[Drawn]:
    maker = import_module("multicolorcaptcha").CaptchaGenerator()
    random.seed(seed)  # the package draws from the global generator
    held: list[str] = []

    def png() -> bytes:
        made = maker.gen_captcha_image()
        held.append(made.characters)
        octets = io.BytesIO()
        made.image.save(octets, "PNG")
        return octets.getvalue()

    while True:
        octets, ms = _timed(png)
        yield Drawn(held.pop(), octets, ms)


_MAKERS: dict[str, Callable[[str, str, int], Iterator[Drawn]]] = {
    **dict.fromkeys(OURS, _ours),
    "captcha 160x60": _captcha,
    "captcha 240x80": _captcha,
    "django-simple-captcha": _django_simple,
    "flask-simple-captcha": _flask_simple,
    "multicolorcaptcha": _multicolor,
}


def work(name: str, seed: str, styles: str) -> None:
    """Answer each count on the input with that many pictures."""
    drawn = _MAKERS[name](name, seed, int(styles))
    for line in sys.stdin:
        made = [next(drawn) for _ in range(int(line))]
        pictures = [(one.answer, base64.b64encode(one.octets).decode(), one.ms) for one in made]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sys.stdout.write(json.dumps({"peak_kib": peak, "drawn": pictures}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    work(*sys.argv[1:4])
