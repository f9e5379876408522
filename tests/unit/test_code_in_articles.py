"""Code in articles is highlighted with classes, in colours that can be read on screens and on paper."""

from __future__ import annotations

import re

import pytest
from pygments.style import Style

from demo_blog import code_stylesheet, markdown
from demo_blog.code_stylesheet import MEDIA, Dark, Light, Print, stylesheet

STYLES = code_stylesheet.__file__.rsplit("/", 1)[0] + "/styles/"


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2) of a colour such as ``#8c2214``."""
    channels = [int(colour.lstrip("#")[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def code(markdown_text: str) -> str:
    return markdown.render_article(markdown_text, "/posts/").html


def test_the_stylesheet_is_the_one_that_the_command_makes() -> None:
    with open(STYLES + "code.css", encoding="utf-8") as file:  # noqa: PTH123
        assert file.read() == "".join(f"{line}\n" for line in stylesheet())


@pytest.mark.parametrize("style", [Light, Dark, Print])
def test_every_colour_has_enough_contrast(style: type[Style]) -> None:
    colours = {look["color"] for _, look in style if look["color"]}
    assert colours
    for colour in colours:
        assert contrast(colour, style.background_color) >= 4.5, colour


def test_the_styles_are_made_for_the_backgrounds_of_the_page() -> None:
    with open(STYLES + "journal.css", encoding="utf-8") as file:  # noqa: PTH123
        backgrounds = re.findall(r"--leaf: (#\w+);", file.read())
    assert backgrounds == [Light.background_color, Dark.background_color]
    assert set(MEDIA.values()) == {Light, Dark, Print}


def test_code_has_a_class_for_each_kind_of_token_and_no_inline_style() -> None:
    html = code('```python\ndef f(x):\n    return "<b>"  # why\n```\n')
    assert '<pre class="highlight" tabindex="0"><code class="language-python">' in html
    assert '<span class="k">def</span>' in html
    assert '<span class="s2">"&lt;b&gt;"</span>' in html
    assert '<span class="c1"># why</span>' in html
    assert "style=" not in html


def test_a_python_session_has_prompts_and_output() -> None:
    html = code("```python\n>>> 1 + 1\n2\n```\n")
    assert '<span class="gp">&gt;&gt;&gt; </span>' in html
    assert '<span class="go">2</span>' in html


@pytest.mark.parametrize("info", ["", "nosuchlanguage", 'python"><script>', "python extra words"])
def test_code_in_an_unknown_language_is_escaped(info: str) -> None:
    html = code(f"~~~{info}\n<script>alert(1)</script>\n~~~\n")
    assert "<script>" not in html
    assert "alert" in html


def test_the_whitespace_of_code_is_kept() -> None:
    html = code("```python\n\n    x\n\n\n```\n")
    text = re.sub(r"<[^>]+>", "", html)
    assert text == "\n    x\n\n\n\n"
