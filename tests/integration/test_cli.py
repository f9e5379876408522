"""The commands preview and tune, with a site's own pictures."""

from __future__ import annotations

import html
import re
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from captcha_guard import CaptchaGuard, Difficulty
from captcha_guard.challenge.difficulty import KNOBS
from captcha_guard.challenge.token import Challenge
from captcha_guard.cli import group
from captcha_guard.cli import tuner as tuner_module
from captcha_guard.cli.preview import _versions
from captcha_guard.cli.preview_renderer import PreviewRenderer
from captcha_guard.cli.tuner import make_tuner
from captcha_guard.cli.tuning import Tuning
from captcha_guard.testing import solve
from tests.integration.bare_site import SECRET, make_site, state_of

ROLLED = "c0ffee00c0ffee00"

HOST = f"""
from flask import Flask
from captcha_guard import CaptchaGuard
app = Flask("host", instance_path=__file__ + "-instance")
app.config["SECRET_KEY"] = "{SECRET}"
CaptchaGuard(app)
"""


def renderer_of(app: Flask) -> PreviewRenderer:
    with app.app_context():
        return PreviewRenderer.of_this_site()


@pytest.fixture
def site(tmp_path: Path) -> Flask:
    return make_site(tmp_path)


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(group, list(arguments))


# The site's pictures


@pytest.mark.parametrize("scale", [1, 2])
def test_pictures_for_the_owner_are_those_of_visitors(site: Flask, scale: int) -> None:
    drawn = renderer_of(site).draw(Difficulty.easy, 7, scale=scale)
    issuer, at = state_of(site).issuer, int(time.time())
    token = issuer.tokens.sign(Challenge(" 7", "", "image", Difficulty.easy.spec(), issuer.epoch(at), at))
    address = f"/captcha-guard/{token}{'@2x' if scale == 2 else ''}.png"
    assert drawn.png == site.test_client().get(address).data
    assert drawn.code == solve(site, token)


def test_the_owner_can_choose_the_code_of_a_picture(site: Flask) -> None:
    renderer = renderer_of(site)
    chosen, free = renderer.draw(Difficulty.easy, 1, code="7ACD4"), renderer.draw(Difficulty.easy, 1)
    assert chosen.code == "7ACD4" != free.code
    assert chosen.png != free.png


# preview


def test_preview_prints_what_it_wrote_and_that_it_replaced_a_file(site: Flask, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    first = run(site, "preview", "--styles", "2", "--out", str(out))
    assert first.exit_code == 0, first.output
    assert f"{out} written: 2 styles, 6 pictures." in first.output
    assert re.search(
        r"A picture takes \d+\.\d ms \(at most [\d.]+\) and [\d,]+ bytes \(at most [\d,]+\)\.", first.output
    )
    again = run(site, "preview", "--styles", "2", "--out", str(out))
    assert "written (replaced an existing file)" in again.output


def test_a_sheet_has_a_row_for_each_style_and_a_picture_for_each_code_and_difficulty(
    site: Flask, tmp_path: Path
) -> None:
    def sheet(*arguments: str) -> tuple[int, int]:
        result = run(site, "preview", *arguments, "--out", str(tmp_path / "sheet.png"))
        assert result.exit_code == 0, result.output
        with Image.open(tmp_path / "sheet.png") as image:
            return image.size

    one = sheet("--styles", "1", "--codes", "7acd4")
    wide, _ = sheet("--styles", "1", "--codes", "7ACD4, W8K4", "--difficulty", "easy", "--difficulty", "medium")
    _, high = sheet("--styles", "3", "--codes", "7ACD4")
    assert wide - one[0] == 3 * (240 + 14)
    assert high - one[1] == 2 * (26 + 120 + 22 + 14)
    assert sheet("--styles", "1", "--codes", "7ACD4", "--scale", "2") == (2 * one[0], 2 * one[1])
    small = ("--styles", "1", "--codes", "7ACD4", "--difficulty", "classica")
    assert sheet(*small) == (one[0], one[1] - 90)
    assert sheet(*small, "--difficulty", "easy") == (one[0] + 240 + 14, one[1])


def test_a_site_without_rotation_is_shown_seeds_that_cannot_be_guessed(tmp_path: Path) -> None:
    site = renderer_of(make_site(tmp_path, STYLE_ROTATION=0))
    seeds = {re.fullmatch('CAPTCHA_GUARD_STYLE_SEED = "([0-9a-f]{16})"', one.heading) for one in _versions(site, 4)[1:]}
    assert None not in seeds
    assert len(seeds) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--difficulty", "medum"], "there is no difficulty 'medum'; did you mean 'medium'?"),
        (["--codes", "A-B"], "the answer is 'A-B'"),
        (["--codes", " ,"], "give at least one code"),
        (["--styles", "0"], "0 is not in the range"),
        (["--out", "sheet.jpg"], "doesn't end in .png"),
        (["--out", "/no/such/folder/sheet.png"], "can't be written: No such file or directory"),
    ],
)
def test_the_error_for_a_wrong_option_names_it_and_the_right_values(
    site: Flask, arguments: list[str], sentence: str
) -> None:
    result = run(site, "preview", *arguments)
    assert result.exit_code == 2
    assert sentence in result.output.replace("\n", " ")


