"""A bot that opens many tabs, reads all their pictures, and answers only those that it is surest of."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

from PIL import Image

from captcha_guard.challenge.answer import ALPHABET, matches
from captcha_guard.cli.attack.opponents import OPPONENTS
from captcha_guard.cli.attack.ways import Way, pieces
from tests.benchmarks.bots.bot import Bot
from tests.benchmarks.bots.site import JOURNAL, Site
from tests.benchmarks.bots.solvers import SYMBOLS
from tests.benchmarks.bots.texts import Writer
from tests.crowd.visitor import Answer, Visitor

#: The ways in which each picture is read. The more of them agree, the surer the bot is.
WAYS = (
    Way("dark on light", "seam"),
    Way("dark on light", "halves at 50 %", "turned by 5°"),
    Way("dark on light", "deskewed"),
    Way("dark on light"),
)


#: The most tabs on plain applications, some of which need a quarter of a second to draw a picture.
ELSEWHERE = 20


class TabHarvester(Bot):
    """Opens ``tabs`` forms within the limits for pictures, and answers the surest readings of ddddocr first."""

    name = "tab harvester"
    solves = True

    def __init__(self, write: Writer, tabs: int) -> None:
        self._write, self._tabs = write, tabs
        self._programs: dict[str, Any] = {}
        self._program(ALPHABET)
        self.read = self.right = 0

    def begin(self, site: Site, visitor: Visitor) -> None:
        """Open all tabs, and read their pictures."""
        program = self._program(SYMBOLS.get(site.name, ALPHABET))
        tabs = []
        for number in range(self._tabs if site.name == JOURNAL else min(self._tabs, ELSEWHERE)):
            where = site.pages[number % len(site.pages)]
            page = visitor.get(where)
            text, votes = self._read(program, site.picture(visitor, page))
            rights = site.right_answers(page).get("image", ())
            tabs.append((votes, number, where, {**page.fields(), site.answer: text}, rights))
            site.clock.sleep(1.0)  # 60 pictures a minute
        self._surest = sorted(tabs, key=lambda tab: (-tab[0], tab[1]))
        self._cookies = dict(visitor.cookies)

    def attempt(self, site: Site, visitor: Visitor, number: int) -> Answer:
        """Post the form with the next reading."""
        _, _, where, fields, rights = self._surest[number % len(self._surest)]
        self.read += 1
        self.right += any(matches(right, fields[site.answer]) for right in rights)
        visitor.cookies.update(self._cookies)
        return visitor.post(f"{where}/comments", {**fields, **self._write(number)})

    def _program(self, symbols: str) -> Any:
        if symbols not in self._programs:
            self._programs[symbols] = OPPONENTS["ddddocr"](symbols)
        return self._programs[symbols]

    def _read(self, program: Any, picture: bytes) -> tuple[str, int]:
        """Return the reading on which most ways agree, and how many of them. Other lengths than 4 to 6 don't count."""
        image = Image.open(io.BytesIO(picture)).convert("L")
        texts = ("".join(program.read(pieces(way, way.cut_up(image)), way.mode)) for way in WAYS)
        votes = Counter(text for text in texts if 4 <= len(text) <= 6)
        return votes.most_common(1)[0] if votes else ("", 0)
