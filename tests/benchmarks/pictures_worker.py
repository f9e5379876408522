"""Draws pictures of one package in its own process: ``python pictures_worker.py NAME SEED STYLES ALPHABET``.

It reads a count from each line of its input and answers with that many pictures, as one line of JSON. It imports only
the package that draws, so that its memory is the memory of that package.
"""

from __future__ import annotations

import base64
import io
import json
import random
import resource
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Order:
    """What to draw: the kind, the seed, the number of styles (for ours), and the symbols of codes.

    Packages with their own symbols ignore these.
    """

    name: str
    seed: str
    styles: int
    alphabet: str


@dataclass(frozen=True)
class Made:
    """One picture: every right answer, its bytes, and the ms of processor time to draw it."""

    answers: tuple[str, ...]
    image: bytes
    ms: float


def _timed(draw: Callable[[], bytes]) -> tuple[bytes, float]:
    start = time.process_time()
    image = draw()
    return image, (time.process_time() - start) * 1000


def _ours(order: Order) -> Iterator[Made]:
    level = import_module("captcha_guard.challenge.difficulty").Difficulty.named(order.name)
    picture = import_module("captcha_guard.challenge.drawing.picture")
    style_of = import_module("captcha_guard.challenge.drawing.style").Style.from_secret
    looks = [style_of(f"{order.seed} {index}".encode()) for index in range(order.styles)]
    rng = random.Random(order.seed)
    while True:
        answer = "".join(rng.choice(order.alphabet) for _ in range(rng.choice((5, 6))))
        arguments: dict[str, Any] = {"seed": rng.randbytes(16), "style": rng.choice(looks), "difficulty": level}
        image, ms = _timed(lambda given=arguments, text=answer: picture.draw(text, **given))  # type: ignore[misc]
        yield Made(picture.readings(answer, **arguments), image, ms)


def _captcha(order: Order) -> Iterator[Made]:
    make = import_module("captcha.image").ImageCaptcha
    width, height = map(int, order.name.split()[1].split("x"))
    maker = make(width=width, height=height)
    rng = random.Random(order.seed)
    while True:
        answer = "".join(rng.choice(order.alphabet) for _ in range(5))
        yield Made((answer,), *_timed(lambda text=answer: maker.generate(text).getvalue()))  # type: ignore[misc]


def _django_simple(_order: Order) -> Iterator[Made]:
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
        yield Made((answer,), *_timed(lambda known=key: view(request, known).content))  # type: ignore[misc]


def _flask_simple(order: Order) -> Iterator[Made]:
    package = import_module("flask_simple_captcha")
    drawing = import_module("flask_simple_captcha.img")
    maker = package.CAPTCHA(package.DEFAULT_CONFIG)
    rng = random.Random(order.seed)

    def jpeg(answer: str, font: str) -> bytes:
        # Like its create(), but without the scrypt of its token, which isn't drawing.
        file = io.BytesIO()
        drawing.create_text_img(answer, font).convert("RGB").save(file, "JPEG")
        return file.getvalue()

    while True:
        answer = "".join(rng.choice(sorted(maker.characters)) for _ in range(6))
        font = rng.choice(maker.fonts).path
        yield Made((answer,), *_timed(lambda text=answer, path=font: jpeg(text, path)))  # type: ignore[misc]


def _multicolor(order: Order) -> Iterator[Made]:
    maker = import_module("multicolorcaptcha").CaptchaGenerator()
    random.seed(order.seed)  # the package uses the global generator
    held: list[str] = []

    def png() -> bytes:
        made = maker.gen_captcha_image()
        held.append(made.characters)
        file = io.BytesIO()
        made.image.save(file, "PNG")
        return file.getvalue()

    while True:
        image, ms = _timed(png)
        yield Made((held.pop(),), image, ms)


#: Any other name is one of our difficulties.
_MAKERS: dict[str, Callable[[Order], Iterator[Made]]] = {
    "captcha 160x60": _captcha,
    "captcha 240x80": _captcha,
    "captcha 240x120": _captcha,
    "django-simple-captcha": _django_simple,
    "flask-simple-captcha": _flask_simple,
    "multicolorcaptcha": _multicolor,
}


def work(order: Order) -> None:
    """Answer each count on the input with that many pictures."""
    drawn = _MAKERS.get(order.name, _ours)(order)
    for line in sys.stdin:
        made = [next(drawn) for _ in range(int(line))]
        pictures = [(one.answers, base64.b64encode(one.image).decode(), one.ms) for one in made]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sys.stdout.write(json.dumps({"peak_kib": peak, "drawn": pictures}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    name, seed, styles, alphabet = sys.argv[1:]
    work(Order(name, seed, int(styles), alphabet))
