"""Measures what hostile requests cost: CPU time in the guard's code, and the size of the answer.

    python -m tests.benchmarks.hostile [--json FILE] [--before FILE]

Each request goes to a guarded route and, as the control, to an unguarded one that reads the same: the form, the files,
the query, or the JSON. The difference is the guard's cost. Every request is sent to a new application, first from an
address without a limit, then from a limited one. The more expensive of the two counts. ``--json`` writes the figures.
``--before`` adds those of another checkout, written by this program with that checkout on ``PYTHONPATH``.

The targets: no request below 1 MB costs more than 50 ms, and no page is larger than 8 KiB plus twice the escaped text.
"""

from __future__ import annotations

import argparse
import json
import logging
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from captcha_guard import CaptchaGuard

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PARTS = "multipart/form-data; boundary=x"

#: The targets: milliseconds of CPU, and bytes of a page without text.
MOST_MS = 50.0
PAGE = 10 * 1024

#: How many times each request is sent. The median counts.
TIMES = 5


@dataclass(frozen=True)
class Hostile:
    """One request. ``text`` is the number of bytes of its names and values, escaped for HTML."""

    name: str
    body: bytes
    content_type: str
    text: int = 0
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Cost:
    """The cost of a request in ms of CPU, with the answers to a client that isn't limited and to one that is."""

    name: str
    sent: int
    ms: float
    statuses: list[int]
    answer: int
    bound: int


