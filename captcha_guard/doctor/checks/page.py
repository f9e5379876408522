"""Checks the form, picture, sound, stylesheet and script that visitors get through the web server and other proxies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final, NamedTuple
from urllib.parse import urlsplit

from ...errors import TokenError, TokenExpiredError
from ..browser import Answer, FetchError, origin_of, relation, shown
from ..content_policy import blocking, parse
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..pages import NoPageError, Page
from ..site import Site


class _Part(NamedTuple):
    """A file that the page needs: its name, the effect if it's missing, its kind, MIME types, and the severity."""

    name: str
    without: str
    kind: str
    types: tuple[str, ...]
    severity: Severity


_SCRIPT_TYPES: Final = ("text/javascript", "application/javascript", "application/x-javascript")
_PICTURE: Final = _Part("picture", "The picture is missing", "image", ("image/png",), Severity.FAULT)
_SHARP: Final = _PICTURE._replace(without="The picture is missing on high-resolution screens")
_SOUND: Final = _Part("sound", "The sound is missing", "audio", ("audio/wav", "audio/x-wav"), Severity.FAULT)
_STYLESHEET: Final = _Part("stylesheet", "The field has no styles", "style", ("text/css",), Severity.WARNING)
_SCRIPT: Final = _Part("script", 'the button "New code" is missing', "script", _SCRIPT_TYPES, Severity.WARNING)

#: Caching headers that only content delivery networks read.
_CDN_HEADERS: Final = ("Surrogate-Control", "CDN-Cache-Control")

_FORWARD: Final = (
    "Make the web server pass this URL on to the application. If the site is under a path, send the path to the "
    "application with X-Forwarded-Prefix, and use ProxyFix(app.wsgi_app, x_prefix=1)."
)
_LET_THROUGH: Final = "Exempt the endpoints of the blueprint captcha_guard from log-in checks and other refusals."
_USE_HTTPS: Final = (
    "Send the scheme to the application with X-Forwarded-Proto, and use ProxyFix(app.wsgi_app, x_proto=1)."
)
_KEEP_PRIVATE: Final = (
    "Send pages with a code with Cache-Control: private (the guard does this unless the application sets the header), "
    "and don't cache them. A visitor with a used or expired code is asked for another one."
)


class VisitorsPage(Check):
    """Fetches the page at ``--url`` and its picture, sound, stylesheet and script."""

    code: ClassVar[str] = "CG407"
    title: ClassVar[str] = "The form doesn't work for visitors."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = _FORWARD

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Check the page. Raises ``CannotCheckError`` without a URL, and for a field that a script adds."""
        try:
            page = site.page
        except NoPageError as error:
            yield self.found(str(error), fix=error.fix)
            return
        yield from self._caching(page, site)
        for part, url in _parts(page):
            problem = _problem(page, part, url)
            if problem is not None:
                yield self.found(f"{part.without}: {problem[0]}", severity=part.severity, fix=problem[1])
        yield from self._sending(page)

    def _sending(self, page: Page) -> Iterator[Diagnosis]:
        if any(form.outside for form in page.forms):
            fix = "Put {{ captcha_guard() }} between <form> and </form>."
            problem = "The code isn't sent: the field is outside the page's forms."
            yield self.found(problem, severity=Severity.WARNING, fix=fix)
        for url in dict.fromkeys(page.absolute(form.action) for form in page.forms):
            if blocked := _blocked(page, "form", url):
                yield self.found(f"The form can't be sent: {blocked[0]}", fix=blocked[1])
        for url in dict.fromkeys(map(page.absolute, page.markup.challenges)):
            if blocked := _blocked(page, "empty", url):
                problem = f"The script can't fetch a new code: {blocked[0]}"
                yield self.found(problem, severity=Severity.WARNING, fix=blocked[1])

    def _caching(self, page: Page, site: Site) -> Iterator[Diagnosis]:
        at, headers, control = shown(page.url), page.answer.headers, page.answer.cache_control
        sent = f"{at} is sent with Cache-Control: {headers.get('Cache-Control', '(none)')}"
        special = next((name for name in _CDN_HEADERS if "max-age" in headers.get(name, "")), None)
        if _is_cached(page, site):
            yield self.found(f"Visitors get each other's codes: {at} comes from a cache.", fix=_KEEP_PRIVATE)
        elif special is not None:
            yield self.found(f"{at} is sent with {special}: {headers[special]}.", fix=_KEEP_PRIVATE)
        elif control.public or control.s_maxage is not None:
            yield self.found(f"{sent}, so shared caches may store it.", fix=_KEEP_PRIVATE)
        elif not (control.private or control.no_store or control.no_cache):
            problem = f"{sent}, so caches decide whether to store it."
            yield self.found(problem, severity=Severity.WARNING, fix=_KEEP_PRIVATE)


def _is_cached(page: Page, site: Site) -> bool:
    """Return whether the page came from a cache: its code has expired, or another visitor gets the same code."""
    for token in page.tokens:
        try:
            site.state.issuer.open(token)
        except TokenExpiredError:
            return True
        except TokenError:  # CG101 reports this
            continue
    try:
        again = Page.open(page.url)
    except NoPageError:
        return False
    return not set(page.tokens).isdisjoint(again.tokens)


def _parts(page: Page) -> Iterator[tuple[_Part, str]]:
    found: dict[str, _Part] = {}
    for url in filter(None, page.markup.images):
        name = urlsplit(url).path.rpartition("/")[2]
        if any(name.startswith(token) for token in page.tokens if token):
            found.setdefault(page.absolute(url), _SHARP if "@2x" in name else _PICTURE)
    for url in filter(None, page.markup.sounds):
        if any(urlsplit(url).path.rpartition("/")[2].startswith(token) for token in page.tokens if token):
            found.setdefault(page.absolute(url), _SOUND)
    for url in filter(None, page.markup.files):
        name = urlsplit(url).path.rpartition("/")[2]
        if name.startswith("captcha_guard"):
            found.setdefault(page.absolute(url), _STYLESHEET if name.endswith(".css") else _SCRIPT)
    yield from ((part, url) for url, part in found.items())


def _problem(page: Page, part: _Part, url: str) -> tuple[str, str] | None:
    """Return why a browser can't use the file at this URL, and the fix. ``None`` if it can."""
    if urlsplit(page.url).scheme == "https" and urlsplit(url).scheme == "http":
        return f"{shown(url)} isn't HTTPS, but the page is.", _USE_HTTPS
    if blocked := _blocked(page, part.kind, url):
        return blocked
    try:
        answer = page.browser.get(url, referrer=page.url, kind=part.kind)
    except FetchError as error:
        return f"{shown(url)} {error}.", _FORWARD
    return _refused(answer, part, url) or _blocked_by_headers(page, part, answer)


