"""Two links in every spelling that a Markdown renderer or a browser follows, in a text of everyday words."""

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
    "BBCode": "[url=http://{host}/]here[/url]",
    "BBCode address": "[url]http://{host}/[/url]",
    "BBCode link": "[link=http://{host}/]here[/link]",
    "entities": "&#104;ttp&#58;//{host}/",
    "zero-width space": "ht\u200btp://{host}/",
    "soft hyphen": "ht\u00adtp://{host}/",
    "full-width": "\uff48ttp\uff1a//{host}/",
    "in one-word code": "`http://{host}/`",
    "after a parenthesis": "(http://{host}/)",
    "glued to a word": "here:http://{host}/",
    "split": "{dotted}",
    "split with brackets": "{bracketed}",
    "in a quotation": "> http://{host}/\n\n",
    "idn": "http://\u0436{host}/",
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
    name, _, end = host.partition(".")
    return spelling.format(host=host, dotted=f"{name} . com", bracketed=f"{name}[.]com") if end else spelling