@pytest.mark.parametrize("command", ["preview", "tune", "strength"])
def test_the_error_for_an_application_without_the_guard_explains_the_set_up(command: str) -> None:
    result = run(Flask("bare"), command)
    assert result.exit_code == 1
    assert result.output == "Error: captcha_guard isn't set up for this application: call guard.init_app(app)\n"


# tune


@pytest.fixture
def tuner(site: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(tuner_module, "PICTURES", 2)  # they show what six pictures would
    state = state_of(site)
    start = Tuning.of(state.settings, state.difficulty)
    return make_tuner(renderer_of(site), start, new_seed=lambda: ROLLED).test_client()


def test_a_port_that_is_taken_is_refused_with_the_option_for_another_one(site: Flask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = run(site, "tune", "--port", str(other.getsockname()[1]))
    assert result.exit_code == 1
    assert "Address already in use. Choose another port with --port" in result.output


def pictures(page: str) -> list[str]:
    return re.findall(r'<img src="(data:image/png;base64,[^"]+)"', page)


def config_lines(page: str) -> str:
    found = re.search('<pre id="config">(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def control(page: str, name: str) -> dict[str, str]:
    found = re.search(rf'<input [^>]*name="{name}"[^>]*>', page)
    assert found is not None, name
    return dict(re.findall(r'([\w-]+)="([^"]*)"', found[0]))


def test_every_knob_has_a_slider_with_its_own_range_and_unit(tuner: FlaskClient) -> None:
    page = tuner.get("/").text
    for name, knob in KNOBS.items():
        slider = control(page, name)
        assert (slider["type"], slider["min"], slider["max"]) == ("range", str(knob.low), str(knob.high))
        assert slider["value"] == str(getattr(Difficulty.medium, name))
        assert knob.unit in html.unescape(page)
    names = re.findall(r'<input [^>]*name="(\w+)"', page)
    assert len(names) == len(set(names))


def test_each_slider_changes_the_pictures_or_the_codes(tuner: FlaskClient) -> None:
    plain = pictures(tuner.get("/").text)
    assert len(plain) == 2
    for name in [*KNOBS, "width", "height", "shortest"]:
        slider = control(tuner.get("/").text, name)
        moved = slider["max"] if slider["value"] != slider["max"] else slider["min"]
        assert pictures(tuner.get("/", query_string={name: moved}).text) != plain, name


def test_each_preset_is_shown_in_its_own_size(tuner: FlaskClient) -> None:
    for preset, size in (("classica", 'width="160" height="30"'), ("easy", 'width="300" height="130"')):
        page = tuner.get("/", query_string={"preset": preset, "width": "300", "height": "130"}).text
        assert page.count(size) == len(pictures(page)) == 2


def test_the_ends_of_every_slider_are_accepted(tuner: FlaskClient) -> None:
    page = tuner.get("/").text
    for end in ("min", "max"):
        everything = {name: control(page, name)[end] for name in [*KNOBS, "width", "height", "shortest", "longest"]}
        assert tuner.get("/", query_string=everything).status_code == 200


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"interlock": "31"}, "Difficulty's interlock is 31"),
        ({"width": "199"}, "CAPTCHA_GUARD_SIZE is (199, 120); allowed"),
        ({"longest": "9"}, "CAPTCHA_GUARD_LENGTH is (5, 9); allowed"),
        ({"style_rotation": "x"}, "style_rotation is 'x'; a whole number is needed"),
        ({"preset": "heavy"}, "there is no difficulty 'heavy'"),
    ],
)
def test_a_value_outside_its_range_is_refused_with_the_range(
    tuner: FlaskClient, query: dict[str, str], sentence: str
) -> None:
    response = tuner.get("/", query_string=query)
    assert (response.status_code, response.mimetype) == (400, "text/plain")
    assert response.text.startswith(sentence)


