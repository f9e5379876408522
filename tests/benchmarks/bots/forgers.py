"""Bots that lie about where a request comes from, and one that posts JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

from captcha_guard.challenge.answer import ALPHABET
from captcha_guard.web.post.posted import TOKEN
from tests.benchmarks.bots.bot import Bot
from tests.benchmarks.bots.poster import Poster
from tests.benchmarks.bots.site import Site
from tests.benchmarks.bots.texts import Writer
from tests.crowd.race import FORGERIES
from tests.crowd.visitor import Answer, Visitor

#: What the browser of a visitor of another site sends with a form from there.
CROSS_SITE = {"Origin": "https://prizes.example", "Sec-Fetch-Site": "cross-site", "Referer": "https://prizes.example/"}

#: The address from which the attacker of other sites' visitors opens pages.
ATTACKER = "127.249.0.7"


class HeaderForger(Poster):
    """Posts with solved codes from one address. The headers of proxies name another address each time."""

    def headers(self, number: int) -> Mapping[str, str]:
        """Return the forged headers of a POST."""
        claimed = f"198.51.{number // 250 % 250}.{number % 250}"
        return {name: f"for={claimed}" if name == "Forwarded" else claimed for name in FORGERIES}


class CrossSitePoster(Poster):
    """Solves codes itself, and lets browsers of other people send the forms from a page of another site.

    Browsers don't send cookies with such a form, because the session cookie has ``SameSite=Lax``.
    """

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Send a solved form from a visitor's address."""
        where = site.pages[number % len(site.pages)]
        attacker = Visitor(site.port, ATTACKER)
        page = attacker.get(where)
        fields = {**page.fields(), **self._write(number)}
        site.clock.sleep(self.wait)
        if site.answer:
            fields[site.answer] = self._solver.solve(site, attacker, page)
        return Visitor(site.port, visitor.address).post(f"{where}/comments", fields, CROSS_SITE)


class JsonClient(Bot):
    """Posts JSON, and answers the challenge in each problem document with a guess."""

    name = "JSON client"

    def __init__(self, write: Writer, seed: int = 1) -> None:
        self._write, self._random = write, random.Random(seed)
        self._token = ""

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Post a comment as JSON."""
        where = site.pages[0]
        fields = visitor.get(where).fields()
        site.clock.sleep(5)
        guess = "".join(self._random.choices(ALPHABET, k=5))
        document = {**fields, **self._write(number), site.answer or "answer": guess}
        if self._token:
            document[TOKEN] = self._token
        answer = visitor.post_json(f"{where}/comments", document, {"X-CSRFToken": fields.get("csrf_token", "")})
        self._token = _token_in(answer)
        return answer


def _token_in(answer: Answer) -> str:
    """Return the token of the new challenge in a problem document, "" without one."""
    try:
        problem = json.loads(answer.text)
    except ValueError:
        return ""
    challenge = problem.get("challenge") if isinstance(problem, dict) else None
    return str(challenge.get("token", "")) if isinstance(challenge, dict) else ""
