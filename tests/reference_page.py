"""Prints docs/reference.md from the docstrings of the public names. A test fails if the page is out of date.

A repository browser shows the tables. The site also has what is in the comments ``<!-- site ... -->``: directives that
Sphinx replaces by the whole docstrings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

import captcha_guard
from captcha_guard import errors, signals
from captcha_guard.cli import group

HEAD = """# Reference

`make docs` generates this page from the docstrings. It lists every name that is meant for applications. Names that
aren't here may change at any time.
"""

_SIGNAL = re.compile(r"((?:^#:.*\n)+)^(\w+) = _signals", re.MULTILINE)


class Section(NamedTuple):
    """A section of the page: a heading, the text below it, and public names of one module."""

    heading: str
    text: str
    module: str
    names: tuple[str, ...]

    def objects(self) -> Iterator[tuple[str, object]]:
        """Yield each name with its module, and what it names."""
        module = import_module(self.module)
        for name in self.names:
            yield f"{self.module}.{name}", getattr(module, name)


#: The errors that ``captcha_guard`` itself doesn't export.
_ERRORS = tuple(
    name for name, one in vars(errors).items() if inspect.isclass(one) and name not in captcha_guard.__all__
)

SECTIONS = (
    Section(
        "The guard", "[Quickstart](quickstart.md), [Integration](integration.md).", "captcha_guard", ("CaptchaGuard",)
    ),
    Section(
        "Submissions and verdicts",
        "A rule gets a `Submission` and returns a `Finding`. A view gets a `Verdict`: [Judging](judging.md).",
        "captcha_guard",
        ("Submission", "Facts", "Verdict", "Action", "Finding", "Rule", "Refusal"),
    ),
    Section(
        "For moderators",
        "What the guard's methods return: [A desk for moderators](desk-api.md), [Statistics](statistics.md).",
        "captcha_guard",
        (
            "Ban",
            "WordMatch",
            "Weighed",
            "Stats",
            "Tidied",
            "Replay",
            "Change",
            "Statistics",
            "Counts",
            "Period",
            "Alert",
        ),
    ),
    Section("Pictures", "[Tuning](tuning.md) shows them.", "captcha_guard", ("draw", "Difficulty", "Style")),
    Section("The WTForms field", "It needs Flask-WTF.", "captcha_guard.wtf", ("CaptchaField",)),
    Section(
        "Tests",
        "[Your tests](integration.md#your-tests) has an example.",
        "captcha_guard.testing",
        ("relax", "solve", "solved_form"),
    ),
    Section("Prometheus", "It needs `prometheus-client`.", "captcha_guard.metrics", ("observe",)),
    Section(
        "Services",
        "What the function in `CaptchaGuard(describe=...)` returns: [Services](services.md).",
        "captcha_guard.spam.services",
        ("Context",),
    ),
    Section("Errors", "Catch the first one for all of them.", "captcha_guard", ("CaptchaGuardError", "ConfigError")),
    Section("Single errors", "`from captcha_guard.errors import ...`", "captcha_guard.errors", _ERRORS),
)

#: WTForms calls the methods of its fields. Applications don't.
_WITHOUT_MEMBERS = frozenset({"captcha_guard.wtf.CaptchaField"})
_OPTIONS = {
    "captcha_guard.CaptchaGuard": ":inherited-members:",
    "captcha_guard.Action": ":undoc-members:",
}


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *map(_section, SECTIONS), _signals(), _commands()])


def _section(section: Section) -> str:
    objects = list(section.objects())
    table = _table([(name, _first_sentence(inspect.getdoc(one) or "")) for name, one in objects])
    directives = [_directive(name, is_class=inspect.isclass(one)) for name, one in objects]
    return f"## {section.heading}\n\n{section.text}\n\n{table}\n{_site_only(directives)}"


def _directive(name: str, *, is_class: bool) -> str:
    if not is_class:
        return f".. autofunction:: {name}\n"
    options = [] if name in _WITHOUT_MEMBERS else [":members:", _OPTIONS.get(name, "")]
    return f".. autoclass:: {name}\n" + "".join(f"   {option}\n" for option in options if option)


def _signals() -> str:
    text = (
        "The sender is always the Flask application, and the arguments are keyword arguments. No signal has an answer "
        "or an address. [Integration](integration.md#signals) shows how to connect."
    )
    comments = {f"captcha_guard.{name}": comment for name, comment in _comments_of_signals()}
    table = _table([(name, _in_markdown(comment)) for name, comment in comments.items()])
    directives = [f".. py:data:: {name}\n\n   {comment}\n" for name, comment in comments.items()]
    return f"## Signals\n\n{text}\n\n{table}\n{_site_only(directives)}"


def _comments_of_signals() -> Iterator[tuple[str, str]]:
    for comment, name in _SIGNAL.findall(inspect.getsource(signals)):
        yield name, " ".join(line.removeprefix("#:").strip() for line in comment.splitlines())


def _commands() -> str:
    commands = sorted(group.commands.items())
    table = _table([(f"flask captcha-guard {name}", one.get_short_help_str(200)) for name, one in commands])
    return f"## Commands\n\n`flask captcha-guard COMMAND --help` describes the options.\n\n{table}"


def _table(rows: list[tuple[str, str]]) -> str:
    return "| name | what it is |\n| --- | --- |\n" + "".join(f"| `{name}` | {text} |\n" for name, text in rows)


def _site_only(directives: list[str]) -> str:
    return "<!-- site\n```{eval-rst}\n" + "\n".join(directives) + "```\n-->\n"


def _first_sentence(docstring: str) -> str:
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return _in_markdown(re.split(r"(?<=[.:]) (?=[A-Z`])", paragraph)[0])


def _in_markdown(text: str) -> str:
    """Return a text of a docstring with one backtick around code, as in Markdown."""
    return re.sub(r":\w+:`~?([^`]+)`|``([^`]+)``", lambda found: f"`{found[1] or found[2]}`", text)


if __name__ == "__main__":
    print(page(), end="")
