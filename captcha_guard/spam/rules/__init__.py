"""The standard rules, one per file. ``RULES`` is the registry; ``standard`` returns the set a site has by default."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from ...config.settings import DISALLOWED_MESSAGE
from ..history import Ban, Memory
from ..judge import StandardRule
from ..lists.word_list import WordList, Words
from ..submission import Submission
from .author_slogan import AuthorSlogan
from .banned_client import BannedClient
from .bare_domain import BareDomain
from .bbcode import BBCode
from .client_history import ClientHistory
from .closed_post import ClosedPost
from .contact import Contact
from .disallowed_words import DisallowedWords
from .disposable_email import DisposableEmail
from .duplicate import Duplicate
from .empty import Empty
from .first_comment import FirstComment
from .flattery import Flattery
from .foreign_script import ForeignScript
from .honeypot import Honeypot
from .last_link import LastLink
from .letter_tricks import LetterTricks
from .link_markup import LinkMarkup
from .link_only import LinkOnly
from .linked_host import LinkedHost
from .links import Links
from .moderated_words import ModeratedWords
from .name_offer import NameOffer
from .near_duplicate import NearDuplicate
from .old_post import OldPost
from .phrases import Phrases
from .shortener import Shortener
from .single_link import SingleLink
from .too_fast import TooFast
from .too_long import TooLong
from .trusted_author import TrustedAuthor

#: Every rule in the order in which they run: first rules that can end the judging, then cheap ones, then those that
#: read the database.
RULES: Final[tuple[type[StandardRule], ...]] = (
    TooLong, ClosedPost, DisallowedWords, Duplicate, BannedClient, TrustedAuthor,
    Honeypot, TooFast, OldPost, Empty, Links, SingleLink, LinkOnly, LinkMarkup, BBCode, Shortener, LastLink, BareDomain,
    AuthorSlogan, NameOffer, DisposableEmail, LetterTricks, ForeignScript, Contact, Flattery, Phrases, ModeratedWords,
    FirstComment, ClientHistory, LinkedHost, NearDuplicate,
)  # fmt: skip

#: Slugs of the rules that depend on earlier comments and decisions, not on the comment's own content.
PAST: Final = frozenset(
    rule.slug for rule in (Duplicate, TrustedAuthor, FirstComment, ClientHistory, LinkedHost, NearDuplicate)
)

#: A list that finds nothing.
NO_WORDS: Final = WordList(())


def standard(
    *,
    min_seconds: float = 3,
    max_links: int = 2,
    known: Callable[[Submission], bool] = lambda _: False,
    memory: Memory | None = None,
    ban_of: Callable[[str], Ban | None] | None = None,
    disallowed: Words = NO_WORDS,
    disallowed_message: str = DISALLOWED_MESSAGE,
    moderated: Words = NO_WORDS,
    disposable: Collection[str] = (),
    scripts: Collection[str] = (),
    hold_first: bool = False,
    trust_after: int = 3,
    old_post: int = 365,
) -> tuple[StandardRule, ...]:
    """Return the rules that these settings enable, in the order of ``RULES``.

    ``known`` returns whether the same submission was accepted before, and ``ban_of`` the ban of a client's key. Without
    a ``memory`` the rules that compare a submission with earlier comments and decisions are left out.
    """
    made: list[StandardRule] = [
        TooLong(), ClosedPost(), Duplicate(known), Honeypot(), TooFast(min_seconds), OldPost(old_post), Empty(),
        Links(max_links, memory), SingleLink(max_links, memory), LinkOnly(max_links, memory), LinkMarkup(), BBCode(),
        Shortener(), LastLink(),
        BareDomain(), AuthorSlogan(), NameOffer(), LetterTricks(), Contact(), Flattery(), Phrases(),
        DisallowedWords(disallowed, disallowed_message), ModeratedWords(moderated),
    ]  # fmt: skip
    if ban_of is not None:
        made.append(BannedClient(ban_of))
    if disposable:
        made.append(DisposableEmail(disposable))
    if scripts:
        made.append(ForeignScript(scripts))
    if memory is not None:
        made += [TrustedAuthor(memory, trust_after), ClientHistory(memory), LinkedHost(memory), NearDuplicate(memory)]
        made += [FirstComment(memory)] if hold_first else []
    return tuple(sorted(made, key=lambda rule: RULES.index(type(rule))))
