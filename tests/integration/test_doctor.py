"""Every check of the doctor: with the real problem, and without it."""

from __future__ import annotations

import logging
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from captcha_guard.doctor.automatic import ServingChecks
from captcha_guard.doctor.checks import CHECKS
from captcha_guard.doctor.diagnosis import Check, Diagnosis, Moment, Severity
from captcha_guard.doctor.runner import run_checks
from captcha_guard.doctor.site import Site
from captcha_guard.web.state import NAME
from tests.faulty_redis import faulty_redis
from tests.integration.doctors_site import found, make_site, seen_by_doctor, seen_on
from tests.redis_sentinel import AT_ONCE, replica_of
from tests.redis_server import redis_server
from tests.servers import wait_for_port

MakeSite = Callable[..., Flask]


@pytest.fixture
def sites() -> Iterator[MakeSite]:
    with ExitStack() as stack:

        def make(folder: Path, config: dict[str, object] | None = None) -> Flask:
            app = make_site(folder, config)
            storage: Any = app.extensions[NAME].storage
            if hasattr(storage, "close"):
                stack.callback(storage.close)
            return app

        yield make


@pytest.fixture
def app(sites: MakeSite, tmp_path: Path) -> Flask:
    return sites(tmp_path)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path) as uri:
        yield uri


