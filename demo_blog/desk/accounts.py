"""The owner's account: who may use the desk, logging in with a password or a link, and logging out."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user
from sqlalchemy import select

from captcha_guard import Refusal
from demo_blog.database import db
from demo_blog.desk import links, passwords, tries
from demo_blog.desk.models import Owner
from demo_blog.guard import guard

bp = Blueprint("accounts", __name__)

DESK = "/desk"
"""Every address of the desk begins with this path. Only the owner can open them, except public ones."""

MAX_NAME = 80
"""Characters of an owner's name."""

LIMITS = "6 per minute; 30 per hour"
"""How often one client may try to log in. Each try needs a security code."""

WRONG = "The name or the password is wrong."
LOGGED_OUT = "You've logged out, in all your browsers."
LINK_OVER = "This link doesn't work any more. Links work once, for 15 minutes. Please make a new one."

View = TypeVar("View", bound=Callable[..., object])

_login_manager = LoginManager()
_login_manager.session_protection = None  # a phone's address changes often, and the cookie can't be read by scripts
_BELOW_THE_DESK = re.compile(r"(?P<path>(?:/[\w/%.,:;@+*~!-]*)?)(?:\?[\w/?&=%.,:;@+*~!-]*)?", re.ASCII)


def init_app(app: Flask) -> None:
    """Refuse visitors at every address of the desk. Call this before the CSRF protection is set up.

    Flask-Login's own ``init_app`` isn't called. It would read the session after every request, for a cookie that the
    desk doesn't use, and public pages would then vary by cookie.
    """
    app.extensions["login_manager"] = _login_manager
    app.login_manager = _login_manager  # type: ignore[attr-defined]
    app.before_request(owner_required)
    tries.init_app(app)


@_login_manager.user_loader  # type: ignore[untyped-decorator]
def load_owner(session_key: str) -> Owner | None:
    """Return the owner whose sessions have this key."""
    return db.session.scalar(select(Owner).where(Owner.session_key == session_key))


def current_owner() -> Owner | None:
    """Return the owner who sent this request, or ``None``."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def public(view: View) -> View:
    """Let visitors open a view of the desk. The view must check its own proof, such as a signed link."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def owner_required() -> ResponseReturnValue | None:
    """Redirect visitors of the desk to the log-in page. Runs before every request."""
    if not _in_desk() or is_public() or current_owner() is not None:
        return None
    wanted = request.script_root + request.full_path.rstrip("?")
    asked = request.method in {"GET", "HEAD"} and local_path(wanted)
    return redirect(url_for("desk.accounts.log_in_page", next=asked or None), 303)


def local_path(target: str | None) -> str | None:
    """Return ``target`` if it is a path of the desk, otherwise ``None``. Other sites and other pages are refused."""
    desk = request.script_root + DESK
    if not target or not target.startswith(desk):
        return None
    below = _BELOW_THE_DESK.fullmatch(target.removeprefix(desk))
    if below is None or any(part in unquote(below["path"]) for part in ("..", "//", "\\")):
        return None
    return target


@bp.get("/log-in")
@public
def log_in_page() -> ResponseReturnValue:
    """Show the log-in form."""
    if current_owner() is not None:
        return redirect(_next_page(request.args.get("next")), 303)
    return _form(request.args.get("next"), session.pop("typed_name", ""))


def _form_again(refusal: Refusal) -> str:  # noqa: ARG001 - the guard's signature; its field shows the message
    return _form(request.form.get("next"), request.form.get("name", ""))


