"""The kinds of people who comment on the journal, with what is expected of it for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from captcha_guard.web.post.posted import NO_CODE
from tests.benchmarks.bots.bot import HELD, PUBLISHED
from tests.benchmarks.bots.people import Comment, Person, hears, mistypes, sees, together
from tests.benchmarks.bots.site import AUTHOR, BODY, EMAIL, URL, Site
from tests.benchmarks.technical import read_written
from tests.crowd.visitor import Visitor

DAY = 86_400.0

#: People of one office or school who share an address.
SHARING = 10

Text = Mapping[str, str]


@dataclass(frozen=True)
class Crowd:
    """One kind of people. ``comments`` are what became of all their comments."""

    name: str
    comments: Sequence[Comment]

    def count(self, outcome: str) -> int:
        """Return how many comments had this outcome."""
        return sum(one.outcome == outcome for one in self.comments)


@dataclass
class Town:
    """Where people come from: their texts, and their addresses, a new one for each person."""

    site: Site
    addresses: Iterator[str]
    texts: Sequence[Text]
    _used: int = 0

    def text(self) -> Text:
        """Return the next honest text."""
        self._used += 1
        return self.texts[(self._used - 1) % len(self.texts)]

    def page(self, number: int) -> str:
        """Return one of the site's pages."""
        return self.site.pages[number % len(self.site.pages)]

    def visitor(self) -> Visitor:
        """Return a visitor from another address."""
        return Visitor(self.site.port, next(self.addresses))

    def people(self, number: int, like: Person, pause: float = 60.0) -> list[Comment]:
        """Let as many people like this one comment once each, from their own addresses, with a pause between them."""
        found = []
        for place in range(number):
            found.append(replace(like, visitor=self.visitor()).comment(self.page(place), self.text()))
            self.site.clock.sleep(pause)
        return found


def honest_texts() -> list[Text]:
    """Return the made-up technical comments of the rules' benchmark that have no website."""
    written = (one for part in (1, 2, 3) for one in read_written(f"technical_comments_{part}.txt"))
    return [{AUTHOR: one.author, BODY: one.body} for one in written if not one.url]


def with_links(number: int) -> Text:
    """Return an honest comment with two links to the author's own pages."""
    pages = f"https://bea.example.net/{number} and https://bea.example.net/{number}/part-two"
    text = f"I had the same trouble at work last week and wrote down how it ended, in two parts: {pages}"
    return {AUTHOR: "Bea Lund", BODY: text}


def first_time(town: Town, number: int) -> list[Comment]:
    """People who never commented before."""
    return town.people(number, _person(town))


def returning(town: Town, number: int) -> list[Comment]:
    """People who comment on three days, and tick the box that lets the site remember them."""
    found = []
    for place in range(max(1, number // 3)):
        person = replace(_person(town), extra={"remember": "1"})
        name = {AUTHOR: f"Reader {place}", EMAIL: f"reader{place}@mail.example", URL: ""}
        for day in range(3):
            found.append(person.comment(town.page(place + day), {**town.text(), **name}))
            town.site.clock.sleep(DAY)
    return found


def mistyping(town: Town, number: int) -> list[Comment]:
    """People who type one or two codes wrong."""
    return town.people(number, replace(_person(town), answer=mistypes))


def without_script(town: Town, number: int) -> list[Comment]:
    """People without a script, who first ask for another picture by sending the form without a code."""
    return town.people(number, replace(_person(town), blank_first=True))


def by_sound(town: Town, number: int) -> list[Comment]:
    """People who listen to the code."""
    return town.people(number, replace(_person(town), answer=hears))


def without_code(town: Town, number: int) -> list[Comment]:
    """People who tick the box to send a comment to the moderator without a code."""
    return town.people(number, replace(_person(town), extra={NO_CODE: "1"}))


def sharing(town: Town, number: int) -> list[Comment]:
    """Ten people behind one address who comment at the same time."""
    found: list[Comment] = []
    for _ in range(max(1, number // SHARING)):
        address = next(town.addresses)
        own = [Comment() for _ in range(SHARING)]
        steps = [
            replace(_person(town), visitor=Visitor(town.site.port, address)).steps(town.page(place), town.text(), done)
            for place, done in enumerate(own)
        ]
        together(town.site, steps)
        found += own
        town.site.clock.sleep(DAY)
    return found


def linking(town: Town, number: int) -> list[Comment]:
    """People whose comment has two links to their own pages. They are too far apart to count as near duplicates."""
    return replace(town, texts=[with_links(place) for place in range(number)]).people(number, _person(town), 2 * DAY)


def _person(town: Town) -> Person:
    return Person(town.site, town.visitor(), sees)


#: What people do, by name, and the outcomes that the default configuration promises.
CROWDS: Mapping[str, tuple[Callable[[Town, int], list[Comment]], tuple[str, ...]]] = {
    "first comment": (first_time, (PUBLISHED, HELD)),
    "three comments on three days": (returning, (PUBLISHED, HELD)),
    "mistypes the code": (mistyping, (PUBLISHED, HELD)),
    "no script, asks for another picture": (without_script, (PUBLISHED, HELD)),
    "by sound": (by_sound, (PUBLISHED, HELD)),
    "without a code": (without_code, (HELD,)),
    "ten behind one address": (sharing, (PUBLISHED, HELD)),
    "two links": (linking, (HELD,)),
}
