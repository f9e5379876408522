"""Two links in every spelling that a Markdown renderer or a browser follows, in a text of everyday words.

Three further spellings aren't links for any of them. Spammers use these where links are counted.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from tests.benchmarks.bots.site import AUTHOR, BODY

#: ``{host}`` is another host for each link.
SPELLINGS: Mapping[str, str] = {
    "plain": "http://{host}/",
    "https": "https://{host}/",
    "capitals": "HTTP://{host}/",
    "www": "www.{host}",
    "brackets": "<http://{host}/>",
    "Markdown": "[here](http://{host}/)",
    "Markdown with a title": '[here](http://{host}/ "there")',
    "Markdown with brackets": "[here](<http://{host}/>)",
    "Markdown without a scheme": "[here](//{host}/)",
    "Markdown with an escape": "[here](http\\://{host}/)",
    "Markdown with entities": "[here](http&#58;&#47;&#47;{host}/)",
    "Markdown image": "![here](http://{host}/picture.png)",
    "Markdown reference": "[{host}][{host}]\n\n[{host}]: http://{host}/\n\n",
    "Markdown short reference": "[{host}]\n\n[{host}]: http://{host}/\n\n",
    "Markdown collapsed reference": "[{host}][]\n\n[{host}]: http://{host}/\n\n",
    "Markdown footnote": "[^{host}]\n\n[^{host}]: http://{host}/\n\n",
    "Markdown definition on two lines": "[{host}]\n\n[{host}]:\nhttp://{host}/\n\n",
    "Markdown definition in a quotation": "[{host}]\n\n> [{host}]: http://{host}/\n\n",
    "Markdown with brackets in the label": "[a [b] c](http://{host}/)",
    "Markdown around an image": "[![a](b.png)](http://{host}/)",
    "Markdown with a tab entity": "[here](ht&Tab;tp://{host}/)",
    "Markdown with named entities": "[here](http&colon;&sol;&sol;{host}/)",
    "one slash": "[here](http:/{host}/)",
    "no slash": "[here](https:{host})",
    "backslashes": "[here](http:\\\\{host}/)",
    "a name before the host": "http://reader@{host}/",
    "a port": "http://{host}:8080/",
    "ftp": "[here](ftp://{host}/)",
    "HTML": '<a href="http://{host}/">here</a>',
    "HTML without quotes": "<a href=http://{host}/>here</a>",
    "HTML in capitals": "<A HREF='http://{host}/'>here</A>",
    "HTML with entities": '<a href="&#104;ttp://{host}/">here</a>',
    "HTML with a tab": '<a href="ht\ttp://{host}/">here</a>',
    "HTML image": '<img src="http://{host}/picture.png">',
    "HTML without a scheme": "<a href=//{host}/>here</a>",
    "HTML on several lines": "<a\nhref\n=\n'http://{host}/'>here</a>",
    "HTML with a slash": "<a/href='http://{host}/'>here</a>",
    "HTML frame": "<iframe src='http://{host}/'></iframe>",
    "HTML area": "<area href='http://{host}/'>",
    "HTML form": "<form action='http://{host}/'><input type=submit></form>",
    "HTML style": "<p style='background:url(http://{host}/)'>here</p>",
    "SVG": "<svg><a xlink:href='http://{host}/'>here</a></svg>",
    "BBCode": "[url=http://{host}/]here[/url]",
    "BBCode address": "[url]http://{host}/[/url]",
    "BBCode link": "[link=http://{host}/]here[/link]",
    "another dot": "http://{other_dot}/",
    "an encoded dot": "http://{encoded_dot}/",
    "a dot at the end": "http://{host}./",
    "a host that looks known": "[here](http://en.wikipedia.org@{host}/)",
    "entities": "&#104;ttp&#58;//{host}/",
    "zero-width space": "ht\u200btp://{host}/",
    "soft hyphen": "ht\u00adtp://{host}/",
    "full-width": "\uff48ttp\uff1a//{host}/",
    "after a parenthesis": "(http://{host}/)",
    "glued to a word": "here:http://{host}/",
    "in a quotation": "> http://{host}/\n\n",
    "not a link: split": "{split}",
    "not a link: split with brackets": "{bracketed}",
    "not a link: code": "`http://{host}/`",
    "a letter of another script": "http://\u0436{host}/",
}

_WORDS = """
garden window river winter bread market letter kitchen summer evening table bicycle coffee morning paper flower mountain
village harbour blanket pocket candle basket feather ladder button island meadow orchard pebble
""".split()  # noqa: SIM905 - a list of words is easier to read as a text


def links(number: int) -> Mapping[str, str]:
    """Return a comment with two links in the spelling with this number."""
    name = list(SPELLINGS)[number % len(SPELLINGS)]
    chosen = random.Random(number)
    first, second = (_spelt(SPELLINGS[name], f"{chosen.choice(_WORDS)}{number}{place}.example") for place in "ab")
    words = [" ".join(chosen.choices(_WORDS, k=7)) for _ in range(3)]
    text = f"{words[0].capitalize()} {first} {words[1]} {second} {words[2]}."
    return {AUTHOR: f"{chosen.choice(_WORDS).title()} {number}", BODY: text}


def _spelt(spelling: str, host: str) -> str:
    name = host.removesuffix(".example")
    return spelling.format(
        host=host,
        split=f"{name} . com",
        bracketed=f"{name}[.]com",
        other_dot=host.replace(".", "\u3002"),
        encoded_dot=host.replace(".", "%2E"),
    )
