"""Phrases typical of spam, grouped by purpose, in the notation of :mod:`.phrasing`."""

from __future__ import annotations

from typing import Final, NamedTuple

from .phrasing import PhraseBook


class Family(NamedTuple):
    """Phrases with one purpose. ``score`` is the score of finding one of them."""

    name: str
    score: int
    phrases: tuple[str, ...]


_SUB: Final = "subscribe|subscrib|subscribing|subcribe|suscribe|subscibe|subsribe|sucscribe|sub|subs"
_SUBS: Final = "subscribers|subscriber|subs"
_PLEASE: Final = "please|plz|pls|plzz|pleas"
_CHANNEL: Final = "channel|channels|chanel|chanell|channell|chanels"
#: What people promote on their own pages. A channel, a page or a stream alone may be a programming term.
_SHOWN: Final = (
    f"{_CHANNEL}|vid|vids|vidios|video|videos|cover|covers|song|songs|music|rap|raps|remix|remixes|beats|mixtape|album|"
    "website|web_site|site|blog|webpage|homepage|playlist|shop|facebook|instagram|insta|twitter|soundcloud|youtube|"
    "giveaway"
)
_PILLS: Final = (
    "viagra|cialis|levitra|tramadol|xanax|phentermine|ambien|valium|adderall|kratom|cbd|ozempic|modafinil|steroids"
)
_COINS: Final = "bitcoin|crypto|cryptocurrency|forex|btc|usdt|ethereum"

#: A family with at most this score adds nothing to the score of other families.
FAINT: Final = 15