@bp.post("/log-in")
@public
@guard.protect(
    scope="log-in",
    mode="always",
    limits=LIMITS,
    ignore=("name", "password", "next"),  # so they aren't judged, learned or shown as a comment would be
    on_challenge=_form_again,
)
def log_in() -> ResponseReturnValue:
    """Log the owner in. The answer to an unknown name and to a wrong password is the same, and takes the same time.

    A wrong password is answered with a redirect. So the page that follows has a new code, and each try needs one.
    """
    name = " ".join(request.form.get("name", "").replace("\0", "").split())[:MAX_NAME]
    if wait := tries.wait_for(name):
        minutes = -(-wait // 60)
        time = "a minute" if minutes == 1 else f"{minutes} minutes"
        return _refused(name, f"Too many log-ins with this name have failed. Try again in {time}.")
    password = request.form.get("password", "")
    owner = Owner.by_name(name)
    if not passwords.matches(owner, password) or owner is None:
        return _refused(name, WRONG)
    passwords.rehash_if_outdated(owner, password)
    db.session.commit()
    tries.succeeded(name)
    return _enter(owner, request.form.get("next"))


@bp.post("/log-out")
def log_out() -> ResponseReturnValue:
    """End all sessions of the owner, also those of stolen cookies."""
    owner = current_owner()
    if owner is not None:
        owner.session_key = new_session_key()
        db.session.commit()
    session.clear()
    flash(LOGGED_OUT, "desk")
    return redirect(url_for("desk.accounts.log_in_page"), 303)


@bp.get("/link/<token>")
@public
def link_page(token: str) -> ResponseReturnValue:
    """Show a button that logs the owner in. Opening the page doesn't use up the link, because previews open it too."""
    if links.owner_of(token) is None:
        return render_template("desk/link.html", token=None, problem=LINK_OVER), 404
    return render_template("desk/link.html", token=token)


@bp.post("/link/<token>")
@public
def use_link(token: str) -> ResponseReturnValue:
    """Log the owner of a link in. The link is then used up."""
    owner = links.use(token)
    if owner is None:
        return render_template("desk/link.html", token=None, problem=LINK_OVER), 404
    return _enter(owner, None)


class OwnerError(ValueError):
    """An owner can't be created. The message says why."""


def create_owner(name: str, password: str | None) -> Owner:
    """Create an owner. Without a password, only log-in links work.

    Raises :class:`OwnerError`, or :class:`~demo_blog.desk.passwords.PasswordError`.
    """
    check_name(name)
    hashed = passwords.unusable() if password is None else passwords.hashed(password, name)
    owner = Owner(name=name, password_hash=hashed, session_key=new_session_key())
    db.session.add(owner)
    db.session.commit()
    return owner


def check_name(name: str) -> None:
    """Raise :class:`OwnerError` if a new owner can't have this name."""
    if name != " ".join(name.split()) or not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise OwnerError(f"the name is {name!r}; 1 to {MAX_NAME} characters are allowed, with single spaces inside")
    if Owner.by_name(name) is not None:
        raise OwnerError(
            f"there is already an owner {name}; 'journal set-password' gives {name} a new password, "
            "'journal log-in-link' prints a link to log in"
        )


def set_password(owner: Owner, password: str) -> None:
    """Store a new password, and end all sessions and log-in links.

    Raises :class:`~demo_blog.desk.passwords.PasswordError`.
    """
    owner.password_hash = passwords.hashed(password, owner.name)
    owner.session_key = new_session_key()
    links.delete_all(owner)
    db.session.commit()


def new_session_key() -> str:
    """Return a session key for an owner. All sessions with the key before end."""
    return secrets.token_urlsafe(32)


def _enter(owner: Owner, target: str | None) -> ResponseReturnValue:
    session.clear()  # whatever an attacker may have put into this browser's session before
    login_user(owner)
    response = make_response(redirect(_next_page(target), 303))
    tries.remember_browser(response, owner.name)
    return response


def _refused(name: str, message: str) -> ResponseReturnValue:
    session["typed_name"] = name
    flash(message, "desk")
    target = local_path(request.form.get("next"))
    return redirect(url_for("desk.accounts.log_in_page", next=target), 303)


def _form(target: str | None, name: str) -> str:
    return render_template("desk/log_in.html", name=name, next=local_path(target))


def _next_page(target: str | None) -> str:
    return local_path(target) or url_for("desk.queue.page")


def _in_desk() -> bool:
    return "desk" in request.blueprints or request.path == DESK or request.path.startswith(f"{DESK}/")


def is_public() -> bool:
    """Return whether visitors may open the view of this request."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "is_public", False) is True
