"""The page with the form, as a visitor without an account sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

from ..web.post.posted import TOKEN
from .browser import Answer, Browser, FetchError, shown
from .diagnosis import CannotCheckError

#: Input types that don't take a visitor's text.
NO_TEXT: Final = frozenset({"hidden", "submit", "button", "reset", "image", "checkbox", "radio", "file", "password"})

#: The end of the script's address in pages that have no field of their own. Other pages use a name with a hash.
_SCRIPT: Final = "/captcha_guard.js"

_LOG_IN: Final = re.compile(r"(?:log|sign)[-_]?(?:in|on)|auth|sso", re.IGNORECASE)


class NoPageError(CannotCheckError):
    """There is no page with a form to check. The message describes what a visitor gets. ``fix`` is what to do."""

    def __init__(self, found: str, fix: str) -> None:
        super().__init__(found)
        self.fix = fix


@dataclass
class Form:
    """A form: its target, its ``fields`` as a mapping of names to values, and the names of its text fields, ``texts``.

    Fields that aren't in any form are collected in a form with ``outside`` set to true.
    """

    action: str = ""
    method: str = "GET"
    fields: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    outside: bool = False


class Markup(HTMLParser):
    """The parts of a page's markup that the checks use: forms, loaded files, policies in ``meta`` elements, and
    whether there is a ``<captcha-guard src>``."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.forms = [Form(outside=True)]
        self.images: list[str] = []
        self.sounds: list[str] = []
        self.files: list[str] = []
        self.challenges: list[str] = []
        self.policies: list[str] = []
        self.asks_password = False
        self.has_element = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record forms, fields, files and policies."""
        given = {name: (value or "").strip() for name, value in reversed(attrs)}  # the first of two equal names counts
        match tag:
            case "base":
                self.base = self.base or given.get("href", "")
            case "form":
                self.forms.append(Form(given.get("action", ""), given.get("method", "GET").upper()))
            case "input" | "textarea" | "select":
                self._add_field(tag, given)
            case "img":
                candidates = re.split(r",\s+", given.get("srcset", ""))
                self.images += [given.get("src", ""), *(one.split()[0] for one in candidates if one.strip())]
            case "audio":
                self.sounds.append(given.get("src", ""))
            case "script":
                self.files.append(given.get("src", ""))
            case "link" if "stylesheet" in given.get("rel", "").lower().split():
                self.files.append(given.get("href", ""))
            case "meta" if given.get("http-equiv", "").lower() == "content-security-policy":
                self.policies.append(given.get("content", ""))
        self.has_element = self.has_element or (tag == "captcha-guard" and "src" in given)
        if "data-captcha-guard" in given and "data-url" in given:
            self.challenges.append(given["data-url"])

    def handle_endtag(self, tag: str) -> None:
        """End a form."""
        if tag == "form":
            self.forms.append(Form(outside=True))

    def _add_field(self, tag: str, given: dict[str, str]) -> None:
        kind, name, form = given.get("type", "text").lower(), given.get("name", ""), self.forms[-1]
        self.asks_password = self.asks_password or kind == "password"
        if name:
            form.fields[name] = given.get("value", "")
            if tag == "textarea" or (tag == "input" and kind not in NO_TEXT):
                form.texts.append(name)


@dataclass(frozen=True)
class Page:
    """A page with at least one field of the guard. All URLs are absolute."""

    answer: Answer
    markup: Markup
    browser: Browser

    @classmethod
    def open(cls, url: str, *, fieldless: bool = False) -> Page:
        """Fetch the page. ``fieldless`` means that a form of the site can do without the field.

        Raises ``NoPageError`` if it has no form with the field, ``CannotCheckError`` if a script adds the field or the
        form can do without it.
        """
        browser = Browser()
        try:
            answer = browser.get(url)
        except FetchError as error:
            raise NoPageError(f"{shown(url)} {error}.", "Start the site's server, or correct --url.") from error
        page = cls(answer, Markup(answer.text), browser)
        page.refuse_unless_usable(url, fieldless=fieldless)
        return page

    @property
    def url(self) -> str:
        """The page's address after redirects."""
        return self.answer.url

    @property
    def forms(self) -> list[Form]:
        """The forms with the field."""
        return [form for form in self.markup.forms if TOKEN in form.fields]

    @property
    def tokens(self) -> list[str]:
        """The tokens on the page."""
        return [form.fields[TOKEN] for form in self.forms]

    def absolute(self, url: str) -> str:
        """Return the absolute form of a URL on this page."""
        return urljoin(urljoin(self.url, self.markup.base), url)

    def refuse_unless_usable(self, requested: str, *, fieldless: bool) -> None:
        """Raise ``CannotCheckError`` unless the page has the field. ``requested`` is the URL before redirects."""
        at, status = shown(requested), self.answer.status
        via = "" if shown(self.url) == at else f" leads to {shown(self.url)}, which"
        name_one = "Give --url the address of a page with a form, as visitors see it without an account."
        if status in (404, 410):
            raise NoPageError(f"There is no such page: {at}{via} answers {status}.", name_one)
        if status in (401, 403):
            raise NoPageError(f"{at}{via} isn't public: it answers {status}.", name_one)
        if status != 200:
            fix = "Fix this first. The application's log and the web server's log have the details."
            raise NoPageError(f"{at}{via} answers {status}, not with a page.", fix)
        if self.answer.mimetype not in ("text/html", "application/xhtml+xml"):
            raise NoPageError(f"{at}{via} is sent as {self.answer.mimetype or 'no type'}, not as a page.", name_one)
        if self.tokens:
            return
        if via and (self.markup.asks_password or _LOG_IN.search(urlsplit(self.url).path)):
            raise NoPageError(f"{at} redirects to a log-in page, {shown(self.url)}.", name_one)
        if self.markup.has_element or any(urlsplit(url).path.endswith(_SCRIPT) for url in self.markup.files):
            raise CannotCheckError(
                f"a script adds the field to {shown(self.url)}, and the doctor runs no scripts. Open the page in a "
                "browser: if no code is shown, its console has the reason"
            )
        if fieldless and any(form.method == "POST" for form in self.markup.forms):
            raise CannotCheckError(
                f"{shown(self.url)} has a form without the field, which mode='off' allows. Send a comment with two "
                "links in a browser: the page that asks for a code shows whether pictures and sounds arrive"
            )
        fix = f"Add {{{{ captcha_guard() }}}} to the page's form. Or: {name_one}"
        raise NoPageError(f"{at}{via} has no field for the security code.", fix)
