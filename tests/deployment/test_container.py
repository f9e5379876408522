"""The container's file: its steps run in a separate folder and environment, and its command serves the blog."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.deployment.expectations import takes_comments
from tests.deployment.premises import Premises
from tests.deployment.recipes import FILES, HOME, put
from tests.servers import free_port, wait_for_port

ROOT = Path(__file__).parents[2]
STEPS: list[tuple[str, str]] = re.findall(r"^([A-Z]+) (.*)$", FILES["Containerfile"], re.MULTILINE)


@pytest.fixture
def image(premises: Premises) -> Path:
    """Run the COPY and RUN steps, with pip in an environment that has the guard's dependencies, but not the guard."""
    assert dict(STEPS)["WORKDIR"] == HOME
    folder = premises.folder / "image"
    folder.mkdir()
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(premises.folder / "dist")]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    environment = _environment(premises.folder / "python")
    for word, rest in STEPS:
        if word == "COPY":
            _copy(premises.folder, folder, rest.split())
        elif word == "RUN" and rest.startswith("pip "):
            path = f"{environment / 'bin'}:{os.environ['PATH']}"
            offline = {"PATH": path, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "HOME": str(folder)}
            subprocess.run(["/bin/sh", "-c", rest], cwd=folder, env=offline, check=True, capture_output=True)
        elif word == "RUN":
            assert rest == f"install --directory --owner={dict(STEPS)['USER']} --mode=0700 instance"
            (folder / "instance").mkdir(0o700)
    return folder


def test_the_containers_command_serves_the_blog_and_ends_cleanly(premises: Premises, image: Path) -> None:
    _runs_what_pip_installed(image)
    port, given = free_port(), dict(STEPS)
    program, *arguments = json.loads(put(given["CMD"], {"0.0.0.0:8000": f"127.0.0.1:{port}"}))
    premises.folder = image
    name, _, value = given["ENV"].partition("=")
    own = image / "tmp"
    own.mkdir()
    assert (name, value) == ("XDG_RUNTIME_DIR", "/tmp")  # noqa: S108 - inside of the container
    server = premises.run([str(image.parent / "python/bin" / program), *arguments], "container", **{name: str(own)})
    wait_for_port(port)
    takes_comments(premises, port)
    _, _, probe = given["HEALTHCHECK"].partition("CMD ")
    python, *rest = json.loads(put(probe, {"127.0.0.1:8000": f"127.0.0.1:{port}"}))
    subprocess.run([str(image.parent / "python/bin" / python), *rest], check=True, timeout=30)
    assert server.end() == 0


def test_the_container_runs_without_root_and_contains_no_secret() -> None:
    words = [word for word, _ in STEPS]
    assert words.index("RUN") < words.index("USER") < words.index("CMD")
    assert dict(STEPS)["USER"] == "10001"
    assert dict(STEPS)["VOLUME"] == f"{HOME}/instance"
    assert "SECRET" not in FILES["Containerfile"]


def _runs_what_pip_installed(image: Path) -> None:
    where = "import captcha_guard, redis; print(captcha_guard.__file__)"
    python = str(image.parent / "python/bin/python")
    done = subprocess.run([python, "-c", where], cwd=image, check=True, capture_output=True, text=True)
    assert str(image.parent / "python") in done.stdout


def _environment(folder: Path) -> Path:
    """Make a virtual environment with pip, and with every package that is installed here except the guard."""
    venv.create(folder, symlinks=True)
    here = Path(sysconfig.get_path("purelib"))
    there = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    for path in here.iterdir():
        if "captcha_guard" not in path.name and path.name != "__pycache__":
            (there / path.name).symlink_to(path)
    (folder / "bin/pip").write_text(
        f"#!{folder / 'bin/python'}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
    )
    (folder / "bin/pip").chmod(0o755)
    (folder / "bin/gunicorn").write_text(
        f"#!{folder / 'bin/python'}\nimport sys\nfrom gunicorn.app.wsgiapp import run\nsys.exit(run())\n"
    )
    (folder / "bin/gunicorn").chmod(0o755)
    return folder


def _copy(context: Path, image: Path, words: list[str]) -> None:
    """Run a COPY: the content of a folder, or files, into a folder."""
    *sources, target = words
    into = image / target
    for source in sources:
        if source.endswith("/"):
            shutil.copytree(context / source, into)
        else:
            shutil.copy(context / source, into / source)
