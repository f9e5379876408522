"""Tests with the lowest or the newest versions of all dependencies: ``python -m tests.versions lowest|newest``.

``pyproject.toml`` names the lowest version of each dependency. This program makes an environment of its own in
``.versions/``, installs the package with all extras of :data:`EXTRAS` there, and runs :data:`TESTS`. "lowest" means the
lowest allowed version of each dependency that ``pyproject.toml`` names, with the newest versions of what those need.
"newest" means the newest release of everything. ``--python`` names another interpreter, and paths of tests replace the
list.

It needs uv, which it installs into the environment, and the programs of ``tests/programs.sh``.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
#: The extras of an installation: all but those that only a checkout needs.
EXTRAS: Final = sorted(set(PROJECT["optional-dependencies"]) - {"bench", "dev"})
#: Tools of a checkout that the tests below don't use.
NOT_USED: Final = ("axe-playwright-python", "captcha-guard", "import-linter", "mypy", "playwright", "ruff", "types-")
#: What is tested: all of the units, the stores and the database, and each dependency in an application.
TESTS: Final = (
    "tests/unit",
    "tests/contract/test_storage.py",
    "tests/contract/test_database.py",
    "tests/integration/test_api_frameworks.py",  # Flask
    "tests/integration/test_captcha_field.py",  # Flask-WTF
    "tests/integration/test_cli.py",
    "tests/integration/test_doctor.py",
    "tests/integration/test_hosts.py",  # proxies, factories, sub-paths
    "tests/integration/test_journal_comments.py",  # Flask-SQLAlchemy, markdown-it-py, nh3, Pygments
    "tests/integration/test_journal_commands.py",  # click, argon2-cffi
    "tests/integration/test_journal_migrations.py",  # Flask-Migrate
    "tests/integration/test_languages.py",  # Babel
    "tests/integration/test_limiter.py",  # Flask-Limiter
    "tests/integration/test_many_workers.py",  # gunicorn
    "tests/integration/test_quickstart.py",
    "tests/integration/test_readme.py",
    "tests/integration/test_services_asked.py",  # httpx
    "tests/integration/test_shared_database.py",  # SQLAlchemy, psycopg
    "tests/integration/test_sound.py",
    "tests/integration/test_statistics.py",  # prometheus-client
    "tests/integration/test_strength.py",  # ddddocr, rapidocr
)

#: Not run with the lowest versions: it compares the catalogues with what the newest Babel would write.
#: tests/integration/test_languages.py reads them with the lowest.
NEEDS_NEWEST: Final = ("tests/unit/test_catalogues.py",)


def lower_bounds() -> dict[str, str]:
    """Return the lowest allowed version of each dependency and of the build backend, as ``pyproject.toml`` has it."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    extras = [one for extra in EXTRAS for one in PROJECT["optional-dependencies"][extra]]
    return dict(_name_and_bound(one) for one in [*PROJECT["dependencies"], *extras, *build])


def _name_and_bound(requirement: str) -> tuple[str, str]:
    name, bound = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\d.]+)(?:,.*)?", requirement).groups()  # type: ignore[union-attr]
    return name, bound


def _tools() -> list[str]:
    return [one for one in PROJECT["optional-dependencies"]["dev"] if not one.startswith(NOT_USED)]


def environment(which: str, python: str) -> Path:
    """Make the environment with the versions, replacing an earlier one, and return its interpreter."""
    version = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    folder = ROOT / ".versions" / f"{which}-{version}"
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    interpreter, uv = folder / "bin/python", folder / "bin/uv"
    subprocess.run([interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"], check=True)
    own = {**os.environ, "VIRTUAL_ENV": str(folder)}
    resolution = ("--resolution", "lowest-direct") if which == "lowest" else ()
    extras = [part for extra in EXTRAS for part in ("--extra", extra)]
    requirements = folder / "build.in"
    requirements.write_text("\n".join(tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]))
    pins = folder / "versions.txt"
    compile_: list[str | Path] = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *extras, *resolution]
    subprocess.run([*compile_, ROOT / "pyproject.toml", requirements, "-o", pins], env=own, check=True)
    install: list[str | Path] = [uv, "pip", "install", "--quiet"]
    subprocess.run([*install, "-r", pins], env=own, check=True)
    # The pinned build backend builds the package, and the tools may not change a pin.
    subprocess.run(
        [*install, "--no-build-isolation-package", "captcha-guard", "-c", pins, ROOT, *_tools()],
        env=own,
        check=True,
    )
    return interpreter


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environment, print what is in it, and run the tests."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__.partition("\n")[0])
    parser.add_argument("which", choices=("lowest", "newest"))
    parser.add_argument("--python", default=sys.executable, help="the interpreter, such as python3.13")
    parser.add_argument("tests", nargs="*", default=TESTS, metavar="TEST", help="instead of the list in this file")
    options = parser.parse_intermixed_args(arguments)  # paths may follow --python
    interpreter = environment(options.which, options.python)
    names = sorted({re.sub(r"[-_.]+", "-", name).lower() for name in lower_bounds()})
    listing = f"""
from importlib.metadata import version
print("Python {{}}".format(__import__("platform").python_version()))
print(", ".join(f"{{name}} {{version(name)}}" for name in {names!r}))
"""
    subprocess.run([interpreter, "-c", listing], check=True)
    found = os.environ.get("PATH", "")
    own = {**os.environ, "PATH": f"{interpreter.parent}{os.pathsep}{found}", "PYTHONPATH": str(ROOT)}
    left_out = [f"--ignore={file}" for file in NEEDS_NEWEST] if options.which == "lowest" else []
    command = [interpreter, "-m", "pytest", *left_out, *options.tests]
    return subprocess.run(command, cwd=ROOT, env=own, check=False).returncode


if __name__ == "__main__":
    print(f"{platform.system()}, {platform.machine()}", flush=True)
    sys.exit(main())
