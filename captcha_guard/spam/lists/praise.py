"""Praise of pages, as readers and as paid spammers write it, in the notation of :mod:`.phrasing`."""

from __future__ import annotations

from typing import Final

from .phrasing import PhraseBook

_PAGE: Final = "blog|site|website|web_site|weblog|page|web_page|post|article"
_GOOD: Final = (
    "great|nice|good|awesome|amazing|excellent|wonderful|fantastic|useful|informative|helpful|interesting|superb|"
    "brilliant"
)

#: Praise that readers write, too. Several kinds at once with nothing else are typical of spam.
KIND: Final = PhraseBook({
    "the page": (
        f"{_GOOD} {_PAGE}|information|info|read|write_up|work|job|content|stuff|tips|sharing|share",
    ),
    "thanks": (
        "thanks|thank you? so_much|a_lot|very_much? for sharing|posting|this_great|this_nice|this_awesome|"
        "this_amazing",
        "thanks|thank you? . for your|the|such|providing|giving|writing . . information|info|effort|efforts|tips|"
        "content",
    ),
    "keep on": (
        "keep it_up|up_the_good|up_the_great", "keep up_the . work|works",
        "keep|continue . sharing|posting|blogging|writing|updating|going",
    ),
    "degree": (f"very|so|really {_GOOD}",),
    "well done": ("well written|done", "nicely|well|clearly|beautifully explained|described|presented|written|done"),
    "liking": (
        "i really? like|love|enjoy|enjoyed it|this|your",
        "appreciate|admire your|the|this . work|effort|efforts|post|blog",
    ),
    "such": (
        "such|this_kind_of|these_kind_of|this_type_of|these_types_of good|nice|great|useful|valuable|informative|"
        "wonderful|amazing|helpful? info|information|content",
    ),
    "use": (
        "helpful|useful|informative|beneficial|valuable for|to everyone|everybody|us|me|all|people|many|readers",
        "learned|learnt|got|gained|get a_lot|much|so_much|many|some|lots . . from|about|of|new|ideas|knowledge",
    ),
})  # fmt: skip

#: Praise typical of paid spam, by its topic. Readers write about the subject, and spam praises the page.
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
    "visits": (
        "first time i|pay visit|visit|visited|pay|paying|a",
        "became|become alert|aware to|of your blog|site|website|weblog",
        "could have sworn", "surfing|browsing|searching online|the_net|the_web|the_internet . . . # hours|hrs|hour",
        "log|logged on|onto|in to? your blog|blogs|site|website",
        "pay|paid|paying a? . visit this|at|to|here|web|daily",
        "visit|read|check . blog|blogs|site|sites|website|web_site|weblog|web_page daily|each_day",
        "finally i|have . got|found|get|getting a|this|such . site|web_site|website|blog",
        "added|add you|your|this|it . . to? my|our? blogroll|blog_roll", "book marked|mark it|this|your|the",
        "back|checking again|back frequently|often|regularly",
    ),
    "effort": (
        "peaked|piqued my interest", "owner|admin of this|the . web_site|website|site|blog|weblog",
        "efforts you|you've . . put|putting|invested|made in|into? writing|this",
        "thank|thanks you? for your information|info", "unique compared to other", "hats off to you|the|your",
        "every|all . webmasters|bloggers|site_owners",
        "net|internet|web will|would|might be . . more useful|helpful|better",
    ),
    "clumsy": (
        "worth enough for|to", "every_one|everyone is sharing", "at one|single place",
        "at|in|over here at|in|really|keep$",
        "quality|good posts|articles|content|posting is|are the? . important|crucial|main|secret|key",
        "been on? the? . look_out|lookout for", "at this web_site|place|web_page",
        "paragraph|piece|article|post|site is|gives|offers|provides|has truly|really|actually|genuinely|in_fact . . "
        "good|nice|pleasant|fastidious|remarkable|fruitful|informative|understanding|for|a",
    ),
})  # fmt: skip
