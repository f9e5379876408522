"""Contact details in the comment."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from ...messages import joined, message
from ..submission import Submission
from ..verdict import Finding

_MESSENGER: Final = re.compile(
    r"""\b(?:whats\s?app|telegram|wechat|viber|kik|skype|icq|snapchat|line\ id)\b\W{0,6}
        (?:(?:me|us|him|her|on|at|number|no|id|is|or|and|chat|now|via)\b\W{0,4}){0,4}(?:[@+]|\w{0,24}\d{2})
    | \b(?:wa|t|telegram)\.me/\w | \bapi\.whatsapp\.com/send
    | \b(?:tg|sgnl|skype|viber|weixin|whatsapp):(?://)?(?:addlist|add|chat|dl|forward|join|msg|resolve|send)\b
    | \b(?:contact|text|message|add|reach|call|dm|hit)\ (?:me|us|him|her|them)\ (?:up\ )?(?:on|via|at|through)
        \ (?:whats\s?app|telegram|kik|skype|viber|wechat|snapchat|instagram|e-?mail)\b
    | \b(?:kik|skype|whats\s?app|telegram|snapchat|icq)\s?:\s?\w""",
    re.VERBOSE,
)
_TELEPHONE: Final = re.compile(
    r"""(?<![\w.+])\+[1-9][\d\ ().-]{7,20}\d
    | \b(?:call|phone|tel|mobile|text|sms|whats\s?app|dial)\b[^\n\x1e\d]{0,20}
        (?!\d{1,3}(?:\.\d{1,3}){3}(?![\d.]))[\d(][\d\ ().-]{6,18}\d""",
    re.VERBOSE,
)
#: Names of accounts on servers, as in git@host, aren't addresses of people.
_EMAIL: Final = re.compile(
    r"(?<![\w.+-])(?!(?:git|root|ubuntu|ec2-user|admin|deploy|user|pi)@)[\w.+-]{2,64}(?:@|\s?[\[(]at[\])]\s?)"
    r"[a-z0-9-]{2,63}\.[a-z]{2,18}\b"
)

#: A telephone number needs a country code or a word such as "call" before it. Dates, versions, time zones, ISBNs and IP
#: addresses don't match.
WAYS: Final = (
    # Translators: kinds of contact details, in "The comment contains contact details: messenger, e-mail."
    (message("messenger"), _MESSENGER),
    (message("telephone"), _TELEPHONE),
    (message("e-mail"), _EMAIL),
)


class Contact:
    """Scores telephone numbers, messengers and e-mail addresses in the body."""

    slug: ClassVar[str] = "contact"
    looks_at: ClassVar[tuple[str, ...]] = ("body",)
    weight: ClassVar[int] = 25
    final: ClassVar[bool] = False
    sentence: ClassVar[str] = message("The comment gives a telephone number, a messenger or an e-mail address.")

    def check(self, submission: Submission) -> Finding | None:
        """Look for contact details in the texts and in the addresses of their links."""
        text = "\n".join((submission.text.plain, *(link.url.casefold() for link in submission.text.links)))
        found = [what for what, expression in WAYS if expression.search(text)]
        if not found:
            return None
        score = min(50, self.weight * len(found))
        return Finding(
            self.slug, score, message("The comment contains contact details: %(kinds)s.", kinds=joined(found))
        )
