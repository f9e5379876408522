"""People who comment: they read pictures or listen to sounds, mistype, share an address, and wait when they must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from captcha_guard.web.post.posted import ANSWER, NO_CODE, TOKEN
from tests.benchmarks.bots.bot import REFUSED, STATES
from tests.benchmarks.bots.site import BODY, Site
from tests.crowd.visitor import Answer, Visitor

#: Seconds to read an article and write a comment, to read a picture, and to listen to a sound.
WRITING, READING, LISTENING = 120.0, 10.0, 25.0

#: A person gives up after this many POSTs of one comment.
PATIENCE = 40

LOST = "lost"

Typing = Callable[[Site, Visitor, Answer, int], str]


@dataclass
class Comment:
    """One comment of a person: its outcome, and what it took.

    ``asked`` counts the codes that the person had to type, ``tries`` the POSTs, and ``waited`` the seconds that the
    site made the person wait. ``lost`` means that it was neither stored nor shown back.
    """

    outcome: str = ""
    asked: int = 0
    tries: int = 0
    waited: float = 0.0


@dataclass
class Person:
    """Writes comments. ``answer`` returns what the person types for the code of a page.

    ``extra`` are further fields that the person fills in. ``blank_first`` means that the person first sends the form
    without a code to get another picture, as the form says where no script runs.
    """

    site: Site
    visitor: Visitor
    answer: Typing
    extra: Mapping[str, str] = field(default_factory=dict)
    blank_first: bool = False

    def comment(self, where: str, text: Mapping[str, str]) -> Comment:
        """Write a comment on a page, and send it until it is stored."""
        done = Comment()
        for wait in self.steps(where, text, done):
            self.site.clock.sleep(wait)
        return done

    def steps(self, where: str, text: Mapping[str, str], done: Comment) -> Iterator[float]:
        """Do the same, and yield the seconds before each next step, so that others can do something meanwhile."""
        page = self.visitor.get(where)
        yield WRITING
        fields, code = {**page.fields(), **text, **self.extra}, ""
        for number in range(PATIENCE):
            is_asked = TOKEN in fields and NO_CODE not in fields and not (self.blank_first and number == 0)
            if is_asked and not code:
                done.asked += 1
                code = fields[ANSWER] = self.answer(self.site, self.visitor, page, number)
                yield LISTENING if self.answer is hears else READING
            done.tries += 1
            answer = self._send(where, fields, done)
            if done.outcome:
                return
            if answer.status == 429:
                wait = float(answer.headers["retry-after"])
                done.waited += wait
                yield wait
            else:
                page, code, fields = answer, "", {**answer.fields(), **text, **self.extra}
        done.outcome = REFUSED

    def _send(self, where: str, fields: Mapping[str, str], done: Comment) -> Answer:
        """Send the form, and note the outcome unless the person can send it again."""
        newest = self.site.comments.newest()
        answer = self.visitor.post(f"{where}/comments", fields)
        if stored := self.site.comments.after(newest):
            done.outcome = STATES[stored[-1].state]
        elif not answer.shows(fields[BODY]):
            done.outcome = LOST
        elif answer.status not in (422, 429):
            done.outcome = REFUSED
        return answer


def together(site: Site, people: Sequence[Iterator[float]]) -> None:
    """Let several people do their steps at the same time."""
    due = [(0.0, place) for place in range(len(people))]
    now = 0.0
    while due:
        at, place = heappop(due)
        site.clock.sleep(max(0.0, at - now))
        now = max(now, at)
        wait = next(people[place], None)
        if wait is not None:
            heappush(due, (now + wait, place))


def sees(site: Site, visitor: Visitor, page: Answer, number: int) -> str:
    """Look at the picture and type the code, in small letters."""
    site.picture(visitor, page)
    return site.right_answers(page)["image"][0].lower()


def hears(site: Site, visitor: Visitor, page: Answer, number: int) -> str:
    """Listen to the sound and type the digits."""
    sound = visitor.get(f"/captcha-guard/{page.fields()[TOKEN]}.wav")
    if not sound.content.startswith(b"RIFF"):
        raise ValueError(f"{site.name} sent no sound but status {sound.status}")
    return site.right_answers(page)["sound"][0]


def mistypes(site: Site, visitor: Visitor, page: Answer, number: int) -> str:
    """Type one code wrong in the first try, and every other time in the second one."""
    right = sees(site, visitor, page, number)
    wrong = number == 0 or (number == 1 and len(right) == 5)
    return ("m" if right[0] != "m" else "w") + right[1:] if wrong else right
