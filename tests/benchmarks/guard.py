"""Measures what the guard costs: the same Flask comment POST with and without it, in one run.

    python -m tests.benchmarks.guard [--posts 2000]

Both applications parse the same form and answer with the same redirect. Their calls alternate, so that other load on
the machine affects both. Every guarded POST passes all steps on the default SQLite store: limits of the client and its
network, token, nonce, answer, rules and fingerprint. Each comes from another address, because one client may not post
so often. By the applications' clock it comes ``PAUSE`` seconds after the one before it, at a quarter of the rate of a
surge.
"""

from __future__ import annotations

import argparse
import platform
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import time_machine
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from captcha_guard import CaptchaGuard
from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.testing import solve
from captcha_guard.web.state import current_state

SCOPE = "create_comment"

#: Seconds for typing a comment, by the clock of limits and tokens, before the next one.
PAUSE = 4
WORDS = (
    "the load factor in part two should read less than one half because probing then takes longer and a bucket that "
    "was full stays full until somebody moves its keys into another table while readers still look for them there"
)


def blog(folder: Path, *, guarded: bool) -> Flask:
    """Return a blog with one comment route."""
    app = Flask("bench", instance_path=str(folder))
    app.config["SECRET_KEY"] = f"s{secrets.token_hex()}"

    def create_comment() -> tuple[str, int, dict[str, str]]:
        return "", 303, {"Location": f"/#{len(request.form['body'])}"}

    view = create_comment
    if guarded:
        view = CaptchaGuard(app).protect(create_comment)
    app.add_url_rule("/comments", SCOPE, view, methods=["POST"])
    return app


def comment(app: Flask, number: int) -> dict[str, str]:
    """Return a new comment with its own solved challenge."""
    with app.app_context():
        token = current_state().issuer.issue(SCOPE, difficulty=Difficulty.medium)
    body = " ".join(random.Random(number).choices(WORDS.split(), k=50))  # all different, because repetitions are held
    fields = {"author": "Ada Quill", "email": "ada@example.org", "body": body}
    return {**fields, "captcha_token": token, "captcha_answer": solve(app, token)}


def timed(
    client: FlaskClient, form: dict[str, str], address: str, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Post one comment. Returns its time in ms by ``clock``, without the time to build the request."""
    builder = EnvironBuilder("/comments", method="POST", data=form, environ_base={"REMOTE_ADDR": address})
    post = builder.get_request()
    builder.close()
    start = clock()
    answer = client.open(post)
    spent = (clock() - start) * 1000
    if answer.status_code != 303:
        raise SystemExit(f"a comment was answered with {answer.status}: the figures would be wrong")
    return spent


def run(posts: int) -> str:
    """Return the table, as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        bare, guarded = blog(Path(folder), guarded=False), blog(Path(folder), guarded=True)
        clients = bare.test_client(), guarded.test_client()
        times: tuple[list[float], list[float]] = ([], [])
        with time_machine.travel(time.time()) as clock:
            for number in range(posts + 50):
                form, address = comment(guarded, number), f"10.{number % 250}.{number // 250 % 250}.7"
                clock.shift(PAUSE)
                for client, column in zip(clients, times, strict=True):
                    column.append(timed(client, form, address))
    without, with_guard = (sorted(column[50:]) for column in times)
    rows = [("without the guard", without), ("with the guard", with_guard)]
    lines = ["| a comment POST, in-process | p50 ms | p99 ms |", "| --- | --- | --- |"]
    lines += [f"| {name} | {quantile(column, 50):.2f} | {quantile(column, 99):.2f} |" for name, column in rows]
    added = [quantile(with_guard, percent) - quantile(without, percent) for percent in (50, 99)]
    lines.append(f"| added | {added[0]:.2f} | {added[1]:.2f} |")
    what = f"{posts} POSTs each, interleaved; Python {platform.python_version()}, {platform.machine()}"
    return "\n".join(lines) + f"\n\n{what}."


def quantile(values: list[float], percent: int) -> float:
    """Return a percentile of sorted values."""
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--posts", type=int, default=2000)
    print(run(parser.parse_args().posts))
