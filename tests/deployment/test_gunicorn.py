"""The recipes for gunicorn alone, and behind nginx."""

from __future__ import annotations

import json
import re

import pytest

from tests.deployment.expectations import counts_visitors_by_their_own_address, takes_comments
from tests.deployment.premises import Premises
from tests.deployment.recipes import FILES, commands, put
from tests.deployment.visitor import Visitor

ALONE = commands("gunicorn", "gunicorn")
NGINX = "/etc/nginx/sites-available/blog"


def test_there_is_a_recipe_with_processes_and_one_with_threads() -> None:
    assert ["gthread" in command for command in ALONE] == [False, True]


@pytest.mark.parametrize("command", ALONE, ids=["sync", "gthread"])
def test_gunicorn_takes_comments_and_a_reload_loses_no_open_form(premises: Premises, command: str) -> None:
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


def test_gunicorn_behind_nginx_takes_comments_and_knows_its_visitors(premises: Premises) -> None:
    [command] = commands("Behind nginx", "gunicorn")
    server, port = premises.gunicorn(command)
    outside = premises.nginx(NGINX, {"127.0.0.1:8000": port}).port
    takes_comments(premises, outside)
    counts_visitors_by_their_own_address(premises, outside)
    reader = Visitor(outside, premises.solve)
    opened = reader.read()
    server.reload()
    assert reader.ask("POST", "/", reader.filled(opened, "Written across a reload.")).status == 303
    assert "no ProxyFix reads it" not in server.said
    assert premises.doctor("--url", f"http://127.0.0.1:{outside}").returncode == 0


def test_the_doctor_sees_what_a_web_server_in_front_keeps_back_and_adds(premises: Premises) -> None:
    [command] = commands("Behind nginx", "gunicorn")
    _, port = premises.gunicorn(put(command, {"--workers 3": "--workers 1"}))
    files = "location /captcha-guard/static/ { root /nowhere; }\n location / {"
    policy = 'proxy_set_header Host $host; add_header Content-Security-Policy "img-src https://cdn.example";'
    wrong = {"location / {": files, "proxy_set_header Host $host;": policy}
    outside = premises.nginx(NGINX, {"127.0.0.1:8000": port}, wrong).port
    told = json.loads(premises.doctor("--json", "--url", f"http://127.0.0.1:{outside}").stdout)
    assert [one["code"] for one in told["found"]] == ["CG401", "CG401", "CG403", "CG405"]
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
        assert [path.rpartition(".")[2] for path in named] == ["css", "js", "png"]
        assert [reader.ask("GET", path, Host=host).status for path in named] == [200, 200, 200]
        stored = reader.ask("POST", "/talk", reader.filled(page, f"Written by a reader of {site}."), Host=host)
        assert stored.body.decode() == f"Stored for {site}."


def test_several_processes_that_count_in_memory_say_so_in_the_log(premises: Premises) -> None:
    premises.environ["FLASK_CAPTCHA_GUARD_STORAGE_URI"] = "memory://"
    (premises.folder / "gunicorn.conf.py").write_text("workers = 2\n")
    server, port = premises.gunicorn("gunicorn --bind 127.0.0.1:8000 blog:app")
    Visitor(port, premises.solve).read()
    assert "CG201" in server.said
    assert "wsgi.multiprocess" in server.said


def test_without_proxy_fix_all_visitors_would_be_one_and_the_log_says_so(premises: Premises) -> None:
    [command] = commands("Behind nginx", "gunicorn")
    server, port = premises.gunicorn(put(command, {"wsgi:app": "blog:app", "--workers 3": "--workers 1"}))
    outside = premises.nginx(NGINX, {"127.0.0.1:8000": port}).port
    statuses = [Visitor(outside, premises.solve).comment(f"Visitor {number}.").status for number in range(3)]
    assert statuses == [303, 303, 429]
    assert "CG301" in server.said
