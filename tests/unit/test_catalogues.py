"""Every visible text is marked, and every catalogue has the texts of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message as CatalogueText
from jinja2 import Environment, nodes

from captcha_guard.catalogues import available
from captcha_guard.messages import SOURCE, Message, Value, fill
from captcha_guard.spam.lists.families import GRAMMAR
from captcha_guard.spam.lists.spam_phrases import SCORES
from captcha_guard.spam.names import FAMILIES, LANGUAGES
from captcha_guard.spam.rules import RULES
from captcha_guard.web.post.refusal import MESSAGES
from tests.catalogues import PACKAGE, template, updated, written
from tests.catalogues import read as read_catalogue

TAGS = [tag for tag in available() if tag != SOURCE]
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
ADVICE = "run python -m tests.catalogues, and translate the new texts"

#: Attributes that visitors read or hear.
READ = ("alt", "title", "placeholder", "aria-label", "aria-description", "label")

#: Classes and functions of which no argument may be a sentence that isn't marked.
SAYING = ("Finding", "Refusal", "NotFound", "saying")


def test_there_are_catalogues_for_the_promised_languages() -> None:
    assert available() == ("en", "ar", "de", "el", "es", "fr", "ja", "ro")


@pytest.mark.parametrize("tag", TAGS)
def test_a_catalogue_has_every_text_and_no_obsolete_one(tag: str) -> None:
    wanted = {one.id for one in template() if one.id}
    found = {one.id for one in read_catalogue(tag) if one.id}
    assert found == wanted, ADVICE
    assert not read_catalogue(tag).obsolete, ADVICE


@pytest.mark.parametrize("tag", TAGS)
def test_every_text_is_translated(tag: str) -> None:
    assert [one.id for one in read_catalogue(tag) if one.id and not all(_strings(one))] == []


@pytest.mark.parametrize("tag", TAGS)
def test_no_translation_is_only_a_guess(tag: str) -> None:
    assert [one.id for one in read_catalogue(tag) if one.id and one.fuzzy] == []


@pytest.mark.parametrize("tag", TAGS)
def test_translations_have_the_placeholders_of_the_text(tag: str) -> None:
    wrong = []
    for one in read_catalogue(tag):
        if not one.id:
            continue
        ids = [one.id] if isinstance(one.id, str) else list(one.id)
        wanted = _placeholders(ids[-1])
        optional = {"count"} if len(ids) > 1 else set()
        for string in _strings(one):
            if string and not wanted - optional <= _placeholders(string) <= wanted:
                wrong.append((ids[0], string))
            if string and wanted:
                values: dict[str, Value] = dict.fromkeys(wanted, "x")
                fill(string, values, str)
    assert wrong == []


@pytest.mark.parametrize("tag", TAGS)
def test_a_catalogue_has_all_plural_forms_of_its_language(tag: str) -> None:
    catalogue = read_catalogue(tag)
    assert catalogue.plural_forms == updated(tag, template()).plural_forms
    short = [one.id for one in catalogue if isinstance(one.id, tuple) and len(_strings(one)) != catalogue.num_plurals]
    assert short == []


def test_updating_a_catalogue_changes_nothing_the_second_time(tmp_path: Path) -> None:
    once = written("de", updated("de", template()))
    assert written("de", updated("de", template())) == once
    assert b'"Language: de\\n"' in once


def test_every_text_has_some_letters_to_translate() -> None:
    assert [one.id for one in template() if one.id and not re.search("[a-z]{2}|%", str(one.id))] == []


def test_the_extraction_finds_texts_of_code_and_of_templates_with_comments() -> None:
    texts = {one.id: one for one in template()}
    assert "Please type the security code. Your text is kept." in texts
    assert "What you wrote" in texts
    assert texts["New code"].auto_comments == ["a button that replaces the picture and the sound."]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_text_of_its_own(path: Path) -> None:
    source = path.read_text()
    assert _visible(f"<i {source}>" if path.name == "script_texts.html" else source) == []
    assert list(_unmarked(Environment(autoescape=True).parse(source))) == []


def test_the_check_of_templates_finds_texts() -> None:
    for markup in ("<p>Send</p>", '<img alt="A code">', "<p>{{ text('Send') }} it</p>"):
        assert _visible(markup)
    assert list(_unmarked(Environment(autoescape=True).parse("{{ 'Post it' if field else text('Send again') }}")))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_finding_or_refusal_has_a_sentence_that_is_not_marked(path: Path) -> None:
    found = [
        ast.unparse(argument)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and _name(call.func) in SAYING
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        if _is_sentence(argument)
    ]
    assert found == []


def test_every_rule_and_refusal_has_a_sentence_that_can_be_translated() -> None:
    assert [rule.slug for rule in RULES if not isinstance(rule.sentence, Message)] == []
    assert [reason for reason, text in MESSAGES.items() if not isinstance(text, Message)] == []


def test_every_family_and_language_of_spam_has_a_word() -> None:
    assert set(FAMILIES) == {*SCORES, *(family.name for family in GRAMMAR.families)}
    assert set(LANGUAGES) == set(GRAMMAR.languages)


def _strings(text: CatalogueText) -> list[str]:
    """Return the translation, or its plural forms. Each is "" if it is missing."""
    return [text.string or ""] if isinstance(text.string, str) or text.string is None else list(text.string)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)[sd]", text))


def _is_sentence(argument: ast.expr) -> bool:
    return isinstance(argument, ast.JoinedStr) or (
        isinstance(argument, ast.Constant) and isinstance(argument.value, str) and " " in argument.value
    )


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _unmarked(node: nodes.Node, *, inside: bool = False) -> Iterator[str]:
    """Yield the strings of a template's expressions that look like texts and aren't arguments of ``text``."""
    marked = inside or (
        isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in ("text", "text_n")
    )
    value = node.value if isinstance(node, nodes.Const) and not marked else ""
    if isinstance(value, str) and re.search(r"[A-Za-z] [A-Za-z]|^[A-Z][a-z]", value):
        yield value
    for child in node.iter_child_nodes():
        yield from _unmarked(child, inside=marked)


def _visible(source: str) -> list[str]:
    """Return the texts that stand in a template's markup."""
    seen = _Visible()
    seen.feed("".join(value for _, kind, value in Environment(autoescape=True).lex(source) if kind == "data"))
    seen.close()
    return seen.texts


class _Visible(HTMLParser):
    """Collects the texts of a page that visitors read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        read = [value for name, value in attrs if name in READ or name.startswith("data-text")]
        self.texts += [value for value in read if value and re.search("[A-Za-z]", value)]

    def handle_data(self, data: str) -> None:
        if re.search("[A-Za-z]", data):
            self.texts.append(data.strip())
