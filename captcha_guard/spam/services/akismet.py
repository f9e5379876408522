"""Akismet, a paid service by Automattic that knows the comments of very many sites.

Fields, answers and headers follow Automattic's description of the API (github.com/Automattic/akismet-api).
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ...messages import message
from ..submission import Submission
from ..verdict import Action, Finding
from .http_client import HTTPClient, Reply
from .service import Fault, Form

#: The score of a comment that Akismet calls spam. It is set aside.
SPAM: Final = 90

#: The score of a comment that Akismet calls blatant spam, to be deleted without a look.
BLATANT: Final = 100

THANKS: Final = b"Thanks for making the web a better place."

#: The field name that Akismet gets. The site's real honeypot has a name from its secret, which isn't sent.
HONEYPOT: Final = "captcha_guard_honeypot"

_LOG = logging.getLogger("captcha_guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What only the host knows about a comment's page. Every field is optional, and Akismet documents it.

    ``comment_type`` is "comment", "reply", "forum-post", "blog-post", "contact-form", "signup", "message" or a word of
    your own. ``post_modified`` is in seconds since 1970. Akismet never calls comments of the ``user_role``
    "administrator" spam. ``languages`` are the site's, such as "en, fr_ca". ``topics`` are the page's.
    """

    permalink: str = ""
    comment_type: str = "comment"
    comment_parent: str = ""
    post_modified: float = 0.0
    user_role: str = ""
    languages: str = ""
    topics: str = ""


class Akismet:
    """Asks Akismet about comments, and corrects its answers.

    :param blog: the address of the site's front page, which the key belongs to.
    :param discard: reject blatant spam; otherwise it is set aside like other spam.
    :param describe: returns the context of a submission. Without it, Akismet gets what the form says.
    :param test: tell Akismet that each call is a test, so that it doesn't learn from it. For tests only.
    """

    slug = "akismet"
    base = "https://rest.akismet.com"
    clean_for = 600.0
    found_for = 600.0

    def __init__(
        self,
        key: str,
        blog: str,
        http: HTTPClient,
        *,
        discard: bool = False,
        describe: Callable[[Submission], Context] | None = None,
        test: bool = False,
    ) -> None:
        self._key = key
        self._blog = blog
        self._http = http
        self._discard = discard
        self._describe = describe
        self._test = test
        self._alerts: set[str] = set()

    def form(self, submission: Submission, address: str) -> Form | Fault:
        """Return the fields that aren't empty. The key and the site are added when they are sent."""
        if not _is_address(address):
            sentence = message("Akismet needs the visitor's address, which is unknown; is the proxy set up?")
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

    def cached_fields(self, form: Form) -> Form:
        """Return all fields but the time, so that a comment that is sent again gets the same answer."""
        return {name: value for name, value in form.items() if name != "comment_date_gmt"}

    def ask(self, form: Form, recheck: str = "") -> Finding | Fault | None:
        """Call comment-check. Only the exact answers ``true`` and ``false`` are verdicts."""
        reply = self._call("1.1/comment-check", dict(form) | ({"recheck_reason": recheck} if recheck else {}))
        if isinstance(reply, Fault):
            return reply
        if reply.body == b"false":
            return None
        if reply.body != b"true":
            return self._unknown_answer(reply)
        if reply.headers.get("x-akismet-pro-tip") == "discard":
            action = Action.REJECT if self._discard else Action.ASIDE
            return Finding("akismet_blatant", BLATANT, message("Akismet says that this is blatant spam."), action)
        return Finding(self.slug, SPAM, message("Akismet says that this is spam."), Action.ASIDE)

    def correct(self, form: Form, *, spam: bool) -> Fault | None:
        """Call submit-spam or submit-ham with the same fields as the check."""
        reply = self._call("1.1/submit-spam" if spam else "1.1/submit-ham", form)
        if isinstance(reply, Fault):
            return reply
        return None if reply.body == THANKS else self._unknown_answer(reply)

    def _call(self, path: str, form: Form) -> Reply | Fault:
        own = {"api_key": self._key, "blog": self._blog} | ({"is_test": "1"} if self._test else {})
        reply = self._http.post(self.slug, f"{self.base}/{path}", dict(form) | own)
        if isinstance(reply, Reply):
            self._log_alert(reply)
        return reply

    def _log_alert(self, reply: Reply) -> None:
        """Log an alert that came with the answer. Each alert is logged once."""
        if (code := self._header(reply, "alert-code")) and code not in self._alerts:
            self._alerts.add(code)
            _LOG.warning("akismet alert %s: %s", code, self._header(reply, "alert-msg") or "no message")

    def _unknown_answer(self, reply: Reply) -> Fault:
        help_ = self._header(reply, "debug-help") or self._header(reply, "error")
        if reply.body == b"invalid":
            reason, sentence = (
                "invalid",
                message("Akismet does not accept the key for %(site)s, or a field of the question."),
            )
            sentence = sentence.filled(site=self._blog)
        else:
            reason, sentence = "unreadable", message("Akismet's answer isn't one that its API documents.")
        if help_:
            # Translators: a sentence about an answer of Akismet, and the English explanation that came with it.
            sentence = message("%(sentence)s It says: %(explanation)s.", sentence=sentence, explanation=help_)
        return Fault(self.slug, reason, sentence)

    def _header(self, reply: Reply, name: str) -> str:
        """Return a header of Akismet's, printable and without the key."""
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
