"""Two gunicorns with one Redis behind nginx are one guard, and no request is lost when they restart in turn."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from string import ascii_lowercase

import pytest

from tests.deployment.expectations import counts_visitors_by_their_own_address, takes_comments
from tests.deployment.premises import Nginx, Premises, Program
from tests.deployment.recipes import FILES, commands, put, section, settings
from tests.deployment.visitor import Visitor
from tests.servers import free_port, wait_for_port

TITLE = "Two instances, one Redis"


@pytest.fixture
def redis(premises: Premises) -> Program:
    """Start a Redis with the document's settings, and name it in the environment as the document does."""
    port = free_port()
    (premises.folder / "redis.conf").write_text(FILES["/etc/redis/redis.conf"])
    variables = settings(section(TITLE))
    variables["FLASK_CAPTCHA_GUARD_STORAGE_URI"] = put(
        variables["FLASK_CAPTCHA_GUARD_STORAGE_URI"], {"127.0.0.1:6379": f"127.0.0.1:{port}"}
    )
    premises.environ |= variables
    own = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(premises.folder)]
    server = premises.run(["redis-server", "redis.conf", *own], "redis")
    wait_for_port(port)
    return server


@pytest.mark.redis
def test_two_instances_are_one_guard_and_lose_nothing_when_they_are_reloaded_and_restarted(
    premises: Premises, redis: Program
) -> None:
    premises.environ["FLASK_CAPTCHA_GUARD_SURGE"] = "0"  # this test posts more than a comment a second
    first, second = commands(TITLE, "gunicorn")
    one, port = premises.gunicorn(first)
    two, other_port = premises.gunicorn(second, at="127.0.0.1:8001")
    upstreams = {"127.0.0.1:8000": port, "127.0.0.1:8001": other_port}
    nginx = premises.nginx("/etc/nginx/sites-available/blog-on-two", upstreams)
    takes_comments(premises, nginx.port)
    counts_visitors_by_their_own_address(premises, nginx.port)
    _both_share_forms_and_spent_codes(premises, port, other_port)

    reader, replayer = Visitor(nginx.port, premises.solve), Visitor(nginx.port, premises.solve)
    opened, spent = reader.read(), replayer.filled(replayer.read(), "Spent before the restart.")
    assert replayer.ask("POST", "/", spent).status == 303
    with commenting(premises, nginx.port) as statuses:
        one.reload()
        two.reload()
        with marked_down(nginx, port):
            assert one.end() == 0
            premises.gunicorn(first, port=port)
            Visitor(port, premises.solve).read()
        with marked_down(nginx, other_port):
            assert two.end() == 0
            premises.gunicorn(second, port=other_port, at="127.0.0.1:8001")
            Visitor(other_port, premises.solve).read()
    assert len(statuses) > 5
    assert set(statuses) == {303}
    assert reader.ask("POST", "/", reader.filled(opened, "Written across a rolling restart.")).status == 303
    assert replayer.ask("POST", "/", {**spent, "body": "Spent code, new instance."}).status == 422
    assert premises.comments[-1] == "Written across a rolling restart."
    _the_doctor_finds_no_fault(premises, nginx.port)


@contextmanager
def marked_down(nginx: Nginx, port: int) -> Iterator[None]:
    """Mark an instance as down, wait for its pending requests, and remove the mark at the end."""
    server = f"server 127.0.0.1:{port}"
    nginx.change(f"{server} max_fails=0;", f"{server} down;")
    yield
    nginx.change(f"{server} down;", f"{server} max_fails=0;")


def _both_share_forms_and_spent_codes(premises: Premises, port: int, other_port: int) -> None:
    """A form of one instance is accepted by the other, and a code that is spent at one is spent at the other."""
    reader = Visitor(port, premises.solve)
    form = reader.filled(reader.read(), f"Read here, posted there, by {reader.address}.")
    reader.port = other_port
    assert reader.ask("POST", "/", form, X_Forwarded_For=reader.address).status == 303
    reader.port = port
    assert reader.ask("POST", "/", {**form, "body": "Again."}, X_Forwarded_For=reader.address).status == 422


def _the_doctor_finds_no_fault(premises: Premises, port: int) -> None:
    done = premises.doctor("--url", f"http://127.0.0.1:{port}/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"CG101", "CG203", "CG205", "CG407"} <= set(done.stdout.rpartition("fine")[2].replace(",", " ").split())


@contextmanager
def commenting(premises: Premises, port: int) -> Iterator[list[int]]:
    """Let one visitor after the other comment during the block. Yields their answers, and checks that all are kept."""
    statuses: list[int] = []
    over = threading.Event()
    before = len(premises.comments)

    def comment() -> None:
        while not over.wait(0.1):
            body = " ".join("".join(secrets.choice(ascii_lowercase) for _ in range(7)) for _ in range(6))
            statuses.append(Visitor(port, premises.solve).comment(body).status)

    threads = [threading.Thread(target=comment) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert len(premises.comments) - before == statuses.count(303)
