"""What the doctor knows without an application: secrets by their looks, mounts, policies, numbers of workers."""

from __future__ import annotations

import base64
import os
import random
import secrets
import string
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from captcha_guard.doctor.checks.content_policy import blocked, parse
from captcha_guard.doctor.checks.network_file import NETWORKED
from captcha_guard.doctor.checks.secret_strength import ENOUGH
from captcha_guard.doctor.entropy import bits
from captcha_guard.doctor.mounts import KINDS, kind_of
from captcha_guard.doctor.workers import seen

MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:40 / /srv rw,relatime shared:5 - ext4 /dev/vdb rw
31 30 0:41 / /srv/blog rw,relatime shared:6 - nfs4 files:/blog rw,vers=4.2
32 30 0:42 / /srv/my\040blog rw,relatime - cifs //files/blog rw
33 31 0:43 / /srv/blog/local rw,relatime - xfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    "make",
    [
        lambda: secrets.token_hex().encode(),
        lambda: secrets.token_hex(16).encode(),
        lambda: secrets.token_urlsafe(32).encode(),
        lambda: os.urandom(16),
        lambda: str(uuid.uuid4()).encode(),
        lambda: base64.b64encode(os.urandom(32)),
    ],
    ids=["token_hex()", "token_hex(16)", "token_urlsafe(32)", "urandom(16)", "uuid4()", "base64"],
)
def test_a_random_secret_is_never_called_weak(make: Callable[[], bytes]) -> None:
    assert min(bits(make()) for _ in range(500)) >= ENOUGH


@pytest.mark.parametrize(
    ("symbols", "length", "share"),
    [(string.ascii_letters + string.digits + "+/", 22, 0.01), (string.ascii_lowercase, 32, 0.05)],
    ids=["base64", "small letters"],
)
def test_a_short_random_text_is_seldom_called_weak(symbols: str, length: int, share: float) -> None:
    drawn = random.Random("a short random text")
    weak = sum(bits("".join(drawn.choices(symbols, k=length)).encode()) < ENOUGH for _ in range(2000))
    assert 0 < weak < 2000 * share


@pytest.mark.parametrize(
    "secret",
    [
        "correct horse battery staple",
        "a secret that only these tests know",
        "supersecretpassword1",
        "abcdefghijklmnopqrstuvwxyz",
        "1234567890123456",
        "hunter2hunter2hunter2",
        "x7Kq9x7Kq9x7Kq9x7Kq9x7Kq9",
    ],
)
def test_words_runs_and_repetitions_are_called_weak_however_long(secret: str) -> None:
    assert bits(secret.encode()) < ENOUGH


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/blog/instance/captcha_guard.sqlite3", "nfs4"),
        ("/srv/my blog/captcha_guard.sqlite3", "cifs"),
        ("/srv/blog/local/captcha_guard.sqlite3", "xfs"),
        ("/srv/blogger/captcha_guard.sqlite3", "ext4"),
        ("/var/lib/captcha_guard.sqlite3", "ext4"),
    ],
)
def test_the_innermost_mount_says_what_a_file_lies_on(path: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert kind_of(Path(path), tmp_path / "mountinfo") == kind


def test_this_machines_own_mounts_are_read(tmp_path: Path) -> None:
    assert kind_of(Path("/proc/self/status"), Path("/proc/self/mountinfo")) == "proc"
    assert kind_of(tmp_path, Path("/proc/self/mountinfo"))


def test_the_kernel_says_what_a_file_lies_on_where_no_mount_is_listed_as_in_a_chroot(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text("")
    assert kind_of(Path("/proc/self/status"), tmp_path / "mountinfo") == "proc"
    there = kind_of(tmp_path, tmp_path / "mountinfo")
    assert there in KINDS.values()
    assert kind_of(tmp_path / "instance" / "counters.sqlite3", tmp_path / "mountinfo") == there


@pytest.mark.parametrize("kind", ["nfs", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "lustre", "gpfs", "beegfs"])
def test_network_file_systems_known_by_their_number_are_known_as_such(kind: str) -> None:
    assert kind in KINDS.values()
    assert kind in NETWORKED


def test_a_number_that_is_not_known_names_no_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text("")
    monkeypatch.setattr("captcha_guard.doctor.mounts.KINDS", {})
    assert kind_of(tmp_path, tmp_path / "mountinfo") == ""


@pytest.mark.parametrize(
    ("policy", "parts"),
    [
        ("default-src 'self'", []),
        ("default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'", []),
        ("img-src *; form-action https:", []),
        ("img-src data:", ["the picture"]),
        ("default-src 'self'; img-src https://cdn.example", ["the picture"]),
        ("form-action 'none'", ["sending the form"]),
        ("style-src 'nonce-abc'", ["the stylesheet"]),
        ("script-src 'self' 'strict-dynamic' 'nonce-abc'", ["the script"]),
        ("script-src 'none'; script-src-elem 'SELF'", []),
        ("img-src 'self'; img-src 'none'", []),
        ("default-src 'none'", ["the picture", "the stylesheet", "the script", "a new code in place"]),
    ],
)
def test_a_policy_is_read_as_a_browser_reads_it(policy: str, parts: list[str]) -> None:
    assert [what for what, _, _ in blocked(parse(policy))] == parts


@pytest.mark.parametrize(
    ("environ", "argv", "told"),
    [
        ({}, ("/usr/bin/flask", "run"), ""),
        ({"WEB_CONCURRENCY": "4"}, ("flask",), "WEB_CONCURRENCY is 4"),
        ({"WEB_CONCURRENCY": "1"}, ("flask",), ""),
        ({"WEB_CONCURRENCY": "many"}, ("flask",), ""),
        (
            {"GUNICORN_CMD_ARGS": "--bind :80 --workers=3"},
            ("gunicorn", "blog:app"),
            "GUNICORN_CMD_ARGS has --workers=3",
        ),
        ({}, ("/srv/venv/bin/gunicorn", "-w", "2", "blog:app"), "gunicorn was given -w 2"),
        ({}, ("/srv/venv/bin/gunicorn", "-w1", "blog:app"), ""),
        ({}, ("/srv/venv/bin/flask", "-w", "2"), ""),
    ],
)
def test_the_number_of_workers_is_read_off_the_surroundings(
    environ: dict[str, str], argv: tuple[str, ...], told: str
) -> None:
    assert seen(environ, argv) == told


def test_uwsgi_tells_its_own_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for processes, told in ((1, ""), (4, "uWSGI runs 4 processes")):
        monkeypatch.setitem(sys.modules, "uwsgi", cast("ModuleType", SimpleNamespace(numproc=processes)))
        assert seen({}, ("uwsgi",)) == told