FAMILIES: Final = tuple(
    Family(name, score, tuple(phrases))
    for name, score, *phrases in (
        (
            "subscribe to me", 50,
            f"{_SUB} 2|to|for|on|in? me|us|my|our|him|her|u|you|back|{_PLEASE}|{_CHANNEL}",
            f"{_PLEASE} you|do|go|also|like? and? {_SUB}", f"like comment? and|or|n? {_SUB}",
            f"and|come|go|guys {_SUB}$",
            f"^{_SUB} . .$", "sub|subs|follow|like 4|for sub|subs|follow|like", "sub4sub|follow4follow|like4like",
        ),
        (
            "more subscribers", 25,
            f"get|reach|hit|want|need|gain|first|my . #? {_SUBS}", f"{_SUBS} {_PLEASE}",
            "buy|free followers|views|likes",
        ),
        (
            "look at what is mine", 35,
            "check|checkout|cheak|chek|checking|visit|watch|listen|follow|look|join|click|promote it|this|some|all? "
            "out|to|at|of|on? "
            f"to|at|some|of|all|on? my|our . . {_SHOWN}",
            f"go|come|see|view|add|like|share|try|support to|on|at|over? my|our . . {_CHANNEL}|vids|music|songs|"
            "facebook|instagram",
            "check|checkout|chek|cheak out my|our", "check|checking|checked|chek|cheak me|us out",
            f"follow|add|promote me|us on|at|here|back|{_PLEASE}",
            "click on? my|our name|profile|page|channel|site|website|link",
            "feel free to visit|surf|stop|check to|by|out? my|our",
            f"in|on my|our youtube|yt|music|gaming|new? {_CHANNEL}|soundcloud",
            "visit|surf|swing|stop|here also|to|by|at|into|is? my|our|my_own . . "
            "site|website|web_site|web_page|webpage|page|blog|homepage|weblog",
        ),
        (
            "look at this", 25,
            "check|checkout|look|watch|visit out|at? this|these . . video|videos|vid|vids|playlist|song|website|"
            f"site|shop|store|{_CHANNEL}",
            f"hey|guys|everyone|everybody|{_PLEASE} check|checkout it|this|that|them|these? out",
            "check it|this|them out at|here|free|please|guys",
        ),
        (
            "something of mine", 20,
            f"my|our . . {_CHANNEL}|vids|vidios", "i'm|im|am a|an? . . youtuber|youtubers",
            f"gaming|music|youtube|yt {_CHANNEL}|youtuber",
        ),
        (
            "a word of advertisers", FAINT,
            f"{_SUB}|subscribes|subscribed|{_SUBS}", "check . . out", "check|checkout out",
            "personal|business|home loan|loans", f"^{_PILLS}", "without a? prescription",
            "weekly|daily|guaranteed returns|profit|profits|roi", "earn|earning #", "need|get|want your? money",
            "casino|casinos game|games",
        ),
        (
            "applaud this", 25,
            "like this comment|page", "like my|our page|photo|pic|video|post|status", "thumbs|thumb up if",
            "^like if",
            f"{_PLEASE} like|share|vote", "like|share and|n|or share|like|comment|follow",
            f"like|share|vote {_PLEASE}", "give|gave it|this|me|us a? like|thumbs|vote|sub", "vote for me|us|my|our",
        ),
        (
            "help me", 30,
            f"{_PLEASE}|can|could . . donate|sponsor|fund|pledge", "gofundme|indiegogo|kickstarter|fundraiser",
            "sign this|the|my|our petition", f"help me|us|my|our . get|reach|raise #? money|likes|{_SUBS}",
            f"help my|our {_CHANNEL}", f"help|support my|our {_CHANNEL}|music|cause|dream", "give me|us a chance",
        ),
        (
            "easy money", 45,
            "get|need|want real|easy|extra|fast|quick|some|good|online|free|paypal money|cash|income|dollars",
            "make|making|earn|earning|win|free|for real|easy|extra|fast|quick|some|good|online|free|your? "
            "real|easy|extra|fast|quick|good|online|paypal? money|cash|income|dollars",
            "money|cash|income online|from_home", "home job|jobs|income|money|business", "passive income",
            "financial freedom",
            "get|getting|be|been paid daily|weekly|cash|to_share|for_sharing|for_posting|for_watching|for_clicking|"
            "to_watch",
            "paypal|pay money|cash|giveaway|gift|pal_money", "earn|earning up_to|extra|daily",
            "get|getting rich quick|fast|online",
        ),
        (
            "gifts", 45,
            "free|amazon|itunes|psn|google_play|steam|xbox|walmart|visa gift|giftcard|giftcards card|cards?",
            "gift card|cards",
            "free iphone|ipad|gift|gifts|gems|robux|vbucks|followers|likes|spins|money|cash|bitcoin|crypto|stuff|"
            "giveaway|giveaways|steam|csgo|itunes|psn|airdrop|nft",
            "win|won|winning a|an|the|your|some|free? free|new? iphone|ipad|prize|prizes|laptop|car|ps4|ps5|xbox|"
            "gift|cash",
            "claim|collect|redeem your|a|an|my . . prize|reward|bonus|gift|voucher|coupon",
            "promo|coupon|discount|voucher|referral code|codes", "# . giveaway",
        ),
        (
            "click here", 25,
            "click|clicking here|this_link|the_link|on_the_link|on_my", "go|come here for|and|to_get|now",
            "sign|signup|registr|join up? here|now|free|today|for_free|with_my|using_my",
            "register here|now|free|today",
            "link|url in my|the? bio|profile", "use|with|via|through my . referral|affiliate|invite|promo|re",
            "limited time offer|only|deal",
        ),
        (
            "search engines", 45,
            "seo service|services|expert|company|agency|package|packages|tools|optimization|specialist|team",
            "buy|quality|cheap|free|get|dofollow . . backlink|backlinks",
            "targeted|organic|free|buy . traffic|visitors",
            "increase|drive|boost . web|website|site|blog traffic|visitors",
            "rank|ranking|rankings . on|in google|first_page", "on|to the? first_page|top of|in google",
            "guaranteed|powerful|high_quality|premium|permanent backlinks|traffic|rankings",
            "monetize your site|blog|website|traffic",
            "digital|affiliate|internet|email marketing agency|company|service|services|expert|course|strategies",
        ),
        (
            "gambling", 45,
            "online|crypto|bonus|mobile|real_money|no_deposit . . "
            "casino|casinos|poker|slots|slot|roulette|baccarat|sportsbook|bookmaker|betting|gambling",
            "casino|casinos . . bonus|bonuses|online|slots|site|sites|code|codes|no_deposit",
            "free|no_deposit spins|bonus|bets", "sports|football|live betting tips|site|sites|app|online?",
            "judi|situs|bandar|agen|slot slot|togel|bola|poker|online|gacor", "^casino|casinos",
            "best|live|play casino|casinos|roulette|slots",
        ),
        (
            "medicine", 45,
            f"buy|cheap|generic|online|order|discount|purchase|get . . {_PILLS}|pills|medication",
            f"{_PILLS} . . online|cheap|buy|price|for_sale|without|pills", "online|canadian|cheap|discount pharmacy",
            "lose|losing . weight|pounds|belly_fat fast|quickly|in|with|without|now|naturally",
            "weight loss pill|pills|supplement|supplements|secret|product|products|program|tea|gummies",
            "keto pill|pills|gummies",
            "penis|male|breast enlargement|enhancement", "herbal cure|medicine|remedy|doctor|treatment|supplements",
            "cured|cure me|my|of|from|him|her? me|my|of|from|him|her? herpes|hiv|diabetes|cancer|hpv|hepatitis",
        ),
        (
            "loans", 45,
            "payday|instant|quick|urgent|cash|cheap|bad_credit|guaranteed|affordable|genuine|legit loan|loans",
            "loan|loans offer|lender|company|firm|online|for_bad|approval|approved|services", "interest rate of #",
            "bad|repair|fix|improve|boost|raise . credit score|repair", "apply for a loan",
            "debt relief|consolidation|settlement",
        ),
        (
            "investments", 40,
            f"{_COINS} . trading|trader|investment|investing|broker|signals|recovery|giveaway|doubler|profits",
            f"invest|invested|investing|investment * {_COINS}|profits", f"{_COINS}|binary option|options",
            "trading signals|expert|company",
            "portfolio manager",
        ),
        (
            "sex", 45,
            "free|live|hot|watch|online|teen|hd|amateur|adult . sex|porn|xxx|nude|nudes|milf|milfs|cams|webcam|"
            "webcams|escorts|hookup",
            "sex|porn|xxx|dating|hookup|escort|adult chat|video|videos|site|sites|movies|cams|service|services|"
            "dating|girls|toys|app",
            "hot|sexy|lonely|russian|asian|single|beautiful|horny girl|girls|women|singles|ladies . . "
            "in_your|near|online|waiting|for|looking|dating|here",
            "escort|escorts|call_girls in|service|agency|services", "see|send|sexy|private my? nudes|onlyfans",
        ),
        (
            "wares", 40,
            "replica|fake|cheap|discount|wholesale|counterfeit|buy . . rolex|watches|handbags|jerseys|shoes|sneakers|"
            "sunglasses|"
            "passport|passports|diploma|diplomas|followers|jordans|uggs|gucci|vuitton|reviews|accounts",
            "louis|michael|ray|nike|jordan|prada|chanel|oakley|gucci . outlet|handbags|handbag|sunglasses|shoes|bags",
            "essay|dissertation|assignment|thesis|homework writing? service|services|writer|writers|helper",
            "hire|contact|ethical|professional|genuine|legit a? . . hacker|hackers", "spell caster",
            "love|magic|powerful spell|spells",
            "hack|hacking . facebook|instagram|whatsapp|gmail|wifi|fb",
            "restored|restore|saved my marriage|relationship",
            "crack|keygen|serial|license key? free|full? download|version",
            "buy|get|order|grab your|a|this|our|these|the . . shirt|shirts|hoodie|hoodies|tee|merch",
            "at|for the|our|very|most? cheapest|lowest|affordable|best price|prices|rates|rate",
        ),
    )
)  # fmt: skip

SCORES: Final = {family.name: family.score for family in FAMILIES}
BOOK: Final = PhraseBook({family.name: family.phrases for family in FAMILIES})
