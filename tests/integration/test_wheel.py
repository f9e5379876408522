"""The wheel and the source archive: what they contain, that anyone can rebuild them, and that the wheel works alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from datetime import UTC, datetime
from email import message_from_string
from pathlib import Path

import pytest
from packaging.licenses import canonicalize_license_expression

from tests.built_package import EPOCH, ROOT, Built, build, install, unpack

pytestmark = pytest.mark.xdist_group("wheel")

#: The files with the licences of recordings, and what SPDX calls them.
RECORDED = {"LICENSE": "MIT", "LICENSE.flite": "MIT-Festival", "LICENSE.pico": "Apache-2.0"}

#: An application with one guarded route, and a visitor who uses all that the package ships.
SMOKE = """
import re
from flask import Flask, request
from captcha_guard import CaptchaGuard
from captcha_guard.testing import solved_form

app = Flask(__name__)
app.config["SECRET_KEY"] = "a secret of the smoke test, 32 bytes long"
guard = CaptchaGuard(app)
comments = []

@app.route("/", methods=["GET", "POST"])
@guard.protect
def page():
    if request.method == "POST":
        comments.append(request.form["body"])
        return "stored"
    from flask import render_template_string
    return render_template_string("<html lang=en><form method=post>{{ captcha_guard() }}</form>")

