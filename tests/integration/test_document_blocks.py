"""Every Python block of every document runs: in the tests that are named here, or in this file. Others are named."""

from __future__ import annotations

import ast
import logging
import re
import secrets
import shutil
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import flask
import pytest
from flask import Flask, request

from captcha_guard import Action, CaptchaGuard, Difficulty, Facts, Submission, submission_judged
from captcha_guard.challenge.drawing.fonts import bundled_folder
from captcha_guard.config.settings import read
from captcha_guard.web.state import NAME, State
from tests.integration.host_blog import CALM
from tests.integration.snippets import ROOT, python_of
from tests.unit.test_documents import DOCUMENTS, named

#: Documents whose blocks are all run by other tests.
ELSEWHERE: Final = {
    "README.md": "tests/integration/test_readme.py",
    "docs/deployment.md": "tests/deployment/recipes.py",
    "docs/desk-api.md": "tests/integration/test_desk_api_page.py",
    "docs/front-ends.md": "tests/browser/test_front_end_recipes.py",
    "docs/migration/flask-session-captcha.md": "tests/integration/test_migration.py",
    "docs/migration/flask-simple-captcha.md": "tests/integration/test_migration.py",
    "docs/migration/flask-wtf-recaptcha.md": "tests/integration/test_migration.py",
    "docs/migration/wordpress.md": "tests/integration/test_migration.py",
    "docs/quickstart.md": "tests/integration/test_quickstart.py",
    "docs/typing.md": "tests/integration/test_typing.py",
}

#: Single blocks that other tests run, by a part of the block.
SINGLE: Final = {
    ("docs/integration.md", "def show_form(refusal=None)"): "tests/integration/test_readme.py",
    ("docs/integration.md", "def form_was_late"): "tests/integration/test_late_comments.py",
    ("docs/judging.md", "class NoShouting"): "tests/integration/test_judging_page.py",
    ("docs/judging.md", "def create_note"): "tests/integration/test_judging_page.py",
    ("docs/languages.md", "get_translations"): "tests/integration/test_languages.py",
}

#: Blocks that aren't Python: a document, the languages of the blocks ("" for none), and who runs them or why not.
OTHERS: Final = (
    ("CONTRIBUTING.md", "sh", "opens an editor, and runs make"),
    ("RELEASING.md", "sh", "publishes; test_wheel builds the package"),
    ("README.md", "sh", "test_readme runs flask run; the other commands have tests of their own"),
    ("docs/architecture.md", "", "the order of the layers, from pyproject.toml"),
    ("docs/dependencies.md", "sh", "asks a server for known vulnerabilities"),
    ("docs/deployment.md", ",css,dockerfile,html,ini,nginx,sh", "tests/deployment runs the recipes"),
    ("docs/desk-api.md", "", "test_desk_api_page runs the commands"),
    ("docs/doctor.md", "sh", "test_doctor_command runs the doctor"),
    ("docs/front-ends.md", "html,js", "tests/browser/test_front_end_recipes.py runs the files"),
    ("docs/integration.md", "html,js", "tests/browser has such buttons, forms and frames"),
    ("docs/journal.md", "sh,yaml", "test_journal_commands and test_journal_post_files run such commands and files"),
    ("docs/judging.md", ",ini,sh,text", "test_decision_log and test_cli_filter; the phrases are an excerpt"),
    ("docs/limits.md", "", "test_limiter_commands runs the command"),
    ("docs/measurements/bots.md", "", "benchmarks, which take minutes to hours"),
    ("docs/measurements/proof.md", "sh", "test_proof checks what make runs; the benchmarks take minutes to hours"),
    ("docs/measurements/strength.md", "", "benchmarks, which take minutes to hours"),
    ("docs/migration/wordpress.md", "sh", "test_migration runs the commands of flask"),
    ("docs/quickstart.md", "sh", "installs a checkout"),
    ("docs/services.md", "sh", "installs a package"),
    ("docs/statistics.md", "sh", "test_statistics runs the command"),
    ("docs/tuning.md", "", "what commands print; test_cli runs them"),
)

Names = dict[str, Any]


def block(document: str, part: str) -> str:
    """Return the one Python block of a document that has this part in it."""
    found: str
    [found] = [code for code in python_of(document) if part in code]
    return found