def _refused(answer: Answer, part: _Part, url: str) -> tuple[str, str] | None:
    if answer.url != url and (answer.status != 200 or answer.mimetype not in part.types):
        return f"{shown(url)} redirects to {shown(answer.url)}.", _LET_THROUGH
    if answer.status in (401, 403):
        return f"{shown(url)} answers {answer.status}.", _LET_THROUGH
    if answer.status == 429:
        return (
            f"{shown(url)} answers 429: too many pictures and sounds were fetched recently.",
            "Run this again in a minute.",
        )
    if answer.status != 200:
        return f"{shown(url)} answers {answer.status}.", _FORWARD
    if answer.mimetype not in part.types or not answer.body:
        problem = f"is sent as {answer.mimetype or 'no type'}, not as {part.types[0]}" if answer.body else "is empty"
        return f"{shown(url)} {problem}.", _FORWARD
    return None


def _blocked_by_headers(page: Page, part: _Part, answer: Answer) -> tuple[str, str] | None:
    """Return the problem and its fix if headers keep a browser from using a file, or let caches store a code."""
    policy, related = answer.headers.get("Cross-Origin-Resource-Policy", ""), relation(answer.url, page.url)
    if related != "same-origin" and policy in ("same-origin", "same-site") and policy != related:
        host = urlsplit(page.url).netloc
        fix = f"Serve both from one host, or add {urlsplit(page.url).scheme}://{host} to CAPTCHA_GUARD_TRUSTED_ORIGINS."
        return f"{shown(answer.url)} is sent with Cross-Origin-Resource-Policy: {policy}, so {host} can't show it.", fix
    if part.kind in ("image", "audio") and (answer.cache_control.public or answer.cache_control.max_age):
        sent = f"{shown(answer.url)} is sent with Cache-Control: {answer.headers['Cache-Control']}"
        return (
            f"a cache may return an old one, because {sent}.",
            "Don't let a cache or the web server store pictures and sounds.",
        )
    return None


def _blocked(page: Page, kind: str, url: str) -> tuple[str, str] | None:
    """Return which policy of the page blocks a URL, and the fix. ``None`` if no policy blocks it."""
    texts = [*page.answer.headers.getlist("Content-Security-Policy"), *page.markup.policies]
    for policy in (one for text in texts for one in parse(text)):
        if directive := blocking(policy, kind, url, page.url):
            same = origin_of(url) == origin_of(page.url)
            source = "'self'" if same else "{0.scheme}://{0.netloc}".format(urlsplit(url))
            fix = f"Add {source} to that directive; no inline code needs to be allowed."
            return f"the page's Content-Security-Policy blocks it ({directive}).", fix
    return None
