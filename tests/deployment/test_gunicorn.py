"""The recipes for gunicorn alone, and behind nginx."""

from __future__ import annotations

import json
import re

import pytest

from captcha_guard.web.views.assets import hashed_name
from tests.deployment.expectations import counts_visitors_by_their_own_address, takes_comments
from tests.deployment.premises import Premises
from tests.deployment.recipes import FILES, commands, put, section
from tests.deployment.visitor import Visitor
from tests.servers import free_port

ALONE = commands("gunicorn", "gunicorn")
NGINX = "/etc/nginx/sites-available/blog"


def test_there_is_a_recipe_with_processes_and_one_with_threads() -> None:
    assert ["gthread" in command for command in ALONE] == [False, True]


@pytest.mark.parametrize("command", ALONE, ids=["sync", "gthread"])
def test_gunicorn_accepts_comments_and_a_reload_loses_no_open_form(premises: Premises, command: str) -> None:
    server, port = premises.gunicorn(command)
    takes_comments(premises, port)
    counts_visitors_by_their_own_address(premises, port)
    reader, replayer = Visitor(port, premises.solve), Visitor(port, premises.solve)
    opened, spent = reader.read(), replayer.filled(replayer.read(), "Spent before the reload.")
    assert replayer.ask("POST", "/", spent).status == 303
    server.reload()
    assert reader.ask("POST", "/", reader.filled(opened, "Written across a reload.")).status == 303
    assert replayer.ask("POST", "/", {**spent, "body": "Spent code, new worker."}).status == 422
    assert premises.comments[-1] == "Written across a reload."
    assert server.end() == 0


def test_gunicorn_behind_nginx_accepts_comments_and_distinguishes_visitors(premises: Premises) -> None:
    [command] = commands("Behind nginx", "gunicorn")
    server, port = premises.gunicorn(command)
    outside = premises.nginx(NGINX, {"127.0.0.1:8000": port}).port
    takes_comments(premises, outside)
    counts_visitors_by_their_own_address(premises, outside)
    reader = Visitor(outside, premises.solve)
    opened = reader.read()
    server.reload()
    assert reader.ask("POST", "/", reader.filled(opened, "Written across a reload.")).status == 303
    assert "no ProxyFix reads it" not in server.log_text
    assert premises.doctor("--url", f"http://127.0.0.1:{outside}").returncode == 0


def below_a_path(premises: Premises, wrong: dict[str, str] | None = None) -> int:
    """Serve the blog at /blog/, with the mistakes in ``wrong``. Returns nginx's port."""
    title = "Below a path"
    recipe = "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_prefix=1)"
    assert recipe in section(title)
    wsgi = premises.folder / "wsgi.py"
    wsgi.write_text(put(wsgi.read_text(), {"app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)": recipe}))
    [command] = commands("Behind nginx", "gunicorn")
    _, port = premises.gunicorn(put(command, {"--workers 3": "--workers 1"}))
    return premises.nginx("/etc/nginx/sites-available/blog-below-a-path", {"127.0.0.1:8000": port}, wrong).port


def test_a_blog_below_a_path_accepts_comments_and_the_doctor_finds_no_fault(premises: Premises) -> None:
    outside = below_a_path(premises)
    reader = Visitor(outside, premises.solve, page="/blog/")
    answer = reader.comment("Below a path.")
    assert (answer.status, answer.headers["Location"]) == (303, "/blog/")
    assert premises.comments == ["Below a path."]
    done = premises.doctor("--url", f"http://127.0.0.1:{outside}/blog/")
    assert done.returncode == 0, done.stdout
    assert {"CG101", "CG406", "CG407"} <= set(done.stdout.rpartition("fine")[2].replace(",", " ").split())


def test_the_doctor_reports_what_is_missing_below_a_path_that_the_application_does_not_know(premises: Premises) -> None:
    outside = below_a_path(premises, {"proxy_set_header X-Forwarded-Prefix /blog;": ""})
    done = premises.doctor("--json", "--url", f"http://127.0.0.1:{outside}/blog/")
    findings = [one for one in json.loads(done.stdout)["found"] if one["code"] == "CG407"]
    assert done.returncode == 2
    assert len(findings) == 5
    address = f"http://127.0.0.1:{outside}/captcha-guard/"
    for one in findings:
        assert f": {address}" in one["found"]
        assert one["found"].endswith(" answers 404.")
        assert "X-Forwarded-Prefix" in one["fix"]
    assert any(one["found"].startswith(f"The picture is missing: {address}") for one in findings)


