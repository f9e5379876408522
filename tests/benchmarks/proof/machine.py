"""The machine class and the versions of a measurement, in words and without the machine's name."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

#: Programs by the name that a step uses, and the command that prints their version.
PROGRAMS = {
    "Redis": ("redis-server", "--version"),
    "PostgreSQL": ("postgres", "--version"),
    "Tesseract": ("tesseract", "--version"),
}

#: Folders with programs that aren't on every user's PATH.
_MORE = ("/usr/sbin", "/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


def machine() -> str:
    """Return the number and model of the cores, the memory, the kernel and the operating system."""
    system = _operating_system()
    return f"{os.cpu_count()} cores of {_processor()}, {_memory()}, {_kernel()}{f', {system}' if system else ''}"


def load() -> float:
    """Return the mean number of running processes in the last minute."""
    return os.getloadavg()[0]


def shared(load_average: float) -> str:
    """Return whether other programs used the cores when the step started, in words."""
    cores = os.cpu_count() or 1
    text = f"load average {load_average:.1f} on {cores} cores at the start"
    return f"{text}: other programs used the cores, too" if load_average > cores / 2 else text


def installed(name: str) -> str | None:
    """Return the version of a distribution or of one of ``PROGRAMS``, or None if it isn't installed."""
    if name == "Python":
        return platform.python_version()
    if name in PROGRAMS:
        return _program_version(*PROGRAMS[name])
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions(names: Sequence[str]) -> str:
    """Return the names with their versions, and which of them aren't installed."""
    return ", ".join(f"{name} {installed(name) or '(not installed)'}" for name in names)


def commit() -> str:
    """Return the commit that was measured, or an empty text outside a checkout. Changed documents don't count."""
    found = _git("rev-parse", "--short=10", "HEAD")
    if found is None:
        return ""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs", ":!*.md")
    return f"commit {found}{' with changes' if changed else ''}"


def search_path() -> str:
    """Return PATH with the folders where Debian keeps the programs of servers."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *_MORE])


def _program_version(program: str, option: str) -> str | None:
    path = shutil.which(program, path=search_path())
    if path is None:
        return None
    answer = subprocess.run([path, option], capture_output=True, text=True, check=False)
    found = _NUMBER.search(answer.stdout + answer.stderr)
    return found[0] if found else "of an unknown version"


def _git(*arguments: str) -> str | None:
    if shutil.which("git") is None:
        return None
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _memory() -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 2**30:.0f} GiB of memory"


def _kernel() -> str:
    """Return the kernel and its version without what a distributor or host adds to it."""
    found = _NUMBER.match(platform.release())
    return f"{platform.system()} {'.'.join(found[0].split('.')[:2]) if found else ''}".strip()


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
