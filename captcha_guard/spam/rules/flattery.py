"""Praise that fits any page."""

from __future__ import annotations

from typing import ClassVar, Final

from ..phrasing import PhraseBook
from ..submission import Submission
from ..verdict import Finding

#: Words; praise in a longer comment stands beside something to say.
SHORT: Final = 25

_PAGE: Final = "blog|site|website|web_site|weblog|page|web_page|post|article"
_GOOD: Final = (
    "great|nice|good|awesome|amazing|excellent|wonderful|fantastic|useful|informative|helpful|interesting|superb|"
    "brilliant"
)

#: What readers write too weighs only in a short comment that leads somewhere; ``paid`` is for a living.
PRAISE: Final = PhraseBook({
    "kind": (
        f"{_GOOD} {_PAGE}|information|info|read|write_up|work|job|content|stuff|tips|sharing|share",
        "thanks|thank you? so_much|a_lot|very_much? for sharing|posting|this_great|this_nice|this_awesome|"
        "this_amazing",
        "keep it_up|up_the_good|up_the_great", f"very|so|really {_GOOD}", "well written|done",
        "i really? like|love|enjoy|enjoyed it|this|your",
    ),
    "paid": (
        f"bookmarked|bookmark|saved|added * your|this|it . {_PAGE}|favorites|favourites",
        f"am|i'm|im . impressed|amazed by|with|at your|this . writing|{_PAGE}",
        f"stumbled|came|happened on|upon|across|to? your|this . {_PAGE}",
        f"your blog|site|website|web_site|weblog|page is|has|was|looks . . {_GOOD}|magnificent|very|really",
        "what|which theme|template|hosting|platform are_you|do_you|is_this|you",
        "love|like|enjoy|adore . . your blog|site|website|web_site|weblog",
        "looking|look|waiting forward? to|for your? next|more|further|new . posts|post|articles|updates|write_ups",
        "definitely|will|i'll . . back again|soon|to_your|for_more|later",
        "exactly|just what i was|am|needed looking? for",
        "share this . . with my friends|followers|twitter|facebook",
        "magnificent|excellent|fantastic goods|points from?",
        "hello dear|mates|colleagues", "visited|visit|browsing multiple|many|several|various web? sites|websites",
        "weblog",
    ),
})  # fmt: skip


class Flattery:
    """Weighs praise that fits any page: paid praise anywhere, kind words where they are short and lead somewhere."""

    slug: ClassVar[str] = "flattery"
    looks_at: ClassVar[tuple[str, ...]] = ("body", "url")
    weight: ClassVar[int] = 20
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The comment praises what could be any page."

    def check(self, submission: Submission) -> Finding | None:
        """Look for praise in the words of the body, and for links to what it is written for."""
        text = submission.text
        leads = bool(text.links or text.site)
        found = PRAISE.find(text.words)
        if praise := found.get("paid"):
            score = self.weight + (self.weight if leads and len(text.words) < SHORT else 0)
            return Finding(self.slug, score, f"The comment praises what could be any page: {praise[:60]}.")
        if leads and len(text.words) < SHORT and (praise := found.get("kind")):
            return Finding(self.slug, self.weight, f"Short praise that leads somewhere: {praise[:60]}.")
        return None
