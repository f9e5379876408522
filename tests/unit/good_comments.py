"""Comments that readers of a blog on computer science might write; the people are made up."""

# ruff: noqa: RUF001 (letters that pass for others are among what is tried)

from __future__ import annotations

from captcha_guard.spam.submission import Submission


def comment(body: str, author: str = "Ada Quill", url: str = "") -> Submission:
    """Return a comment as it comes from a form that was open for a minute."""
    return Submission(
        scope="comment:hash-tables", body=body, author=author, email="ada@mail.example", url=url, seconds=60,
        posted_at=1_000_000.0,
    )  # fmt: skip


#: By what could make a careless rule stumble over them.
GOOD = {
    "a technical link": comment(
        "The load factor in part two should read 0.7, I think. The paper says so on page 4: "
        "https://papers.example.org/robin-hood.pdf"
    ),
    "a link and a recommendation": comment(
        "You should check out this article on cuckoo hashing, it explains the worst case better than I can: "
        "https://notes.example.org/cuckoo"
    ),
    "code": comment(
        "It can be shorter:\n\n    for i in range(len(a)):\n        if a[i] < b[i] and c[i](x) > 0: return None\n\n"
        "or `std::vector<std::map<int, List<String>>>` if you like templates."
    ),
    "short thanks": comment("Thanks, great post!"),
    "thanks and a website": comment(
        "Thank you for writing this up! I had the same trouble with open addressing last year and never found out why.",
        author="Bruno Falk",
        url="https://bruno.example.net",
    ),
    "kind words and a website": comment("Nice article, I really like your drawings.", url="https://bea.example.net"),
    "a blog of one's own": comment(
        "I wrote about the same bug on my blog a while ago, with numbers for ARM: https://bea.example.net/arm. "
        "Your explanation of the cache lines is clearer than mine was."
    ),
    "channels in Go": comment(
        "My channel is never closed, so the range loop blocks. Should the sender close it, or can I get away with a "
        "second channel for that? A new channel for every request feels wasteful."
    ),
    "publish and subscribe": comment(
        "With the observer pattern you subscribe and unsubscribe by hand. If there are 1000 subscribers to a topic, "
        "each publish loops over all of them; you must subscribe before the first message or you lose it."
    ),
    "networks": comment(
        "To increase the traffic in your experiment, run four clients. The register file is free now and then, and the "
        "credit-based flow control does the rest."
    ),
    "cryptography": comment(
        "No crypto library does this in constant time. An account of the attack with a binary search over the key "
        "is in the appendix, and the recovery of the lost bits takes an hour."
    ),
    "games": comment(
        "Programs that play poker have it harder than chess programs: a slot in the table can win or lose money for "
        "the player, and nobody knows the cards."
    ),
    "money": comment(
        "In my experience nobody gets paid to refactor, and you will not get rich by it. I work from home two days a "
        "week and still have no time for it."
    ),
    "a question": comment(
        "Can anyone help me out? When I click here nothing happens, and the console says 'undefined'. Please help."
    ),
    "numbers": comment(
        "ISBN 978-0-13-110362-7, page 112, printed 2024-05-17. On 192.0.2.17 it took 1 000 000 steps, "
        "with version 3.11.4 it was 12:30:07 faster."
    ),
    "names of files": comment("ASP.NET is fine, so is Node.js; see readme.md and main.rs, or numpy.org."),
    "German": comment("Vielen Dank für den Artikel! Die Größenklassen hätte ich ohne Ihr Beispiel nie verstanden."),
    "Russian": comment("Спасибо за статью. В Python это проще, JSONа хватит, а код можно взять из второй части."),
    "Japanese": comment("とても分かりやすい説明でした。ハッシュ関数の話もお願いします。ＣＰＵの話も面白い。"),
    "Greek": comment("Ευχαριστώ πολύ για το άρθρο, το παράδειγμα με τους πίνακες ήταν πολύ χρήσιμο."),
    "mathematics": comment("So 𝔼[X] over ℝ is finite, Δt → 0, and with αmax = 3 the χ2 test fails; ½ of 5 μs is lost."),
    "a quotation": comment(
        "> Every block asks the same question again and again of a table that nobody fills.\n\n"
        "I disagree: the table is filled in the first pass, otherwise the second loop would never end."
    ),
    "long": comment(
        "I have taught this course for nine years, and every year the same question comes up: why not sort first? " * 12
        + "The answer is in the second section, where the input is read once and never again."
    ),
    "an invitation to mail": comment("If you want the raw data, write to me; my address is on the faculty's page."),
    "emoji": comment("This made my day 😀👍🏽 👩‍💻 1️⃣ thank you!"),
    "capitals": comment("WHY does the compiler NOT warn about this?!"),
    "HTML as code": comment(
        "I have\n```html\n<a href=\"https://a.example\" target=\"_top\">the index</a>\n```\nand it opens a new tab."
    ),
    "non-native English": comment(
        "Hi, very nice article, it help me a lot to understand closures. Can you make also one about generators?"
    ),
    "a price": comment("The best price for so many cores you get used: I paid 120 € and I make do with it."),
    "Turkish": comment("Çok güzel bir yazı olmuş, İstanbul'dan selamlar. Teşekkürler!"),
    "Vietnamese": comment("Cảm ơn bạn, bài viết rất hay và bổ ích.", author="Đặng Minh"),
    "Arabic": comment("شكرا جزيلا على هذا المقال الرائع"),
    "Korean": comment("좋은 글 감사합니다. 많은 도움이 되었습니다."),
    "a reader's news": comment("I subscribe to your feed, please keep the full text in it."),
    "the trade": comment("The canonical address matters for SEO: the same text twice splits the rank between two."),
    "messengers": comment("WhatsApp runs on Erlang; it had two million connections a server in 2012."),
    "a hobby": comment("I love your site, and the music in the video of the robot is great. Where is it from?"),
}  # fmt: skip
