"""A route that bypasses the guard of its view is refused by name. Correct combinations are served."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.views import MethodView, View
from werkzeug.routing import Rule

from captcha_guard import CaptchaGuard, ConfigError
from tests.integration.host_blog import COMMENT

Register = Callable[[Flask, CaptchaGuard], object]


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return checked


def store(**_: Any) -> str:
    return "stored"


def fresh() -> Callable[..., str]:
    """Return a new view, because marks stay on functions."""

    def comments(**_: Any) -> str:
        return "stored"

    return comments


def above_login_above_route(app: Flask, guard: CaptchaGuard) -> None:
    guard.protect(login_required(app.post("/comments")(fresh())))


def above_two_decorators(app: Flask, guard: CaptchaGuard) -> None:
    guard.protect(scope="notes")(login_required(login_required(app.post("/comments")(fresh()))))


def above_partial(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()
    app.add_url_rule("/comments", "comments", view, methods=["POST"])
    guard.protect(wraps(view)(partial(view, slug="one")))


def partial_of_the_bare_view(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()
    guard.protect(view)
    app.add_url_rule("/comments", "comments", partial(view, slug="one"), methods=["POST"])


def login_around_the_bare_view(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()
    app.post("/guarded", endpoint="guarded")(guard.protect(view))
    app.post("/comments", endpoint="comments")(login_required(view))


def login_around_a_partial_of_the_bare_view(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()
    guard.protect(login_required(view))
    app.post("/comments", endpoint="comments")(wraps(view)(partial(login_required(view), slug="one")))


def bare_view_by_add_url_rule(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()
    app.post("/guarded", endpoint="guarded")(guard.protect(view))
    app.add_url_rule("/comments", view_func=view, methods=["PUT"])


def options_left_to_the_bare_view(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()
    app.post("/guarded", endpoint="guarded")(guard.protect(view))
    app.add_url_rule("/comments", view_func=view, methods=["OPTIONS"])


def bound_method(app: Flask, guard: CaptchaGuard) -> None:
    class Desk:
        def comments(self) -> str:
            return "stored"

    desk = Desk()
    guard.protect(desk.comments)
    app.add_url_rule("/comments", view_func=desk.comments, methods=["POST"])


def blueprint_twice(app: Flask, guard: CaptchaGuard) -> None:
    blueprint = Blueprint("talk", __name__)
    guard.protect(blueprint.post("/comments")(fresh()))
    app.register_blueprint(blueprint)
    app.register_blueprint(blueprint, name="again", url_prefix="/again")


def guarded_class(guard: CaptchaGuard) -> type[MethodView]:
    class Comments(MethodView):
        def get(self) -> str:
            return "form"

        @guard.protect
        def post(self) -> str:
            return "stored"

    return Comments


def whole_class(guard: CaptchaGuard) -> type[MethodView]:
    class Comments(MethodView):
        decorators = [guard.protect]  # noqa: RUF012 - declared so by Flask

        def post(self) -> str:
            return "stored"

    return Comments


def overridden(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(guarded_class(guard)):  # type: ignore[misc]
        def post(self) -> str:
            return "stored"

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def overridden_under_login(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(guarded_class(guard)):  # type: ignore[misc]
        init_every_request = False
        decorators = [login_required]  # noqa: RUF012 - declared so by Flask

        @login_required
        async def post(self) -> str:
            return "stored"

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def hidden_by_a_mixin(app: Flask, guard: CaptchaGuard) -> None:
    class Plain:
        def post(self) -> str:
            return "stored"

    class Notes(Plain, guarded_class(guard)):  # type: ignore[misc]
        pass

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def calls_a_parent_that_does_not_go_on(app: Flask, guard: CaptchaGuard) -> None:
    class Plain(guarded_class(guard)):  # type: ignore[misc]
        def post(self) -> str:
            return "stored"

    class Notes(Plain):
        def post(self) -> str:
            return str(super().post())

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def dispatch_overridden(app: Flask, guard: CaptchaGuard) -> None:
    class Comments(View):
        methods = ["POST"]  # noqa: RUF012 - declared so by Flask

        @guard.protect
        def dispatch_request(self) -> str:
            return "stored"

    class Notes(Comments):
        def dispatch_request(self) -> str:
            return "stored"

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def decorators_lost(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(whole_class(guard)):  # type: ignore[misc]
        decorators = [login_required]  # noqa: RUF012 - declared so by Flask

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def decorators_with_arguments_lost(app: Flask, guard: CaptchaGuard) -> None:
    class Comments(View):
        methods = ["POST"]  # noqa: RUF012 - declared so by Flask
        decorators = [guard.protect(scope="notes")]  # noqa: RUF012 - declared so by Flask

        def dispatch_request(self) -> str:
            return "stored"

    class Notes(Comments):
        decorators = []  # noqa: RUF012 - declared so by Flask

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def bare_method_under_its_own_name(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()

    class Notes(MethodView):
        guarded = guard.protect(view)
        post = view

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def class_registered_before_it_is_guarded(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(MethodView):
        def post(self) -> str:
            return "stored"

    view = Notes.as_view("notes")
    app.add_url_rule("/comments", view_func=view)
    guard.protect(login_required(view))


PAST: dict[Register, str] = {
    above_login_above_route: "write @guard.protect below its @app.post",
    above_two_decorators: "write @guard.protect below its @app.post",
    above_partial: "write @guard.protect below its @app.post",
    partial_of_the_bare_view: "pass the function that guard.protect(...) returned to add_url_rule()",
    login_around_the_bare_view: "directly above the view",
    login_around_a_partial_of_the_bare_view: "directly above the view",
    bare_view_by_add_url_rule: "pass the function that guard.protect(...) returned to add_url_rule()",
    options_left_to_the_bare_view: "pass the function that guard.protect(...) returned to add_url_rule()",
    bound_method: "pass the function that guard.protect(...) returned to add_url_rule()",
    blueprint_twice: "write @guard.protect below its @app.post",
    overridden: "Notes.post overrides the guarded Comments.post; write @guard.protect above Notes.post too",
    overridden_under_login: "or list guard.protect in Notes.decorators",
    hidden_by_a_mixin: "Plain.post overrides the guarded Comments.post",
    calls_a_parent_that_does_not_go_on: "Plain.post overrides the guarded Comments.post",
    dispatch_overridden: "Notes.dispatch_request overrides the guarded Comments.dispatch_request",
    decorators_lost: "Notes.decorators lacks the guard that is listed in Comments.decorators",
    decorators_with_arguments_lost: "list guard.protect there too",
    bare_method_under_its_own_name: (
        "Notes.post is the unguarded function inside a guarded method; write @guard.protect above it"
    ),
    class_registered_before_it_is_guarded: "write @guard.protect below its @app.post",
}


@pytest.mark.parametrize("register", PAST, ids=lambda register: register.__name__)
def test_a_bypass_is_refused_by_name_with_the_fix(bare: Any, register: Register) -> None:
    app: Flask = bare(TESTING=True)
    app.get("/")(lambda: "front")
    register(app, CaptchaGuard(app))
    for _ in range(2):
        with pytest.raises(ConfigError) as raised:
            app.test_client().get("/")
        assert "the route '/comments' bypasses its guard" in str(raised.value)
        assert PAST[register] in str(raised.value)


def two_routes_for_one_view(app: Flask, guard: CaptchaGuard) -> None:
    view = guard.protect(fresh())
    app.post("/comments")(app.post("/notes")(view))


def login_above_the_guard(app: Flask, guard: CaptchaGuard) -> None:
    app.post("/comments")(login_required(guard.protect(login_required(fresh()))))


def one_view_guarded_twice(app: Flask, guard: CaptchaGuard) -> None:
    view = fresh()
    app.post("/notes", endpoint="notes")(guard.protect(mode="off")(view))
    app.post("/comments", endpoint="comments")(guard.protect(scope="strict")(view))


def a_guard_around_a_guard(app: Flask, guard: CaptchaGuard) -> None:
    guarded = guard.protect(fresh())
    app.post("/notes", endpoint="notes")(guarded)
    app.post("/comments", endpoint="comments")(guard.protect(login_required(guarded)))


def partial_of_the_guarded_view(app: Flask, guard: CaptchaGuard) -> None:
    app.add_url_rule("/comments", "comments", partial(guard.protect(fresh()), slug="one"), methods=["POST"])


def async_view(app: Flask, guard: CaptchaGuard) -> None:
    @app.post("/comments")
    @login_required
    @guard.protect
    async def comments() -> str:
        return "stored"


def another_object_of_the_same_class(app: Flask, guard: CaptchaGuard) -> None:
    class Desk:
        def comments(self) -> str:
            return "stored"

    public, internal = Desk(), Desk()
    app.post("/comments", endpoint="comments")(guard.protect(public.comments))
    app.post("/internal", endpoint="internal")(internal.comments)


def guarded_method_of_an_object(app: Flask, guard: CaptchaGuard) -> None:
    class Desk:
        @guard.protect
        def comments(self) -> str:
            return "stored"

    app.add_url_rule("/comments", view_func=Desk().comments, methods=["POST"])


def one_instance_for_all_requests(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(guarded_class(guard)):  # type: ignore[misc]
        init_every_request = False
        decorators = [login_required]  # noqa: RUF012 - declared so by Flask

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def inherited_from_a_mixin(app: Flask, guard: CaptchaGuard) -> None:
    class Guarded:
        @guard.protect
        def post(self) -> str:
            return "stored"

    class Notes(Guarded, MethodView):
        def get(self) -> str:
            return "form"

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def override_with_a_guard_of_its_own(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(guarded_class(guard)):  # type: ignore[misc]
        @guard.protect
        def post(self) -> str:
            return str(super().post())

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def override_that_calls_its_parents(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(guarded_class(guard)):  # type: ignore[misc]
        def post(self) -> str:
            return f"<p>{super().post()}</p>" if not isinstance(answer := super().post(), str) else answer

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def override_that_names_its_parent(app: Flask, guard: CaptchaGuard) -> None:
    parent = guarded_class(guard)

    class Notes(parent):  # type: ignore[misc, valid-type]
        @login_required
        def post(self) -> str:
            return str(Comments.post(self))  # type: ignore[attr-defined]

    Comments = parent  # noqa: N806 - a class

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def override_in_a_class_guarded_as_a_whole(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(whole_class(guard)):  # type: ignore[misc]
        def post(self) -> str:
            return "stored"

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def whole_guard_replaced_by_one_for_the_method(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(whole_class(guard)):  # type: ignore[misc]
        decorators = ()

        @guard.protect
        def post(self) -> str:
            return "stored"

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def class_guarded_from_outside(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(guarded_class(guard)):  # type: ignore[misc]
        def post(self) -> str:
            return "stored"

    app.add_url_rule("/comments", view_func=login_required(guard.protect(Notes.as_view("notes"))))


def dispatch_that_goes_on_to_the_guarded_method(app: Flask, guard: CaptchaGuard) -> None:
    class Notes(guarded_class(guard)):  # type: ignore[misc]
        def dispatch_request(self, **kwargs: Any) -> Any:
            return super().dispatch_request(**kwargs)

    app.add_url_rule("/comments", view_func=Notes.as_view("notes"))


def blueprint_of_a_guarded_view_twice(app: Flask, guard: CaptchaGuard) -> None:
    blueprint = Blueprint("talk", __name__)
    blueprint.post("/comments")(guard.protect(fresh()))
    app.register_blueprint(blueprint)
    app.register_blueprint(blueprint, name="again", url_prefix="/again")


HONEST: tuple[Register, ...] = (
    two_routes_for_one_view, login_above_the_guard, one_view_guarded_twice, a_guard_around_a_guard,
    partial_of_the_guarded_view, async_view, another_object_of_the_same_class, guarded_method_of_an_object,
    one_instance_for_all_requests, inherited_from_a_mixin, override_with_a_guard_of_its_own,
    override_that_calls_its_parents, override_that_names_its_parent, override_in_a_class_guarded_as_a_whole,
    whole_guard_replaced_by_one_for_the_method, class_guarded_from_outside,
    dispatch_that_goes_on_to_the_guarded_method, blueprint_of_a_guarded_view_twice,
)  # fmt: skip


@pytest.mark.parametrize("register", HONEST, ids=lambda register: register.__name__)
def test_a_correct_combination_is_served_and_guarded(bare: Any, register: Register) -> None:
    app: Flask = bare(TESTING=True)
    app.get("/")(lambda: "front")
    register(app, CaptchaGuard(app))
    client = app.test_client()
    assert client.get("/").text == "front"
    assert client.post("/comments", data=COMMENT).status_code == 422


def test_a_view_that_is_replaced_later_is_checked_before_its_next_request(bare: Any) -> None:
    app: Flask = bare(TESTING=True)
    guard, view, client = CaptchaGuard(app), fresh(), app.test_client()
    guarded = guard.protect(view)
    app.post("/comments", endpoint="comments")(guarded)
    assert client.post("/comments", data=COMMENT).status_code == 422
    app.view_functions["comments"] = partial(view, slug="one")
    with pytest.raises(ConfigError, match="'/comments' bypasses its guard"):
        client.post("/comments", data=COMMENT)
    app.view_functions["comments"] = login_required(guarded)
    assert client.post("/comments", data=COMMENT).status_code == 422


def test_a_route_that_is_added_later_is_checked_before_its_first_request(bare: Any) -> None:
    app: Flask = bare(TESTING=True)
    guard, view, client = CaptchaGuard(app), fresh(), app.test_client()
    app.post("/guarded", endpoint="guarded")(guard.protect(view))
    app.get("/show", endpoint="show")(view)
    assert client.get("/show").status_code == 200
    app.url_map.add(Rule("/comments", endpoint="show", methods=["POST"]))
    with pytest.raises(ConfigError, match="'/comments' bypasses its guard"):
        client.post("/comments", data=COMMENT)


def test_on_an_unguarded_route_a_guarded_view_can_only_show_its_form(bare: Any) -> None:
    app: Flask = bare(TESTING=True)
    guard, stored = CaptchaGuard(app), []

    def comments() -> str:
        if request.method == "GET":
            return "form"
        stored.append(request.form.get("body"))
        return "stored"

    app.post("/comments", endpoint="post")(guard.protect(comments))
    app.get("/comments", endpoint="show")(comments)
    client = app.test_client()
    assert client.get("/comments").text == "form"
    assert client.head("/comments").status_code == 200
    assert client.head("/comments", data=COMMENT).status_code == 400
    assert client.get("/comments", data=COMMENT).status_code == 400
    assert client.post("/comments", data=COMMENT).status_code == 422
    assert stored == []