def visit():
    client = app.test_client()
    page = client.get("/").text
    assert "Enter Security Code" in page, page
    files = {re.sub(r".*[.]", "", url): client.get(url) for url in re.findall(r'(?:src|href)="([^"?]+)', page)}
    assert {"png", "wav", "css", "js"} <= set(files), set(files)
    assert {answer.status_code for answer in files.values()} == {200}, files
    assert files["png"].data[:4] == b"\\x89PNG" and files["wav"].data[:4] == b"RIFF"
    french = client.post("/", data={"body": "Bonjour"}, headers={"Accept-Language": "fr"})
    assert french.status_code == 422 and 'lang="fr"' in french.text, french.text
    assert client.post("/", data={"body": "Hello", **solved_form(client, page)}).text == "stored"
    assert comments == ["Hello"]
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(ROOT, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def unpacked(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel") / "site"
    with zipfile.ZipFile(built.wheel) as archive:
        archive.extractall(folder)  # noqa: S202 - our own wheel
    return folder


@pytest.fixture(scope="module")
def interpreter(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(built.wheel, tmp_path_factory.mktemp("installed"))


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
    assert canonicalize_license_expression(headers["License-Expression"]) == headers["License-Expression"]
    kept = metadata.parent / "licenses"
    assert {path.parent.name for path in kept.glob("fonts/*/LICENSE")} == {folder.name for folder in texts}
    assert (kept / "LICENSE").is_file()
    assert (kept / "NOTICE").read_text() == (ROOT / "NOTICE").read_text()
    assert {path.name for path in kept.glob("sounds/*")} == {"LICENSE.flite", "LICENSE.pico"}


def test_the_wheel_contains_nothing_else(unpacked: Path) -> None:
    assert {path.name.partition("-")[0] for path in unpacked.iterdir()} == {"captcha_guard"}


def test_the_source_archive_contains_every_file_of_the_checkout(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        members = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert members == {"PKG-INFO", *files_of_checkout()}


def files_of_checkout() -> list[str]:
    """Return the files that git tracks or would add. An unpacked source archive has no other files."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        return [name for name in listing if name and (ROOT / name).exists()]
    return [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file() and path.name != "PKG-INFO"]


def test_a_build_from_the_source_archive_at_another_place_and_time_gives_the_same_bytes(
    built: Built, tmp_path: Path
) -> None:
    source = unpack(built.sdist, tmp_path / "elsewhere")
    for path in (source, *source.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    again = build(source, tmp_path / "again", umask=0o077)
    assert again.wheel.read_bytes() == built.wheel.read_bytes()
    assert again.sdist.read_bytes() == built.sdist.read_bytes()


def test_source_date_epoch_is_the_time_of_every_file_in_both(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel, tarfile.open(built.sdist) as sdist:
        assert {file.date_time for file in wheel.infolist()} == {datetime.fromtimestamp(EPOCH, UTC).timetuple()[:6]}
        assert {member.mtime for member in sdist} == {EPOCH}


def test_twine_and_check_wheel_contents_find_nothing(built: Built) -> None:
    wheel, sdist = map(str, (built.wheel, built.sdist))
    for command in (["twine", "check", "--strict", wheel, sdist], ["check_wheel_contents", wheel]):
        checked = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_only_licences_are_in_the_wheel_twice(built: Built) -> None:
    names: dict[tuple[int, int], list[str]] = {}
    with zipfile.ZipFile(built.wheel) as wheel:
        for file in wheel.infolist():
            names.setdefault((file.CRC, file.file_size), []).append(file.filename)
    several = [name for (_, size), group in names.items() if size and len(group) > 1 for name in group]
    assert [name for name in several if not name.rpartition("/")[2].startswith("LICENSE")] == []


def test_the_description_for_a_package_index_has_no_link_that_works_only_in_a_checkout(unpacked: Path) -> None:
    [metadata] = unpacked.glob("*.dist-info/METADATA")
    message = message_from_string(metadata.read_text())
    description = message.get_payload()
    assert message["Description-Content-Type"] == "text/markdown"
    assert "Enter Security Code" in str(description)
    assert re.findall(r"\]\((?!https?://|#)[^)]*\)|(?:src|href)=\"(?!https?://|#)[^\"]*\"", str(description)) == []


def test_every_shipped_font_and_recording_is_named_with_its_licence_in_the_notice(unpacked: Path) -> None:
    lines = (ROOT / "NOTICE").read_text().splitlines()
    package = unpacked / "captcha_guard"
    texts = {"OFL-1.1": "SIL OPEN FONT LICENSE Version 1.1", "Apache-2.0": "Apache License\n"}
    for folder in sorted(package.glob("fonts/*/")):
        [(licence, copyright_line)] = [line.split(None, 2)[1:] for line in lines if line.split()[:1] == [folder.name]]
        [font] = folder.glob("*.ttf")
        text = (folder / "LICENSE").read_text()
        assert texts[licence] in text
        assert copyright_line.encode("utf-16-be") in font.read_bytes(), folder.name
        assert licence == "Apache-2.0" or text.startswith(copyright_line)
    for recording in sorted(package.glob("sounds/*.digits")):
        named = [line.split(None, 2) for line in lines if line.split()[:1] == [recording.name]]
        assert named, recording.name
        for _, licence, origin in named:
            [file] = re.findall(r"\((?:sounds/)?(LICENSE[.\w]*)\)", origin)
            assert RECORDED[file] == licence


def test_the_licence_expression_has_every_licence_of_the_notice_and_no_other(unpacked: Path) -> None:
    [metadata] = unpacked.glob("*.dist-info/METADATA")
    expression = message_from_string(metadata.read_text())["License-Expression"]
    names = re.findall(r"^[\w.-]+ +([A-Z][\w.-]+) +(?:Copyright|spoken)", (ROOT / "NOTICE").read_text(), re.MULTILINE)
    assert set(expression.split(" AND ")) == {"MIT", *names}


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


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smoke")
    (folder / "app.py").write_text(SMOKE)
    return folder


def run(interpreter: Path, folder: Path, *arguments: str) -> str:
    """Run Python outside of the checkout, with nothing of the tests' environment."""
    done = subprocess.run(
        [interpreter, "-I", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_in_an_empty_environment_a_visitor_gets_picture_sound_style_script_and_french(
    interpreter: Path, smoke: Path
) -> None:
    program = f"import sys; sys.path.append({str(smoke)!r}); import captcha_guard, app; app.visit()"
    printed = run(interpreter, smoke, "-c", f"{program}; print(captcha_guard.__file__)")
    assert printed.startswith(str(interpreter.parents[1]))


def test_in_an_empty_environment_the_flask_command_has_the_guards_commands(interpreter: Path, smoke: Path) -> None:
    command = ("-m", "flask", "--app", str(smoke / "app.py"), "captcha-guard", "explain", "--text", "Buy pills")
    assert re.match(r"\w+, score ", run(interpreter, smoke, *command))


def test_mypy_accepts_an_annotated_application_of_the_installed_package(interpreter: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text((ROOT / "tests/typed_host.py").read_text())
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nstrict = true\npython_executable = {interpreter}\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "app.py"], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert checked.stdout == "Success: no issues found in 1 source file\n", checked.stdout + checked.stderr
