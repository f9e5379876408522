"""The counters' file missing, read-only, full, corrupt or locked: no unproven comment, no lost comment, no 500."""

from __future__ import annotations

import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from captcha_guard.health import REST
from captcha_guard.web.post.posted import TOKEN
from tests.faulty_redis import until
from tests.integration.conftest import RECOVERY, MakeBlog, close_counters, health_changes
from tests.integration.host_blog import COMMENT, Blog, fields_of, solved, wrong

POST = "/posts/one/comments"
NOBODY = 65_534

Fault = Callable[[Path], AbstractContextManager[None]]


def _files(file: Path) -> list[Path]:
    return [*file.parent.glob(f"{file.name}*")]


@contextmanager
def replaced_by_a_folder(file: Path) -> Iterator[None]:
    """Replace the file with a folder, so that it can be neither opened nor created."""
    aside = file.parent.parent / "aside"
    file.parent.rename(aside)
    file.mkdir(parents=True)
    try:
        yield
    finally:
        file.rmdir()
        file.parent.rmdir()
        aside.rename(file.parent)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run without root's right to write everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Make file and folder read-only."""
    parents = [parent for parent in file.parents if parent.name.startswith(("test_", "pytest-", "popen-"))]
    modes = {path: path.stat().st_mode for path in [*_files(file), file.parent, *parents]}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with unprivileged():
            yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def out_of_reach(file: Path) -> Iterator[None]:
    """Make the folder inaccessible."""
    mode = file.parent.stat().st_mode
    file.parent.chmod(0)
    try:
        with unprivileged():
            yield
    finally:
        file.parent.chmod(mode)


@contextmanager
def full(file: Path) -> Iterator[None]:
    """Limit the size of this process's files, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Lock the file, as a backup that never ends."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


FAULTS = pytest.mark.parametrize("fault", [replaced_by_a_folder, read_only, out_of_reach, full, locked])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "captcha_guard.sqlite3"


def say(client: FlaskClient, number: object, way: str = "/posts/one") -> dict[str, str]:
    return solved(client, client.get(way), COMMENT | {"body": f"Comment {number}"})


def warm(blog: Blog) -> None:
    """Load everything that a process loads once."""
    client = blog.client()
    assert client.post(POST, data=say(client, "warm")).status_code == 303
    assert client.post("/queue", data=say(client, "warm", "/queue")).status_code == 303
    assert client.post(POST, data=wrong(client.get("/posts/one"), COMMENT)).status_code == 422
    blog.app.test_client().get("/posts/one")
    read_templates(blog)
    blog.stored.clear()


def read_templates(blog: Blog) -> None:
    """Load all templates. Without root's rights they can't be read if the checkout is in root's folder."""
    with blog.app.test_request_context():
        for name in blog.app.jinja_env.list_templates():
            blog.app.jinja_env.get_template(name)


@FAULTS
def test_an_open_route_keeps_text_and_code_a_moderated_one_holds_and_both_recover(
    blogs: MakeBlog, file: Path, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    blog = blogs()
    warm(blog)
    client = blog.client()
    sent, to_queue = say(client, 1), say(client, 2, "/queue")
    close_counters(blog)
    with fault(file):
        refused = client.post(POST, data=sent)
        assert refused.status_code == 503
        assert fields_of(refused)["body"] == "Comment 1"
        assert fields_of(refused)[TOKEN] == sent[TOKEN]
        assert client.post(POST, data=COMMENT).status_code == 422
        assert client.post(POST, data=wrong(client.get("/posts/one"), COMMENT)).status_code == 422
        assert blog.stored == []
        assert client.post("/queue", data=to_queue).status_code == 303
        assert (blog.stored[0]["held"], blog.stored[0]["why"]) == ("True", "store_unavailable")
        close_counters(blog)
    until(lambda: client.post(POST, data=fields_of(refused)).status_code == 303, seconds=RECOVERY)
    assert [comment["body"] for comment in blog.stored] == ["Comment 2", "Comment 1"]
    assert health_changes(caplog) == ["fails", "answers"]


@FAULTS
def test_in_mode_off_each_process_allows_its_share(blogs: MakeBlog, file: Path, fault: Fault) -> None:
    config = {"CAPTCHA_GUARD_MODE": "off", "CAPTCHA_GUARD_COMMENT_LIMITS": "9 per hour", "CAPTCHA_GUARD_WORKERS": 3}
    blog = blogs(config)
    warm_client = blog.client("198.51.100.1")
    assert warm_client.post(POST, data=COMMENT | {"body": "warm"}).status_code == 303
    read_templates(blog)
    client = blog.client()
    close_counters(blog)
    with fault(file):
        answers = [client.post(POST, data=COMMENT | {"body": f"Comment {number}"}).status_code for number in range(5)]
        close_counters(blog)
    assert answers == [303, 303, 303, 429, 429]


def test_a_corrupt_file_is_set_aside_by_name_and_codes_from_before_are_unproven(
    blogs: MakeBlog, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blog = blogs()
    client = blog.client()
    used = say(client, 0)
    assert client.post(POST, data=used).status_code == 303
    close_counters(blog)
    for one in _files(file):
        one.write_bytes(os.urandom(4096 * 4))
    assert client.post(POST, data=used | {"body": "Once more"}).status_code in (422, 503)
    fresh: list[int] = []

    def post() -> bool:
        fresh.append(client.post(POST, data=say(client, len(fresh))).status_code)
        return fresh[-1] == 303

    until(post, seconds=RECOVERY)
    assert set(fresh) <= {303, 503}
    assert not [comment for comment in blog.stored if comment["body"] == "Once more"]
    aside = [one.name for one in file.parent.iterdir() if "corrupt" in one.name]
    assert aside
    assert any(name in caplog.text for name in aside)


@FAULTS
@pytest.mark.parametrize("way", ["/posts/one", "/quiet"])
def test_page_views_end_the_outage_after_the_fault_and_not_before(
    blogs: MakeBlog,
    file: Path,
    fault: Fault,
    *,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    blog, ahead = blogs(), [0.0]
    monkeypatch.setattr(blog.state.health, "_clock", lambda: time.monotonic() + ahead[0])
    warm(blog)
    client = blog.client()
    client.get(way)
    sent = say(client, 1)
    close_counters(blog)
    with fault(file):
        assert client.post(POST, data=sent).status_code == 503
        for _ in range(2):
            ahead[0] += REST
            assert client.get(way).status_code == 200
        assert health_changes(caplog) == ["fails"]
        close_counters(blog)
    ahead[0] += REST
    assert client.get(way).status_code == 200
    assert health_changes(caplog) == ["fails", "answers"]


def test_a_locked_file_does_not_cost_its_timeout_on_every_request(blogs: MakeBlog, file: Path) -> None:
    blog = blogs()
    warm(blog)
    client = blog.client()
    sent = [say(client, number) for number in range(30)]
    with locked(file):
        begun = time.monotonic()
        assert {client.post(POST, data=one).status_code for one in sent} == {503}
        assert time.monotonic() - begun < 15  # with a timeout for each request it would be at least 60 s
