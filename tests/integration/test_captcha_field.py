"""``CaptchaField`` renders like other fields: in plain loops, in Bootstrap-Flask's macros and in Flask-Admin."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient
from flask_admin import Admin, BaseView, expose
from flask_admin.form import BaseForm as AdminForm
from flask_admin.helpers import get_form_data, validate_form_on_submit
from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from flask_wtf import FlaskForm
from jinja2 import DictLoader
from werkzeug.test import TestResponse
from wtforms import FieldList, Form, FormField, StringField
from wtforms.validators import DataRequired, InputRequired, Optional, ValidationError

from captcha_guard import CaptchaGuard, ConfigError
from captcha_guard.testing import solved_form
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from captcha_guard.web.post.refusal import MESSAGES
from captcha_guard.wtf import CaptchaField

COMMENT = {"body": "The loop in part two never ends.", "author": "Ada"}
LABEL = "Sicherheitscode"
ERRORS = "{% for error in form.captcha.errors %}<b>{{ error }}</b>{% endfor %}"
LOOP_ERRORS = "{% for error in field.errors %}<b>{{ error }}</b>{% endfor %}"

#: Every way in which a template renders a form.
WAYS = {
    "loop": "{% for field in form %}{{ field.label }}{{ field }}" + LOOP_ERRORS + "{% endfor %}",
    "loop, label behind": "{% for field in form %}" + LOOP_ERRORS + "{{ field() }}{{ field.label() }}{% endfor %}",
    "loop without the hidden": "{{ form.hidden_tag() }}{% for field in form if field.widget.input_type != 'hidden' %}"
    "{{ field.label }}{{ field }}" + LOOP_ERRORS + "{% endfor %}",
    "by hand": "{{ form.body }}{{ form.author }}{{ form.captcha }}" + ERRORS,
    "by hand, with hidden_tag": "{{ form.hidden_tag() }}{{ form.captcha.label }}{{ form.captcha }}" + ERRORS,
    "render_form": "{% from 'bootstrap5/form.html' import render_form %}{{ render_form(form) }}",
    "render_form, horizontal": "{% from 'bootstrap5/form.html' import render_form %}"
    "{{ render_form(form, form_type='horizontal') }}",
    "render_field": "{% from 'bootstrap5/form.html' import render_field %}{{ form.hidden_tag() }}"
    "{% for field in form %}{{ render_field(field) }}{% endfor %}",
    "admin": "{% from 'admin/lib.html' import render_form_fields with context %}{{ render_form_fields(form) }}",
}


class Page(HTMLParser):
    """Labels by the id of their input, elements by id with their text, and the visible inputs."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.labels: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        self.seen: list[dict[str, str]] = []
        self.names: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute twice: {attrs}"
        if tag == "input":
            self.names.append(given.get("name", ""))
        if tag == "input" and given.get("name") == ANSWER:
            self.seen.append(given)
        if tag not in ("input", "img", "link", "meta"):
            self._open.append((tag, given))
        if given.get("id"):
            assert given["id"] not in self.texts, f"the id {given['id']} twice"
            self.texts[given["id"]] = ""
        if tag == "label":
            self.labels.append((given.get("for", ""), ""))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for tag, given in self._open:
            if given.get("id"):
                self.texts[given["id"]] += data
            if tag == "label" and self.labels:
                self.labels[-1] = (self.labels[-1][0], " ".join((self.labels[-1][1] + data).split()))

    @property
    def own_labels(self) -> list[str]:
        return [name for name, text in self.labels if text == LABEL]

    def described(self) -> list[str]:
        (code,) = self.seen
        return [self.texts[name] for name in code["aria-describedby"].split()]


def site(bare: Any, template: str, field: Any = None, **config: object) -> FlaskClient:
    app: Flask = bare(**config)
    app.jinja_loader = DictLoader({"letter.html": f"<form method=post>{template}</form>"})
    CaptchaGuard(app)
    if "admin/lib.html" in template:
        _in_flask_admin(app, field)
    else:
        _with_flask_wtf(app, field)
    return app.test_client()


def _own(field: Any) -> Any:
    return field or CaptchaField(LABEL, description="Only once.")


def _with_flask_wtf(app: Flask, field: Any) -> None:
    Bootstrap5(app)

    class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
        body = StringField()
        author = StringField(validators=[DataRequired("Who?")])
        captcha = _own(field)

    @app.route("/letter/", methods=["GET", "POST"])
    def letter() -> str:
        form = Letter()
        return "stored" if form.validate_on_submit() else render_template("letter.html", form=form)


