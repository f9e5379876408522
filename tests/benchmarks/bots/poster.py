"""A bot that answers the code of each form, by whatever means, and posts a text."""

from __future__ import annotations

from collections.abc import Mapping

from captcha_guard.challenge.answer import matches
from tests.benchmarks.bots.bot import Bot
from tests.benchmarks.bots.site import Site
from tests.benchmarks.bots.solvers import Solver
from tests.benchmarks.bots.texts import Writer
from tests.crowd.visitor import Answer, Visitor


class Poster(Bot):
    """Opens the page, answers the code, and posts a text."""

    solves = True
    wait = 5.0

    def __init__(self, name: str, solver: Solver, write: Writer) -> None:
        self.name = name
        self._solver, self._write = solver, write
        self.read = self.right = 0

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Post the text with this number."""
        where = site.pages[number % len(site.pages)]
        page = visitor.get(where)
        fields = {**page.fields(), **self._write(number)}
        site.clock.sleep(self.wait)
        if site.answer:
            fields[site.answer] = self._solver.solve(site, visitor, page)
            rights = site.right_answers(page).get("image", ())
            self.read += bool(rights)
            self.right += any(matches(right, fields[site.answer]) for right in rights)
        return self.send(visitor, f"{where}/comments", fields, number)

    def headers(self, number: int) -> Mapping[str, str]:  # noqa: ARG002 - for bots that forge headers
        """Return further headers of a POST."""
        return {}

    def send(self, visitor: Visitor, path: str, fields: Mapping[str, str], number: int) -> Answer:
        """Send the form."""
        return visitor.post(path, fields, self.headers(number))
