"""Author names that are repeated as the last link."""

from __future__ import annotations

from typing import ClassVar

from ...messages import message
from ..submission import Submission
from ..text.link import Context, Link
from ..text.normalised import Passage, Text, folded_case, words_of
from ..text.technical import is_on_subject
from ..verdict import Finding

#: Characters. A shorter name may match by chance.
SHORTEST = 4
#: Words for each link of a text that says something about the pages that it links. The text must be about code, too,
#: because spammers sign with the name of their shop.
EXPLAINED = 8
#: The score of pages on a site of the author's name in such a text: readers link their own articles.
OWN_PAGE = 15


class LastLink:
    """Scores an author's name that is the text or the host of a text's last link; a page of one's own scores less."""

    slug: ClassVar[str] = "last_link"
    looks_at: ClassVar[tuple[str, ...]] = ("author", "body")
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The author's name is the last link.")

    def check(self, submission: Submission) -> Finding | None:
        """Compare the name with the last link of each text, except for links in code."""
        text = submission.text
        if len(text.author) < SHORTEST:
            return None
        for passage in text.passages:
            links = [link for link in passage.links if link.context != Context.CODE]
            if links and _is_named(passage, text, links[-1]):
                return Finding(self.slug, self.weight, message("The author's name is the last link, or its host."))
            if links and _is_host(text, links[-1]):
                if _are_own_pages(passage, links) and is_on_subject(text.cased, passage.words):
                    return Finding(self.slug, OWN_PAGE, message("The author links a page on a site of the same name."))
                return Finding(self.slug, self.weight, message("The author's name is the last link, or its host."))
        return None


def _is_named(passage: Passage, text: Text, last: Link) -> bool:
    """Return whether the author's name is the text of the link, or stands before its address."""
    if folded_case(last.label) == text.author:
        return True
    before, found, _ = passage.plain.rpartition(last.url.casefold())
    return not last.marked_up and bool(found) and before.rstrip(" :-\n").endswith(text.author)


def _is_host(text: Text, last: Link) -> bool:
    name = "".join(text.author_words)
    without_tld = "".join(words_of(last.host.rpartition(".")[0]))
    return name != "" and name in (without_tld, "".join(words_of(last.host)))


def _are_own_pages(passage: Passage, links: list[Link]) -> bool:
    """Return whether each link leads to another page, none to a front page, in a text with some words for each."""
    pages = {link.address for link in links if not link.is_tag}
    return len({page for page in pages if "/" in page}) == len(links) and len(passage.words) >= EXPLAINED * len(links)
