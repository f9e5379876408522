"""Generic praise that would fit any page."""

from __future__ import annotations

from typing import ClassVar, Final

from ..lists.phrasing import PhraseBook
from ..submission import Submission
from ..verdict import Finding

#: Words. A longer comment usually says something besides the praise.
SHORT: Final = 25

_PAGE: Final = "blog|site|website|web_site|weblog|page|web_page|post|article"
_GOOD: Final = (
    "great|nice|good|awesome|amazing|excellent|wonderful|fantastic|useful|informative|helpful|interesting|superb|"
    "brilliant"
)

#: The score of each further kind of spammers' praise, and the maximum for all praise. The maximum is below the
#: threshold for holding a comment.
FURTHER, MOST = 15, 50

#: Praise that readers write, too.
KIND: Final = PhraseBook({
    "kind": (
        f"{_GOOD} {_PAGE}|information|info|read|write_up|work|job|content|stuff|tips|sharing|share",
        "thanks|thank you? so_much|a_lot|very_much? for sharing|posting|this_great|this_nice|this_awesome|"
        "this_amazing",
        "keep it_up|up_the_good|up_the_great", f"very|so|really {_GOOD}", "well written|done",
        "i really? like|love|enjoy|enjoyed it|this|your",
    ),
})  # fmt: skip

#: Praise typical of paid spam, by its topic. Readers write about the subject; spam praises the page.
PAID: Final = PhraseBook({
    "return": (
        f"bookmarked|bookmark|saved|added * your|this|it . {_PAGE}|favorites|favourites",
        "looking|look|waiting forward? to|for your? next|more|further|new . posts|post|articles|updates|write_ups",
        "definitely|will|i'll . . back again|soon|to_your|for_more|later", "grab|seize|clutch your rss|feeds|feed",
        "share this . . with my friends|followers|twitter|facebook",
    ),
    "found": (
        f"stumbled|came|happened on|upon|across|to? your|this . {_PAGE}",
        "found your|this site|website|blog|web_site by|through|via|on google|yahoo|bing|mistake|chance",
        "exactly|just what i was|am|needed looking? for", "ended|wound up here but|however",
        "visited|visit|browsing multiple|many|several|various web? sites|websites", "first time here|visit and|i",
        "regular|constant|daily visitor",
    ),
    "page": (
        f"your blog|site|website|web_site|weblog|page is|has|was|looks . . {_GOOD}|magnificent|very|really",
        f"am|i'm|im . impressed|amazed by|with|at your|this . writing|{_PAGE}",
        "love|like|enjoy|adore . . your blog|site|website|web_site|weblog",
        "your site|website|blog|web_site|page loads|loading|load|loaded . . fast|quick|quickly|slow|speed",
        "design|layout|theme|look|appearance of your|this blog|site|website|web_site|weblog", "weblog",
    ),
    "maker": (
        "what|which theme|template|hosting|platform are_you|do_you|is_this|you", "blogging look|looks easy",
        "how long have|are you been? blogging|running", "does your blog|site|website have a contact",
        "problems|trouble|issues with hackers", "hire|hired out? a|some designer|developer",
    ),
    "subject": (
        "magnificent|excellent|fantastic goods|points from?", "hello dear|mates|colleagues", "fastidious",
        "piece|paragraph of_writing", "know a? few|lot|thing so_much about this|things", "end of mine",
        "as if|though you wrote the book", "where else could|may|can anyone|anybody|i get",
        "hopes|wants|wishes to find|understand out? this|about_this topic",
        "helpful|useful|valuable info|information|advice within",
    ),
})  # fmt: skip


class Flattery:
    """Scores generic praise: spammers' praise anywhere, other kind words only in a short comment with a link."""

    slug: ClassVar[str] = "flattery"
    looks_at: ClassVar[tuple[str, ...]] = ("body", "url")
    weight: ClassVar[int] = 20
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = "The comment contains generic praise that would fit any page."

    def check(self, submission: Submission) -> Finding | None:
        """Look for praise in the words of each text, and for links that the praise may be written for."""
        text = submission.text
        has_link = bool(text.links or text.site)
        brief = [passage for passage in text.passages if has_link and len(passage.words) < SHORT]
        if paid := PAID.search(text.passages):
            score = self.weight * (2 if brief and PAID.search(brief) else 1) + FURTHER * (len(paid) - 1)
            quoted = ", ".join(praise[:40] for praise in paid.values())
            return Finding(self.slug, min(MOST, score), f"Generic praise that would fit any page: {quoted}.")
        if brief and (kind := KIND.search(brief)):
            return Finding(self.slug, self.weight, f"Short praise with a link: {kind['kind'][:60]}.")
        return None
