"""The installed wheel has fonts, templates and types, and draws without the checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_contains_all_files_that_are_needed_at_run_time(unpacked: Path) -> None:
    package = unpacked / "captcha_guard"
    for wanted in (
        "cli/templates/tune.html",
        "py.typed",
        "static/captcha_guard.css",
        "static/captcha_guard.js",
        "templates/captcha_guard/layout.html",
    ):
        assert (package / wanted).is_file(), wanted
    fonts = {path.parent for path in package.glob("fonts/*/*.[ot]tf")}
    assert len(fonts) >= 6
    for font in fonts:
        assert list(font.glob("*LICEN[CS]E*")) or list(font.glob("OFL*")), f"{font.name} has no licence beside it"


def test_the_wheel_declares_all_its_licences(unpacked: Path) -> None:
    [metadata] = unpacked.glob("*.dist-info/METADATA")
    headers = dict(re.findall(r"^(\S+): (.*)$", metadata.read_text().partition("\n\n")[0], re.MULTILINE))
    texts = {path.parent: path.read_text() for path in (unpacked / "captcha_guard/fonts").glob("*/LICENSE")}
    kinds = {"OFL-1.1": "SIL OPEN FONT LICENSE Version 1.1", "Apache-2.0": "Apache License\n"}
    found = {name for text in texts.values() for name, words in kinds.items() if words in text}
    assert all(any(words in text for words in kinds.values()) for text in texts.values())
    assert set(headers["License-Expression"].split(" AND ")) == {"MIT", "MIT-Festival", *found}
    kept = metadata.parent / "licenses"
    assert {path.parent.name for path in kept.glob("fonts/*/LICENSE")} == {folder.name for folder in texts}
    assert (kept / "LICENSE").is_file()
    assert {path.name for path in kept.glob("sounds/*")} == {"LICENSE.flite", "LICENSE.pico"}


def test_the_wheel_contains_nothing_else(unpacked: Path) -> None:
    assert {path.name.partition("-")[0] for path in unpacked.iterdir()} == {"captcha_guard"}


def test_the_installed_package_speaks_with_its_own_recordings(unpacked: Path, tmp_path: Path) -> None:
    program = (
        "import captcha_guard; from captcha_guard.challenge.speech import recordings, speech;"
        f"assert str(recordings.bundled_folder()).startswith({str(unpacked)!r});"
        "assert len(recordings.languages()) == 5;"
        "assert speech.speak('123456', seed=b'seed', language='ro')[:4] == b'RIFF'"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(unpacked)}, check=True)


def test_the_installed_package_draws_with_its_own_fonts(unpacked: Path, tmp_path: Path) -> None:
    program = (
        "import captcha_guard, sys; from captcha_guard import Style, draw;"
        f"assert captcha_guard.__file__.startswith({str(unpacked)!r});"
        "png = draw('7ACD4', seed=b'seed', style=Style.from_secret(b'secret')); assert png[:4] == b'\\x89PNG'"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(unpacked)}, check=True)
