"""Every check of the doctor: where the condition is really there, and where it is not."""

from __future__ import annotations

import logging
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask, make_response, render_template_string
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from captcha_guard import CaptchaGuard
from captcha_guard.doctor.checks import CHECKS
from captcha_guard.doctor.diagnosis import Check, Diagnosis, Moment, Severity
from captcha_guard.doctor.examination import examine
from captcha_guard.doctor.rounds import Rounds
from captcha_guard.doctor.site import Site
from captcha_guard.web.state import NAME
from tests.faulty_redis import faulty_redis
from tests.integration.doctors_site import altered, found, make_site, seen_by_doctor, sent_home
from tests.redis_sentinel import AT_ONCE, replica_of
from tests.redis_server import redis_server
from tests.servers import wait_for_port

WEAK = "correct horse battery staple"


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
    """Start a memcached that has room for next to nothing, and yield its URI."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(port), "-m", "1", "-I", "512k"]
    with subprocess.Popen(command) as server:
        try:
            wait_for_port(port)
            yield f"memcached://127.0.0.1:{port}"
        finally:
            server.terminate()


def rounds_of(app: Flask) -> Rounds:
    return Rounds(app)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(":")[0] for record in caplog.records if record.name == "captcha_guard"]


def test_a_site_that_is_well_set_up_has_no_diagnosis_but_the_hint_at_csrf(app: Flask) -> None:
    result = seen_by_doctor(app)
    assert [diagnosis.code for diagnosis in result.diagnoses] == ["CG405"]
    assert set(result.unchecked) == {"CG101", "CG301"}
    assert result.exit_status == 0


def test_the_codes_are_unique_and_in_order() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    assert [code[:3] for code in codes] == sorted(code[:3] for code in codes)


def test_one_check_that_fails_hides_nothing_that_the_others_find(app: Flask) -> None:
    class Broken(Check):
        code = "CG999"
        title = ""
        severity = Severity.FAULT
        moments = frozenset({Moment.DOCTOR})
        fix = ""

        def examine(self, site: Site) -> list[Diagnosis]:
            raise ZeroDivisionError(f"nothing to divide {site.app.name} by")

    result = examine(Site(app, app.extensions[NAME]), Moment.DOCTOR, [Broken(), *CHECKS])
    assert result.unchecked["CG999"] == "the check failed: ZeroDivisionError: nothing to divide doctors_site by"
    assert "CG402" in result.fine


# Secret


def test_a_weak_secret_is_told_at_start_up_and_a_good_one_is_not(
    sites: MakeSite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sites(tmp_path / "good")
    assert told(caplog) == []
    app = sites(tmp_path / "weak", {"SECRET_KEY": WEAK})
    assert told(caplog) == ["CG102"]
    assert found(seen_by_doctor(app), "CG102")
    assert WEAK not in caplog.text


def test_a_process_with_another_secret_is_noticed_in_the_store(sites: MakeSite, tmp_path: Path) -> None:
    first, second = sites(tmp_path), sites(tmp_path)
    assert seen_by_doctor(first, Moment.SERVING, serving=True).diagnoses == []
    assert found(seen_by_doctor(second, Moment.SERVING, serving=True), "CG101")


def test_processes_with_one_secret_are_not_taken_for_different_ones(sites: MakeSite, tmp_path: Path) -> None:
    secret = secrets.token_hex()
    for _ in range(5):
        app = sites(tmp_path, {"SECRET_KEY": secret})
        assert seen_by_doctor(app, Moment.SERVING, serving=True).diagnoses == []


def test_a_secret_with_fallbacks_takes_the_place_of_the_old_one(sites: MakeSite, tmp_path: Path) -> None:
    old, new = secrets.token_hex(), secrets.token_hex()
    for secret, fallbacks in ((old, []), (new, [old]), (new, [])):
        app = sites(tmp_path, {"SECRET_KEY": secret, "SECRET_KEY_FALLBACKS": fallbacks})
        assert seen_by_doctor(app, Moment.SERVING, serving=True).diagnoses == []


def test_the_doctor_compares_its_secret_with_the_workers_and_leaves_no_note_itself(
    sites: MakeSite, tmp_path: Path
) -> None:
    worker, other = sites(tmp_path), sites(tmp_path)
    assert "CG101" not in [one.code for one in seen_by_doctor(other).diagnoses]
    assert seen_by_doctor(worker, Moment.SERVING, serving=True).diagnoses == []  # so the doctor has noted nothing
    assert "CG101" in [one.code for one in seen_by_doctor(other).diagnoses]


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
def test_the_first_request_shows_what_the_server_says_of_its_processes(
    sites: MakeSite, tmp_path: Path, caplog: pytest.LogCaptureFixture, server: tuple[str, bool], codes: list[str]
) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": server[0]})
    for _ in range(3):
        app.test_client().get("/", environ_overrides={"wsgi.multiprocess": server[1]})
    assert told(caplog) == codes


def test_a_store_that_cannot_be_used_is_a_fault_and_its_password_is_not_shown(sites: MakeSite, tmp_path: Path) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": "redis://:geheim@127.0.0.1:1/0"})
    [what] = found(seen_by_doctor(app), "CG202")
    assert "127.0.0.1:1" in what
    assert "geheim" not in what
    assert found(seen_by_doctor(sites(tmp_path)), "CG202") == []


def test_a_folder_in_place_of_the_file_is_a_fault(sites: MakeSite, tmp_path: Path) -> None:
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
def test_a_primary_that_writes_on_when_it_is_cut_off_is_a_hint(sites: MakeSite, tmp_path: Path) -> None:
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
    assert seen_by_doctor(app).exit_status == 0  # a hint: there is no limit that it could meet
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
def test_a_clock_that_differs_from_the_stores_is_told_and_more_than_tokens_forgive_is_a_fault(
    sites: MakeSite, tmp_path: Path, redis: str
) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": redis})
    assert found(seen_by_doctor(app), "CG205") == []
    for ahead, status in ((10, 1), (-10, 1), (45, 2)):
        with time_machine.travel(time.time() + ahead):
            result = seen_by_doctor(app)
        assert found(result, "CG205")
        assert result.exit_status == status


def test_a_file_on_a_network_is_told_at_start_up_and_a_local_one_is_not(sites: MakeSite, tmp_path: Path) -> None:
    app, mounts = sites(tmp_path), tmp_path / "mountinfo"
    mounts.write_text(f"30 27 0:41 / {tmp_path} rw shared:6 - nfs4 files:/blog rw\n")
    assert found(seen_by_doctor(app, mounts=mounts), "CG204")
    assert found(seen_by_doctor(app, Moment.START, mounts=mounts), "CG204")
    assert found(seen_by_doctor(app), "CG204") == []
    assert "CG204" in seen_by_doctor(app, mounts=tmp_path / "none").unchecked


def test_the_judges_and_the_filters_files_count_as_well(sites: MakeSite, tmp_path: Path) -> None:
    local, mounts = tmp_path / "local", tmp_path / "mountinfo"
    config = {
        "CAPTCHA_GUARD_STORAGE_URI": f"sqlite:///{local}/counters.sqlite3",
        "CAPTCHA_GUARD_LEARNING_URI": f"sqlite:///{tmp_path}/learned.sqlite3",
    }
    mounts.write_text(
        f"1 0 0:1 / / rw - ext4 x rw\n30 1 0:41 / {tmp_path} rw - nfs4 x rw\n31 30 0:42 / {local} rw - xfs x rw\n"
    )
    told = found(seen_by_doctor(sites(tmp_path, config), mounts=mounts), "CG204")
    assert told == [f"{tmp_path}/learned.sqlite3 lies on nfs4."]
    in_memory = sites(tmp_path, {"CAPTCHA_GUARD_STORAGE_URI": "memory://"})
    assert found(seen_by_doctor(in_memory, mounts=mounts), "CG204") == [
        f"{tmp_path}/captcha_guard.sqlite3 lies on nfs4."
    ]


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
])  # fmt: skip
def test_forwarded_headers_show_whether_proxy_fix_counts_right(
    app: Flask, caplog: pytest.LogCaptureFixture, hops: tuple[str, str], x_for: int | None, codes: list[str]
) -> None:
    if x_for is not None:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=x_for)  # type: ignore[method-assign]
    peer, header = hops
    for _ in range(3):
        app.test_client().get("/", headers={"X-Forwarded-For": header}, environ_base={"REMOTE_ADDR": peer})
    assert told(caplog) == codes


def test_a_site_without_a_proxy_is_told_nothing_of_proxies(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.test_client().get("/")
    assert told(caplog) == []


# Pages


def test_files_and_pictures_behind_a_login_wall_are_told(app: Flask) -> None:
    assert found(seen_by_doctor(app), "CG401") == []
    assert found(seen_by_doctor(app), "CG402") == []
    sent_home(app)
    result = seen_by_doctor(app)
    assert len(found(result, "CG401")) == 2
    assert "302 to /login" in found(result, "CG402")[0]
    assert result.exit_status == 2
    assert "302 to /login" in result.unchecked["CG403"]


def test_a_content_security_policy_that_blocks_the_picture_is_a_fault(app: Flask) -> None:
    assert found(seen_by_doctor(app), "CG403") == []
    altered(app, Content_Security_Policy="default-src 'self'; img-src https://cdn.example")
    result = seen_by_doctor(app)
    assert found(result, "CG403") == ["/posts/hello: img-src https://cdn.example blocks the picture."]
    assert result.exit_status == 2


def test_a_policy_that_blocks_the_stylesheet_alone_is_a_warning(app: Flask) -> None:
    altered(app, Content_Security_Policy="default-src 'self'; style-src 'nonce-abc'")
    assert seen_by_doctor(app).exit_status == 1


def test_a_policy_in_a_meta_element_counts(sites: MakeSite, tmp_path: Path) -> None:
    app = sites(tmp_path)
    page = (
        """<meta http-equiv="Content-Security-Policy" content="img-src 'none'">{{ captcha_guard(scope="comment") }}"""
    )
    app.add_url_rule("/meta", "meta", lambda: render_template_string(page))
    assert found(seen_by_doctor(app, asked=["/meta"]), "CG403") == ["/meta: img-src 'none' blocks the picture."]


@pytest.mark.parametrize(("control", "status"), [
    ("public, max-age=600", 2), ("s-maxage=60", 2), ("max-age=600", 1), ("private, max-age=600", 0), ("no-store", 0),
])  # fmt: skip
def test_a_page_with_a_code_that_caches_may_keep_is_told(app: Flask, control: str, status: int) -> None:
    altered(app, Cache_Control=control)
    result = seen_by_doctor(app)
    assert bool(found(result, "CG404")) == bool(status)
    assert result.exit_status == status


def test_headers_for_one_kind_of_cache_count(app: Flask) -> None:
    altered(app, Surrogate_Control="max-age=3600")
    assert "Surrogate-Control" in found(seen_by_doctor(app), "CG404")[0]


def test_a_cache_inside_the_application_is_noticed_by_the_code_that_two_visitors_get(app: Flask) -> None:
    kept: list[str] = []

    def page() -> Any:
        if not kept:
            kept.append(render_template_string("<form>{{ captcha_guard(scope='comment') }}</form>"))
        response = make_response(kept[0])
        response.cache_control.private = True
        return response

    app.add_url_rule("/kept", "kept", page)
    assert found(seen_by_doctor(app, asked=["/kept"]), "CG404") == ["/kept: two visitors got the very same code."]
    assert found(seen_by_doctor(app, asked=["/posts/hello"]), "CG404") == []


def test_a_form_without_a_field_against_forgeries_is_a_hint(sites: MakeSite, tmp_path: Path) -> None:
    app = sites(tmp_path)
    with_field = (
        """<form><input type="hidden" name="csrf_token" value="x">{{ captcha_guard(scope="comment") }}</form>"""
    )
    app.add_url_rule("/safe", "safe", lambda: render_template_string(with_field))
    assert found(seen_by_doctor(app, asked=["/safe"]), "CG405") == []
    assert "CSRFProtect is not set up" in found(seen_by_doctor(app), "CG405")[0]
    protected = sites(tmp_path)
    CSRFProtect(protected)
    assert "CSRFProtect is set up, but" in found(seen_by_doctor(protected), "CG405")[0]
    assert seen_by_doctor(protected).exit_status == 0


@pytest.mark.parametrize(
    ("protection", "field", "said"),
    [
        ({}, '<textarea name="text"></textarea>', ""),
        ({}, '<textarea name="feedback"></textarea>', "The guard looks for 'body' or 'comment'"),
        ({"fields": {"body": "lettr"}}, '<textarea name="letter"></textarea>', "{'body': 'lettr'} names a field that"),
        ({"fields": {"body": "letter"}}, '<input name="letter">', ""),
        ({"ignore": ("stars",)}, '<input name="stars">', ""),
        ({}, '<select name="stars"></select>', "The guard looks for"),
    ],
)
def test_cg406_a_form_without_a_field_for_the_body(
    app: Flask, protection: dict[str, Any], field: str, said: str
) -> None:
    guard = CaptchaGuard()
    page = f"<form method=post action=rated>{field}{{{{ captcha_guard(scope='rated') }}}}</form>"
    elsewhere = "<form method=post action='https://elsewhere.example/rated'><input name=captcha_token></form>"
    app.add_url_rule("/rate", "rate", lambda: render_template_string(page + elsewhere))
    app.add_url_rule("/rated", "rated", guard.protect(**protection)(lambda: ""), methods=["POST"])
    told = found(seen_by_doctor(app, asked=["/rate"]), "CG406")
    assert len(told) == bool(said)
    assert all("/rate posts to the route 'rated'" in sentence and said in sentence for sentence in told)


def test_what_needs_a_page_says_so_where_there_is_none(tmp_path: Path) -> None:
    app = Flask("bare", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = secrets.token_hex()
    guard = CaptchaGuard(app)
    app.add_url_rule("/say", "say", guard.protect(lambda: ""), methods=["POST"])
    result = seen_by_doctor(app)
    assert {"CG403", "CG404", "CG405", "CG406"} <= set(result.unchecked)
    assert "--page" in result.unchecked["CG403"]


def test_a_page_that_fails_stops_nothing(app: Flask) -> None:
    def broken() -> str:
        raise RuntimeError("the host's own fault")

    app.config["TESTING"] = True
    app.add_url_rule("/broken", "broken", broken)
    result = seen_by_doctor(app, asked=["/broken"])
    assert "RuntimeError: the host's own fault" in result.unchecked["CG404"]
    assert "CG402" in result.fine


def test_hosts_that_force_https_and_their_own_name_are_visited_all_the_same(sites: MakeSite, tmp_path: Path) -> None:
    app = sites(tmp_path, {"TRUSTED_HOSTS": ["blog.example"], "SESSION_COOKIE_SECURE": True})
    assert [page.path for page in Site(app, app.extensions[NAME]).visit.pages] == ["/posts/hello"]


def test_the_visit_charges_no_visitor(sites: MakeSite, tmp_path: Path) -> None:
    app = sites(tmp_path, {"CAPTCHA_GUARD_PICTURE_LIMITS": "1 per hour"})
    assert "CG402" in seen_by_doctor(app).fine
    assert "too many pictures" in seen_by_doctor(app).unchecked["CG402"]
    [page] = Site(app, app.extensions[NAME]).visit.pages
    picture = f"/captcha-guard/{page.tokens[0]}.png"
    assert app.test_client().get(picture, environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 200


# While the site is served


def test_the_store_is_looked_at_once_when_the_process_has_settled(
    sites: MakeSite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sites(tmp_path)
    app, other = sites(tmp_path), sites(tmp_path)
    rounds_of(app).examine_store()
    assert told(caplog) == []
    rounds = rounds_of(other)
    rounds.examine_store()
    rounds.examine_store()
    assert told(caplog) == ["CG101"]
    assert caplog.records[-1].levelno == logging.ERROR


def test_a_request_starts_the_look_at_the_store_after_half_a_minute_and_not_before(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    monkeypatch.setattr(Rounds, "examine_store", lambda _: looked.append(True))
    started: list[Any] = []
    monkeypatch.setattr("captcha_guard.doctor.rounds.threading.Thread", _Unthreaded(started))
    now = [1000.0]
    monkeypatch.setattr("captcha_guard.doctor.rounds.time.monotonic", lambda: now[0])
    rounds = rounds_of(app)
    for at, looks in ((1000.0, 0), (1029.0, 0), (1031.0, 1), (9999.0, 1)):
        now[0] = at
        with app.test_request_context("/"):
            rounds.look()
        assert len(looked) == looks


class _Unthreaded:
    """Does at once what a thread was to do."""

    def __init__(self, started: list[Any]) -> None:
        self._started = started

    def __call__(self, *, target: Any, **_: object) -> _Unthreaded:
        self._started.append(target)
        return self

    def start(self) -> None:
        self._started[-1]()
