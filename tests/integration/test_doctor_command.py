"""``flask captcha-guard doctor``: its output and its exit status."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import captcha_guard
from captcha_guard.cli.doctor import doctor
from captcha_guard.errors import ConfigError
from captcha_guard.web.state import NAME
from tests.browser.server import served
from tests.integration.doctors_site import altered, make_site, sent_home
from tests.servers import free_port, wait_for_port

PROGRAM = """
import secrets
from flask import Flask, render_template_string
from captcha_guard import CaptchaGuard

print("an application that prints while it starts")
app = Flask(__name__)
app.config["SECRET_KEY"] = secrets.token_hex()
app.config.from_prefixed_env()
guard = CaptchaGuard(app)

@app.route("/guestbook", methods=["GET", "POST"])
@guard.protect
def guestbook():
    return render_template_string("<form method=post><textarea name=text></textarea>{{ captcha_guard() }}</form>")
"""


def flask(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the flask command on the program in ``folder``."""
    command = [sys.executable, "-m", "flask", "--app", "program", *arguments]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    return subprocess.run(
        command, cwd=folder, env={**bare, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def invoke(app: Flask, *arguments: str) -> Any:
    result = app.test_cli_runner().invoke(doctor, arguments)
    app.extensions[NAME].storage.close()
    return result


def invoke_on(app: Flask, *arguments: str, path: str = "/posts/hello") -> Any:
    with served(app) as address:
        return invoke(app, "--url", f"{address}{path}", *arguments)


def test_a_secret_made_at_import_is_found_in_the_page_that_another_process_serves(folder: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "program", "run", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            done = flask(folder, "captcha-guard", "doctor", "--json", "--url", f"http://127.0.0.1:{port}/guestbook")
        finally:
            server.terminate()
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert done.returncode == report["status"] == 2
    [one] = [one for one in report["found"] if one["code"] == "CG101"]
    assert one["severity"] == "fault"
    assert one["found"]
    assert one["fix"]


def test_checks_that_could_not_be_run_are_listed_with_the_reason(folder: Path) -> None:
    secret = secrets.token_hex()
    done = flask(folder, "captcha-guard", "doctor", FLASK_SECRET_KEY=secret)
    assert done.returncode == 0
    for code in ("CG101", "CG405", "CG406", "CG407"):
        assert f"unknown  {code}  could not be checked: name a page with a form: --url" in done.stdout
    assert "unknown  CG301" in done.stdout
    assert secret not in done.stdout + done.stderr


def test_settings_that_the_guard_refuses_are_reported_in_the_same_form(folder: Path) -> None:
    done = flask(folder, "captcha-guard", "doctor", "--json", FLASK_SECRET_KEY="short")
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert done.returncode == 2
    assert [one["code"] for one in report["found"]] == ["CG001"]
    assert "5 bytes" in report["found"][0]["found"]


def test_an_application_that_cannot_be_loaded_ends_with_status_2_and_its_traceback(folder: Path) -> None:
    (folder / "program.py").write_text("import nothing_of_this_name")
    done = flask(folder, "captcha-guard", "doctor")
    assert done.returncode == 2
    assert "nothing_of_this_name" in done.stderr


def test_warnings_end_with_status_1_and_faults_with_2(tmp_path: Path) -> None:
    app = make_site(tmp_path)
    altered(app, Content_Security_Policy="connect-src 'none'")
    warned = invoke_on(app)
    assert warned.exit_code == 1
    assert "warning  CG407" in warned.output
    app = make_site(tmp_path)
    sent_home(app, "/captcha-guard/")
    refused = invoke_on(app)
    assert refused.exit_code == 2
    assert refused.output.index("fault") < refused.output.index("warning")


def test_a_page_that_does_not_exist_is_reported_with_status_2(tmp_path: Path) -> None:
    result = invoke_on(make_site(tmp_path), path="/nowhere")
    assert result.exit_code == 2
    assert "There is no such page: " in result.output


@pytest.mark.parametrize(
    "url",
    [
        "blog.example",
        "ftp://blog.example",
        "https://",
        "https://a:b@blog.example/",
        "https://blog.example:x/",
        "http://[",
    ],
)
def test_an_invalid_url_is_refused(tmp_path: Path, url: str) -> None:
    result = invoke(make_site(tmp_path), "--url", url)
    assert result.exit_code == 2
    assert "https://blog.example" in result.output


def test_a_site_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    result = invoke(make_site(tmp_path), "--url", f"http://127.0.0.1:{free_port()}")
    assert result.exit_code == 2
    assert "the connection was refused, so no server listens there" in result.output


def test_a_site_below_a_path_is_fetched_there(tmp_path: Path) -> None:
    app = make_site(tmp_path)
    outer = Flask("outer")
    outer.wsgi_app = DispatcherMiddleware(outer.wsgi_app, {"/blog": app})  # type: ignore[method-assign]
    with served(outer) as address:
        result = invoke(app, "--url", f"{address}/blog/posts/hello#comments")
    assert result.exit_code == 0, result.output
    assert "CG407" in result.output.rpartition("fine")[2]


def test_an_application_without_the_guard_is_reported(tmp_path: Path) -> None:
    result = Flask("bare", instance_path=str(tmp_path)).test_cli_runner().invoke(doctor)
    assert result.exit_code == 2
    assert "init_app" in result.output


@pytest.mark.parametrize(("missing", "there", "code"), [("fonts", "sounds", "CG501"), ("sounds", "fonts", "CG504")])
def test_a_site_does_not_start_without_fonts_or_recordings(folder: Path, missing: str, there: str, code: str) -> None:
    package = Path(captcha_guard.__file__).parent
    shutil.copytree(package, folder / "captcha_guard", ignore=shutil.ignore_patterns("fonts", "sounds", "__pycache__"))
    (folder / there).symlink_to(package.parent / there)
    done = flask(folder, "captcha-guard", "doctor", FLASK_SECRET_KEY=secrets.token_hex())
    assert done.returncode == 2
    assert code in done.stdout
    assert str(folder / missing) in done.stdout
    (folder / missing).symlink_to(package.parent / missing)
    assert flask(folder, "captcha-guard", "doctor", FLASK_SECRET_KEY=secrets.token_hex()).returncode == 0


def test_a_declared_number_of_workers_and_memory_are_refused_together(tmp_path: Path) -> None:
    memory, workers = {"CAPTCHA_GUARD_STORAGE_URI": "memory://"}, {"CAPTCHA_GUARD_WORKERS": 4}
    make_site(tmp_path, memory)
    make_site(tmp_path, workers)
    with pytest.raises(ConfigError, match=r"CG201.*CAPTCHA_GUARD_WORKERS is 4"):
        make_site(tmp_path, {**memory, **workers})
