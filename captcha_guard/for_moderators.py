"""What the guard offers a site's moderators: bans and lists of words. ``CaptchaGuard`` inherits these methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import has_request_context

from .spam.history import Ban
from .spam.lists.word_list import WordMatch
from .spam.submission import Submission
from .web.identity import client_here
from .web.state import current_state


class ForModerators:
    """The guard's methods for pages and commands of moderators. Each works in any application context.

    Except :attr:`client`, they raise ``captcha_guard.errors.DatabaseUnavailableError`` if the judge's database can't be
    used, and ``ConfigError`` for arguments that aren't allowed.
    """

    @property
    def client(self) -> str:
        """The key of the client that sent this request, "" outside of a request. It equals ``Submission.client``.

        All clients without a known address have the key ``"shared"``.
        """
        return client_here().key if has_request_context() else ""

    def ban(self, client: str, *, seconds: float, note: str = "") -> Ban:
        """Refuse all comments of a client, given by its key, for up to 366 days from now, and return the ban.

        It replaces an earlier ban of the same client. ``note`` is for moderators, up to 500 characters. The key
        ``"shared"`` can't be banned.
        """
        return current_state().bans.ban(client, seconds=seconds, note=note)

    def unban(self, client: str) -> bool:
        """End a client's ban now. Returns whether the client was banned."""
        return current_state().bans.unban(client)

    def bans(self) -> tuple[Ban, ...]:
        """Return the bans that haven't ended, the newest first."""
        return current_state().bans.all()

    def words(self, name: str) -> tuple[str, ...]:
        """Return the entries of the list ``"disallowed"`` or ``"moderated"`` that :meth:`save_words` has stored."""
        return current_state().words.entries(name)

    def save_words(self, name: str, entries: Iterable[str], *, expected: Iterable[str] | None = None) -> None:
        """Replace the stored list ``"disallowed"`` or ``"moderated"``. It adds to the list in the configuration.

        The list applies at once in this process, and within three seconds in others. Blank lines, lines that begin with
        ``# `` and repetitions aren't stored. Up to 10,000 entries of up to 200 characters are allowed, among them 100
        regular expressions. If an entry isn't allowed, ``ConfigError`` names it, and nothing is saved. The same happens
        if ``expected`` is given, and the stored entries are others because another moderator has saved the list.
        """
        current_state().words.save(name, entries, expected=expected)

    def try_words(self, entries: Iterable[str], submissions: Iterable[Submission]) -> Iterator[WordMatch | None]:
        """Return, for each submission, which of the entries would be found first and in which field, or ``None``.

        Nothing is saved. Raises ``ConfigError`` as :meth:`save_words`, and for a regular expression that is too slow.
        """
        return current_state().words.matches(entries, submissions)
