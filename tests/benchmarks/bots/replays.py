"""Bots that use one solved code several times: its token, or the passes that were issued for it."""

from __future__ import annotations

import string

from captcha_guard.web.post.posted import PASS, TOKEN
from tests.benchmarks.bots.bot import Bot
from tests.benchmarks.bots.site import AUTHOR, BODY, NotApplicableError, Site
from tests.benchmarks.bots.solvers import Solver
from tests.benchmarks.bots.texts import Writer
from tests.crowd.visitor import Answer, Visitor

_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"

#: Between POSTs, so that the limits of a client don't refuse them.
MINUTE = 61.0

#: The comment for which the code was solved. It is published and doesn't count.
HONEST = {AUTHOR: "Ada Quill", BODY: "The second chapter helped me to see why the lock is taken twice."}


class Replayer(Bot):
    """Posts a comment with a solved code, and then other texts with the same token and answer.

    Every other token is spelt in another way that base64 decodes to the same bytes.
    """

    name = "replayer"

    def __init__(self, solver: Solver, write: Writer) -> None:
        self._solver, self._write = solver, write

    def begin(self, site: Site, visitor: Visitor) -> None:
        """Post the comment for which the code was solved."""
        self._fields, _ = _solved(site, visitor, self._solver, HONEST)
        self._cookies = dict(visitor.cookies)

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Post the same code with another text."""
        visitor.cookies.update(self._cookies)
        fields = {**self._fields, **self._write(number)}
        if TOKEN in fields and number % 2:
            fields[TOKEN] = _respelt(fields[TOKEN], number)
        return visitor.post(f"{site.pages[0]}/comments", fields)


class PassForker(Bot):
    """Solves one code, gets passes for it by leaving out the name, and uses the passes for several comments."""

    name = "pass forker"

    def __init__(self, solver: Solver, write: Writer) -> None:
        self._solver, self._write = solver, write

    def begin(self, site: Site, visitor: Visitor) -> None:
        """Get passes, and post the comment for which the code was solved."""
        fields, shown = _solved(site, visitor, self._solver, {**HONEST, AUTHOR: ""})
        self._passes: list[str] = []
        while (again := shown.fields()).get(PASS) and len(self._passes) < 3:
            self._passes.append(again[PASS])
            site.clock.sleep(MINUTE)
            shown = visitor.post(f"{site.pages[0]}/comments", {**again, **HONEST, AUTHOR: ""})
        if not self._passes:
            raise NotApplicableError(f"{site.name} has no passes")
        self._fields = {name: value for name, value in fields.items() if name != TOKEN}
        for one in self._passes:
            site.clock.sleep(MINUTE)
            visitor.post(f"{site.pages[0]}/comments", {**self._fields, **HONEST, PASS: one})
        self._cookies = dict(visitor.cookies)

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Post one of the passes with another text, or with another author of the same text."""
        visitor.cookies.update(self._cookies)
        spam = self._write(number)
        text = {**spam, BODY: HONEST[BODY]} if number % 4 == 0 else spam
        fields = {**self._fields, **text, PASS: self._passes[number % len(self._passes)]}
        return visitor.post(f"{site.pages[0]}/comments", fields)


def _solved(site: Site, visitor: Visitor, solver: Solver, comment: dict[str, str]) -> tuple[dict[str, str], Answer]:
    """Post a comment with a solved code. Returns the posted fields and the answer."""
    page = visitor.get(site.pages[0])
    fields = {**page.fields(), **comment}
    site.clock.sleep(5)
    if site.answer:
        fields[site.answer] = solver.solve(site, visitor, page)
    return fields, visitor.post(f"{site.pages[0]}/comments", fields)


def _respelt(token: str, number: int) -> str:
    """Return another spelling of a token: with padding, or with other bits that decoding ignores."""
    if number % 4 == 1:
        return f"{token}="
    last = _BASE64.find(token[-1])
    return token[:-1] + _BASE64[last ^ 1] if last >= 0 else f"{token}=="
