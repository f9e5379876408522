"""Measures what the guard costs: the same Flask comment POST with and without it, in one run.

    python -m tests.benchmarks.guard [--posts 2000]

Both applications parse the same form and answer with the same redirect. Their calls alternate, so that other load on
the machine affects both. Elapsed times are too long on a busy machine; processor times are those of the request's
thread, and change little. Every guarded POST passes all steps on the default SQLite store: limits of the client and its
network, token, nonce, answer, rules and fingerprint. Each comes from another address, because one client may not post
so often. By the applications' clock it comes ``PAUSE`` seconds after the one before it, at a quarter of the rate of a
surge.
"""

from __future__ import annotations

import argparse
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
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

#: The targets: what the guard adds to the p50 and what it adds to the p99, in p50s of the POST without it.
MOST_P50, MOST_P99 = 3.0, 10.0
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
    return _posted(client, form, address, (clock,))[0]


def twice_timed(client: FlaskClient, form: dict[str, str], address: str) -> tuple[float, float]:
    """Post one comment. Returns the ms that elapsed, and those of the processor in the request's thread."""
    elapsed, processor = _posted(client, form, address, (time.perf_counter, time.thread_time))
    return elapsed, processor


def _posted(
    client: FlaskClient, form: dict[str, str], address: str, clocks: Sequence[Callable[[], float]]
) -> list[float]:
    builder = EnvironBuilder("/comments", method="POST", data=form, environ_base={"REMOTE_ADDR": address})
    post = builder.get_request()
    builder.close()
    starts = [clock() for clock in clocks]
    answer = client.open(post)
    spent = [(clock() - start) * 1000 for clock, start in zip(clocks, starts, strict=True)]
    if answer.status_code != 303:
        raise SystemExit(f"a comment was answered with {answer.status}: the figures would be wrong")
    return spent


def run(posts: int) -> str:
    """Return the table, as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        bare, guarded = blog(Path(folder), guarded=False), blog(Path(folder), guarded=True)
        clients = bare.test_client(), guarded.test_client()
        times: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
        with time_machine.travel(time.time()) as clock:
            for number in range(posts + 50):
                form, address = comment(guarded, number), f"10.{number % 250}.{number // 250 % 250}.7"
                clock.shift(PAUSE)
                for client, column in zip(clients, times, strict=True):
                    column.append(twice_timed(client, form, address))
    rows = [_quantiles(column[50:]) for column in times]
    unguarded = rows[0]
    rows.append([guarded - without for without, guarded in zip(*rows, strict=True)])
    columns = " | ".join(f"{clock}: p50 ms | p99 ms | in bare p50s" for clock in ("elapsed", "processor"))
    lines = [f"| a comment POST, in-process | {columns} |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, row in zip(("without the guard", "with the guard", "added"), rows, strict=True):
        cells = [
            f"{p50:.2f} | {p99:.2f} | {p50 / unit:.1f} and {p99 / unit:.1f}"
            for p50, p99, unit in ((row[0], row[1], unguarded[0]), (row[2], row[3], unguarded[2]))
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    aim = f"at most {MOST_P50:.1f} and {MOST_P99:.1f}"
    lines.append(f"| aim for what is added | | | {aim} | | | |")
    return "\n".join(lines) + f"\n\n{posts:,} POSTs each, in alternating calls."


def _quantiles(times: list[tuple[float, float]]) -> list[float]:
    """Return the p50 and the p99 of the elapsed times and of the processor times."""
    columns = (sorted(column) for column in zip(*times, strict=True))
    return [quantile(column, percent) for column in columns for percent in (50, 99)]


def quantile(values: list[float], percent: int) -> float:
    """Return a percentile of sorted values."""
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--posts", type=int, default=2000)
    print(run(parser.parse_args().posts))