def _in_flask_admin(app: Flask, field: Any) -> None:
    Babel(app)

    class Letter(AdminForm):  # type: ignore[misc]  # no types, nor has Flask-Admin
        body = StringField()
        author = StringField(validators=[DataRequired("Who?")])
        captcha = _own(field)

    class LetterView(BaseView):  # type: ignore[misc]
        @expose("/", methods=("GET", "POST"))  # type: ignore[untyped-decorator]
        def index(self) -> Any:
            form = Letter(get_form_data())
            return "stored" if validate_form_on_submit(form) else self.render("letter.html", form=form)

    Admin(app).add_view(LetterView(name="Letter", endpoint="letter", url="/letter"))


@pytest.mark.parametrize("way", WAYS)
def test_its_label_appears_once_and_belongs_to_the_input(bare: Any, way: str) -> None:
    page = Page(site(bare, WAYS[way]).get("/letter/"))
    (code,) = page.seen
    assert page.own_labels == [code["id"]] == ["captcha"]
    assert "Enter Security Code" not in str(page.labels)
    assert page.names.count(TOKEN) == 1


@pytest.mark.parametrize("way", WAYS)
def test_its_error_is_shown_once_and_describes_the_input(bare: Any, way: str) -> None:
    client = site(bare, WAYS[way])
    fields = solved_form(client, client.get("/letter/").text)
    answer = client.post("/letter/", data=fields | COMMENT | {ANSWER: "WRONG-ONE"})
    assert answer.status_code == 422
    assert answer.text.count(MESSAGES["code_wrong"]) == answer.text.count("That was not the code") == 1
    page = Page(answer)
    (code,) = page.seen
    assert code["aria-invalid"] == "true"
    assert MESSAGES["code_wrong"] in page.described()
    assert page.own_labels == ["captcha"]


@pytest.mark.parametrize("way", WAYS)
def test_it_shows_nothing_while_no_code_is_needed(bare: Any, way: str) -> None:
    client = site(bare, WAYS[way], CaptchaField(LABEL, description="Only once."), CAPTCHA_GUARD_MODE="suspicious")
    answer = client.get("/letter/")
    page = Page(answer)
    assert page.seen == []
    assert LABEL not in answer.text
    assert "Only once." not in answer.text
    assert page.names.count(TOKEN) == 1
    assert not [name for name, _ in page.labels if name == "captcha"]


@pytest.mark.parametrize("way", WAYS)
def test_it_shows_nothing_after_the_code_is_solved(bare: Any, way: str) -> None:
    client = site(bare, WAYS[way])
    fields = solved_form(client, client.get("/letter/").text)
    answer = client.post("/letter/", data=fields | COMMENT | {"author": ""})
    assert Page(answer).seen == []
    for text in (LABEL, "Only once.", "Security code accepted"):
        assert text not in answer.text
    assert Page(answer).names.count(PASS) == 1
    assert client.post("/letter/", data=solved_form(client, answer.text) | COMMENT).text == "stored"


def test_an_error_is_shown_even_if_no_code_is_needed(bare: Any) -> None:
    for way, template in WAYS.items():
        client = site(bare, template, CAPTCHA_GUARD_MODE="suspicious", CAPTCHA_GUARD_COMMENT_LIMITS="1 per minute")
        client.post("/letter/", data=COMMENT)
        answer = client.post("/letter/", data=COMMENT | {"body": "Another one."})
        assert answer.status_code == 429, way
        assert "in the last minute; please wait" in answer.text, way
        assert LABEL not in answer.text, way


def test_a_form_rendered_twice_has_a_label_each_time(bare: Any) -> None:
    answer = site(bare, "{{ form.captcha(id='one') }}</form><form>{{ form.captcha(id='two') }}").get("/letter/")
    assert Page(answer).own_labels == ["one", "two"]


def test_if_only_the_labels_text_is_read_it_is_the_inputs_name(bare: Any) -> None:
    (code,) = Page(site(bare, "<i>{{ form.captcha.label.text }}</i>{{ form.captcha }}").get("/letter/")).seen
    assert code["aria-label"] == LABEL


def test_attributes_are_set_on_the_input(bare: Any) -> None:
    field = CaptchaField(LABEL, id="code", render_kw={"class": "big", "placeholder": '"7"', "size": 20, "title": None})
    client = site(bare, "{{ form.captcha(data_x=1, required=False, aria_describedby='more') }}<p id=more>M</p>", field)
    page = Page(client.get("/letter/"))
    (code,) = page.seen
    assert page.own_labels == ["code"]
    assert code["class"] == "captcha-guard__input big"
    assert (code["placeholder"], code["size"], code["data-x"]) == ('"7"', "20", "1")
    assert page.described()[0] == "M"
    assert not {"required", "title"} & code.keys()
    for template in ("{{ form.captcha(class_='wide') }}", "{{ form.captcha(class='wide') }}"):
        (code,) = Page(site(bare, template).get("/letter/")).seen
        assert code["class"] == "captcha-guard__input wide"