def blocks_here() -> list[tuple[str, str]]:
    """Return the arguments of all calls of ``block`` in this file."""
    calls = (node for node in ast.walk(ast.parse(Path(__file__).read_text())) if isinstance(node, ast.Call))
    found = [call.args for call in calls if isinstance(call.func, ast.Name) and call.func.id == "block"]
    return [(ast.literal_eval(document), ast.literal_eval(part)) for document, part in found]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """A host, which has no guard yet."""
    app = Flask("host", instance_path=str(tmp_path / "instance"), root_path=str(tmp_path))
    app.config.update({"SECRET_KEY": secrets.token_hex(), **CALM})
    return app


def run(code: str, **names: Any) -> Names:
    """Run a block with the names that it takes from the host, and return all names."""
    known = {**vars(flask), **names}
    exec(code, known)  # noqa: S102 - that is the point
    return known


def test_every_python_block_is_run_once_and_every_part_has_a_block() -> None:
    parts = [*SINGLE, *blocks_here()]
    assert len(parts) == len(set(parts))
    for document in map(named, DOCUMENTS):
        given = [part for where, part in parts if where == document]
        for code in python_of(document):
            assert document in ELSEWHERE or sum(part in code for part in given) == 1, f"{document}:\n{code}"
    assert [part for document, part in parts if not any(part in code for code in python_of(document))] == []