def test_the_doctor_reports_an_nginx_without_an_application(premises: Premises) -> None:
    outside = premises.nginx(NGINX, {"127.0.0.1:8000": free_port()}).port
    done = premises.doctor("--url", f"http://127.0.0.1:{outside}/")
    assert done.returncode == 2
    assert "answers 502, not with a page." in done.stdout


def test_the_doctor_reports_what_a_web_server_withholds_and_adds(premises: Premises) -> None:
    [command] = commands("Behind nginx", "gunicorn")
    _, port = premises.gunicorn(put(command, {"--workers 3": "--workers 1"}))
    files = "location /captcha-guard/static/ { root /nowhere; }\n location / {"
    policy = 'proxy_set_header Host $host; add_header Content-Security-Policy "img-src https://cdn.example";'
    wrong = {"location / {": files, "proxy_set_header Host $host;": policy}
    outside = premises.nginx(NGINX, {"127.0.0.1:8000": port}, wrong).port
    report = json.loads(premises.doctor("--json", "--url", f"http://127.0.0.1:{outside}").stdout)
    found = dict(one["found"].split(": ", 1) for one in report["found"] if one["code"] == "CG407")
    address = f"http://127.0.0.1:{outside}/captcha-guard/static"
    blocked = "the page's Content-Security-Policy blocks it (img-src https://cdn.example)."
    assert found == {
        "The field has no styles": f"{address}/{hashed_name('captcha_guard.css')} answers 404.",
        'the button "New code" is missing': f"{address}/{hashed_name('captcha_guard.js')} answers 404.",
        "The picture is missing": blocked,
        "The picture is missing on high-resolution screens": blocked,
    }
    assert premises.doctor().returncode == 0


def test_nginx_and_gunicorn_serve_several_hosts_with_one_guard(premises: Premises) -> None:
    (premises.folder / "blog.py").write_text(FILES["hosts.py"])
    premises.environ["FLASK_SERVER_NAME"] = "blog.example"
    [command] = commands("Behind nginx", "gunicorn")
    _, port = premises.gunicorn(put(command, {"--workers 3": "--workers 1"}))
    nginx = premises.nginx(NGINX, {"127.0.0.1:8000": port})
    nginx.change("server_name blog.example;", "server_name .blog.example;")
    for host, site in (("blog.example", "main"), ("de.blog.example", "de")):
        reader = Visitor(nginx.port, premises.solve)
        page = reader.ask("GET", "/talk", Host=host)
        named = re.findall(r'(?:src|href)="(/captcha-guard/[^"]*)', page.body.decode())
        assert [path.rpartition(".")[2] for path in named] == ["css", "js", "png", "wav", "wav"]
        assert {reader.ask("GET", path, Host=host).status for path in named} == {200}
        stored = reader.ask("POST", "/talk", reader.filled(page, f"Written by a reader of {site}."), Host=host)
        assert stored.body.decode() == f"Stored for {site}."


def test_several_processes_that_count_in_memory_are_logged(premises: Premises) -> None:
    premises.environ["FLASK_CAPTCHA_GUARD_STORAGE_URI"] = "memory://"
    (premises.folder / "gunicorn.conf.py").write_text("workers = 2\n")
    server, port = premises.gunicorn("gunicorn --bind 127.0.0.1:8000 blog:app")
    Visitor(port, premises.solve).read()
    assert "CG201" in server.log_text
    assert "wsgi.multiprocess" in server.log_text


def test_without_proxy_fix_the_log_reports_that_all_visitors_are_one_client(premises: Premises) -> None:
    [command] = commands("Behind nginx", "gunicorn")
    server, port = premises.gunicorn(put(command, {"wsgi:app": "blog:app", "--workers 3": "--workers 1"}))
    outside = premises.nginx(NGINX, {"127.0.0.1:8000": port}).port
    statuses = [Visitor(outside, premises.solve).comment(f"Visitor {number}.").status for number in range(3)]
    assert statuses == [303, 303, 429]
    assert "CG301" in server.log_text
