"""The tuning page: a separate application that only this machine can open. The site doesn't serve it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

from flask import Flask, Response, render_template, request

from ..errors import ConfigError
from .attack.outcome import Sample
from .options import presets
from .preview_renderer import Drawn, PreviewRenderer
from .reading_programs import ReadingPrograms
from .tuning import SEED_BYTES, Tuning, hexadecimal

#: The number of pictures on the page.
PICTURES = 6

#: The number of pictures that the programs read on request.
READ_PICTURES = 50

#: Requests with another host name get an error, which prevents attacks by DNS rebinding.
HOSTS = ["127.0.0.1", "localhost"]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Shown(NamedTuple):
    """A code and its picture in both resolutions, as data URLs."""

    code: str
    picture: str
    picture_2x: str


class Cost(NamedTuple):
    """The median time and size of a few pictures, in milliseconds and bytes."""

    ms: float
    size: int

    @classmethod
    def of(cls, drawn: Sequence[Drawn]) -> Cost:
        """Return the medians of these pictures."""
        return cls(median(one.ms for one in drawn), round(median(len(one.png) for one in drawn)))


def make_tuner(
    site: PreviewRenderer,
    start: Tuning,
    *,
    new_seed: Callable[[], str] = lambda: secrets.token_hex(SEED_BYTES),
    programs: ReadingPrograms | None = None,
) -> Flask:
    """Return the page's application. It opens with ``start`` and stores nothing.

    ``programs`` are the programs that read the pictures on request; by default all installed ones.
    """
    readers = programs or ReadingPrograms(site.appearance.alphabet)
    tuner = Flask(__name__)
    tuner.config["TRUSTED_HOSTS"] = HOSTS
    tuner.jinja_env.trim_blocks = tuner.jinja_env.lstrip_blocks = True

    @tuner.get("/")
    def page() -> str:
        return _page(site, start.moved(request.args, new_seed), readers if "read" in request.args else None)

    @tuner.errorhandler(ConfigError)
    def refuse(error: ConfigError) -> tuple[str, int, dict[str, str]]:
        return f"{error}\n", 400, {"Content-Type": "text/plain; charset=utf-8"}

    @tuner.after_request
    def seal(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    return tuner


def _page(site: PreviewRenderer, tuning: Tuning, readers: ReadingPrograms | None) -> str:
    renderer = site.with_appearance(tuning.appearance(site.appearance))
    numbers = range(tuning.codes * PICTURES, (tuning.codes + 1) * PICTURES)
    plain = [renderer.timed(tuning.difficulty, number) for number in numbers]
    dense = [renderer.timed(tuning.difficulty, number, scale=2) for number in numbers]
    width, height = tuning.difficulty.picture_size(tuning.size)
    until = (renderer.epoch(renderer.clock()) + 1) * renderer.appearance.rotation
    return render_template(
        "tune.html",
        tuning=tuning,
        ink=hexadecimal(tuning.ink),
        paper=hexadecimal(tuning.paper),
        rotation=tuning.rotation(),
        presets=presets(),
        width=width,
        height=height,
        shown=[Shown(one.code, _url(one), _url(two)) for one, two in zip(plain, dense, strict=True)],
        cost=Cost.of(plain),
        cost_2x=Cost.of(dense),
        until=datetime.fromtimestamp(until, UTC) if until else None,
        read_pictures=READ_PICTURES,
        report=readers.read(_samples(renderer, tuning)) if readers else None,
    )


def _samples(renderer: PreviewRenderer, tuning: Tuning) -> Iterator[Sample]:
    first = tuning.codes * PICTURES
    for number in range(first, first + READ_PICTURES):
        drawn = renderer.draw(tuning.difficulty, number)
        yield Sample(drawn.png, drawn.answers)


def _url(drawn: Drawn) -> str:
    return "data:image/png;base64," + base64.b64encode(drawn.png).decode()
