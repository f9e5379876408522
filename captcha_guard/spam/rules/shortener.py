"""Links through URL shorteners."""

from __future__ import annotations

from typing import ClassVar, Final

from ...messages import message
from ..history import hosts_of, shown
from ..submission import Submission
from ..verdict import Finding

_HOSTS: Final = """
    adf.ly bc.vc bit.do bit.ly bl.ink buff.ly clck.ru cli.gs cutt.ly cutt.us db.tt goo.gl gg.gg is.gd j.mp
    kutt.it linkbucks.com lnkd.in mcaf.ee n9.cl ouo.io ow.ly po.st purl.org q.gs qps.ru rb.gy rebrand.ly s.id sh.st
    short.gy short.io shorte.st shorturl.at shorturl.fm shrtco.de snip.ly soo.gd surl.li t.co t.ly t2m.io
    tiny.cc tiny.one tinyurl.com tr.im trib.al u.to ulvis.net v.gd vk.cc x.co yourls.org zpr.io
"""

#: Shorteners that anyone can use. Those of a single site (youtu.be) aren't listed, because their target is known.
SHORTENERS: Final = frozenset(_HOSTS.split())


class Shortener:
    """Scores links through URL shorteners, which readers don't need in a comment."""

    slug: ClassVar[str] = "shortener"
    looks_at: ClassVar[tuple[str, ...]] = ("body", "url")
    weight: ClassVar[int] = 35
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("A link hides where it leads.")

    def check(self, submission: Submission) -> Finding | None:
        """Check the hosts of the links and of the website field."""
        for host in hosts_of(submission.text):
            if host in SHORTENERS:
                sentence = message("A link through %(host)s hides where it leads.", host=shown(host, submission))
                return Finding(self.slug, self.weight, sentence)
        return None