def paste(lines: str, folder: Path) -> Flask:
    """Start a site with the lines in its configuration file, as an owner would."""
    file = folder / "config.py"
    file.write_text(f"SECRET_KEY = {SECRET!r}\n\n{lines}", encoding="utf-8")
    app = Flask("site", instance_path=str(folder / "instance"))
    app.config.from_pyfile(str(file))
    CaptchaGuard(app)
    return app


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"preset": "easy", "interlock": "9"},
        {"interlock": "9", "lines": "3", "tilt": "1", "width": "300", "shortest": "7", "style_rotation": "0"},
        {"reroll": "1", "style_seed": "the one before"},
        {"style_seed": "quotes \" and ' and \\ and \u00e9 \U0001f600 \u2028 </pre>", "style_rotation": "3650"},
    ],
    ids=["as it is", "a preset", "knobs", "re-rolled", "an odd seed"],
)
def test_the_lines_to_copy_make_a_site_that_draws_what_the_page_shows(
    tuner: FlaskClient, tmp_path: Path, query: dict[str, str]
) -> None:
    page = tuner.get("/", query_string=query).text
    lines = config_lines(page)
    pasted = paste(lines, tmp_path)
    again = Tuning.of(state_of(pasted).settings, state_of(pasted).difficulty)
    assert again.config_lines == lines
    assert pictures(make_tuner(renderer_of(pasted), again).test_client().get("/").text) == pictures(page)


def test_the_page_starts_with_the_length_that_the_sites_difficulty_has(tmp_path: Path) -> None:
    site = make_site(tmp_path, DIFFICULTY=replace(Difficulty.easy, length=(7, 8)))
    start = Tuning.of(state_of(site).settings, state_of(site).difficulty)
    page = make_tuner(renderer_of(site), start).test_client().get("/").text
    assert {len(code) for code in re.findall("<figcaption>(.*?)</figcaption>", page)} == {7, 8}
    assert (control(page, "shortest")["value"], control(page, "longest")["value"]) == ("7", "8")
    assert 'CAPTCHA_GUARD_DIFFICULTY = "easy"' in config_lines(page)
    assert "CAPTCHA_GUARD_LENGTH = (7, 8)" in config_lines(page)
    assert start.config_lines == config_lines(page)


def test_a_preset_is_a_starting_point_and_named_in_the_lines(tuner: FlaskClient) -> None:
    page = tuner.get("/", query_string={"preset": "easy"}).text
    assert 'CAPTCHA_GUARD_DIFFICULTY = "easy"' in config_lines(page)
    assert {name: control(page, name)["value"] for name in KNOBS} == {
        name: str(getattr(Difficulty.easy, name)) for name in KNOBS
    }
    assert re.search('value="easy" aria-pressed="true"', page)


def test_re_rolling_changes_the_style_and_not_the_codes(tuner: FlaskClient) -> None:
    before, after = tuner.get("/").text, tuner.get("/", query_string={"reroll": "1"}).text
    assert control(after, "style_seed")["value"] == ROLLED
    assert pictures(before) != pictures(after)
    caption = re.compile("<figcaption>(.*?)</figcaption>")
    assert caption.findall(before) == caption.findall(after)
    others = tuner.get("/", query_string={"other_codes": "1"}).text
    assert not set(caption.findall(before)) & set(caption.findall(others))


def test_the_longest_code_is_never_shorter_than_the_shortest(tuner: FlaskClient) -> None:
    page = tuner.get("/", query_string={"shortest": "8", "longest": "4"}).text
    assert control(page, "longest")["value"] == "8"


def test_the_page_has_strict_security_headers(tuner: FlaskClient) -> None:
    response = tuner.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|<script>|\son\w+=|style=", response.text)
    assert not re.search(r'(src|href)="(https?:)?//', response.text)
    assert SECRET not in response.text
    assert tuner.get("/", headers={"Host": "rebound.example"}).status_code == 400


def test_the_site_itself_serves_nothing_of_the_page(site: Flask) -> None:
    static = "/captcha-guard/static"
    for path in ("/captcha-guard/tune", "/captcha-guard/", f"{static}/tune.js", f"{static}/tune.css"):
        assert site.test_client().get(path).status_code in (404, 405), path
    assert not [rule for rule in site.url_map.iter_rules() if "tun" in rule.rule]


def test_a_seed_that_is_not_text_is_reported_and_not_replaced(tmp_path: Path) -> None:
    result = run(make_site(tmp_path, STYLE_SEED=b"\xff\xfe" * 8), "tune")
    assert result.exit_code == 1
    assert "CAPTCHA_GUARD_STYLE_SEED isn't valid UTF-8" in result.output


@pytest.fixture
def host(tmp_path: Path) -> Path:
    file = tmp_path / "host.py"
    file.write_text(HOST)
    return file


def flask_command(host: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", str(host), "captcha-guard", *arguments]


def test_the_flask_command_finds_the_group_and_serves_the_page_only_on_loopback(host: Path) -> None:
    with subprocess.Popen(
        flask_command(host, "tune", "--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"Tuning page: (http://127\.0\.0\.1:(\d+)/)\n", line)
            assert found is not None, line
            with urlopen(found[1], timeout=20) as page:  # noqa: S310 - our own, on loopback
                assert b"Tune the security code" in page.read()
            # On Linux, 127/8 is this machine, and a server on 0.0.0.0 would answer here too.
            with pytest.raises(OSError), socket.create_connection(("127.0.0.2", int(found[2])), timeout=5):  # noqa: PT011
                pass
        finally:
            process.terminate()
