"""The application with annotations in docs/typing.md: it works, and it is the module that `make types` checks."""

from __future__ import annotations

from pathlib import Path

from captcha_guard.testing import relax, solved_form
from tests.integration.snippets import ROOT, python_of
from tests.typed_host import create_app


def test_the_page_shows_the_module_that_mypy_checks() -> None:
    [block] = python_of("docs/typing.md")
    module = (ROOT / "tests/typed_host.py").read_text()
    assert module.endswith(block.strip() + "\n")
    assert module.index("from __future__") == module.index(block.strip())


def test_the_typed_application_asks_on_its_own_page_and_keeps_what_its_rule_holds(
    tmp_path: Path,
) -> None:
    app = create_app("a secret of the typed application")
    relax(app)
    client = app.test_client()
    body = "WHY DO YOU NEVER LISTEN TO ME"
    asked = client.post("/", data={"body": body})
    assert asked.status_code == 422
    assert f'<textarea name="body">{body}</textarea>' in asked.text
    assert client.post("/", data={"body": body, **solved_form(client, asked.text)}).status_code == 302
    [(kept, verdict)] = app.extensions["comments"]
    assert (kept, verdict.held, verdict.reasons) == (body, True, ("shouting",))
    assert "shouting" in app.extensions["reasons"]
