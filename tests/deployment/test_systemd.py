"""The unit for systemd: its command notifies systemd when it is ready, reloads and ends, and its sandbox is strict."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from tests.deployment.expectations import takes_comments
from tests.deployment.premises import BIN, Premises, Program
from tests.deployment.recipes import FILES, HOME, commands, put
from tests.deployment.visitor import Visitor
from tests.servers import PATIENCE, free_port, wait_until

UNIT = FILES["/etc/systemd/system/blog.service"]
SERVICE: dict[str, str] = dict(re.findall(r"^(\w+)=(.*)$", UNIT.partition("[Service]")[2], re.MULTILINE))


@pytest.fixture
def unit(premises: Premises) -> Path:
    """The unit with this test's folder in the place of /srv/blog, and its programs."""
    (premises.folder / ".venv").symlink_to(BIN.parent)
    path = premises.folder / "blog.service"
    path.write_text(put(UNIT, {HOME: str(premises.folder)}))
    return path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_understands_every_line_of_the_unit(unit: Path) -> None:
    verified = analyze("verify", str(unit))
    about_it = [line for line in verified.stderr.splitlines() if "blog.service" in line]
    assert about_it == []
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSistem="))
    assert "ProtectSistem" in analyze("verify", str(unit)).stderr


def test_the_units_sandbox_is_strict(unit: Path) -> None:
    """systemd's own measure of exposure, from 0 to 10. A unit without any of these options has 9 or more."""
    result = analyze("security", "--offline=yes", "--threshold=25", str(unit))
    assert result.returncode == 0, result.stdout.splitlines()[-1]


def test_the_units_command_notifies_when_it_is_ready_and_reloads_and_ends(premises: Premises, unit: Path) -> None:
    port = free_port()
    start = put(SERVICE["ExecStart"], {HOME: str(premises.folder), "127.0.0.1:8000": f"127.0.0.1:{port}"})
    runtime = premises.folder / "run"
    runtime.mkdir(0o700)
    assert SERVICE["Environment"] == f"XDG_RUNTIME_DIR=/run/{SERVICE['RuntimeDirectory']}"
    own = {"XDG_RUNTIME_DIR": str(runtime), "HOME": "/nonexistent"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(premises.folder / "notify"))
        notices.settimeout(PATIENCE)
        server = premises.run(shlex.split(start), "service", NOTIFY_SOCKET=str(premises.folder / "notify"), **own)
        assert b"READY=1" in notices.recv(4096)
    takes_comments(premises, port)
    reader = Visitor(port, premises.solve)
    opened = reader.read()
    _reload(server)
    assert reader.ask("POST", "/", reader.filled(opened, "Written across a reload.")).status == 303
    assert SERVICE["KillMode"] == "mixed"
    assert server.end() == 0
    assert "rror" not in server.log_text


def test_only_the_writable_folder_is_written(premises: Premises, unit: Path) -> None:
    [made] = commands("systemd", "install")
    assert SERVICE["ReadWritePaths"] == made.split()[-1] == f"{HOME}/instance"
    assert f"--owner={SERVICE['User']}" in made
    before = {path for path in premises.folder.rglob("*") if "__pycache__" not in path.parts}
    _, port = premises.gunicorn("gunicorn --workers 1 --bind 127.0.0.1:8000 wsgi:app")
    takes_comments(premises, port)
    after = {path for path in premises.folder.rglob("*") if "__pycache__" not in path.parts}
    elsewhere = {path.relative_to(premises.folder).parts[0] for path in after - before} - {"instance"}
    assert elsewhere <= {f"run-{port}", f"gunicorn-{port}.log", "solver"}


def _reload(server: Program) -> None:
    """Run ExecReload for the process that systemd would call the main process."""
    old = server.workers()
    command = SERVICE["ExecReload"].replace("$MAINPID", str(server.process.pid))
    subprocess.run(shlex.split(command), check=True, env={"PATH": os.environ["PATH"]})
    wait_until(lambda: len(server.workers()) == 2 * len(old), "new workers")
