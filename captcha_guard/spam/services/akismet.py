"""Akismet: a paid service by Automattic that has seen a great many comments.

Fields, answers and headers as in Automattic's own description of the interface (github.com/Automattic/akismet-api).
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ..submission import Submission
from ..verdict import Action, Finding
from .http_client import Exchange, Reply
from .service import Fault, Form

#: The score of a comment that Akismet takes for spam: it goes aside.
SPAM: Final = 90

#: The score of one that Akismet says may be thrown away unseen.
BLATANT: Final = 100

THANKS: Final = b"Thanks for making the web a better place."

#: The site's real honeypot is named from its secret, which is nobody else's business.
HONEYPOT: Final = "captcha_guard_honeypot"

_LOG = logging.getLogger("captcha_guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What only the host knows of the page that was commented on; every field is optional, and documented by Akismet.

    ``comment_type`` is "comment", "reply", "forum-post", "blog-post", "contact-form", "signup", "message" or a word of
    your own. ``post_modified`` is in seconds since 1970. ``user_role`` "administrator" is never spam. ``languages`` are
    the site's, such as "en, fr_ca". ``topics`` say what the page is about.
    """

    permalink: str = ""
    comment_type: str = "comment"
    comment_parent: str = ""
    post_modified: float = 0.0
    user_role: str = ""
    languages: str = ""
    topics: str = ""


class Akismet:
    """Asks Akismet about a comment, and tells it where it was wrong.

    :param blog: the address of the site's front page, for which the key was given.
    :param discard: reject what Akismet calls blatant; else it goes aside, as other spam does.
    :param describe: returns the context of a submission; without it, what the form tells has to do.
    :param test: mark every call as a trial, from which Akismet learns nothing. For tests only.
    """

    slug = "akismet"
    base = "https://rest.akismet.com"
    clean_for = 600.0
    found_for = 600.0

    def __init__(
        self,
        key: str,
        blog: str,
        exchange: Exchange,
        *,
        discard: bool = False,
        describe: Callable[[Submission], Context] | None = None,
        test: bool = False,
    ) -> None:
        self._key = key
        self._blog = blog
        self._exchange = exchange
        self._discard = discard
        self._describe = describe
        self._test = test
        self._alerts: set[str] = set()

    def form(self, submission: Submission, address: str) -> Form | Fault:
        """Return what is sent of a submission, empty fields left out; the key and the site are added on the way."""
        if not _is_address(address):
            sentence = "Akismet needs the visitor's address, which is not known here; is the proxy set up?"
            return Fault(self.slug, "no_address", sentence, again=False)
        context = self._describe(submission) if self._describe is not None else Context()
        form = {
            "user_ip": address,
            "user_agent": submission.user_agent,
            "referrer": submission.referrer,
            "permalink": context.permalink,
            "comment_type": context.comment_type,
            "comment_author": submission.author,
            "comment_author_email": submission.email,
            "comment_author_url": submission.url,
            "comment_content": submission.content,
            "comment_context": context.topics,
            "comment_date_gmt": _iso(submission.posted_at),
            "comment_post_modified_gmt": _iso(context.post_modified),
            "comment_parent": context.comment_parent,
            "blog_lang": context.languages,
            "user_role": context.user_role,
        }
        sent = {name: value for name, value in form.items() if value}
        return sent | {"blog_charset": "UTF-8", "honeypot_field_name": HONEYPOT, HONEYPOT: submission.honeypot}

    def essence(self, form: Form) -> Form:
        """Return everything but the time: who sends a comment again gets the same answer."""
        return {name: value for name, value in form.items() if name != "comment_date_gmt"}

    def ask(self, form: Form, recheck: str = "") -> Finding | Fault | None:
        """Call comment-check; exactly ``true`` and exactly ``false`` are verdicts."""
        reply = self._call("1.1/comment-check", dict(form) | ({"recheck_reason": recheck} if recheck else {}))
        if isinstance(reply, Fault):
            return reply
        if reply.body == b"false":
            return None
        if reply.body != b"true":
            return self._not_understood(reply)
        if reply.headers.get("x-akismet-pro-tip") == "discard":
            action = Action.REJECT if self._discard else Action.ASIDE
            return Finding("akismet_blatant", BLATANT, "Akismet says that this is blatant spam.", action)
        return Finding(self.slug, SPAM, "Akismet takes this for spam.", Action.ASIDE)

    def check(self, submission: Submission, address: str) -> Finding | Fault | None:
        """Ask about ``submission``."""
        form = self.form(submission, address)
        return form if isinstance(form, Fault) else self.ask(form)

    def tell(self, form: Form, *, spam: bool) -> Fault | None:
        """Call submit-spam or submit-ham with the very fields of the check."""
        reply = self._call("1.1/submit-spam" if spam else "1.1/submit-ham", form)
        if isinstance(reply, Fault):
            return reply
        return None if reply.body == THANKS else self._not_understood(reply)

    def _call(self, path: str, form: Form) -> Reply | Fault:
        own = {"api_key": self._key, "blog": self._blog} | ({"is_test": "1"} if self._test else {})
        return self._noted(self._exchange.post(self.slug, f"{self.base}/{path}", dict(form) | own))

    def _noted(self, reply: Reply | Fault) -> Reply | Fault:
        """Log an alert that came with the answer, once."""
        if isinstance(reply, Reply) and (code := self._said(reply, "alert-code")) and code not in self._alerts:
            self._alerts.add(code)
            _LOG.warning("akismet alert %s: %s", code, self._said(reply, "alert-msg") or "no message")
        return reply

    def _not_understood(self, reply: Reply) -> Fault:
        help_ = self._said(reply, "debug-help") or self._said(reply, "error")
        said = f"; it says: {help_}" if help_ else ""
        if reply.body == b"invalid":
            sentence = f"Akismet does not accept the key for {self._blog}, or not the question{said}."
            return Fault(self.slug, "invalid", sentence)
        return Fault(self.slug, "unreadable", f"Akismet's answer is none of the documented ones{said}.")

    def _said(self, reply: Reply, name: str) -> str:
        text = reply.headers.get(f"x-akismet-{name}", "")
        return "".join(letter for letter in text if letter.isprintable()).replace(self._key, "(key)")[:200]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""