@contextmanager
def tiny_memcached() -> Iterator[str]:
    """Start a memcached with almost no memory, and yield its URI."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(port), "-m", "1", "-I", "512k"]
    with subprocess.Popen(command) as server:
        try:
            wait_for_port(port)
            yield f"memcached://127.0.0.1:{port}"
        finally:
            server.terminate()


def serving_checks_of(app: Flask) -> ServingChecks:
    return ServingChecks(app)


def codes_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(":")[0] for record in caplog.records if record.name == "captcha_guard"]


def test_a_correct_site_has_no_diagnosis_except_the_hint_about_csrf(app: Flask) -> None:
    result = seen_on(app)
    assert [diagnosis.code for diagnosis in result.diagnoses] == ["CG405"]
    assert set(result.unchecked) == {"CG301"}
    assert result.exit_status == 0


def test_the_codes_are_unique_and_in_order() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    assert [code[:3] for code in codes] == sorted(code[:3] for code in codes)


def test_a_failing_check_does_not_stop_the_others(app: Flask) -> None:
    class Broken(Check):
        code = "CG999"
        title = ""
        severity = Severity.FAULT
        moments = frozenset({Moment.DOCTOR})
        fix = ""

        def run(self, site: Site) -> list[Diagnosis]:
            raise ZeroDivisionError(f"nothing to divide {site.app.name} by")

    result = run_checks(Site(app, app.extensions[NAME]), Moment.DOCTOR, [Broken(), *CHECKS])
    assert result.unchecked["CG999"] == "the check failed: ZeroDivisionError: nothing to divide doctors_site by"
    assert "CG202" in result.fine


# Store


@pytest.mark.parametrize("environ", [{"WEB_CONCURRENCY": "2"}, {"GUNICORN_CMD_ARGS": "-w 4"}])
def test_memory_with_several_workers_is_a_fault(sites: MakeSite, tmp_path: Path, environ: dict[str, str]) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": "memory://"})
    assert found(seen_by_doctor(app, environ=environ), "CG201")
    assert found(seen_by_doctor(app), "CG201") == []
    assert found(seen_by_doctor(sites(tmp_path), environ=environ), "CG201") == []


@pytest.mark.parametrize(("server", "codes"), [
    (("memory://", True), ["CG201"]), (("memory://", False), []), (("", True), []),
])  # fmt: skip
def test_the_first_request_reveals_several_processes(
    sites: MakeSite, tmp_path: Path, caplog: pytest.LogCaptureFixture, server: tuple[str, bool], codes: list[str]
) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": server[0]})
    for _ in range(3):
        app.test_client().get("/", environ_overrides={"wsgi.multiprocess": server[1]})
    assert codes_in(caplog) == codes


def test_a_store_that_cannot_be_used_is_a_fault_and_its_password_is_not_shown(sites: MakeSite, tmp_path: Path) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": "redis://:geheim@127.0.0.1:1/0"})
    [what] = found(seen_by_doctor(app), "CG202")
    assert "127.0.0.1:1" in what
    assert "geheim" not in what
    assert found(seen_by_doctor(sites(tmp_path)), "CG202") == []


def test_a_folder_in_the_place_of_the_file_is_a_fault(sites: MakeSite, tmp_path: Path) -> None:
    (tmp_path / "captcha_guard.sqlite3").mkdir()
    assert found(seen_by_doctor(sites(tmp_path)), "CG202")


@pytest.mark.redis
def test_a_redis_whose_failover_would_go_unnoticed_is_a_warning(sites: MakeSite, tmp_path: Path) -> None:
    with faulty_redis(tmp_path) as server:
        app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": server.uri})
        assert found(seen_by_doctor(app), "CG206") == []
        server.ask("ACL", "SETUSER", "default", "-info")
        [what] = found(seen_by_doctor(app), "CG206")
        assert "INFO" in what
        app.extensions[NAME].storage.storage.close()


@pytest.mark.redis
def test_a_primary_that_accepts_writes_while_disconnected_is_a_hint(sites: MakeSite, tmp_path: Path) -> None:
    with faulty_redis(tmp_path, AT_ONCE) as server, replica_of(server, tmp_path):
        app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": server.uri})
        [hint] = [one for one in seen_by_doctor(app).diagnoses if one.code == "CG206"]
        assert (hint.severity, "min-replicas-to-write" in hint.fix) == (Severity.HINT, True)
        server.ask("CONFIG SET", "min-replicas-to-write", "1")
        assert found(seen_by_doctor(app), "CG206") == []
        app.extensions[NAME].storage.storage.close()


@pytest.mark.redis
def test_a_redis_that_evicts_is_a_fault(sites: MakeSite, tmp_path: Path, redis: str) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": redis})
    storage: Any = app.extensions[NAME].storage
    assert found(seen_by_doctor(app), "CG203") == []
    storage.storage.config_set("maxmemory-policy", "allkeys-lru")
    assert seen_by_doctor(app).exit_status == 0  # a hint, because there is no limit that the memory could reach
    storage.storage.config_set("maxmemory", "64mb")
    assert "allkeys-lru" in found(seen_by_doctor(app), "CG203")[0]
    assert "CG203" in [one.code for one in seen_by_doctor(app, Moment.SERVING, serving=True).diagnoses]


@pytest.mark.memcached
def test_a_memcached_that_has_evicted_is_a_fault(sites: MakeSite, tmp_path: Path) -> None:
    with tiny_memcached() as uri:
        app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": uri})
        client: Any = app.extensions[NAME].storage.storage
        assert found(seen_by_doctor(app), "CG203") == []
        for number in range(64):
            client.set(f"filler-{number}", b"x" * 100_000, noreply=False)
        assert "evicted" in found(seen_by_doctor(app), "CG203")[0]
        client.close()


@pytest.mark.redis
def test_a_clock_that_differs_from_the_stores_is_reported_and_more_than_the_leeway_is_a_fault(
    sites: MakeSite, tmp_path: Path, redis: str
) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": redis})
    assert found(seen_by_doctor(app), "CG205") == []
    for ahead, status in ((10, 1), (-10, 1), (45, 2)):
        with time_machine.travel(time.time() + ahead):
            result = seen_by_doctor(app)
        assert found(result, "CG205")
        assert result.exit_status == status


def test_a_file_on_a_network_is_reported_at_start_up_and_a_local_one_is_not(sites: MakeSite, tmp_path: Path) -> None:
    app, mounts = sites(tmp_path), tmp_path / "mountinfo"
    mounts.write_text(f"30 27 0:41 / {tmp_path} rw shared:6 - nfs4 files:/blog rw\n")
    assert found(seen_by_doctor(app, mounts=mounts), "CG204")
    assert found(seen_by_doctor(app, Moment.START, mounts=mounts), "CG204")
    assert found(seen_by_doctor(app), "CG204") == []
    assert "CG204" in seen_by_doctor(app, mounts=tmp_path / "none").unchecked


def test_the_judges_file_is_checked_as_well(sites: MakeSite, tmp_path: Path) -> None:
    local, mounts = tmp_path / "local", tmp_path / "mountinfo"
    config = {
        "CAPTCHA_GUARD_STORAGE_URI": f"sqlite:///{local}/counters.sqlite3",
        "CAPTCHA_GUARD_DATABASE_URI": f"sqlite:///{tmp_path}/learned.sqlite3",
    }
    mounts.write_text(
        f"1 0 0:1 / / rw - ext4 x rw\n30 1 0:41 / {tmp_path} rw - nfs4 x rw\n31 30 0:42 / {local} rw - xfs x rw\n"
    )
    sentences = found(seen_by_doctor(sites(tmp_path, config), mounts=mounts), "CG204")
    assert sentences == [f"{tmp_path}/learned.sqlite3 is on nfs4."]
    in_memory = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": "memory://"})
    assert found(seen_by_doctor(in_memory, mounts=mounts), "CG204") == [f"{tmp_path}/captcha_guard.sqlite3 is on nfs4."]


# Proxy


@pytest.mark.parametrize(("hops", "x_for", "codes"), [
    (("127.0.0.1", "203.0.113.9"), None, ["CG301"]),
    (("", "203.0.113.9"), None, ["CG301"]),
    (("10.0.0.3", "203.0.113.9"), 1, []),
    (("10.0.0.3", "203.0.113.9"), 2, ["CG301"]),
    (("10.0.0.3", "203.0.113.9, 10.0.0.2"), 1, ["CG301"]),
    (("10.0.0.3", "203.0.113.9, 10.0.0.2"), 2, []),
    (("10.0.0.3", "198.51.100.1, 203.0.113.9"), 1, []),
    (("127.0.0.1", "127.0.0.1"), 1, []),
    (("203.0.113.77", "198.51.100.1"), None, []),
    (("10.0.0.3", "203.0.113.9:5021"), 1, []),
    (("10.0.0.3:80", "[2001:db8::1]:443"), 1, []),
    (("10.0.0.3", "unknown"), 1, ["CG301"]),
])  # fmt: skip
def test_forwarded_headers_reveal_a_wrong_number_of_proxies(
    app: Flask, caplog: pytest.LogCaptureFixture, hops: tuple[str, str], x_for: int | None, codes: list[str]
) -> None:
    if x_for is not None:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=x_for)  # type: ignore[method-assign]
    peer, header = hops
    for _ in range(3):
        app.test_client().get("/", headers={"X-Forwarded-For": header}, environ_base={"REMOTE_ADDR": peer})
    assert codes_in(caplog) == codes


@pytest.mark.parametrize("address", ["", "unix:", "unknown", "blog.example"])
def test_a_visitor_without_an_address_is_reported_once(
    app: Flask, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    for peer in ("192.0.2.7", address, address):
        app.test_client().get("/", environ_base={"REMOTE_ADDR": peer})
    assert codes_in(caplog) == ["CG301"]
    assert address in caplog.text
    assert "share one client's limits" in caplog.text


def test_a_site_whose_clients_have_names_needs_no_addresses(
    sites: MakeSite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_CLIENT_KEY": lambda: "ada"})
    app.test_client().get("/", environ_base={"REMOTE_ADDR": "unix:"})
    assert codes_in(caplog) == []


def test_a_site_without_a_proxy_has_no_diagnosis_about_proxies(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.test_client().get("/")
    assert codes_in(caplog) == []


# While the site is served


@pytest.mark.redis
def test_the_store_is_checked_once_after_half_a_minute(
    sites: MakeSite, tmp_path: Path, redis: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": redis})
    serving_checks, storage = serving_checks_of(app), app.extensions[NAME].storage
    serving_checks.check_store()
    assert codes_in(caplog) == []
    storage.storage.config_set("maxmemory-policy", "allkeys-lru")
    storage.storage.config_set("maxmemory", "64mb")
    serving_checks.check_store()
    serving_checks.check_store()
    assert codes_in(caplog) == ["CG203"]
    assert caplog.records[-1].levelno == logging.ERROR
    storage.storage.close()


def test_a_request_starts_the_check_of_the_store_after_half_a_minute_and_not_before(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    monkeypatch.setattr(ServingChecks, "check_store", lambda _: looked.append(True))
    started: list[Any] = []
    monkeypatch.setattr("captcha_guard.doctor.automatic.threading.Thread", _Unthreaded(started))
    now = [1000.0]
    monkeypatch.setattr("captcha_guard.doctor.automatic.time.monotonic", lambda: now[0])
    serving_checks = serving_checks_of(app)
    for at, looks in ((1000.0, 0), (1029.0, 0), (1031.0, 1), (9999.0, 1)):
        now[0] = at
        with app.test_request_context("/"):
            serving_checks.before_request()
        assert len(looked) == looks


class _Unthreaded:
    """Runs a thread's function at once."""

    def __init__(self, started: list[Any]) -> None:
        self._started = started

    def __call__(self, *, target: Any, **_: object) -> _Unthreaded:
        self._started.append(target)
        return self

    def start(self) -> None:
        self._started[-1]()