@pytest.mark.parametrize("name", ["name", "type", "value"])
def test_attributes_that_are_the_guards_are_refused(bare: Any, name: str) -> None:
    with pytest.raises(ConfigError, match=f"can't have {name}='x'"):
        site(bare, "{{ form.captcha(" + name + "='x') }}", PROPAGATE_EXCEPTIONS=True).get("/letter/")


def test_filters_change_data_and_not_the_checked_code(bare: Any) -> None:
    def refuse(_: str | None) -> str:
        raise ValueError("No!")

    seen: list[str | None] = []
    for filters, stored in (([lambda typed: f"<{typed}>"], True), ([refuse], False)):

        def check_data(_: object, field: CaptchaField) -> None:
            seen.append(field.data)

        client = site(
            bare, "{{ form.captcha }}" + ERRORS, CaptchaField(LABEL, validators=[check_data], filters=filters)
        )
        fields = solved_form(client, client.get("/letter/").text)
        answer = client.post("/letter/", data=fields | COMMENT)
        assert (answer.text == "stored") == stored
        assert ("No!" in answer.text) != stored
        assert seen.pop(0) == (f"<{fields[ANSWER]}>" if stored else fields[ANSWER])


def test_the_hosts_own_validator_runs(bare: Any) -> None:
    def never(_: object, __: object) -> None:
        raise ValidationError("Not on Sundays.")

    client = site(bare, WAYS["loop"], CaptchaField(LABEL, validators=[never]))
    answer = client.post("/letter/", data=solved_form(client, client.get("/letter/").text) | COMMENT)
    assert "Not on Sundays." in answer.text


@pytest.mark.parametrize("validator", [DataRequired(), InputRequired(), Optional()])
def test_a_validator_that_decides_whether_a_code_is_needed_is_refused(bare: Any, validator: object) -> None:
    with pytest.raises(ConfigError, match=f"the validator {type(validator).__name__}; remove it"):
        site(bare, "", CaptchaField(validators=[validator]), PROPAGATE_EXCEPTIONS=True).get("/letter/")  # type: ignore[list-item]


def test_two_codes_in_one_form_are_refused(bare: Any) -> None:
    class Inner(Form):
        code = CaptchaField()

    class Twice(Form):
        captcha = CaptchaField()
        code = CaptchaField()

    class Nested(Form):
        captcha = CaptchaField()
        inner = FormField(Inner)

    class Listed(Form):
        codes = FieldList(CaptchaField(), min_entries=1)

    app: Flask = bare()
    CaptchaGuard(app)
    with app.test_request_context(method="POST"):
        with pytest.raises(ConfigError, match="Twice has more than one CaptchaField: 'captcha' and 'code'"):
            Twice()
        with pytest.raises(ConfigError, match="Nested has more than one CaptchaField: 'captcha' and 'inner-code'"):
            Nested().validate()
        with pytest.raises(ConfigError, match="can't be in a FieldList"):
            Listed()


def test_a_template_without_the_field_is_reported_once_with_the_fix(
    bare: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = site(bare, "{{ form.body }}{{ form.author }}")
    for _ in range(2):
        client.get("/letter/")
    client.post("/letter/", data=COMMENT)
    logged = [message for message in caplog.messages if "CaptchaField" in message]
    assert logged == [
        "captcha_guard: the route 'letter' shows the form Letter without its CaptchaField, so readers can't send it. "
        "Write {{ form.captcha }} into its template."
    ]


@pytest.mark.parametrize("template", ["Comments are closed.", "{{ form.body }}", *WAYS.values()])
def test_a_page_that_shows_no_form_or_the_whole_form_is_not_reported(
    bare: Any, caplog: pytest.LogCaptureFixture, template: str
) -> None:
    for mode in ("always", "suspicious"):
        client = site(bare, template, CAPTCHA_GUARD_MODE=mode)
        client.get("/letter/")
        client.post("/letter/", data=COMMENT)
    assert not [message for message in caplog.messages if "CaptchaField" in message]


def test_a_form_without_the_field_is_not_reported_for_exempt_visitors(
    bare: Any, caplog: pytest.LogCaptureFixture
) -> None:
    site(bare, "{{ form.body }}{{ form.author }}", CaptchaField(exempt_when=lambda: True)).get("/letter/")
    assert not [message for message in caplog.messages if "CaptchaField" in message]