def hostile() -> Iterator[Hostile]:
    """Return the requests. Most are below 1 MB."""
    yield _form("249,500 empty fields", b"&".join([b"a="] * 166_000 + [b"="] * 83_500))
    yield _form("70,000 distinct names", b"&".join(b"%x=" % number for number in range(70_000)))
    yield _form("2,000 tiny fields", b"&".join(b"%x=1" % number for number in range(1_999)))
    yield _form("2,000 fields of 240 characters", b"&".join(b"%x=" % n + b"ab cd " * 40 for n in range(1_999)))
    yield _form("2,000 times body", b"&".join([b"body=viagra"] * 1_999))
    yield _form("150 fields", b"&".join(b"f%d=%d" % (number, number) for number in range(150)))
    yield _form("a name of 490 KB", b"a" * 490_000 + b"=1")
    for name, piece in PIECES.items():
        for field in ("body", "feedback", *(("author", "csrf_token") if len(piece) <= 3 else ())):
            text = (piece * (490_000 // len(quote_plus(piece)) + 1))[: 490_000 // len(quote_plus(piece)) * len(piece)]
            yield _form(f"490 KB of {name} in {field}", f"{field}={quote_plus(text)}".encode())
    yield _form("a query of 60 KB", b"body=x", query="&".join(f"q{number}=1" for number in range(7_500)))
    yield _form("a query of 900 KB, one value", b"body=x", query=f"q={'ab+' * 300_000}")
    yield _form("headers of 60 KB each", b"body=x", headers=tuple((name, "x" * 60_000) for name in HEADERS))
    yield _parts("1,000 parts, 900 KB", [(f"f{number}", "ab cd " * 140, "") for number in range(1_000)])
    yield _parts("1,000 files with names", [(f"f{number}", "x", "name " * 60) for number in range(1_000)])
    yield _parts("1,000 files under one name", [("f", "x", "name.txt")] * 1_000)
    yield _json("100,000 texts", json.dumps(["x"] * 100_000))
    yield _json("2,000 texts of 240 characters", json.dumps(["ab cd " * 40] * 1_900))
    for name, piece in (("Cyrillic", "привет "), ("marks", "a\u0301\u0301"), ("entities", "&lt;&amp;")):
        texts = [(piece * 240)[: 240 if piece.isascii() else 120] for _ in range(1_900)]
        yield _json(f"2,000 texts of {name}", json.dumps(texts, ensure_ascii=False))
    yield _json("60,000 keys", json.dumps({f"k{number}": 1 for number in range(45_000)}))
    yield _json("200,000 numbers", json.dumps([1] * 166_000))
    yield _json("160,000 empty lists", "[" + ",".join(["[]"] * 160_000) + "]")
    yield _json("500 KB of [", "[" * 499_000)
    yield _json("500 KB of {", '{"a":' * 99_000)
    yield _json("long keys, 900 deep", '{"' + "k" * 500 + '":' + ('{"' + "k" * 500 + '":') * 899 + "1" + "}" * 900)
    yield _json("490 KB of digits", "1" * 490_000)
    yield _json("a text of 490 KB", json.dumps({"body": "ab cd " * 81_000}))


PIECES = {
    "[": "[",
    "&": "&",
    "&amp;": "&amp;",
    "control characters": "\x01",
    "combining marks": "a\u0301\u0323",
    "zero width": "a\u200b",
    "links": "http://a.example ",
    "<a": "<a ",
    "words": "lock ",
    "letters": "a",
    "dots": "a.",
    "@": "a@",
}

HEADERS = ("Captcha-Token", "Captcha-Answer", "Captcha-Pass", "Referer", "User-Agent")


def _form(name: str, body: bytes, query: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Hostile:
    pairs = parse_qsl(body.decode(), keep_blank_values=True)
    return Hostile(f"form: {name}", body, FORM, _escaped(pairs), query, headers)


def _parts(name: str, parts: list[tuple[str, str, str]]) -> Hostile:
    pieces = []
    for field, content, file_name in parts:
        file = f'; filename="{file_name}"' if file_name else ""
        pieces.append(f'--x\r\nContent-Disposition: form-data; name="{field}"{file}\r\n\r\n{content}\r\n')
    text = _escaped([(field, "" if file_name else content) for field, content, file_name in parts])
    return Hostile(f"multipart: {name}", ("".join(pieces) + "--x--").encode(), PARTS, text)


def _json(name: str, body: str) -> Hostile:
    return Hostile(f"JSON: {name}", body.encode(), JSON)


def _escaped(pairs: list[tuple[str, str]]) -> int:
    return sum(len(escape(name + value).encode()) for name, value in pairs)


def make_site(folder: Path) -> Flask:
    """Return an application with a guarded route and an unguarded one that reads the same."""
    app = Flask("hostile", instance_path=str(folder))
    app.config.update(SECRET_KEY=f"s{secrets.token_hex()}", CAPTCHA_GUARD_LOG="off", CAPTCHA_GUARD_SURGE=0)

    def read() -> str:
        with suppress(HTTPException, RecursionError):
            found: list[Any] = [request.form, request.files, request.args, request.is_json and request.get_json()]
            return str(len(found))
        return ""

    @app.post("/twin")
    def twin() -> str:
        return read()

    @app.post("/guarded")
    @CaptchaGuard(app).protect(moderated=True)
    def guarded() -> str:
        return read()

    return app


def send(client: FlaskClient, path: str, hostile: Hostile, address: str) -> tuple[float, int, int]:
    """Return the CPU time in ms, the status and the size of the answer."""
    builder = {"data": hostile.body, "content_type": hostile.content_type, "query_string": hostile.query}
    environ = {"REMOTE_ADDR": address}
    start = time.process_time()
    answer = client.post(path, headers=list(hostile.headers), environ_overrides=environ, **builder)
    size = len(answer.data)
    spent = (time.process_time() - start) * 1000
    if answer.status_code == 500:
        raise SystemExit(f"{hostile.name}: a 500, so the figures would be wrong")
    return spent, answer.status_code, size


def cost(client: FlaskClient, hostile: Hostile, number: int) -> Cost:
    """Measure one request: the more expensive of the medians with and without a limit."""
    bare = sorted(send(client, "/twin", hostile, "192.0.2.1")[0] for _ in range(TIMES))[TIMES // 2]
    fresh = [send(client, "/guarded", hostile, f"10.{number}.{index}.7") for index in range(TIMES)]
    limited = f"10.{number}.200.7"
    for _ in range(12):
        client.post("/guarded", data={"body": "x"}, environ_overrides={"REMOTE_ADDR": limited})
    late = [send(client, "/guarded", hostile, limited) for _ in range(TIMES)]
    medians = [sorted(ms for ms, _, _ in sent)[TIMES // 2] for sent in (fresh, late)]
    statuses = [fresh[0][1], late[0][1]]
    size = max(sent[2] for sent in fresh + late)
    sent = len(hostile.body) + len(hostile.query) + sum(len(value) for _, value in hostile.headers)
    return Cost(hostile.name, sent, max(medians) - bare, statuses, size, PAGE + 2 * hostile.text)


def measure() -> list[Cost]:
    """Send all requests."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        client = make_site(Path(folder)).test_client()
        send(client, "/guarded", Hostile("", b"body=x", FORM), "10.250.0.1")
        return [cost(client, one, number) for number, one in enumerate(hostile())]


def table(costs: list[Cost], before: dict[str, Cost]) -> Iterator[str]:
    """Yield the table as Markdown."""
    earlier = bool(before)
    ms, kb = ("CPU ms before | " * earlier, "answer KB before | " * earlier)
    yield f"| request | sent KB | {ms}CPU ms | {kb}answer KB | at most KB | status |"
    yield "| --- |" + " ---: |" * (4 + earlier * 2) + " --- |"
    for one in costs:
        was = before.get(one.name)
        cells = [one.name, f"{one.sent / 1000:,.0f}"]
        cells += [f"{was.ms:,.0f}" if was else "-"] * earlier + [f"{one.ms:,.0f}{' !' * (one.ms > MOST_MS)}"]
        cells += [f"{was.answer / 1000:,.1f}" if was else "-"] * earlier
        cells += [f"{one.answer / 1000:,.1f}{' !' * (one.answer > one.bound)}", f"{one.bound / 1000:,.0f}"]
        yield f"| {' | '.join([*cells, ', '.join(map(str, dict.fromkeys(one.statuses)))])} |"
    missed = [one for one in costs if one.ms > MOST_MS or one.answer > one.bound]
    yield f"\nThe median of {TIMES}. {len(missed)} of {len(costs)} rows miss a target; they are marked with `!`."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", type=Path, help="Write the figures to this file.")
    parser.add_argument("--before", type=Path, help="The figures of another checkout, to put beside these.")
    options = parser.parse_args()
    results = measure()
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in results]))
    old = [Cost(**one) for one in json.loads(options.before.read_text())] if options.before else []
    print("\n".join(table(results, {one.name: one for one in old})))
