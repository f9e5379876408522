"""Parts of the doctor that need no application: mounts, policies and numbers of workers."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest

from captcha_guard.doctor.checks.network_file import NETWORKED
from captcha_guard.doctor.content_policy import blocking, parse
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
    ("path", "kind"),
    [
        ("/srv/blog/instance/captcha_guard.sqlite3", "nfs4"),
        ("/srv/my blog/captcha_guard.sqlite3", "cifs"),
        ("/srv/blog/local/captcha_guard.sqlite3", "xfs"),
        ("/srv/blogger/captcha_guard.sqlite3", "ext4"),
        ("/var/lib/captcha_guard.sqlite3", "ext4"),
    ],
)
def test_the_innermost_mount_has_the_file_system_of_a_file(path: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert kind_of(Path(path), tmp_path / "mountinfo") == kind


def test_this_machines_own_mounts_are_read(tmp_path: Path) -> None:
    assert kind_of(Path("/proc/self/status"), Path("/proc/self/mountinfo")) == "proc"
    assert kind_of(tmp_path, Path("/proc/self/mountinfo"))


def test_the_kernel_reports_the_file_system_if_no_mount_is_listed_as_in_a_chroot(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text("")
    assert kind_of(Path("/proc/self/status"), tmp_path / "mountinfo") == "proc"
    there = kind_of(tmp_path, tmp_path / "mountinfo")
    assert there in KINDS.values()
    assert kind_of(tmp_path / "instance" / "counters.sqlite3", tmp_path / "mountinfo") == there


@pytest.mark.parametrize("kind", ["nfs", "cifs", "smb3", "smbfs", "afs", "ceph", "9p", "lustre", "gpfs", "beegfs"])
def test_numbers_of_network_file_systems_are_recognised(kind: str) -> None:
    assert kind in KINDS.values()
    assert kind in NETWORKED


def test_an_unknown_number_gives_no_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text("")
    monkeypatch.setattr("captcha_guard.doctor.mounts.KINDS", {})
    assert kind_of(tmp_path, tmp_path / "mountinfo") == ""


SITE = "https://blog.example"
CDN = "https://cdn.example"


@pytest.mark.parametrize(
    ("policy", "kind", "url", "blocked"),
    [
        ("default-src 'self'", "image", f"{SITE}/x.png", ""),
        ("default-src 'none'; img-src 'self'", "image", f"{SITE}/x.png", ""),
        ("default-src 'none'", "image", f"{SITE}/x.png", "default-src 'none'"),
        ("default-src 'none'", "form", f"{SITE}/", ""),
        ("form-action 'none'", "form", f"{SITE}/", "form-action 'none'"),
        ("form-action https:", "form", f"{SITE}/", ""),
        ("img-src *", "image", f"{CDN}/x.png", ""),
        ("img-src data:", "image", f"{SITE}/x.png", "img-src data:"),
        ("img-src", "image", f"{SITE}/x.png", "img-src"),
        ("img-src 'self'", "image", f"{CDN}/x.png", "img-src 'self'"),
        ("img-src 'self'", "image", "https://blog.example:8443/x.png", "img-src 'self'"),
        ("img-src CDN.example", "image", f"{CDN}/x.png", ""),
        ("img-src http://cdn.example", "image", f"{CDN}/x.png", ""),
        ("img-src https://cdn.example", "image", "http://cdn.example/x.png", "img-src https://cdn.example"),
        ("img-src *.example", "image", f"{CDN}/x.png", ""),
        ("img-src *.cdn.example", "image", f"{CDN}/x.png", "img-src *.cdn.example"),
        ("img-src cdn.example:8443", "image", f"{CDN}/x.png", "img-src cdn.example:8443"),
        ("img-src cdn.example:*", "image", "https://cdn.example:8443/x.png", ""),
        ("img-src cdn.example/static/", "image", f"{CDN}/static/x.png", ""),
        ("img-src cdn.example/static", "image", f"{CDN}/static/x.png", "img-src cdn.example/static"),
        ("style-src 'nonce-abc'", "style", f"{SITE}/x.css", "style-src 'nonce-abc'"),
        ("script-src 'self' 'strict-dynamic' 'nonce-abc'", "script", f"{SITE}/x.js",
         "script-src 'self' 'strict-dynamic' 'nonce-abc'"),
        ("script-src 'none'; script-src-elem 'SELF'", "script", f"{SITE}/x.js", ""),
        ("img-src 'self'; img-src 'none'", "image", f"{SITE}/x.png", ""),
        ("connect-src 'none'", "empty", f"{SITE}/challenge", "connect-src 'none'"),
    ],
)  # fmt: skip
def test_a_policy_is_read_as_a_browser_reads_it(policy: str, kind: str, url: str, blocked: str) -> None:
    [parsed] = parse(policy)
    assert blocking(parsed, kind, url, f"{SITE}/posts/hello") == blocked


def test_a_browser_may_load_https_where_self_is_http() -> None:
    [policy] = parse("img-src 'self'")
    assert blocking(policy, "image", f"{SITE}/x.png", "http://blog.example/") == ""
    assert blocking(policy, "image", "http://blog.example/x.png", f"{SITE}/") == "img-src 'self'"


@pytest.mark.parametrize(
    ("environ", "argv", "expected"),
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
def test_the_number_of_workers_is_read_from_the_environment(
    environ: dict[str, str], argv: tuple[str, ...], expected: str
) -> None:
    assert seen(environ, argv) == expected


def test_uwsgi_reports_its_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for processes, expected in ((1, ""), (4, "uWSGI runs 4 processes")):
        monkeypatch.setitem(sys.modules, "uwsgi", cast("ModuleType", SimpleNamespace(numproc=processes)))
        assert seen({}, ("uwsgi",)) == expected
