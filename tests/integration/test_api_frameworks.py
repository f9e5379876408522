"""APIs with strict schemas, APIFlask and Flask-RESTful, send the code in headers so that bodies stay clean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask, Schema
from apiflask.fields import Nested, String
from flask import Flask, request
from flask_restful import Api, Resource
from werkzeug.test import TestResponse

from captcha_guard import CaptchaGuard, ConfigError
from captcha_guard.testing import solve
from tests.integration.host_blog import CALM

SECRET = "a secret that the tests of frameworks share"
COMMENT = {"comment": {"author": "Ada", "text": "The loop in part two never ends."}}
SPAM = "Buy cheap viagra online, casino bonus for you: http://a.example http://b.example"

MakeApi = Callable[[Path], tuple[Flask, list[Any]]]


class Comment(Schema):
    """A comment. marshmallow refuses every member that isn't named here."""

    author = String(required=True)
    text = String(required=True)


class Envelope(Schema):
    """A document that contains a comment."""

    comment = Nested(Comment, required=True)


def configured(app: Flask) -> Flask:
    app.config.update({"SECRET_KEY": SECRET, **CALM})
    return app


def api_flask(folder: Path) -> tuple[Flask, list[Any]]:
    """Return an APIFlask application, whose input decorator validates the body with a marshmallow schema."""
    app, stored = APIFlask("api", instance_path=str(folder)), []
    configured(app)
    guard = CaptchaGuard(app)

    @app.route("/comments", methods=["POST", "PUT"])
    @guard.protect(fields={"author": "comment.author", "body": "comment.text"}, moderated=True)
    @app.input(Envelope)
    def create(json_data: dict[str, Any]) -> tuple[dict[str, Any], int]:
        stored.append((guard.verdict.action.name, json_data["comment"]["text"]))
        return {"stored": len(stored)}, 201

    return app, stored


def flask_restful(folder: Path) -> tuple[Flask, list[Any]]:
    """Return an application with a Flask-RESTful resource, guarded by its ``method_decorators``."""
    app, stored = configured(Flask("api", instance_path=str(folder))), []
    guard = CaptchaGuard(app)
    protect = guard.protect(fields={"author": "comment.author", "body": "comment.text"}, moderated=True)

    class Comments(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
        method_decorators = {"post": [protect], "put": [protect]}  # noqa: RUF012 - as Flask-RESTful wants it

        def post(self) -> tuple[dict[str, Any], int]:
            if set(request.get_json()) != {"comment"}:
                return {"message": "unknown members"}, 422
            stored.append((guard.verdict.action.name, request.get_json()["comment"]["text"]))
            return {"stored": len(stored)}, 201

        put = post

    Api(app).add_resource(Comments, "/comments")
    return app, stored


@pytest.mark.parametrize("make", [api_flask, flask_restful])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_strict_api_accepts_the_code_in_headers(make: MakeApi, tmp_path: Path, method: str) -> None:
    app, stored = make(tmp_path)
    client = app.test_client()

    def send(document: object, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open("/comments", method=method, json=document, headers=named)

    asked = send(COMMENT)
    assert (asked.status_code, asked.mimetype) == (422, "application/problem+json")
    token = asked.get_json()["challenge"]["token"]
    assert send(COMMENT, Captcha_Token=token, Captcha_Answer=solve(app, token)).status_code == 201
    assert stored == [("ACCEPT", COMMENT["comment"]["text"])]
    spam = {"comment": {"author": "Ada", "text": SPAM}}
    token = send(spam).get_json()["challenge"]["token"]
    assert send(spam, Captcha_Token=token, Captcha_Answer=solve(app, token)).status_code == 201
    assert stored[-1][0] in ("HOLD", "ASIDE")


@pytest.mark.parametrize("make", [api_flask, flask_restful])
def test_a_comment_that_the_schema_refuses_is_sent_again_with_the_pass_in_a_header(
    make: MakeApi, tmp_path: Path
) -> None:
    app, stored = make(tmp_path)
    client = app.test_client()
    wrong = {**COMMENT, "stars": 5}
    token = client.post("/comments", json=wrong).get_json()["challenge"]["token"]
    sent = {"Captcha-Token": token, "Captcha-Answer": solve(app, token)}
    refused = client.post("/comments", json=wrong, headers=sent)
    assert refused.status_code == 422
    earned = {"Captcha-Pass": refused.headers["Captcha-Pass"]}
    assert client.post("/comments", json=COMMENT, headers=earned).status_code == 201
    assert len(stored) == 1


def test_a_resource_that_loses_its_parents_guard_is_refused(tmp_path: Path) -> None:
    app = configured(Flask("api", instance_path=str(tmp_path)))
    guard = CaptchaGuard(app)

    class Guarded(Resource):  # type: ignore[misc]
        method_decorators = [guard.protect]  # noqa: RUF012

    class Bare(Guarded):
        method_decorators: list[Any] = []  # noqa: RUF012

        def post(self) -> dict[str, str]:
            return {"stored": "yes"}

    Api(app).add_resource(Bare, "/bare")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ConfigError, match="method_decorators"):
        app.test_client().get("/bare")
