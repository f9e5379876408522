"""Builds the wheel and the source archive, and installs the wheel into an environment of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[1]
#: When the tests say that the package was made: noon UTC on 15 January 2027, in seconds since 1970.
EPOCH: Final = 1_800_014_400


@dataclass(frozen=True)
class Built:
    """A wheel and a source archive (sdist)."""

    wheel: Path
    sdist: Path


def build(source: Path, folder: Path, *, umask: int = 0o022) -> Built:
    """Build both from ``source``, a checkout or an unpacked source archive, into ``folder``."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        umask=umask,
        check=True,
        capture_output=True,
    )
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist)


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack a source archive, and return the folder of its ``pyproject.toml``."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [top] = folder.iterdir()
    return top


def install(wheel: Path, folder: Path) -> Path:
    """Install ``wheel`` into a new environment with the libraries that it requires and no others. Returns its Python.

    The libraries are links to those of this environment, so nothing is fetched.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    interpreter = folder / "bin/python"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        interpreter,
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        wheel,
    ]
    subprocess.run(command, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    [packages] = folder.glob("lib/python*/site-packages")
    [installed] = Distribution.discover(name="captcha_guard", path=[str(packages)])
    for library in _required(installed, {}).values():
        for name in {file.parts[0] for file in library.files or () if file.parts[0] != ".."}:
            source = Path(str(library.locate_file(name)))
            if source.exists() and not (packages / name).exists():
                (packages / name).symlink_to(source)
    return interpreter


def _required(library: Distribution, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """Return the libraries that ``library`` requires without extras, by their names, and those that they require."""
    for line in library.requires or ():
        requirement = Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found[name] = distribution(name)
            _required(found[name], found)
    return found
