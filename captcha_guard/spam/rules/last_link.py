"""Author names that are repeated as the last link."""

from __future__ import annotations

from typing import ClassVar

from ..submission import Submission
from ..text.normalised import Passage, Text, folded_case, words_of
from ..verdict import Finding

#: Characters. A shorter name may match by chance.
SHORTEST = 4


class LastLink:
    """Scores an author's name that is the text or the host of a text's last link."""

    slug: ClassVar[str] = "last_link"
    looks_at: ClassVar[tuple[str, ...]] = ("author", "body")
    weight: ClassVar[int] = 40
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The author's name is the last link."

    def check(self, submission: Submission) -> Finding | None:
        """Compare the name with the last link of each text."""
        text = submission.text
        if len(text.author) >= SHORTEST and any(_names(passage, text) for passage in text.passages):
            return Finding(self.slug, self.weight, "The author's name is the last link, or its host.")
        return None


def _names(passage: Passage, text: Text) -> bool:
    if not passage.links:
        return False
    last = passage.links[-1]
    label, name = folded_case(last.label), "".join(text.author_words)
    without_tld = "".join(words_of(last.host.rpartition(".")[0]))
    before = not last.marked_up and _is_before(passage.plain, text.author, last.url)
    return label == text.author or before or (name != "" and name in (without_tld, "".join(words_of(last.host))))


def _is_before(plain: str, author: str, url: str) -> bool:
    before, found, _ = plain.rpartition(url.casefold())
    return bool(found) and before.rstrip(" :-\n").endswith(author)