def test_every_other_block_is_named_with_the_reason_why_it_is_not_run_here() -> None:
    found = set()
    for document in DOCUMENTS:
        shown = re.sub(r"^<!-- site\n.*?^-->", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
        fences = re.findall(r"^ *```(\w*)\n.*?^ *```$", shown, re.MULTILINE | re.DOTALL)
        found |= {(named(document), language) for language in fences if language != "python"}
    assert found == {(document, language) for document, languages, _ in OTHERS for language in languages.split(",")}


def test_the_other_tests_read_these_documents() -> None:
    for document, test in (*ELSEWHERE.items(), *((document, test) for (document, _), test in SINGLE.items())):
        assert python_of(document), document
        assert Path(document).stem in (ROOT / test).read_text(), (document, test)


# docs/integration.md


def test_a_factory_makes_several_guarded_applications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", secrets.token_hex())
    code = block("docs/integration.md", "def create_app")
    create_app = run(code, CaptchaGuard=CaptchaGuard, __name__="factory")["create_app"]
    assert all(NAME in app.extensions for app in (create_app(), create_app()))


def test_the_host_says_what_only_it_knows(app: Flask) -> None:
    post = SimpleNamespace(closed=False, published_at=time.time() - 60, title="Lists", text="A list.")
    host = {"current_user": SimpleNamespace(get_id=lambda: None), "Post": SimpleNamespace(by_slug=lambda _: post)}
    code = block("docs/integration.md", "def facts(slug)")
    facts = run(code, app=app, guard=CaptchaGuard(app), time=time, **host)["facts"]("one")
    assert (facts.account, facts.closed, facts.topic) == ("", False, "Lists\n\nA list.")
    assert 60 <= facts.post_age < 90


def test_an_edit_names_the_comment_that_it_replaces(app: Flask) -> None:
    comments = SimpleNamespace(get=lambda _: SimpleNamespace(verdict_id="v1"))
    code = block("docs/integration.md", "def edit_facts")
    names = run(code, app=app, guard=CaptchaGuard(app), Facts=Facts, Comment=comments)
    assert names["edit_facts"](7).replaces == "v1"


def test_fields_have_the_hosts_names_in_forms_and_in_json(app: Flask) -> None:
    form, json = block("docs/integration.md", '"author": "who"').splitlines()
    guard = CaptchaGuard(app)
    run(f'@app.post("/form")\n{form}\ndef form(): return "stored"', app=app, guard=guard)
    run(f'@app.post("/json")\n{json}\ndef json(): return "stored"', app=app, guard=guard)
    typed = {"by": {"name": "Ada"}, "comment": {"text": "A list."}}
    for submission in (
        judged(app, "/form", data={"who": "Ada", "letter": "A list."}),
        judged(app, "/json", json=typed),
    ):
        assert (submission.author, submission.body) == ("Ada", "A list.")


def test_ignored_fields_are_not_judged(app: Flask) -> None:
    code = block("docs/integration.md", "ignore=(")
    run(f'@app.post("/form")\n{code}def form(): return "stored"', app=app, guard=CaptchaGuard(app))
    form = {"body": "A list.", "meta": "http://a.example", "further": "http://b.example"}
    assert judged(app, "/form", data=form).other == ("http://b.example",)


def judged(app: Flask, path: str, **sent: Any) -> Submission:
    """Return the submission that a POST made."""
    found: list[Submission] = []

    def receive(_: Flask, *, submission: Submission, **__: object) -> None:
        found.append(submission)

    with submission_judged.connected_to(receive, app):
        app.test_client().post(path, **sent)
    [submission] = found
    return submission


def test_turbo_gets_a_stream_and_browsers_a_redirect(app: Flask) -> None:
    folder = Path(app.root_path) / "templates"
    folder.mkdir()
    (folder / "comment.stream.html").write_text("<turbo-stream></turbo-stream>")
    code = block("docs/integration.md", "text/vnd.turbo-stream.html")
    app.add_url_rule("/answer", "answer", run(f"def answer():\n{textwrap.indent(code, '    ')}")["answer"])
    app.add_url_rule("/post", "post", lambda: "")
    client = app.test_client()
    streamed = client.get("/answer", headers={"Accept": "text/vnd.turbo-stream.html"})
    assert (streamed.mimetype, streamed.text) == ("text/vnd.turbo-stream.html", "<turbo-stream></turbo-stream>")
    assert client.get("/answer").status_code == 303


def test_a_trusted_origin_is_accepted(app: Flask) -> None:
    run(block("docs/integration.md", "CAPTCHA_GUARD_TRUSTED_ORIGINS"), app=app)
    assert settings_of(app).trusted_origins == ("https://blog.example",)


def test_a_rule_of_the_host_finds_capitals(app: Flask) -> None:
    guard = CaptchaGuard(app, extra_rules=[run(block("docs/integration.md", "body.isupper()"))["NoShouting"]()])
    with app.app_context():
        verdict = guard.check(Submission(scope="form", body="WHY NOT?"))
    assert (verdict.action, verdict.reasons) == (Action.CHALLENGE, ("shouting",))


def test_a_contact_form_without_codes_is_judged_and_taught(app: Flask) -> None:
    app.config["CAPTCHA_GUARD_DISALLOWED_WORDS"] = ["zeppelin"]
    guard, mailbox = CaptchaGuard(app), list[tuple[str, Submission, tuple[str, ...]]]()
    (Path(app.root_path) / "templates").mkdir()
    (Path(app.root_path) / "templates/contact.html").write_text("{{ typed.letter }}")
    code = block("docs/integration.md", 'scope="contact"')
    names = run(code, app=app, guard=guard, mailbox=mailbox)
    client, form = app.test_client(), {"name": "Ada", "email": "ada@example.org"}
    assert client.post("/contact", data={**form, "letter": "A word about lists."}).status_code == 303
    assert client.post("/contact", data={**form, "letter": "A zeppelin!"}).status_code == 403
    assert client.post("/contact", data={**form, "letter": "http://a.example http://b.example"}).status_code == 303
    assert [folder for folder, _, _ in mailbox] == ["inbox", "doubtful"]
    with app.app_context():
        names["move"](mailbox[1][1], "spam")
        assert guard.filter_stats().spam == 1


def test_a_fixture_gives_each_test_a_client(app: Flask) -> None:
    CaptchaGuard(app)
    code = block("docs/integration.md", "relax(app)")
    made = run(code, pytest=SimpleNamespace(fixture=lambda function: function), create_app=lambda: app)["client"]()
    assert made.application is app


# docs/judging.md, docs/languages.md, docs/limits.md


def test_decisions_are_written_to_a_file(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("captcha_guard.decisions")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    file = tmp_path / "decisions.log"
    code = block("docs/judging.md", "logging.FileHandler").replace("/var/log/blog/decisions.log", str(file))
    handler = run(code, logging=logging)["handler"]
    guard = CaptchaGuard(app)
    run('@app.post("/form")\n@guard.protect\ndef form(): return ""', app=app, guard=guard)
    app.test_client().post("/form", data={"body": "A list."})
    handler.close()
    assert re.fullmatch(r"\S+ \S+ INFO captcha_guard.decisions: decision address=127.0.0.1 .*\n", file.read_text())


def test_a_site_in_one_language(app: Flask) -> None:
    run(block("docs/languages.md", "CAPTCHA_GUARD_LOCALES"), app=app)
    guard = CaptchaGuard(app)
    run('@app.get("/")\n@guard.protect\ndef form(): return str(guard.field())', app=app, guard=guard)
    assert 'lang="de"' in app.test_client().get("/", headers={"Accept-Language": "en"}).text


def test_other_words_for_a_text(app: Flask) -> None:
    guard = run(block("docs/languages.md", "WORDS = {"))["guard"]
    guard.init_app(app)
    run('@app.get("/")\n@guard.protect\ndef form(): return str(guard.field())', app=app, guard=guard)
    client = app.test_client()
    pages = [client.get("/", headers={"Accept-Language": language}).text for language in ("en", "de")]
    assert [("Type the letters" in page, "Buchstaben abtippen" in page) for page in pages] == [
        (True, False),
        (False, True),
    ]


def test_a_client_is_named_by_a_header(app: Flask) -> None:
    run(block("docs/limits.md", "Fly-Client-IP"), app=app, request=request)
    guard = CaptchaGuard(app)
    app.add_url_rule("/key", "key", lambda: guard.client)
    client = app.test_client()
    keys = [client.get("/key", headers={"Fly-Client-IP": name}).text for name in ("203.0.113.7", "203.0.113.8")]
    assert len({"shared", *keys}) == 3


def test_editors_are_exempt(app: Flask) -> None:
    user = SimpleNamespace(is_authenticated=False, is_editor=False)
    code = block("docs/limits.md", "current_user.is_editor").replace("CaptchaGuard(", "CaptchaGuard(app, ")
    run(f"{code}def notes(): return 'stored'", app=app, CaptchaGuard=CaptchaGuard, current_user=user)
    client = app.test_client()
    assert client.post("/desk/notes", data={"body": "A list."}).status_code == 422
    user.is_authenticated = True
    assert client.post("/desk/notes", data={"body": "A list."}).text == "stored"


# docs/services.md, docs/statistics.md, docs/stores.md, docs/tuning.md


def test_services_are_switched_on(app: Flask) -> None:
    code = block("docs/services.md", "AKISMET_KEY")
    run(code, app=app, os=SimpleNamespace(environ={"AKISMET_KEY": "abcdef123456"}))
    settings = settings_of(app)
    assert (settings.stopforumspam, settings.akismet_blog) == (True, "https://blog.example")


def test_akismet_is_told_more_about_the_page() -> None:
    names = run(block("docs/services.md", "def describe"), CaptchaGuard=CaptchaGuard)
    context = names["describe"](Submission(scope="comment:lists", body="A list."))
    assert context.permalink == "https://blog.example/posts/lists"


def test_statistics_are_printed(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    guard = CaptchaGuard(app)
    with app.app_context():
        run(block("docs/statistics.md", "guard.statistics("), guard=guard)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "0 None None"
    assert len(printed) == 32


def test_metrics_are_observed(app: Flask) -> None:
    CaptchaGuard(app)
    assert "captcha_guard_store_up" in {metric.name for metric in registry_after(app).collect()}


def registry_after(app: Flask) -> Any:
    """Return prometheus_client's registry after the block of the page."""
    run(block("docs/statistics.md", "observe(app)"), app=app)
    from prometheus_client import REGISTRY  # noqa: PLC0415 - only the page needs it

    return REGISTRY


def test_the_database_of_several_hosts_is_a_setting() -> None:
    names = run(block("docs/stores.md", "CAPTCHA_GUARD_DATABASE_URI"))
    assert read(names).database_uri.startswith("postgresql+psycopg://")


def test_the_lines_that_tune_prints_are_settings(app: Flask) -> None:
    app.config.from_mapping(run(block("docs/tuning.md", "CAPTCHA_GUARD_STYLE_SEED")))
    settings = settings_of(app)
    assert settings.difficulty == Difficulty(field_size=90, lines=2, line_weight=34, cover=9)
    assert settings.length == (5, 6)


def test_own_colours_and_the_old_look_are_settings(app: Flask) -> None:
    app.config.from_mapping(run(block("docs/tuning.md", "CAPTCHA_GUARD_COLOURS")))
    app.config.from_mapping(run(block("docs/tuning.md", '= "classica"')))
    settings = settings_of(app)
    assert settings.colours == ((29, 53, 87), (241, 250, 238))
    assert settings.difficulty == "classica"


def test_own_fonts_are_folders(tmp_path: Path) -> None:
    shutil.copytree(bundled_folder(), tmp_path / "typefaces")
    code = block("docs/tuning.md", "CAPTCHA_GUARD_FONTS").replace("/srv/blog/", f"{tmp_path}/")
    for number, line in enumerate(code.splitlines()):
        app = Flask(f"host{number}", instance_path=str(tmp_path / "instance"), root_path=str(tmp_path))
        app.config.update(SECRET_KEY=secrets.token_hex())
        app.config.from_mapping(run(line))
        assert settings_of(app).fonts


def settings_of(app: Flask) -> Any:
    """Return the settings of a new guard of this application."""
    CaptchaGuard(app)
    state: State = app.extensions[NAME]
    return state.settings
